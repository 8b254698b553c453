"""What became of an operation, worked out of the shop's answer, which is as good as reading the object again."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.changes.model import Op, OpState, Outcome
from devskyy_mcp.errors import Code, Refused

from . import collections as at
from . import compare
from .collections import Collection

Json = dict[str, Any]
UNCLEAR: Json = Refused(Code.OUTCOME_UNKNOWN, "The shop's answer does not say what it did.").as_dict()
_WRITE_ONLY = frozenset(
    {
        "api_refund",
        "api_restock",
        "set_paid",
        "manual_update",
        "added_by_user",
        "file",
        "password",
        "customer_note",
        "line_items",
    }
)


def lost(state: OpState, error: Refused) -> Outcome:
    """The outcome of an op whose request failed."""
    return Outcome(state, error=error.as_dict())


def of_answer(op: Op, obj: Json, whole: Json | None = None) -> Outcome:
    """The outcome of an op that the shop answered with the object.

    Args:
        op: what was sent.
        obj: the shop's answer, or the object read afterwards.
        whole: the whole object before, where it is still known; else only ``op.before`` tells what moved.
    """
    collection = at.ALL[op.collection]
    known = collection.id_of(obj)
    object_id = None if known is None else str(known)
    if op.kind == "delete":
        object_id = str(op.target)
        after: Json = {} if "force" in op.body else {"status": "trash"}
        return Outcome("done", object_id, after)
    if op.kind == "act":
        made = [f"Made {obj['count']}."] if isinstance(obj.get("count"), int) else []
        return Outcome("done", object_id or str(op.target), undo=op.undo, notes=made)
    if op.kind == "create":
        return _created(collection, op, object_id, compare.leaves(collection, obj))
    return _updated(collection, op, object_id, obj, whole)


def _not_taken(collection: Collection, op: Op, asked: compare.Leaves, is_now: compare.Leaves) -> list[str]:
    left = compare.differs(collection, asked, is_now)
    if not left:
        return []
    notes: list[str] = []
    for path, value in left.items():
        name = ".".join(map(str, path))
        if path[0] in collection.lines and (str(path[1]).startswith("+") or _is_removal(path, value, is_now)):
            continue
        if value is None and path not in is_now:
            continue
        if op.kind == "create" and (path[0] in _WRITE_ONLY or path not in is_now):
            continue
        if path[0] in ("set_paid", "manual_update"):
            continue
        notes.append(f"The shop did not take {name}: it is {_short(is_now.get(path))}, not {_short(value)}.")
    return notes


def _is_removal(path: compare.Path, value: Any, is_now: compare.Leaves) -> bool:
    """Whether the leaf removes a line, and the line is gone."""
    return value in (0, None) and not any(other[:2] == path[:2] for other in is_now)


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _created(collection: Collection, op: Op, object_id: str | None, is_now: compare.Leaves) -> Outcome:
    asked = compare.leaves(collection, op.body)
    notes = _not_taken(collection, op, asked, is_now)
    after = {path: is_now[path] for path in asked if path in is_now}
    if ("status",) in is_now:
        after["status",] = is_now["status",]
    state = "not_taken" if notes else "done"
    return Outcome(state, object_id, compare.body_of(after), notes=notes, undo=op.undo)


def _updated(collection: Collection, op: Op, object_id: str | None, obj: Json, whole: Json | None) -> Outcome:
    asked = compare.leaves(collection, op.body)
    before = compare.leaves(collection, op.before)
    fixed = {str(path[0]) for path in asked} | compare.implied(collection, asked)
    # Fields that are equal to the letter have equal leaves: cutting them all up would cost more than all the rest.
    names = (
        fixed
        if whole is None
        else fixed | {name for name in obj if obj[name] != whole.get(name)} | whole.keys() - obj.keys()
    )
    is_now = compare.leaves(collection, {name: obj[name] for name in names if name in obj})
    if whole is None:
        base = before
        scope = {path: value for path, value in is_now.items() if path in before or path[0] in collection.lines}
    else:
        base = compare.leaves(collection, {name: whole[name] for name in names if name in whole})
        scope = is_now
    touched_lines = {path[0] for path in asked if path[0] in collection.lines}
    moved = {
        path
        for path in compare.moved(collection, base, scope, fixed)
        if whole is not None or path[0] not in collection.lines or path[0] in touched_lines
    }
    kept = {path for path in is_now if str(path[0]) in fixed and (path in before or path in asked)} | moved
    after = compare.body_of({path: is_now.get(path) for path in kept})
    notes = _not_taken(collection, op, asked, is_now)
    state = "not_taken" if notes else "done"
    inverse = compare.inverse(collection, base, is_now, moved)
    return Outcome(state, object_id or str(op.target), after, inverse, op.undo, notes=notes)
