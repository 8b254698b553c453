"""The loop: ask a model, carry out what it wants, until it delivers, declines or a limit stops it.

Whatever happens is an event before anything follows from it. A run that starts again reads its events and is where it
was: a model's answer is never asked for twice (the gateway keeps it under the step's name), and a write is never sent
twice (its key is made of the run and the number of its intent).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import anyio

from ...capability import Registry
from ...changes.asking import Person
from ...changes.service import Changes
from ...context import Context
from ...errors import Code, Refused
from ...guard.taint import Taints
from ...guard.trust import cleaned
from ...llm.asking import Unanswered
from .. import brief
from ..catalogue import Agent
from ..guide import Guides
from .carrying import AT_ONCE, Carrying, Waits, allowed_hosts, paid, refusal
from .journal import Journal, Kind
from .links import hosts, without_foreign
from .marks import Marks
from .model import DELIVER, Caps, Limit, RunEnd
from .output import errors, object_in
from .question import HOW, LEAST_OUTPUT, TURN_OUTPUT, Questions
from .state import State, Wanted, signature
from .watch import Watch

IDLE_STEPS = 5
SAME_CALLS = 3
GO_ON: dict[str, Any] = {"type": "object", "properties": {}}
_MORE = "Ask for less at once, or raise the limit in the agent's file."
_GO_ON = "That was neither a tool's call nor the deliverable. Call a tool, or `deliver` with the deliverable."
_CUT = "Your answer was cut off, being too long. Go on in smaller parts."


def clock() -> float:
    """Seconds by which a run's time is counted."""
    return anyio.current_time()


