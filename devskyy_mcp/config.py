"""Settings, read from the environment and from ``.env`` in the working folder.

``.env.example`` is generated from this file (``make env-example``) and a test keeps the two equal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

UPLOAD_LIMIT = 25 * 1024 * 1024
"""Bytes of a picture that this server takes."""
CommaList = Annotated[list[str], NoDecode]


def default_data_dir() -> Path:
    """The user's data folder for DevSkyy, after the platform's own rules."""
    from platformdirs import user_data_path

    return user_data_path("devskyy", appauthor=False)


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
    host: str = Field(default="127.0.0.1", validation_alias="DEVSKYY_HOST", description="Address to listen on.")
    port: int = Field(default=8000, validation_alias="DEVSKYY_PORT", ge=0, le=65535, description="Port to listen on.")
    public_url: str = Field(
        default="",
        validation_alias="DEVSKYY_PUBLIC_URL",
        description="Address under which people reach this server, e.g. https://mcp.example.com; "
        "links and the Host check use it. Default: http://HOST:PORT.",
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
        description="Calls a principal may make on average.",
    )
    calls_burst: int = Field(
        default=200, validation_alias="DEVSKYY_CALLS_BURST", ge=1, description="Calls a principal may make at once."
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
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias="LOG_LEVEL", description="What is logged to standard error."
    )
    log_format: Literal["json", "text", ""] = Field(
        default="",
        validation_alias="LOG_FORMAT",
        description="json: one object a line. text: for people. Default: text at a terminal, json elsewhere.",
    )

    @field_validator("upload_folders", mode="before")
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
    def allowed_hosts(self) -> list[str]:
        """The exact Host values that are answered, with and without port."""
        names = {self.host, "127.0.0.1", "localhost", "[::1]"} if self.loopback else {self.host}
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
