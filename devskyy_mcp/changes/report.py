"""What changed in a time: everything that an actor, a tool or a run did, as one list, one file, one thing to take back.

A report is a filter with both ends fixed; its id holds the filter itself, so that a later reader or an undo means the
same changes.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, tuple_

from ..db.tables import change_ops, change_sets, change_undoes, jobs
from ..db.vault import vault_of
from ..errors import Code, Refused
from . import operations, pages
from .model import JournalOp

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..db.database import Database

BEGINS = "rep_"
DONE = ("done", "not_taken")
CHANGED_NOTHING = ("failed", "needs_review")
"""States of finished sets that are no change. Left out, not asked for, so that the time leads to the others."""
SETS_AT_ONCE = 100
OPS_AT_ONCE = 500
MOST_ROWS = 20_000
"""Objects in one file."""
MOST_UNDONE = 5_000
"""Objects that are taken back as one."""
Place = tuple[int, str, int]
"""Behind which operation of which set, with its time of finishing, to go on."""
c = change_sets.c


@dataclass(frozen=True, slots=True)
class Filter:
    """Which changes: those that were finished from ``since`` until before ``until`` (microseconds since 1970 UTC).

    Args:
        since: first moment.
        until: the moment after the last.
        actor: principal in whose name; empty for all.
        tool: by which tool; empty for all.
        run: id of the job that carried them out; empty for all.
    """

    since: int
    until: int
    actor: str = ""
    tool: str = ""
    run: str = ""

    @property
    def id(self) -> str:
        """The report's id, from which the filter can be read again."""
        text = json.dumps(list(asdict(self).values()), ensure_ascii=False, separators=(",", ":"))
        return BEGINS + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def filter_of(report: str) -> Filter:
    """The filter of a report's id.

    Raises:
        Refused: INVALID_ARGUMENTS for an id that is none of ours.
    """
    code = report.removeprefix(BEGINS)
    values: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        values = json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    match values:
        case [int(since), int(until), str(actor), str(tool), str(run)] if report.startswith(BEGINS):
            texts = f"{actor}{tool}{run}"
            if 0 <= since < 2**63 and 0 <= until < 2**63 and len(texts) < 400 and (texts + "a").isprintable():
                return Filter(since, until, actor, tool, run)
        case _:
            pass
    raise Refused(Code.INVALID_ARGUMENTS, "This is no report's id.", "changes_report gives one.")


@dataclass(frozen=True, slots=True)
class Entry:
    """One object that was changed: the set's row (id, tool, principal, finished_at, approved_by, untrusted), the
    operation, and the change that has taken it back since, if any.
    """

    set: dict[str, Any]
    item: JournalOp
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """How many changes, objects, and operations per kind; and the changes that are still under way."""

    changes: int
    objects: int
    kinds: dict[str, int]
    under_way: list[str]


def _where(wanted: Filter) -> Any:
    parts = [c.finished_at >= wanted.since, c.finished_at < wanted.until, c.state.not_in(CHANGED_NOTHING)]
    if wanted.actor:
        parts.append(c.principal == wanted.actor)
    if wanted.tool:
        parts.append(c.tool == wanted.tool)
    if wanted.run:
        carried_out = select(jobs.c.change_id).where(jobs.c.id == wanted.run, jobs.c.change_id.is_not(None))
        # What a job has paid for has the job's own id, a dot and the step's name.
        paid = and_(c.id > f"{wanted.run}.", c.id < f"{wanted.run}/")
        parts.append(or_(c.id.in_(carried_out), paid))
    return and_(*parts)


async def sets(
    conn: AsyncConnection, wanted: Filter, before: tuple[int, str] | None, limit: int
) -> list[dict[str, Any]]:
    """Sets of the filter, the last finished first, from the place ``before`` (time, id) on, itself included."""
    query = select(c.id, c.tool, c.principal, c.finished_at, c.approved_by, c.summary, c.undoes, c.state)
    query = query.where(_where(wanted))
    if before is not None:
        query = query.where(tuple_(c.finished_at, c.id) <= before)
    rows = (await conn.execute(query.order_by(c.finished_at.desc(), c.id.desc()).limit(limit))).mappings().all()
    found = await vault_of(conn).open_rows(conn, change_sets.name, rows)
    for row in found:
        plan: dict[str, Any] = row.pop("summary").get("plan") or {}
        row["untrusted"] = bool(plan.get("untrusted"))
    return found


async def undone_by(conn: AsyncConnection, changes: Sequence[str]) -> dict[str, str]:
    """Per change the one that has taken it back wholly, where one has that was not taken back in turn."""
    found: dict[str, str] = {}
    asked: Sequence[str] = changes
    while asked:
        later = await _undos(conn, asked)
        found |= later
        asked = [change for change in later.values() if change not in found]

    def stands(change: str) -> bool:
        return change not in found or not stands(found[change])

    return {change: by for change, by in found.items() if stands(by)}


