"""Tests in the database. Import it inside functions only: it loads SQLAlchemy.

Every function takes the connection of its caller's transaction. Units and keys come as the vault's marks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..db.tables import experiment_events, experiment_looks, experiment_units, experiments
from ..guard.audit import now_us
from .model import Kind
from .statistics import WINSORISED, Arm

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]
_T, _U, _E, _L = experiments.c, experiment_units.c, experiment_events.c, experiment_looks.c


async def get(conn: AsyncConnection, name: str) -> Json | None:
    row = (await conn.execute(experiments.select().where(_T.id == name))).mappings().first()
    return dict(row) if row else None


async def names(conn: AsyncConnection, most: int = 500) -> list[str]:
    """The newest."""
    query = sa.select(_T.id).order_by(_T.created_at.desc()).limit(most)
    return [str(name) for name in (await conn.execute(query)).scalars()]


async def made_from(conn: AsyncConnection, source: str) -> list[str]:
    """Of that ``source``, the newest first."""
    query = sa.select(_T.id).where(_T.definition["source"].as_string() == source).order_by(_T.created_at.desc())
    return [str(name) for name in (await conn.execute(query)).scalars()]


async def page(conn: AsyncConnection, limit: int, state: str | None, behind: tuple[int, str] | None) -> list[Json]:
    """Newest first; one more than the limit where there are more."""
    query = experiments.select().order_by(_T.created_at.desc(), _T.id.desc()).limit(limit + 1)
    if state:
        query = query.where(_T.ended_at.is_(None) if state == "running" else _T.ended_at.is_not(None))
    if behind:
        query = query.where(sa.tuple_(_T.created_at, _T.id) < sa.tuple_(*(sa.literal(one) for one in behind)))
    return [dict(row) for row in (await conn.execute(query)).mappings()]


async def slices(conn: AsyncConnection, layer: str) -> list[tuple[int, int]]:
    """What of a layer running tests have, in order."""
    query = sa.select(_T.definition).where(_T.layer == layer, _T.ended_at.is_(None))
    return sorted((int(one["slice"][0]), int(one["slice"][1])) for one in (await conn.execute(query)).scalars())


async def insert(conn: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """False when there is one of that name."""
    done = await conn.execute(_upsert(conn, experiments).values(**row).on_conflict_do_nothing())
    return done.rowcount == 1


async def end(conn: AsyncConnection, name: str, reason: str) -> bool:
    """False when it had ended, or there is none."""
    change = experiments.update().where(_T.id == name, _T.ended_at.is_(None))
    return (await conn.execute(change.values(ended_at=now_us(), reason=reason))).rowcount == 1


async def expose(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many are new."""
    return await _insert_new(conn, experiment_units, rows, _U.unit)


async def exposed(conn: AsyncConnection, experiment: str, units: Sequence[str]) -> set[str]:
    """Those of the units that were exposed."""
    query = sa.select(_U.unit).where(_U.experiment == experiment, _U.unit.in_(units))
    return set((await conn.execute(query)).scalars())


