"""Sessions of browsers: a cookie without meaning, and a row that says whose it is.

The cookie is 256 random bits; the row's id is its SHA-256, so that the database lets nobody in. A session ends after 30
minutes without a request and after 12 hours, and its id changes whenever it comes to mean more.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..context import Principal
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.audit import now_us
from .accounts import User, user_of
from .hashed import hashed
from .scopes import of_role

MINUTE = 60_000_000
IDLE = 30 * MINUTE
ABSOLUTE = 12 * 60 * MINUTE
HALF = 10 * MINUTE
"""How long one has for the second factor after the password."""
FRESH = 15 * MINUTE
"""How long a proof counts for what needs a fresh one."""
SEEN_EVERY = MINUTE
LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of one person.

    Args:
        id: SHA-256 of the cookie, hex; the principal's ``sid``.
        user: whose; the role is what it is now.
        amr: how they signed in (RFC 8176): ``pwd``, and ``otp`` and ``mfa`` after a second factor.
        auth_at: when they last gave the password, seconds since the epoch.
        second_at: when they last gave the second factor, seconds; None for never.
        agent: the browser's User-Agent.
        address: its IP address.
        created_at: microseconds since the epoch, as the two after it.
        seen_at: when it was last used, to the minute.
        expires_at: its end, however it is used.
    """

    id: str
    user: User
    amr: frozenset[str]
    auth_at: int
    second_at: int | None
    agent: str
    address: str
    created_at: int
    seen_at: int
    expires_at: int

    @property
    def principal(self) -> Principal:
        """The person, as every surface knows them: all that the role allows."""
        user = self.user
        proven = max(self.auth_at, self.second_at or 0)
        return Principal(
            f"user:{user.id}", "user", of_role(user.role), user.name, sid=self.id, amr=self.amr, auth_at=proven
        )

    def fresh(self, now: int) -> bool:
        """Whether the strongest proof that the person has was given in the last 15 minutes.

        Args:
            now: microseconds since the epoch.
        """
        proven = self.second_at if self.user.second else self.auth_at
        return proven is not None and now - proven * 1_000_000 <= FRESH


