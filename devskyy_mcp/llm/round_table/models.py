"""What tools say of rounds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .brief import Mode
from .decide import Decided

EntryState = Literal["stands", "disqualified", "late", "lost", "failed"]
JudgeState = Literal["scored", "useless", "late", "lost", "failed"]


class _View(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RoundResult(_View):
    """What a round came to."""

    round: str = Field(description="For round_table_show and round_table_pick.")
    answer: str
    model: str
    number: int = Field(description="Of the winner among the answers.")
    how: Decided
    why: str
    p_best: float | None = Field(default=None, description="Chance that it is the best, by the judges.")
    fused: bool = False
    answers: int = Field(description="That stood.")
    cost_usd: float
    warnings: list[str]
    played_at: str | None = Field(default=None, description="When the same brief was played: nothing was asked anew.")
    trust: Literal["untrusted"] | None = None


class ScoreView(_View):
    judge: str
    criterion: str
    score: int
    evidence: str


class EntryView(_View):
    number: int
    model: str
    state: EntryState
    reasons: list[str] = Field(description="Why it was disqualified, or did not come.")
    text: str
    cost_usd: float | None = None
    seconds: float | None = None
    mean: float | None = Field(default=None, description="In standard deviations of the judges' scores.")
    p_best: float | None = None
    scores: list[ScoreView]


class JudgeView(_View):
    judge: str
    state: JudgeState
    order: list[int] = Field(description="In which it saw the answers; its own provider's are not among them.")
    dropped: int = Field(description="Scores whose evidence does not stand in the answer.")
    why: str = ""


class RoundView(_View):
    round: str
    kind: str
    mode: Mode
    state: Literal["running", "done", "failed"]
    brief_sha256: str
    prompt: str
    rubric: dict[str, float] = Field(description="Criteria with their weights.")
    winner: int | None = None
    picked: int | None = Field(default=None, description="By a person, instead.")
    how: Decided | None = None
    why: str = ""
    answer: str | None = None
    entries: list[EntryView]
    judges: list[JudgeView]
    flips: str = Field(description="How often another order changed a judge's mind.")
    cost_usd: float
    warnings: list[str]
    experiments: list[str] | None = Field(default=None, description="A/B tests of its answers.")
    trust: Literal["untrusted"] | None = Field(default=None, description="Customers' texts may be in it.")


class StandingView(_View):
    model: str
    chance: float = Field(description="Of a better answer than an average model, by Bradley and Terry.")
    won: float = Field(description="Share of duels won; recent ones count more, a person's picks fivefold.")
    low: float = Field(description="Its 95 % interval.")
    high: float
    duels: float


class Standings(_View):
    kind: str | None = None
    rounds: int
    models: list[StandingView] = Field(description="The best first.")
    position_flips: float | None = Field(
        default=None, description="Share of judgements that changed with the order; absent where none was repeated."
    )
    repeats: int
    judges: dict[str, float] = Field(description="How far each agrees with people's picks, 0.5 where not known.")
