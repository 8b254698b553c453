"""The port to a provider of paid tasks: what it is, what a task of it is, and what it charges.

A provider takes a request, gives it a task id, and works for seconds or minutes. ``system.py`` sends such requests
through the ledger of paid calls, ``work.py`` follows the task and keeps what it made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.errors import Code, Refused

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "expired", "unknown"]
OVER: frozenset[str] = frozenset({"succeeded", "failed", "cancelled", "expired"})
MILLION = 1_000_000
NO_WAY_BACK = "What a provider made can't be given back; its files stay in the asset store."


@dataclass(frozen=True, slots=True)
class Prices:
    """What actions cost, as published.

    Args:
        on: the day these were read, ISO 8601.
        usd: what one credit costs in the smallest plan, in US dollars.
        credits: credits per action, options apart.
    """

    on: str
    usd: float
    credits: Mapping[str, float]

    def micro(self, number: float) -> int:
        """So many credits in millionths of a US dollar."""
        return round(number * self.usd * MILLION)


@dataclass(frozen=True, slots=True)
class About:
    """A provider, for people and for errors.

    Args:
        name: in calls, in the journal and in provenance: ``tripo``.
        title: begins sentences: ``Tripo``.
        key: the setting that holds its key.
        address: the setting that holds its address.
        site: where people buy credits and see their tasks.
        prices: what it charges.
        licence: a note on what may be done with what it makes.
        at_once: tasks that an account may have under way at once.
        refunds: whether a task that failed costs nothing.
    """

    name: str
    title: str
    key: str
    address: str
    site: str
    prices: Prices
    licence: str
    at_once: int
    refunds: bool = True

    def not_configured(self, instead: str = "") -> Refused:
        """The refusal where there is no key; ``instead`` says what works without."""
        hint = f"Set {self.key} (from {self.site}) and start the server again. {instead}".strip()
        return Refused(Code.NOT_CONFIGURED, f"This server has no key of {self.title}. Nothing was sent.", hint)


@dataclass(frozen=True, slots=True)
class File:
    """A file that a finished task offers.

    Args:
        role: what it is to the caller: ``model``, ``poster``, ``usdz``.
        url: where it lies, for a short time.
        content_type: what it must be, one of ``assets.store.MADE``; several where the provider may choose.
        needed: whether the task is of no use without it.
        fetch: gets it where ``url`` alone does not: what only the provider's own client may fetch, or came with the
            task.
    """

    role: str
    url: str
    content_type: tuple[str, ...]
    needed: bool = True
    fetch: Callable[[], Awaitable[bytes]] | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it is now. ``progress`` in percent; ``credits`` what it took, where the provider says; ``error`` of one
    that failed; ``facts`` what else it found out, JSON values.
    """

    id: str
    state: State
    progress: float = 0
    credits: float | None = None
    files: Sequence[File] = ()
    error: Refused | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Provider(Protocol):
    """A provider's client. Only ``submit`` may cost money, and it never sends twice."""

    about: About

    quiet_after: float
    """Seconds after which a request whose answer was lost can no longer become a task."""

    @property
    def configured(self) -> bool:
        """Whether there is a key."""
        ...

    async def submit(self, change: str, op: Op) -> Outcome:
        """Send ``op.body`` to the action ``op.collection``, once; ``object_id`` is the task's id, with which ``task``
        finds it. Never raises for what the provider answers or fails to answer. ``change`` is unique to this request:
        a provider that takes an idempotency key or a mark gets it made of that.
        """
        ...

    async def find(self, item: JournalOp, taken: Taken) -> Outcome:
        """Find out by reading what became of a request whose answer was lost: ``done`` with the task's id, ``not_sent``
        where the provider's own list proves that there is no such task, ``unknown`` where it can't be told.

        Raises:
            Refused: when the provider can't be read now.
        """
        ...

    async def task(self, action: str, task: str) -> Task:
        """The task as it is now, with fresh addresses of its files.

        Raises:
            Refused: when it can't be read; NOT_FOUND when the provider knows it no more.
        """
        ...

    async def credits(self) -> float | None:
        """Credits left; None where the provider does not say, though the key was tried and is accepted.

        Raises:
            Refused: when it can't be read.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


class Taken(Protocol):
    """Whether a task of an action belongs to another request of ours."""

    async def __call__(self, action: str, task: str) -> bool: ...


def an_op(provider: Provider, action: str, body: Mapping[str, Any], cost: float) -> Op:
    """The paid operation that asks the provider for an action, thought to take ``cost`` credits."""
    about = provider.about
    op = Op(about.name, "create", action, None, dict(body), label=f"{about.title} {action}", undo=NO_WAY_BACK)
    op.estimate = about.prices.micro(cost)
    op.effects = [f"{about.title} takes about {cost:g} credits."]
    return op
