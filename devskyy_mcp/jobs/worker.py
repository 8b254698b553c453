"""The worker: runs jobs, in the server's own process or in one of its own (``devskyy worker``).

On a SQLite file one process at a time is the worker, by a lock beside the file; the others wait for it to become free.
On Postgres every process may be one; each holds a numbered slot of its machine, which names it.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from ..capability import Queue, Registry
from ..config import Settings
from ..context import Services
from ..db.database import Database
from ..db.wake import Bell, Wake
from ..errors import Refused
from . import store
from .events import Events
from .run import Run, too_late, too_often
from .tidy import Tidy, pass_on

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger(__name__)
HAND_AT_ONCE = 100
QUIET = 5.0
"""Seconds between looks for work when nothing rings."""
FLUSH_EVERY = 0.5
"""Seconds between writes of progress."""
BEAT_EVERY = 5.0
SILENT = 15.0
"""Seconds without a sign after which an executor counts as dead."""
LOCK_EVERY = 1.0
IDLE = 300.0
"""Seconds without work after which the engine is closed; its threads look at the database ten times a second."""
SLOTS = 64


class Worker:
    """Runs jobs until cancelled."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.settings = services.get(Settings)
        self.db = services.get(Database)
        self.events = services.get(Events)
        self.executor = ""
        self._runs: dict[str, Run] = {}
        self._stopping = False

    async def run(self) -> None:
        """Become the worker as soon as that is free, and work until cancelled."""
        while True:
            try:
                async with self._slot() as self.executor:
                    most = self.settings.worker_concurrency
                    log.info("worker %s on %s runs up to %d jobs at once", self.executor, self.db.dialect, most)
                    await self._work()
            except Refused as refused:  # the database is away: what is claimed stays claimed
                log.warning("the worker waits: %s", refused.message)
            except Exception as error:  # the engine's own, of a database that is away; its text may hold anything
                log.warning("the worker waits (%s)", type(error).__name__)
            await anyio.sleep(QUIET)

    # ---- being the one -------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _slot(self) -> AsyncGenerator[str]:
        """Hold a lock of this machine; the executor's name that goes with it."""
        from filelock import FileLock, Timeout

        while True:
            for name, path in self._places():
                lock = FileLock(path, thread_local=False)
                with contextlib.suppress(Timeout, OSError):
                    lock.acquire(blocking=False)
                    try:
                        yield name
                    finally:
                        lock.release()
                    return
            await anyio.sleep(LOCK_EVERY)

    def _places(self) -> Iterator[tuple[str, Path]]:
        file = self.db.dsn.path
        if file is not None:
            yield "embedded", file.with_name(file.name + ".worker")
            return
        folder = self.settings.data_dir / "workers"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:40]
        for number in range(1, SLOTS + 1):
            yield f"{host}-{number}", folder / f"{number}.lock"

    # ---- working -------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        wake = self.services.get(Wake)
        with wake.watch() as bell:
            while True:
                async with self.db.read() as conn:
                    work = await store.has_work(conn)
                if work:
                    await self._with_engine(bell)
                else:
                    await bell.wait(QUIET)

    async def _with_engine(self, bell: Bell) -> None:
        """Run jobs until there have been none for a while."""
        engine = await self._make_engine()
        self._stopping = False
        try:
            async with self.db.begin() as conn:
                await store.beat(conn, self.executor)
            await engine.start()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._beat, engine)
                tasks.start_soon(self._flush)
                tasks.start_soon(Tidy(self.services, engine).run)
                await self._feed(engine, bell)
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._hand_back()
                await engine.stop()

    async def _make_engine(self) -> Engine:
        def imported() -> type[Engine]:
            from .engine import Engine

            return Engine

        kind = await anyio.to_thread.run_sync(imported)
        declared = [queue for pack in self.services.get(Registry).packs for queue in pack.queues]
        concurrency = self.settings.worker_concurrency
        queues = [Queue("default", concurrency=10_000), *declared]
        return kind(self.db.direct, self.executor, self.run_job, queues, concurrency)

    async def _feed(self, engine: Engine, bell: Bell) -> None:
        """Hand over what is waiting, for as long as there is work."""
        idle_since: float | None = None
        while True:
            if await self._hand(engine) == HAND_AT_ONCE:
                continue
            async with self.db.read() as conn:
                work = bool(self._runs) or await store.has_work(conn)
            now = anyio.current_time()
            idle_since = None if work else idle_since or now
            if idle_since is not None and now - idle_since > IDLE:
                return
            await bell.wait(QUIET)
            await anyio.sleep(0.01)  # what comes at the same moment goes together

    async def _hand(self, engine: Engine) -> int:
        async with self.db.read() as conn:
            if not await store.waiting(conn, 1, lock=False):
                return 0
        async with self.db.begin() as conn:
            found = await store.waiting(conn, HAND_AT_ONCE)
            if found:
                token = await store.hand(conn, [name for name, _, _ in found])
                await engine.enqueue(conn, found, token)
        return len(found)

    async def run_job(self, job: str, token: int) -> None:
        """Run one job that was claimed for this process; nothing happens when it is not to be run any more."""
        if self._stopping:  # it goes to another worker, or to this one's next start
            await pass_on(self.db, self.events, job, token)
            return
        try:
            async with self.db.begin() as conn:
                row = await store.start(conn, job, token, self.executor)
                if row is not None:
                    await self.events.append(conn, job, "state", {"state": "running"})
        except Refused as refused:
            log.warning("job %s can't be started now: %s", job, refused.message)
            return
        if row is None:
            return
        await self.events.notify(job)
        run = self._runs[job] = Run(self.services, row)
        try:
            await self._drive(run)
        except Refused as refused:  # the database is away: the row still says running, and the rescue takes it up
            log.warning("job %s is left where it is: %s", job, refused.message)
        finally:
            run.over.set()
            if self._runs.get(job) is run:
                del self._runs[job]

    async def _drive(self, run: Run) -> None:
        tool = self.services.get(Registry).tools.get(run.row["tool"])
        allowed = tool.policy.job.attempts if tool is not None and tool.policy.job is not None else 20
        if run.row["lost"] >= allowed:
            await run.end("failed", error=too_often(run.row["lost"]))
        elif run.row["deadline_at"] < store.now():
            await run.end("failed", error=too_late())
        else:
            await run.drive()

    async def _hand_back(self) -> None:
        """Let every run end, and give their jobs to whoever comes next."""
        self._stopping = True
        for run in list(self._runs.values()):
            run.stop("shutdown")
        with anyio.move_on_after(5):
            for run in list(self._runs.values()):
                await run.over.wait()

    # ---- beside it -----------------------------------------------------------------------------------------------

    async def _flush(self) -> None:
        """Write the latest progress of every run, and stop those that are to be cancelled."""
        while True:
            await anyio.sleep(FLUSH_EVERY)
            if not self._runs:
                continue
            try:
                await self._write_progress()
                async with self.db.read() as conn:
                    unwanted = await store.to_stop(conn, self.executor)
            except Refused:
                continue
            for job in unwanted:
                if job in self._runs:
                    self._runs[job].stop("cancelled")

    async def _write_progress(self) -> None:
        said = [(run, run.unsaid) for run in self._runs.values() if run.unsaid is not None]
        if not said:
            return
        async with self.db.begin() as conn:
            for run, progress in said:
                if await store.write_progress(conn, run.id, run.attempt, progress):
                    await self.events.append(conn, run.id, "progress", progress)
                else:
                    run.stop("superseded")
        for run, progress in said:
            if run.unsaid is progress:
                run.unsaid = None
            run.said = progress
            await self.events.notify(run.id)

    async def _beat(self, engine: Engine) -> None:
        """Say that this executor lives, and take over what dead ones had claimed. Again and again: one that fails
        because the database is away is made up for by the next.
        """
        while True:
            try:
                async with self.db.begin() as conn:
                    await store.beat(conn, self.executor)
                if self.db.dialect == "postgresql":
                    await self._rescue(engine)
            except Refused as refused:
                log.warning("no sign of life could be given: %s", refused.message)
            except Exception as error:  # the engine's own, of a database that is away; its text may hold anything
                log.warning("the claims of dead workers can't be seen now (%s)", type(error).__name__)
            await anyio.sleep(BEAT_EVERY)

    async def _rescue(self, engine: Engine) -> None:
        async with self.db.begin() as conn:
            if not await store.only_rescuer(conn):
                return
            for dead in await store.dead_executors(conn, SILENT):
                if dead == self.executor:
                    continue
                taken = await engine.take_over(dead)
                log.warning("worker %s is gone; %d of its jobs go on elsewhere", dead, taken)
                await store.forget_executor(conn, dead)
