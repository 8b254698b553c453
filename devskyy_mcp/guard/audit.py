"""Who did what, in a hash chain that shows every later edit.

Each row's hash is SHA-256 over the hash of the row before and the row's own columns as canonical JSON; ``audit_head``
holds the last row's number and hash, so that a cut-off end shows too. Reads are written in groups, at most 200 ms late;
what belongs to a write goes into the write's own transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import anyio
from pydantic_core import to_json

from devskyy_mcp.db import Database
from devskyy_mcp.db.vault import vault_of
from devskyy_mcp.errors import Code, Refused

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from devskyy_mcp.db.prepared import Prepared
    from devskyy_mcp.db.vault import Vault

log = logging.getLogger(__name__)

WINDOW = 0.2  # seconds that a record may wait for company
GROUP = 500  # records that are written without waiting longer
MOST_PER_COMMIT = 500
MOST_WAITING = 10_000
RETRY_SECONDS = 1.0
CHECKPOINT_ROWS = 1_000
"""Rows after which a checkpoint is due (``checkpoints``)."""

HASHED = (
    "arguments_sha256",
    "at",
    "capability",
    "change_id",
    "code",
    "detail",
    "duration_us",
    "effect",
    "phase",
    "principal",
    "seq",
    "surface",
)
"""The columns that a row's hash covers, in the order in which they are hashed."""

Phase = Literal["call", "intent", "outcome", "decision"]


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class AuditRecord:
    """One line of the audit. Arguments appear only as a keyed hash, which nobody can try names against; ``detail`` is
    sealed; no other field may hold personal data.

    Args:
        principal: id of who called.
        surface: where the call came in: mcp, rest, ws, cli, internal.
        capability: the tool's name.
        effect: read, write, destroy or generate.
        phase: call (a read, whole), intent (before anything is sent), decision (a person's), outcome.
        code: ok, or the error code.
        change_id: the change set, for writes.
        duration_us: how long it took, microseconds.
        arguments_sha256: of the arguments as canonical JSON, or what a request is known by; empty when there are none,
            or they are given whole. Kept as the vault's mark of it.
        arguments: the canonical JSON itself where it is short: hashed when the row is written, never kept.
        detail: small JSON object; numbers with a fraction are stored as text.
        at: microseconds since 1970 UTC.
    """

    principal: str
    surface: str
    capability: str
    effect: str
    phase: Phase = "call"
    code: str = "ok"
    change_id: str | None = None
    duration_us: int = 0
    arguments_sha256: str = ""
    arguments: str = ""
    detail: dict[str, Any] = field(default_factory=dict[str, Any])
    at: int = field(default_factory=now_us)


