"""A round as a durable job: whatever was answered, judged or given up is written before anything else follows.

A round that starts again goes on from its rows. What was paid for is not asked again: answers are kept by the gateway
under their step's name, and who was late or lost stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import anyio

from ...context import Context
from ...db.failures import DatabaseRefused
from ...errors import Refused
from ...guard.audit import now_us
from ...guard.taint import Taints
from ...guard.trust import UNTRUSTED
from . import asking
from .asking import Table
from .brief import Brief
from .decide import Decision, Standing, Vote, decided, needs_pairs, standings
from .drafting import Drafting
from .judging import Judging
from .models import RoundResult
from .panel import Answered
from .playing import Json, Playing

if TYPE_CHECKING:
    from .service import RoundTable

REPLAYED_DAYS = 30
"""So long the same brief of the same principal gives the round that was played: half of what it taught still counts."""
CHOSEN = frozenset({"panel", "pairs", "tie-break", "solo", "cascade"})
"""Decisions that do: where nobody compared, providers may have been away."""
ACCEPTED = 4.0
"""Of 5, from which on a cascade goes no further."""
FUSED = 3
"""Answers that are fused, at most."""
FUSING_SECONDS, FUSING_SHARE = 10.0, 3.0
"""What the winner's model is given for it: so long, or so many times what its draft took."""