class Sessions:
    """Args: ``clock`` gives microseconds since the epoch."""

    def __init__(self, db: Database, clock: Callable[[], int] = now_us) -> None:
        self._db = db
        self.clock = clock

    # ---- finding -------------------------------------------------------------------------------------------------

    async def of(self, cookie: str) -> Session | None:
        """The signed-in session of that cookie; None when there is none, it has ended, or the second factor lacks."""
        session = await self._find(cookie)
        return session if session and session.amr else None

    async def most(self, session_id: str) -> frozenset[str] | None:
        """The most that the session of that id allows now; None when it has ended. Does not count as a use."""
        import sqlalchemy as sa

        from ..db.tables import sessions, users

        query = sa.select(sessions, users.c.role, users.c.state).join(users, users.c.id == sessions.c.user_id)
        async with self._db.read() as conn:
            row = (await conn.execute(query.where(sessions.c.id == session_id))).mappings().one_or_none()
        if row is None or not row["amr"] or row["state"] != "active" or not self._lives(row):
            return None
        return of_role(row["role"])

    async def half(self, cookie: str) -> Session | None:
        """The session of that cookie that has the password right and lacks the second factor; nothing else."""
        session = await self._find(cookie)
        return session if session and not session.amr else None

    async def of_user(self, user: User) -> list[Session]:
        """The live signed-in sessions of a person, the one used last first."""
        import sqlalchemy as sa

        from ..db.tables import sessions

        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(sessions).where(sessions.c.user_id == user.id).order_by(sessions.c.seen_at.desc())
            )
            rows = await self._db.vault.open_rows(conn, "sessions", found.mappings().all())
        live = [_session(row, user) for row in rows if self._lives(row)]
        return [session for session in live if session.amr]

    async def _find(self, cookie: str) -> Session | None:
        import sqlalchemy as sa

        from ..db.tables import sessions, users

        if not 40 <= len(cookie) <= 50:
            return None
        async with self._db.read() as conn:
            found = await conn.execute(sa.select(sessions).where(sessions.c.id == hashed(cookie)))
            rows = await self._db.vault.open_rows(conn, "sessions", found.mappings().all())
            if not rows or not self._lives(rows[0]):
                return None
            row = rows[0]
            found = await conn.execute(sa.select(users).where(users.c.id == row["user_id"]))
            user = user_of((await self._db.vault.open_rows(conn, "users", found.mappings().all()))[0])
        if not user.active:
            return None
        if self.clock() - row["seen_at"] > SEEN_EVERY:
            async with self._db.begin() as conn:
                seen = sa.update(sessions).where(sessions.c.id == row["id"]).values(seen_at=self.clock())
                await conn.execute(seen)
        return _session(row, user)

    def _lives(self, row: Mapping[Any, Any]) -> bool:
        now = self.clock()
        return row["expires_at"] > now and row["seen_at"] > now - IDLE

    # ---- beginning and ending ------------------------------------------------------------------------------------

    async def open(self, user: User, amr: Iterable[str], agent: str, address: str) -> str:
        """A new session; its cookie.

        Args:
            user: whose.
            amr: how they signed in; empty while the second factor lacks, which they have ten minutes for.
            agent: the browser's User-Agent.
            address: its IP address.
        """
        import sqlalchemy as sa

        from ..db.tables import sessions

        now, amr = self.clock(), sorted(amr)
        cookie, row = self._made(user.id, amr, agent, address)
        row |= {"auth_at": now, "created_at": now, "expires_at": now + (ABSOLUTE if amr else HALF)}
        row["second_at"] = now if "mfa" in amr else None
        async with self._db.begin() as conn:
            await conn.execute(sa.delete(sessions).where(sessions.c.expires_at < now))
            await conn.execute(sessions.insert().values(self._db.vault.seal_row("sessions", row)))
        return cookie

    async def rotate(self, session: Session, *, password: bool = False, second: bool = False) -> str:
        """The same session under another cookie, since it has come to mean more; the old cookie is worth nothing.

        Args:
            session: as found with the old cookie.
            password: the password has been given just now.
            second: the second factor has been given just now.

        Raises:
            Refused: UNAUTHENTICATED when the session has ended meanwhile.
        """
        import sqlalchemy as sa

        from ..db.tables import sessions

        now = self.clock()
        amr = session.amr | (frozenset({"pwd", "otp", "mfa"}) if second else frozenset({"pwd"}))
        cookie, row = self._made(session.user.id, sorted(amr), session.agent, session.address)
        row["auth_at"] = now if password else session.auth_at * 1_000_000
        row["second_at"] = now if second else session.second_at * 1_000_000 if session.second_at is not None else None
        row["created_at"] = session.created_at
        row["expires_at"] = session.expires_at if session.amr else session.created_at + ABSOLUTE
        async with self._db.begin() as conn:
            if not (await conn.execute(sa.delete(sessions).where(sessions.c.id == session.id))).rowcount:
                raise Refused(Code.UNAUTHENTICATED, "This session has ended.", "Sign in again.")
            await conn.execute(sessions.insert().values(self._db.vault.seal_row("sessions", row)))
        return cookie

    def _made(self, user_id: str, amr: list[str], agent: str, address: str) -> tuple[str, dict[str, Any]]:
        cookie = secrets.token_urlsafe(32)
        session = hashed(cookie)
        return cookie, {
            "id": session,
            "user_id": user_id,
            "amr": amr,
            "agent": agent[:LONGEST_AGENT],
            "address": address,
            "seen_at": self.clock(),
        }

    async def end(self, session_id: str, user_id: str) -> bool:
        """End one session of that person; whether there was one."""
        import sqlalchemy as sa

        from ..db.tables import sessions

        mine = sa.and_(sessions.c.id == session_id, sessions.c.user_id == user_id)
        async with self._db.begin() as conn:
            return bool((await conn.execute(sa.delete(sessions).where(mine))).rowcount)

    async def end_others(self, session: Session) -> int:
        """End all sessions of the person but this one; how many."""
        import sqlalchemy as sa

        from ..db.tables import sessions

        others = sa.and_(sessions.c.user_id == session.user.id, sessions.c.id != session.id)
        async with self._db.begin() as conn:
            return (await conn.execute(sa.delete(sessions).where(others))).rowcount

    # ---- forms ---------------------------------------------------------------------------------------------------

    def csrf(self, session: Session, form: str) -> str:
        """What a form of this session carries, so that no other page and no other session can send it.

        Args:
            session: whose page shows the form.
            form: its name; with what it is about, where that matters.
        """
        return self.csrf_of(session.id, form)

    def csrf_of(self, session_id: str, form: str) -> str:
        """As ``csrf``, by the session's id: the principal's ``sid``."""
        key = self._db.vault.derive("csrf")
        return hmac.digest(key, f"{session_id}|{form}".encode(), "sha256").hex()

    def check_csrf(self, session: Session, form: str, given: str) -> None:
        """Raise Refused FORBIDDEN when the form is not one that this session was shown."""
        expected = self.csrf(session, form).encode()
        if not hmac.compare_digest(given.encode(errors="replace"), expected):
            raise Refused(
                Code.FORBIDDEN,
                "This form does not belong to your session, or your session has changed since.",
                "Nothing was done. Open the page again and send it from there.",
            )


def _session(row: Mapping[str, Any], user: User) -> Session:
    second = row["second_at"]
    return Session(
        row["id"],
        user,
        frozenset(row["amr"]),
        row["auth_at"] // 1_000_000,
        second // 1_000_000 if second is not None else None,
        row["agent"],
        row["address"],
        row["created_at"],
        row["seen_at"],
        row["expires_at"],
    )
