"""The accounts of people: who there is, what they prove it with, and what follows when that changes.

Whatever weakens or ends an access (another role, password or factor, being disabled) ends the person's sessions in the
same transaction. Logins and names are sealed; a login is found by its keyed hash.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ..db.cache import Cache
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.audit import AuditLog, AuditRecord, now_us
from . import passwords, totp
from .scopes import ROLES, Role
from .throttle import Throttle

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

LONGEST_LOGIN = 254
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class User:
    """A person.

    Args:
        id: ``usr_…``; the principal's id is ``user:`` and this.
        login: as typed at sign-in, casefolded.
        name: what others see.
        role: owner, manager, editor or analyst.
        active: False when disabled: then nothing of theirs lets in.
        second: whether an authenticator app is set up.
        codes: recovery codes that are left.
        created_at: microseconds since the epoch, as all ``_at``.
        signed_in_at: the last time; None for never.
    """

    id: str
    login: str
    name: str
    role: Role
    active: bool
    second: bool
    codes: int
    created_at: int
    signed_in_at: int | None


class Accounts:
    """All accounts. ``clock`` gives microseconds since the epoch."""

    def __init__(self, db: Database, audit: AuditLog, cache: Cache, clock: Callable[[], int] = now_us) -> None:
        self.db = db
        self.audit = audit
        self.clock = clock
        self.throttle = Throttle(db, cache, clock)
        self.hasher = passwords.Hasher()
        self.on_changed: list[Callable[[str], None]] = []
        """Told the id of a person whose role, state, password or factor has just changed."""

    # ---- who there is --------------------------------------------------------------------------------------------

    async def get(self, user_id: str) -> User | None:
        row = await self.row("id", user_id)
        return user_of(row) if row else None

    async def find(self, login: str) -> User:
        """The person with that login.

        Raises:
            Refused: NOT_FOUND. For the terminal only: pages tell nobody who exists.
        """
        row = await self.row("login_hash", await self.login_hash(login))
        if row is None:
            raise Refused(Code.NOT_FOUND, "Nobody has that login.", "devskyy users list shows who there is.")
        return user_of(row)

    async def all(self) -> list[User]:
        """Everybody, the oldest first."""
        import sqlalchemy as sa

        from ..db.tables import users

        async with self.db.read() as conn:
            rows = (await conn.execute(sa.select(users).order_by(users.c.created_at, users.c.id))).mappings().all()
            return [user_of(row) for row in await self.db.vault.open_rows(conn, "users", rows)]

    async def owners(self) -> tuple[int, int]:
        """How many active owners there are, and how many of them have no second factor. Opens nothing sealed."""
        import sqlalchemy as sa

        from ..db.tables import users

        async with self.db.read() as conn:
            of = sa.and_(users.c.role == "owner", users.c.state == "active")
            found = (await conn.execute(sa.select(users.c.totp.is_(None)).where(of))).scalars().all()
        return len(found), sum(found)

    async def named(self, text: str) -> str:
        """The text with the person's id that it starts with (``user:usr_…``) replaced by their name."""
        whose, gap, rest = text.partition(" ")
        user = await self.get(whose.removeprefix("user:")) if whose.startswith("user:") else None
        return f"{user.name}{gap}{rest}" if user else text

    async def row(self, column: str, value: str) -> dict[str, Any] | None:
        """The row of ``users`` with that value in a column that is unique, opened."""
        import sqlalchemy as sa

        from ..db.tables import users

        async with self.db.read() as conn:
            found = (await conn.execute(sa.select(users).where(users.c[column] == value))).mappings().all()
            rows = await self.db.vault.open_rows(conn, "users", found)
        return rows[0] if rows else None

    async def login_hash(self, login: str) -> str:
        """What a login is found by: a keyed hash of it as people type it."""
        await self.db.open()
        key = self.db.vault.derive("logins")
        return hmac.digest(key, _plain(login).encode(errors="replace"), "sha256").hex()

    # ---- making and changing them --------------------------------------------------------------------------------

    async def add(self, login: str, name: str, role: Role, password: str, by: str) -> User:
        """A new person.

        Args:
            login: an e-mail address or another word without spaces.
            name: what others see; the login's start where it is empty.
            role: what they may do.
            password: see ``passwords.check_rules``.
            by: id of the principal who adds them.

        Raises:
            Refused: INVALID_ARGUMENTS; CONFLICT when the login is taken.
        """
        from sqlalchemy.exc import IntegrityError

        from ..db.tables import users

        login, name = _fit_login(login), _fit_name(name or login.partition("@")[0])
        _check_role(role)
        passwords.check_rules(password, login)
        user_id, now = f"usr_{secrets.token_hex(10)}", self.clock()
        row: dict[str, Any] = {
            "id": user_id,
            "login_hash": await self.login_hash(login),
            "login": login,
            "name": name,
            "role": role,
            "state": "active",
            "password": await self.hasher.hash(password),
            "recovery": [],
            "created_at": now,
            "changed_at": now,
        }
        try:
            async with self.db.begin() as conn:
                await conn.execute(users.insert().values(self.db.vault.seal_row("users", row)))
                await self._note(conn, by, "users_add", user_id, role=role)
        except IntegrityError:
            raise Refused(
                Code.CONFLICT, "Somebody has that login already.", "Choose another, or change the one that is there."
            ) from None
        return User(user_id, login, name, role, active=True, second=False, codes=0, created_at=now, signed_in_at=None)

    async def set_role(self, user_id: str, role: Role, by: str) -> None:
        """Another role. Ends the person's sessions.

        Raises:
            Refused: CONFLICT for the last owner; NOT_FOUND; INVALID_ARGUMENTS.
        """
        _check_role(role)
        await self._change(user_id, {"role": role}, by, "users_role", last_owner=role != "owner", role=role)

    async def set_active(self, user_id: str, by: str, *, active: bool) -> None:
        """Disable or enable a person. Ends the person's sessions.

        Raises:
            Refused: CONFLICT for the last owner; NOT_FOUND.
        """
        state, what = ("active", "users_enable") if active else ("disabled", "users_disable")
        await self._change(user_id, {"state": state}, by, what, last_owner=not active)

    async def set_name(self, user_id: str, name: str, by: str) -> None:
        await self._change(user_id, {"name": _fit_name(name)}, by, "users_name", ends=False)

    async def set_password(self, user: User, password: str, by: str, *, keep: str = "") -> None:
        """Another password. Ends the person's sessions but ``keep``, and forgets failed tries.

        Raises:
            Refused: INVALID_ARGUMENTS, saying what is wrong with the password.
        """
        passwords.check_rules(password, user.login)
        stored = await self.hasher.hash(password)
        await self._change(user.id, {"password": stored}, by, "users_password", keep=keep, forgive=True)

    async def set_up_second(self, user: User, secret: str, code: str, by: str, *, keep: str = "") -> list[str]:
        """Take an authenticator app whose code is right; the recovery codes, told this once. Ends other sessions.

        Raises:
            Refused: INVALID_ARGUMENTS when the code is not of that secret now.
        """
        step = totp.step_of(secret, totp.typed(code), self.clock() / 1e6)
        if step is None:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                "That is not the code that the app shows for this secret now.",
                "Wait for the next code and type that. If it fails again, set your phone's clock.",
            )
        codes = totp.new_codes()
        changed = {"totp": secret, "totp_step": step, "recovery": [totp.code_hash(one) for one in codes]}
        await self._change(user.id, changed, by, "users_second_factor", keep=keep)
        return codes

    async def remove_second(self, user_id: str, by: str, *, keep: str = "") -> None:
        """Forget the authenticator app and the recovery codes. Ends other sessions, and forgets failed tries."""
        changed: dict[str, Any] = {"totp": None, "totp_step": None, "recovery": []}
        await self._change(user_id, changed, by, "users_reset_mfa", keep=keep, forgive=True)

    async def new_codes(self, user: User, by: str) -> list[str]:
        """Ten new recovery codes, told this once, in the place of the old ones."""
        codes = totp.new_codes()
        hashes = [totp.code_hash(one) for one in codes]
        await self._change(user.id, {"recovery": hashes}, by, "users_recovery_codes", ends=False)
        return codes

    async def sign_out(self, user_id: str, by: str) -> None:
        """End all sessions of a person."""
        await self._change(user_id, {}, by, "users_sign_out")

    async def _change(
        self,
        user_id: str,
        values: Mapping[str, Any],
        by: str,
        what: str,
        *,
        keep: str = "",
        ends: bool = True,
        last_owner: bool = False,
        forgive: bool = False,
        **detail: Any,
    ) -> None:
        """Change a row, end the sessions but ``keep``, and note it, in one transaction.

        ``last_owner`` refuses to do so to the only active owner; ``forgive`` forgets failed tries.
        """
        import sqlalchemy as sa

        from ..db.tables import sessions, users

        async with self.db.begin() as conn:
            if last_owner:
                await self._check_not_last(conn, user_id)
            changed = self.db.vault.seal_values("users", user_id, {**values, "changed_at": self.clock()})
            updated = sa.update(users).where(users.c.id == user_id).values(changed).returning(users.c.login_hash)
            login_hash = (await conn.execute(updated)).scalar_one_or_none()
            if login_hash is None:
                raise Refused(Code.NOT_FOUND, "There is no such person.")
            if ends:
                await conn.execute(sa.delete(sessions).where(sessions.c.user_id == user_id, sessions.c.id != keep))
            if forgive:
                await self.throttle.right(conn, f"login:{login_hash}")
                await self.throttle.right(conn, f"second:{user_id}")
            await self._note(conn, by, what, user_id, **detail)
        for told in self.on_changed:
            told(user_id)

    async def _check_not_last(self, conn: AsyncConnection, user_id: str) -> None:
        import sqlalchemy as sa

        from ..db.tables import users

        # All owners' rows are locked, in one order, so that two of them can't disable each other at the same moment.
        of = sa.and_(users.c.role == "owner", users.c.state == "active")
        owners = (await conn.execute(sa.select(users.c.id).where(of).order_by(users.c.id).with_for_update())).scalars()
        if list(owners.all()) == [user_id]:
            raise Refused(
                Code.CONFLICT,
                "This is the last owner; without one nobody could let others in.",
                "Make somebody else an owner first: devskyy users role LOGIN owner.",
            )

    async def _note(self, conn: AsyncConnection, by: str, what: str, user_id: str, **detail: Any) -> None:
        record = AuditRecord(by, _surface(by), what, "write", "outcome", detail={"user": user_id, **detail})
        await self.audit.append(conn, record)


