"""Calls of an ask that have ended, in this run of the job or an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .asking import Attempt, Booked, Choice
from .flight import Flight
from .keeping import open_choice, open_error, open_turn
from .port import Kind, LLMError, Turn
from .system import LOST

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Past:
    """A call of this ask that has ended."""

    call: str
    state: Literal["done", "failed", "lost"]
    choice: Choice
    turn: Turn
    error: LLMError | None
    forwarded: bool
    booked: Booked
    cost: int | None
    first_s: float | None
    total_s: float
    kept: bool

    def attempt(self) -> Attempt:
        error: Kind | Literal["lost"] | None = "lost" if self.state == "lost" else None
        if self.error is not None:
            error = self.error.kind
        words = LOST if self.state == "lost" else "" if self.error is None else self.error.message
        return Attempt(self.call, self.choice.name, error, self.booked, usd(self.cost), words)


def flown(flight: Flight) -> Past:
    return Past(
        flight.call,
        "done" if flight.error is None else "failed",
        flight.chosen.choice,
        flight.turn,
        flight.error,
        flight.forwarded,
        flight.booked,
        flight.cost,
        flight.first_s,
        flight.total_s,
        kept=False,
    )


def past_of(row: dict[str, Any]) -> Past:
    answer: dict[str, Any] = row["answer"]
    turn = open_turn(answer["turn"]) if answer.get("turn") else Turn()
    error = open_error(answer["error"], turn) if answer.get("error") else None
    return Past(
        row["id"],
        row["state"],
        open_choice(answer["choice"]),
        turn,
        error,
        answer.get("forwarded", False),
        row["booked"],
        row["cost"],
        None if row["first_ms"] is None else row["first_ms"] / 1000,
        (row["total_ms"] or 0) / 1000,
        kept=True,
    )


def usd(cost: int | None) -> float | None:
    return None if cost is None else cost / MICRO
