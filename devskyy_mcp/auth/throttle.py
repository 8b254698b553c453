"""How fast anybody can guess: each account by itself, each address by itself.

A delay, never a lock: after five failures the account takes no try for 1, 2, 4 … at most 60 minutes. A try counts when
it begins and is forgiven when it was right, so that many at once are no more than many one after another. Accounts that
don't exist are throttled alike.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..db.cache import Cache
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.limits import Limiter

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

FREE = 5
MINUTE = 60_000_000
LONGEST = 60 * MINUTE
FORGET = 24 * 60 * MINUTE
PER_ADDRESS = (0.2, 20)
"""Tries a second on average and at once, from one IPv4 address or IPv6 network (/64): an office shares one."""


def delay(failures: int) -> int:
    """Microseconds until the next try after so many failures in a row."""
    return 0 if failures < FREE else min(LONGEST, MINUTE << min(failures - FREE, 6))


class Throttle:
    """Args: ``clock`` gives microseconds since the epoch."""

    def __init__(self, db: Database, cache: Cache, clock: Callable[[], int]) -> None:
        self._db = db
        self.clock = clock
        self._addresses = Limiter(*PER_ADDRESS, cache, "sign-in")

    async def admit(self, key: str, address: str) -> None:
        """Count one try against the account and the address before it is looked at.

        Raises:
            Refused: RATE_LIMITED with the seconds to wait.
        """
        try:
            await self._addresses.hit(network(address))
        except Refused as refused:
            raise _wait(refused.retry_after or 1) from None
        async with self._db.begin() as conn:
            wait = await self._count(conn, key)
        if wait > 0:
            raise _wait(wait / 1e6)

    async def _count(self, conn: AsyncConnection, key: str) -> int:
        """Count a try; or the microseconds until one is taken."""
        import sqlalchemy as sa
        from sqlalchemy.dialects import postgresql, sqlite

        from ..db.tables import login_tries as tries

        now = self.clock()
        dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
        first = dialect.insert(tries).values(key=key, failures=0, last_at=now, until_at=0)
        # Takes the row that is there as it is, and locks it: who was right deletes it at any moment.
        mine = first.on_conflict_do_update(index_elements=["key"], set_={"key": key}).returning(tries)
        row = (await conn.execute(mine)).one()
        if row.until_at > now:
            return row.until_at - now
        failures = row.failures + 1 if row.last_at > now - FORGET else 1
        counted = {"failures": failures, "last_at": now, "until_at": now + delay(failures)}
        await conn.execute(sa.update(tries).where(tries.c.key == key).values(counted))
        return 0

    async def right(self, conn: AsyncConnection, key: str) -> None:
        """The try was right: the account's failures are forgotten, and everybody's of yesterday."""
        import sqlalchemy as sa

        from ..db.tables import login_tries as tries

        old = tries.c.last_at < self.clock() - FORGET
        await conn.execute(sa.delete(tries).where(sa.or_(tries.c.key == key, old)))


def network(address: str) -> str:
    """What counts as one address: an IPv6 host has all of its /64."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address


def _wait(seconds: float) -> Refused:
    whole = math.ceil(seconds)
    when = f"{math.ceil(whole / 60)} minutes" if whole > 90 else f"{whole} seconds"
    return Refused(
        Code.RATE_LIMITED, "Too many tries.", f"Nothing was looked at. Try again in {when}.", retry_after=float(whole)
    )
