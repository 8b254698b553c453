"""The worker: runs jobs, in the server's own process or in one of its own (``devskyy worker``).

On a SQLite file one process at a time is the worker, by a lock beside the file; the others wait for it to become free.
On Postgres every process may be one; each holds a numbered slot of its machine, which names it.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from ..capability import Queue, Registry
from ..config import Settings
from ..context import Services
from ..db.database import Database
from ..db.wake import Bell, Wake
from ..errors import Refused
from . import runs, store
from .events import WORK, Events
from .model import EventKind
from .run import Run, too_late, too_often
from .tidy import Tidy, end_overdue
from .together import Together

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
PAUSE = 2.0
"""Seconds before the next try, when the database is away."""
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
        self._claimed: set[str] = set()
        self._stopping = False
        self._starts = Together(self._write_starts)
        self._ends = Together(self._write_ends)

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
                log.warning("the worker waits (%s)", _kind(error))
            await anyio.sleep(PAUSE)

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
                if lock.is_locked:
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
        with wake.watch(WORK) as bell:
            while True:
                async with self.db.read() as conn:
                    work = await runs.has_work(conn)
                if work:
                    await self._with_engine(bell)
                else:
                    await end_overdue(self.db, self.events)  # what waits for a person is no work for the engine
                    await bell.wait(QUIET)

    async def _with_engine(self, bell: Bell) -> None:
        """Run jobs until there have been none for a while."""
        engine = await self._make_engine()
        self._stopping = False
        try:
            async with self.db.begin() as conn:
                await runs.beat(conn, self.executor)
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
        queues = [Queue("default", concurrency=None), *declared]
        return kind(self.db.direct, self.executor, self.run_job, queues, concurrency)

    async def _feed(self, engine: Engine, bell: Bell) -> None:
        """Hand over what is waiting, for as long as there is work."""
        idle_since: float | None = None
        while True:
            if await self._hand(engine) == HAND_AT_ONCE:
                continue
            async with self.db.read() as conn:
                work = bool(self._runs) or await runs.has_work(conn)
            now = anyio.current_time()
            idle_since = None if work else idle_since or now
            if idle_since is not None and now - idle_since > IDLE:
                return
            await bell.wait(QUIET)
            await anyio.sleep(0.01)  # what comes at the same moment goes together

    async def _hand(self, engine: Engine) -> int:
        async with self.db.read() as conn:
            if not await runs.waiting(conn, 1, lock=False):
                return 0
        async with self.db.begin() as conn:
            found = await runs.waiting(conn, HAND_AT_ONCE)
            if found:
                token = await runs.hand(conn, [name for name, _, _ in found])
                await engine.enqueue(conn, found, token)
        return len(found)

    async def run_job(self, job: str, token: int) -> bool:
        """Run one job that was claimed for this process; nothing happens when it is not to be run any more.

        Returns:
            Whether the claim has served its purpose; False when this worker is stopped while the database is away.
        """
        self._claimed.add(job)
        try:
            return await self._run_claimed(job, token)
        finally:
            self._claimed.discard(job)

    async def _run_claimed(self, job: str, token: int) -> bool:
        while not self._stopping:
            try:
                row = await self._starts((job, token))
                if row is not None:
                    await self._run(row)
                return True
            # The database is away: the claim is ours until the row says what became of the job.
            except Refused as refused:
                log.warning("job %s has to wait: %s", job, refused.message)
            except Exception as error:  # its text may hold anything
                log.warning("job %s has to wait (%s)", job, _kind(error))
            await anyio.sleep(PAUSE)
        try:
            await self._let_go(job, token)
        except Refused as refused:  # whoever rescues this worker's claims has it then
            log.warning("job %s can't be handed back now: %s", job, refused.message)
            return False
        return True

    async def _let_go(self, job: str, token: int) -> None:
        """Let a job that was handed out under this token be handed anew, to whichever worker."""
        async with self.db.begin() as conn:
            if await runs.unhand(conn, job, token):
                await self.events.append(conn, job, "state", {"state": "queued"})
        await self.events.notify(job, work=True)

    async def _run(self, row: dict[str, Any]) -> None:
        run = self._runs[row["id"]] = Run(self.services, row, self._ends)
        try:
            await self._drive(run)
        finally:
            run.over.set()
            if self._runs.get(run.id) is run:
                del self._runs[run.id]

    async def _write_starts(self, claims: Sequence[tuple[str, int]]) -> list[dict[str, Any] | None]:
        async with self.db.begin() as conn:
            rows = await runs.start(conn, claims, self.executor)
            if rows:
                await self.events.append_all(conn, [(job, "state", {"state": "running"}) for job in rows])
        for job in rows:
            await self.events.notify(job)
        return [rows.get(job) for job, _ in claims]

    async def _write_ends(self, ends: Sequence[runs.Ended]) -> list[bool]:
        async with self.db.begin() as conn:
            written = await runs.end(conn, ends)
            mine = [one for one, still in zip(ends, written, strict=True) if still]
            if mine:
                await self.events.append_all(conn, [event for one in mine for event in self._events_of(one)])
        for one in mine:
            await self.events.notify(one.job)
        return written

    def _events_of(self, ended: runs.Ended) -> list[tuple[str, EventKind, dict[str, Any]]]:
        last: list[tuple[str, EventKind, dict[str, Any]]] = [(ended.job, "state", {"state": ended.state})]
        run = self._runs.get(ended.job)
        if run is not None and run.unsaid is not None:
            last.insert(0, (ended.job, "progress", run.unsaid))
        return last

    async def _drive(self, run: Run) -> None:
        tool = self.services.get(Registry).tools.get(run.row["tool"])
        allowed = tool.policy.job.attempts if tool is not None and tool.policy.job is not None else 20
        if run.row["lost"] >= allowed:
            await run.end("failed", error=too_often(run.row["lost"]))
        elif run.row["cancel_at"]:  # while its worker died or was stopped
            await run.end("cancelled")
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
                    unwanted = await runs.to_stop(conn, self.executor)
            except Refused:
                continue
            for job in unwanted:
                if job in self._runs:
                    self._runs[job].stop("cancelled")

    async def _write_progress(self) -> None:
        said = [(run, run.unsaid) for _, run in sorted(self._runs.items()) if run.unsaid is not None]
        if not said:
            return
        async with self.db.begin() as conn:
            for run, progress in said:
                if await runs.write_progress(conn, run.id, run.attempt, progress):
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
                    await runs.beat(conn, self.executor)
                await self._pick_up_strays()
                if self.db.dialect == "postgresql":
                    await self._rescue(engine)
            except Refused as refused:
                log.warning("no sign of life could be given: %s", refused.message)
            except Exception as error:  # the engine's own, of a database that is away; its text may hold anything
                log.warning("the claims of dead workers can't be seen now (%s)", type(error).__name__)
            await anyio.sleep(BEAT_EVERY)

    async def _pick_up_strays(self) -> None:
        """Let jobs that are written down as this executor's, and that it does not run, be handed anew."""
        before = store.now() - int(SILENT * 1_000_000)
        async with self.db.read() as conn:
            strays = [held for held in await runs.held_by(conn, self.executor, before) if held[0] not in self._claimed]
        for job, token in strays:
            await self._let_go(job, token)

    async def _rescue(self, engine: Engine) -> None:
        async with self.db.begin() as conn:
            if not await runs.only_rescuer(conn):
                return
            for dead in await runs.dead_executors(conn, SILENT):
                if dead == self.executor:
                    continue
                taken = await engine.take_over(dead)
                log.warning("worker %s is gone; %d of its jobs go on elsewhere", dead, taken)
                await runs.forget_executor(conn, dead)


def _kind(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # untyped group
    return type(error).__name__  # pyright: ignore[reportUnknownArgumentType] # untyped group
