"""A tiny system to write to: notes in memory, with the quirks that matter to changes.

Titles are trimmed, ``text`` longer than 1,000 characters is silently not taken, deleting moves a note to a bin. Faults
are asked for by name, one per request: ``refused``, ``lost`` (done, the answer never came), ``lost_before`` (neither),
``unreached`` (surely never arrived).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import anyio
from pydantic import BaseModel

from devskyy_mcp.changes.model import JournalOp, LeftAlone, Op, Outcome, System, Systems
from devskyy_mcp.context import Context, Services
from devskyy_mcp.errors import Code, Refused

FIELDS = ("title", "text", "status")
TEXT_LIMIT = 1_000
BATCH = 3


class Note(BaseModel):
    """One note."""

    id: int
    title: str
    text: str = ""
    status: str = "draft"


class Notes:
    """The notes and the System that writes them.

    ``requests`` lists what was really sent, as (kind, object id or None) per op; ``gate``, where set, holds each
    request until the event is set; ``sending`` is set when a request has arrived.
    """

    name = "notes"

    def __init__(self, *titles: str) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.requests: list[tuple[str, int | None]] = []
        self.shouted: list[str] = []
        self.faults: list[str] = []
        self.reads = 0
        self.checks = 0
        self.away = False
        self.quiet_after = 0.05
        self.in_flight = 2
        self.proves_absence = True
        self.gate: anyio.Event | None = None
        self.sending = anyio.Event()
        self._next = 1
        for title in titles:
            self.put(title=title)

    def put(self, *, title: str, text: str = "", status: str = "draft", stamp: str = "") -> int:
        """Add a note behind everybody's back; its id."""
        found = self._next
        self._next += 1
        self.rows[found] = {"title": title, "text": text, "status": status, "stamp": stamp}
        return found

    def read(self, note: int) -> dict[str, Any]:
        """The note as it is now.

        Raises:
            Refused: NOT_FOUND.
        """
        self.reads += 1
        if note not in self.rows:
            raise Refused(Code.NOT_FOUND, f"There is no note {note}.", "notes_list lists them.")
        return copy.deepcopy(self.rows[note])

    # ---- the System --------------------------------------------------------------------------------------------

    def groups(self, ops: Sequence[Op]) -> list[list[Op]]:
        return [list(ops[start : start + BATCH]) for start in range(0, len(ops), BATCH)]

    def object_keys(self, op: Op) -> list[str]:
        return [f"notes/{op.target}"] if op.target is not None else []

    async def check(self, ops: Sequence[Op]) -> list[Outcome | None]:
        self.checks += 1
        if self.away:
            raise Refused(Code.UPSTREAM_UNREACHABLE, "The notes are away.", retryable=True)
        return [self._drift(op) for op in ops]

    def _drift(self, op: Op) -> Outcome | None:
        if not isinstance(op.target, int):
            return None
        now = self.rows.get(op.target, {})
        if all(now.get(name) == value for name, value in op.before.items()):
            return None
        return Outcome("skipped", error={"code": str(Code.STALE), "message": "It was changed since."})

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        self.sending.set()
        if self.gate is not None:
            await self.gate.wait()
        fault = self.faults.pop(0) if self.faults else ""
        error = {"code": str(Code.UPSTREAM_TIMEOUT), "message": "The notes did not answer."}
        if fault == "unreached":
            return [Outcome("not_sent", error=error) for _ in ops]
        self.requests += [(op.kind, op.target if isinstance(op.target, int) else None) for op in ops]
        if fault == "refused":
            refused = {"code": str(Code.UPSTREAM_REFUSED), "message": "The notes are closed today."}
            return [Outcome("failed", error=refused) for _ in ops]
        if fault == "lost_before":
            return [Outcome("unknown", error=error) for _ in ops]
        outcomes = [self._do(change, op) for op in ops]
        return [Outcome("unknown", error=error) for _ in ops] if fault == "lost" else outcomes

    def _do(self, change: str, op: Op) -> Outcome:
        if op.kind == "act":
            self.shouted.append(op.body["words"])
            return Outcome("done", undo="words can't be taken back")
        if op.kind == "create":
            made = self.put(**self._taken(op.body), stamp=f"{change}/{op.seq}")
            return self._judge(op, made)
        note = op.target
        if not isinstance(note, int) or note not in self.rows:
            return Outcome("failed", error={"code": str(Code.NOT_FOUND), "message": f"There is no note {note}."})
        if op.kind == "update":
            self.rows[note].update(self._taken(op.body))
        elif op.note.get("burn"):
            del self.rows[note]
        else:
            self.rows[note]["status"] = "bin"
        return self._judge(op, note)

    def _taken(self, body: dict[str, Any]) -> dict[str, Any]:
        taken = {name: value.strip() if name == "title" else value for name, value in body.items()}
        if len(taken.get("text", "")) > TEXT_LIMIT:
            del taken["text"]
        return taken

    def _judge(self, op: Op, note: int) -> Outcome:
        now = self.rows.get(note, {})
        after = {name: now[name] for name in FIELDS if name in now}
        if op.kind == "delete":
            inverse = None if op.note.get("burn") else {"status": op.before["status"]}
            return Outcome("done", str(note), after, inverse, undo="" if inverse else "a burnt note is gone")
        if op.kind == "create":
            inverse = {"status": "bin"}
        else:
            inverse = {
                name: op.before[name] for name in op.body if op.before.get(name, after.get(name)) != after.get(name)
            }
        missed = [name for name, value in op.body.items() if str(after.get(name, "")).strip() != str(value).strip()]
        said = [f"The notes did not take {name}." for name in missed]
        return Outcome("not_taken" if missed else "done", str(note), after, inverse, notes=said)

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        return [self._found(item) for item in ops]

    def _found(self, item: JournalOp) -> Outcome:
        op = item.op
        if op.kind == "act":
            return Outcome(
                "unknown", error={"code": str(Code.OUTCOME_UNKNOWN), "message": "Nobody knows who heard it."}
            )
        if op.kind == "create":
            stamp = f"{item.change}/{op.seq}"
            made = next((note for note, row in self.rows.items() if row["stamp"] == stamp), None)
            return Outcome("not_sent") if made is None else self._judge(op, made)
        note = op.target
        now = self.rows.get(note, {}) if isinstance(note, int) else {}
        if op.kind == "delete":
            gone = now.get("status", "bin") == "bin"
        else:
            gone = all(now.get(name) == value for name, value in self._taken(op.body).items())
        return self._judge(op, int(str(note))) if gone else Outcome("not_sent")

    async def stage_undo(self, ctx: Context, ops: Sequence[JournalOp]) -> None:
        assert ctx.unit is not None
        for item in reversed(ops):
            op, outcome = item.op, item.outcome
            note = int(outcome.object_id or 0)
            if outcome.undo or outcome.inverse is None:
                ctx.unit.leave(LeftAlone(op.label, "impossible", outcome.undo or "it has no way back"))
                continue
            now = {name: self.rows.get(note, {}).get(name) for name in outcome.after}
            moved = [name for name in outcome.inverse if now.get(name) != outcome.after.get(name)]
            if moved:
                ours = {name: outcome.after.get(name) for name in moved}
                theirs = {name: now.get(name) for name in moved}
                ctx.unit.leave(LeftAlone(op.label, "left_alone", "It was changed since.", ours, theirs))
                continue
            before = {name: now[name] for name in outcome.inverse}
            ctx.unit.add(Op("notes", "update", "notes", note, dict(outcome.inverse), before, label=op.label))


