"""Signed checkpoints of the audit: where it stood, so that even its rewriting as a whole shows; and its retention.

A checkpoint signs (Ed25519) a row's number and hash. It is written into the database and added to a file, which
belongs on another disk or in a log store: with it a cut-off or rewritten audit shows, whoever owns the database. Old
rows may be purged up to a checkpoint; what is left stands on its hash, and the purge is signed too.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import anyio
import anyio.to_thread

from devskyy_mcp.db import Database
from devskyy_mcp.errors import Refused

from .audit import CHECKPOINT_ROWS, AuditLog, now_us
from .audit_check import Verdict, anchor_of, verify

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sqlalchemy.ext.asyncio import AsyncConnection

log = logging.getLogger(__name__)
SECONDS = 300.0
ROWS_AT_ONCE = 2_000
PURGE = "audit_purge"
"""The setting that holds the last purge, signed."""
Kind = Literal["checkpoint", "purge"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A row that was the audit's last, or the last that was purged: its number and hash, when that was (microseconds
    since 1970 UTC), and who signed it.
    """

    seq: int
    hash: str
    at: int
    key_id: str
    signature: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Signer:
    """Signs with a key that every server of the database has, and nobody who only has the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._db.vault.derive("audit checkpoints"))

    @cached_property
    def public_key(self) -> str:
        """Base64 of the 32 bytes, for whoever checks without this server."""
        return b64encode(self._key.public_key().public_bytes_raw()).decode()

    @cached_property
    def key_id(self) -> str:
        return hashlib.sha256(self.public_key.encode()).hexdigest()[:12]

    def signed(self, kind: Kind, seq: int, row_hash: str, at: int) -> Checkpoint:
        signature = self._key.sign(_message(kind, seq, row_hash, at))
        return Checkpoint(seq, row_hash, at, self.key_id, b64encode(signature).decode())

    def is_ours(self, kind: Kind, one: Checkpoint) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            signature = b64decode(one.signature, validate=True)
            self._key.public_key().verify(signature, _message(kind, one.seq, one.hash, one.at))
        except (InvalidSignature, ValueError):
            return False
        return True


def _message(kind: Kind, seq: int, row_hash: str, at: int) -> bytes:
    return f"devskyy audit {kind} v1|{seq}|{row_hash}|{at}".encode()


class Checkpoints:
    """Makes checkpoints beside the calls of a running app.

    Args:
        db: the audit's database.
        audit: tells when many rows were written.
        file: what checkpoints are added to, one JSON object a line.
    """

    def __init__(self, db: Database, audit: AuditLog, file: Path) -> None:
        self._db = db
        self._audit = audit
        self._file = file
        self.signer = Signer(db)

    async def run(self) -> None:
        """Make one after every 1,000 rows, and five minutes after the last where there are any new ones."""
        while True:
            with anyio.move_on_after(SECONDS):
                await self._audit.grown.wait()
            self._audit.grown.clear()
            try:
                await self.make()
            except Refused as refused:
                log.warning("the audit's checkpoint waits: %s", refused.message)

    async def make(self, *, now: bool = False) -> Checkpoint | None:
        """Sign where the audit stands; None when nothing is new, or, without ``now``, too little of it.

        Raises:
            Refused: when the database is away.
        """
        from devskyy_mcp.db.tables import audit_checkpoints

        async with self._db.begin() as conn:  # behind whoever is appending at this moment
            due = await _due(conn, now=now)
            if due is None:
                return None
            made = self.signer.signed("checkpoint", due[0], due[1], now_us())
            await conn.execute(audit_checkpoints.insert().values(**made.as_dict()))
        await self._export("checkpoint", made)
        return made

    async def purge(self, before: int) -> int:
        """Delete the rows up to the last checkpoint from before that time (microseconds); how many that were.

        Raises:
            Refused: when the database is away; the next purge goes on where this one ended.
        """
        async with self._db.read() as conn:
            last = await _last_before(conn, before)
            anchor, _ = await anchor_of(conn)
        if last is None:
            return 0
        if last.seq > anchor:
            purged = self.signer.signed("purge", last.seq, last.hash, now_us())
            async with self._db.begin() as conn:
                await _set_anchor(conn, purged)
            await self._export("purge", purged)
        return await self._delete_to(max(last.seq, anchor))

    async def _delete_to(self, seq: int) -> int:
        import sqlalchemy as sa

        from devskyy_mcp.db.tables import audit, audit_checkpoints

        total = 0
        while True:
            async with self._db.begin() as conn:
                some = sa.select(audit.c.seq).where(audit.c.seq <= seq).order_by(audit.c.seq).limit(ROWS_AT_ONCE)
                gone = (await conn.execute(audit.delete().where(audit.c.seq.in_(some)))).rowcount
                if not gone:
                    await conn.execute(audit_checkpoints.delete().where(audit_checkpoints.c.seq < seq))
                    return total
            total += gone

    async def _export(self, kind: Kind, made: Checkpoint) -> None:
        line = json.dumps({"kind": kind, **made.as_dict(), "public_key": self.signer.public_key}) + "\n"
        try:
            await anyio.to_thread.run_sync(_add_line, self._file, line)
        except OSError as error:
            log.warning("the audit's checkpoint can't be written to its file (%s)", error.strerror)


async def _due(conn: AsyncConnection, *, now: bool) -> tuple[int, str] | None:
    """The audit's last row, where a checkpoint of it is due."""
    import sqlalchemy as sa

    from devskyy_mcp.db.tables import audit_checkpoints, audit_head

    query = sa.select(audit_head.c.seq, audit_head.c.hash).where(audit_head.c.id == 1)
    head = (await conn.execute(query.with_for_update())).one_or_none()
    c = audit_checkpoints.c
    last = (await conn.execute(sa.select(c.seq, c.at).order_by(c.seq.desc()).limit(1))).first()
    seq, at = (int(last.seq), int(last.at)) if last else (0, 0)
    if head is None or head.seq <= seq:
        return None
    enough = now or head.seq - seq >= CHECKPOINT_ROWS or now_us() - at >= SECONDS * 1_000_000
    return (int(head.seq), str(head.hash)) if enough else None


