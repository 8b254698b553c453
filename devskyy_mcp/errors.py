"""What can go wrong, in words a model or a person can act on.

Every surface answers with the same code: MCP as a result with ``isError``, REST as an RFC 9457 problem document,
the command line as an exit status. Nothing else about an error may leave the process.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

log = logging.getLogger(__name__)


class Code(StrEnum):
    """Why a call was refused. The value is the wire code; the HTTP status and exit status follow from it."""

    INVALID_ARGUMENTS = "invalid_arguments"
    UNKNOWN_TOOL = "unknown_tool"
    NOT_FOUND = "not_found"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    STALE = "stale"
    WAITS_FOR_PERSON = "waits_for_person"
    DECLINED = "declined"
    RATE_LIMITED = "rate_limited"
    OVER_BUDGET = "over_budget"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    UPSTREAM_REFUSED = "upstream_refused"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_INVALID = "upstream_invalid"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NOT_CONFIGURED = "not_configured"
    UNSAFE_ADDRESS = "unsafe_address"
    TOO_LARGE = "too_large"
    INTERNAL = "internal"
    WRITES_STOPPED = "writes_stopped"


HTTP_STATUS: dict[Code, int] = {
    Code.INVALID_ARGUMENTS: 422,
    Code.UNKNOWN_TOOL: 404,
    Code.NOT_FOUND: 404,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.CONFLICT: 409,
    Code.STALE: 409,
    Code.WAITS_FOR_PERSON: 409,
    Code.DECLINED: 409,
    Code.RATE_LIMITED: 429,
    Code.OVER_BUDGET: 402,
    Code.TIMEOUT: 504,
    Code.CANCELLED: 499,
    Code.UPSTREAM_REFUSED: 502,
    Code.UPSTREAM_UNREACHABLE: 502,
    Code.UPSTREAM_TIMEOUT: 504,
    Code.UPSTREAM_INVALID: 502,
    Code.OUTCOME_UNKNOWN: 504,
    Code.NOT_CONFIGURED: 503,
    Code.UNSAFE_ADDRESS: 422,
    Code.TOO_LARGE: 413,
    Code.INTERNAL: 500,
    Code.WRITES_STOPPED: 503,
}

EXIT_STATUS: dict[Code, int] = {code: number for number, code in enumerate(Code, start=10)}

RETRYABLE = frozenset(
    {Code.RATE_LIMITED, Code.TIMEOUT, Code.UPSTREAM_UNREACHABLE, Code.UPSTREAM_TIMEOUT, Code.UPSTREAM_INVALID}
)


@dataclass(eq=False)
class Refused(Exception):
    """A call that was not carried out, or not wholly.

    Args:
        code: the wire code.
        message: what is wrong, one sentence, safe to show (no exception text, no secret, no personal data).
        hint: what to do about it, one sentence; empty when the message says it all.
        retryable: whether the same call may succeed later; by default it follows from the code.
        retry_after: seconds to wait before the same call, where known.
        details: small JSON object with the facts (field names, ids, allowed values).
    """

    code: Code
    message: str
    hint: str = ""
    retryable: bool | None = None
    retry_after: float | None = None
    details: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        super().__init__(f"{self.code}: {self.message}")
        if self.retryable is None:
            self.retryable = self.code in RETRYABLE

    def __reduce__(self) -> tuple[Any, ...]:
        """Exceptions are copied by their ``args``, which here are one text: workers in other processes raise it too."""
        fields = (self.code, self.message, self.hint, self.retryable, self.retry_after, self.details)
        return type(self), fields

    @property
    def http_status(self) -> int:
        return HTTP_STATUS[self.code]

    @property
    def exit_status(self) -> int:
        return EXIT_STATUS[self.code]

    def as_dict(self) -> dict[str, Any]:
        """The error's one wire form: {code, message, retryable} and, where there is any, hint, retry_after, details."""
        out: dict[str, Any] = {"code": str(self.code), "message": self.message, "retryable": self.retryable}
        if self.hint:
            out["hint"] = self.hint
        if self.retry_after is not None:
            out["retry_after"] = self.retry_after
        if self.details:
            out["details"] = self.details
        return out


class Unconfirmed(Refused):
    """Whether the caller's access still stands can't be looked up; the HTTP status is 503 instead of the code's own."""

    @property
    def http_status(self) -> int:
        return 503


def unconfirmed() -> Unconfirmed:
    return Unconfirmed(
        Code.UPSTREAM_UNREACHABLE,
        "Whether your access still stands can't be looked up: the database does not answer.",
        "Nothing was done. Try again in a few seconds.",
        retry_after=5,
    )


MISREAD = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError)
"""What reading an answer raises that has other types, names or values than its interface documents."""


def unforeseen(name: str, error: Exception, heard: str = "") -> Refused:
    """The refusal that stands for an exception nobody foresaw; the log gets the incident, the caller its number.

    Args:
        name: of what was called.
        error: the exception.
        heard: the other system that had answered before, if one had: then the answer may be what is wrong.
    """
    while isinstance(error, ExceptionGroup):  # of work that was done side by side: the first counts
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    if isinstance(error, Refused):
        return error
    incident = secrets.token_hex(4)
    misread = heard and isinstance(error, MISREAD)
    # The text of an unknown exception may hold anything: only its type and place are logged.
    log.log(
        logging.WARNING if misread else logging.ERROR,
        "answer misread: incident %s in %s: %s at %s" if misread else "incident %s in %s: %s at %s",
        incident,
        name[:60],
        type(error).__name__,
        _place(error),
        extra={"incident": incident},
    )
    if misread:
        return Refused(
            Code.UPSTREAM_INVALID,
            f"{heard} answered with something that does not fit what it documents.",
            f"A plugin there may change its answers; incident {incident} in the server's log names the place. "
            "Nothing more was sent.",
            details={"incident": incident},
            retryable=False,
        )
    return Refused(
        Code.INTERNAL,
        "Something went wrong inside DevSkyy.",
        f"Nothing more was sent. If it happens again, look for incident {incident} in the server's log.",
        details={"incident": incident},
    )


def _place(error: Exception) -> str:
    """Where it was raised: in our own code, as far as it passed there."""
    trace, place = error.__traceback__, "?"
    ours = False
    while trace is not None:
        mine = str(trace.tb_frame.f_globals.get("__name__")).startswith("devskyy")
        if mine or not ours:
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        ours = ours or mine
        trace = trace.tb_next
    return place
