"""What people see of a run while it goes on: the job's progress, and its log with the model's words in pieces."""

from __future__ import annotations

from collections.abc import Collection

import anyio

from ...context import Context
from ...llm.port import Event, TextDelta, ToolStart
from .journal import Journal
from .model import DELIVER, READ_REST

EVERY = 0.5
"""Seconds between pieces of a model's words."""
LARGEST = 2_000


class Watch:
    """Args: ``journal`` of the run; ``steps`` that it may take; ``tools`` that it has: what a model calls otherwise may
    be anybody's words, and is not repeated.
    """

    def __init__(self, ctx: Context, journal: Journal, steps: int, tools: Collection[str]) -> None:
        self._ctx = ctx
        self._run = journal.run
        self._steps = steps
        self.at = 0
        """The step that goes on."""
        self._tools = frozenset({*tools, DELIVER, READ_REST})
        self._text = ""
        self._next = 0.0

    async def step(self, number: int) -> None:
        """A step begins."""
        self.at, self._text, self._next = number, "", 0.0
        await self._ctx.progress(number - 1, self._steps, f"Step {number}: asking a model")
        await self.log({"step": number, "asks": "a model"})

    def _named(self, tool: str) -> str:
        return tool if tool in self._tools else "an unknown tool"

    async def calls(self, wanted: list[str]) -> None:
        """Tools are about to be called."""
        names = [self._named(one) for one in wanted]
        await self._ctx.progress(self.at, self._steps, f"Step {self.at}: {', '.join(names[:5])}")
        await self.log({"step": self.at, "calls": names})

    async def waits(self, change: str) -> None:
        """A person must agree to the change first."""
        await self._ctx.progress(self.at, self._steps, f"Step {self.at}: waits for a person to decide {change}")
        await self.log({"step": self.at, "waits": change})

    async def ends(self, outcome: str) -> None:
        await self.log({"step": self.at, "outcome": outcome})

    async def sink(self, event: Event) -> None:
        """Takes the events of a model's answer."""
        if isinstance(event, ToolStart):
            await self._ctx.progress(self.at, self._steps, f"Step {self.at}: wants {self._named(event.name)}")
        if not isinstance(event, TextDelta):
            return
        self._text += event.text
        now = anyio.current_time()
        if now >= self._next or len(self._text) > LARGEST:
            self._next = now + EVERY
            await self.flush()

    async def flush(self) -> None:
        """Tell what has come of a text."""
        text, self._text = self._text, ""
        if text:
            await self.log({"step": self.at, "text": text})

    async def log(self, data: dict[str, object]) -> None:
        async with self._run.writing() as conn:
            await self._run.events.append(conn, self._run.id, "log", data)
        await self._run.events.notify(self._run.id)
