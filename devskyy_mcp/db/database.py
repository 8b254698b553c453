"""The app's one database: a SQLite file that several processes share, or Postgres."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from devskyy_mcp.errors import Code, Refused

from .dsn import direct_dsn, normalize_dsn
from .outage import Outage
from .patience import Opening, Patience
from .vault import Keyring, Vault
from .vault.vault import OPTION

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

MIGRATION_SECONDS = 600.0


class Database:
    """Opens at first use and brings the schema up to date, or checks it.

    Args:
        url: a file's path, sqlite:///… or postgresql://….
        migrate: create and migrate tables when opening; by default so for SQLite only. Servers on a shared Postgres
            leave that to one `devskyy migrate`.
        lock_seconds: how long to wait for another process's write to a SQLite file.
        direct: the same Postgres without the pooler that ``url`` leads through.
        pool_size: most connections to Postgres at once; by default 20.
        keys: what the database's own keys are sealed with; by default those of ENCRYPTION_MASTER_KEY, or of a file
            beside a SQLite file.

    Raises:
        Refused: NOT_CONFIGURED for an address that can't be read.
    """

    def __init__(
        self,
        url: str | Path,
        *,
        migrate: bool | None = None,
        lock_seconds: float = 30.0,
        direct: str | None = None,
        pool_size: int | None = None,
        keys: Keyring | None = None,
    ) -> None:
        self.dsn = normalize_dsn(url)
        self.vault = Vault(keys or Keyring.usual(self.dsn.path.parent if self.dsn.path else None))
        """Seals what goes into it; usable once it is open."""
        self.direct = direct_dsn(direct, self.dsn) if direct else self.dsn
        """The address for connections that keep a session of their own: LISTEN, and the job engine's."""
        if self.direct.url != self.dsn.url:  # whatever the pooler's name: for nothing else are there two addresses
            self.dsn = replace(self.dsn, pooled=True)
        self._pool_size = pool_size
        self._migrate = self.dsn.dialect == "sqlite" if migrate is None else migrate
        self._lock_seconds = lock_seconds
        self._opening = anyio.Lock()
        # SQLite has one writer at a time. Within the process they queue here in order, instead of polling the file.
        self._turn = anyio.Lock() if self.dsn.dialect == "sqlite" else nullcontext()
        self._file: tuple[int, int] | None = None
        self._patience = Patience()
        self._outage = Outage()
        self._try: Opening | None = None
        self._reads: AsyncEngine | None = None
        self._writes: AsyncEngine | None = None

    @property
    def dialect(self) -> str:
        """The database's kind: "sqlite" or "postgresql"."""
        return self.dsn.dialect

    @property
    def is_open(self) -> bool:
        return self._writes is not None

    async def open(self) -> None:
        """Connect, and create, migrate or check the tables. Once per process, however many ask at the same time.

        Raises:
            Refused: NOT_CONFIGURED or UPSTREAM_UNREACHABLE, saying what to do; the next call tries again.
        """
        if self._writes is not None:
            return
        if self.dsn.path is None:
            await self._open_server()
        else:
            await self._open_file()

    async def _open_file(self) -> None:
        async with self._opening:
            if self._writes is None:
                with anyio.CancelScope(shield=True):  # why: see _connection
                    await self._open(lambda: None)

    async def _open_server(self) -> None:
        """Wait for the try to open that is under way, or begin one; not for a server that is silent."""
        from .failures import refused

        if self._try is None or self._try.ended:
            self._try = Opening(self._open)
        try:
            await self._try.wait()
        except TimeoutError as error:
            raise refused(self.dsn, self._outage, error) from None

    async def _open(self, heard: Callable[[], None]) -> None:
        from .engine import COMMAND_SECONDS, WRITES, make_engine
        from .failures import in_words

        if self.dsn.path is not None:
            with in_words(self.dsn, self._outage):
                _make_file(self.dsn.path)
            self._file = _identity(self.dsn.path)
        engine = make_engine(
            self.dsn,
            lock_seconds=self._lock_seconds,
            command_seconds=COMMAND_SECONDS,
            pool_size=self._pool_size,
            outage=self._outage,
        )
        engine = engine.execution_options(**{OPTION: self.vault})
        # Not through a pooler: there a statement is prepared and run on the same connection only in a transaction.
        alone = self.dsn.path is None and not self.dsn.pooled
        reads = engine.execution_options(isolation_level="AUTOCOMMIT") if alone else engine
        writes = engine.execution_options(**{WRITES: True})
        try:
            await self._prepare(reads, heard)
            await self._load_keys(reads, writes)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await engine.dispose()
            raise
        self._reads, self._writes = reads, writes

    async def _prepare(self, reads: AsyncEngine, heard: Callable[[], None]) -> None:
        from .engine import WRITES, make_engine
        from .schema import bring_up_to_date, is_current, refuse_outdated

        async with self._connection(reads) as (conn, _):
            heard()
            if await conn.run_sync(is_current):
                return
        if not self._migrate:
            raise refuse_outdated()
        engine = make_engine(
            self.direct, lock_seconds=self._lock_seconds, command_seconds=MIGRATION_SECONDS, outage=self._outage
        )
        try:
            async with self._transaction(engine.execution_options(**{WRITES: True})) as conn:
                await conn.run_sync(bring_up_to_date)
        finally:
            with anyio.CancelScope(shield=True):
                await engine.dispose()

    async def _load_keys(self, reads: AsyncEngine, writes: AsyncEngine) -> None:
        """Take the database's keys, and make what is missing: committed before anything is sealed with it."""
        async with self._connection(reads) as (conn, _):
            await self.vault.load(conn)
        if self.vault.due:
            async with self._turn, self._transaction(writes) as conn:
                await self.vault.make(conn)
            async with self._connection(reads) as (conn, _):
                await self.vault.load(conn)

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        """A write transaction: commits durably at the end of the block, rolls back when the block raises.

        Keep it short and do nothing slow inside: on SQLite no one else writes meanwhile. Not to be nested in one task.

        Raises:
            Refused: when the database is away, locked, full or read-only. Broken constraints come as IntegrityError.
        """
        await self.open()
        self._check_file()
        assert self._writes is not None
        assert self._reads is not None
        if self.vault.due:
            await self._load_keys(self._reads, self._writes)
        async with self._turn, self._transaction(self._writes) as conn:
            yield conn

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection to read with: each statement sees what is committed when it starts. Write nothing through it."""
        await self.open()
        self._check_file()
        assert self._reads is not None
        async with self._connection(self._reads) as (conn, _):
            yield conn

    def _check_file(self) -> None:
        """A deleted file can go on being written, and all of it is gone with the process: so it is refused."""
        if self.dsn.path is not None and _identity(self.dsn.path) != self._file:
            raise Refused(
                Code.NOT_CONFIGURED,
                "The database file was moved, deleted or replaced while this server was using it.",
                "Nothing was sent. Put the file back if you can, then start this server again.",
            )

    async def close(self) -> None:
        """Close every connection; a later use opens again."""
        if self._try is not None:
            await self._try.end()
            self._try = None
        engine, self._reads, self._writes = self._writes, None, None
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncGenerator[tuple[AsyncConnection, anyio.CancelScope]]:
        from .failures import in_words

        conn = engine.connect()
        # A cancelled statement makes SQLAlchemy close the connection twice, and aiosqlite waits for ever for the second
        # answer: the process could then not end. So cancelling waits for the block; the driver's timeouts bound it.
        with anyio.CancelScope(shield=True) as shield:
            with in_words(self.dsn, self._outage):
                # Opening may take long: it connects anew, and migrates.
                await (self._patience.start(conn) if self.is_open and self.dsn.path is None else conn.start())
            self._outage.over()
            try:
                yield conn, shield
            finally:
                await conn.close()

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
        async with self._connection(engine) as (conn, shield):
            await conn.begin()
            try:
                yield conn
                shield.shield = False
                await anyio.lowlevel.checkpoint_if_cancelled()  # who was cancelled meanwhile gets no commit
                shield.shield = True
            except BaseException:
                shield.shield = True
                await conn.rollback()
                raise
            await conn.commit()


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file is at the path; None for none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_file(path: Path) -> None:
    """Customers' data goes into it: a new file, and with it its WAL, is for this user only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    if path.is_dir():
        raise IsADirectoryError
    # Asked, not opened: closing a second handle would drop this process's SQLite locks on the file.
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError
