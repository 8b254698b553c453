"""Rounds in the database. Import it inside functions only: it loads SQLAlchemy.

Every function takes the connection of its caller's transaction. What has ended stays as it was first written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ...db.tables import round_table_entries, round_table_rounds, round_table_scores
from ...db.vault import vault_of
from ...guard.audit import now_us

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]
_R, _E, _S = round_table_rounds.c, round_table_entries.c, round_table_scores.c
ROUNDS, ENTRIES, SCORES = round_table_rounds.name, round_table_entries.name, round_table_scores.name
KEPT_DAYS = 400
"""After so long a round counts for nothing any more (``learn.HALF_LIFE_DAYS``)."""
LOOKED_AT = 2000
"""Rounds that standings are made of, the newest."""


async def insert(conn: AsyncConnection, row: Mapping[str, Any]) -> None:
    """A new round, unless it is there; those that teach nothing any more go."""
    await conn.execute(round_table_rounds.delete().where(_R.created_at < now_us() - KEPT_DAYS * 86_400_000_000))
    await _insert_new(conn, round_table_rounds, vault_of(conn).seal_row(ROUNDS, row))


async def end(conn: AsyncConnection, round_id: str, values: Mapping[str, Any]) -> None:
    stored = vault_of(conn).seal_values(ROUNDS, round_id, values)
    await conn.execute(round_table_rounds.update().where(_R.id == round_id, _R.ended_at.is_(None)).values(**stored))


async def pick(conn: AsyncConnection, round_id: str, number: int) -> None:
    await conn.execute(round_table_rounds.update().where(_R.id == round_id).values(picked=number))


async def played(conn: AsyncConnection, row: Mapping[str, Any], since: int, how: Iterable[str]) -> str | None:
    """The newest round of the same principal and brief that was decided so, begun since then (microseconds)."""
    same = [getattr(_R, name) == row[name] for name in ("kind", "principal", "brief_sha256")]
    query = sa.select(_R.id).where(*same, _R.created_at >= since, _R.state == "done", _R.how.in_(list(how)))
    return (await conn.execute(query.order_by(_R.created_at.desc()).limit(1))).scalar()


async def read(conn: AsyncConnection, round_id: str) -> Json | None:
    rows = (await conn.execute(round_table_rounds.select().where(_R.id == round_id))).mappings()
    found = await vault_of(conn).open_rows(conn, ROUNDS, rows)
    return found[0] if found else None


async def add_entry(conn: AsyncConnection, row: Mapping[str, Any]) -> None:
    await _insert_new(conn, round_table_entries, vault_of(conn).seal_row(ENTRIES, row))


async def entries(conn: AsyncConnection, round_id: str) -> list[Json]:
    """In the order of their numbers."""
    rows = (await conn.execute(round_table_entries.select().where(_E.round == round_id).order_by(_E.number))).mappings()
    return await vault_of(conn).open_rows(conn, ENTRIES, rows)


async def add_score(conn: AsyncConnection, row: Mapping[str, Any]) -> None:
    await _insert_new(conn, round_table_scores, vault_of(conn).seal_row(SCORES, row))


async def scores(conn: AsyncConnection, round_id: str) -> list[Json]:
    """In the order of the seats."""
    rows = (await conn.execute(round_table_scores.select().where(_S.round == round_id).order_by(_S.seat))).mappings()
    return await vault_of(conn).open_rows(conn, SCORES, rows)


async def past(conn: AsyncConnection, kind: str | None) -> list[Json]:
    """Ended rounds of a kind, or of all, the newest first: id, kind, at, winner, picked, how, repeats, flips, and
    ``models`` by number of the answers that stood or were disqualified.
    """
    query = (
        sa.select(_R.id, _R.kind, _R.created_at.label("at"), _R.winner, _R.picked, _R.how, _R.repeats, _R.flips)
        .where(_R.ended_at.is_not(None))
        .order_by(_R.created_at.desc())
        .limit(LOOKED_AT)
    )
    if kind is not None:
        query = query.where(_R.kind == kind)
    rounds: dict[str, Json] = {row["id"]: {**row, "models": {}} for row in (await conn.execute(query)).mappings()}
    wanted = query.with_only_columns(_R.id).subquery()
    answered = sa.select(_E.round, _E.number, _E.model).where(
        _E.round.in_(sa.select(wanted.c.id)), _E.state.in_(["stands", "disqualified"])
    )
    for round_id, number, model in await conn.execute(answered):
        if round_id in rounds:
            rounds[round_id]["models"][number] = model
    return list(rounds.values())


async def agreements(conn: AsyncConnection) -> dict[str, tuple[int, int]]:
    """Per judge: how often its best was the people's pick, and how often it could have been."""
    picked = sa.select(_R.id, _R.picked).where(_R.picked.is_not(None)).order_by(_R.created_at.desc()).limit(LOOKED_AT)
    picks: dict[str, int] = {row.id: row.picked for row in await conn.execute(picked)}
    wanted = picked.with_only_columns(_R.id).subquery()
    query = round_table_scores.select().where(_S.round.in_(sa.select(wanted.c.id)), _S.best.is_not(None))
    found: dict[str, tuple[int, int]] = {}
    for row in await vault_of(conn).open_rows(conn, SCORES, (await conn.execute(query)).mappings()):
        number = picks.get(row["round"])
        if number in row["body"]["order"]:
            agreed, times = found.get(row["judge"], (0, 0))
            found[row["judge"]] = agreed + (row["best"] == number), times + 1
    return found


async def spent(conn: AsyncConnection, rounds: Sequence[str]) -> dict[str, int]:
    """What each round's calls cost, or may have, in millionths of a US dollar."""
    from ...db.tables import llm_calls

    c = llm_calls.c
    query = sa.select(c.job_id, sa.func.sum(sa.func.coalesce(c.cost, c.estimate, 0))).where(c.job_id.in_(rounds))
    return {job: int(cost) for job, cost in await conn.execute(query.group_by(c.job_id))}


async def _insert_new(conn: AsyncConnection, table: sa.Table, row: Mapping[str, Any]) -> None:
    insert_into: Any = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    await conn.execute(insert_into(table).values(**row).on_conflict_do_nothing())
