"""The words of asking a model: what is wanted, how the model was chosen, and what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..errors import Code, Refused
from .names import TIERS as TIERS
from .names import Name
from .names import Tier as Tier
from .port import Event, Kind, LLMError, Turn

Need = Literal["tools", "json_schema", "vision", "reasoning"]
Booked = Literal["exact", "worst_case", "assumed", "nothing"]
"""How a call stands in the books: by the tokens that its provider counted; at the most that it can have cost, since its
answer did not come whole; by an assumption, since no price of the model is known; not at all, since it surely cost
nothing.
"""
Sink = Callable[[Event], Awaitable[None]]
"""Takes the events of an answer as they come. It should be quick: the provider's stream waits for it."""


@dataclass(frozen=True, slots=True)
class Want:
    """What a model is asked for. Needs that the request shows (tools, an output schema, pictures, its size) are added
    by themselves.

    Args:
        kind: the kind of task, a slug such as ``product-copy``: what the round table has learned goes by it.
        tier: which models suit; a dearer tier stands in where none of it can be had, then a cheaper one.
        needs: what the model must be able to do.
        context: tokens that it must take in, where that is more than the request's own.
        prefer: providers (``anthropic``) or models (``anthropic/claude-sonnet-5-5``) that go first, in this order.
        only: none but these; empty for any.
        exclude: never these.
        agent: the agent in whose name it is asked: reports and BUDGET_AGENT_MONTH_USD go by it.
        deadline_s: seconds until there is an answer, retries included. After a restart of the job they begin anew.
        max_usd: what this ask may cost at most, retries included.
        job_usd: what all asks of this job together may cost at most.
        tries: calls at most, over all models; a hedge counts as one.
        hedge_s: when nothing has come for so many seconds, the next best model is asked as well and the first to say
            something gives the answer; None for never.
        lost: what becomes of a call under way when its process died: ``tell`` gives an Answer whose state is ``lost``;
            ``again`` asks once more, within the caps. Either way it is booked at its worst case.
    """

    kind: str = "general"
    tier: Tier = "balanced"
    needs: frozenset[Need] = frozenset()
    context: int = 0
    prefer: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    agent: str = ""
    deadline_s: float = 120.0
    max_usd: float | None = None
    job_usd: float | None = None
    tries: int = 4
    hedge_s: float | None = None
    lost: Literal["tell", "again"] = "tell"


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A model that was not asked, and why, in a sentence."""

    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which model is asked, and why. Models are named ``provider/model``. The same facts give the same choice.

    ``estimate_usd`` is the most that the call can cost, None where no price of the model is known.
    """

    provider: Name
    model: str
    because: tuple[str, ...]
    passed_over: tuple[PassedOver, ...] = ()
    estimate_usd: float | None = None

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of an ask. ``error`` is None for the one that gave the answer; ``lost`` when its process died."""

    call: str
    model: str
    error: Kind | Literal["lost"] | None
    booked: Booked
    cost_usd: float | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an ask.

    Args:
        state: ``done``; or ``lost``: the call was under way when its process died, so nobody knows what it said
            (``turn`` is empty). Ask again under another step's name to have it answered.
        turn: the answer whole, as ``folding.fold`` gives it; ``turn.message()`` is the next request's assistant turn.
        provider: whose model answered.
        model: the model that was asked, by the provider's own id (``turn.model`` is the one it says answered).
        cost_usd: what the answering call cost; None where no price is known, and then ``warnings`` says so.
        total_usd: all calls of this ask, None when one of them has no known price.
        booked: how ``cost_usd`` is known.
        latency_s: seconds from sending to the end.
        first_s: seconds until something came; None when nothing did.
        choice: why this model, and what was passed over.
        call: the id of the answering call: its change's id, its row in ``llm_calls``.
        attempts: every call that was made, the answering one last.
        warnings: sentences for people.
        kept: whether it came from an earlier run of the job: nothing was sent, and nothing given to the sink.
    """

    state: Literal["done", "lost"]
    turn: Turn
    provider: Name
    model: str
    cost_usd: float | None
    total_usd: float | None
    booked: Booked
    latency_s: float
    first_s: float | None
    choice: Choice
    call: str
    attempts: tuple[Attempt, ...] = ()
    warnings: tuple[str, ...] = ()
    kept: bool = False


class Unanswered(Refused):
    """No model gave an answer. To those who don't care it is a refusal like any other.

    Attributes:
        error: the last call's error; its ``partial`` is what had come by then.
        attempts: every call that was made, with what each cost.
    """

    def __init__(self, error: LLMError, attempts: tuple[Attempt, ...] = (), hint: str = "") -> None:
        super().__init__(
            CODES[error.kind],
            error.message,
            hint or HINTS.get(error.kind, ""),
            retry_after=error.retry_after,
            details={"kind": error.kind, "tried": [f"{one.model}: {one.error}" for one in attempts]},
        )
        self.error = error
        self.attempts = attempts

    @property
    def kind(self) -> Kind:
        return self.error.kind

    @property
    def partial(self) -> Turn | None:
        return self.error.partial

    def __reduce__(self) -> tuple[Any, ...]:
        return Refused, (self.code, self.message, self.hint, self.retryable, self.retry_after, self.details)


CODES: dict[Kind, Code] = {
    "rate_limit": Code.RATE_LIMITED,
    "overloaded": Code.UPSTREAM_UNREACHABLE,
    "auth": Code.NOT_CONFIGURED,
    "permission": Code.NOT_CONFIGURED,
    "not_found": Code.NOT_CONFIGURED,
    "bad_request": Code.UPSTREAM_REFUSED,
    "context_length": Code.TOO_LARGE,
    "content_filter": Code.UPSTREAM_REFUSED,
    "timeout": Code.UPSTREAM_TIMEOUT,
    "connection": Code.UPSTREAM_UNREACHABLE,
    "truncated": Code.UPSTREAM_INVALID,
    "protocol": Code.UPSTREAM_INVALID,
    "server": Code.UPSTREAM_UNREACHABLE,
    "budget": Code.OVER_BUDGET,
    "cancelled": Code.CANCELLED,
}
HINTS: dict[Kind, str] = {
    "auth": "Correct the provider's key in the settings; `devskyy doctor` tries each.",
    "permission": "Let the provider's key use this model, or name another one.",
    "not_found": "llm_models_list shows the models that can be asked; LLM_MODELS_FILE adds others.",
    "context_length": "Ask for less at once.",
    "content_filter": "Say it in other words.",
}


class Learned(Protocol):
    """What is known of models' quality per kind of task. The round table provides it as a service; without one every
    model counts the same.
    """

    async def scores(self, kind: str) -> Mapping[str, float]:
        """Chances from 0 to 1 that a model (``provider/model``) gives the best answer to this kind of task; those that
        nothing is known of are left out.
        """
        ...


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds that a model took of late, by this server's own calls. ``calls`` is how many were looked at."""

    calls: int = 0
    first_p50: float | None = None
    p50: float | None = None
    p95: float | None = None
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a choice is made from, beside the want and the models.

    Args:
        down: why a provider or a model is not to be asked now, by ``provider`` or ``provider/model``.
        latency: by ``provider/model``.
        learned: as ``Learned.scores`` gives it.
    """

    down: Mapping[str, str] = field(default_factory=dict[str, str])
    latency: Mapping[str, Latency] = field(default_factory=dict[str, Latency])
    learned: Mapping[str, float] = field(default_factory=dict[str, float])
