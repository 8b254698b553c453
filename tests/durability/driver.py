"""What runs inside a DevSkyy process of these tests: one job, at a failpoint of which the process may kill itself.

The product knows nothing of failpoints: they are put around its functions here.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import anyio

from devskyy_mcp.app import App, build, installed_packs, local_principal
from devskyy_mcp.changes import bulk, commit, locks, operations, store
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.changes.commit import Committer
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Refused
from devskyy_mcp.guard.audit_check import verify
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import store as jobs_store
from devskyy_tools.shop import system

POLL = 0.05
FENCE = 0.5
"""Instead of 8 s, in every process of these tests, so that settling does not wait longer."""
GROUP = 25
"""Objects in a batch, so that a hundred of them are more groups than are under way at once."""
PACKS = installed_packs()  # loaded before processes are forked off

FAILPOINTS: dict[str, tuple[str, str]] = {
    "before_intent": ("_intend", "after"),  # all rows are written, the transaction is not committed
    "after_intent": ("_send_all", "before"),
    "between_groups": ("_mark", "before"),  # two groups are answered, the third is not marked as sent
    "after_mark": ("_mark", "after"),  # the third is marked as sent, and has not left
    "after_answer": ("_finish", "before"),
}
"""Per name the method of the Committer, and whether the process dies before or after it."""

BIG_FAILPOINTS: dict[str, tuple[Any, str, str, int]] = {
    "before_handing_over": (jobs_store, "insert", "after", 1),  # all is written, the transaction is not committed
    "before_work": (bulk, "carry_out", "before", 1),
    "before_mark": (bulk.Run, "mark", "before", 3),  # two chunks are answered, nothing of that is written
    "marking": (operations, "mark_sent", "after", 3),  # inside the transaction that marks the third
    "chunk_marked": (bulk.Run, "mark", "after", 3),  # the third is marked as sent, and has not left
    "chunk_answered": (bulk.Run, "sent", "after", 3),  # it has left and was answered, nothing of that is written
    "before_end": (bulk.Run, "finish", "before", 1),
    "ending": (locks, "unlock", "after", 1),  # inside the last transaction
}
"""The same for sets that a job carries out: whose function, and at which of its calls."""


@dataclass
class Job:
    """One call, or ``settle``: run until nothing is open. ``approve``: a person agrees when one is asked."""

    settings: dict[str, Any]
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    approve: bool = True
    failpoint: str = ""
    stop: str = ""
    """Failpoint at which the process stops (SIGSTOP) instead of dying."""
    settle: bool = False
    carry: str = ""
    """Change that this process carries out, as the worker that has its job does."""


def work(job: Job, pipe: Connection) -> None:
    """Entry of the process."""
    pipe.send(anyio.run(_work, job))
    pipe.close()


async def _work(job: Job) -> dict[str, Any]:
    commit.FENCE = FENCE
    system.CHUNKS = (GROUP, GROUP)
    if job.failpoint in BIG_FAILPOINTS:
        _arm_big(*BIG_FAILPOINTS[job.failpoint])
    elif job.failpoint:
        _arm(job.failpoint, signal.SIGKILL)
    if job.stop:
        _arm(job.stop, signal.SIGSTOP)
    app = build(Settings(_env_file=None, **job.settings), PACKS)  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
    if job.settle:
        return await _settle(app)
    if job.carry:
        return await _carry(app, job.carry)
    try:
        return {"data": await _call(app, job)}
    except Refused as refused:
        return {"refused": refused.as_dict()}
    finally:
        await app.close()


async def _call(app: App, job: Job) -> dict[str, Any]:
    result = await app.road.invoke(Call(local_principal(), job.tool, job.arguments, "cli"))
    if result.data["state"] != "waits_for_person" or not job.approve:
        return result.data
    ctx = Context(local_principal(), app.services, surface="cli")
    view = await app.changes.decided(ctx, result.data["change"], Person("Grace", "terminal"), agreed=True)
    return view.model_dump(mode="json", exclude_none=True)


async def _carry(app: App, change: str) -> dict[str, Any]:
    async def alive(_conn: Any) -> None:
        """No other process has the job."""

    try:
        ctx = Context(local_principal(), app.services, surface="worker")
        view = await app.changes.carry_out(ctx, change, alive)
        return {"data": view.model_dump(mode="json", exclude_none=True)}
    finally:
        await app.close()


async def _settle(app: App) -> dict[str, Any]:
    """The server as it starts, until every set that a vanished process left is resolved."""
    async with app.running(eager=True):
        db = app.services.get(Database)
        with anyio.fail_after(20):
            while True:
                async with db.read() as conn:
                    if not await store.open_sets(conn):
                        break
                await anyio.sleep(POLL)
        verdict = await verify(db)
    return {"data": {"audit_ok": verdict.ok}}


def _arm(name: str, number: int) -> None:
    method, when = FAILPOINTS[name]
    whole: Any = getattr(Committer, method)
    armed = True

    async def fails(*given: Any, **named: Any) -> Any:
        nonlocal armed
        if when == "before" and armed:
            armed = False
            os.kill(os.getpid(), number)
        answer = await whole(*given, **named)
        if when == "after" and armed:
            armed = False
            os.kill(os.getpid(), number)
        return answer

    setattr(Committer, method, fails)


def _arm_big(owner: Any, name: str, when: str, nth: int) -> None:
    whole: Any = getattr(owner, name)
    calls = 0

    async def fails(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls == nth
        if mine and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await whole(*given, **named)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, fails)
