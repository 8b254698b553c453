"""One call of one model: sent, listened to, kept and booked. It runs inside the ledger's commit."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal
from typing import Any, cast

import anyio

from ..changes.model import Outcome
from ..db.database import Database
from ..errors import unforeseen
from . import prices
from .asking import CODES, Booked, Sink, Want
from .choosing import Chosen
from .folding import Folding
from .keeping import pack_choice, pack_error, pack_turn
from .port import UNSENT, Event, Kind, LLMError, Native, Provider, Request, Start, Turn, Usage, Used
from .pulse import Pulse
from .telemetry import watched

GRACE = 1.0
"""Seconds that an adapter may be late with its own end at the deadline."""
FREE: frozenset[Kind] = frozenset(
    {"auth", "permission", "not_found", "bad_request", "context_length", "rate_limit", "budget"}
)
"""Refusals: the provider made nothing."""
ANSWERED: frozenset[Kind] = frozenset({"overloaded", "server"})
"""Free when they came with an HTTP status, instead of an answer."""
QUIET = (Start, Used, Native)
"""Events that say nothing yet."""


class Channel:
    """From calls to whoever watches. Of several calls the first that says something has it; the others are given up."""

    def __init__(self, sink: Sink | None) -> None:
        self._sink = sink
        self.holder: Flight | None = None
        self.spoke = anyio.Event()
        self._flights: list[Flight] = []
        self._held: dict[Flight, list[Event]] = {}

    def join(self, flight: Flight) -> None:
        self._flights.append(flight)

    async def take(self, flight: Flight, event: Event) -> None:
        if self.holder is None:
            self._held.setdefault(flight, []).append(event)
            if isinstance(event, QUIET):
                return
            self.holder = flight
            self.spoke.set()
            for other in self._flights:
                if other is not flight:
                    other.give_up()
            for held in self._held.pop(flight):
                await self._give(flight, held)
        elif self.holder is flight:
            await self._give(flight, event)

    async def _give(self, flight: Flight, event: Event) -> None:
        if self._sink is None:
            return
        flight.forwarded = flight.forwarded or not isinstance(event, QUIET)
        try:
            await self._sink(event)
        except Exception as error:  # who watches must not cost the answer
            unforeseen("a sink of a model's answer", error)
            self._sink = None


class Flight:
    """A call on its way. After ``send`` it says what came of it.

    Args:
        call: its id.
        provider: the adapter.
        request: as it goes to the provider.
        chosen: the model.
        want: as asked.
        deadline: on anyio's clock, by when the answer is whole.
        first_by: and by when something has come.
        channel: takes its events.
        pulse: is told how it ended.
        db: where it is kept.
    """

    def __init__(
        self,
        call: str,
        provider: Provider,
        request: Request,
        chosen: Chosen,
        want: Want,
        *,
        deadline: float,
        first_by: float,
        channel: Channel,
        pulse: Pulse,
        db: Database,
    ) -> None:
        self.call = call
        self.chosen = chosen
        self._provider = provider
        self._request = request
        self._want = want
        self._deadline = deadline
        self._first_by = first_by
        self._channel = channel
        self._pulse = pulse
        self._db = db
        self._scope: anyio.CancelScope | None = None
        self._given_up = False
        self._folding = Folding()
        self.forwarded = False
        self.ended = False
        self.turn = Turn()
        self.error: LLMError | None = None
        self.booked: Booked = "nothing"
        self.cost: int | None = None
        self.first_s: float | None = None
        self.total_s = 0.0

    @property
    def estimate(self) -> int:
        """The most that it can cost, in millionths of a US dollar; an assumption where no price is known."""
        return prices.micro(self.chosen.worst)

    def give_up(self) -> None:
        """End it at once, if it is still under way. It is booked all the same."""
        self._given_up = True
        if self._scope is not None:
            self._scope.cancel()

    async def watch(self) -> None:
        """Give it up when the caller is cancelled: the ledger itself, once it sends, can't be."""
        try:
            await anyio.sleep_forever()
        finally:
            self.give_up()

    async def send(self) -> Outcome:
        """Send it, keep what came, and say it in the ledger's words."""
        model = self.chosen.model
        ticket = self._pulse.enter(model.provider, model.name)
        began = anyio.current_time()
        job = self.call.partition(".")[0]
        with watched(model.provider, model.id, self._want.agent, job, self._request.max_output) as seen:
            self.error = await self._listen(began)
            self.turn = self._folding.turn
            self.total_s = anyio.current_time() - began
            self._pulse.leave(ticket, self.error)
            seen.ended(self.turn, self.error, self.total_s)
        if self.error is not None:
            self.error.partial = self.error.partial or self.turn
        self._book()
        await self._keep()
        self.ended = True
        return self._outcome()

    async def _listen(self, began: float) -> LLMError | None:
        try:
            with anyio.CancelScope(deadline=self._first_by) as self._scope:
                if self._given_up:
                    self._scope.cancel()
                stream = cast("AsyncGenerator[Event]", self._provider.stream(self._request, self._deadline))
                async with aclosing(stream) as events:
                    async for event in events:
                        if self.first_s is None:
                            self.first_s = anyio.current_time() - began
                            self._scope.deadline = self._deadline + GRACE
                        self._folding.take(event)
                        await self._channel.take(self, event)
        except LLMError as error:
            return self._cancelled() if self._given_up else error
        except Exception as error:
            unforeseen(f"the adapter of {self.chosen.model.provider}", error)
            return self._error("protocol", "The provider's answer could not be read.")
        if self._folding.turn.stop is not None:
            return None
        if self._given_up:
            return self._cancelled()
        if self._scope.cancelled_caught:
            return self._error("timeout", "The provider did not answer in time.")
        return self._error("truncated", "The provider's answer broke off.")

    def _cancelled(self) -> LLMError:
        return self._error("cancelled", "The call was given up.")

    def _error(self, kind: Kind, message: str) -> LLMError:
        return LLMError(kind, message, provider=self.chosen.model.provider)

    # ---- the books -----------------------------------------------------------------------------------------------

    def _book(self) -> None:
        usage = self.turn.usage
        counted = usage.total_in + usage.total_out > 0
        if self.error is not None and is_free(self.error, self.turn):
            self.booked, self.cost = "nothing", 0
        elif self.chosen.assumed:
            self.booked, self.cost = "assumed", None
        elif self.error is None and counted:
            self.booked, self.cost = "exact", self._price(usage)
        else:
            self.booked, self.cost = "worst_case", self.estimate

    def _price(self, usage: Usage) -> int:
        model = self.chosen.model
        found: Decimal | None = prices.cost(model.provider, model.id, model.override, usage)
        return self.estimate if found is None else prices.micro(found)

    async def _keep(self) -> None:
        """Keep the answer, before anybody hears of it."""
        from . import calls

        usage, error = self.turn.usage, self.error
        answer = {
            "choice": pack_choice(self.chosen.choice),
            "turn": pack_turn(self.turn),
            "error": None if error is None else pack_error(error),
            "forwarded": self.forwarded,
        }
        values: dict[str, Any] = {
            "state": "done" if error is None else "failed",
            "error": None if error is None else error.kind,
            "cost": self.cost,
            "booked": self.booked,
            "tokens_in": usage.total_in,
            "tokens_cached": usage.cache_read,
            "tokens_out": usage.total_out,
            "first_ms": None if self.first_s is None else round(self.first_s * 1000),
            "total_ms": round(self.total_s * 1000),
            "answer": answer,
        }
        async with self._db.begin() as conn:
            await calls.finish(conn, self.call, values)

    def _outcome(self) -> Outcome:
        error = self.error
        if error is None:
            return Outcome("done", object_id=self.turn.request_id or self.call, cost=self.cost)
        told = {"code": str(CODES[error.kind]), "message": error.message}
        if self.booked == "nothing":
            return Outcome("failed", error=told)
        return Outcome("not_taken", error=told, cost=self.cost, notes=["No whole answer came; it may have cost money."])


def is_free(error: LLMError, turn: Turn) -> bool:
    """Whether a call that failed surely cost nothing."""
    if turn.text or turn.reasoning or turn.calls or turn.usage.total_out:
        return False
    if error.kind in ANSWERED:
        return error.status is not None and error.status >= 400
    return error.kind in FREE or error.detail == UNSENT
