"""What still uses files of the store: asked before any is deleted.

The core looks into its journal (changes that are under way, wait, or can still be undone) and into jobs that have not
ended. Packs add what they know: products that name a model, for one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from ..db.database import Database
from ..guard.audit import now_us
from .store import Asset

if TYPE_CHECKING:
    import sqlalchemy as sa

UNDO_US = 90 * 24 * 3600 * 1_000_000
"""As long as values from before a change are kept, so that it can be undone."""
AT_ONCE = 500
Finder = Callable[[frozenset[str]], Awaitable[set[str]]]
"""Of these SHA-256 those that are used."""
_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class References:
    """The finders by what they look into. What one of them refuses is not caught: then nothing may be deleted."""

    def __init__(self) -> None:
        self._finders: dict[str, Finder] = {}

    def add(self, name: str, finder: Finder) -> None:
        """Add or replace a finder; ``name`` says in the plural whom it asks: ``products``."""
        self._finders[name] = finder

    async def used(self, files: Iterable[Asset]) -> dict[str, set[str]]:
        """SHA-256 of the files that are used, by whom: the finders' names, ``published``, and ``sources`` of any of
        these, which their provenance names.

        Raises:
            Refused: what a finder refuses.
        """
        known = {one.sha256: one for one in files}
        asked = frozenset(known)
        found = {"published": {one.sha256 for one in known.values() if one.published}}
        for name, finder in self._finders.items():
            found[name] = await finder(asked) & asked
        in_use = set[str]().union(*found.values())
        found["sources"] = _sources(known, in_use) - in_use
        return found


def _sources(known: dict[str, Asset], made: set[str]) -> set[str]:
    """What these files were made of, and what that was made of, as far as it is here."""
    found, todo = set[str](), list(made)
    while todo:
        for source in known[todo.pop()].provenance.get("sources", ()):
            if source in known and source not in found:
                found.add(source)
                todo.append(source)
    return found


def named_in(value: Any) -> set[str]:
    """Every SHA-256 that stands somewhere in a JSON value, also in an asset's id."""
    return {one.decode() for one in _HASH.findall(to_json(value))}


def in_changes(db: Database) -> Finder:
    """Looks into change sets that have not ended, and into those that can still be undone."""

    async def find(asked: frozenset[str]) -> set[str]:
        from sqlalchemy import or_, select

        from ..db.tables import change_ops, change_sets

        sets = change_sets.c
        live = or_(sets.finished_at.is_(None), sets.finished_at > now_us() - UNDO_US)
        ops = select(change_ops).join(change_sets, sets.id == change_ops.c.change_id).where(live)
        return await _named(db, asked, (change_sets, select(change_sets).where(live)), (change_ops, ops))

    return find


def in_jobs(db: Database) -> Finder:
    """Looks into jobs that have not ended: their arguments, and what their steps gave."""

    async def find(asked: frozenset[str]) -> set[str]:
        from sqlalchemy import select

        from ..db.tables import job_steps, jobs
        from ..jobs.model import UNFINISHED

        open_ = jobs.c.state.in_(UNFINISHED)
        steps = select(job_steps).join(jobs, jobs.c.id == job_steps.c.job_id).where(open_)
        return await _named(db, asked, (jobs, select(jobs).where(open_)), (job_steps, steps))

    return find


async def _named(db: Database, asked: frozenset[str], *queries: tuple[sa.Table, sa.Select[Any]]) -> set[str]:
    found = set[str]()
    for table, query in queries:
        async for row in _rows(db, table, query):
            found |= named_in(row) & asked
    return found


async def _rows(db: Database, table: sa.Table, query: sa.Select[Any]) -> AsyncGenerator[dict[str, Any]]:
    """The rows, opened: they are sealed, so the database can't look into them."""
    from sqlalchemy import tuple_

    from ..db.vault import vault_of

    key = list(table.primary_key.columns)
    after: tuple[Any, ...] | None = None
    while True:
        page = query.order_by(*key).limit(AT_ONCE)
        if after is not None:
            page = page.where(tuple_(*key) > after)
        async with db.read() as conn:
            found = (await conn.execute(page)).mappings().all()
            rows = await vault_of(conn).open_rows(conn, table.name, found)
        for row in rows:
            yield row
        if len(found) < AT_ONCE:
            return
        after = tuple(found[-1][column.name] for column in key)
