"""The report of rows that a file's import or count leaves out: its beginning in the answer, the whole as a resource."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from devskyy_mcp.assets.store import TABLES, Assets
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused

from .csv_file import Problem
from .csv_rows import safe

SHOWN = 20
_SOURCE = "rejected rows"


async def report_of(ctx: Context, problems: Sequence[Problem]) -> dict[str, Any]:
    """``{rejected_rows, rejected: the first 20, report: where the whole is}``; the same for the same rows."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(Problem._fields)
    writer.writerows([one.line, safe(one.column), safe(one.reason)] for one in problems)
    content = out.getvalue().encode("utf-8-sig")
    kept = await ctx.get(Assets).put(content, "rejected.csv", _SOURCE, TABLES)
    return {
        "rejected_rows": len({one.line for one in problems}),
        "rejected": [one._asdict() for one in problems[:SHOWN]],
        "report": f"devskyy://reports/{kept.id}",
    }


async def read_report(ctx: Context, values: Mapping[str, str]) -> str:
    """The whole report, as CSV: line, column, reason.

    Raises:
        Refused: NOT_FOUND for anything else than a report.
    """
    store = ctx.get(Assets)
    found = await store.get(values["id"])
    if found.source != _SOURCE:
        raise Refused(Code.NOT_FOUND, "That is no report of rejected rows.")
    return await anyio.Path(store.path(found)).read_text("utf-8-sig")
