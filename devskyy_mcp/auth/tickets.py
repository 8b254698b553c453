"""Stand-ins for a sign-in where a header can't be sent: a browser's WebSocket.

A ticket is 256 random bits, good for 30 seconds, for the page that asked for it, and once over all servers: taking it
deletes its row. While the database is away there are none.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

from ..context import Principal
from ..db.database import Database
from ..guard.audit import now_us
from .hashed import hashed

SECONDS = 30
_LONGEST = 50


class Tickets:
    """Args: ``clock`` gives microseconds since the epoch."""

    def __init__(self, db: Database, clock: Callable[[], int] = now_us) -> None:
        self._db = db
        self._clock = clock

    async def issue(self, principal: Principal, origin: str) -> str:
        """A ticket for this principal.

        Args:
            principal: whose.
            origin: of the page that asks, as its browser says it; empty for a program.
        """
        import sqlalchemy as sa

        from ..db.tables import ws_tickets

        ticket, now = secrets.token_urlsafe(32), self._clock()
        row = {
            "id": hashed(ticket),
            "holder": _written(principal),
            "origin": origin,
            "expires_at": now + SECONDS * 1_000_000,
        }
        async with self._db.begin() as conn:
            await conn.execute(sa.delete(ws_tickets).where(ws_tickets.c.expires_at < now))
            await conn.execute(ws_tickets.insert().values(self._db.vault.seal_row("ws_tickets", row)))
        return ticket

    async def redeem(self, ticket: str, origin: str) -> Principal | None:
        """Whose ticket it is; None when it is unknown, used, late, or another page's."""
        import sqlalchemy as sa

        from ..db.tables import ws_tickets

        if not 0 < len(ticket) <= _LONGEST:
            return None
        taken = sa.delete(ws_tickets).where(ws_tickets.c.id == hashed(ticket)).returning(*ws_tickets.c)
        async with self._db.begin() as conn:
            found = (await conn.execute(taken)).mappings().all()
            rows = await self._db.vault.open_rows(conn, "ws_tickets", found)
        if not rows or rows[0]["expires_at"] <= self._clock() or rows[0]["origin"] != origin:
            return None
        return _read(rows[0]["holder"])


def _written(one: Principal) -> str:
    fields = [
        one.id,
        one.kind,
        sorted(one.scopes),
        one.name,
        one.client,
        one.sid,
        sorted(one.amr),
        one.auth_at,
        one.until,
    ]
    return json.dumps(fields)


def _read(text: str) -> Principal:
    name, kind, scopes, label, client, sid, amr, auth_at, until = json.loads(text)
    return Principal(name, kind, frozenset(scopes), label, client, sid, frozenset(amr), auth_at, until)
