"""A round as a durable job: whatever was answered, judged or given up is written before anything else follows.

A round that starts again goes on from its rows. What was paid for is not asked again: answers are kept by the gateway
under their step's name, and who was late or lost stays so.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import anyio

from ...context import Context
from ...db.failures import DatabaseRefused
from ...errors import Code, Refused
from ...guard.audit import now_us
from ...guard.redact import redactor
from ...jobs.model import Job
from ...jobs.run import Run
from ..asking import Answer, Unanswered, Want
from ..gateway import Gateway
from ..models import Model
from ..port import Request
from . import asking
from .asking import Table
from .brief import Brief
from .checks import failures
from .decide import Decision, Prior, Sheet, Standing, Vote, decided, needs_pairs, standings
from .drafts import Gathering
from .models import EntryState, JudgeState, RoundResult
from .panel import JUDGES, Answered, Read, better, eligible, pair_question, question, read, seat, show

if TYPE_CHECKING:
    from .service import RoundTable

Json = dict[str, Any]
DRAFTS_SHARE = 0.7
"""Of the budget, what drafts may take where judges are to follow."""
REPEATED = 0.10
"""Share of rounds in which a judge sees the answers once more in the reverse order."""
ACCEPTED = 4.0
"""Of 5, from which on a cascade goes no further."""
JUDGE_SECONDS = 60.0
FUSED = 3
"""Answers that are fused, at most."""
MILLION = 1_000_000


class Round:
    """One run of one round."""

    def __init__(self, service: RoundTable, ctx: Context, brief: Brief) -> None:
        self._service = service
        self._ctx = ctx
        self._brief = brief
        self._run = cast("Run", ctx.get(Job))
        self._gateway = ctx.get(Gateway)
        self._models: Mapping[str, Model] = {}
        self._table = Table((), 0, (), {}, 0.0)
        self._trust: Mapping[str, float] = {}
        self._warnings: list[str] = []
        self._lost: set[int] = set()
        self._answers: list[Answered] = []

    @property
    def id(self) -> str:
        return self._run.id

    async def play(self) -> RoundResult:
        """The round from its start, or from where an earlier run left it.

        Raises:
            Refused: when nothing can be asked, or no answer stands.
        """
        self._models = await self._gateway.models()
        kept: Json = await self._run.step("table", self._lay)
        self._table, self._trust = Table.opened(kept), kept["trust"]
        self._warnings += self._table.warnings
        try:
            decision, found, repeats = await self._decide()
            return await self._end(decision, found, repeats)
        except DatabaseRefused:
            raise
        except Refused as refused:
            await self._write_end({"state": "failed", "decision": {"why": refused.message, "warnings": self._warnings}})
            raise

    async def _lay(self) -> Json:
        from . import store

        ratings, trust = await self._service.known(self._brief.kind)
        table = await asking.lay(self._gateway, self._brief, ratings, trust, self.id)
        async with self._run.writing() as conn:
            await store.insert(
                conn,
                {
                    "id": self.id, "principal": self._run.row["principal"], "kind": self._brief.kind,
                    "mode": self._brief.mode, "brief_sha256": self._brief.sha256, "state": "running",
                    "brief": self._brief.model_dump(mode="json"), "decision": None, "winner": None, "picked": None,
                    "how": None, "repeats": 0, "flips": 0, "created_at": now_us(), "ended_at": None,
                },
            )  # fmt: skip
        return {**table.packed(), "trust": trust}

    async def _decide(self) -> tuple[Decision, list[Standing], tuple[int, int]]:
        if self._brief.mode in {"solo", "cascade"}:
            return await self._climb(), [], (0, 0)
        await self._draft()
        rows = await self._rows("entries")
        answers = self._answers = self._standing(rows)
        priors = self._priors(rows)
        if len(answers) < 2:
            return decided([], 0, [], priors), [], (0, 0)
        await self._say("judging")
        reads = await self._judge(answers)
        sheets = [one.sheet for one in reads.values() if len(one.sheet.scores) > 1]
        found = standings(sheets, self._brief.weights, self._trust, self.id)
        votes: list[Vote] = []
        if len(sheets) >= 2 and needs_pairs(found):
            await self._say("comparing the two best")
            votes = await self._pairs(answers, found[0].answer, found[1].answer, [one.judge for one in sheets])
        flipped = [one.flipped for one in votes] + await self._repeat(answers, reads)
        return decided(found, len(sheets), votes, priors), found, (len(flipped), sum(flipped))

    # ---- drafts ------------------------------------------------------------------------------------------------------

    async def _draft(self) -> None:
        await self._say("drafting")
        rows = await self._rows("entries") if self._run.attempt > 1 else []
        ended = {row["number"]: row["state"] == "stands" for row in rows}
        self._lost = {row["number"] for row in rows if row["state"] == "lost"}
        gathering = Gathering(
            self._table.drafters * 2,  # whose answer was lost may be asked again, when nobody else is left
            self._table.asked,
            self._ask_draft,
            self._close_drafts,
            hedge_s=self._table.hedge_s,
            deadline_s=self._brief.deadline_s,
            grace=self._service.grace,
        )
        await gathering.run(ended)

    def _model(self, number: int) -> str:
        """Whose draft has that number."""
        return self._table.drafters[(number - 1) % len(self._table.drafters)]

    async def _ask_draft(self, number: int, model: str) -> bool:
        first = number - len(self._table.drafters)
        if first > 0 and first not in self._lost:
            return False
        alone = self._brief.mode == "solo"
        budget = self._brief.budget_usd * (1 if alone else DRAFTS_SHARE)
        answer, why = await self._ask(
            f"draft-{number}", model, asking.draft(self._brief), self._brief.deadline_s, budget
        )
        state, reasons = self._judged(answer, why)
        text = "" if answer is None else answer.turn.text
        await self._entry(number, model, state, text, reasons, answer)
        if state == "lost":
            self._lost.add(number)
        return state == "stands"

    def _judged(self, answer: Answer | None, why: str) -> tuple[EntryState, tuple[str, ...]]:
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

    async def _close_drafts(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            why = "It had not come when enough others had, or the time was over."
            await self._entry(number, self._model(number), "late", "", (why,), None)

    async def _entry(
        self, number: int, model: str, state: EntryState, text: str, reasons: Sequence[str], answer: Answer | None
    ) -> None:
        from . import store

        cost = None if answer is None or answer.total_usd is None else round(answer.total_usd * MILLION)
        row = {
            "round": self.id, "number": number, "model": model, "state": state,
            "body": {"text": text, "reasons": list(reasons)}, "cost": cost,
            "ms": None if answer is None else round(answer.latency_s * 1000), "at": now_us(),
        }  # fmt: skip
        async with self._run.writing() as conn:
            await store.add_entry(conn, row)

    async def _rows(self, what: str) -> list[Json]:
        from . import store

        async with self._run.db.read() as conn:
            return await (store.entries if what == "entries" else store.scores)(conn, self.id)

    def _standing(self, rows: Sequence[Json]) -> list[Answered]:
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
        model = self._models.get(row["model"])
        provider = row["model"].partition("/")[0]
        return Answered(row["number"], provider, provider if model is None else model.maker, row["body"]["text"])

    def _priors(self, rows: Sequence[Json]) -> dict[int, Prior]:
        return {
            row["number"]: Prior(
                self._table.chances.get(row["model"], 0.5), (row["cost"] or 0) / MILLION, (row["ms"] or 0) / 1000
            )
            for row in rows
            if row["state"] == "stands"
        }

    # ---- judges ------------------------------------------------------------------------------------------------------

    async def _judge(self, answers: Sequence[Answered]) -> dict[str, Read]:
        """What counts of each judge's sheet, by the judge."""
        seats = [model.name for model in self._seats(answers)]

        async def ask(number: int, name: str) -> bool:
            shown = show(self.id, self._models[name], answers)
            answer, why = await self._ask_judge(f"judge-{number}", name, question(self._brief, shown))
            got = None if answer is None or answer.state == "lost" else read(self._brief, shown, answer.turn.text)
            state: JudgeState = "scored" if got else "failed" if answer is None else "useless"
            if answer is not None and answer.state == "lost":
                state = "lost"
            await self._score(number, name, state, {"order": shown.permutation, "why": why, **_packed(got)}, got)
            return state == "scored"

        async def close(numbers: Sequence[int]) -> None:
            for number in numbers:
                shown = show(self.id, self._models[seats[number - 1]], answers)
                body = {"order": shown.permutation, "why": "It had not come when enough others had.", **_packed(None)}
                await self._score(number, seats[number - 1], "late", body, None)

        earlier = await self._rows("scores") if self._run.attempt > 1 else []
        ended = {row["seat"]: row["state"] == "scored" for row in earlier}
        if len(seats) >= 2:
            await Gathering(
                seats, JUDGES, ask, close, hedge_s=JUDGE_SECONDS / 3, deadline_s=JUDGE_SECONDS,
                grace=self._service.grace,
            ).run(ended)  # fmt: skip
        return {row["judge"]: opened(row) for row in await self._rows("scores") if row["state"] == "scored"}

    def _seats(self, answers: Sequence[Answered]) -> list[Model]:
        return seat([self._models[name] for name in self._table.judges if name in self._models], answers)

    async def _ask_judge(self, step: str, name: str, request: Request) -> tuple[Answer | None, str]:
        return await self._ask(step, name, request, JUDGE_SECONDS, self._brief.budget_usd)

    async def _score(self, number: int, judge: str, state: JudgeState, body: Json, got: Read | None) -> None:
        from . import store

        best = _best(got.sheet, self._brief.weights) if got else None
        row = {
            "round": self.id, "seat": number, "judge": judge, "state": state, "body": body, "best": best,
            "at": now_us(),
        }  # fmt: skip
        async with self._run.writing() as conn:
            await store.add_score(conn, row)

    async def _pairs(self, answers: Sequence[Answered], one: int, other: int, judges: Sequence[str]) -> list[Vote]:
        """The two leaders before every judge that may score both, in both orders."""
        both = [answer for answer in answers if answer.number in {one, other}]
        both.sort(key=lambda answer: answer.number != one)
        votes: dict[str, Vote] = {}

        async def compare(number: int, name: str) -> None:
            said: list[int | None] = []
            for turn, (first, second) in enumerate((both, both[::-1]), 1):
                given = await self._run.step(
                    f"pair {number}-{turn}", self._better, f"pair-{number}-{turn}", name, first, second
                )
                said.append(given)
            votes[name] = Vote(name, said[0], said[1])

        async with anyio.create_task_group() as tasks:
            for number, name in enumerate(sorted(judges), 1):
                if len(eligible(self._models[name], both)) == 2:
                    tasks.start_soon(compare, number, name)
        return [votes[name] for name in sorted(votes)]

    async def _better(self, step: str, name: str, first: Answered, second: Answered) -> int | None:
        answer, _ = await self._ask_judge(step, name, pair_question(self._brief, first, second))
        return None if answer is None else better(answer.turn.text, first.number, second.number)

    async def _repeat(self, answers: Sequence[Answered], reads: Mapping[str, Read]) -> list[bool]:
        """In some rounds: whether one judge's best is another one when it sees the answers the other way round."""
        if not reads or random.Random(f"{self.id}/repeat").random() >= REPEATED:  # noqa: S311 # no secret
            return []
        name = min(reads)
        shown = show(self.id, self._models[name], answers, back=True)

        async def again() -> int | None:
            answer, _ = await self._ask_judge("reversed", name, question(self._brief, shown))
            got = None if answer is None else read(self._brief, shown, answer.turn.text)
            return None if got is None else _best(got.sheet, self._brief.weights)

        best = await self._run.step("reversed", again)
        return [] if best is None else [best != _best(reads[name].sheet, self._brief.weights)]

    # ---- one after the other -----------------------------------------------------------------------------------------

    async def _climb(self) -> Decision:
        """Model after model, until an answer is good enough: by the checks, and in a cascade by one judge."""
        scored: dict[int, float] = {}
        most = 2 if self._brief.mode == "solo" else len(self._table.drafters)
        for number, model in enumerate(self._table.drafters[:most], 1):
            await self._say(f"asking {model}")
            rows = {row["number"]: row for row in await self._rows("entries")}
            if number not in rows and not await self._ask_draft(number, model):
                continue
            if number in rows and rows[number]["state"] != "stands":
                continue
            if self._brief.mode == "solo":
                return Decision(number, "solo", "One model was asked, and its answer passed the checks.")
            score = await self._alone(number)
            if score is None:
                return Decision(number, "cascade", "It passed the checks; no judge of another provider could be had.")
            scored[number] = score
            if score >= ACCEPTED:
                why = f"The cheapest that is good enough: {score:.1f} of 5 by a judge of another provider."
                return Decision(number, "cascade", why)
        if not scored:
            self._standing(await self._rows("entries"))
        best = max(scored, key=lambda number: (scored[number], -number))
        return Decision(best, "cascade", f"None was good enough; the best had {scored[best]:.1f} of 5.")

    async def _alone(self, number: int) -> float | None:
        """What one judge gives the answer, from 1 to 5."""
        answer = next(one for one in self._standing(await self._rows("entries")) if one.number == number)
        for row in await self._rows("scores"):
            if row["state"] == "scored" and row["body"]["order"] == [number]:
                return _mean(opened(row).sheet.scores[number], self._brief.weights)
        for place, name in enumerate(self._table.judges[:JUDGES], 1):
            model = self._models.get(name)
            if model is None or not eligible(model, [answer]):
                continue
            shown = show(self.id, model, [answer])
            said, why = await self._ask_judge(f"judge-{number}-{place}", name, question(self._brief, shown))
            got = None if said is None else read(self._brief, shown, said.turn.text)
            state: JudgeState = "scored" if got else "failed" if said is None else "useless"
            body = {"order": shown.permutation, "why": why, **_packed(got)}
            await self._score(number * 10 + place, name, state, body, got)
            if got:
                return _mean(got.sheet.scores[number], self._brief.weights)
        return None

    # ---- the end -----------------------------------------------------------------------------------------------------

    async def _end(self, decision: Decision, found: Sequence[Standing], repeats: tuple[int, int]) -> RoundResult:
        answers = self._answers or self._standing(await self._rows("entries"))
        winner = next(one for one in answers if one.number == decision.winner)
        text, fused = winner.text, False
        model = self._model(winner.number)
        if self._brief.mode == "fuse" and len(answers) > 1:
            text, fused = await self._fuse(decision, answers, model)
        if decision.how == "unjudged":
            self._warnings.append(decision.why)
        body = {
            "why": decision.why, "p_best": decision.p_best, "order": list(decision.order), "text": text,
            "fused": fused, "warnings": self._warnings,
            "standings": [[one.answer, one.mean, one.p_best] for one in found],
            "votes": [[vote.judge, vote.first, vote.second] for vote in decision.votes],
        }  # fmt: skip
        await self._write_end(
            {
                "state": "done", "decision": body, "winner": decision.winner, "how": decision.how,
                "repeats": repeats[0], "flips": repeats[1],
            }
        )  # fmt: skip
        cost = await self._service.spent(self.id)
        return RoundResult(
            round=self.id,
            answer=text,
            model=model,
            number=decision.winner,
            how=decision.how,
            why=decision.why,
            p_best=decision.p_best,
            fused=fused,
            answers=len(answers),
            cost_usd=cost,
            warnings=self._warnings,
        )

    async def _fuse(self, decision: Decision, answers: Sequence[Answered], model: str) -> tuple[str, bool]:
        """One answer of the best ones, if it passes the checks; else the winner's."""
        await self._say("fusing the best answers")
        by_number = {one.number: one for one in answers}
        best = [by_number[number] for number in decision.order if number in by_number][:FUSED]
        request = asking.fusing(self._brief, best)
        answer, why = await self._ask("fuse", model, request, self._brief.deadline_s, self._brief.budget_usd)
        state, reasons = self._judged(answer, why)
        if answer is not None and state == "stands":
            return answer.turn.text, True
        self._warnings.append(f"The best answers could not be fused, so it is the winner's own: {' '.join(reasons)}")
        return by_number[decision.winner].text, False

    async def _write_end(self, values: Json) -> None:
        from . import store

        with anyio.CancelScope(shield=True):
            async with self._run.writing() as conn:
                await store.end(conn, self.id, {**values, "ended_at": now_us()})

    async def _say(self, words: str) -> None:
        await self._ctx.progress(0, None, words)

    async def _ask(
        self, step: str, model: str, request: Request, seconds: float, budget: float
    ) -> tuple[Answer | None, str]:
        """The model's answer, or None and why there is none."""
        want = Want(self._brief.kind, only=(model,), tries=2, deadline_s=seconds, job_usd=budget)
        try:
            return await self._gateway.ask(self._ctx, step, want, request), ""
        except DatabaseRefused:
            raise
        except Unanswered as error:
            return None, f"{error.message} ({error.kind})"
        except Refused as refused:
            return None, refused.message


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


def _best(sheet: Sheet, weights: Mapping[str, float]) -> int:
    """The answer that the judge holds for the best; its own ranking breaks ties."""
    place = {number: -index for index, number in enumerate(sheet.ranking)}
    return max(sheet.scores, key=lambda one: (round(_mean(sheet.scores[one], weights), 9), place.get(one, -99), -one))
