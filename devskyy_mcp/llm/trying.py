"""One ask, from what earlier runs of the job have left to its answer: which model next, and what is enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.to_thread

from ..changes.model import Op
from ..context import Context
from ..errors import Code, Refused
from ..guard.brake import Brake
from ..jobs import ledger, store
from ..jobs.model import Job
from ..jobs.run import Run, spread
from . import calls, prices, spending
from .asking import Answer, Sink, Unanswered, Want
from .choosing import Chosen, Size, choose, size_of, unfit
from .flight import Channel, Flight
from .keeping import digest, for_provider, pack_choice
from .names import SYSTEM
from .past import Past, flown, past_of, usd
from .port import NAMES, Kind, LLMError, Request
from .system import LOST, NO_WAY_BACK

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from .gateway import Gateway
    from .models import Model

PER_MODEL = 2
"""Calls of one model within an ask, the second one only after what may pass."""
BACKOFF = 0.5
LONGEST_BACKOFF = 8.0
SILENCE = 30.0
"""Seconds in which something must have come, or half of the time there is, if that is more: else another is asked."""
LARGE = 200_000
"""Tokens of a request from which on its digest is taken beside the event loop."""
ALL_OF_IT: frozenset[Kind] = frozenset({"auth", "budget"})
"""What goes for all models of the provider, as what goes wrong on the way does when it happens again."""
AWAY: frozenset[Kind] = frozenset({"connection", "timeout", "server"})


class Trying:
    """An ask under way."""

    def __init__(
        self, gateway: Gateway, ctx: Context, step: str, want: Want, request: Request, sink: Sink | None
    ) -> None:
        self._gateway = gateway
        self._run = cast("Run", ctx.get(Job))
        self._step = step
        self._want = want
        self._request = request
        self._sink = sink
        self._past: list[Past] = []
        self._number = 0
        self._refused: Refused | None = None
        self._models: Mapping[str, Model] = {}
        self._deadline = anyio.current_time() + want.deadline_s
        self._size = Size(0, 0, frozenset(), schema_with_tools=False, cached=False)
        self._digest = ""

    async def run(self) -> Answer:
        """The answer, from before or now."""
        await self._look_back()
        answer = self._kept()
        if answer is not None:
            return answer
        brake = self._gateway.services.get(Brake)
        if brake.read_only:  # that does not pass, as a stop of all writes may
            await brake.check()
        await self._measure()
        while True:
            await self._fly(await self._next())
            done = next((one for one in self._past if one.state == "done"), None)
            if done is not None:
                return self._answer(done)
            last = self._past[-1] if self._past else None
            if self._refused is not None:
                raise self._refused
            if last is not None and last.error is not None and (last.forwarded or last.error.kind == "cancelled"):
                raise self._unanswered(last.error)

    # ---- what was before -------------------------------------------------------------------------------------------

    async def _look_back(self) -> None:
        async with self._run.db.read() as conn:
            rows = await calls.of_step(conn, self._run.id, self._step)
        if rows and rows[-1]["run"] < self._run.attempt:
            rows = [await self._settled(row) for row in rows]
        elif any(row["state"] == calls.OPEN for row in rows):
            raise ValueError(f"the step {self._step!r} of this job is being asked already")
        self._past = [past_of(row) for row in rows]
        self._number = max((row["number"] for row in rows), default=0)

    async def _settled(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row of a call that an earlier run had sent, once it is known what became of it, in both books: a process
        may have died between them.
        """
        await ledger.settle(self._run, f"{self._step}-{row['number']}")
        if row["state"] != calls.OPEN:
            return row
        async with self._run.writing() as conn:
            found = await calls.read(conn, row["id"]) or row
            if found["state"] == calls.OPEN:  # the ledger has found that it never left
                error = {"kind": "connection", "message": "The server stopped before this was sent."}
                answer = {**found["answer"], "error": error, "forwarded": False}
                never = {"state": "failed", "error": "connection", "booked": "nothing", "cost": 0, "answer": answer}
                await calls.finish(conn, row["id"], never)
                found = {**found, **never}
        return found

    def _kept(self) -> Answer | None:
        """How an earlier run's ask ended, if it did; None to go on with it.

        Raises:
            Unanswered: when it ended so.
        """
        if not self._past:
            return None
        done = next((one for one in self._past if one.state == "done"), None)
        last = done or self._past[-1]
        if last.state == "done" or (last.state == "lost" and self._want.lost == "tell"):
            return self._answer(last)
        if last.error is not None and last.forwarded:
            raise self._unanswered(last.error)
        return None

    # ---- which next ------------------------------------------------------------------------------------------------

    async def _measure(self) -> None:
        tokens = prices.estimated_tokens(self._request)
        self._size = size_of(self._request, tokens)
        if tokens > LARGE:
            self._digest = await anyio.to_thread.run_sync(digest, self._request)
        else:
            self._digest = digest(self._request)

    async def _next(self) -> Chosen:
        """The model to ask now, once it may be asked.

        Raises:
            Unanswered: when it is tried enough.
            Refused: when nothing can be asked at all.
        """
        models = self._models = await self._gateway.models()
        while True:
            last = self._past[-1].error if self._past else None
            if len(self._past) >= self._want.tries and last is not None:
                raise self._unanswered(last)
            out = self._out()
            chosen = choose(self._want, self._size, models, out, await self._gateway.facts(self._want.kind))
            pause = self._wait_for(out) if chosen is None else self._pause(chosen)
            if pause is None or (pause and anyio.current_time() + pause >= self._deadline):
                raise self._nothing(out, last)
            if pause:
                await anyio.sleep(pause)
            if chosen is not None:
                return chosen

    def _out(self) -> dict[str, str]:
        """What this ask does not try again, and why."""
        out: dict[str, str] = {}
        for past in self._past:
            if past.error is None:
                continue
            kind, name = past.error.kind, past.choice.name
            why = f"it has failed just now ({kind})"
            if kind in ALL_OF_IT or (kind in AWAY and self._times(name) >= PER_MODEL):
                out[past.choice.provider] = why
            elif not past.error.retryable or self._times(name) >= PER_MODEL:
                out[name] = why
        return out

    def _times(self, name: str) -> int:
        return sum(past.choice.name == name and past.error is not None for past in self._past)

    def _pause(self, chosen: Chosen) -> float:
        """Seconds before the model is asked: none, unless it has just failed."""
        times = self._times(chosen.model.name)
        if not times:
            return 0.0
        asked = self._past[-1].error.retry_after if self._past[-1].error is not None else None
        return spread(max(asked or 0.0, min(BACKOFF * 2.0 ** (times - 1), LONGEST_BACKOFF)))

    def _wait_for(self, out: dict[str, str]) -> float | None:
        """Seconds until a model that could do it may be asked again; None when there is none."""
        models = self._models
        never = unfit(self._want, self._size, models, {**out, **self._gateway.off()})
        down = self._gateway.pulse.down()
        waits = [
            max(down.get(name, (0.0, ""))[0], down.get(model.provider, (0.0, ""))[0])
            for name, model in models.items()
            if name not in never
        ]
        return spread(min(waits)) if waits else None

    def _nothing(self, out: dict[str, str], last: LLMError | None) -> Refused:
        """Why nobody is asked any more."""
        if last is not None:
            return self._unanswered(last)
        models = self._models
        unset = self._gateway.unset()
        if unset is not None:
            return unset
        off = self._gateway.off()
        unknown = [name for name in self._want.only if name not in models and name not in NAMES]
        if unknown:
            message = f"There is no model {unknown[0][:100]!r}."
            return Refused(Code.NOT_FOUND, message, "llm_models_list shows the models; LLM_MODELS_FILE adds others.")
        whys = unfit(self._want, self._size, models, {**out, **off})
        details = {"passed_over": whys}
        if len(whys) < len(models):
            error = LLMError("overloaded", "No model that could do it can be asked now.")
            return self._unanswered(error)
        larger = [name for name, why in whys.items() if "context" in why]
        if larger:
            message = f"No model that is set up takes a request of about {self._size.tokens:,} tokens."
            return Refused(Code.TOO_LARGE, message, "Ask for less at once.", details=details)
        message = "No model that is set up can do what is asked."
        return Refused(Code.NOT_CONFIGURED, message, "Set the key of another provider.", details=details)

    # ---- asking ----------------------------------------------------------------------------------------------------

    async def _fly(self, chosen: Chosen) -> None:
        """Ask the model, and when it is silent for long and the caller wants it, the next best beside it."""
        channel = Channel(self._sink)
        ended = anyio.Event()
        landed: list[tuple[int, Past]] = []

        async def one(which: Chosen) -> None:
            self._number += 1
            number = self._number
            past = await self._call(which, number, channel)
            if past is not None:
                landed.append((number, past))
            ended.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, chosen)
            if self._want.hedge_s is not None and len(self._past) + 1 < self._want.tries:
                await self._hedge(tasks, one, chosen, channel, ended)
        self._past += [past for _, past in sorted(landed, key=lambda pair: pair[0])]

    async def _hedge(self, tasks: Any, one: Any, chosen: Chosen, channel: Channel, ended: anyio.Event) -> None:
        async def either(event: anyio.Event) -> None:
            await event.wait()
            waiting.cancel_scope.cancel()

        with anyio.move_on_after(self._want.hedge_s) as scope:
            async with anyio.create_task_group() as waiting:
                waiting.start_soon(either, ended)
                waiting.start_soon(either, channel.spoke)
        if not scope.cancelled_caught:
            return
        out = {**self._out(), chosen.model.name: "it is being asked"}
        second = choose(self._want, self._size, self._models, out, await self._gateway.facts(self._want.kind))
        if second is not None:
            tasks.start_soon(one, second)

    async def _call(self, chosen: Chosen, number: int, channel: Channel) -> Past | None:
        """One call; None when it was refused before anything was sent, and ``_refused`` says why."""
        model, now = chosen.model, anyio.current_time()
        try:
            adapter = await self._gateway.adapter(model.provider)
        except Refused as refused:
            self._refused = refused
            return None
        name = f"{self._step}-{number}"
        flight = Flight(
            f"{self._run.id}{store.PAID_SEPARATOR}{name}",
            adapter,
            for_provider(self._request, model.provider, model.id),
            chosen,
            self._want,
            deadline=self._deadline,
            first_by=min(self._deadline, now + max(SILENCE, (self._deadline - now) / 2)),
            channel=channel,
            pulse=self._gateway.pulse,
            db=self._run.db,
        )
        channel.join(flight)
        await self._pay(flight, name, number)
        return flown(flight) if flight.ended else None

    async def _pay(self, flight: Flight, name: str, number: int) -> None:
        """Let the ledger send it; what it refuses is in ``_refused``."""

        async def before(conn: AsyncConnection) -> None:
            month = self._gateway.settings.budget_agent_month_usd
            await spending.check(conn, self._run.id, self._step, self._want, flight.estimate, month)
            await calls.insert(conn, self._row(flight, number))

        refused: Refused | None = None
        self._gateway.flights[flight.call] = flight
        try:
            async with anyio.create_task_group() as watching:
                watching.start_soon(flight.watch)
                with anyio.CancelScope(deadline=self._deadline):
                    try:
                        await self._run.paid(name, self._op(flight), before)
                    except Refused as raised:
                        refused = raised
                watching.cancel_scope.cancel()
        finally:
            del self._gateway.flights[flight.call]
        if not flight.ended:
            self._refused = refused or await self._late()

    async def _late(self) -> Refused:
        """Why it was not even sent in time."""
        stop = await self._gateway.services.get(Brake).state()
        if stop is not None:
            return await self._gateway.services.get(Brake).refusal(stop)
        return Refused(Code.TIMEOUT, "The model could not be asked in time; nothing was sent.")

    def _op(self, flight: Flight) -> Op:
        model, want = flight.chosen.model, self._want
        body = {
            "provider": model.provider,
            "model": model.id,
            "kind": want.kind,
            "agent": want.agent,
            "request_sha256": self._digest,
            "tokens_in_about": self._size.tokens,
            "max_output": self._size.max_output,
        }
        label = f"{model.name}: {want.agent or want.kind}"
        return Op(SYSTEM, "act", "calls", None, body, label=label, undo=NO_WAY_BACK, estimate=flight.estimate)

    def _row(self, flight: Flight, number: int) -> dict[str, Any]:
        model, want = flight.chosen.model, self._want
        return {
            "id": flight.call,
            "job_id": self._run.id,
            "step": self._step,
            "number": number,
            "run": self._run.attempt,
            "principal": self._run.row["principal"],
            "agent": want.agent,
            "kind": want.kind,
            "provider": model.provider,
            "model": model.id,
            "state": calls.OPEN,
            "estimate": flight.estimate,
            "answer": {"choice": pack_choice(flight.chosen.choice)},
            "created_at": calls.now(),
        }

    # ---- the end -----------------------------------------------------------------------------------------------------

    def _unanswered(self, error: LLMError) -> Unanswered:
        return Unanswered(error, tuple(past.attempt() for past in self._past))

    def _answer(self, done: Past) -> Answer:
        attempts = [past.attempt() for past in self._past if past is not done]
        costs = [past.cost for past in self._past]
        known = [cost for cost in costs if cost is not None]
        warnings: list[str] = []
        if done.cost is None:
            warnings.append(
                f"No price of {done.choice.name} is known, so what this cost is not either; LLM_MODELS_FILE can say it."
            )
        if done.state == "lost":
            warnings.append(LOST)
        elif done.booked == "worst_case":
            warnings.append("The provider did not say how many tokens it took; the most that it can be is booked.")
        return Answer(
            state="lost" if done.state == "lost" else "done",
            turn=done.turn,
            provider=done.choice.provider,
            model=done.choice.model,
            cost_usd=usd(done.cost),
            total_usd=usd(sum(known)) if len(known) == len(costs) else None,
            booked=done.booked,
            latency_s=done.total_s,
            first_s=done.first_s,
            choice=done.choice,
            call=done.call,
            attempts=(*attempts, done.attempt()),
            warnings=tuple(warnings),
            kept=done.kept,
        )
