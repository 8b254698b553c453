"""The one way to ask a language model: chosen, paid for, retried and kept, inside a durable job."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from ..config import Settings
from ..context import Context, Services
from ..db.database import Database
from ..errors import Code, Refused
from .names import NAMES, Name

if TYPE_CHECKING:
    from .asking import Answer, Facts, Latency, Sink, Want
    from .flight import Flight
    from .models import Model
    from .port import Provider, Request

FRESH = 30.0
"""Seconds that figures of latency are used before they are read anew."""
LOOKED_AT = 1000
"""Calls that they are made of, the newest, of at most ``LOOKED_BACK`` days."""
LOOKED_BACK = 7
Load = Callable[[Name, Settings], Awaitable["Provider"]]


class Gateway:
    """Asks models of all providers. A service: ``ctx.get(Gateway)``.

    Args:
        services: of this process.
        load: makes a provider's adapter; by default the one of its official SDK.
    """

    def __init__(self, services: Services, load: Load | None = None) -> None:
        from . import providers
        from .pulse import Pulse
        from .system import ModelCalls

        self.services = services
        self.settings = services.get(Settings)
        self.db = services.get(Database)
        self.pulse = Pulse()
        self.flights: dict[str, Flight] = {}
        """Calls under way in this process, by id."""
        self.system = ModelCalls(services, self.flights)
        self._load = load or providers.load
        self._loading = anyio.Lock()
        self._adapters: dict[Name, Provider] = {}
        self._models: dict[str, Model] | None = None
        self._latency: Mapping[str, Latency] = {}
        self._latency_until = 0.0

    async def ask(self, ctx: Context, step: str, want: Want, request: Request, *, sink: Sink | None = None) -> Answer:
        """Ask a model, once and for all.

        However often the job starts again, the same step gives the same answer, and a call whose answer had come is
        never sent twice. Nothing is sent before it is in the books with the most that it can cost. It is tried again,
        with this model or the next best, only as long as nothing of an answer went to the sink; without a sink that is
        until an answer is whole. Asks of one job may go on side by side, each under a step's name of its own.

        A cancelled ask gives its call up at once, and books it.

        Args:
            ctx: of a job's handler.
            step: names the ask within the job, the same each time the handler runs (``step-3``, ``draft-mistral``).
            want: what is needed of the model.
            request: what is asked; its ``model`` stays empty. Native turns of other providers are left out by
                themselves.
            sink: takes the events of the answer as they come, for those who watch. Of an answer that an earlier run of
                the job got, it gets nothing.

        Raises:
            Refused: OVER_BUDGET before anything is sent; NOT_CONFIGURED when no provider is set up; TOO_LARGE when no
                model takes so much; NOT_FOUND when ``only`` names what is not there; WRITES_STOPPED.
            Unanswered: a Refused that knows the last error (``error.kind``, ``error.partial``) and every attempt.
        """
        from .trying import Trying

        return await Trying(self, ctx, step, want, request, sink).run()

    async def models(self) -> Mapping[str, Model]:
        """All models by name (``provider/id``), whether they can be asked or not.

        Raises:
            Refused: NOT_CONFIGURED when LLM_MODELS_FILE can't be used.
        """
        if self._models is None:
            self._models = await anyio.to_thread.run_sync(self._load_models)
        return self._models

    def _load_models(self) -> dict[str, Model]:
        """Beside the event loop, as all that asking needs and that takes long to load."""
        from . import models, prices, telemetry

        prices.load()
        telemetry.load()
        return models.load(self.settings.llm_models_file)

    async def adapter(self, name: Name) -> Provider:
        """The provider's adapter, made at the first use.

        Raises:
            Refused: NOT_CONFIGURED without a key, or where it is switched off.
        """
        found = self._adapters.get(name)
        if found is None:
            async with self._loading:
                found = self._adapters.get(name) or await self._load(name, self.settings)
                self._adapters[name] = found
        return found

    async def facts(self, kind: str) -> Facts:
        """All that a choice for this kind of task is made from, now."""
        from .asking import Facts, Learned

        down = {name: f"{why} (for {wait:.0f} s yet)" for name, (wait, why) in self.pulse.down().items()}
        learned: Mapping[str, float] = {}
        if self.services.has(Learned):
            learned = await self.services.get(Learned).scores(kind)
        return Facts({**down, **self.off()}, await self.latency(), learned)

    def off(self) -> dict[Name, str]:
        """Providers that are not set up, and why."""
        from .providers import configured

        there = configured(self.settings)
        return {name: self._missing(name) for name in NAMES if name not in there}

    def unset(self) -> Refused | None:
        """Why nobody can be asked at all, where that is so."""
        from .providers import keyed

        if len(self.off()) < len(NAMES):
            return None
        message = "No provider of language models is set up, so nothing was asked."
        asleep = [f"ENABLE_{name.upper()}" for name in NAMES if keyed(name, self.settings)]
        if asleep:
            hint = f"There is a key; set {' or '.join(asleep)} to true and start the server again."
            return Refused(Code.NOT_CONFIGURED, message, hint)
        return Refused(Code.NOT_CONFIGURED, message, "Set the key of one, such as ANTHROPIC_API_KEY.")

    def _missing(self, name: Name) -> str:
        if not getattr(self.settings, f"enable_{name}"):
            return f"it is switched off (ENABLE_{name.upper()})"
        return f"it has no key ({name.upper()}_API_KEY)"

    async def latency(self, *, fresh: bool = False) -> Mapping[str, Latency]:
        """How long models took of late, by name; as of half a minute ago, or ``fresh``."""
        if fresh or time.monotonic() >= self._latency_until:
            from . import calls

            since = int((time.time() - LOOKED_BACK * 86_400) * 1_000_000)
            async with self.db.read() as conn:
                rows = await calls.lately(conn, since, LOOKED_AT)
            self._latency = latencies(rows)
            self._latency_until = time.monotonic() + FRESH
        return self._latency

    async def aclose(self) -> None:
        """Close the adapters' connections."""
        adapters, self._adapters = self._adapters, {}
        for adapter in adapters.values():
            await adapter.aclose()


def latencies(rows: Sequence[Any]) -> dict[str, Latency]:
    """Figures of each model from its calls."""
    from .asking import Latency

    by_model: dict[str, list[Any]] = {}
    for row in rows:
        by_model.setdefault(f"{row.provider}/{row.model}", []).append(row)
    found: dict[str, Latency] = {}
    for name, own in by_model.items():
        done = [row for row in own if row.state == "done" and row.total_ms is not None]
        total = sorted(row.total_ms / 1000 for row in done)
        first = sorted(row.first_ms / 1000 for row in done if row.first_ms is not None)
        errors = sum(row.state == "failed" and row.error != "cancelled" for row in own)
        found[name] = Latency(len(own), _at(first, 0.5), _at(total, 0.5), _at(total, 0.95), errors)
    return found


def _at(values: list[float], share: float) -> float | None:
    """The nearest-rank percentile of sorted values."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else None
