"""A round's drafts: asked side by side, checked, and kept with what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import Code, Refused
from ...guard.redact import redactor
from ..asking import Answer
from . import asking
from .checks import failures
from .decide import Prior
from .drafts import Gathering
from .models import EntryState
from .panel import Answered
from .playing import MILLION, Json, Playing

DRAFTS_SHARE = 0.7
"""Of the budget, what drafts may take where judges are to follow."""
ANOTHER_SECONDS, ANOTHER_SHARE = 10.0, 2.0
"""What one more draft is given where too few could judge: so long, or so many times what the slowest one took."""
AWAY = frozenset({"late", "failed"})


class Drafting:
    """The drafts of one round."""

    def __init__(self, playing: Playing) -> None:
        self._playing = playing
        self._brief = playing.brief
        self._lost: set[int] = set()
        self._ended = 0

    async def gather(self) -> None:
        """All drafts, until enough have come."""
        table = self._playing.table
        await self._playing.load(table.drafters[: table.asked])
        await self._playing.say("drafting")
        rows = await self._playing.entries() if self._playing.resumed else []
        ended = {row["number"]: row["state"] == "stands" for row in rows}
        self._ended = len(ended)
        self._lost = {row["number"] for row in rows if row["state"] == "lost"}
        gathering = Gathering(
            table.drafters * 2,  # whose answer was lost may be asked again, when nobody else is left
            table.asked,
            self.ask,
            self._close,
            hedge_s=table.hedge_s,
            deadline_s=self._brief.deadline_s,
            grace=self._playing.grace,
        )
        await gathering.run(ended)

    async def ask(self, number: int, model: str) -> bool:
        """Ask the model and keep what came; whether it may be judged."""
        first = number - len(self._playing.table.drafters)
        if first > 0 and first not in self._lost:
            return False
        alone = self._brief.mode == "solo"
        budget = self._brief.budget_usd * (1 if alone else DRAFTS_SHARE)
        answer, why = await self._playing.ask(
            f"draft-{number}", model, asking.draft(self._brief), self._brief.deadline_s, budget
        )
        state, reasons = self.judged(answer, why)
        text = "" if answer is None else answer.turn.text
        await self._playing.add_entry(number, model, state, text, reasons, answer)
        self._ended += 1
        await self._playing.say("drafting", self._ended, self._playing.table.asked)
        if state == "lost":
            self._lost.add(number)
        return state == "stands"

    async def another(self, rows: Sequence[Json]) -> bool:
        """Ask the next in reserve, or else whose answer was lost, and wait for it as ``ANOTHER_SHARE`` says; whether
        there was one to ask.
        """
        states = {row["number"]: row["state"] for row in rows}
        count = len(self._playing.table.drafters)
        again = [number + count for number, state in states.items() if state == "lost" and number <= count]
        number = next((one for one in [*range(1, count + 1), *again] if one not in states), None)
        if number is None:
            return False
        took = max((row["ms"] or 0) / 1000 for row in rows if row["state"] == "stands")
        seconds = min(self._brief.deadline_s, max(ANOTHER_SECONDS, ANOTHER_SHARE * took))
        next_one = [self._playing.drafter(number)]

        async def ask(_number: int, model: str) -> bool:
            return await self.ask(number, model)

        async def close(_numbers: Sequence[int]) -> None:
            await self._close([number])

        await self._playing.load(next_one)
        await Gathering(next_one, 1, ask, close, hedge_s=seconds, deadline_s=seconds).run({})
        return True

    def judged(self, answer: Answer | None, why: str) -> tuple[EntryState, tuple[str, ...]]:
        """What became of a draft, and why."""
        if answer is None:
            return "failed", (why,)
        if answer.state == "lost":
            return "lost", ("The server stopped while it was under way.",)
        stop = answer.turn.stop
        if stop is None or stop.reason != "end":
            return "failed", (f"It is no whole answer ({'none' if stop is None else stop.reason}).",)
        checked = failures(answer.turn.text, self._brief.checks, self._brief.output_schema, redactor)
        return ("disqualified", checked) if checked else ("stands", ())

    async def _close(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            why = "It had not come when enough others had, or the time was over."
            await self._playing.add_entry(number, self._playing.drafter(number), "late", "", (why,), None)

    def standing(self, rows: Sequence[Json]) -> list[Answered]:
        """The answers that may be judged.

        Raises:
            Refused: UPSTREAM_INVALID when there is none, with why of each.
        """
        found = [self._answered(row) for row in rows if row["state"] == "stands"]
        if not found:
            whys = {row["model"]: row["body"]["reasons"][:3] for row in rows}
            said = "; ".join(f"{name}: {' '.join(reasons)}" for name, reasons in whys.items())
            message = f"No answer stood. {said}"[:1500]
            raise Refused(
                Code.UPSTREAM_INVALID, message, "round_table_show has each answer; the checks may ask for too much."
            )
        return found

    def _answered(self, row: Mapping[str, Any]) -> Answered:
        model = self._playing.models.get(row["model"])
        provider = row["model"].partition("/")[0]
        return Answered(row["number"], provider, provider if model is None else model.maker, row["body"]["text"])

    @staticmethod
    def away(rows: Sequence[Json]) -> frozenset[str]:
        """The providers that drafts were asked of in vain: who does not answer now hardly judges now."""
        by_state = [(row["model"].partition("/")[0], row["state"]) for row in rows]
        there = {provider for provider, state in by_state if state not in AWAY}
        return frozenset(provider for provider, state in by_state if state in AWAY) - there

    def priors(self, rows: Sequence[Json]) -> dict[int, Prior]:
        """What is known of the answers that stand, apart from judgements."""
        return {
            row["number"]: Prior(
                self._playing.table.chances.get(row["model"], 0.5),
                (row["cost"] or 0) / MILLION,
                (row["ms"] or 0) / 1000,
            )
            for row in rows
            if row["state"] == "stands"
        }
