"""What all parts of a round share: its job, who sits at the table, its rows, and how a model is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import anyio

from ...context import Context
from ...db.failures import DatabaseRefused
from ...errors import Code, Refused
from ...guard.audit import now_us
from ...jobs.model import Job
from ...jobs.run import Run
from ..asking import Answer, Unanswered, Want
from ..gateway import Gateway
from ..models import Model
from ..names import Name
from ..port import Request
from .asking import Table
from .brief import Brief
from .drafts import GRACE, GRACE_RESUMED
from .models import EntryState, JudgeState

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from .service import RoundTable

Json = dict[str, Any]
MILLION = 1_000_000
_DRAFT: dict[EntryState, str] = {
    "stands": "has answered", "disqualified": "is disqualified", "failed": "has failed", "lost": "is lost",
    "late": "is late",
}  # fmt: skip
_SHEET: dict[JudgeState, str] = {
    "scored": "has judged",
    "useless": "gave no sheet",
    "failed": "has failed",
    "lost": "is lost",
    "late": "is late",
}


class Playing:
    """A round under way. ``models``, ``table`` and ``trust`` (per judge from 0 to 1) are there once it is laid."""

    def __init__(self, service: RoundTable, ctx: Context, brief: Brief) -> None:
        self.service = service
        self.brief = brief
        self.run = cast("Run", ctx.get(Job))
        self.gateway = ctx.get(Gateway)
        self.models: Mapping[str, Model] = {}
        self.table = Table((), 0, (), {}, 0.0)
        self.trust: Mapping[str, float] = {}
        self.warnings: list[str] = []
        self.services = ctx.services
        self._ctx = ctx
        self._telling = anyio.Lock()
        """Events of a job are numbered one behind the other; drafts come at once."""

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def resumed(self) -> bool:
        """Whether an earlier run of the job may have left something."""
        return self.run.attempt > 1

    @property
    def grace(self) -> float:
        """The shortest grace, in seconds."""
        return GRACE_RESUMED if self.resumed else GRACE

    def drafter(self, number: int) -> str:
        """Whose draft has that number."""
        return self.table.drafters[(number - 1) % len(self.table.drafters)]

    def warn(self, words: str) -> None:
        if words not in self.warnings:
            self.warnings.append(words)

    async def say(self, words: str, done: int = 0, total: int | None = None) -> None:
        await self._ctx.progress(done, total, words)

    async def load(self, models: Iterable[str]) -> None:
        """Have these models' clients ready: the first use of each takes seconds, which are not the provider's."""

        async def one(name: Name) -> None:
            with contextlib.suppress(Refused):  # the ask says so
                await self.gateway.adapter(name)

        names: set[Name] = {self.models[model].provider for model in models if model in self.models}
        async with anyio.create_task_group() as tasks:
            for name in sorted(names):
                tasks.start_soon(one, name)

    async def ask(
        self, step: str, model: str, request: Request, seconds: float, budget: float
    ) -> tuple[Answer | None, str]:
        """The model's answer, or None and why there is none."""
        want = Want(self.brief.kind, only=(model,), tries=2, deadline_s=seconds, job_usd=budget)
        try:
            return await self.gateway.ask(self._ctx, step, want, request), ""
        except DatabaseRefused:
            raise
        except Unanswered as error:
            return None, f"{error.message} ({error.kind})"
        except Refused as refused:
            if refused.code == Code.OVER_BUDGET:
                self.warn("Its budget was too small for all that were to be asked; round_table_show says whom.")
            return None, refused.message

    async def entries(self) -> list[Json]:
        """What was drafted, in the order of the numbers."""
        from . import store

        async with self.run.db.read() as conn:
            return await store.entries(conn, self.id)

    async def scores(self) -> list[Json]:
        """What was judged, in the order of the seats."""
        from . import store

        async with self.run.db.read() as conn:
            return await store.scores(conn, self.id)

    async def add_entry(
        self, number: int, model: str, state: EntryState, text: str, reasons: Sequence[str], answer: Answer | None
    ) -> None:
        from . import store

        cost = None if answer is None or answer.total_usd is None else round(answer.total_usd * MILLION)
        row = {
            "round": self.id, "number": number, "model": model, "state": state,
            "body": {"text": text, "reasons": list(reasons)}, "cost": cost,
            "ms": None if answer is None else round(answer.latency_s * 1000), "at": now_us(),
        }  # fmt: skip
        async with self._telling, self.run.writing() as conn:
            await store.add_entry(conn, row)
            await self._tell(conn, f"drafting: {model} {_DRAFT[state]}")
        await self.run.events.notify(self.id)

    async def add_score(self, number: int, judge: str, state: JudgeState, body: Json, best: int | None) -> None:
        from . import store

        row = {
            "round": self.id, "seat": number, "judge": judge, "state": state, "body": body, "best": best,
            "at": now_us(),
        }  # fmt: skip
        async with self._telling, self.run.writing() as conn:
            await store.add_score(conn, row)
            await self._tell(conn, f"judging: {judge} {_SHEET[state]}")
        await self.run.events.notify(self.id)

    async def _tell(self, conn: AsyncConnection, words: str) -> None:
        """An event of its own in the job's log: how far it is is written twice a second only."""
        await self.run.events.append(conn, self.id, "log", {"message": words})
