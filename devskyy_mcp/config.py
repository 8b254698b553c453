"""Settings, read from the environment and from ``.env`` in the working folder.

``.env.example`` is generated from this file (``make env-example``) and a test keeps the two equal.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

UPLOAD_LIMIT = 25 * 1024 * 1024
"""Bytes of a picture that this server takes."""
CommaList = Annotated[list[str], NoDecode]


def default_data_dir() -> Path:
    """The user's data folder for DevSkyy, after the platform's own rules."""
    from platformdirs import user_data_path

    return user_data_path("devskyy", appauthor=False)


SECRET_BYTES = 32
_EXAMPLES = (
    "changeme", "change-me", "change_me", "secret", "password", "example", "default", "replace", "insecure",
    "placeholder", "devskyy", "01234567", "12345678", "abcdefgh", "qwertyui",
)  # fmt: skip


def weakness(secret: str) -> str:
    """Why a secret is none, in words that don't tell it; empty when nothing speaks against it."""
    if len(secret.encode()) < SECRET_BYTES:
        return f"is shorter than {SECRET_BYTES} bytes"
    if len(set(secret)) < 10:
        return "repeats a few characters"
    if any(word in secret.lower() for word in _EXAMPLES):
        return "is an example, which everybody knows"
    return ""


class Settings(BaseSettings):
    """Everything an operator can set. Empty values count as unset."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    environment: Literal["development", "production", "test"] = Field(
        default="development", validation_alias="ENVIRONMENT", description="development, production or test."
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        validation_alias="DEVSKYY_DATA_DIR",
        description="Folder for the database, uploads and the local key. Default: your user's data folder.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="postgres://… to use PostgreSQL instead of the SQLite file in the data folder.",
    )
    database_direct_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_DIRECT_URL",
        description="The same database without the pooler, where DATABASE_URL leads through one (PgBouncer, Neon, "
        "Supabase): for notifications and jobs.",
    )
    database_pool_size: int = Field(
        default=20,
        validation_alias="DATABASE_POOL_SIZE",
        ge=3,
        le=500,
        description="Connections to Postgres that one process opens for calls; a worker opens 6 more, a server 1.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        validation_alias="REDIS_URL",
        description="redis://… or rediss://… (TLS) for limits shared by several servers. Unset: each counts its own.",
    )
    encryption_master_key: SecretStr | None = Field(
        default=None,
        validation_alias="ENCRYPTION_MASTER_KEY",
        validate_default=True,
        description="Key that what the database holds of people and secrets is sealed with, made by "
        "`openssl rand -base64 32`; NEW,OLD while it is rotated. Needed in production and where servers share a "
        "Postgres. Unset: a file master.key in the data folder.",
    )
    jwt_secret_key: SecretStr | None = Field(
        default=None,
        validation_alias="JWT_SECRET_KEY",
        validate_default=True,
        description="Signs what comes back to this server only (tickets, form tokens), made by "
        "`openssl rand -base64 32`. Needed in production; the same on servers that stand in for each other. "
        "Unset: a key in the data folder.",
    )
    host: str = Field(default="127.0.0.1", validation_alias="DEVSKYY_HOST", description="Address to listen on.")
    port: int = Field(default=8000, validation_alias="DEVSKYY_PORT", ge=0, le=65535, description="Port to listen on.")
    public_url: str = Field(
        default="",
        validation_alias="DEVSKYY_PUBLIC_URL",
        description="Address under which people reach this server, e.g. https://mcp.example.com; "
        "links and the Host check use it. Default: http://HOST:PORT.",
    )
    auth_mode: Literal["embedded", "external", "none", ""] = Field(
        default="",
        validation_alias="AUTH_MODE",
        description="embedded: this server signs people in (OAuth2). external: tokens of your own identity provider. "
        "none: no login, only on this machine. Default: none on this machine, embedded elsewhere.",
    )
    auth_issuer: str = Field(
        default="",
        validation_alias="AUTH_ISSUER",
        description="external: the identity provider's issuer, to the letter, e.g. https://id.example.com/realms/brand.",
    )
    auth_audience: str = Field(
        default="",
        validation_alias="AUTH_AUDIENCE",
        description="external: the audience that its tokens for this server carry. Default: this server's address.",
    )
    auth_introspection_url: str = Field(
        default="",
        validation_alias="AUTH_INTROSPECTION_URL",
        description="external: where opaque tokens are looked up (RFC 7662). Unset: tokens are JWTs.",
    )
    auth_client_id: str = Field(
        default="",
        validation_alias="AUTH_CLIENT_ID",
        description="external: this server's client id for looking up tokens.",
    )
    auth_client_secret: SecretStr | None = Field(
        default=None, validation_alias="AUTH_CLIENT_SECRET", description="external: and its secret."
    )
    auth_role_claim: str = Field(
        default="",
        validation_alias="AUTH_ROLE_CLAIM",
        description="external: the claim that names a person's roles, e.g. roles or realm_access.roles; "
        "owner, manager, editor and analyst count. Unset: the token's scopes alone count.",
    )
    cors_origins: CommaList = Field(
        default_factory=list,
        validation_alias="CORS_ORIGINS",
        description="Origins of a dashboard on another address, separated by commas, to the letter. Unset: none.",
    )
    trusted_proxies: CommaList = Field(
        default_factory=list,
        validation_alias="DEVSKYY_TRUSTED_PROXIES",
        description="Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Unset: none.",
    )
    wordpress_url: str = Field(
        default="",
        validation_alias="WORDPRESS_URL",
        description="Address of the brand's WordPress, e.g. https://shop.example.com. Unset: the demo shop.",
    )
    wordpress_username: str = Field(
        default="",
        validation_alias="WORDPRESS_USERNAME",
        description="WordPress user the server acts as; role Shop manager (or Administrator).",
    )
    wordpress_app_password: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="WORDPRESS_APP_PASSWORD",
        description="Application password of that user (Users → Profile → Application Passwords).",
    )
    woocommerce_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="WOOCOMMERCE_KEY",
        description="WooCommerce REST key (ck_…), only where the application password is not accepted for wc/v3.",
    )
    woocommerce_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias="WOOCOMMERCE_SECRET", description="WooCommerce REST secret (cs_…)."
    )
    wordpress_environment: Literal["production", "staging", "development", "local"] = Field(
        default="production",
        validation_alias="WORDPRESS_ENVIRONMENT",
        description="local permits http:// to a WordPress on your own machine.",
    )
    shop_collections_parent: str = Field(
        default="",
        validation_alias="SHOP_COLLECTIONS_PARENT",
        description="Id or slug of the product category whose children are the brand's collections. "
        "Unset: every top-level product category is one.",
    )
    shop_cost_field: str = Field(
        default="",
        validation_alias="SHOP_COST_FIELD",
        description="Key of the custom field that holds what a product costs you, in which re-pricing finds its floor.",
    )
    shop_max_seconds: float = Field(
        default=60,
        validation_alias="SHOP_MAX_SECONDS",
        ge=1,
        description="Seconds the shop may go on working on a request whose answer was lost (PHP max_execution_time).",
    )
    confirm_writes: Literal["risky", "always", ""] = Field(
        default="",
        validation_alias="CONFIRM_WRITES",
        description="risky: a person is asked for what can't be undone, moves money, leaves the shop or is large. "
        "always: for every write. Default: always for a real shop, risky for the demo shop.",
    )
    read_only: bool = Field(
        default=False,
        validation_alias="READ_ONLY",
        description="true: this server previews writes and sends none, whatever else is set. "
        "`devskyy stop-writes` does that for all servers on the database at once.",
    )
    taint_seconds: float = Field(
        default=3600,
        validation_alias="DEVSKYY_TAINT_SECONDS",
        ge=1,
        description="Seconds after reading customers' texts in which whatever leaves the shop, can't be undone or "
        "touches accounts needs a person, whatever CONFIRM_WRITES says.",
    )
    catalogue_texts: Literal["own", "outside", ""] = Field(
        default="",
        validation_alias="CATALOGUE_TEXTS",
        description="own: the brand wrote its products, posts and pages. outside: suppliers' files, marketplaces or "
        "guests did, so reading them counts as reading customers' texts. Default: outside for a real shop, own for the "
        "demo shop.",
    )
    settle_after: float = Field(
        default=30,
        validation_alias="DEVSKYY_SETTLE_AFTER",
        gt=0,
        description="Seconds after which an unfinished write of a process that vanished is looked up in the shop.",
    )
    upload_folders: CommaList = Field(
        default_factory=list,
        validation_alias="DEVSKYY_UPLOAD_FOLDERS",
        description="Folders, separated by commas, from which hosts on this machine (stdio) may upload pictures.",
    )
    calls_per_second: float = Field(
        default=20,
        validation_alias="DEVSKYY_CALLS_PER_SECOND",
        gt=0,
        description="Calls a principal may make on average. Of one tool that writes: half, that costs money: a tenth.",
    )
    calls_burst: int = Field(
        default=200, validation_alias="DEVSKYY_CALLS_BURST", ge=1, description="Calls a principal may make at once."
    )
    address_per_second: float = Field(
        default=20,
        validation_alias="DEVSKYY_ADDRESS_PER_SECOND",
        gt=0,
        description="Requests without a valid sign-in that one address may make on average.",
    )
    address_burst: int = Field(
        default=200,
        validation_alias="DEVSKYY_ADDRESS_BURST",
        ge=1,
        description="Requests without a valid sign-in that one address may make at once.",
    )
    worker: Literal["on", "off"] = Field(
        default="on",
        validation_alias="DEVSKYY_WORKER",
        description="off: this process only takes jobs in; a `devskyy worker` on the same database runs them.",
    )
    worker_concurrency: int = Field(
        default=20,
        validation_alias="DEVSKYY_WORKER_CONCURRENCY",
        ge=1,
        le=500,
        description="Jobs that one worker runs at once.",
    )
    budget_month_usd: float | None = Field(
        default=None,
        validation_alias="BUDGET_MONTH_USD",
        ge=0,
        description="What paid calls may cost in a calendar month (UTC), all principals together. Unset: no cap.",
    )
    budget_principal_month_usd: float | None = Field(
        default=None,
        validation_alias="BUDGET_PRINCIPAL_MONTH_USD",
        ge=0,
        description="What paid calls of one principal may cost in a calendar month (UTC). Unset: no cap.",
    )
    budget_agent_month_usd: float | None = Field(
        default=None,
        validation_alias="BUDGET_AGENT_MONTH_USD",
        ge=0,
        description="What language models may cost in the name of one agent in a calendar month (UTC). Unset: no cap.",
    )
    enable_3d_pipeline: bool = Field(
        default=True,
        validation_alias="ENABLE_3D_PIPELINE",
        description="false: the tools of 3D models, generated pictures and launches are not there.",
    )
    agents_dir: Path | None = Field(
        default=None,
        validation_alias="DEVSKYY_AGENTS_DIR",
        description="Folder of the brand's own agents (docs/agents.md): files of the same names stand for DevSkyy's, "
        "phrases.toml adds what people say. Unset: none.",
    )
    enable_ab_testing: bool = Field(
        default=True,
        validation_alias="ENABLE_AB_TESTING",
        description="false: the tools of A/B tests are not there.",
    )
    enable_round_table: bool = Field(
        default=True,
        validation_alias="ENABLE_ROUND_TABLE",
        description="false: the round table's tools are not there.",
    )
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
    keep_events_days: int = Field(
        default=30, validation_alias="KEEP_EVENTS_DAYS", ge=1, description="Days that events of ended jobs are kept."
    )
    keep_jobs_days: int = Field(
        default=400, validation_alias="KEEP_JOBS_DAYS", ge=1, description="Days that ended jobs are kept."
    )
    keep_changes_days: int = Field(
        default=400,
        validation_alias="KEEP_CHANGES_DAYS",
        ge=32,
        description="Days that changes and paid calls are kept, at least 32: the month's budget is counted by them.",
    )
    host_wait: float = Field(
        default=45,
        validation_alias="DEVSKYY_HOST_WAIT",
        ge=0,
        le=600,
        description="Seconds a call waits for the job it started, for MCP hosts that take no tasks. "
        "Shorter than the host's own limit, often 60.",
    )
    keep_audit_days: int | None = Field(
        default=None,
        validation_alias="KEEP_AUDIT_DAYS",
        ge=32,
        description="Days that the audit is kept, at least 32. Unset: for good.",
    )
    audit_checkpoint_file: Path | None = Field(
        default=None,
        validation_alias="AUDIT_CHECKPOINT_FILE",
        description="File that signed checkpoints of the audit are added to; on another disk it shows what was done to "
        "the database. Default: audit-checkpoints.jsonl in the data folder.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias="LOG_LEVEL", description="What is logged to standard error."
    )
    log_format: Literal["json", "text", ""] = Field(
        default="",
        validation_alias="LOG_FORMAT",
        description="json: one object a line. text: for people. Default: text at a terminal, json elsewhere.",
    )

    @field_validator("upload_folders", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        """Its host is answered and its links are sent to people, so it must be a whole address."""
        if not value:
            return value
        try:
            parts = urlsplit(value)
            whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            whole = False
        if not whole or "@" in value or "?" in value or "#" in value or any(one.isspace() for one in value):
            raise ValueError("must be an address such as https://mcp.example.com")
        return value

    @field_validator("encryption_master_key", "jwt_secret_key")
    @classmethod
    def _strong(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("environment") != "production":
            return value
        make = "make one with `openssl rand -base64 32`"
        if value is None:
            raise ValueError(f"must be set where ENVIRONMENT=production; {make}")
        for secret in value.get_secret_value().split(","):
            if why := weakness(secret.strip()):
                raise ValueError(f"{why}; {make}")
        return value

    @property
    def demo(self) -> bool:
        """Whether the demo shop stands in for a real one."""
        return not self.wordpress_url

    @property
    def base_url(self) -> str:
        """Where people reach this server, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def database(self) -> str | Path:
        """A database URL, or the path of the SQLite file."""
        return self.database_url.get_secret_value() if self.database_url else self.data_dir / "devskyy.db"

    @property
    def direct_database(self) -> str | None:
        """DATABASE_DIRECT_URL, or None."""
        return self.database_direct_url.get_secret_value() if self.database_direct_url else None

    @property
    def master_key(self) -> str | None:
        """ENCRYPTION_MASTER_KEY, or None."""
        return self.encryption_master_key.get_secret_value() if self.encryption_master_key else None

    @property
    def cache_dir(self) -> Path:
        """Where is kept what can be made anew: the user's cache folder, or the data folder where there is none."""
        from platformdirs import user_cache_path

        found = user_cache_path("devskyy", appauthor=False)
        there = next(path for path in (found, *found.parents) if path.exists())
        return found if os.access(there, os.W_OK) else self.data_dir

    @property
    def checkpoint_file(self) -> Path:
        return self.audit_checkpoint_file or self.data_dir / "audit-checkpoints.jsonl"

    @property
    def outside_texts(self) -> frozenset[Literal["outside", "catalogue"]]:
        """Whose texts are not the brand's own, after ``Policy.texts``."""
        own = self.catalogue_texts == "own" or (not self.catalogue_texts and self.demo)
        return frozenset({"outside"}) if own else frozenset({"outside", "catalogue"})

    @property
    def confirm_rule(self) -> Literal["risky", "always"]:
        return self.confirm_writes or ("risky" if self.demo else "always")

    @property
    def loopback(self) -> bool:
        """Whether the server only listens on this machine."""
        return self.host in {"127.0.0.1", "::1", "localhost"}

    @property
    def sign_in(self) -> Literal["embedded", "external", "none"]:
        """How callers over HTTP are known."""
        return self.auth_mode or ("none" if self.loopback and not self.public_url else "embedded")

    @property
    def allowed_hosts(self) -> list[str]:
        """The exact Host values that are answered, with and without port."""
        local = {"127.0.0.1", "localhost", "[::1]"}
        names = {self.host, *local} if self.loopback else {f"[{self.host}]" if ":" in self.host else self.host}
        hosts = {f"{name}:{self.port}" for name in names}
        if self.public_url:
            hosts.add(urlsplit(self.public_url).netloc)
        return sorted(hosts)

    @property
    def allowed_origins(self) -> list[str]:
        origins = {f"http://{host}" for host in self.allowed_hosts}
        if self.public_url:
            parts = urlsplit(self.public_url)
            origins.add(f"{parts.scheme}://{parts.netloc}")
        return sorted(origins)
