"""A run as people read it: every event in its order, with what the marks stand for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .journal import Event
from .state import State

LEFT_OUT = frozenset({"native", "salt", "marks", "digest", "named", "took", "call", "cached", "total_in"})
"""Fields that only the run itself needs."""


def as_events(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The events as JSON: seq, kind, at (microseconds since 1970 UTC) and their own fields."""
    state = _state(events)
    return [
        {"seq": event.seq, "kind": event.kind, "at": event.at}
        | state.marks.show({name: value for name, value in event.data.items() if name not in LEFT_OUT})
        for event in events
    ]


def as_markdown(events: Sequence[Event]) -> str:
    """The run as one document, step by step: what the model said, what it called, what came of it.

    It holds no time and nothing of how often the run was begun again, so that a run reads the same however it went.
    """
    state = _state(events)
    if not state.begun:
        return "The run has not begun yet.\n"
    begun = state.begun
    parts = [f"# Run of {begun['agent']} {begun['version']}", state.marks.show(begun["task"])]
    for exchange in state.exchanges:
        parts.append(f"## Step {exchange.number}: {exchange.data['model']}")
        if exchange.data["text"]:
            parts.append(state.marks.show(exchange.data["text"]))
        for wanted in exchange.wanted:
            given = wanted.call.arguments
            shown = wanted.call.text if given is None else json.dumps(given, ensure_ascii=False)
            parts.append(f"### {wanted.call.name}\n\n{_code(state.marks.show(shown))}")
            if wanted.waits:
                parts.append(f"A person was asked to agree to {wanted.waits}.")
            if wanted.result is not None:
                parts.append(f"{wanted.result['code']}\n\n{_code(state.marks.show(wanted.result['text']))}")
        if exchange.note:
            parts.append(f"The server: {exchange.note}")
    return "\n\n".join([*parts, _ending(state)]) + "\n"


def _ending(state: State) -> str:
    if state.ended is None:
        return "The run goes on."
    ended = state.ended
    text = f"## {ended['outcome'].capitalize()}"
    if ended.get("why"):
        text += f"\n\n{ended['why']}"
    if ended.get("output") is not None:
        text += f"\n\n{_code(json.dumps(ended['output'], ensure_ascii=False, indent=2))}"
    return "\n\n".join([text, *state.warnings, *ended.get("warnings", [])])


def _state(events: Sequence[Event]) -> State:
    state = State()
    for event in events:
        state.take(event)
    return state


def _code(text: str) -> str:
    """The text in a fence that it can't end."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"
