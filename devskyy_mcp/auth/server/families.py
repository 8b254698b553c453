"""Codes and refresh tokens. Each is taken in one statement that only one of many can win; only hashes are stored.

A refresh token is replaced at each use. Processes of one host share it, so it may be taken again for a minute, ten
times; whatever comes after that is a thief or a victim, and the whole family ends (RFC 9700 §4.14.2).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..grants import ACCESS_SECONDS, CODE_LIVES, DAY, GRANT_LIVES, SECOND, Grants
from ..hashed import hashed
from ..scopes import OFFLINE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

GRACE = 60 * SECOND
REISSUES = 10
REFRESH_LIVES = 30 * DAY
"""How long a client may stay away."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a code or a refresh token stood for.

    Args:
        grant_id: its grant.
        redirect_uri: where the code was sent, if the request had named that; None otherwise.
        challenge: of a code, the S256 challenge.
    """

    grant_id: str
    redirect_uri: str | None = None
    challenge: str = ""


class Families:
    """Args: ``grants`` has the database and the clock."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    async def code(self, redirect_uri: str, challenge: str, *, named: bool, grant: Mapping[str, Any]) -> str:
        """A code for a new grant.

        Args:
            redirect_uri: where it is sent.
            challenge: S256 of the verifier (RFC 7636 §4.2).
            named: whether the request had named the address; then the exchange must, too.
            grant: what ``Grants.open`` takes.
        """
        from ...db.tables import oauth_codes

        code, now = f"dsc_{secrets.token_urlsafe(32)}", self._grants.clock()
        async with self._grants.db.begin() as conn:
            sid = await self._grants.open(conn, lives=CODE_LIVES, **grant)
            row = {"hash": hashed(code), "grant_id": sid, "redirect_uri": redirect_uri, "redirect_named": named}
            row |= {"challenge": challenge, "expires_at": now + CODE_LIVES}
            await conn.execute(oauth_codes.insert().values(row))
        return code

    async def take_code(self, code: str, client_id: str) -> Taken | None:
        """What the code stands for, once. Presented again it ends the grant, since one of the two is not the client."""
        import sqlalchemy as sa

        from ...db.tables import oauth_codes, oauth_grants

        now = self._grants.clock()
        mine = sa.and_(
            oauth_codes.c.hash == hashed(code),
            oauth_codes.c.grant_id.in_(sa.select(oauth_grants.c.id).where(oauth_grants.c.client_id == client_id)),
        )
        take = (
            sa.update(oauth_codes)
            .where(mine, oauth_codes.c.used_at.is_(None))
            .values(used_at=now)
            .returning(oauth_codes)
        )
        ended: list[str] = []
        async with self._grants.db.begin() as conn:
            row = (await conn.execute(take)).mappings().one_or_none()
            if row is None:
                sid = (await conn.execute(sa.select(oauth_codes.c.grant_id).where(mine))).scalar()
                ended = await self._kill(conn, sid, "oauth_code_replayed") if sid else []
        self._grants.tell(ended)
        if row is None or row["expires_at"] <= now:
            return None
        return Taken(row["grant_id"], row["redirect_uri"] if row["redirect_named"] else None, row["challenge"])

    async def take_refresh(self, token: str, client_id: str) -> Taken | None:
        """The grant of a refresh token; its use too late or too often ends the family."""
        import sqlalchemy as sa

        from ...db.tables import oauth_grants
        from ...db.tables import oauth_refresh_tokens as table

        now = self._grants.clock()
        this = table.c.hash == hashed(token)
        mine = table.c.grant_id.in_(sa.select(oauth_grants.c.id).where(oauth_grants.c.client_id == client_id))
        live = sa.and_(this, mine, table.c.expires_at > now)
        first = sa.update(table).where(live, table.c.used_at.is_(None)).values(used_at=now)
        again = (
            sa.update(table)
            .where(live, table.c.used_at > now - GRACE, table.c.reissues < REISSUES)
            .values(reissues=table.c.reissues + 1)
        )
        ended: list[str] = []
        async with self._grants.db.begin() as conn:
            sid = (await conn.execute(first.returning(table.c.grant_id))).scalar()
            if sid is None:
                sid = (await conn.execute(again.returning(table.c.grant_id))).scalar()
            if sid is None:
                used = sa.select(table.c.grant_id).where(this, mine, table.c.used_at.is_not(None))
                replayed = (await conn.execute(used)).scalar()
                ended = await self._kill(conn, replayed, "oauth_refresh_replayed") if replayed else []
        self._grants.tell(ended)
        return Taken(sid) if sid else None

    async def _kill(self, conn: AsyncConnection, sid: str, why: str) -> list[str]:
        from ...db.tables import oauth_grants

        return await self._grants.end(conn, oauth_grants.c.id == sid, "", why)

    async def issue(self, sid: str) -> str | None:
        """Let a grant live on after its code or token was taken: a refresh token where it has ``offline_access``."""
        import sqlalchemy as sa

        from ...db.tables import oauth_grants as grants
        from ...db.tables import oauth_refresh_tokens as tokens

        now = self._grants.clock()
        token = f"dsr_{secrets.token_urlsafe(32)}"
        async with self._grants.db.begin() as conn:
            live = sa.and_(grants.c.id == sid, grants.c.revoked_at.is_(None))
            found = (await conn.execute(sa.select(grants.c.scopes, grants.c.created_at).where(live))).one_or_none()
            if found is None:
                return None
            offline = OFFLINE in found.scopes
            until = found.created_at + GRANT_LIVES if offline else now + ACCESS_SECONDS * SECOND
            await conn.execute(sa.update(grants).where(live).values(expires_at=until))
            if not offline:
                return None
            row = {"hash": hashed(token), "grant_id": sid, "created_at": now}
            await conn.execute(tokens.insert().values(row | {"expires_at": min(now + REFRESH_LIVES, until)}))
        return token

    async def grant_of(self, refresh_token: str) -> tuple[str, int] | None:
        """The grant and the end of a refresh token that is good now; takes nothing."""
        import sqlalchemy as sa

        from ...db.tables import oauth_refresh_tokens as table

        query = sa.select(table.c.grant_id, table.c.expires_at, table.c.used_at)
        async with self._grants.db.read() as conn:
            row = (await conn.execute(query.where(table.c.hash == hashed(refresh_token)))).one_or_none()
        now = self._grants.clock()
        if row is None or row.expires_at <= now or (row.used_at is not None and row.used_at <= now - GRACE):
            return None
        return row.grant_id, row.expires_at