class Round:
    """One run of one round."""

    def __init__(self, service: RoundTable, ctx: Context, brief: Brief, *, again: bool = False) -> None:
        self._brief = brief
        self._again = again
        self._words: Literal["untrusted"] | None = None
        self._playing = Playing(service, ctx, brief)
        self._drafting = Drafting(self._playing)
        self._judging = Judging(self._playing)
        self._answers: list[Answered] = []

    async def play(self) -> RoundResult:
        """The round from its start, or from where an earlier run left it.

        Raises:
            Refused: when nothing can be asked, or no answer stands.
        """
        self._playing.models = await self._playing.gateway.models()
        kept: Json = await self._playing.run.step("table", self._lay)
        if "played" in kept:
            return await self._playing.service.result(kept["played"])
        self._words = kept.get("words")
        self._playing.table, self._playing.trust = Table.opened(kept), kept["trust"]
        self._playing.warnings += self._playing.table.warnings
        try:
            decision, found, repeats = await self._decide()
            return await self._end(decision, found, repeats)
        except DatabaseRefused:
            raise
        except Refused as refused:
            await self._write_end(
                {"state": "failed", "decision": {"why": refused.message, "warnings": self._playing.warnings}}
            )
            raise

    async def _lay(self) -> Json:
        """Seat the round and note it; or say which earlier one has the answer."""
        from . import store

        brief, principal = self._brief, self._playing.run.row["principal"]
        kept = {**brief.model_dump(mode="json"), "trust": await self._trust(principal)}
        row: Json = {
            "id": self._playing.id, "principal": principal, "kind": brief.kind, "mode": brief.mode,
            "brief_sha256": brief.sha256, "state": "running", "brief": kept, "decision": None, "winner": None,
            "picked": None, "how": None, "repeats": 0, "flips": 0, "created_at": now_us(), "ended_at": None,
        }  # fmt: skip
        if not self._again:
            async with self._playing.run.db.read() as conn:
                since = now_us() - REPLAYED_DAYS * 86_400_000_000
                played = await store.played(conn, row, since, CHOSEN)
            if played is not None:
                return {"played": played}
        ratings, trust = await self._playing.service.known(brief.kind)
        table = await asking.lay(self._playing.gateway, brief, ratings, trust, self._playing.id)
        async with self._playing.run.writing() as conn:
            await store.insert(conn, row)
        return {**table.packed(), "trust": trust, "words": kept["trust"]}

    async def _trust(self, principal: str) -> str | None:
        """Drafts may carry on what the brief's author has read: customers' words, and orders among them."""
        return UNTRUSTED if await self._playing.services.get(Taints).marked(principal) else None

    async def _decide(self) -> tuple[Decision, list[Standing], tuple[int, int]]:
        if self._brief.mode in {"solo", "cascade"}:
            return await self._climb(), [], (0, 0)
        await self._drafting.gather()
        rows = await self._drafted()
        answers = self._answers = self._drafting.standing(rows)
        priors = self._drafting.priors(rows)
        if len(answers) < 2:
            return decided([], 0, [], priors), [], (0, 0)
        await self._playing.say("judging")
        reads = await self._judging.sheets(answers, self._drafting.away(rows))
        sheets = [one.sheet for one in reads.values() if len(one.sheet.scores) > 1]
        found = standings(sheets, self._brief.weights, self._playing.trust, self._playing.id)
        votes: list[Vote] = []
        if len(sheets) >= 2 and needs_pairs(found):
            await self._playing.say("comparing the two best")
            votes = await self._judging.pairs(answers, found[0].answer, found[1].answer, [one.judge for one in sheets])
        flipped = [one.flipped for one in votes] + await self._judging.repeat(answers, reads)
        return decided(found, len(sheets), votes, priors), found, (len(flipped), sum(flipped))

    async def _drafted(self) -> list[Json]:
        """The drafts, and one more of the reserve as long as somebody is away and fewer than two others could judge."""
        while True:
            rows = await self._playing.entries()
            answers, away = self._drafting.standing(rows), self._drafting.away(rows)
            if len(answers) < 2 or not away or self._judging.present(answers, away) >= 2:
                return rows
            if not await self._drafting.another(rows):
                return rows

    # ---- one after the other -----------------------------------------------------------------------------------------

    async def _climb(self) -> Decision:
        """Model after model, until an answer is good enough: by the checks, and in a cascade by one judge."""
        scored: dict[int, float] = {}
        most = 2 if self._brief.mode == "solo" else len(self._playing.table.drafters)
        for number, model in enumerate(self._playing.table.drafters[:most], 1):
            await self._playing.say(f"asking {model}")
            rows = {row["number"]: row for row in await self._playing.entries()}
            if number not in rows and not await self._drafting.ask(number, model):
                continue
            if number in rows and rows[number]["state"] != "stands":
                continue
            if self._brief.mode == "solo":
                return Decision(number, "solo", "One model was asked, and its answer passed the checks.")
            there = self._drafting.standing(await self._playing.entries())
            score = await self._judging.alone(next(one for one in there if one.number == number))
            if score is None:
                return Decision(number, "cascade", "It passed the checks; no judge of another provider could be had.")
            scored[number] = score
            if score >= ACCEPTED:
                why = f"The cheapest that is good enough: {score:.1f} of 5 by a judge of another provider."
                return Decision(number, "cascade", why)
        if not scored:
            self._drafting.standing(await self._playing.entries())
        best = max(scored, key=lambda number: (scored[number], -number))
        return Decision(best, "cascade", f"None was good enough; the best had {scored[best]:.1f} of 5.")

    # ---- the end -----------------------------------------------------------------------------------------------------

    async def _end(self, decision: Decision, found: Sequence[Standing], repeats: tuple[int, int]) -> RoundResult:
        answers = self._answers or self._drafting.standing(await self._playing.entries())
        winner = next(one for one in answers if one.number == decision.winner)
        text, fused = winner.text, False
        model = self._playing.drafter(winner.number)
        if self._brief.mode == "fuse" and len(answers) > 1:
            text, fused = await self._fuse(decision, answers, model)
        if decision.how == "unjudged":
            self._playing.warnings.append(decision.why)
        body = {
            "why": decision.why, "p_best": decision.p_best, "order": list(decision.order), "text": text,
            "fused": fused, "warnings": self._playing.warnings,
            "standings": [[one.answer, one.mean, one.p_best] for one in found],
            "votes": [[vote.judge, vote.first, vote.second] for vote in decision.votes],
        }  # fmt: skip
        await self._write_end(
            {
                "state": "done", "decision": body, "winner": decision.winner, "how": decision.how,
                "repeats": repeats[0], "flips": repeats[1],
            }
        )  # fmt: skip
        await self._playing.say(f"decided ({decision.how}): {model}")
        return RoundResult(
            round=self._playing.id,
            answer=text,
            model=model,
            number=decision.winner,
            how=decision.how,
            why=decision.why,
            p_best=decision.p_best,
            fused=fused,
            answers=len(answers),
            cost_usd=await self._playing.service.spent(self._playing.id),
            warnings=self._playing.warnings,
            trust=self._words,
        )

    async def _fuse(self, decision: Decision, answers: Sequence[Answered], model: str) -> tuple[str, bool]:
        """One answer of the best ones, if it passes the checks; else the winner's."""
        await self._playing.say("fusing the best answers")
        by_number = {one.number: one for one in answers}
        best = [by_number[number] for number in decision.order if number in by_number][:FUSED]
        request = asking.fusing(self._brief, best)
        took = next(
            (row["ms"] or 0) / 1000 for row in await self._playing.entries() if row["number"] == decision.winner
        )
        seconds = min(self._brief.deadline_s, max(FUSING_SECONDS, FUSING_SHARE * took))
        answer, why = await self._playing.ask("fuse", model, request, seconds, self._brief.budget_usd)
        state, reasons = self._drafting.judged(answer, why)
        if answer is not None and state == "stands":
            return answer.turn.text, True
        self._playing.warnings.append(
            f"The best answers could not be fused, so it is the winner's own: {' '.join(reasons)}"
        )
        return by_number[decision.winner].text, False

    async def _write_end(self, values: Json) -> None:
        from . import store

        with anyio.CancelScope(shield=True):
            async with self._playing.run.writing() as conn:
                await store.end(conn, self._playing.id, {**values, "ended_at": now_us()})
