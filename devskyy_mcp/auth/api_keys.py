"""API keys: for scripts on one's own machine, in the name of the person who made them.

``dsk_live_<id>_<secret><crc32>``: scanners find it by its start, and the checksum tells a typing mistake before
anything is looked up. The database has an HMAC of the secret, by a key of its own.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..context import Principal
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.audit import AuditLog, AuditRecord, now_us
from .accounts import User
from .scopes import covers, of_role, within

if TYPE_CHECKING:
    from .bearers import Access
    from .people import People

PREFIX = "dsk_live_"
DAY = 24 * 3600 * 1_000_000
LONGEST_DAYS = 365
LONGEST_NAME = 80
USED_EVERY = 60 * 1_000_000
"""How exactly the last use is noted, in microseconds."""
_KEY = re.compile(r"dsk_live_([0-9a-f]{16})_([A-Za-z0-9_-]{43})([0-9a-f]{8})")
_SCOPE = re.compile(r"\*|[a-z][a-z0-9_]{0,30}:(?:read|write)")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret; times in microseconds since the epoch."""

    id: str
    user_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    used_at: int | None
    revoked_at: int | None


class ApiKeys:
    """All keys. ``clock`` gives microseconds; ``on_revoked`` is told the id of a key that was revoked here."""

    def __init__(
        self, db: Database, people: Callable[[], People], audit: AuditLog, clock: Callable[[], int] = now_us
    ) -> None:
        self._db = db
        self._people = people
        self._audit = audit
        self._clock = clock
        self._noting: set[asyncio.Task[None]] = set()
        self.on_revoked: list[Callable[[str], None]] = []

    # ---- making, listing, revoking -------------------------------------------------------------------------------

    async def create(
        self, user: User, name: str, scopes: Iterable[str], by: str, *, days: int = 90
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is shown this once.

        Args:
            user: in whose name it acts.
            name: what it is for, as its owner calls it.
            scopes: what it may do; never more than the person's role does.
            by: id of the principal who makes it.
            days: until it ends, at most 365.

        Raises:
            Refused: INVALID_ARGUMENTS; FORBIDDEN for scopes beyond the role, or a disabled person.
        """
        from ..db.tables import api_keys

        wanted = frozenset(scopes)
        _check(name, wanted, days)
        beyond = sorted(scope for scope in wanted if not covers(of_role(user.role), scope))
        if beyond or not user.active:
            words = f"The role {user.role} does not have {' and '.join(beyond)}." if beyond else "They are disabled."
            raise Refused(Code.FORBIDDEN, words, "A key can do no more than its person.")
        now = self._clock()
        key = ApiKey(secrets.token_hex(8), user.id, name, tuple(sorted(wanted)), now, now + days * DAY, None, None)
        await self._db.open()
        body = f"{PREFIX}{key.id}_{secrets.token_urlsafe(32)}"
        row = {
            "id": key.id,
            "secret_hash": self._hash(body),
            "user_id": key.user_id,
            "name": key.name,
            "scopes": list(key.scopes),
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        }
        async with self._db.begin() as conn:
            await conn.execute(api_keys.insert().values(row))
            await self._audit.append(conn, AuditRecord(by, "cli", "api_keys_create", "write", "outcome"))
        return key, body + checksum(body)

    async def all(self, user_id: str | None = None) -> list[ApiKey]:
        """The keys of one person, or of everybody; the newest first."""
        import sqlalchemy as sa

        from ..db.tables import api_keys

        query = sa.select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        if user_id is not None:
            query = query.where(api_keys.c.user_id == user_id)
        async with self._db.read() as conn:
            return [_key_of(row) for row in (await conn.execute(query)).mappings().all()]

    async def revoke(self, key_id: str, by: str) -> None:
        """End a key: at once in this process, within five seconds in the others.

        Raises:
            Refused: NOT_FOUND.
        """
        import sqlalchemy as sa

        from ..db.tables import api_keys

        live = sa.and_(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        async with self._db.begin() as conn:
            done = await conn.execute(sa.update(api_keys).where(live).values(revoked_at=self._clock()))
            if not done.rowcount:
                raise Refused(
                    Code.NOT_FOUND, "There is no live key of that id.", "devskyy api-keys list shows the keys."
                )
            await self._audit.append(conn, AuditRecord(by, "cli", "api_keys_revoke", "write", "outcome"))
        for told in self.on_revoked:
            told(key_id)

    # ---- using ---------------------------------------------------------------------------------------------------

    async def take(self, token: str) -> Access:
        """What the key may do.

        Raises:
            Refused: UNAUTHENTICATED; unknown, mistyped and wrong are one answer.
        """
        from .bearers import Access, invalid

        match = _KEY.fullmatch(token)
        if match is None or not hmac.compare_digest(checksum(token[:-8]), match[3]):
            raise invalid("is no API key of this server; perhaps a character is missing")
        row = await self._row(match[1])
        if row is None or not hmac.compare_digest(row["secret_hash"], self._hash(token[:-8])):
            raise invalid("is no API key of this server")
        if row["expires_at"] <= self._clock():
            raise invalid("has expired")
        user = await self._people().get(row["user_id"])
        if user is None:
            raise invalid("is no API key of this server")
        scopes = frozenset(row["scopes"])
        principal = Principal(f"user:{user.id}", "key", scopes, user.name, sid=row["id"])
        return Access(principal, "key", "", row["expires_at"] / 1_000_000)

    async def most(self, key_id: str) -> frozenset[str] | None:
        """The most that the key allows now; None when it was revoked, has ended, or its person is disabled."""
        import sqlalchemy as sa

        from ..db.tables import api_keys, users

        columns = (*api_keys.c, users.c.role.label("role"), users.c.state.label("state"))
        query = sa.select(*columns).join(users, users.c.id == api_keys.c.user_id).where(api_keys.c.id == key_id)
        async with self._db.read() as conn:
            row = (await conn.execute(query)).mappings().one_or_none()
        now = self._clock()
        if row is None or row["revoked_at"] is not None or row["expires_at"] <= now or row["state"] != "active":
            return None
        if now - (row["used_at"] or 0) > USED_EVERY:
            task = asyncio.create_task(self._note_use(key_id, now))
            self._noting.add(task)
            task.add_done_callback(self._noting.discard)
        return within(row["scopes"], of_role(row["role"]))

    async def _note_use(self, key_id: str, at: int) -> None:
        """Beside the call: a database that takes no writes now keeps nobody from reading."""
        import sqlalchemy as sa

        from ..db.tables import api_keys

        with suppress(Refused):
            async with self._db.begin() as conn:
                await conn.execute(sa.update(api_keys).where(api_keys.c.id == key_id).values(used_at=at))

    async def _row(self, key_id: str) -> Mapping[Any, Any] | None:
        import sqlalchemy as sa

        from ..db.tables import api_keys

        live = sa.and_(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        async with self._db.read() as conn:
            return (await conn.execute(sa.select(api_keys).where(live))).mappings().one_or_none()

    def _hash(self, body: str) -> str:
        return hmac.digest(self._db.vault.derive("api-keys"), body.encode(), "sha256").hex()

    async def aclose(self) -> None:
        """Let the last uses be noted."""
        await asyncio.gather(*self._noting)


def checksum(body: str) -> str:
    """CRC-32 of what comes before it, as 8 hexadecimal digits."""
    return f"{zlib.crc32(body.encode()):08x}"


def _check(name: str, scopes: frozenset[str], days: int) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Refused(Code.INVALID_ARGUMENTS, f"A key's name has 1 to {LONGEST_NAME} visible characters.")
    wrong = sorted(scope[:40] for scope in scopes if not _SCOPE.fullmatch(scope))
    if wrong or not scopes:
        said = f"{', '.join(wrong[:5])} can't be a scope." if wrong else "A key needs a scope."
        raise Refused(Code.INVALID_ARGUMENTS, said, "Scopes are like catalog:read or catalog:write.")
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(Code.INVALID_ARGUMENTS, f"A key lives for 1 to {LONGEST_DAYS} days.")


def _key_of(row: Mapping[Any, Any]) -> ApiKey:
    return ApiKey(
        row["id"],
        row["user_id"],
        row["name"],
        tuple(row["scopes"]),
        row["created_at"],
        row["expires_at"],
        row["used_at"],
        row["revoked_at"],
    )
