"""Events of an answer put together to a turn, whole or as far as it has come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from .port import Event, Native, ReasoningDelta, Start, Stop, TextDelta, ToolCall, ToolEnd, Turn, Usage, Used


class Folding:
    """Puts events together to a turn."""

    def __init__(self) -> None:
        self._start = Start("")
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[ToolCall] = []
        self._usage = Usage()
        self._native: dict[str, Any] = {}
        self._stop: Stop | None = None

    def take(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._text.append(text)
            case ReasoningDelta(text):
                self._reasoning.append(text)
            case ToolEnd(id=call, name=name, text=text):
                self._calls.append(ToolCall(call, name, text))
            case Used(usage):
                self._usage = usage
            case Native(provider, turn):
                self._native[provider] = turn
            case Start():
                self._start = event
            case Stop():
                self._stop = event
            case _:
                pass

    @property
    def turn(self) -> Turn:
        """As far as it has come."""
        return Turn(
            self._start.model,
            "".join(self._text),
            "".join(self._reasoning),
            tuple(self._calls),
            self._usage,
            dict(self._native),
            self._stop,
            self._start.request_id,
        )


async def fold(events: AsyncIterator[Event]) -> Turn:
    """The whole answer."""
    folding = Folding()
    async for event in events:
        folding.take(event)
    return folding.turn
