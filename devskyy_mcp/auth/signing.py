"""The keys that access tokens are signed with: ES256, made and replaced by themselves, shared by a database's servers.

A key is published a day before it signs and stays published an hour after it was replaced, so that whoever keeps the
key set for a while never meets a token that it can't verify. Private parts are sealed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..db.database import Database
from ..guard.audit import now_us

if TYPE_CHECKING:
    from joserfc.jwk import ECKey

ALGORITHM = "ES256"
TYPE = "at+jwt"
HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
SIGNS_FOR = 30 * DAY
AHEAD = DAY
"""How long a key is published before it signs."""
AFTER = HOUR
"""How long a key is published after another one has taken its place; longer than any token lives."""
LOOK_EVERY = 300.0
UNKNOWN_EVERY = 1.0
"""Seconds between looks at the database for key ids that this process does not know, whoever sends them."""


class SigningKeys:
    """Args: ``clock`` gives microseconds since the epoch."""

    def __init__(self, db: Database, clock: Callable[[], int] = now_us) -> None:
        self._db = db
        self.clock = clock
        self._keys: dict[str, ECKey] = {}
        self._order: list[tuple[int, str]] = []
        self._looked_at = float("-inf")

    async def sign(self, claims: Mapping[str, Any]) -> str:
        """An access token with these claims (RFC 9068 §2)."""
        from joserfc import jwt

        await self._ready()
        kid = self._signing()
        assert kid is not None
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": kid}
        return jwt.encode(header, dict(claims), self._keys[kid], algorithms=[ALGORITHM])

    async def public(self, kid: str) -> ECKey | None:
        """The key of that id for verifying; None when this server has none, or it is long replaced."""
        if kid not in self._keys and time.monotonic() - self._looked_at > UNKNOWN_EVERY:
            self._looked_at = float("-inf")
        await self._ready()
        return self._keys.get(kid)

    async def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys as a JSON Web Key Set (RFC 7517 §5): what signs, what will, and what did until lately."""
        await self._ready()
        return {"keys": [{**self._public(kid), "kid": kid} for _, kid in self._order]}

    async def read(self, token: str) -> dict[str, Any] | None:
        """The claims of an access token of ours, also of one that has ended; None for everything else."""
        from joserfc import jws, jwt
        from joserfc.errors import JoseError

        try:
            header = jws.extract_compact(token.encode()).headers()
            key = await self.public(str(header.get("kid")))
            if key is None or header.get("typ") != TYPE:
                return None
            return jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            return None

    # ---- keeping them --------------------------------------------------------------------------------------------

    def _public(self, kid: str) -> dict[str, Any]:
        return {**self._keys[kid].as_dict(private=False), "use": "sig", "alg": ALGORITHM}

    def _signing(self) -> str | None:
        """The key that signs now: the last one whose time has come."""
        now = self.clock()
        return next((kid for at, kid in reversed(self._order) if at <= now), None)

    def _due(self) -> bool:
        """Whether a key is missing, or one is long replaced."""
        now = self.clock()
        if self._signing() is None or self._order[-1][0] <= now:
            return True
        return len(self._order) > 1 and self._order[1][0] + AFTER <= now

    async def _ready(self) -> None:
        if time.monotonic() - self._looked_at > LOOK_EVERY or self._due():
            await self._look()
            if self._due():
                await self._tend()
                await self._look()

    async def _look(self) -> None:
        import sqlalchemy as sa
        from joserfc.jwk import ECKey

        from ..db.tables import signing_keys

        async with self._db.read() as conn:
            query = sa.select(signing_keys).order_by(signing_keys.c.signs_from_at, signing_keys.c.id)
            found = (await conn.execute(query)).mappings().all()
            rows = await self._db.vault.open_rows(conn, "signing_keys", found)
        known = self._keys
        self._keys = {row["id"]: known.get(row["id"]) or ECKey.import_key(row["private"]) for row in rows}
        self._order = [(row["signs_from_at"], row["id"]) for row in rows]
        self._looked_at = time.monotonic()

    async def _tend(self) -> None:
        """Make the key that signs and the one that follows it, where they are missing; drop what is long replaced."""
        import sqlalchemy as sa

        from ..db.tables import signing_keys

        now = self.clock()
        async with self._db.begin() as conn:
            if conn.dialect.name == "postgresql":  # one server at a time, as SQLite has it anyway
                await conn.execute(sa.text("LOCK TABLE signing_keys IN EXCLUSIVE MODE"))
            query = sa.select(signing_keys.c.signs_from_at, signing_keys.c.id).order_by(signing_keys.c.signs_from_at)
            order = [(at, kid) for at, kid in (await conn.execute(query)).all()]
            fresh: list[dict[str, Any]] = []
            if not any(at <= now for at, _ in order):
                fresh.append(self._made(now))
                order.insert(0, (now, fresh[0]["id"]))
            if order[-1][0] <= now:
                fresh.append(self._made(max(order[-1][0] + SIGNS_FOR, now + AHEAD)))
            if fresh:
                await conn.execute(signing_keys.insert(), fresh)
            old = [kid for (_, kid), (after, _) in pairwise(order) if after + AFTER <= now]
            if old:
                await conn.execute(sa.delete(signing_keys).where(signing_keys.c.id.in_(old)))

    def _made(self, signs_from: int) -> dict[str, Any]:
        from joserfc.jwk import ECKey

        key = ECKey.generate_key("P-256")
        row = {
            "id": key.thumbprint(),
            "private": key.as_dict(private=True),
            "created_at": self.clock(),
            "signs_from_at": signs_from,
        }
        return self._db.vault.seal_row("signing_keys", row)
