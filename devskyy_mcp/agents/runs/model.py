"""The words of a run: its limits, and how it ended."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TOOL = "agents_run"
SURFACE = "agent"
DELIVER = "deliver"
READ_REST = "result_read"

Outcome = Literal["delivered", "stopped", "declined"]
Limit = Literal[
    "steps", "tool_calls", "tokens", "usd", "wall_s", "budget", "loop", "no_progress", "deliverable", "model"
]
"""What stopped a run: a limit of the agent's file or the caller's; a month's budget; the same call again and again;
five steps without anything new; a deliverable that does not fit its schema; no model that answers.
"""


class Caps(BaseModel):
    """Limits lower than the agent's own."""

    model_config = ConfigDict(extra="forbid", strict=True)
    steps: int | None = Field(default=None, ge=1)
    tool_calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=1)
    usd: float | None = Field(default=None, gt=0)
    wall_s: int | None = Field(default=None, ge=1)


class Spent(BaseModel):
    steps: int
    tool_calls: int
    tokens: int
    usd: float | None = Field(default=None, description="Absent where no price is known.")
    seconds: float = Field(description="At work; waiting for people is not counted.")


class RunEnd(BaseModel):
    """How a run ended."""

    run: str
    agent: str
    version: str
    outcome: Outcome
    output: dict[str, Any] | None = Field(default=None, description="The deliverable, after the agent's schema.")
    limit: Limit | None = Field(default=None, description="What stopped it.")
    why: str | None = None
    done: list[str] = Field(description="Tools that were called, in order, with what came of each.")
    changes: list[str] = Field(description="Changes that it made or proposed.")
    warnings: list[str] = []
    spent: Spent
