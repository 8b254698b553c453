"""How connections are made, on either database. Import it inside functions only: it loads SQLAlchemy and a driver."""

from __future__ import annotations

import json
from functools import partial
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from . import one_hop, patience
from .dsn import Dsn
from .failures import speak_on_errors
from .outage import Outage

POOL_SIZE = 20  # per process
ACQUIRE_SECONDS = 2.0
CONNECT_SECONDS = 2.0
COMMAND_SECONDS = 5.0
TRANSACTION_SECONDS = 25
"""A whole transaction: many statements of a few milliseconds, or a few that wait for others."""
WRITES = "devskyy_writes"  # execution option of connections whose transactions write

_json = json.JSONEncoder(separators=(",", ":")).encode


def make_engine(
    dsn: Dsn,
    *,
    lock_seconds: float,
    command_seconds: float,
    pool_size: int | None = None,
    outage: Outage | None = None,
) -> AsyncEngine:
    """An engine with our pool, pragmas and error words; it connects at first use.

    Args:
        dsn: the database.
        lock_seconds: how long a SQLite connection waits for another process's write.
        command_seconds: how long one Postgres statement may take.
        pool_size: connections to Postgres; by default 20, as to SQLite.
        outage: is told when the database does not answer.
    """
    if dsn.dialect == "sqlite":
        engine = create_async_engine(
            sa.URL.create("sqlite+aiosqlite", database=str(dsn.path)),
            connect_args={
                "timeout": lock_seconds,
                "isolation_level": None,  # we say BEGIN ourselves
                "async_creator_fn": one_hop.connect,
            },
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=max(lock_seconds, ACQUIRE_SECONDS),
            pool_reset_on_return=None,  # Database ends every transaction itself; a second rollback costs a thread hop
            json_serializer=_json,
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "connect", _pragmas)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    else:
        engine = create_async_engine(
            dsn.url,
            connect_args=_postgres_arguments(dsn, command_seconds),
            pool_size=pool_size or POOL_SIZE,
            max_overflow=0,
            pool_timeout=ACQUIRE_SECONDS,
            pool_pre_ping=True,
            pool_use_lifo=True,  # the one that has prepared what is sent most often
            pool_recycle=300,
            json_serializer=_json,
            hide_parameters=True,
        )
        engine.sync_engine.dialect.do_ping = _ping
        if not dsn.pooled and command_seconds <= COMMAND_SECONDS:
            event.listen(engine.sync_engine, "connect", _bound_transactions)
    event.listen(engine.sync_engine, "handle_error", partial(speak_on_errors, dsn, outage or Outage()), retval=True)
    return engine


def _postgres_arguments(dsn: Dsn, command_seconds: float) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "timeout": CONNECT_SECONDS,
        "command_timeout": command_seconds,
        "async_creator_fn": patience.connect,
    }
    if dsn.pooled:
        # The next statement may land on another server connection, which has never seen what we prepared.
        arguments["statement_cache_size"] = 0
        arguments["prepared_statement_cache_size"] = 0
        arguments["prepared_statement_name_func"] = lambda: f"__a_{uuid4()}__"
    else:  # a pooler refuses start-up settings that it does not know
        # A frozen process must not hold the audit's head row, and with it every writer, for ever.
        arguments["server_settings"] = {
            "application_name": "devskyy",
            "idle_in_transaction_session_timeout": "15000",
        }
    return arguments


def _bound_transactions(dbapi_connection: Any, _record: Any) -> None:
    """End a transaction whose process stopped in the middle of a statement: that is not idle. From Postgres 17 on."""

    async def ask(driver: Any) -> None:
        await driver.execute(
            f"SELECT set_config(name, '{TRANSACTION_SECONDS * 1000}', false) FROM pg_settings "  # noqa: S608 # ours
            "WHERE name = 'transaction_timeout'"
        )

    dbapi_connection.run_async(ask)


def _ping(dbapi_connection: Any) -> bool:
    """One round trip, which a pooler passes on whole; SQLAlchemy's own makes a transaction around it, and so three."""

    async def ask(driver: Any) -> None:
        await driver.execute("SELECT 1")

    try:
        dbapi_connection.run_async(ask)
    except Exception as error:
        # SQLAlchemy's own errors are what its pool takes for a lost connection, and only this makes them.
        dbapi_connection._handle_exception(error)  # noqa: SLF001 # as above
    return True


def _pragmas(connection: Any, _record: Any) -> None:
    try:
        _execute_pragmas(connection)
    except BaseException:
        connection.close()  # the pool forgets it, and its thread would live on
        raise


def _execute_pragmas(connection: Any) -> None:
    cursor = connection.cursor()
    # The busy timeout is set by now, so that processes racing for a new file wait for the switch to WAL.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a commit survives power loss; costs 2 % over NORMAL
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # what was deleted, or plain and is sealed now, is not left in the file
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock at once: a transaction that reads first and writes later could fail to get it then.
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
