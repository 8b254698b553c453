from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from devskyy_mcp.db import Database, direct_dsn, normalize_dsn
from devskyy_mcp.db.engine import make_engine
from devskyy_mcp.errors import Code, Refused

NEON = "postgres://ada:pw@ep-cool-123-pooler.eu-central-1.aws.neon.tech/shop?sslmode=require&channel_binding=require"
letters = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=20)


@pytest.mark.requirement("db:dsn")
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2"])
def test_any_spelling_of_postgres_becomes_asyncpg(scheme: str) -> None:
    dsn = normalize_dsn(f"{scheme}://ada:pw@db.example:6543/shop")
    assert (dsn.dialect, dsn.url, dsn.pooled) == (
        "postgresql",
        "postgresql+asyncpg://ada:pw@db.example:6543/shop",
        False,
    )


@pytest.mark.requirement("db:dsn")
def test_a_neon_address_keeps_tls_and_loses_what_asyncpg_refuses() -> None:
    dsn = normalize_dsn(NEON)
    assert dsn.url.endswith("/shop?ssl=require")
    assert dsn.pooled


@pytest.mark.requirement("db:dsn")
@pytest.mark.parametrize(
    ("address", "pooled"),
    [
        ("postgresql://h/d?pgbouncer=true&connection_limit=1", True),
        ("postgresql://h/d?pgbouncer=false", False),
        ("postgresql://aws-0-eu.pooler.supabase.com:6543/d", True),
        ("postgresql://carpooler-db.example/d", False),
    ],
)
def test_poolers_are_noticed(address: str, pooled: bool) -> None:
    dsn = normalize_dsn(address)
    assert dsn.pooled is pooled
    assert "?" not in dsn.url


@pytest.mark.requirement("db:dsn")
def test_behind_a_pooler_nothing_is_cached_and_statement_names_never_repeat() -> None:
    from devskyy_mcp.db.engine import _postgres_arguments  # pyright: ignore[reportPrivateUsage] # what asyncpg is given

    arguments = _postgres_arguments(normalize_dsn(NEON), 5.0)
    assert arguments["statement_cache_size"] == arguments["prepared_statement_cache_size"] == 0
    name = arguments["prepared_statement_name_func"]
    assert name() != name()
    assert "server_settings" not in arguments
    assert "statement_cache_size" not in _postgres_arguments(normalize_dsn("postgresql://h/d"), 5.0)


@pytest.mark.requirement("db:dsn")
@given(user=letters, password=letters, name=letters)
def test_every_login_survives(user: str, password: str, name: str) -> None:
    address = f"postgres://{quote(user, safe='')}:{quote(password, safe='')}@h:1/{quote(name, safe='')}?sslmode=prefer"
    dsn = normalize_dsn(address)
    url = make_engine(dsn, lock_seconds=1, command_seconds=1).url
    assert (url.username, url.password, url.query["ssl"]) == (user, password, "prefer")
    assert sa.make_url(dsn.url).database == url.database == name
    assert normalize_dsn(dsn.url.replace("ssl=", "sslmode=")) == dsn
    assert dsn.url not in repr(dsn)


@pytest.mark.requirement("db:dsn")
@pytest.mark.parametrize(
    "address",
    [
        "postgres://ada:SECRET#1@h/d",
        "postgres://ada:SEC/RET@h/d",
        "postgres://ada:SEC?RET@h/d",
        "postgres://ada:SECRET@[h/d",
        "postgres://ada:SECRET@h:SECRET/d",
        "postgres://ada:SECRET@/d",
        "postgres://ada:SECRET@h/d?sslmode=SECRET",
        "postgres://ada:SECRET@h/d?SECRET=1",
        "mysql://ada:SECRET@h/d",
        "://SECRET",
    ],
)
def test_what_cannot_be_read_is_refused_without_the_password(address: str) -> None:
    with pytest.raises(Refused) as refusal:
        normalize_dsn(address)
    assert refusal.value.code is Code.NOT_CONFIGURED
    assert "SEC" not in str(refusal.value.as_dict())
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.requirement("db:dsn")
@pytest.mark.parametrize(
    ("address", "path"),
    [
        (Path("/data/app.db"), "/data/app.db"),
        ("/data/app.db", "/data/app.db"),
        ("sqlite:////data/app%20one.db", "/data/app one.db"),
        ("sqlite+aiosqlite:////data/app.db?x=1", "/data/app.db"),
        ("sqlite:///app.db", str(Path.cwd() / "app.db")),
        ("~/app.db", str(Path.home() / "app.db")),
    ],
)
def test_sqlite_paths(address: str | Path, path: str) -> None:
    assert str(normalize_dsn(address).path) == path


@pytest.mark.requirement("db:dsn")
@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", ":memory:", ""])
def test_a_database_in_memory_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="needs a file"):
        normalize_dsn(address)


@pytest.mark.requirement("cache:relay")
def test_the_direct_address_is_for_what_needs_a_session_of_its_own(tmp_path: Path) -> None:
    direct = NEON.replace("-pooler", "")
    database = Database(NEON, direct=direct)
    assert (database.dsn.pooled, database.direct.pooled) == (True, False)
    assert database.direct == normalize_dsn(direct)
    assert Database(NEON).direct.pooled
    file = Database(tmp_path / "app.db")
    assert file.direct is file.dsn


@pytest.mark.requirement("cache:relay")
@pytest.mark.parametrize(
    ("url", "direct"),
    [
        (NEON, NEON),
        (NEON, "sqlite:////data/SECRET.db"),
        ("sqlite:////data/app.db", "postgresql://ada:SECRET@h/d"),
        (NEON, "postgres://ada:SECRET#1@h/d"),
        (NEON, "mysql://ada:SECRET@h/d"),
    ],
)
def test_a_direct_address_that_is_none_is_refused_by_its_own_name(url: str, direct: str) -> None:
    with pytest.raises(Refused, match="DATABASE_DIRECT_URL") as refusal:
        direct_dsn(direct, normalize_dsn(url))
    assert refusal.value.code is Code.NOT_CONFIGURED
    assert "SEC" not in str(refusal.value.as_dict())
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