class AuditLog:
    """Writes the audit. One per process and event loop; nothing runs while nothing waits."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[AuditRecord] = deque()
        self._enough = asyncio.Event()
        self.grown = asyncio.Event()
        """Set when so many rows were written that a checkpoint is due."""
        self._since = 0
        self._writing = anyio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self._closing = False

    def add(self, record: AuditRecord) -> None:
        """Take a read's record; it is on disk within 200 ms. Never waits.

        Raises:
            Refused: UPSTREAM_UNREACHABLE when the database has been away so long that 10,000 records wait: then the
                call must be refused, since it can't be accounted for.
        """
        waiting = self._waiting
        if len(waiting) >= MOST_WAITING:
            raise Refused(
                Code.UPSTREAM_UNREACHABLE,
                "The audit can't be written, so no call can be answered.",
                hint="Bring the database back; the waiting records are then written.",
                retry_after=5.0,
            )
        waiting.append(record)
        if self._writer is None or self._writer.done():
            # An empty context: the writer outlives the call that happens to start it.
            self._writer = asyncio.get_running_loop().create_task(self._write_waiting(), context=Context())
        elif len(waiting) == GROUP:
            self._enough.set()

    async def flush(self) -> None:
        """Write all that waits, durably.

        Raises:
            Refused: when the database is away; the records keep waiting.
        """
        with anyio.CancelScope(shield=True):  # a commit whose outcome is lost would be written twice
            async with self._writing:
                while self._waiting:
                    group = list(islice(self._waiting, MOST_PER_COMMIT))
                    async with self._db.begin() as conn:
                        await self.append(conn, *group)
                    for _ in group:
                        self._waiting.popleft()

    async def append(self, conn: AsyncConnection, *records: AuditRecord) -> int:
        """Write records in the caller's transaction (``Database.begin``), as its last act before the commit.

        From here to the commit no one else can append: on Postgres the head row is locked.

        Returns:
            The last row's number.

        Raises:
            Refused: INTERNAL when the head row is gone, which only someone with the database's password can do.
        """
        statements = _statements()
        found = await statements.head.read(conn, {})
        if not found:
            raise Refused(Code.INTERNAL, "The audit's head row is gone.", hint="Run `devskyy audit verify`.")
        seq, last = int(found[0]["seq"]), str(found[0]["hash"])
        rows: list[dict[str, Any]] = []
        vault = vault_of(conn)
        for record in records:
            seq += 1
            row = _row(vault, seq, record)
            row["prev_hash"] = last
            row["hash"] = last = chain_hash(last, row)
            rows.append(row)
        if rows:
            from devskyy_mcp.db.prepared import together

            moving = statements.update, {"new_seq": seq, "new_hash": last}
            if len(rows) > 1:
                await statements.insert.run(conn, *rows)
                await together(conn, moving)
            else:
                await together(conn, (statements.insert, rows[0]), moving)
            self._since += len(rows)
            if self._since >= CHECKPOINT_ROWS:
                self._since = 0
                self.grown.set()
        return seq

    async def close(self) -> None:
        """Write what waits and stop.

        Raises:
            Refused: when the database is away; the records that waited are lost with the process, and this says so.
        """
        self._closing = True
        self._enough.set()
        if self._writer is not None:
            await asyncio.wait([self._writer])
        await self.flush()

    async def _write_waiting(self) -> None:
        """Runs from the first waiting record until none waits."""
        delay = WINDOW
        while self._waiting:
            with anyio.move_on_after(delay):
                await self._enough.wait()
            self._enough.clear()
            try:
                await self.flush()
                delay = WINDOW
            except Exception as error:  # whatever it is, the records must not be lost with this task
                log.warning("audit: %d records wait: %s", len(self._waiting), type(error).__name__)
                delay = RETRY_SECONDS
            if self._closing:
                break
        self._writer = None


class _Statements(NamedTuple):
    head: Prepared
    insert: Prepared
    update: Prepared


@cache
def _statements() -> _Statements:
    """What ``append`` sends."""
    import sqlalchemy as sa

    from devskyy_mcp.db.prepared import Prepared
    from devskyy_mcp.db.tables import audit, audit_head

    head = audit_head.c
    new: dict[str, Any] = {"seq": sa.bindparam("new_seq"), "hash": sa.bindparam("new_hash")}
    return _Statements(
        Prepared(sa.select(head.seq, head.hash).where(head.id == 1).with_for_update()),
        Prepared(audit.insert()),
        Prepared(audit_head.update().where(head.id == 1).values(**new)),
    )


def canonical(value: Mapping[Any, Any]) -> str:
    """JSON with sorted keys, no spaces, ASCII only and no floats (they become text): one spelling per value."""
    return _encode(_settled(value)) if value else "{}"


def chain_hash(before: str, row: Mapping[str, Any]) -> str:
    """SHA-256, hex, of the previous row's hash and the ``HASHED`` columns as JSON in UTF-8.

    They hold texts, whole numbers and None only, which JSON spells in one way (RFC 8785).
    """
    body = to_json({name: row[name] for name in HASHED})
    return hashlib.sha256(b"%s\n%s" % (before.encode(), body)).hexdigest()


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


def _settled(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value)
        return {str(key): _settled(item) for key, item in items.items()}
    if isinstance(value, list | tuple):
        return [_settled(item) for item in cast("Sequence[Any]", value)]
    return value


def digest_of(text: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _row(vault: Vault, seq: int, record: AuditRecord) -> dict[str, Any]:
    """The ``HASHED`` columns, in that order."""
    digest = digest_of(record.arguments) if record.arguments else record.arguments_sha256
    return {
        "arguments_sha256": vault.mark(digest) if digest else "",
        "at": int(record.at),
        "capability": _storable(record.capability),
        "change_id": None if record.change_id is None else _storable(record.change_id),
        "code": _storable(record.code),
        "detail": vault.seal("audit", "detail", str(seq), canonical(record.detail)) if record.detail else "{}",
        "duration_us": int(record.duration_us),
        "effect": _storable(record.effect),
        "phase": record.phase,
        "principal": _storable(record.principal),
        "seq": seq,
        "surface": _storable(record.surface),
    }


@lru_cache(maxsize=4096)  # the same few names come again and again
def _storable(text: str) -> str:
    """Names may come from a hostile caller: no NUL or lone surrogate may keep a whole group from being written."""
    return str(text)[:200].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
