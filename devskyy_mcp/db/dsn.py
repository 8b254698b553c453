"""DATABASE_URL as operators write it, turned into what the drivers understand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from devskyy_mcp.errors import Code, Refused

SSL_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
# Settings of libpq and Prisma that hosts put into the addresses they hand out; asyncpg has no use for them.
DROPPED = frozenset({"channel_binding", "pgbouncer", "connection_limit", "pool_timeout", "connect_timeout"})
KEPT = frozenset({"host", "port", "target_session_attrs"})  # host: a Unix socket's folder, or several servers
POOLER_HOST = re.compile(r"(^|[-.])pooler\.")  # ep-x-pooler.eu.aws.neon.tech, aws-0-eu.pooler.supabase.com


@dataclass(frozen=True, slots=True)
class Dsn:
    """Where the database is.

    Args:
        dialect: "sqlite" or "postgresql".
        url: SQLAlchemy's form with the async driver, password included; never shown by repr.
        path: the SQLite file; None for Postgres.
        pooled: a transaction pooler (PgBouncer, Neon, Supabase) sits in front: no prepared statement outlives its
            transaction, so nothing may be cached.
    """

    dialect: str
    url: str = field(repr=False)
    path: Path | None = None
    pooled: bool = False

    @property
    def driver_url(self) -> str:
        """The address for asyncpg and libpq themselves: there ``ssl`` is called ``sslmode``."""
        base, question, query = self.url.replace("postgresql+asyncpg://", "postgresql://", 1).partition("?")
        return base + question + re.sub(r"(^|&)ssl=", r"\1sslmode=", query)


def direct_dsn(address: str, dsn: Dsn) -> Dsn:
    """Reads DATABASE_DIRECT_URL: the way to ``dsn``'s database without a pooler.

    Raises:
        Refused: NOT_CONFIGURED when it can't be read, leads through a pooler itself, or DATABASE_URL is no Postgres.
    """
    try:
        direct = normalize_dsn(address)
    except Refused as refused:
        message = refused.message.replace("DATABASE_URL", "DATABASE_DIRECT_URL", 1)
        raise Refused(refused.code, message, "Give postgresql://user:password@host:5432/name.") from None
    if direct.dialect != "postgresql" or dsn.dialect != "postgresql":
        raise Refused(
            Code.NOT_CONFIGURED,
            "DATABASE_DIRECT_URL only goes with a DATABASE_URL of Postgres, and names the same database.",
            "Set both to postgresql://…, or leave DATABASE_DIRECT_URL empty.",
        )
    if direct.pooled:
        raise Refused(
            Code.NOT_CONFIGURED,
            "DATABASE_DIRECT_URL leads through a pooler too.",
            "Give the address without the pooler; its host's name has no -pooler.",
        )
    return direct


def normalize_dsn(address: str | Path) -> Dsn:
    """Reads a file path, sqlite:///…, postgres://… or postgresql[+driver]://….

    Raises:
        Refused: NOT_CONFIGURED when it can't be read; the message never repeats any part that may hold the password.
    """
    text = str(address)
    scheme, separator, _ = text.partition("://")
    if isinstance(address, Path) or not separator:
        return _sqlite(text)
    family = scheme.lower().partition("+")[0]
    if family == "sqlite":
        return _sqlite(unquote(text.split("://", 1)[1].partition("?")[0])[1:])
    if family in {"postgres", "postgresql"}:
        return _postgres(text)
    raise _unreadable("only sqlite:///… and postgresql://… are known")


def _sqlite(name: str) -> Dsn:
    if not name.strip() or name == ":memory:" or "\0" in name:
        raise _unreadable("SQLite needs a file, since several connections share it")
    path = Path(name).expanduser().absolute()
    return Dsn("sqlite", f"sqlite+aiosqlite:///{path}", path)


def _postgres(text: str) -> Dsn:
    try:
        parts = urlsplit(text)
        port = parts.port
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:  # its text repeats pieces of the address
        raise _unreadable("special characters in the password must be percent-encoded") from None
    if parts.fragment or not (parts.hostname or any(name == "host" for name, _ in options)):
        raise _unreadable("no host found; special characters in the password must be percent-encoded")
    given = dict(options)
    pooled = bool(POOLER_HOST.search(parts.hostname or "")) or given.get("pgbouncer", "").lower() in {"true", "1"}
    query = urlencode(_query(options), quote_via=quote)
    authority = f"{_login(parts)}{_host(parts.hostname or '', port)}"
    url = f"postgresql+asyncpg://{authority}/{quote(unquote(parts.path[1:]), safe='')}"
    return Dsn("postgresql", f"{url}?{query}" if query else url, None, pooled)


def _query(options: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The address's own settings in asyncpg's words."""
    kept = _hosts([value for name, value in options if name == "host"])
    for name, value in options:
        if name in {"ssl", "sslmode"}:
            if value not in SSL_MODES:
                raise _unreadable(f"{name} must be one of {', '.join(sorted(SSL_MODES))}")
            kept.append(("ssl", value))
        elif name in KEPT and name != "host":
            kept.append((name, value))
        elif name not in DROPPED | KEPT:
            known = re.fullmatch(r"[a-z_]{1,40}", name)  # anything else may be a piece of a password
            raise _unreadable(f"the setting {name!r} is not known" if known else "one of its settings is not known")
    return kept


def _hosts(given: list[str]) -> list[tuple[str, str]]:
    """Several servers as every driver reads them: SQLAlchemy also knows ``host=a:1&host=b:2``, the others do not."""
    if len(given) < 2:
        return [("host", value) for value in given]
    pairs = [value.rpartition(":") if re.search(r":\d+$", value) else (value, "", "5432") for value in given]
    return [("host", ",".join(pair[0] for pair in pairs)), ("port", ",".join(pair[2] for pair in pairs))]


def _login(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    user = quote(unquote(parts.username), safe="")
    return f"{user}@" if parts.password is None else f"{user}:{quote(unquote(parts.password), safe='')}@"


def _host(name: str, port: int | None) -> str:
    host = f"[{name}]" if ":" in name else name
    return host if port is None else f"{host}:{port}"


def _unreadable(why: str) -> Refused:
    return Refused(
        Code.NOT_CONFIGURED,
        f"DATABASE_URL can't be read: {why}.",
        hint="Give postgresql://user:password@host:5432/name, or leave it empty for a SQLite file.",
    )
