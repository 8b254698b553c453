"""What changed: one question, one answer, which can be exported and taken back as a whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from devskyy_mcp.changes.model import plain
from devskyy_mcp.changes.service import Changes
from devskyy_mcp.changes.view import fields_of, row_of
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.trust import UNTRUSTED
from devskyy_mcp.paging import cursor_of, position

from .audit import moment
from .changes import changes
from .models import ChangeReport, Cursor, ReportLine

if TYPE_CHECKING:
    from devskyy_mcp.changes.report import Entry, Filter

Json = dict[str, Any]
COLUMNS = ("at", "by", "approved_by", "tool", "change", "undone_by", "collection", "id", "object", "do", "field",
           "before", "after")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DID = {"create": "created", "update": "updated", "delete": "deleted", "act": "acted"}


@changes.tool("read", scopes="changes:read", open_world=False)
async def changes_report(
    ctx: Context,
    since: Annotated[str, Field(max_length=40, description="Such as 2026-03-01T08:00:00Z.")],
    until: Annotated[str, Field(max_length=40)] | None = None,
    actor: Annotated[str, Field(max_length=200, description="A principal's id, or me.")] | None = None,
    tool: Annotated[str, Field(max_length=60)] | None = None,
    run: Annotated[str, Field(max_length=60, description="A job's id.")] | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor | None = None,
) -> ChangeReport:
    """List everything that was changed since a time, by anyone or one actor, tool or run: before and after, counted."""
    from devskyy_mcp.changes import report
    from devskyy_mcp.changes.store import now

    first = _micros(moment(since, "since"))
    # Its end is fixed, so that its pages, its files and an undo are of the same changes.
    last = _micros(moment(until, "until")) if until else now()
    wanted = report.Filter(first, last, ctx.principal.id if actor == "me" else actor or "", tool or "", run or "")
    wanted = ctx.get(Changes).journal.narrowed(ctx.principal, wanted)
    db = ctx.get(Database)
    async with db.read() as conn:
        totals = await report.totals(conn, wanted)
    place = _place(cursor) if cursor else None
    found = [entry async for entry in _first(report.entries(db, wanted, place), limit + 1)]
    shown, more = found[:limit], len(found) > limit
    return ChangeReport(
        report=wanted.id,
        since=_iso(first),
        until=_iso(last),
        changes=totals.changes,
        objects=totals.objects,
        counts={_DID[kind]: number for kind, number in totals.kinds.items()},
        rows=[_line(entry) for entry in shown],
        under_way=totals.under_way or None,
        next_cursor=_cursor(shown[-1]) if more else None,
        files={kind: f"devskyy://change-reports/{wanted.id}/{kind}" for kind in ("json", "csv")},
        trust=UNTRUSTED if any(entry.set["untrusted"] for entry in shown) else None,
    )


async def read_json(ctx: Context, values: Mapping[str, str]) -> Json:
    """``{since, until, rows, trust?}`` with every object of the report.

    Raises:
        Refused: INVALID_ARGUMENTS for an id that is none; FORBIDDEN; TOO_LARGE.
    """
    wanted = ctx.get(Changes).journal.narrowed(ctx.principal, values["report"])
    rows: list[Json] = []
    untrusted = False
    async for entry in _all(ctx, wanted):
        untrusted = untrusted or entry.set["untrusted"]
        fields = fields_of(entry.item.op, plain)
        line = _line(entry).model_dump(exclude_none=True)
        rows.append({**line, "collection": entry.item.op.collection, **({"fields": fields} if fields else {})})
    body: Json = {"since": _iso(wanted.since), "until": _iso(wanted.until), "rows": rows}
    return {**body, "trust": UNTRUSTED} if untrusted else body


async def read_csv(ctx: Context, values: Mapping[str, str]) -> str:
    """A row per field, with the columns ``COLUMNS``; cells that a spreadsheet would compute begin with an apostrophe.

    Raises:
        Refused: as ``read_json``.
    """
    wanted = ctx.get(Changes).journal.narrowed(ctx.principal, values["report"])
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    async for entry in _all(ctx, wanted):
        op, line = entry.item.op, _line(entry)
        start = [line.at, line.by, entry.set["approved_by"], line.tool, line.change, line.undone_by, op.collection]
        start += [line.id, line.object, line.do]
        for field, value in (fields_of(op, plain) or {"": [None, None]}).items():
            before, after = value if op.kind == "update" or not field else (None, value)
            writer.writerow([_cell(one) for one in (*start, field, before, after)])
    return out.getvalue()


async def _all(ctx: Context, wanted: Filter) -> AsyncIterator[Entry]:
    from devskyy_mcp.changes import report

    number = 0
    async for entry in report.entries(ctx.get(Database), wanted):
        number += 1
        if number > report.MOST_ROWS:
            raise Refused(
                Code.TOO_LARGE,
                f"The report has more than {report.MOST_ROWS} objects.",
                "Narrow it to a shorter time, an actor, a tool or a run.",
            )
        yield entry


async def _first(found: AsyncIterator[Entry], number: int) -> AsyncIterator[Entry]:
    async for entry in found:
        yield entry
        number -= 1
        if not number:
            return


def _line(entry: Entry) -> ReportLine:
    row = row_of(entry.item.op, object_id=entry.item.outcome.object_id)
    return ReportLine(
        change=entry.set["id"],
        at=_iso(entry.set["finished_at"]),
        by=entry.set["principal"],
        tool=entry.set["tool"],
        object=row.object.removeprefix("new ") if row.do == "create" else row.object,
        do=row.do,
        id=row.id,
        fields=row.fields,
        undone_by=entry.undone_by,
    )


def _cell(value: Any) -> Any:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _cursor(entry: Entry) -> str:
    return cursor_of(entry.set["finished_at"], f"{entry.set['id']}/{entry.item.op.seq}")


def _place(cursor: str) -> tuple[int, str, int]:
    at, row = position(cursor, str, ("chg_", "job_"))
    change, _, seq = row.partition("/")
    if not (seq.isdecimal() and seq.isascii() and len(seq) < 10):
        position("", str)  # refuses it
    return at, change, int(seq)


def _micros(when: datetime) -> int:
    return int(when.timestamp() * 1_000_000)


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="seconds")
