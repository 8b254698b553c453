"""What a person lets a client do: asked once for the same scopes, widened on purpose, forgotten with the last grant."""

from __future__ import annotations

from collections.abc import Iterable

from ...guard.audit import AuditRecord
from ..grants import Grants
from .clients import insert_on


class Consents:
    """Args: ``grants`` has the database, the audit and the clock."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    async def of(self, user_id: str, client_id: str) -> frozenset[str]:
        """What the person has agreed to for this client; empty when to nothing."""
        import sqlalchemy as sa

        from ...db.tables import oauth_consents as table

        query = sa.select(table.c.scopes).where(table.c.user_id == user_id, table.c.client_id == client_id)
        async with self._grants.db.read() as conn:
            return frozenset((await conn.execute(query)).scalar() or ())

    async def give(self, user_id: str, client_id: str, scopes: Iterable[str]) -> None:
        """Remember what the person has just agreed to; it takes the place of what was there."""
        from ...db.tables import oauth_consents as table

        values = {"scopes": sorted(scopes), "at": self._grants.clock()}
        async with self._grants.db.begin() as conn:
            row = {"user_id": user_id, "client_id": client_id, **values}
            insert = insert_on(conn)(table).values(row)
            await conn.execute(insert.on_conflict_do_update(index_elements=["user_id", "client_id"], set_=values))
            by = AuditRecord(
                f"user:{user_id}", "page", "oauth_consent", "write", "outcome", detail={"client": client_id, **values}
            )
            await self._grants.audit.append(conn, by)

    async def widen(self, user_id: str, client_id: str, scopes: Iterable[str]) -> int:
        """Add scopes to what the client may do, from its next refresh on; to how many live grants.

        For hosts that can't ask for more while they run: their refresh tokens simply come to mean more.
        """
        import sqlalchemy as sa

        from ...db.tables import oauth_grants as table

        more = frozenset(scopes)
        await self.give(user_id, client_id, await self.of(user_id, client_id) | more)
        mine = sa.and_(
            table.c.user_id == user_id,
            table.c.client_id == client_id,
            table.c.revoked_at.is_(None),
            table.c.expires_at > self._grants.clock(),
        )
        async with self._grants.db.begin() as conn:
            found = (await conn.execute(sa.select(table.c.id, table.c.scopes).where(mine).with_for_update())).all()
            for sid, granted in found:
                wider = sorted(more | set(granted))
                await conn.execute(sa.update(table).where(table.c.id == sid).values(scopes=wider))
        return len(found)
