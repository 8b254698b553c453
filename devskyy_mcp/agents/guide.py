"""The brand guide: what every agent is given to read before it writes, edited by the brand, with all its revisions.

It is a System that changes are sent to, so preview, diff, consent, audit and undo are those of any write.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..changes.model import JournalOp, LeftAlone, Op, Outcome
from ..db.database import Database
from ..errors import Code, Refused
from ..render import Embedded

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..context import Context

SYSTEM = "brand"
URI = "devskyy://brand-guide"
SECTIONS = {
    "voice": "Voice",
    "words": "Words to use and to avoid",
    "colours": "Colours",
    "sizes": "Sizes",
    "claims": "Claims",
    "photos": "Photo rules",
}
"""The sections by key, with their headings, in their order."""
NOT_WRITTEN = "Not written yet: keep to what the shop's own texts do, and say so."
_DEMO = Path(__file__).with_name("demo_guide.md")
_LABEL = "the brand guide"


@dataclass(frozen=True, slots=True)
class Guide:
    """A revision.

    Args:
        revision: 0 before anybody has written one.
        sections: Markdown by key; what nobody has written is left out.
        at: when it was written, microseconds since 1970 UTC; 0 for revision 0.
        principal: who wrote it; empty for revision 0.
    """

    revision: int
    sections: Mapping[str, str]
    at: int = 0
    principal: str = ""

    @property
    def markdown(self) -> str:
        """The whole guide as one document."""
        parts = [f"## {heading}\n\n{self.sections.get(key) or NOT_WRITTEN}" for key, heading in SECTIONS.items()]
        return "\n\n".join(["# Brand guide", *parts])

    @property
    def embedded(self) -> Embedded:
        return Embedded(URI, "text/markdown", self.markdown)


@cache
def _demo() -> dict[str, str]:
    keys = {heading: key for key, heading in SECTIONS.items()}
    parts = _DEMO.read_text(encoding="utf-8").split("\n## ")[1:]
    found = (part.split("\n", 1) for part in parts)
    return {keys[heading.strip()]: text.strip() for heading, text in found}


class Guides:
    """The guide, and the System that writes it.

    Args:
        db: where the revisions are.
        demo: whether this is the demo shop, whose brand has a guide from the start.
    """

    name = SYSTEM
    quiet_after = 0.0
    in_flight = 1
    proves_absence = True

    def __init__(self, db: Database, *, demo: bool) -> None:
        self._db = db
        self._first = Guide(0, _demo() if demo else {})

    async def latest(self) -> Guide:
        """The guide as it is now."""
        async with self._db.read() as conn:
            return await self._latest(conn)

    async def _latest(self, conn: AsyncConnection) -> Guide:
        import sqlalchemy as sa

        from ..db.tables import brand_guides

        newest = sa.select(brand_guides).order_by(brand_guides.c.revision.desc()).limit(1)
        row = (await conn.execute(newest)).mappings().first()
        if row is None:
            return self._first
        return Guide(row["revision"], row["sections"], row["created_at"], row["principal"])

    async def stage(self, ctx: Context, sections: Mapping[str, str]) -> Op | None:
        """Stage what differs from the guide as it is; None when nothing does."""
        assert ctx.unit is not None
        now = await self.latest()
        body = {key: text.strip() for key, text in sections.items() if text.strip() != now.sections.get(key, "")}
        if not body:
            return None
        return ctx.unit.add(self._op(body, {key: now.sections.get(key, "") for key in body}, ctx.principal.id))

    def _op(self, body: dict[str, Any], before: dict[str, Any], principal: str) -> Op:
        op = Op(SYSTEM, "update", "guide", "guide", body, before, label=_LABEL, note={"principal": principal})
        op.effects = ["Every agent reads it from its next task on"]
        return op

    # ---- the System --------------------------------------------------------------------------------------------

    def groups(self, ops: Sequence[Op]) -> list[list[Op]]:
        return [[op] for op in ops]

    def object_keys(self, op: Op) -> list[str]:  # noqa: ARG002 # as the port names it
        return ["brand/guide"]

    async def check(self, ops: Sequence[Op]) -> list[Outcome | None]:
        now = await self.latest()
        return [_drift(op, now) for op in ops]

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        return [await self._write(change, op) for op in ops]

    async def _write(self, change: str, op: Op) -> Outcome:
        from ..db.tables import brand_guides

        try:
            async with self._db.begin() as conn:
                now = await self._latest(conn)
                drift = _drift(op, now)
                if drift is not None:
                    return Outcome("failed", error=drift.error)
                sections = {key: text for key, text in {**now.sections, **op.body}.items() if text}
                row = {
                    "revision": now.revision + 1,
                    "sections": sections,
                    "principal": op.note.get("principal", ""),
                    "change_id": change,
                    "created_at": time.time_ns() // 1000,
                }
                await conn.execute(brand_guides.insert().values(row))
        except Refused as refused:
            return Outcome("unknown", error=refused.as_dict())  # the database went away, perhaps after it had written
        return Outcome("done", "guide", after=dict(op.body), inverse=dict(op.before))

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        import sqlalchemy as sa

        from ..db.tables import brand_guides

        changes = {item.change for item in ops}
        async with self._db.read() as conn:
            written = sa.select(brand_guides.c.change_id).where(brand_guides.c.change_id.in_(changes))
            found = set((await conn.execute(written)).scalars())
        return [
            Outcome("done", "guide", after=dict(item.op.body), inverse=dict(item.op.before))
            if item.change in found
            else Outcome("not_sent")
            for item in ops
        ]

    async def stage_undo(self, ctx: Context, ops: Sequence[JournalOp]) -> None:
        assert ctx.unit is not None
        now = await self.latest()
        was = dict(now.sections)
        for item in reversed(ops):
            ours = item.outcome.after
            theirs = {key: was.get(key, "") for key in ours}
            if theirs != ours:
                ctx.unit.leave(LeftAlone(_LABEL, "left_alone", "It was changed since.", ours, theirs))
            else:
                was.update(item.outcome.inverse or {})
        await self.stage(ctx, was)


def _drift(op: Op, now: Guide) -> Outcome | None:
    if all(now.sections.get(key, "") == text for key, text in op.before.items()):
        return None
    return Outcome("skipped", error={"code": str(Code.STALE), "message": "The brand guide was changed meanwhile."})
