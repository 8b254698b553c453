"""How providers are, as this process sees them: breakers, holds they asked for, keys they refused."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from ..guard.breaker import Breaker
from .port import Kind, LLMError, Name

REFUSED_FOR = 60.0
"""Seconds for which a provider is left alone whose key, or a model that was not there."""
LONGEST_HOLD = 120.0
HOLD = 5.0
"""Seconds for which a model is left alone that is busy and does not say for how long."""
AWAY: frozenset[Kind] = frozenset({"connection", "timeout", "server", "truncated", "protocol"})
"""Kinds that count against a provider; being busy counts against the model alone."""
KEY: frozenset[Kind] = frozenset({"auth", "budget"})
MODEL: frozenset[Kind] = frozenset({"not_found", "permission"})
BUSY: frozenset[Kind] = frozenset({"rate_limit", "overloaded"})
WHY: dict[Kind, str] = {
    "auth": "its key is not accepted",
    "budget": "the account there has no credit left",
    "not_found": "the provider does not know it",
    "permission": "the provider's key may not use it",
    "rate_limit": "too many requests",
    "overloaded": "the provider is overloaded",
}


class Ticket:
    """A call under way, as the breakers count it."""

    def __init__(self, name: str, breakers: Iterable[Breaker]) -> None:
        self.name = name
        self.entries = [(breaker, breaker.enter()) for breaker in breakers]


class Pulse:
    """One per process. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._breakers: defaultdict[str, Breaker] = defaultdict(lambda: Breaker(clock=clock))
        self._holds: dict[str, tuple[float, Kind]] = {}

    def enter(self, provider: Name, model: str) -> Ticket:
        """Begin a call of ``model`` (``provider/id``)."""
        return Ticket(model, (self._breakers[provider], self._breakers[model]))

    def leave(self, ticket: Ticket, error: LLMError | None) -> None:
        """End a call: answered (None), or what went wrong."""
        (provider, of_provider), (model, of_model) = ticket.entries
        kind = None if error is None else error.kind
        counts = None if kind == "cancelled" else kind not in AWAY
        provider.leave(of_provider, counts)
        model.leave(of_model, False if kind in BUSY else counts)
        if error is None or kind is None:
            self._holds.pop(ticket.name, None)
            self._holds.pop(ticket.name.partition("/")[0], None)
        elif kind in KEY:
            self._hold(ticket.name.partition("/")[0], REFUSED_FOR, kind)
        elif kind in MODEL:
            self._hold(ticket.name, REFUSED_FOR, kind)
        elif kind in BUSY:
            asked = HOLD if error.retry_after is None else error.retry_after
            self._hold(ticket.name, min(asked, LONGEST_HOLD), kind)

    def _hold(self, name: str, seconds: float, kind: Kind) -> None:
        self._holds[name] = (self._clock() + seconds, kind)

    def down(self) -> dict[str, tuple[float, str]]:
        """What is not to be asked now, by ``provider`` or ``provider/id``: for how many seconds yet, and why."""
        found: dict[str, tuple[float, str]] = {}
        for name, breaker in self._breakers.items():
            wait = breaker.wait()
            if wait > 0:
                found[name] = wait, "it has not answered of late"
        now = self._clock()
        for name, (until, kind) in list(self._holds.items()):
            if until <= now:
                del self._holds[name]
            elif until - now > found.get(name, (0.0, ""))[0]:
                found[name] = until - now, WHY[kind]
        return found