async def _last_before(conn: AsyncConnection, before: int) -> Checkpoint | None:
    from devskyy_mcp.db.tables import audit_checkpoints

    c = audit_checkpoints.c
    query = audit_checkpoints.select().where(c.at < before).order_by(c.seq.desc()).limit(1)
    return next(iter(_of_rows((await conn.execute(query)).mappings())), None)


def _of_rows(rows: Iterable[Mapping[Any, Any]]) -> list[Checkpoint]:
    return [Checkpoint(*(row[name] for name in Checkpoint.__slots__)) for row in rows]


async def _set_anchor(conn: AsyncConnection, purged: Checkpoint) -> None:
    from devskyy_mcp.db.tables import audit_head, settings

    await conn.execute(audit_head.delete().where(audit_head.c.id == 2))
    await conn.execute(audit_head.insert().values(id=2, seq=purged.seq, hash=purged.hash))
    await conn.execute(settings.delete().where(settings.c.key == PURGE))
    await conn.execute(settings.insert().values(key=PURGE, value=purged.as_dict(), updated_at=purged.at))


def _add_line(file: Path, line: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as added:
        added.write(line)
        added.flush()
        os.fsync(added.fileno())


# ---- checking --------------------------------------------------------------------------------------------------------


async def verify_signed(db: Database, file: Path | None = None) -> Verdict:
    """As ``audit.verify``, and hold every checkpoint, of the database and of the file, against the rows.

    Raises:
        Refused: when the database is away.
    """
    await db.open()
    verdict = await verify(db)
    signer = Signer(db)
    async with db.read() as conn:
        anchor, reason = await _anchor_fault(conn, signer)
    if reason:
        return Verdict(False, verdict.rows, anchor + 1, reason)
    if not verdict.ok:
        return verdict
    given = await _given(db, file)
    good, reason = await _held_against(db, signer, given, anchor, anchor + verdict.rows)
    if reason:
        return Verdict(False, good - anchor, good + 1, reason)
    return Verdict(True, verdict.rows, checkpoints=len({one.seq for one in given}))


async def _held_against(
    db: Database, signer: Signer, given: Sequence[Checkpoint], anchor: int, end: int
) -> tuple[int, str]:
    """The last row that is proven, and what is wrong behind it; empty when nothing is."""
    good = anchor
    for one in sorted(given, key=lambda one: one.seq):
        if not signer.is_ours("checkpoint", one):
            return good, f"The checkpoint of row {one.seq} is not signed by this database's key."
        if one.seq <= anchor:
            continue
        if one.seq > end:
            return end, f"The end is missing, from row {end + 1} on: row {one.seq} was signed."
        async with db.read() as conn:
            found = await _hash_of(conn, one.seq)
        if found != one.hash:
            return good, f"Rows from {good + 1} to {one.seq} were written anew: row {one.seq} is not the one signed."
        good = one.seq
    return end, ""


async def _anchor_fault(conn: AsyncConnection, signer: Signer) -> tuple[int, str]:
    """What the audit stands on, and what is wrong with that; empty when nothing is."""
    import sqlalchemy as sa

    from devskyy_mcp.db.tables import settings

    seq, row_hash = await anchor_of(conn)
    if not seq:
        return 0, ""
    value: Any = (await conn.execute(sa.select(settings.c.value).where(settings.c.key == PURGE))).scalar()
    try:
        purged = Checkpoint(**value)
    except TypeError:
        return seq, f"Rows up to {seq} are gone, and no purge of them was signed."
    whole = (purged.seq, purged.hash) == (seq, row_hash) and signer.is_ours("purge", purged)
    return seq, "" if whole else f"Rows up to {seq} are gone, and no purge of them was signed."


async def _hash_of(conn: AsyncConnection, seq: int) -> str | None:
    import sqlalchemy as sa

    from devskyy_mcp.db.tables import audit

    return (await conn.execute(sa.select(audit.c.hash).where(audit.c.seq == seq))).scalar()


async def _given(db: Database, file: Path | None) -> list[Checkpoint]:
    from devskyy_mcp.db.tables import audit_checkpoints

    async with db.read() as conn:
        given = _of_rows((await conn.execute(audit_checkpoints.select())).mappings())
    if file is not None and file.is_file():  # noqa: ASYNC240 # a command's own file
        given += _of_file(file.read_text("utf-8", "replace").splitlines())  # noqa: ASYNC240 # as above
    return list(dict.fromkeys(given))


def _of_file(lines: Sequence[str]) -> list[Checkpoint]:
    """The file's checkpoints; a line that is none counts as one that nobody signed."""
    found: list[Checkpoint] = []
    for line in lines:
        try:
            given: Any = json.loads(line)
            if given["kind"] == "checkpoint":
                found += _of_rows([given])
        except (ValueError, KeyError, TypeError):
            found.append(Checkpoint(0, "", 0, "", ""))
    return found
