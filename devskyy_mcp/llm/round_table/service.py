"""The round table as tools see it: playing, showing, standings, and what it tells the choice of models."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from ...context import Context, Principal, Services
from ...db.database import Database
from ...errors import Code, Refused
from ...guard.audit import now_us
from ...guard.trust import without_hidden
from . import learn
from .brief import Brief
from .learn import Rating
from .models import EntryView, JudgeView, RoundResult, RoundView, ScoreView, Standings, StandingView

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]
FRESH = 60.0
"""Seconds that ratings are used before they are made anew."""
COMPARED = frozenset({"panel", "pairs"})
"""Decisions that teach something: somebody compared the answers."""
MILLION = 1_000_000
BEST = 0
"""The number of no answer: whichever is the best."""


class RoundTable:
    """A service; as ``llm.asking.Learned`` it tells which models do well at a kind of task."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._scores: dict[str, tuple[float, Mapping[str, float]]] = {}

    @property
    def _db(self) -> Database:
        return self._services.get(Database)

    async def play(self, ctx: Context, brief: Brief, *, again: bool = False) -> RoundResult:
        """Play the round of this job, or go on with it; unless ``again``, the same brief gives the round that it had.

        Raises:
            Refused: NOT_CONFIGURED when nobody can be asked; UPSTREAM_INVALID when no answer stands.
        """
        from .rounds import Round

        return await Round(self, ctx, brief, again=again).play()

    # ---- what was learned --------------------------------------------------------------------------------------------

    async def known(self, kind: str) -> tuple[dict[str, Rating], dict[str, float]]:
        """Ratings of this kind of task, and how far each judge is to be trusted."""
        from . import store

        async with self._db.read() as conn:
            past = await store.past(conn, kind)
            agreed = await store.agreements(conn)
        return learn.rate(_duels(past)), learn.reliability(agreed)

    async def scores(self, kind: str) -> Mapping[str, float]:
        """See ``llm.asking.Learned``; as of a minute ago."""
        until, found = self._scores.get(kind, (0.0, {}))
        if time.monotonic() >= until:
            ratings, _ = await self.known(kind)
            found = {name: rating.chance for name, rating in ratings.items()}
            if len(self._scores) > 1000:
                self._scores.clear()
            self._scores[kind] = (time.monotonic() + FRESH, found)
        return found

    async def standings(self, kind: str | None) -> Standings:
        """The leaderboard of a kind of task, or of all together."""
        from . import store

        async with self._db.read() as conn:
            past = await store.past(conn, kind)
            agreed = await store.agreements(conn)
        repeats, flips = sum(one["repeats"] for one in past), sum(one["flips"] for one in past)
        return Standings(
            kind=kind,
            rounds=len(past),
            models=[_line(rating) for rating in learn.rate(_duels(past)).values()],
            position_flips=round(flips / repeats, 4) if repeats else None,
            repeats=repeats,
            judges={name: round(value, 4) for name, value in sorted(learn.reliability(agreed).items())},
        )

    # ---- one round ---------------------------------------------------------------------------------------------------

    async def spent(self, round_id: str) -> float:
        """US dollars that the round's calls cost, or may have."""
        from . import store

        async with self._db.read() as conn:
            return (await store.spent(conn, [round_id])).get(round_id, 0) / MILLION

    async def result(self, round_id: str) -> RoundResult:
        """What a round that is over came to, as the answer to the same brief."""
        from . import store

        async with self._db.read() as conn:
            row = cast("Json", await store.read(conn, round_id))
            entries = await store.entries(conn, round_id)
        decision, at = cast("Json", row["decision"]), iso(row["created_at"])
        warnings: list[str] = [*decision["warnings"]]
        warnings.append(f"This brief was played at {at}, and nothing was asked anew; again=true plays it once more.")
        if row["picked"] not in {None, row["winner"]}:
            warnings.append(f"A person holds its answer {row['picked']} for the best; round_table_show has it.")
        return RoundResult(
            round=round_id,
            answer=decision["text"],
            model=next(one["model"] for one in entries if one["number"] == row["winner"]),
            number=row["winner"],
            how=row["how"],
            why=decision["why"],
            p_best=decision["p_best"],
            fused=decision["fused"],
            answers=sum(one["state"] == "stands" for one in entries),
            cost_usd=0.0,
            warnings=warnings,
            played_at=at,
            trust=row["brief"].get("trust"),
        )

    async def show(self, principal: Principal, round_id: str) -> RoundView:
        """A round with all that was answered and judged.

        Raises:
            Refused: NOT_FOUND, also for another principal's round.
        """
        from . import store

        async with self._db.read() as conn:
            row = _of(principal, round_id, await _read(conn, round_id))
            round_id = row["id"]
            entries = await store.entries(conn, round_id)
            scores = await store.scores(conn, round_id)
            cost = (await store.spent(conn, [round_id])).get(round_id, 0)
        brief, decision = _brief(row), cast("Json", row["decision"] or {})
        figures: dict[int, tuple[float, float]] = {one[0]: (one[1], one[2]) for one in decision.get("standings", ())}
        return RoundView(
            round=round_id,
            kind=row["kind"],
            mode=row["mode"],
            state=row["state"],
            brief_sha256=row["brief_sha256"],
            prompt=brief.prompt,
            rubric={name: round(weight, 4) for name, weight in brief.weights.items()},
            winner=row["winner"],
            picked=row["picked"],
            how=row["how"],
            why=decision.get("why", ""),
            answer=decision.get("text"),
            entries=[_entry(one, scores, figures.get(one["number"])) for one in entries],
            judges=[_judge(one) for one in scores],
            flips=f"{row['flips']} of {row['repeats']}",
            cost_usd=cost / MILLION,
            warnings=decision.get("warnings", []),
            trust=row["brief"].get("trust"),
        )

    async def texts(
        self, principal: Principal, round_id: str, numbers: Iterable[int]
    ) -> tuple[RoundView, dict[int, str]]:
        """A round that is over, and its answers that stand; under ``BEST`` the one that a person picked, else what it
        came to. Where customers' texts may be in them, they come without hidden characters.

        Raises:
            Refused: NOT_FOUND; CONFLICT while the round goes on or came to nothing; INVALID_ARGUMENTS where one of the
                numbers is none of theirs, or the one that was picked does not stand.
        """
        view = await self.show(principal, round_id)
        if view.state != "done" or view.answer is None:
            why = "is not over yet" if view.state == "running" else "came to no answer"
            raise Refused(Code.CONFLICT, f"The round {view.round} {why}.", "round_table_show has it.")
        there = {one.number: one.text for one in view.entries if one.state == "stands"}
        if view.picked is None:
            there[BEST] = view.answer
        elif view.picked in there:
            there[BEST] = there[view.picked]
        for number in numbers:
            if number not in there:
                raise _no_answer(view.round, number or view.picked or BEST, there.keys() - {BEST})
        return view, {one: without_hidden(text) if view.trust else text for one, text in there.items()}

    async def pick(self, principal: Principal, round_id: str, number: int) -> RoundView:
        """Note that a person holds this answer for the best.

        Raises:
            Refused: NOT_FOUND; CONFLICT while the round goes on; INVALID_ARGUMENTS for an answer that does not stand.
        """
        from . import store

        async with self._db.begin() as conn:
            row = _of(principal, round_id, await _read(conn, round_id))
            round_id = row["id"]
            if row["state"] == "running":
                raise Refused(Code.CONFLICT, f"The round {round_id} is not over yet.", "jobs_wait waits for it.")
            there = {one["number"] for one in await store.entries(conn, round_id) if one["state"] == "stands"}
            if number not in there:
                raise _no_answer(round_id, number, there)
            await store.pick(conn, round_id, number)
        self._scores.pop(row["kind"], None)
        return await self.show(principal, round_id)


