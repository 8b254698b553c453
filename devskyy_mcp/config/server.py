"""How this server is reached, what it keeps its data in and under which keys, and who may sign in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from .kinds import CommaList, Group, nothing
from .weak import weakness


def default_data_dir() -> Path:
    """The user's data folder for DevSkyy, after the platform's own rules."""
    from platformdirs import user_data_path

    return user_data_path("devskyy", appauthor=False)


class ServerSettings(Group):
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
        default_factory=nothing,
        validation_alias="CORS_ORIGINS",
        description="Origins of a dashboard on another address, separated by commas, to the letter. Unset: none.",
    )
    trusted_proxies: CommaList = Field(
        default_factory=nothing,
        validation_alias="DEVSKYY_TRUSTED_PROXIES",
        description="Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Unset: none.",
    )

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
