"""The words of a change: an operation, its plan, its outcome, and the port to the system it goes to.

A handler never sends. It stages operations; the road shows the plan, asks, and commits it. See
``docs/adr/0002-changes.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

if TYPE_CHECKING:
    from ..context import Context

Leaving = Literal["message", "money", "goods", "public", "request"]
OpKind = Literal["create", "update", "delete", "act", "call"]
OpState = Literal["staged", "sent", "done", "not_taken", "failed", "unknown", "needs_review", "skipped", "not_sent"]
SetState = Literal[
    "proposed", "applying", "applied", "partial", "failed", "unknown", "needs_review", "declined", "expired", "stale"
]
MET: frozenset[str] = frozenset({"done", "not_taken"})
"""States of an operation after which those that need it go on."""
SETTLED: frozenset[str] = frozenset({"done", "not_taken", "failed", "skipped", "not_sent"})


@dataclass(frozen=True, slots=True)
class Ref:
    """The id of what operation ``seq`` of the same plan will create; allowed wherever an id is."""

    seq: int

    def __str__(self) -> str:
        return f"${self.seq}"


ObjectId = int | str | Ref
_FLAT = frozenset({str, int, float, bool, type(None)})


TO_BIN = "bin"


@dataclass(slots=True)
class Op:
    """One thing to be done to one object.

    Args:
        system: name of the System it goes to (``shop``).
        kind: create, update, delete, act (an action without a before: send an e-mail, ring a webhook), or call (a
            tool of this server that stages nothing).
        collection: the system's own name of the collection (``products``).
        target: id, or Ref to what another op creates; None for a create.
        parent: ids of the enclosing objects in the path's order, e.g. ``{"product_id": 12}``; values may be Refs.
        body: what is sent: for an update only the fields that really differ. May hold Refs anywhere.
        before: touched and implied fields as they were (empty for a create).
        label: how people call the object, e.g. ``product 12 "Silk dress"``; no personal data.
        undo: empty when the op can be undone, else the reason why not.
        effects: what happens beside the change itself, one sentence each (``Stock of 3 products is restored``).
        asks: why a person must agree, one sentence each (``Moves money: refunds 20.00 EUR``).
        warnings: what a careful person would want to know, one sentence each.
        note: small JSON facts for the system's own use at send, settle or undo time (kept in the journal);
            ``shown`` stands for the body where people look at it, ``bin`` says that a delete only goes to the bin.
        seq: position in the plan, from 1; set by the Unit.
        leaves: what of it leaves the shop, by kind, whatever the sentences say: ``message`` to a customer; ``money``
            moved or given away; ``goods`` sent elsewhere; text or files that become ``public``; a ``request`` to an
            address that the body names.
        estimate: what it is thought to cost, in millionths of a US dollar; None for what is free.
    """

    system: str
    kind: OpKind
    collection: str
    target: ObjectId | None
    body: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict[str, Any])
    parent: dict[str, ObjectId] = field(default_factory=dict[str, ObjectId])
    label: str = ""
    undo: str = ""
    effects: list[str] = field(default_factory=list[str])
    asks: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    note: dict[str, Any] = field(default_factory=dict[str, Any])
    seq: int = 0
    leaves: list[Leaving] = field(default_factory=list[Leaving])
    estimate: int | None = None

    @property
    def ref(self) -> Ref:
        return Ref(self.seq)

    @property
    def binned(self) -> bool:
        return bool(self.note.get(TO_BIN))


@dataclass(slots=True)
class LeftAlone:
    """An object that an undo does not touch, and why: ``left_alone`` (changed since) or ``impossible``."""

    label: str
    state: Literal["left_alone", "impossible"]
    reason: str
    ours: Any = None
    now: Any = None


@dataclass(slots=True)
class Outcome:
    """What became of one op.

    Args:
        state: done; not_taken (answered well, but the asked values are not there); failed (answered with an error,
            nothing
            changed); not_sent (surely never arrived); unknown (may have arrived).
        object_id: the object's id in the system, for creates above all.
        after: touched, implied and moved fields as they are now, by the system's own answer.
        inverse: body that writes back what moved (see facts of each collection), or None.
        undo: reason why it can't be undone after all; empty otherwise.
        error: {code, message, hint?} when failed, not_sent or unknown.
        notes: sentences for people (``The shop did not take sale_price: it is ''``).
        cost: what it did cost, in millionths of a US dollar, where the system says; else None.
    """

    state: OpState
    object_id: str | None = None
    after: dict[str, Any] = field(default_factory=dict[str, Any])
    inverse: dict[str, Any] | None = None
    undo: str = ""
    error: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list[str])
    cost: int | None = None


@dataclass(slots=True)
class JournalOp:
    """One op as the journal holds it; ``op.target``, ``op.parent`` and ``op.body`` have their Refs filled where
    known. ``attempts`` counts the sendings.
    """

    change: str
    op: Op
    state: OpState
    sent_at: int | None
    outcome: Outcome
    attempts: int = 0


class System(Protocol):
    """The outside that ops go to. One per ``Op.system``; packs provide it, the road drives it."""

    name: str

    quiet_after: float
    """Seconds after which a request without an answer can no longer take effect (the shop's longest run)."""

    in_flight: int
    """How many groups of one plan may be under way at once."""

    proves_absence: bool
    """Whether ``look`` can prove that a request never took effect. Where it can't (a provider without idempotency keys
    and without a list of its tasks), a lost answer ends as ``needs_review``, for a person to decide."""

    def groups(self, ops: Sequence[Op]) -> list[list[Op]]:
        """Split ops that do not depend on each other into requests, each at most one batch; keeps order inside a
        group.
        """
        ...

    def object_keys(self, op: Op) -> list[str]:
        """Keys of what must not be written by two at once, e.g. ``products/12`` (and natural keys of creates)."""
        ...

    async def check(self, ops: Sequence[Op]) -> list[Outcome | None]:
        """Read one group's objects anew, right before it is sent: None where the op still fits, else what becomes of it
        instead (``skipped``, with the reason). Reads as little as it can, and sends nothing.

        Raises:
            Refused: when the system can't be read; nothing is known then.
        """
        ...

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        """Send one group, once, and say what became of each op, in order. Refs are filled.

        Never raises for what the system answered or failed to answer: that is an Outcome. ``change`` is the set's id,
        for
        the stamp that creates carry.
        """
        ...

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        """Find out what became of ops whose answer was lost, by reading only, or by repeating a request under its
        idempotency key where the system promises that this does nothing twice. ``unknown`` where it can't tell yet;
        ``not_sent`` only where reading proves that nothing happened *so far* (the caller waits ``quiet_after``).
        """
        ...

    async def stage_undo(self, ctx: Context, ops: Sequence[JournalOp]) -> None:
        """Stage the inverses of one change set's ops into ``ctx.unit``, checking that the objects are as that set left
        them;
        objects that can't be brought back go to ``ctx.unit.leave``. ``ops`` come in the order they were applied.
        """
        ...


class Systems:
    """The outsides that ops go to, by name; packs add theirs. Factories run at first use."""

    def __init__(self) -> None:
        self.factories: dict[str, Callable[[], System]] = {}

    def add(self, name: str, factory: Callable[[], System]) -> None:
        self.factories[name] = factory

    def get(self, name: str) -> System:
        return self.factories[name]()


def _object(value: Any) -> Mapping[str, Any] | None:
    if type(value) is dict:  # as nearly always, and ten times as quick to find out
        return cast("dict[str, Any]", value)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def _list(value: Any) -> Sequence[Any] | None:
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else None


def _walk(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """The JSON tree with every leaf (and every stored Ref) passed through ``leaf``."""
    tree = _object(value)
    if tree is not None and set(tree) != {"$ref"}:
        return {str(key): _walk(item, leaf) for key, item in tree.items()}
    items = _list(value)
    if items is not None:
        return [_walk(item, leaf) for item in items]
    return leaf(value)


def _is_flat(value: Any) -> bool:
    """Whether it is an object of JSON's plain values, as most bodies are: nothing in it can be a Ref."""
    tree = _object(value)
    return tree is not None and "$ref" not in tree and all(type(one) in _FLAT for one in tree.values())


def plain(value: Any) -> Any:
    """The value with Refs as ``{"$ref": seq}``: what is stored and hashed."""
    if _is_flat(value):
        return value
    return _walk(value, lambda leaf: {"$ref": leaf.seq} if isinstance(leaf, Ref) else leaf)


def fill(value: Any, ids: Mapping[int, str]) -> Any:
    """The value with Refs (live or stored) replaced by the ids they stand for; unknown ones stay.

    Ids of digits become numbers, as the shop's own ids are.
    """
    if _is_flat(value):
        return value

    def filled(leaf: Any) -> Any:
        stored = _object(leaf)
        ref = Ref(int(stored["$ref"])) if stored is not None else leaf
        if not isinstance(ref, Ref):
            return leaf
        found = ids.get(ref.seq)
        return ref if found is None else int(found) if found.isdigit() else found

    return _walk(value, filled)


def refs(op: Op) -> set[int]:
    """Sequence numbers of the ops whose results this op needs."""
    found: set[int] = set()

    def note(leaf: Any) -> Any:
        if isinstance(leaf, Ref):
            found.add(leaf.seq)

    for part in (op.target, op.parent, op.body):
        if not _is_flat(part):
            _walk(part, note)
    return found


def plan_hash(ops: Sequence[Op]) -> str:
    """SHA-256 of what would be done to what, and how it was before: equal hashes are the same plan on the same
    state.
    """
    rows = [
        [op.system, op.kind, op.collection, plain(op.target), plain(op.parent), plain(op.body), plain(op.before)]
        for op in ops
    ]
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
