"""A round's judges: their sheets, the leaders before all of them in both orders, and how steady one of them is."""

from __future__ import annotations

import random
from collections.abc import Container, Mapping, Sequence
from typing import Any

import anyio

from ..asking import Answer
from ..models import Model
from ..port import Request
from .decide import Sheet, Vote
from .drafts import Gathering, unnoted
from .models import JudgeState
from .panel import JUDGES, Answered, Read, better, eligible, pair_question, question, read, seat, show
from .playing import Json, Playing

REPEATED = 0.10
"""Share of rounds in which a judge sees the answers once more in the reverse order."""
JUDGE_SECONDS = 60.0
PAIR_SECONDS = 5.0
"""What judges are given at least to compare two answers; else, of the time that their sheets took,"""
ONCE_MORE = 1.5
"""so many times: a judge that hangs now holds up nobody."""
LAST_SECONDS = 5.0
"""What the last judges are given at least after the first sheet, where each of them is needed."""


class Judging:
    """The judges of one round."""

    def __init__(self, playing: Playing) -> None:
        self._playing = playing
        self._brief = playing.brief
        self._took: dict[str, float] = {}
        self._ended = 0

    async def sheets(self, answers: Sequence[Answered], away: Container[str]) -> dict[str, Read]:
        """What counts of each judge's sheet, by the judge; providers that are ``away`` are asked last."""
        seats = [model.name for model in self._seats(answers, away)]

        async def ask(number: int, name: str) -> bool:
            shown = show(self._playing.id, self._playing.models[name], answers)
            answer, why = await self._ask_judge(f"judge-{number}", name, question(self._brief, shown))
            got = None if answer is None or answer.state == "lost" else read(self._brief, shown, answer.turn.text)
            state: JudgeState = "scored" if got else "failed" if answer is None else "useless"
            if answer is not None and answer.state == "lost":
                state = "lost"
            body = {"order": shown.permutation, "why": why, **_packed(got), **_took(answer)}
            await self._playing.add_score(number, name, state, body, got and self._best(got))
            self._ended += 1
            await self._playing.say("judging", self._ended, min(JUDGES, len(seats)))
            return state == "scored"

        async def close(numbers: Sequence[int]) -> None:
            for number in numbers:
                shown = show(self._playing.id, self._playing.models[seats[number - 1]], answers)
                body = {"order": shown.permutation, "why": "It had not come when enough others had.", **_packed(None)}
                await self._playing.add_score(number, seats[number - 1], "late", body, None)

        earlier = await self._playing.scores() if self._playing.resumed else []
        ended = {row["seat"]: row["state"] == "scored" for row in earlier}
        self._ended = len(ended)
        if len(seats) >= 2:
            await self._playing.load(seats[:JUDGES])
            await Gathering(
                seats, JUDGES, ask, close, hedge_s=JUDGE_SECONDS / 3, deadline_s=JUDGE_SECONDS,
                grace=self._playing.grace, last_s=LAST_SECONDS,
            ).run(ended)  # fmt: skip
        rows = [row for row in await self._playing.scores() if row["state"] == "scored"]
        self._took = {row["judge"]: row["body"].get("ms", JUDGE_SECONDS * 1000) / 1000 for row in rows}
        return {row["judge"]: opened(row) for row in rows}

    def present(self, answers: Sequence[Answered], away: Container[str]) -> int:
        """How many may judge whose providers are not away."""
        return sum(model.provider not in away for model in self._seats(answers, away))

    def _seats(self, answers: Sequence[Answered], away: Container[str]) -> list[Model]:
        models = self._playing.models
        return seat([models[name] for name in self._playing.table.judges if name in models], answers, away)

    async def _ask_judge(
        self, step: str, name: str, request: Request, seconds: float = JUDGE_SECONDS
    ) -> tuple[Answer | None, str]:
        return await self._playing.ask(step, name, request, min(seconds, JUDGE_SECONDS), self._brief.budget_usd)

    async def pairs(self, answers: Sequence[Answered], one: int, other: int, judges: Sequence[str]) -> list[Vote]:
        """The two leaders before every judge that may score both, in both orders, until enough of them have said."""
        both = [answer for answer in answers if answer.number in {one, other}]
        both.sort(key=lambda answer: answer.number != one)
        names = [name for name in sorted(judges) if len(eligible(self._playing.models[name], both)) == 2]
        given = await self._playing.run.step("pairs", self._compared, both, names)
        return [Vote(*vote) for vote in given]

    async def _compared(
        self, both: Sequence[Answered], names: Sequence[str]
    ) -> list[tuple[str, int | None, int | None]]:
        one, other = both
        votes: dict[str, tuple[str, int | None, int | None]] = {}
        seconds = max(PAIR_SECONDS, *(ONCE_MORE * self._took[name] for name in names)) if names else 0.0

        async def compare(number: int, name: str) -> bool:
            said: dict[int, tuple[int | None]] = {}

            async def once(turn: int, first: Answered, second: Answered) -> None:
                asked = pair_question(self._brief, first, second)
                answer, _ = await self._ask_judge(f"pair-{number}-{turn}", name, asked, seconds)
                if answer is not None and answer.state == "done":
                    said[turn] = (better(answer.turn.text, first.number, second.number),)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(once, 1, one, other)
                tasks.start_soon(once, 2, other, one)
            if len(said) == 2:  # one order alone says as much of the order as of the answers
                votes[name] = (name, *said[1], *said[2])
            return len(said) == 2

        gathering = Gathering(
            names, len(names), compare, unnoted, hedge_s=JUDGE_SECONDS, deadline_s=seconds, grace=self._playing.grace
        )
        await gathering.run({})
        return [votes[name] for name in sorted(votes)]

    async def repeat(self, answers: Sequence[Answered], reads: Mapping[str, Read]) -> list[bool]:
        """In some rounds: whether one judge's best is another one when it sees the answers the other way round."""
        if not reads or random.Random(f"{self._playing.id}/repeat").random() >= REPEATED:  # noqa: S311 # no secret
            return []
        name = min(reads)
        shown = show(self._playing.id, self._playing.models[name], answers, back=True)

        async def again() -> int | None:
            answer, _ = await self._ask_judge(
                "reversed", name, question(self._brief, shown), ONCE_MORE * self._took[name]
            )
            got = None if answer is None else read(self._brief, shown, answer.turn.text)
            return None if got is None else self._best(got)

        best = await self._playing.run.step("reversed", again)
        return [] if best is None else [best != self._best(reads[name])]

    async def alone(self, answer: Answered) -> float | None:
        """What one judge of another provider gives the answer, from 1 to 5; None where there is none."""
        number = answer.number
        for row in await self._playing.scores():
            if row["state"] == "scored" and row["body"]["order"] == [number]:
                return _mean(opened(row).sheet.scores[number], self._brief.weights)
        for place, name in enumerate(self._playing.table.judges[:JUDGES], 1):
            model = self._playing.models.get(name)
            if model is None or not eligible(model, [answer]):
                continue
            shown = show(self._playing.id, model, [answer])
            said, why = await self._ask_judge(f"judge-{number}-{place}", name, question(self._brief, shown))
            got = None if said is None else read(self._brief, shown, said.turn.text)
            state: JudgeState = "scored" if got else "failed" if said is None else "useless"
            body = {"order": shown.permutation, "why": why, **_packed(got)}
            best = got and self._best(got)
            await self._playing.add_score(number * 10 + place, name, state, body, best)
            if got:
                return _mean(got.sheet.scores[number], self._brief.weights)
        return None

    def _best(self, given: Read) -> int:
        return best(given.sheet, self._brief.weights)