class Running:
    """One run, in this process.

    Args:
        ctx: of the job.
        agent: whose run it is.
        arguments: of its prompt.
        request: what is wanted, in words.
        caps: limits lower than the agent's.
    """

    def __init__(
        self, ctx: Context, agent: Agent, arguments: Mapping[str, str], request: str, caps: Caps | None
    ) -> None:
        self.ctx = ctx
        self.agent = agent
        self.arguments = arguments
        self.request = request
        self.limits = _limits(agent, caps or Caps())
        self.journal = Journal(ctx)
        self.state = State()
        self.watch = Watch(ctx, self.journal, self.limits["steps"], agent.tools)
        self._since = clock()
        self._questions = Questions(ctx, agent, self.state, self.limits, self._seconds)
        self._intents: set[int] = set()
        """Numbers of the intents that earlier processes have written."""

    async def run(self) -> RunEnd:
        """Run it to its end, from wherever it is."""
        for event in await self.journal.open():
            self.state.take(event)
            self._intents.add(event.seq)
        self.watch.at = len(self.state.exchanges)
        if not self.state.begun:
            await self._begin()
        elif self.state.ended is None and self.state.begun.get("digest", self.agent.digest) != self.agent.digest:
            await self._add("changed", await self._rules())
        while self.state.ended is None:
            if await self._answered():
                await self._step()
        end = self._end()
        await self.watch.ends(end.outcome)
        return end

    # ---- events ----------------------------------------------------------------------------------------------------

    async def _add(self, kind: Kind, data: Mapping[str, Any], ref: str | None = None) -> int:
        now = clock()
        took, self._since = now - self._since, now
        event = await self.journal.add(kind, {**data, "took": round(took, 3)}, ref)
        self.state.take(event)
        return event.seq

    async def _begin(self) -> None:
        marks = Marks(secrets.token_hex(8))
        request = f"# What is wanted\n\n{self.request}\n\n" if self.request else ""
        task = marks.hide(request + (brief.task(self.arguments) if self.arguments or not self.request else ""))
        await self._add(
            "begun",
            {
                "run": self.journal.run.id,
                "agent": self.agent.name,
                **await self._rules(),
                "arguments": dict(self.arguments),
                "request": self.request,
                "task": f"{task.strip()}\n\n{brief.moment()}",
                "salt": marks.salt,
                "tainted": await self.ctx.get(Taints).marked(self.ctx.principal.id),
                "marks": marks.values,
            },
        )

    async def _rules(self) -> dict[str, Any]:
        """What the agent's file, as it is now, has the run go by."""
        guide = await self.ctx.get(Guides).latest()
        instructions = brief.instructions(self.agent, self.ctx.principal, self.ctx.get(Registry))
        return {
            "version": self.agent.version,
            "digest": self.agent.digest,
            "limits": self.limits,
            "system": [f"{instructions}\n\n{HOW}", guide.markdown],
        }

    async def _stop(self, limit: Limit, why: str) -> None:
        await self._add("ended", {"outcome": "stopped", "limit": limit, "why": why})

    # ---- a step ----------------------------------------------------------------------------------------------------

    async def _step(self) -> None:
        """Ask the model for its next turn, if a limit allows it."""
        spent = self._spent()
        if spent is not None:
            return await self._stop(*spent)
        try:
            request = self._questions.next()
            if await self._questions.too_long(request):
                await self._add("summary", await self._questions.summed_up())
                request = self._questions.next()
            room = self._questions.room(request)
            if room < LEAST_OUTPUT:
                return await self._stop("tokens", f"The next question would go beyond {self.limits['tokens']} tokens.")
            number = len(self.state.exchanges) + 1
            await self.watch.step(number)
            answer = await self._questions.ask(number, replace(request, max_output=min(TURN_OUTPUT, room)), self.watch)
        except Refused as refused:
            return await self._unasked(refused)
        await self.watch.flush()
        turn = answer.turn
        await self._add(
            "turn",
            {
                "provider": answer.provider,
                "model": answer.choice.name,
                "text": turn.text,
                "calls": [asdict(call) for call in turn.calls],
                "native": dict(turn.native),
                "stop": turn.stop.reason if turn.stop else "end",
                "cached": turn.usage.cache_read > 0,
                "total_in": turn.usage.total_in,
                "call": answer.call,
                **paid(answer),
            },
        )
        return None

    def _spent(self) -> tuple[Limit, str] | None:
        """The limit that is reached, and in words."""
        state, limits = self.state, self.limits
        steps = len(state.exchanges)
        if state.idle >= IDLE_STEPS:
            return "no_progress", f"{IDLE_STEPS} steps brought nothing new."
        if steps >= limits["steps"]:
            return "steps", f"It has taken its {limits['steps']} steps. {_MORE}"
        if state.tokens >= limits["tokens"]:
            return "tokens", f"It has used its {limits['tokens']} tokens. {_MORE}"
        if self._seconds() >= limits["wall_s"]:
            return "wall_s", f"It has worked for its {limits['wall_s']} seconds. {_MORE}"
        return None

    def _seconds(self) -> float:
        return self.state.seconds + clock() - self._since

    def _carrying(self) -> Carrying:
        return Carrying(self.ctx, self.agent, self.state, self._questions.want())

    async def _unasked(self, refused: Refused) -> None:
        """End the run, with what it has, for want of an answer; before its first step that is the job's own failure.

        Raises:
            Refused: the same, where nothing was done yet and no model is set up.
        """
        why = f"{refused.message} {refused.hint}".strip()
        if isinstance(refused, Unanswered):
            if refused.kind == "content_filter":
                return await self._declined(refused.message)
            return await self._stop("model", f"No model answered: {why}")
        if refused.code is Code.OVER_BUDGET:
            return await self._stop("usd" if refused.details.get("cap") == "run" else "budget", why)
        if refused.code is Code.TOO_LARGE or (refused.code is Code.NOT_CONFIGURED and self.state.exchanges):
            return await self._stop("model", why)
        raise refused

    # ---- what a turn wants -----------------------------------------------------------------------------------------

    async def _answered(self) -> bool:
        """Carry out what the last turn wants; whether the run goes on."""
        last = self.state.last
        if last is None:
            return True
        if not last.wanted:
            return bool(last.note) or await self._said(last.data)
        while last.open and self.state.ended is None:
            batch = self._batch(last.open)
            await self.watch.calls([one.call.name for one in batch])
            await self._carry_out(last.number, batch)
        return self.state.ended is None

    def _batch(self, wanted: list[Wanted]) -> list[Wanted]:
        """The calls that may go on side by side: the reads at the front, or the first call alone."""
        carrying, found = self._carrying(), list[Wanted]()
        for one in wanted:
            if not carrying.parallel(one):
                break
            found.append(one)
        return found or wanted[:1]

    async def _carry_out(self, turn: int, batch: list[Wanted]) -> None:
        limit = anyio.CapacityLimiter(AT_ONCE)
        ready: list[tuple[Wanted, bool]] = []
        planned = 0
        for one in batch:
            before = one.seq is not None and one.seq in self._intents
            if one.seq is None:
                if not await self._allowed(turn, one, planned):
                    if self.state.ended is not None:
                        return None
                    continue
                await self._intend(turn, one)
            planned += not one.own
            ready.append((one, before))

        async def carry(one: Wanted, again: bool) -> None:  # task groups pass by position
            async with limit:
                await self._carry(turn, one, again=again)

        if len(ready) == 1:
            return await carry(*ready[0])
        async with anyio.create_task_group() as tasks:
            for one, again in ready:
                tasks.start_soon(carry, one, again)
        return None

    async def _intend(self, turn: int, one: Wanted) -> None:
        given = self.state.marks.show(one.call.arguments)
        await self._add("call", {"turn": turn, "index": one.index, "tool": one.call.name, "arguments": given})

    async def _allowed(self, turn: int, one: Wanted, planned: int) -> bool:
        """Whether the call is made at all; where it is not, its result says why, or the run has ended."""
        state = self.state
        if not one.own and state.calls + planned >= self.limits["tool_calls"]:
            await self._stop("tool_calls", f"It has made its {self.limits['tool_calls']} calls. {_MORE}")
            return False
        given = state.given[signature(one.call)]
        if one.call.name != DELIVER and len(given) >= SAME_CALLS - 1 and len(set(given[1 - SAME_CALLS :])) == 1:
            await self._stop("loop", f"It has called {one.call.name} with the same arguments again and again.")
            return False
        unfit = self._carrying().unfit(one)
        if unfit is not None:
            await self._result(turn, one, unfit)
            return False
        if one.call.name == DELIVER:
            await self._deliver(turn, one, one.call.arguments or {})
            return False
        return True

    async def _carry(self, turn: int, one: Wanted, *, again: bool) -> None:
        while True:
            try:
                result = await self._carrying().call(one, again=again)
            except Waits as waits:
                again = True
                if not one.waits or one.waits != waits.change:
                    await self._add("waits", {"turn": turn, "index": one.index, "change": waits.change}, waits.change)
                declined = await self._wait_for_person(waits)
                if declined is None:
                    continue
                result = declined
            return await self._result(turn, one, result)

    async def _result(self, turn: int, one: Wanted, result: Mapping[str, Any]) -> None:
        await self._add("result", {"turn": turn, "index": one.index, "tool": one.call.name, **result})

    async def _wait_for_person(self, waits: Waits) -> dict[str, Any] | None:
        """Park the job until the change is decided. None when it is, else the result of a call that was declined by
        declining the job's question.

        Whoever is asked decides the change itself, where its plan is shown and its digest checked (``jobs/deciding``);
        a bare answer to the job's question lets the run look again.
        """
        from ...jobs.model import Job

        changes, job = self.ctx.get(Changes), self.ctx.get(Job)
        places = " or ".join(str(place) for place in waits.approve.values())
        message = f"A person must agree to {waits.change} first"
        if waits.summary and not self.state.tainted:  # else its words may be anybody's; the page fences them
            message += f": {waits.summary}"
        message = message.removesuffix(".") + "." + (f" Agree at {places}." if places else "")
        number = 0
        while (await changes.journal.row_of(waits.change, None))["state"] == "proposed":
            await self.watch.waits(waits.change)
            answer = await job.ask(f"{waits.change}-{number}", message, GO_ON, change=waits.change)
            number += 1
            if answer is None:
                person = Person(self.ctx.principal.name or self.ctx.principal.id, "page")
                try:
                    await changes.decided(self.ctx, waits.change, person, agreed=False)
                except Refused as refused:
                    return {**refusal(refused.code, refused.message, refused.hint), "change": waits.change}
        return None

    # ---- the end ---------------------------------------------------------------------------------------------------

    async def _said(self, data: Mapping[str, Any]) -> bool:
        """What a turn without calls is: the deliverable, a refusal, or neither; whether the run goes on."""
        if data["stop"] in {"refusal", "filter"}:
            await self._declined(data["text"])
            return False
        found = object_in(data["text"])
        if found is not None and not errors(self.agent.written.fields["output"], found):
            await self._delivered(found)
            return False
        if found is not None and self.state.refused_deliverables:
            await self._stop("deliverable", "What it delivered does not fit its schema.")
            return False
        note = _CUT if data["stop"] == "length" else _GO_ON
        if found is not None:
            note = _repair(errors(self.agent.written.fields["output"], found))
        await self._add("note", {"text": note})
        return True

    async def _deliver(self, turn: int, one: Wanted, given: dict[str, Any]) -> None:
        wrong = errors(self.agent.written.fields["output"], given)
        if not wrong:
            return await self._delivered(given)
        if self.state.refused_deliverables:
            return await self._stop("deliverable", f"What it delivered does not fit its schema: {wrong[0]}")
        return await self._result(turn, one, refusal(Code.INVALID_ARGUMENTS, _repair(wrong)))

    async def _delivered(self, given: dict[str, Any]) -> None:
        gone: list[str] = []
        output = self._without_links(given, gone)
        warnings = [f"Links to {', '.join(sorted(set(gone)))} were taken out."] if gone else []
        await self._add("ended", {"outcome": "delivered", "output": output, "warnings": warnings})

    def _without_links(self, said: Any, gone: list[str]) -> Any:
        """What a model says, as it may leave the run: with what marks stand for, without links of others."""
        known, outside = allowed_hosts(self.ctx, self.state), hosts(self.state.outside)
        # What can't be seen goes first: it would hide a link from who looks for links, and be gone for who reads it.
        said = cleaned(self.state.marks.show(said))
        return without_foreign(said, known.__contains__, gone, outside)

    async def _declined(self, words: str) -> None:
        why = self._without_links(words.strip(), []) or "The model declined the task."
        await self._add("ended", {"outcome": "declined", "why": why[:2_000]})

    def _end(self) -> RunEnd:
        state, ended = self.state, self.state.ended or {}
        return RunEnd(
            run=self.journal.run.id,
            agent=self.agent.name,
            version=state.begun["version"],
            outcome=ended["outcome"],
            output=ended.get("output"),
            limit=ended.get("limit"),
            why=self._without_links(ended.get("why"), []),
            done=self._without_links(state.done[:100], []),
            changes=state.changes,
            warnings=[*state.warnings, *ended.get("warnings", [])],
            spent=state.spent,
        )


def _limits(agent: Agent, caps: Caps) -> dict[str, Any]:
    """The agent's limits, each lowered where the caller wants less."""
    own = agent.file.limits.model_dump()
    wanted = caps.model_dump(exclude_none=True)
    return {name: min(value, wanted.get(name, value)) for name, value in own.items()}


def _repair(wrong: list[str]) -> str:
    return "The deliverable does not fit its schema. Deliver it once more, whole. " + "; ".join(wrong)
