"""Seals values and opens them, with data keys that it takes from the database. One per ``Database``."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import time
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from devskyy_mcp.errors import Code, Refused

from .columns import SEALED, Sealed
from .keyring import VARIABLE, Keyring

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from sqlalchemy.ext.asyncio import AsyncConnection

OPTION = "devskyy_vault"  # execution option of a database's connections
PREFIX = "v1."
MARK = "h1."
ID_LENGTH = 12
ROOT = "root"
SEALED_ROOT = "root of sealed values"
"""The root's id in a database that holds nothing unsealed any more. The id is part of what seals the root: without the
ring nobody turns one into the other."""
ROOTS = (ROOT, SEALED_ROOT)
NONCE = 12
RENEW_SECONDS = 24 * 3600
MOST_SEALS = 2**24
"""By one process with one key. Up to 256 processes may share a key until the 2^32 of NIST SP 800-38D, section 8.3."""
LOCK = 0x44455654  # the advisory lock of whoever makes or rewraps keys on Postgres
_dumps = partial(json.dumps, separators=(",", ":"))


def vault_of(conn: AsyncConnection) -> Vault:
    """The vault of the database that a connection of ``Database`` leads to."""
    sync = conn.sync_connection
    assert sync is not None
    return sync.get_execution_options()[OPTION]


def is_sealed(value: object) -> bool:
    return isinstance(value, str) and value.startswith(PREFIX) and value[len(PREFIX) + ID_LENGTH :][:1] == "."


def key_of(sealed: str) -> str:
    """The id of the data key that sealed a value."""
    return sealed[len(PREFIX) : len(PREFIX) + ID_LENGTH]


class Vault:
    """Usable once its database is open.

    Args:
        keyring: opens the data keys.
        clock: seconds since the epoch.
    """

    def __init__(self, keyring: Keyring, clock: Callable[[], float] = time.time) -> None:
        self.keyring = keyring
        self._clock = clock
        self._boxes: dict[str, AESGCM] = {}
        self._current: str = ""
        self._left = 0
        self._until = 0.0
        self._root = b""
        self.strict = False
        """Whether everything is sealed, so that what is not was put there from elsewhere."""
        self._marks: hmac.HMAC | None = None

    # ---- keys ----------------------------------------------------------------------------------------------------

    @property
    def due(self) -> bool:
        """Whether a data key must be taken or made before anything more is sealed."""
        return self._left <= 0 or self._clock() >= self._until

    async def load(self, conn: AsyncConnection) -> None:
        """Take the data keys that the database has.

        Raises:
            Refused: NOT_CONFIGURED when the keys in use are sealed by a key that is not on the ring.
        """
        from ..tables import data_keys

        rows: Sequence[Any] = (await conn.execute(data_keys.select().order_by(data_keys.c.created_at.desc()))).all()
        for row in rows:
            self._take(row.id, row.kid, row.wrapped)
        if rows:
            self._check(rows[0].id, rows[0].kid)
            if not self._root:
                raise lost(next((row.kid for row in rows if row.id in ROOTS), ""), self.keyring)
            self._choose([(row.id, row.created_at) for row in rows])

    async def make(self, conn: AsyncConnection) -> None:
        """Make what is missing in this write transaction; ``load`` takes it once that is committed.

        Raises:
            Refused: as ``load``.
        """
        import sqlalchemy as sa

        from ..tables import data_keys

        if conn.dialect.name == "postgresql":
            await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        await self.load(conn)
        if not self.due:
            return
        newest = (
            await conn.execute(sa.select(data_keys.c.kid).order_by(data_keys.c.created_at.desc(), data_keys.c.id))
        ).scalar()
        # Not the ring's newest: until `devskyy keys rotate`, servers that don't have that yet must open this too.
        kid = newest or self.keyring.newest
        at = int(self._clock() * 1_000_000)
        names = [secrets.token_hex(ID_LENGTH // 2)]
        if not self._root:
            names.insert(0, SEALED_ROOT if await _is_new(conn) else ROOT)
        for name in names:
            fresh = secrets.token_bytes(32)
            wrapped = self.wrap(kid, name, fresh)
            await conn.execute(data_keys.insert().values(id=name, kid=kid, wrapped=wrapped, created_at=at))

    def knows(self, name: str) -> bool:
        """Whether the data key of that id is at hand."""
        return name in self._boxes

    async def learn(self, conn: AsyncConnection, names: Iterable[str]) -> None:
        """Take data keys that other processes made meanwhile."""
        from ..tables import data_keys

        query = data_keys.select().where(data_keys.c.id.in_(list(names)))
        for row in (await conn.execute(query)).all():
            self._take(row.id, row.kid, row.wrapped)

    def wrap(self, kid: str, name: str, key: bytes) -> str:
        """A data key sealed by a key of the ring."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE)
        outer = self.keyring.key(kid)
        if outer is None:
            raise lost(kid, self.keyring)
        box = AESGCM(outer).encrypt(nonce, key, _place("data_keys", "wrapped", name))
        return b2a_base64(nonce + box, newline=False).decode()

    def unwrap(self, kid: str, name: str, wrapped: str) -> bytes | None:
        """The data key; None when its key is not on the ring.

        Raises:
            Refused: INTERNAL when it was altered or moved.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        outer = self.keyring.key(kid)
        return None if outer is None else _decrypted(AESGCM(outer), "data_keys", "wrapped", name, wrapped)

    def _take(self, name: str, kid: str, wrapped: str) -> None:
        if name in self._boxes or (name in ROOTS and self._root and (self.strict or name == ROOT)):
            return
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self.unwrap(kid, name, wrapped)
        if key is None:
            return
        if name in ROOTS:
            self._root = key
            self.strict = name == SEALED_ROOT
            self._marks = hmac.new(self.derive("marks"), digestmod="sha256")
        else:
            self._boxes[name] = AESGCM(key)

    def _check(self, name: str, kid: str) -> None:
        if name not in self._boxes and name not in ROOTS:
            raise lost(kid, self.keyring)

    def _choose(self, found: Sequence[tuple[str, int]]) -> None:
        """Use the newest data key for as long as it is fresh."""
        for name, made_at in found:
            if name in self._boxes:
                until = made_at / 1_000_000 + RENEW_SECONDS
                if name != self._current:
                    self._current, self._left = name, MOST_SEALS
                self._until = until
                return

    # ---- values --------------------------------------------------------------------------------------------------

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes that every server of this database agrees on, of its own for each purpose."""
        assert self._root, "the database is not open yet"
        return hmac.digest(self._root, f"devskyy {purpose}".encode(), "sha256")

    def mark(self, text: str) -> str:
        """What stands for a text that is only ever compared: nobody without the keys can guess the text by it.

        A mark's mark is itself, so that what comes from the database can go back into it.
        """
        assert self._marks, "the database is not open yet"
        if text.startswith(MARK):
            return text
        mark = self._marks.copy()  # setting up the key costs more than the text
        mark.update(text.encode(errors="replace"))
        return MARK + mark.hexdigest()

    def seal(self, table: str, column: str, row: str, value: Any) -> str:
        """The JSON value, closed, for that column of that row and no other."""
        nonce = os.urandom(NONCE)
        box = self._boxes[self._current].encrypt(nonce, _dumps(value).encode(), _place(table, column, row))
        self._left -= 1
        return f"{PREFIX}{self._current}.{b2a_base64(nonce + box, newline=False).decode()}"

    def open(self, table: str, column: str, row: str, value: Any) -> Any:
        """The JSON value; where there may be such from before there were keys, also one that was never sealed.

        Raises:
            Refused: NOT_CONFIGURED when its key is gone; INTERNAL when it was altered, or put there from elsewhere.
        """
        if not is_sealed(value):
            if value and self.strict and not SEALED[table].fixed:
                raise _put_there(table, column)
            return value
        box = self._boxes.get(key_of(value))
        if box is None:
            raise Refused(
                Code.NOT_CONFIGURED,
                "A stored value is sealed by a key that this server does not have.",
                f"Put the key back into {self.keyring.source}; `devskyy keys show` names what is missing.",
            )
        sealed = value[len(PREFIX) + ID_LENGTH + 1 :]
        return json.loads(_decrypted(box, table, column, row, sealed))

    # ---- rows ----------------------------------------------------------------------------------------------------

    def seal_row(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row as it is stored; it has its key columns."""
        rule = SEALED[table]
        return self._sealed(table, rule, rule.row_id(row), row)

    def seal_values(self, table: str, row: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values for some columns of the row of that id (``Sealed.row_id``) as they are stored."""
        return self._sealed(table, SEALED[table], row, values)

    def _sealed(self, table: str, rule: Sealed, row: str, values: Mapping[str, Any]) -> dict[str, Any]:
        stored = dict(values)
        for column in rule.columns:
            value = stored.get(column)
            if value:
                stored[column] = self.seal(table, column, row, value)
        for column in rule.marks:
            if stored.get(column):
                stored[column] = self.mark(stored[column])
        return stored

    async def open_rows(
        self, conn: AsyncConnection, table: str, rows: Iterable[Mapping[Any, Any]]
    ) -> list[dict[str, Any]]:
        """Rows as the database has them, opened; they have their key columns.

        Raises:
            Refused: as ``open``.
        """
        rule, stored = SEALED[table], [dict(row) for row in rows]
        columns = [column for column in rule.columns if stored and column in stored[0]]
        given = [value for row in stored for column in columns if (value := row[column])]
        unknown = {key for value in given if is_sealed(value) and (key := key_of(value)) not in self._boxes}
        if not self.strict and not all(map(is_sealed, given)):
            unknown.add(SEALED_ROOT)  # another process may have sealed the rest since
        if unknown:
            await self.learn(conn, unknown)
        for row in stored:
            name = rule.row_id(row)
            for column in columns:
                row[column] = self.open(table, column, name, row[column])
        return stored


async def _is_new(conn: AsyncConnection) -> bool:
    """Whether nothing was written yet into what is sealed."""
    import sqlalchemy as sa

    from ..tables import metadata

    tables = [metadata.tables[name] for name in SEALED]
    written = sa.or_(*(sa.select(sa.literal(1)).select_from(table).exists() for table in tables))
    return not (await conn.execute(sa.select(written))).scalar()


def _put_there(table: str, column: str) -> Refused:
    return Refused(
        Code.INTERNAL,
        f"A stored value ({table}.{column}) is not sealed, as all of them are here: it was put there from elsewhere, "
        "and is not used.",
        "Run `devskyy keys verify` to see which, and restore it from a backup.",
    )


def _place(table: str, column: str, row: str) -> bytes:
    return f"v1|{table}|{column}|{row}".encode()


def _decrypted(box: AESGCM, table: str, column: str, row: str, sealed: str) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        data = a2b_base64(sealed, strict_mode=True)
        return box.decrypt(data[:NONCE], data[NONCE:], _place(table, column, row))
    except (InvalidTag, NotBase64, ValueError):
        raise Refused(
            Code.INTERNAL,
            f"A stored value ({table}.{column}) was altered, or moved there from elsewhere; it is not used.",
            "Run `devskyy keys verify` to see which, and restore it from a backup.",
        ) from None


def lost(kid: str, keyring: Keyring) -> Refused:
    """The refusal of a database whose keys are sealed by a key that is not on the ring."""
    return Refused(
        Code.NOT_CONFIGURED,
        f"The database's keys are sealed by the key {kid}, which {keyring.source} does not hold.",
        f"Put that key back, or set {VARIABLE} alike on every server of this database. Without it what is sealed can't "
        "be read.",
    )
