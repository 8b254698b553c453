"""A run as its events tell it: a pure function of them, so that it is the same after any crash."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ...llm.port import Block, Message, Text, ToolCall, ToolResult
from .journal import Event
from .marks import Marks
from .model import DELIVER, READ_REST, Spent

KEPT_TURNS = 2
"""Turns that stay as they are when those before are summed up."""


@dataclass
class Wanted:
    """A call that a turn asks for. ``seq`` is its intent's number, None before that; ``result`` its result's event."""

    index: int
    call: ToolCall
    seq: int | None = None
    result: dict[str, Any] | None = None
    waits: str = ""

    @property
    def own(self) -> bool:
        """Whether the run itself answers it."""
        return self.call.name in {DELIVER, READ_REST}


@dataclass
class Exchange:
    """A model's turn and what it was answered."""

    number: int
    data: dict[str, Any]
    wanted: list[Wanted]
    note: str = ""

    @property
    def open(self) -> list[Wanted]:
        return [one for one in self.wanted if one.result is None]

    def messages(self) -> list[Message]:
        said: tuple[Block, ...] = (Text(self.data["text"]),) if self.data["text"] else ()
        calls = tuple(one.call for one in self.wanted)
        found = [Message("assistant", said + calls, self.data["native"])] if said + calls else []
        back: list[Block] = [
            ToolResult(one.call.id, one.call.name, one.result["text"], one.result["error"])
            for one in self.wanted
            if one.result is not None
        ]
        if self.note:
            back.append(Text(self.note))
        return [*found, Message("user", tuple(back))] if back else found


@dataclass
class State:
    """All that a run knows of itself."""

    begun: dict[str, Any] = field(default_factory=dict[str, Any])
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    marks: Marks = field(default_factory=lambda: Marks(""))
    summary: str = ""
    summed: int = 0
    """How many exchanges the summary stands for."""
    calls: int = 0
    tokens: int = 0
    micros: int = 0
    unpriced: bool = False
    seconds: float = 0.0
    idle: int = 0
    """Steps since anything new came."""
    tainted: bool = False
    """Whether it, or who asked for it, has read texts of customers or the web."""
    outside: str = ""
    """Links and addresses that texts of customers or the web have named, a line each; ``inside`` the operator's own."""
    inside: str = ""
    changes: list[str] = field(default_factory=list[str])
    done: list[str] = field(default_factory=list[str])
    invalid: defaultdict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    given: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    """Digests of results, by tool and arguments."""
    rests: dict[int, str] = field(default_factory=dict[int, str])
    """Whole texts of results that were cut, by their call's number."""
    refused_deliverables: int = 0
    warnings: list[str] = field(default_factory=list[str])
    ended: dict[str, Any] | None = None

    def take(self, event: Event) -> None:
        """Go on by one event."""
        data = event.data
        self.seconds += data.get("took", 0.0)
        match event.kind:
            case "begun":
                self.begun, self.marks = data, Marks(data["salt"])
                self.marks.values.update(data["marks"])
                self.tainted = data.get("tainted", False)
            case "changed":
                self.begun = {**self.begun, **data}
                step = len(self.exchanges) + 1
                self.warnings.append(
                    f"The agent's file was changed while the run was under way: from step {step} on it went by "
                    f"version {data['version']} as it is now."
                )
            case "turn":
                self._turn(data)
            case "call":
                wanted = self._wanted(data)
                wanted.seq = event.seq
            case "waits":
                self._wanted(data).waits = data["change"]
                self._changed(data["change"])
            case "result":
                self._result(data)
            case "note":
                self.exchanges[-1].note = data["text"]
            case "summary":
                self.summary, self.summed = data["text"], data["exchanges"]
                self._paid(data)
            case "ended":
                self.ended = data

    def _turn(self, data: dict[str, Any]) -> None:
        wanted = [Wanted(index, ToolCall(**call)) for index, call in enumerate(data["calls"])]
        self.exchanges.append(Exchange(len(self.exchanges) + 1, data, wanted))
        self.idle += 1
        self._paid(data)

    def _paid(self, data: dict[str, Any]) -> None:
        self.tokens += data.get("tokens", 0)
        if data.get("micros", 0) is None:
            self.unpriced = True
        self.micros += data.get("micros") or 0

    def _wanted(self, data: dict[str, Any]) -> Wanted:
        turn: int = data["turn"]
        index: int = data["index"]
        return self.exchanges[turn - 1].wanted[index]

    def _changed(self, change: str) -> None:
        if change not in self.changes:
            self.changes.append(change)

    def _result(self, data: dict[str, Any]) -> None:
        wanted = self._wanted(data)
        wanted.result = data
        self._paid(data)
        self.marks.values.update(data.get("marks", {}))
        self.tainted = self.tainted or data["untrusted"]
        named = data.get("named", "")
        if data["untrusted"]:
            self.outside += named
        else:
            self.inside += named
        if data.get("change"):
            self._changed(data["change"])
        if data.get("full") and wanted.seq is not None:
            self.rests[wanted.seq] = data["full"]
        self._counted(wanted, data)

    def _counted(self, wanted: Wanted, data: dict[str, Any]) -> None:
        name = wanted.call.name
        if name == DELIVER:
            self.refused_deliverables += 1
            return
        if data["code"] == "invalid_arguments":
            self.invalid[name] += 1
        if not wanted.own:
            self.calls += 1
            self.done.append(f"{name}: {data['code']}")
        key = signature(wanted.call)
        if not data["error"] and data["digest"] not in self.given[key]:
            self.idle = 0
        self.given[key].append(data["digest"])

    # ---- what the model is told ------------------------------------------------------------------------------------

    def messages(self) -> tuple[Message, ...]:
        """The conversation from the task on, what was summed up by its summary."""
        first: list[Block] = [Text(self.begun["task"])]
        if self.summary:
            first.append(Text(f"# What was done so far\n\n{self.summary}"))
        found = [Message("user", tuple(first))]
        for exchange in self.exchanges[self.summed :]:
            found += exchange.messages()
        return tuple(found)

    @property
    def last(self) -> Exchange | None:
        return self.exchanges[-1] if self.exchanges else None

    @property
    def spent(self) -> Spent:
        return Spent(
            steps=len(self.exchanges),
            tool_calls=self.calls,
            tokens=self.tokens,
            usd=None if self.unpriced else self.micros / 1_000_000,
            seconds=round(self.seconds, 1),
        )


def signature(call: ToolCall) -> str:
    """The tool and its arguments, the same however they are written."""
    given = call.arguments
    text = call.text if given is None else json.dumps(given, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{call.name} {text}".encode(errors="replace")).hexdigest()
