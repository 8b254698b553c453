"""A change as the approval page shows it: every field whole, and nothing in it that could deceive the eye."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..changes.decide import OBJECTS_WITHOUT_ASKING
from ..changes.model import JournalOp, LeftAlone, plain
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.loopback import LOCAL
from ..jobs.service import Jobs
from ..render import visible

if TYPE_CHECKING:
    from ..app import App
    from ..capability import Capability
    from ..jobs.model import JobView

ROWS = 20
MOST_WAITING = 50
DIGEST = "digest"
"""What a delete compares its object with, which tells a person nothing."""
_HEADINGS = {
    "proposed": "A change waits for you",
    "applied": "This change was carried out",
    "declined": "This change was declined",
    "stale": "This change is out of date",
    "expired": "This proposal has expired",
    "failed": "This change was not carried out",
    "partial": "This change was carried out in part",
    "unknown": "It is not known yet whether this change was carried out",
    "applying": "This change is being carried out",
    "needs_review": "Whether this was carried out, somebody must find out",
}


@dataclass(frozen=True)
class Item:
    """One object of the change: ``fields`` are (name, before, after), of a call (argument, meaning, value)."""

    do: str
    label: str
    outcome: str
    fields: list[tuple[str, Any, Any]]
    notes: list[str]


@dataclass(frozen=True)
class Waiting:
    """One line of the page that lists what waits."""

    change: str
    summary: str
    tool: str
    asked_by: str
    asked_at: int


async def waiting(app: App) -> list[Waiting]:
    """The newest proposals that a person may still decide, at most 50."""
    rows = await app.changes.journal.recent(LOCAL, limit=MOST_WAITING, state="proposed")
    found = [(row, await app.changes.journal.view(row["id"])) for row in rows]
    return [
        Waiting(
            row["id"],
            view.summary,
            row["tool"],
            await app.changes.journal.named(row["principal"]),
            row["created_at"],
        )
        for row, view in found
        if view.state == "proposed"
    ]


async def asking(app: App) -> list[JobView]:
    """The newest jobs that ask a person, at most 50."""
    found, _ = await app.services.get(Jobs).list(LOCAL, limit=MOST_WAITING, state="input_required")
    return found


async def proposal(app: App, change: str, page: int) -> dict[str, Any]:
    """What the page shows of a change; 20 objects a page.

    Raises:
        Refused: NOT_FOUND.
    """
    from ..changes import pages, store

    view = await app.changes.journal.show(LOCAL, change)
    async with app.services.get(Database).read() as conn:
        row = await store.read_set(conn, change)
        if row is None:
            raise Refused(Code.NOT_FOUND, f"There is no change {change[:40]}.")
        objects = sum((await pages.counts(conn, change)).values())
        last = max(1, -(-objects // ROWS))
        page = min(max(page, 1), last)
        ops = await pages.in_order(conn, change, (page - 1) * ROWS, ROWS)
    summary: dict[str, Any] = row["summary"]
    became: dict[str, Any] = row["outcome"] or {}
    return {
        "heading": _HEADINGS.get(view.state, "A change"),
        "view": view,
        "row": row,
        "asker": summary["caller"][3] or await app.changes.journal.named(row["principal"]),
        "objects": objects,
        "open": row["state"] == "proposed",
        "type_count": objects > OBJECTS_WITHOUT_ASKING,
        "replaced_by": became.get("replaced_by", ""),
        "lists": [
            ("Why you are asked", row["reasons"] or []),
            ("Warnings", view.warnings or []),
            ("What happens besides", view.effects or []),
        ],
        "items": [_item(op, app.registry.tools.get(row["tool"])) for op in ops],
        "view_left": [LeftAlone(*entry) for entry in summary.get("left", [])],
        "offset": (page - 1) * ROWS,
        "page": page,
        "pages": last,
    }


def _item(entry: JournalOp, tool: Capability | None) -> Item:
    op, outcome = entry.op, entry.outcome
    names = [name for name in op.before if name != DIGEST] if op.kind == "delete" else op.body
    fields = [
        (name, op.before.get(name, ""), "" if op.kind == "delete" else plain(op.body.get(name))) for name in names
    ]
    if op.kind == "call":
        known: dict[str, Any] = tool.input_schema["properties"] if tool else {}
        fields = [(name, known.get(name, {}).get("description", ""), value) for name, value in op.body.items()]
    error: dict[str, Any] = outcome.error or {}
    notes = [*op.warnings, *op.effects, *op.asks, *([f"Can't be undone: {op.undo}"] if op.undo else [])]
    notes += [*outcome.notes, *([str(error["message"])] if error.get("message") else [])]
    label = op.label or f"{op.collection} {op.target or 'new'}"
    do = op.kind
    if op.binned:
        do, label = "move", f"{label} to the bin"
    return Item(do, label, "" if entry.state == "staged" else entry.state, fields, notes)


def shown(value: Any) -> str:
    """The value as text in which each character that is invisible or turns the direction of reading is spelled out."""
    return visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str))


def moment(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
