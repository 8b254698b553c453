"""What the systems have in common whose operations are requests of their own, and can't be taken back once done."""

from __future__ import annotations

from collections.abc import Sequence

from ..context import Context
from .model import JournalOp, LeftAlone, Op, Outcome


class OneWay:
    """Part of a ``System``: each op goes alone, nothing is locked or read for it, and nothing undoes it."""

    in_flight = 1
    no_way_back: str
    """Why it can't be taken back."""

    def groups(self, ops: Sequence[Op]) -> list[list[Op]]:
        return [[op] for op in ops]

    def object_keys(self, op: Op) -> list[str]:  # noqa: ARG002 # as the port names it
        return []

    async def check(self, ops: Sequence[Op]) -> list[Outcome | None]:
        return [None for _ in ops]

    async def stage_undo(self, ctx: Context, ops: Sequence[JournalOp]) -> None:
        assert ctx.unit is not None
        for item in ops:
            ctx.unit.leave(LeftAlone(item.op.label, "impossible", self.no_way_back))
