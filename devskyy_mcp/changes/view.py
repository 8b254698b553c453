"""A change set as people and models see it: one schema for every write tool, small at any size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field

from ..render import one_line
from .model import JournalOp, LeftAlone, Op, Outcome, plain
from .stage import Unit

ROWS = 20
TEXT_LIMIT = 160
_DID = {"create": "created", "update": "updated", "delete": "deleted", "act": "carried out"}
_DO = {"create": "create", "update": "update", "delete": "delete", "act": "carry out"}


class ChangeRow(BaseModel):
    """One object of a change."""

    model_config = ConfigDict(extra="forbid")
    object: str
    do: str
    id: str | None = None
    fields: dict[str, Any] | None = Field(
        default=None, description="Per field [before, after]; for a create the value."
    )
    outcome: str | None = None
    note: str | None = None


class ChangeView(BaseModel):
    """What would be, or was, done."""

    model_config = ConfigDict(extra="forbid")
    state: str = Field(
        description="proposed, waits_for_person, nothing_to_change, applying, applied, partial, failed, unknown, "
        "declined, expired or stale."
    )
    summary: str
    change: str | None = Field(default=None, description="Id for changes_show, changes_apply and changes_undo.")
    changes: list[ChangeRow] | None = None
    more: int | None = Field(default=None, description="Rows left out; changes_show has them.")
    counts: dict[str, int] | None = None
    warnings: list[str] | None = None
    effects: list[str] | None = Field(default=None, description="What happens beside the change itself.")
    asks: list[str] | None = Field(default=None, description="Why a person must agree.")
    job: str | None = Field(default=None, description="The job that carries it out; jobs_wait follows it.")
    approve: dict[str, str] | None = Field(default=None, description="Where the person can agree: {page, command}.")
    next: str | None = None
    repeated: bool | None = Field(default=None, description="True: this was done before and not done again.")
    approved_by: str | None = None
    undoes: str | None = None


def _short(value: Any) -> Any:
    """The value, or as much of it as a person can read in a row."""
    value = plain(value)
    if isinstance(value, str) and "<" not in value:
        value = unescape(value)  # shops store names as ``A &amp; B``
    text = value if isinstance(value, str) else str(value)
    if not isinstance(value, str | list | dict) or len(text) <= TEXT_LIMIT:
        return value  # pyright: ignore[reportUnknownVariableType] # JSON tree
    return f"{text[: TEXT_LIMIT - 1]}…"


def _nothing(unit: Unit) -> str:
    """Why there is no op: all is so already, or nothing of an undo is possible."""
    if not unit.left:
        return "Nothing to change: everything is as asked already."
    if any(left.state == "impossible" for left in unit.left):
        return "Nothing was taken back: the shop can't undo this; each row says why."
    return "Nothing was taken back: it was left alone; each row says why."


def _fields(op: Op) -> dict[str, Any] | None:
    if op.kind == "delete" or not op.body:
        return None
    if "shown" in op.note:
        return {name: _short(value) for name, value in op.note["shown"].items()}
    if op.kind == "update":
        return {name: [_short(op.before.get(name)), _short(value)] for name, value in op.body.items()}
    return {name: _short(value) for name, value in op.body.items()}


def row_of(op: Op, state: str = "staged", *, object_id: str | None = None, note: str = "") -> ChangeRow:
    row = ChangeRow(object=op.label or f"{op.collection} {op.target or 'new'}", do=op.kind, fields=_fields(op))
    if object_id or op.target is not None:
        row.id = object_id or str(op.target)
    if state != "staged":
        row.outcome = state
    if note:
        row.note = note
    return row


def left_row(left: LeftAlone) -> ChangeRow:
    row = ChangeRow(object=left.label, do="undo", outcome=left.state, note=left.reason)
    if left.ours is not None or left.now is not None:
        row.fields = {"ours_now": [_short(left.ours), _short(left.now)]}
    return row


def unique(sentences: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(sentences))


def _capped(sentences: Iterable[str], limit: int = 8) -> list[str] | None:
    """At most ``limit`` sentences, each once; None when there is nothing to say."""
    found = unique(sentences)
    if len(found) > limit:
        found = [*found[: limit - 1], f"… and {len(found) - limit + 1} more"]
    return found or None


def _count_words(counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    return ", ".join(f"{words.get(kind, kind)} {number}" for kind, number in counts.items())


def _made(op: Op) -> str:
    """The label of what was done: what was made is new no more."""
    label = op.label or op.collection
    return label.removeprefix("new ") if op.kind == "create" else label


def _what(ops: Sequence[Op], kinds: Mapping[str, int], words: Mapping[str, str]) -> str:
    """``update product 12 "Silk dress"`` for one, ``update 20 objects`` for many."""
    if len(ops) == 1:
        return f"{words[ops[0].kind]} {_made(ops[0]) if words is _DID else ops[0].label or ops[0].collection}"
    return f"{_count_words(kinds, words)} objects" if ops else ""


def of_plan(unit: Unit, state: str, change: str | None, asks: Sequence[str]) -> ChangeView:
    """The view of what is staged; ``changes`` has at most 20 rows."""
    kinds = Counter(op.kind for op in unit.ops)
    rows = [row_of(op) for op in unit.ops[:ROWS]]
    rows += [left_row(left) for left in unit.left[: ROWS - len(rows)]]
    total = len(unit.ops) + len(unit.left)
    what = unit.title or f"Would {_what(unit.ops, kinds, _DO)}"
    return ChangeView(
        state=state,
        summary=f"{what}." if unit.ops else _nothing(unit),
        change=change,
        changes=rows or None,
        more=total - len(rows) or None,
        counts=dict(kinds) if len(unit.ops) > 1 else None,
        warnings=_capped(text for op in unit.ops for text in op.warnings),
        effects=_capped(text for op in unit.ops for text in op.effects),
        asks=_capped(asks),
        undoes=unit.undoes,
    )


def took(op: Op, outcome: Outcome) -> bool:
    """Whether the op did something: what was not taken as asked may still have made an object, or moved fields."""
    made = op.kind == "create" or bool(outcome.inverse)
    return outcome.state == "done" or (outcome.state == "not_taken" and made)


def set_state(found: Iterable[tuple[Op, Outcome]]) -> str:
    """The state of a set whose ops have these outcomes."""
    pairs = list(found)
    states = {outcome.state for _, outcome in pairs}
    if states & {"sent", "unknown", "staged"}:
        return "unknown"
    if "needs_review" in states:
        return "needs_review"
    if states <= {"done"}:
        return "applied"
    return "partial" if any(took(op, outcome) for op, outcome in pairs) else "failed"


def of_outcomes(
    ops: Sequence[JournalOp], state: str, change: str, left: Sequence[LeftAlone] = (), *, page: int = 1
) -> ChangeView:
    """The view of what became of a set; rows that did not go well come first."""
    counts = Counter(item.state for item in ops)
    counts.update(item.state for item in left)
    order = sorted(ops, key=lambda item: (item.state == "done", item.op.seq))
    rows = [
        row_of(item.op, item.state, object_id=item.outcome.object_id, note=_note(item))
        for item in order[(page - 1) * ROWS : page * ROWS]
    ]
    if page == 1:
        rows += [left_row(entry) for entry in left[: ROWS - len(rows)]]
    total = len(ops) + (len(left) if page == 1 else 0)
    moved = [item.op for item in ops if took(item.op, item.outcome)]
    done = _what(moved, Counter(op.kind for op in moved), _DID) or "nothing was changed"
    rest = {name: number for name, number in counts.items() if name not in ("done", "not_taken")}
    parts = [f"{done[:1].upper()}{done[1:]}", *([_count_words(rest, {})] if rest else [])]
    if counts["not_taken"]:
        parts.append("not all as asked: the notes say what the shop made of it")
    return ChangeView(
        state=state,
        summary="; ".join(parts) + ".",
        change=change,
        changes=rows or None,
        more=max(total - page * ROWS, 0) or None,
        counts=dict(counts) if len(ops) > 1 or left else None,
        warnings=_capped(text for item in ops for text in item.op.warnings),
        effects=_capped(text for item in ops if took(item.op, item.outcome) for text in item.op.effects),
    )


def _note(item: JournalOp) -> str:
    error = item.outcome.error or {}
    parts = [*item.outcome.notes]
    if error:
        parts.append(" ".join(filter(None, [str(error.get("message", "")), str(error.get("hint", ""))])))
    return " ".join(parts)[:400]


def text_of_change(data: Mapping[str, Any]) -> str:
    """A change view (as JSON) for readers of text: a line per row with ``field before → after``, then what matters.

    Each row and sentence is one line whatever the shop's texts hold: a person decides by this.
    """
    lines = [str(data.get("summary", ""))]
    lines += [f"{name}: {data[name]}" for name in ("state", "change") if data.get(name)]
    for row in cast("list[dict[str, Any]]", data.get("changes") or []):
        lines.append("- " + _row_text(row))
    if data.get("more"):
        lines.append(f"… and {data['more']} more rows (changes_show has them)")
    for name, mark in (("warnings", "Careful"), ("effects", "Also"), ("asks", "Needs a person")):
        lines += [f"{mark}: {text}" for text in cast("list[str]", data.get(name) or [])]
    counts = cast("dict[str, int]", data.get("counts") or {})
    if counts:
        lines.append("counts: " + ", ".join(f"{name} {number}" for name, number in counts.items()))
    approve = cast("dict[str, str]", data.get("approve") or {})
    lines += [f"approve ({name}): {place}" for name, place in approve.items()]
    for name in ("repeated", "approved_by", "undoes", "next"):
        if data.get(name):
            lines.append(f"{name}: {'yes' if data[name] is True else data[name]}")
    return "\n".join(map(one_line, lines))


def _row_text(row: Mapping[str, Any]) -> str:
    identity = f" (id {row['id']})" if row.get("id") and str(row["id"]) not in str(row["object"]) else ""
    parts = [f"{row['do']} {row['object']}{identity}"]
    pairs = row["do"] != "create"
    fields = cast("dict[str, Any]", row.get("fields") or {})
    parts += [field_text(name, value, pair=pairs) for name, value in fields.items()]
    parts += [str(row[name]) for name in ("outcome", "note") if row.get(name)]
    return "; ".join(parts)


def field_text(name: str, value: Any, *, pair: bool) -> str:
    """``price 10.00 → 12.00`` for a ``pair`` of [before, after], else ``price 10.00``."""
    if pair and isinstance(value, list) and len(cast("list[Any]", value)) == 2:
        before, after = cast("list[Any]", value)
        return f"{name} {_empty(before)} → {_empty(after)}"
    return f"{name} {_empty(cast('Any', value))}"


def _empty(value: Any) -> str:
    return "(empty)" if value in (None, "", []) else str(value)