async def convert(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many are new."""
    return await _insert_new(conn, experiment_events, rows, _E.unit)


async def counts(conn: AsyncConnection, experiment: str) -> dict[str, int]:
    """Units by variant."""
    query = sa.select(_U.variant, sa.func.count()).where(_U.experiment == experiment).group_by(_U.variant)
    return {str(variant): int(number) for variant, number in await conn.execute(query)}


async def events(conn: AsyncConnection, experiment: str, metric: str) -> dict[str, int]:
    """Conversions by variant."""
    query = (
        sa.select(_U.variant, sa.func.count())
        .join_from(experiment_events, experiment_units, sa.and_(_U.experiment == _E.experiment, _U.unit == _E.unit))
        .where(_E.experiment == experiment, _E.metric == metric)
        .group_by(_U.variant)
    )
    return {str(variant): int(number) for variant, number in await conn.execute(query)}


async def arms(conn: AsyncConnection, experiment: str, metric: str, kind: Kind) -> dict[str, Arm]:
    """Sums by variant; ``events`` are units that did anything, of a ratio single conversions.

    Values above the 99.5 % quantile of those above zero count as that quantile: of units' totals for a mean, of single
    conversions for a ratio. Where a unit has no value from before, the mean stands for it.
    """
    mine = sa.and_(_E.experiment == experiment, _E.metric == metric)
    cap = await _cap(conn, mine, kind)
    value = sa.case((_E.value > cap, cap), else_=_E.value) if kind == "ratio" and cap is not None else _E.value
    per = (
        sa.select(_E.unit.label("unit"), sa.func.sum(value).label("total"), sa.func.count().label("number"))
        .where(mine)
        .group_by(_E.unit)
        .subquery()
    )
    total, number = sa.func.coalesce(per.c.total, 0.0), sa.func.coalesce(per.c.number, 0)
    if kind == "rate":
        total = sa.case((number > 0, 1.0), else_=0.0)
    elif kind == "mean" and cap is not None:
        total = sa.case((total > cap, cap), else_=total)
    known = sa.select(sa.func.avg(_U.before)).where(_U.experiment == experiment)
    middle = (await conn.execute(known)).scalar()
    with_it = sa.cast(number, sa.Double) if kind == "ratio" else sa.func.coalesce(_U.before - (middle or 0.0), 0.0)
    y, x = sa.cast(total, sa.Double), with_it
    sums = (sa.func.sum(one) for one in (y, y * y, x, x * x, x * y))
    did = number if kind == "ratio" else sa.case((number > 0, 1), else_=0)
    query = (
        sa.select(_U.variant, sa.func.count(), *sums, sa.func.sum(did))
        .select_from(experiment_units.outerjoin(per, per.c.unit == _U.unit))
        .where(_U.experiment == experiment)
        .group_by(_U.variant)
    )
    found: dict[str, Arm] = {}
    for row in (await conn.execute(query)).all():
        variant, units, *rest = tuple[Any, ...](row)
        found[str(variant)] = Arm(int(units), *(float(one) for one in rest[:-1]), events=int(rest[-1]))
    return found


async def looks(conn: AsyncConnection, experiment: str) -> list[Json]:
    query = experiment_looks.select().where(_L.experiment == experiment).order_by(_L.number)
    return [dict(row) for row in (await conn.execute(query)).mappings()]


async def keep_look(conn: AsyncConnection, experiment: str, number: int, body: Json) -> None:
    """The first that comes stays."""
    row = {"experiment": experiment, "number": number, "body": body, "at": now_us()}
    await conn.execute(_upsert(conn, experiment_looks).values(**row).on_conflict_do_nothing())


async def _cap(conn: AsyncConnection, mine: Any, kind: Kind) -> float | None:
    if kind == "rate":
        return None
    values = sa.select(_E.value.label("v")).where(mine, _E.value > 0)
    if kind == "mean":
        total = sa.func.sum(_E.value)
        values = sa.select(total.label("v")).where(mine).group_by(_E.unit).having(total > 0)
    rows = values.subquery()
    number = int((await conn.execute(sa.select(sa.func.count()).select_from(rows))).scalar_one())
    if not number:
        return None
    place = min(number - 1, int(WINSORISED * number))
    return (await conn.execute(sa.select(rows.c.v).order_by(rows.c.v).limit(1).offset(place))).scalar_one()


async def _insert_new(
    conn: AsyncConnection, table: sa.Table, rows: Sequence[Mapping[str, Any]], tells: sa.ColumnElement[Any]
) -> int:
    statement = _upsert(conn, table).on_conflict_do_nothing().returning(tells)
    return len((await conn.execute(statement, [dict(row) for row in rows])).all()) if rows else 0


def _upsert(conn: AsyncConnection, table: sa.Table) -> Any:
    return (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(table)