def _took(answer: Answer | None) -> Json:
    return {} if answer is None else {"ms": round(answer.latency_s * 1000)}


def _packed(got: Read | None) -> Json:
    if got is None:
        return {"rows": [], "ranking": [], "dropped": 0}
    return {"rows": [list(row) for row in got.rows], "ranking": list(got.sheet.ranking), "dropped": got.dropped}


def opened(row: Mapping[str, Any]) -> Read:
    """What counts of a kept sheet."""
    rows = tuple((int(one[0]), str(one[1]), int(one[2]), str(one[3])) for one in row["body"]["rows"])
    scores: dict[int, dict[str, float]] = {}
    for number, criterion, score, _ in rows:
        scores.setdefault(number, {})[criterion] = float(score)
    return Read(Sheet(row["judge"], scores, tuple(row["body"]["ranking"])), rows, row["body"]["dropped"])


def _mean(scores: Mapping[str, float], weights: Mapping[str, float]) -> float:
    total = sum(weights[name] for name in scores)
    return sum(weights[name] * value for name, value in scores.items()) / total


def best(sheet: Sheet, weights: Mapping[str, float]) -> int:
    """The answer that the judge holds for the best; its own ranking breaks ties."""
    place = {number: -index for index, number in enumerate(sheet.ranking)}
    return max(sheet.scores, key=lambda one: (round(_mean(sheet.scores[one], weights), 9), place.get(one, -99), -one))