def provide(services: Services, notes: Notes) -> Notes:
    """Make the notes known to a server: as a service and as a System to write to."""
    services.put(Notes, notes)
    system: System = notes
    services.get(Systems).add(notes.name, lambda: system)
    return notes


# ---- staging, as a pack's handlers do it ---------------------------------------------------------------------------


def stage_create(ctx: Context, title: str, text: str = "") -> Op:
    assert ctx.unit is not None
    body = {"title": title, "text": text}
    return ctx.unit.add(Op("notes", "create", "notes", None, body, label=f'note "{title[:40]}"'))


def stage_update(ctx: Context, note: int, **fields: str | None) -> Op | None:
    """Stage only what differs; None when nothing does."""
    assert ctx.unit is not None
    now = ctx.get(Notes).read(note)
    body = {name: value for name, value in fields.items() if value is not None and now[name] != value}
    if not body:
        return None
    before = {name: now[name] for name in body}
    return ctx.unit.add(Op("notes", "update", "notes", note, body, before, label=_label(note, now)))


def stage_delete(ctx: Context, note: int, *, burn: bool = False) -> Op:
    assert ctx.unit is not None
    now = ctx.get(Notes).read(note)
    before = {name: now[name] for name in FIELDS}
    op = Op("notes", "delete", "notes", note, {}, before, label=_label(note, now))
    if burn:
        op.undo, op.note = "a burnt note is gone", {"burn": True}
    return ctx.unit.add(op)


def stage_shout(ctx: Context, words: str) -> Op:
    assert ctx.unit is not None
    op = Op("notes", "act", "shouts", None, {"words": words}, label="shout", undo="words can't be taken back")
    op.effects = ["Everybody in the room hears it"]
    return ctx.unit.add(op)


def _label(note: int, now: dict[str, Any]) -> str:
    return f'note {note} "{now["title"][:40]}"'
