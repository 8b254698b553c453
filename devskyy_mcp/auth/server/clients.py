"""Clients: the programs that ask for access. Registered by themselves, described by a document, or made by an owner."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from ...errors import Code, Refused
from ...guard.audit import AuditRecord
from ..grants import DAY, SECOND, Grants
from ..hashed import hashed
from . import redirects
from .documents import Away, Documents
from .models import Registration, Rejected, plain_name

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Kind = Literal["registered", "document", "confidential"]
Method = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
REGISTERABLE: frozenset[str] = frozenset({"none", "client_secret_basic", "client_secret_post"})
USED_EVERY = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Client:
    """One client; its methods are the ones that authlib asks for.

    Args:
        id: the ``client_id``; of a document its address.
        kind: where it comes from.
        name: what it calls itself, or its owner called it; anybody can claim any name.
        redirect_uris: where codes may be sent.
        method: how it says who it is at the token endpoint.
        grant_types: what it may ask for there.
        scopes: of a confidential client, what it may do in its own name.
        secret_hash: SHA-256 of its secret, hex; None where it has none.
        jwks: its public keys, where it signs assertions.
    """

    id: str
    kind: Kind
    name: str
    redirect_uris: tuple[str, ...]
    method: Method
    grant_types: frozenset[str]
    scopes: frozenset[str] = frozenset()
    secret_hash: str | None = None
    jwks: Mapping[str, Any] | None = None

    @property
    def host(self) -> str:
        """Of a document, who stands behind it; empty where nobody is known to."""
        return re.sub(r"^https://([^/]+)/.*", r"\1", self.id) if self.kind == "document" else ""

    def has(self, key: str) -> bool:
        """Whether it has the key of that id; also where none is named, or it signs nothing."""
        return not key or self.jwks is None or any(one.get("kid") == key for one in self.jwks["keys"])

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret_hash is not None and hmac.compare_digest(self.secret_hash, hashed(client_secret))

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """A client with a secret may send it either way: hosts register one and use the other."""
        with_secret = {"client_secret_basic", "client_secret_post"}
        return method == self.method or (self.method in with_secret and method in with_secret)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


class Clients:
    """All clients. Args: ``grants`` has the database, the audit and the clock; ``documents`` fetches metadata."""

    def __init__(self, grants: Grants, documents: Documents) -> None:
        self._grants = grants
        self._db = grants.db
        self._documents = documents

    async def get(self, client_id: str, address: str, key: str = "") -> Client | None:
        """The client of that id; None when there is none.

        Args:
            client_id: as the request has it.
            address: who asks, for the limit of documents that are fetched anew.
            key: the id of the key that it signed with; one that its document did not have is looked for there again.

        Raises:
            Rejected: invalid_client when its document can't be had or is none.
            Refused: RATE_LIMITED.
        """
        row = await self._row(client_id)
        if not client_id.startswith("https://"):
            return _client(row) if row and row["revoked_at"] is None else None
        if row is not None and row["revoked_at"] is not None:
            return None
        now = self._grants.clock()
        if row is not None and row["stale_at"] is not None and row["stale_at"] > now:
            known = _client(row)
            if known.has(key) or not await self._documents.may_have_new_keys(client_id):
                return known
        try:
            metadata, fresh_for = await self._documents.fetch(client_id, address)
        except (Away, Refused):
            if row is None or row["stale_at"] is None or row["stale_at"] < now - DAY:
                raise
            return _client(row)  # its host is away; what was known yesterday still holds
        await self._store(client_id, "document", metadata, {"stale_at": now + fresh_for * SECOND})
        return _client({"id": client_id, "kind": "document", "metadata": metadata, "scopes": None, "secret_hash": None})

    async def _row(self, client_id: str) -> Mapping[str, Any] | None:
        import sqlalchemy as sa

        from ...db.tables import oauth_clients

        async with self._db.read() as conn:
            found = await conn.execute(sa.select(oauth_clients).where(oauth_clients.c.id == client_id))
            return cast("Mapping[str, Any] | None", found.mappings().one_or_none())

    async def _store(self, client_id: str, kind: Kind, metadata: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        import sqlalchemy as sa

        from ...db.tables import oauth_clients as table

        values = {"metadata": dict(metadata), **more}
        async with self._db.begin() as conn:
            changed = await conn.execute(sa.update(table).where(table.c.id == client_id).values(values))
            if not changed.rowcount:
                row = {"id": client_id, "kind": kind, "created_at": self._grants.clock(), **values}
                insert = insert_on(conn)(table).values(row).on_conflict_do_nothing()
                await conn.execute(insert)

    # ---- clients that register themselves ------------------------------------------------------------------------

    async def register(self, given: Registration) -> tuple[Client, str | None]:
        """A new client (RFC 7591 §3.1) and its secret, where it has one.

        Raises:
            Rejected: invalid_redirect_uri when none of the addresses may be used; invalid_client_metadata.
        """
        uris = redirects.accepted(given.redirect_uris)
        if not uris:
            raise Rejected(
                "invalid_redirect_uri",
                "None of the redirect_uris may be used: they must be https, http on a loopback address, "
                "or the scheme of a known host, without fragment, user name or wildcard.",
            )
        if given.token_endpoint_auth_method not in REGISTERABLE:
            raise Rejected(
                "invalid_client_metadata", "The token_endpoint_auth_method must be none or a client_secret one."
            )
        if "authorization_code" not in given.grant_types or "code" not in given.response_types:
            raise Rejected(
                "invalid_client_metadata", "Clients that register themselves use the grant authorization_code."
            )
        public = given.token_endpoint_auth_method == "none"  # noqa: S105 # a method's name
        secret = None if public else secrets.token_urlsafe(32)
        metadata = {
            "redirect_uris": uris,
            "token_endpoint_auth_method": given.token_endpoint_auth_method,
            "grant_types": [one for one in ("authorization_code", "refresh_token") if one in given.grant_types],
            "client_name": plain_name(given.client_name),
        }
        client_id = f"cl_{secrets.token_urlsafe(16)}"
        kept = hashed(secret) if secret else None
        await self._store(client_id, "registered", metadata, {"secret_hash": kept})
        row = {"id": client_id, "kind": "registered", "metadata": metadata, "scopes": None, "secret_hash": kept}
        return _client(row), secret

    async def used(self, client_id: str) -> None:
        """Remember that the client got a token, to the hour."""
        import sqlalchemy as sa

        from ...db.tables import oauth_clients as table

        row, now = await self._row(client_id), self._grants.clock()
        if row is not None and (row["used_at"] is None or row["used_at"] < now - USED_EVERY):
            async with self._db.begin() as conn:
                await conn.execute(sa.update(table).where(table.c.id == client_id).values(used_at=now))

    # ---- clients that owners make --------------------------------------------------------------------------------

    async def add(
        self, name: str, scopes: Iterable[str], by: str, jwks: Mapping[str, Any] | None = None
    ) -> tuple[Client, str | None]:
        """A confidential client that acts in its own name; with its secret, unless it signs with a key of its own.

        Args:
            name: what people see.
            scopes: what it may do.
            by: the principal who makes it.
            jwks: its public keys; then it has no secret (RFC 7523).
        """
        secret = None if jwks else secrets.token_urlsafe(32)
        client_id = f"app_{secrets.token_urlsafe(12)}"
        metadata: dict[str, Any] = {
            "redirect_uris": [],
            "token_endpoint_auth_method": "private_key_jwt" if jwks else "client_secret_basic",
            "grant_types": ["client_credentials"],
            "client_name": plain_name(name),
            "jwks": jwks,
        }
        more = {"secret_hash": hashed(secret) if secret else None, "scopes": sorted(scopes)}
        await self._store(client_id, "confidential", metadata, more)
        self._grants.audit.add(AuditRecord(by, "cli", "oauth_client_added", "write", "outcome"))
        return _client({"id": client_id, "kind": "confidential", "metadata": metadata, **more}), secret

    async def all(self) -> list[dict[str, Any]]:
        """Every client with when it was made, used and revoked; the newest first."""
        import sqlalchemy as sa

        from ...db.tables import oauth_clients

        async with self._db.read() as conn:
            query = sa.select(oauth_clients).order_by(oauth_clients.c.created_at.desc(), oauth_clients.c.id)
            return [dict(row) for row in (await conn.execute(query)).mappings()]

    async def revoke(self, client_id: str, by: str) -> int:
        """Keep a client out for good and end all its grants; how many there were.

        Raises:
            Refused: NOT_FOUND.
        """
        import sqlalchemy as sa

        from ...db.tables import oauth_clients as table

        async with self._db.begin() as conn:
            gone = sa.update(table).where(table.c.id == client_id).values(revoked_at=self._grants.clock())
            if not (await conn.execute(gone)).rowcount:
                raise Refused(Code.NOT_FOUND, "There is no such client.", "devskyy clients list shows all.")
        return await self._grants.revoke_client(client_id, by)


def _client(row: Mapping[str, Any]) -> Client:
    said = row["metadata"]
    return Client(
        row["id"],
        row["kind"],
        said.get("client_name") or "",
        tuple(said["redirect_uris"]),
        said["token_endpoint_auth_method"],
        frozenset(said["grant_types"]),
        frozenset(row["scopes"] or ()),
        row["secret_hash"],
        said.get("jwks"),
    )


def insert_on(conn: AsyncConnection) -> Any:
    """The insert that can say what happens on a conflict, of the database at hand."""
    from sqlalchemy.dialects import postgresql, sqlite

    return postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
