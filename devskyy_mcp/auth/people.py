"""The people who may sign in, and how they prove who they are: a password, and a second factor where they have one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..errors import Code, Refused
from ..guard.audit import AuditRecord
from . import passwords, totp
from .accounts import LONGEST_LOGIN, Accounts, User, user_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Factor", "People", "User"]

Factor = Literal["otp", "recovery"]
NOT_YOU = "The login or the password is wrong."


class People(Accounts):
    """The accounts, and the door to them."""

    async def authenticate(self, login: str, password: str, address: str) -> User:
        """The person whose login and password these are. Unknown, disabled and wrong are one answer, at one price.

        Args:
            login: as typed.
            password: as typed.
            address: where it comes from, an IP address.

        Raises:
            Refused: UNAUTHENTICATED; RATE_LIMITED with the seconds to wait, as a subclass with status 503 when too many
                sign in at once.
        """
        if len(login) > LONGEST_LOGIN or passwords.too_long(password):
            raise Refused(Code.UNAUTHENTICATED, NOT_YOU, "Check both and try again.")
        login_hash = await self.login_hash(login)
        key = f"login:{login_hash}"
        await self.throttle.admit(key, address)
        row = await self.row("login_hash", login_hash)
        usable = row is not None and row["state"] == "active"
        right, fresh = await self.hasher.verify(row["password"] if row and usable else None, password)
        who = f"user:{row['id']}" if row else "unknown"
        if not right or row is None:
            self.audit.add(AuditRecord(who, "page", "sign_in", "write", "outcome", "unauthenticated"))
            raise Refused(Code.UNAUTHENTICATED, NOT_YOU, "Check both and try again.")
        await self._signed_in(row["id"], key, fresh, row["password"])
        return user_of(row)

    async def _signed_in(self, user_id: str, key: str, fresh: str | None, old: str) -> None:
        import sqlalchemy as sa

        from ..db.tables import users

        async with self.db.begin() as conn:
            await self.throttle.right(conn, key)
            mine = users.c.id == user_id
            await conn.execute(sa.update(users).where(mine).values(signed_in_at=self.clock()))
            if fresh:  # a password that was changed meanwhile stays
                await conn.execute(sa.update(users).where(mine, users.c.password == old).values(password=fresh))
            await self.audit.append(conn, AuditRecord(f"user:{user_id}", "page", "sign_in", "write", "outcome"))

    async def check_second(self, user: User, code: str, address: str) -> Factor:
        """Take a code of the app, or a recovery code: either is taken once.

        Raises:
            Refused: UNAUTHENTICATED; RATE_LIMITED with the seconds to wait.
        """
        key, given = f"second:{user.id}", totp.typed(code)[:64]
        await self.throttle.admit(key, address)
        row = await self.row("id", user.id)
        async with self.db.begin() as conn:
            factor = await self._take(conn, row, given) if row else None
            if factor is not None:
                await self.throttle.right(conn, key)
            outcome = "ok" if factor else "unauthenticated"
            record = AuditRecord(f"user:{user.id}", "page", "second_factor", "write", "outcome", outcome)
            await self.audit.append(conn, record)
        if factor is None:
            raise Refused(
                Code.UNAUTHENTICATED,
                "That code is wrong, too old or was used already.",
                "Wait for the next code of your app, or use another recovery code.",
            )
        return factor

    async def _take(self, conn: AsyncConnection, row: Mapping[str, Any], given: str) -> Factor | None:
        import sqlalchemy as sa

        from ..db.tables import users

        if len(given) == 6 and given.isdecimal():
            secret = row["totp"]
            step = totp.step_of(secret, given, self.clock() / 1e6) if secret else None
            if step is None:
                return None
            newer = sa.or_(users.c.totp_step.is_(None), users.c.totp_step < step)
            taken = sa.update(users).where(users.c.id == row["id"], newer).values(totp_step=step)
            return "otp" if (await conn.execute(taken)).rowcount else None
        of = sa.select(users.c.recovery).where(users.c.id == row["id"]).with_for_update()
        left: list[str] = (await conn.execute(of)).scalar_one()
        digest = totp.code_hash(given)
        if digest not in left:
            return None
        left = [one for one in left if one != digest]
        await conn.execute(sa.update(users).where(users.c.id == row["id"]).values(recovery=left))
        return "recovery"
