"""Whether the audit is whole: each row follows from the one before, none is missing, the end is the recorded one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devskyy_mcp.db import Database
from devskyy_mcp.errors import Code, Refused

from .audit import chain_hash

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

PAGE = 1_000
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found.

    Args:
        ok: the chain is whole.
        rows: rows that are proven good.
        first_bad_seq: number of the first row that was edited, removed or put in.
        reason: what is wrong with it, one sentence; empty when ok.
        checkpoints: signed ones that the rows agree with; counted by ``checkpoints.verify_signed`` only.
    """

    ok: bool
    rows: int
    first_bad_seq: int | None = None
    reason: str = ""
    checkpoints: int = 0


async def verify(db: Database, start: int = 1) -> Verdict:
    """Check the chain from row ``start`` on: each row's hash, the link to the row before, no gap, and the end.

    Finds any single edit, removal, insertion or swap at its row. Whoever can write the rest of the chain and its head
    anew is not found by this: that takes checkpoints. Where old rows were purged, the chain begins behind them.

    Raises:
        Refused: when the database is away.
    """
    from devskyy_mcp.db.tables import NO_HASH

    async with db.read() as conn:
        anchor, anchored = await anchor_of(conn)
    begin = seq = max(start - 1, anchor)
    last, above, size = NO_HASH, None, PAGE

    def bad(row: int, reason: str) -> Verdict:
        return Verdict(False, seq - begin, row, reason)

    if seq and seq == anchor:
        last, above = anchored, seq
    elif seq:
        before = await _page(db, seq - 1, 1)
        if not before or before[0]["seq"] != seq:
            return bad(seq, f"Row {seq} is missing.")
        last, above = str(before[0]["hash"]), seq
    while True:
        try:
            rows = await _page(db, above, size)
        except Refused as refusal:
            if refusal.code is not Code.INTERNAL:
                raise
            if size == 1:
                return bad(seq + 1, f"Row {seq + 1} can't be read.")
            size = 1  # one row of this page is unreadable: go on singly, to name it
            continue
        for row in rows:
            if reason := _fault(row, seq + 1, last):
                return bad(min(seq + 1, int(row["seq"])), reason)
            seq, last = seq + 1, str(row["hash"])
        above = seq
        if not rows and (end := await _end(db, seq, last)):
            return bad(*end) if end[1] else Verdict(True, seq - begin)


async def anchor_of(conn: AsyncConnection) -> tuple[int, str]:
    """The last row that was purged, and its hash, on which the next one stands; 0 when none was."""
    import sqlalchemy as sa

    from devskyy_mcp.db.tables import audit_head

    row = (await conn.execute(sa.select(audit_head.c.seq, audit_head.c.hash).where(audit_head.c.id == 2))).first()
    return (int(row.seq), str(row.hash)) if row else (0, "")


def _fault(row: Mapping[str, Any], expected: int, last: str) -> str:
    """What is wrong with the row that should be the ``expected``th; empty when nothing is."""
    if row["seq"] < expected:
        return f"Row {row['seq']} was put in."
    if row["seq"] > expected:
        return f"Row {expected} is missing."
    if row["prev_hash"] != last:
        return f"Row {expected} does not follow from the row before."
    if not all(value is None or isinstance(value, int | str) for value in row.values()):
        return f"Row {expected} was edited: it holds what is never written."
    if row["hash"] != chain_hash(last, row):
        return f"Row {expected} was edited."
    return ""


async def _end(db: Database, seq: int, last: str) -> tuple[int, str] | None:
    """Compare the last row with the head: the bad row and what is wrong, if anything; None when rows came meanwhile."""
    import sqlalchemy as sa

    from devskyy_mcp.db.tables import audit_head

    async with db.read() as conn:
        head = (await conn.execute(sa.select(audit_head.c.seq, audit_head.c.hash).where(audit_head.c.id == 1))).first()
    if head is None:
        return seq + 1, "The head row is gone, so the end can't be proven."
    if head.seq < seq:
        return int(head.seq) + 1, f"Row {head.seq + 1} comes after the recorded end."
    if head.seq > seq:
        # The head is read after the rows: either some were appended in between, or the end was cut off.
        cut_off = not await _page(db, seq, 1)
        return (seq + 1, f"The end is missing, from row {seq + 1} on.") if cut_off else None
    return seq, "" if head.hash == last else f"Row {seq} is not the one recorded as the last."


async def _page(db: Database, above: int | None, size: int) -> Rows:
    import sqlalchemy as sa

    from devskyy_mcp.db.tables import audit

    query = sa.select(audit).order_by(audit.c.seq).limit(size)
    if above is not None:
        query = query.where(audit.c.seq > above)
    async with db.read() as conn:
        return [dict(row) for row in (await conn.execute(query)).mappings()]