async def _undos(conn: AsyncConnection, changes: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(changes), OPS_AT_ONCE):
        some = changes[start : start + OPS_AT_ONCE]
        single = select(c.undoes, c.id).where(c.undoes.in_(some), c.state == "applied")
        several = (
            select(change_undoes.c.undoes, c.id)
            .join(change_sets, c.id == change_undoes.c.change_id)
            .where(change_undoes.c.undoes.in_(some), c.state == "applied")
        )
        for query in (single, several):
            found |= {str(undone): str(by) for undone, by in (await conn.execute(query)).all()}
    return found


async def totals(conn: AsyncConnection, wanted: Filter) -> Totals:
    """All of the filter, counted."""
    o = change_ops.c
    joined = change_ops.join(change_sets, c.id == o.change_id)
    matching = and_(_where(wanted), o.state.in_(DONE))
    kinds = select(o.kind, func.count()).select_from(joined).where(matching).group_by(o.kind)
    counts = {str(kind): int(number) for kind, number in (await conn.execute(kinds)).all()}
    named = o.system + "/" + o.collection + "/" + func.coalesce(o.object_id, "")
    query = select(func.count(o.change_id.distinct()), func.count(named.distinct())).select_from(joined)
    changes, objects = (await conn.execute(query.where(matching))).one()
    open_sets = select(c.id).where(c.state.in_(["applying", "unknown"]), c.created_at < wanted.until)
    if wanted.actor:
        open_sets = open_sets.where(c.principal == wanted.actor)
    if wanted.tool:
        open_sets = open_sets.where(c.tool == wanted.tool)
    under_way = list((await conn.execute(open_sets.order_by(c.created_at.desc()).limit(20))).scalars())
    return Totals(int(changes), int(objects), counts, under_way)


async def entries(db: Database, wanted: Filter, place: Place | None = None) -> AsyncGenerator[Entry]:
    """Every object of the filter, the change that was finished last first, each change in its own order; read window
    by window.
    """
    after = place[2] if place else 0
    before = place[:2] if place else None
    while True:
        async with db.read() as conn:
            found = await sets(conn, wanted, before, SETS_AT_ONCE + 1)
            undone = await undone_by(conn, [row["id"] for row in found])
        for row in found[:SETS_AT_ONCE]:
            async for item in _of_set(db, row["id"], after):
                yield Entry(row, item, undone.get(row["id"]))
            after = 0
        if len(found) <= SETS_AT_ONCE:
            return
        before = (found[-1]["finished_at"], found[-1]["id"])


async def _of_set(db: Database, change: str, after: int) -> AsyncGenerator[JournalOp]:
    while True:
        async with db.read() as conn:
            ops = await pages.of_states(conn, change, DONE, after=after, limit=OPS_AT_ONCE)
        for item in ops:
            yield item
        if len(ops) < OPS_AT_ONCE:
            return
        after = ops[-1].op.seq


async def to_take_back(db: Database, wanted: Filter) -> list[str]:
    """The changes of the filter that taking it back would take back, the first finished first.

    Raises:
        Refused: TOO_LARGE.
    """
    found: list[dict[str, Any]] = []
    async with db.read() as conn:
        counted = await totals(conn, wanted)
        if sum(counted.kinds.values()) > MOST_UNDONE:
            raise _too_many(sum(counted.kinds.values()))
        before: tuple[int, str] | None = None
        while rows := await sets(conn, wanted, before, SETS_AT_ONCE + 1):
            found += rows[:SETS_AT_ONCE]
            if len(rows) <= SETS_AT_ONCE:
                break
            before = (rows[-1]["finished_at"], rows[-1]["id"])
    return [row["id"] for row in reversed(found)]


async def still_standing(conn: AsyncConnection, changes: Sequence[str]) -> list[str]:
    """Those of the changes that stand: neither taken back already, nor an undo of another one among them."""
    undone, undoing = await undone_by(conn, changes), set((await _undos(conn, changes)).values())
    return [change for change in changes if change not in undone and change not in undoing]


async def ops_of(conn: AsyncConnection, changes: Sequence[str]) -> list[JournalOp]:
    """What the changes did, in the order in which they did it, without what came to nothing again.

    Raises:
        Refused: TOO_LARGE.
    """
    found: list[JournalOp] = []
    for change in changes:
        found += [item for item in await operations.read_ops(conn, change) if item.state in DONE]
        if len(found) > MOST_UNDONE and len(changes) > 1:
            raise _too_many(len(found))
    return _without_returns(found) if len(changes) > 1 else found


def _without_returns(ops: Sequence[JournalOp]) -> list[JournalOp]:
    """Without what one change has put into the bin and a later one has taken out again."""
    binned: dict[tuple[str, str], int] = {}
    gone: set[int] = set()
    for number, item in enumerate(ops):
        key = (item.op.collection, str(item.op.target))
        if item.op.binned:
            binned[key] = number
        elif item.op.before.get("status") == "trash" and key in binned:
            gone |= {number, binned.pop(key)}
    return [item for number, item in enumerate(ops) if number not in gone]


def _too_many(number: int) -> Refused:
    return Refused(
        Code.TOO_LARGE,
        f"These changes have more than {MOST_UNDONE} objects ({number}).",
        "Take them back in parts: narrow the report to a shorter time, a tool or a run.",
    )
