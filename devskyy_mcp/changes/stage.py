"""The unit of work that a write tool's handler stages into."""

from __future__ import annotations

from .model import LeftAlone, Op, plan_hash


class Unit:
    """What one call wants done, in order. Nothing in it has been sent.

    ``title`` says it in one sentence, where the counts do not; ``warnings`` and ``asks`` are of the plan as a whole.
    ``soon``: a person or model has agreed to it and waits, so it is read as fast as the system gives it, with more
    requests than it takes.
    ``undoes``: the changes that it takes back.
    ``untrusted``: values before and now are texts that customers or the web wrote.
    """

    def __init__(self, *, soon: bool = False) -> None:
        self.soon = soon
        self.ops: list[Op] = []
        self.left: list[LeftAlone] = []
        self.undoes: list[str] = []
        self.title: str = ""
        self.warnings: list[str] = []
        self.asks: list[str] = []
        self.untrusted = False

    def add(self, op: Op) -> Op:
        """Stage an op behind those already there; its ``ref`` stands for the object it creates."""
        op.seq = len(self.ops) + 1
        self.ops.append(op)
        return op

    def drop_empty(self) -> None:
        """Let go of updates that others behind them have made needless."""
        self.ops = [op for op in self.ops if op.body or op.kind != "update"]

    def leave(self, left: LeftAlone) -> None:
        """Say that an object stays as it is, and why."""
        self.left.append(left)

    def hash(self) -> str:
        return plan_hash(self.ops)