def _of(principal: Principal, round_id: str, row: Json | None) -> Json:
    sees_all = principal.kind in {"os", "local"} or principal.may("audit:read")
    if row is None or not (sees_all or row["principal"] == principal.id):
        raise Refused(Code.NOT_FOUND, f"There is no round {round_id[:60]!r}.", "Its id is the job's that started it.")
    return row


def _no_answer(round_id: str, number: int, there: Iterable[int]) -> Refused:
    listed = ", ".join(str(one) for one in sorted(there)) or "none"
    message = f"The round {round_id} has no answer {number}; there are: {listed}."
    return Refused(Code.INVALID_ARGUMENTS, message, "round_table_show has them.")


async def _read(conn: AsyncConnection, round_id: str) -> Json | None:
    """The round of that id, or the one that a job of that id was given instead of another one."""
    from ...jobs import store as jobs
    from . import store

    row = await store.read(conn, round_id)
    if row is None and (job := await jobs.read(conn, round_id)) is not None:
        given: Json = job["result"] or {}
        row = await store.read(conn, str(given.get("round")))
    return row


def iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / MILLION, UTC).isoformat(timespec="seconds")


def _brief(row: Json) -> Brief:
    given = {name: value for name, value in row["brief"].items() if name != "trust"}
    return Brief.model_validate_json(json.dumps(given))  # strict models take lists as tuples only there


def _duels(past: list[Json]) -> list[learn.Duel]:
    return learn.duels([{**one, "compared": one["how"] in COMPARED} for one in past], now_us())


def _line(rating: Rating) -> StandingView:
    return StandingView(
        model=rating.model,
        chance=round(rating.chance, 4),
        won=round(rating.wins / rating.duels, 4) if rating.duels else 0.0,
        low=round(rating.low, 4),
        high=round(rating.high, 4),
        duels=round(rating.duels, 2),
    )


def _entry(row: Json, scores: list[Json], figures: tuple[float, float] | None) -> EntryView:
    given = [
        ScoreView(judge=one["judge"], criterion=criterion, score=score, evidence=evidence)
        for one in scores
        for number, criterion, score, evidence in one["body"]["rows"]
        if number == row["number"]
    ]
    return EntryView(
        number=row["number"],
        model=row["model"],
        state=row["state"],
        reasons=row["body"]["reasons"],
        text=row["body"]["text"],
        cost_usd=None if row["cost"] is None else row["cost"] / MILLION,
        seconds=None if row["ms"] is None else row["ms"] / 1000,
        mean=None if figures is None else round(figures[0], 4),
        p_best=None if figures is None else round(figures[1], 4),
        scores=given,
    )


def _judge(row: Json) -> JudgeView:
    body = row["body"]
    return JudgeView(
        judge=row["judge"], state=row["state"], order=body["order"], dropped=body["dropped"], why=body["why"]
    )
