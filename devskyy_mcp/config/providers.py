"""Keys and addresses of the providers of language models, pictures, films and 3D models."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from .kinds import Group


class ProviderSettings(Group):
    tripo_api_key: SecretStr | None = Field(
        default=None,
        validation_alias="TRIPO_API_KEY",
        description="Key of Tripo (tsk_…): 3D models from text and photos.",
    )
    meshy_api_key: SecretStr | None = Field(
        default=None,
        validation_alias="MESHY_API_KEY",
        description="Key of Meshy (msy_…): 3D models from text and photos.",
    )
    fashn_api_key: SecretStr | None = Field(
        default=None, validation_alias="FASHN_API_KEY", description="Key of FASHN: try-on and pictures of garments."
    )
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias="OPENAI_API_KEY", description="Key of OpenAI: language models, pictures."
    )
    google_api_key: SecretStr | None = Field(
        default=None,
        validation_alias="GOOGLE_API_KEY",
        description="Key of Google AI (Gemini): language models, pictures and films.",
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None, validation_alias="ANTHROPIC_API_KEY", description="Key of Anthropic (Claude): language models."
    )
    mistral_api_key: SecretStr | None = Field(
        default=None, validation_alias="MISTRAL_API_KEY", description="Key of Mistral: language models."
    )
    cohere_api_key: SecretStr | None = Field(
        default=None, validation_alias="COHERE_API_KEY", description="Key of Cohere: language models."
    )
    groq_api_key: SecretStr | None = Field(
        default=None, validation_alias="GROQ_API_KEY", description="Key of Groq: language models."
    )
    c2pa_certificate_file: Path | None = Field(
        default=None,
        validation_alias="C2PA_CERTIFICATE_FILE",
        description="PEM of the certificate that signs content credentials, with those above it.",
    )
    c2pa_key_file: Path | None = Field(
        default=None, validation_alias="C2PA_KEY_FILE", description="PEM of that certificate's private key."
    )
    tripo_url: str = Field(
        default="https://openapi.tripo3d.ai",
        validation_alias="TRIPO_BASE_URL",
        description="Address of Tripo's API, v3.",
    )
    meshy_url: str = Field(
        default="https://api.meshy.ai", validation_alias="MESHY_BASE_URL", description="Address of Meshy's API."
    )
    fashn_url: str = Field(
        default="https://api.fashn.ai", validation_alias="FASHN_BASE_URL", description="Address of FASHN's API."
    )
    openai_url: str = Field(
        default="https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL", description="Address of OpenAI's API."
    )
    google_url: str = Field(
        default="https://generativelanguage.googleapis.com",
        validation_alias="GOOGLE_BASE_URL",
        description="Address of Google's Gemini API.",
    )
    anthropic_url: str = Field(
        default="https://api.anthropic.com",
        validation_alias="ANTHROPIC_BASE_URL",
        description="Address of Anthropic's API.",
    )
    mistral_url: str = Field(
        default="https://api.mistral.ai",
        validation_alias="MISTRAL_BASE_URL",
        description="Address of Mistral's API.",
    )
    cohere_url: str = Field(
        default="https://api.cohere.com",
        validation_alias="COHERE_BASE_URL",
        description="Address of Cohere's API.",
    )
    groq_url: str = Field(
        default="https://api.groq.com",
        validation_alias="GROQ_BASE_URL",
        description="Address of Groq's API.",
    )
    llm_models_file: Path | None = Field(
        default=None,
        validation_alias="LLM_MODELS_FILE",
        description="TOML file that adds language models, and overrides tiers, limits and prices; docs/models.md.",
    )
    enable_openai: bool = Field(
        default=True,
        validation_alias="ENABLE_OPENAI",
        description="false: no language model of OpenAI is called, though there is a key.",
    )
    enable_anthropic: bool = Field(
        default=True,
        validation_alias="ENABLE_ANTHROPIC",
        description="false: no language model of Anthropic is called, though there is a key.",
    )
    enable_google: bool = Field(
        default=True,
        validation_alias="ENABLE_GOOGLE",
        description="false: no language model of Google is called, though there is a key.",
    )
    enable_mistral: bool = Field(
        default=True,
        validation_alias="ENABLE_MISTRAL",
        description="false: no language model of Mistral is called, though there is a key.",
    )
    enable_cohere: bool = Field(
        default=True,
        validation_alias="ENABLE_COHERE",
        description="false: no language model of Cohere is called, though there is a key.",
    )
    enable_groq: bool = Field(
        default=True,
        validation_alias="ENABLE_GROQ",
        description="false: no language model of Groq is called, though there is a key.",
    )
