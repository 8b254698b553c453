"""A call as a surface received it, what its arguments may be, and what it gave."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from .capability import Capability
from .changes.asking import Person
from .context import Principal, ProgressSink
from .errors import Code, Refused
from .guard.limits import Allowance
from .jobs.deciding import Answers
from .render import text_of

ARGUMENTS_LIMIT = 512 * 1024
canonical = json.JSONEncoder(sort_keys=True, default=str, allow_nan=False).encode
_LONG_NUMBER = re.compile(r"\d{19}")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # behind an even number of backslashes: not a text that names it


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer to the question that an earlier call of the same tool and arguments led to."""

    change: str
    agreed: bool
    person: Person


@dataclass(slots=True)
class Call:
    """One call as a surface received it.

    Args:
        principal: in whose name.
        name: the tool's name.
        arguments: as they came.
        surface: ``stdio``, ``http``, ``rest``, ``ws`` or ``cli``.
        sink: takes progress, where the caller listens.
        can_ask: the surface can put a question to a person and call again with the decision.
        decision: that person's answer.
        answers: a person's answers to a job; the call goes on with that job.
        key: idempotency key, at most 200 characters.
        wait: seconds the caller waits for a job's end; work that takes longer goes on without the caller.
        on_slow: called when a read takes longer than SLOW_AFTER.
        asks: why a person must agree to this call whatever it does, one sentence each.
        keeps_in: it may send no message and have no address fetched.
    """

    principal: Principal
    name: str
    arguments: Mapping[str, Any]
    surface: str
    sink: ProgressSink | None = None
    can_ask: bool = False
    decision: Decision | None = None
    answers: Answers | None = None
    key: str | None = None
    wait: float = 0
    on_slow: Callable[[], None] | None = None
    extras: dict[str, Any] = field(default_factory=dict[str, Any])
    asks: tuple[str, ...] = ()
    keeps_in: bool = False
    allowance: Allowance | None = field(default=None, init=False)
    """What the limits that it was counted against still allow; set once it was counted."""
    scope: anyio.CancelScope | None = field(default=None, init=False)
    """Around a read's handler while it runs; whoever waits no longer cancels it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person must be asked before the call goes on."""

    change: str
    message: str


@dataclass
class Result:
    """What a call gave: ``data`` is a JSON object after the tool's output schema. With a ``question`` nothing was sent
    yet.
    """

    capability: Capability
    data: dict[str, Any]
    question: Question | None = None
    untrusted: bool = False
    """Whether it holds text that customers or the web wrote; surfaces say so."""

    @property
    def text(self) -> str:
        """The same for a reader of text: every id, price, warning and next step."""
        if "state" in self.data and "summary" in self.data and "tool" not in self.data:  # a job's view names its tool
            from .changes.view import text_of_change

            return text_of_change(self.data)
        return text_of(self.data)


def checked(arguments: Mapping[str, Any]) -> str:
    """The arguments as canonical JSON, empty for none.

    Raises:
        Refused: TOO_LARGE above 512 KiB; INVALID_ARGUMENTS for what no database keeps: a NUL character, whole numbers
            beyond 64 bits, infinite ones.
    """
    if not arguments:
        return ""
    try:
        text = canonical(arguments)
    except ValueError:  # infinite, or too long to be written
        raise _too_large_number() from None
    if _LONG_NUMBER.search(text):
        json.loads(text, parse_int=_sixty_four_bits)
    if "\\u0000" in text and _NUL.search(text):
        raise Refused(Code.INVALID_ARGUMENTS, "A text holds a NUL character, which can't be stored.", "Leave it out.")
    if len(text) > ARGUMENTS_LIMIT:
        raise Refused(
            Code.TOO_LARGE,
            f"The arguments are larger than {ARGUMENTS_LIMIT // 1024} KiB.",
            "Split the work, or upload large content as a file and name it.",
        )
    return text


def _sixty_four_bits(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise _too_large_number()
    return number


def _too_large_number() -> Refused:
    return Refused(
        Code.INVALID_ARGUMENTS, "A number is larger than any shop keeps.", "Take ids as the list tools give them."
    )
