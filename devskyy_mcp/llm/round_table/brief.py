"""What a round is about, frozen before anybody is asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from ...errors import Code, Refused

Mode = Literal["compete", "solo", "fuse", "cascade"]
Kind = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
Language = Literal["en", "de", "fr", "es", "it", "nl", "pt"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LONGEST_PROMPT = 50_000
LONGEST_ANSWER = 100_000
MOST_WORDS = 100
"""Facts, forbidden words and hosts, each."""
LONGEST_WORDS = 300
LOWEST, HIGHEST = 1, 5


class Criterion(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=30)
    weight: float = Field(default=1, gt=0)
    worst: str = Field(min_length=3, max_length=200)
    best: str = Field(min_length=3, max_length=200)


class HardChecks(BaseModel):
    """What an answer must meet."""

    model_config = ConfigDict(extra="forbid", strict=True)

    min_chars: int = Field(default=1, ge=1)
    max_chars: int = Field(default=20_000, ge=1)
    facts: dict[str, str] = Field(default={}, description="Must stand in it.")
    forbidden: list[str] = []
    language: str | None = None
    link_hosts: list[str] = []


def _of(*rows: tuple[str, float, str, str]) -> tuple[Criterion, ...]:
    return tuple(Criterion(name=name, weight=weight, worst=worst, best=best) for name, weight, worst, best in rows)


RUBRICS: dict[str, tuple[Criterion, ...]] = {
    "copy": _of(
        ("brief", 3, "Leaves out what was asked for, or does something else.", "Does all that was asked, no more."),
        ("truth", 3, "Claims what the brief does not say.", "Claims only what the brief says."),
        ("voice", 2, "Stock phrases that fit any shop.", "Sounds like one brand, concrete and alive."),
        ("reading", 2, "Has to be read twice.", "Reads easily, in a good order, without waste."),
    ),
    "analysis": _of(
        ("right", 3, "Draws what the data does not show.", "Each conclusion follows from the data given."),
        ("whole", 2, "Misses what matters most.", "Covers what matters, the most important first."),
        ("useful", 3, "Nothing can be done with it.", "Says what to do next, and why."),
        ("clear", 1, "Vague, or hard to follow.", "Plain, exact and short."),
    ),
    "reply": _of(
        ("answers", 3, "Leaves the question open.", "Answers what was asked, entirely."),
        ("truth", 3, "Promises what the brief does not allow.", "Promises only what the brief allows."),
        ("tone", 2, "Cold, servile or defensive.", "Warm, calm and respectful."),
        ("brief", 1, "Long-winded.", "As short as it can be."),
    ),
}
RubricName = Literal["copy", "analysis", "reply"]


class Brief(BaseModel):
    """A frozen brief. ``budget_usd`` bounds all calls of the round together; ``deadline_s`` is for the drafts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    prompt: str
    rubric: tuple[Criterion, ...]
    checks: HardChecks
    mode: Mode
    k: int
    budget_usd: float
    deadline_s: float
    output_schema: dict[str, Any] | None = None

    @property
    def sha256(self) -> str:
        """The same brief has the same."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()

    @property
    def weights(self) -> dict[str, float]:
        """Of the criteria; they sum up to 1."""
        total = sum(one.weight for one in self.rubric)
        return {one.name: one.weight / total for one in self.rubric}


def freeze(brief: Mapping[str, Any], rubric: Sequence[Criterion] | RubricName) -> Brief:
    """The brief with its rubric, once it makes sense.

    Raises:
        Refused: INVALID_ARGUMENTS, with what contradicts what.
    """
    criteria = RUBRICS[rubric] if isinstance(rubric, str) else tuple(rubric)
    made = Brief(rubric=criteria, **brief)
    wrong = [*_wrong_rubric(criteria), *_wrong_checks(made.checks), *_wrong_schema(made.output_schema)]
    if not made.prompt.strip():
        wrong.append("the prompt is empty")
    if wrong:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"This is no brief: {'; '.join(wrong)}.",
            "Nothing was asked; correct it.",
        )
    return made


def _wrong_rubric(criteria: Sequence[Criterion]) -> list[str]:
    names = [one.name for one in criteria]
    wrong = [f"the criterion {name} stands there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    wrong += [f"{one.name}: a 1 and a 5 are the same" for one in criteria if _plain(one.worst) == _plain(one.best)]
    if not 3 <= len(criteria) <= 6:
        wrong.append(f"a rubric has 3 to 6 criteria, not {len(criteria)}")
    return wrong


def _wrong_checks(checks: HardChecks) -> list[str]:
    wrong: list[str] = []
    for name in ("facts", "forbidden", "link_hosts"):
        given: dict[str, str] | list[str] = getattr(checks, name)
        words = [*given, *given.values()] if isinstance(given, dict) else given
        if len(given) > MOST_WORDS or not all(0 < len(one.strip()) <= LONGEST_WORDS for one in words):
            wrong.append(f"{name} has more than {MOST_WORDS}, or one that is empty or over {LONGEST_WORDS} characters")
    if checks.max_chars > LONGEST_ANSWER:
        wrong.append(f"max_chars is more than {LONGEST_ANSWER:,}")
    if checks.min_chars > checks.max_chars:
        wrong.append("min_chars is more than max_chars")
    for name, value in checks.facts.items():
        wrong += [
            f"the fact {name} must stand in the answer and holds {word!r}, which is forbidden"
            for word in checks.forbidden
            if _plain(word) in _plain(value)
        ]
    if checks.language is not None and checks.language not in LANGUAGES:
        wrong.append(f"language is none of {', '.join(LANGUAGES)}")
    if sum(map(len, checks.facts.values())) > checks.max_chars:
        wrong.append("the facts alone are longer than max_chars")
    return wrong


def _wrong_schema(schema: Mapping[str, Any] | None) -> list[str]:
    if schema is None:
        return []
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return [f"output_schema is no JSON Schema ({error.json_path})"]
    return [] if schema.get("type") == "object" else ["output_schema must be of an object"]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
