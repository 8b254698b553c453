"""Grants: what a person allowed a client, or an owner a client in its own name; access tokens carry their ``sid``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..db.database import Database
from ..guard.audit import AuditLog, AuditRecord, now_us
from .scopes import OFFLINE, Role, of_role, within

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

SECOND = 1_000_000
DAY = 24 * 3600 * SECOND
CODE_LIVES = 60 * SECOND
ACCESS_SECONDS = 600
"""How long an access token lives, seconds."""
GRANT_LIVES = 180 * DAY
"""How long a client may go on without the person, whatever it refreshes."""


@dataclass(frozen=True, slots=True)
class GrantState:
    """What a grant is worth now.

    Args:
        id: the ``sid`` of its access tokens.
        live: False when it was revoked or has ended, or its client was revoked.
        user_id: whose; None for a confidential client in its own name.
        client_id: the client.
        client_name: as the client calls itself.
        scopes: what was granted; ``offline_access`` among them where the client may refresh.
        resource: the address that its tokens are for.
        active: whether the person may sign in; True where there is none.
        role: the person's; None where there is none.
        amr: how the person had signed in (RFC 8176).
        auth_at: when, seconds since the epoch.
        created_at: microseconds since the epoch, as the next.
        expires_at: its end.
    """

    id: str
    live: bool
    user_id: str | None
    client_id: str
    client_name: str
    scopes: frozenset[str]
    resource: str
    active: bool
    role: Role | None
    amr: frozenset[str]
    auth_at: int
    created_at: int
    expires_at: int

    @property
    def most(self) -> frozenset[str] | None:
        """The most that its tokens allow now; None when nothing any more."""
        if not (self.live and self.active):
            return None
        scopes = self.scopes - {OFFLINE}
        return within(scopes, of_role(self.role)) if self.role else scopes


class Grants:
    """Args: ``clock`` gives microseconds since the epoch."""

    def __init__(self, db: Database, audit: AuditLog, clock: Callable[[], int] = now_us) -> None:
        self.db = db
        self.audit = audit
        self.clock = clock
        self.on_revoked: list[Callable[[str], None]] = []
        """Told the id of a grant that has just ended in this process."""

    async def state(self, sid: str) -> GrantState | None:
        """What the grant is worth; None when there never was one, or it is long gone."""
        from ..db.tables import oauth_grants

        found = await self._select(oauth_grants.c.id == sid)
        return found[0] if found else None

    async def of_user(self, user_id: str) -> list[GrantState]:
        """The live grants of a person, the newest first."""
        from ..db.tables import oauth_grants

        return [grant for grant in await self._select(oauth_grants.c.user_id == user_id) if grant.live]

    async def _select(self, which: Any) -> list[GrantState]:
        import sqlalchemy as sa

        from ..db.tables import oauth_clients, oauth_grants, users

        query = (
            sa.select(
                oauth_grants,
                oauth_clients.c.metadata.label("client"),
                oauth_clients.c.revoked_at.label("client_revoked_at"),
                users.c.role,
                users.c.state,
            )
            .join(oauth_clients, oauth_clients.c.id == oauth_grants.c.client_id)
            .outerjoin(users, users.c.id == oauth_grants.c.user_id)
            .where(which)
            .order_by(oauth_grants.c.created_at.desc())
        )
        async with self.db.read() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [_state(row, self.clock()) for row in rows]

    # ---- beginning -----------------------------------------------------------------------------------------------

    async def open(
        self,
        conn: AsyncConnection,
        *,
        client_id: str,
        scopes: Iterable[str],
        resource: str,
        lives: int,
        user_id: str | None = None,
        amr: Iterable[str] = (),
        auth_at: int = 0,
    ) -> str:
        """A new grant in the caller's transaction; its id.

        Args:
            conn: the transaction.
            client_id: the client.
            scopes: what is granted.
            resource: the address that tokens are for.
            lives: microseconds until it ends.
            user_id: whose; None for a client in its own name.
            amr: how the person had signed in.
            auth_at: when, seconds since the epoch.
        """
        from ..db.tables import oauth_grants

        sid, now = f"gr_{secrets.token_urlsafe(16)}", self.clock()
        row = {
            "id": sid,
            "client_id": client_id,
            "user_id": user_id,
            "scopes": sorted(scopes),
            "resource": resource,
            "amr": sorted(amr),
            "auth_at": auth_at or now // SECOND,
            "created_at": now,
            "expires_at": now + lives,
        }
        await conn.execute(oauth_grants.insert().values(row))
        return sid

    async def own(self, client_id: str, scopes: frozenset[str], resource: str) -> str:
        """The live grant of a confidential client in its own name; made where there is none."""
        import sqlalchemy as sa

        from ..db.tables import oauth_grants as table

        mine = sa.and_(
            table.c.client_id == client_id,
            table.c.user_id.is_(None),
            table.c.resource == resource,
            table.c.revoked_at.is_(None),
            table.c.expires_at > self.clock() + ACCESS_SECONDS * SECOND,
        )
        async with self.db.begin() as conn:
            for sid, granted in (await conn.execute(sa.select(table.c.id, table.c.scopes).where(mine))).all():
                if frozenset(granted) == scopes:
                    return sid
            return await self.open(conn, client_id=client_id, scopes=scopes, resource=resource, lives=GRANT_LIVES)

    # ---- ending --------------------------------------------------------------------------------------------------

    async def revoke(self, sid: str, by: str = "", why: str = "oauth_revoke") -> bool:
        """End a grant with all its tokens; whether it was live.

        Args:
            sid: its id.
            by: the principal who ends it; the client itself when left out.
            why: what the audit calls it.
        """
        from ..db.tables import oauth_grants

        return bool(await self._revoke(oauth_grants.c.id == sid, by, why))

    async def revoke_client(self, client_id: str, by: str, user_id: str | None = None) -> int:
        """End the grants of a client, or those that one person gave it; how many were live."""
        import sqlalchemy as sa

        from ..db.tables import oauth_grants

        which = oauth_grants.c.client_id == client_id
        if user_id is not None:
            which = sa.and_(which, oauth_grants.c.user_id == user_id)
        return await self._revoke(which, by, "oauth_revoke")

    async def _revoke(self, which: Any, by: str, why: str) -> int:
        async with self.db.begin() as conn:
            ended = await self.end(conn, which, by, why)
        self.tell(ended)
        return len(ended)

    async def end(self, conn: AsyncConnection, which: Any, by: str, why: str) -> list[str]:
        """End grants in the caller's transaction; call ``tell`` with the answer when that is committed."""
        import sqlalchemy as sa

        from ..db.tables import oauth_grants as table

        ending = sa.update(table).where(which, table.c.revoked_at.is_(None)).values(revoked_at=self.clock())
        rows = (await conn.execute(ending.returning(table.c.id, table.c.client_id))).all()
        if rows:
            records = [AuditRecord(by or f"client:{client}", "oauth", why, "write", "outcome") for _, client in rows]
            await self.audit.append(conn, *records)
        return [row.id for row in rows]

    def tell(self, ended: Iterable[str]) -> None:
        """Tell whoever listens that these grants have ended."""
        for sid in ended:
            for told in list(self.on_revoked):
                told(sid)


def _state(row: Mapping[Any, Any], now: int) -> GrantState:
    live = row["revoked_at"] is None and row["client_revoked_at"] is None and row["expires_at"] > now
    return GrantState(
        row["id"],
        live,
        row["user_id"],
        row["client_id"],
        row["client"].get("client_name", ""),
        frozenset(row["scopes"]),
        row["resource"],
        row["user_id"] is None or row["state"] == "active",
        row["role"],
        frozenset(row["amr"]),
        row["auth_at"],
        row["created_at"],
        row["expires_at"],
    )
