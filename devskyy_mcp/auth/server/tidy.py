"""What of sign-in is deleted when it has ended: codes, refresh tokens, grants, and clients that nobody uses."""

from __future__ import annotations

from collections.abc import Callable

from ...db.database import Database
from ...guard.audit import now_us
from ..grants import DAY

GRANTS_KEPT = 30 * DAY
"""How long an ended grant is kept: so long a replay of its tokens is told from a token that never was."""
UNUSED_KEPT = DAY
"""How long a client is kept that registered itself, or sent its document, and never got a token."""
IDLE_KEPT = 90 * DAY
"""And one that did, but has no grant any more."""


async def purge(db: Database, clock: Callable[[], int] = now_us) -> int:
    """Delete what has ended; how many rows. A grant takes its tokens along, a client its consents."""
    import sqlalchemy as sa

    from ...db.tables import oauth_clients as clients
    from ...db.tables import oauth_codes, oauth_grants, oauth_refresh_tokens

    now = clock()
    ended = sa.or_(oauth_grants.c.expires_at < now - GRANTS_KEPT, oauth_grants.c.revoked_at < now - GRANTS_KEPT)
    alone = clients.c.id.not_in(sa.select(oauth_grants.c.client_id))
    unused = sa.and_(clients.c.used_at.is_(None), clients.c.created_at < now - UNUSED_KEPT)
    statements = [
        sa.delete(oauth_codes).where(oauth_codes.c.expires_at < now - DAY),
        sa.delete(oauth_refresh_tokens).where(oauth_refresh_tokens.c.expires_at < now),
        sa.delete(oauth_grants).where(ended),
        sa.delete(clients).where(
            alone, clients.c.kind != "confidential", sa.or_(unused, clients.c.used_at < now - IDLE_KEPT)
        ),
    ]
    gone = 0
    for statement in statements:
        async with db.begin() as conn:
            gone += (await conn.execute(statement)).rowcount
    return gone