async def anybody(db: Database) -> bool:
    """Whether there is an account at all."""
    import sqlalchemy as sa

    from ..db.tables import users

    async with db.read() as conn:
        return (await conn.execute(sa.select(users.c.id).limit(1))).first() is not None


def user_of(row: Mapping[str, Any]) -> User:
    """The person of an opened row of ``users``."""
    return User(
        row["id"],
        row["login"],
        row["name"],
        cast("Role", row["role"]),
        row["state"] == "active",
        row["totp"] is not None,
        len(row["recovery"]),
        row["created_at"],
        row["signed_in_at"],
    )


def _surface(by: str) -> str:
    return "page" if by.startswith("user:") else "cli"


def _plain(login: str) -> str:
    return unicodedata.normalize("NFKC", login).strip().casefold()


def _fit_login(login: str) -> str:
    login = _plain(login)
    if not login or len(login) > LONGEST_LOGIN or not login.isprintable() or " " in login:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"A login is one word of at most {LONGEST_LOGIN} characters.",
            "An e-mail address is a good one.",
        )
    return login


def _fit_name(name: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(Code.INVALID_ARGUMENTS, f"A name has 1 to {LONGEST_NAME} visible characters.")
    return name


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Refused(Code.INVALID_ARGUMENTS, "There is no such role.", f"One of {', '.join(ROLES)}.")
