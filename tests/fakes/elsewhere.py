"""Jobs moved as whoever runs them moves them, here or in another process: their rows and events in one transaction.

async with elsewhere(url) as there:
    await there.do("add", "job_a", "user:ada")
    await there.do("start", "job_a")
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from devskyy_mcp.db.database import Database
from devskyy_mcp.db.wake import Wake
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.events import Events
from devskyy_mcp.jobs.model import EventKind

PAID = "make"
"""The name of the paid call that a job in review waits for."""
SCHEMA = {"type": "object", "properties": {"size": {"enum": ["S", "M"]}}, "required": ["size"]}


class Hands:
    """What a worker does to a job's row and events."""

    def __init__(self, db: Database, events: Events | None = None) -> None:
        self.db = db
        self.events = events or Events(db, Wake(db.dsn))

    async def add(self, job: str, principal: str, tool: str = "woo_catalog_export") -> None:
        """A job that waits for its turn."""
        from devskyy_mcp.jobs import store

        at = store.now()
        row: dict[str, Any] = dict.fromkeys(column.name for column in store.jobs.columns if column.nullable) | {
            "id": job,
            "principal": principal,
            "caller": [principal, "user", [], principal],
            "surface": "rest",
            "tool": tool,
            "arguments": {},
            "queue": "default",
            "priority": 100,
            "state": "queued",
            "attempt": 0,
            "lost": 0,
            "request_hash": job,
            "created_at": at,
            "deadline_at": at + 3_600_000_000,
        }
        async with self.db.begin() as conn:
            await store.insert(conn, row)
            await self.events.append(conn, job, "state", {"state": "queued"})
        await self.events.notify(job)

    async def _write(self, job: str, kind: EventKind, data: dict[str, Any], **values: Any) -> None:
        from devskyy_mcp.jobs import store

        async with self.db.begin() as conn:
            sealed = self.db.vault.seal_values("jobs", job, values)
            await conn.execute(store.jobs.update().where(store.c.id == job).values(**sealed))
            await self.events.append(conn, job, kind, data)
        await self.events.notify(job)

    async def move(self, job: str, state: str, **values: Any) -> None:
        """Put the job into the state."""
        await self._write(job, "state", {"state": state}, state=state, **values)

    async def start(self, job: str) -> None:
        await self.move(job, "running", attempt=1, started_at=time.time_ns() // 1000)

    async def end(self, job: str, state: str = "succeeded") -> None:
        await self.move(job, state, finished_at=time.time_ns() // 1000)

    async def progress(self, job: str, done: int, total: int) -> None:
        data = {"done": done, "total": total, "sent_at": time.time_ns()}
        await self._write(job, "progress", data, progress={"done": done, "total": total})

    async def burst(self, job: str, number: int, pause: float = 0) -> None:
        """So many steps of progress; each is tried again while the database is away."""
        for done in range(1, number + 1):
            while True:
                try:
                    await self.progress(job, done, number)
                    break
                except Refused as refused:
                    if refused.code is not Code.UPSTREAM_UNREACHABLE:
                        raise
                    await anyio.sleep(0.05)
            await anyio.sleep(pause)

    async def timed(self, job: str, number: int, pause: float) -> list[int]:
        """So many steps of progress; when each was committed, in nanoseconds since 1970."""
        committed: list[int] = []
        for done in range(1, number + 1):
            await self.progress(job, done, number)
            committed.append(time.time_ns())
            await anyio.sleep(pause)
        return committed

    async def ask(self, job: str, consent: bool = False) -> None:
        """Let the job ask which size, of anybody or with ``consent`` of a person only."""
        question = {"name": "size", "message": "Which size?", "schema": SCHEMA, "consent": consent}
        await self.move(job, "input_required", question=question)

    async def review(self, job: str) -> None:
        """Let the job wait for a person to find out about its paid call, which is a change set of its own."""
        from devskyy_mcp.changes import operations
        from devskyy_mcp.changes import store as journal
        from devskyy_mcp.changes.model import Op

        at, call = journal.now(), f"{job}.{PAID}"
        row: dict[str, Any] = dict.fromkeys(
            column.name for column in journal.change_sets.columns if column.nullable
        ) | {
            "id": call,
            "principal": "somebody",
            "surface": "job",
            "tool": "woo_catalog_export",
            "arguments": {},
            "plan_hash": "",
            "state": "needs_review",
            "summary": {},
            "reasons": [],
            "created_at": at,
            "expires_at": at,
            "decided_at": at,
        }
        async with self.db.begin() as conn:
            await journal.insert_set(conn, row)
            await operations.insert_ops(conn, call, [Op("provider", "act", "models", None, {"prompt": "a hat"})], {0})
            ops = journal.change_ops
            await conn.execute(ops.update().where(ops.c.change_id == call).values(state="needs_review"))
        await self.move(job, "needs_review", question={"message": "Was it taken?", "call": call})

    async def change(self, folder: str, title: str) -> str:
        """Carry out a write of the notes in this process, over the database in the folder; the change's id."""
        from devskyy_mcp.app import build, local_principal
        from devskyy_mcp.invoke import Call

        from .notes import Notes
        from .packs import changes_pack, notes_pack
        from .served import settings_for

        app = build(settings_for(Path(folder).parent, data_dir=Path(folder)), [notes_pack(Notes()), changes_pack()])
        try:
            arguments = {"title": title}
            return (await app.road.invoke(Call(local_principal(), "notes_create", arguments, "cli"))).data["change"]
        finally:
            await app.close()


class There:
    """The other process."""

    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        self._ask, self._answers = process.stdin, BufferedByteReceiveStream(process.stdout)

    async def do(self, what: str, *given: Any) -> Any:
        """Let it do what the method of that name of ``Hands`` does, and wait until it is committed."""
        await self._ask.send(json.dumps([what, *given]).encode() + b"\n")
        return json.loads(await self._answers.receive_until(b"\n", 65536))


@asynccontextmanager
async def elsewhere(url: str) -> AsyncGenerator[There]:
    """Another process on the database."""
    command = [sys.executable, "-m", "tests.fakes.elsewhere", url]
    async with await anyio.open_process(command, stderr=None) as process:
        assert process.stdin
        try:
            yield There(process)
            await process.stdin.aclose()
            with anyio.fail_after(20):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()


async def _main(url: str) -> None:
    db = Database(url, migrate=True)
    hands = Hands(db)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        what, *given = json.loads(line)
        print(json.dumps(await getattr(hands, what)(*given)), flush=True)  # noqa: T201 # the answer
    await db.close()


if __name__ == "__main__":
    anyio.run(_main, sys.argv[1])
