"""The authorization server: what its endpoints do, given parameters and giving answers."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from ...db.cache import Cache
from ..grants import ACCESS_SECONDS, SECOND, Grants, GrantState
from ..scopes import OFFLINE, within
from ..signing import SigningKeys
from ..verifier import RESOURCES
from .clients import Client, Clients
from .families import Families, Taken
from .models import TOKEN_REQUESTS, Credentials, Rejected, TokenInHand, basic, checked

ASSERTION_KEPT = 900
Answer = tuple[int, Any, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Live:
    """A grant whose code or refresh token has just been taken; its methods are what authlib asks for."""

    grant: GrantState
    taken: Taken | None = None

    @property
    def code_challenge(self) -> str:
        return self.taken.challenge if self.taken else ""

    def get_redirect_uri(self) -> str | None:
        return self.taken.redirect_uri if self.taken else None

    def get_scope(self) -> str:
        return " ".join(sorted(self.grant.scopes))

    def check_client(self, client: Client) -> bool:
        return self.grant.client_id == client.id


@dataclass(frozen=True, slots=True)
class Found:
    """A token that was looked up, and what introspection says of it (RFC 7662 §2.2)."""

    grant: GrantState
    ends_at: float
    shown: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def check_client(self, client: Client) -> bool:
        return self.grant.client_id == client.id

    def is_expired(self) -> bool:
        return self.ends_at <= time.time()

    def is_revoked(self) -> bool:
        return self.grant.most is None


class Store:
    """What authlib's grants need done with rows and keys."""

    def __init__(self, grants: Grants, clients: Clients, keys: SigningKeys, cache: Cache, issuer: str) -> None:
        self.grants = grants
        self.clients = clients
        self.families = Families(grants)
        self._keys = keys
        self._cache = cache
        self._issuer = issuer

    # ---- taking --------------------------------------------------------------------------------------------------

    async def code(self, code: str, client: Client) -> Live | None:
        return await self._live(await self.families.take_code(code, client.id))

    async def refresh(self, token: str, client: Client) -> Live | None:
        return await self._live(await self.families.take_refresh(token, client.id))

    async def _live(self, taken: Taken | None) -> Live | None:
        grant = await self.grants.state(taken.grant_id) if taken else None
        return Live(grant, taken) if grant and grant.most is not None else None

    async def own(self, client: Client, scope: str | None, asked: str | None) -> Live | None:
        """A client's grant in its own name; None when it asks for what it may not."""
        wanted = within(scope.split(), client.scopes) if scope else client.scopes
        resource = self.resource(asked)
        if not wanted or resource is None:
            return None
        grant = await self.grants.state(await self.grants.own(client.id, wanted, resource))
        return Live(grant) if grant else None

    async def first_use(self, assertion: str) -> bool:
        """Whether a client assertion is presented for the first time, on whichever server."""
        key = f"assertion:{hashlib.sha256(assertion.encode()).hexdigest()}"
        return await self._cache.hit(key, 1 / ASSERTION_KEPT, 1) == 0

    # ---- giving --------------------------------------------------------------------------------------------------

    def resource(self, asked: str | None) -> str | None:
        """The resource that is meant; this whole server when none is named, None when it is not ours (RFC 8707)."""
        path = (asked or self._issuer).rstrip("/").removeprefix(self._issuer)
        return f"{self._issuer}{path}" if path in RESOURCES else None

    async def token(self, live: Live, scope: str | None, asked: str | None) -> dict[str, Any] | None:
        """The token endpoint's answer (RFC 6749 §5.1); None when another resource is asked for than was granted."""
        grant = live.grant
        if asked is not None and self.resource(asked) != grant.resource:
            return None
        most = grant.most or frozenset()
        scopes = within(scope.split(), most) if scope else most
        refresh = await self.families.issue(grant.id) if live.taken else None
        await self.clients.used(grant.client_id)
        shown = scopes | {OFFLINE} if refresh else scopes
        answer = {
            "access_token": await self._keys.sign(self._claims(grant, scopes)),
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "scope": " ".join(sorted(shown)),
        }
        return {**answer, "refresh_token": refresh} if refresh else answer

    def _claims(self, grant: GrantState, scopes: frozenset[str]) -> dict[str, Any]:
        now = self.grants.clock() // SECOND
        return {
            "iss": self._issuer,
            "sub": f"user:{grant.user_id}" if grant.user_id else grant.client_id,
            "aud": grant.resource,
            "client_id": grant.client_id,
            "scope": " ".join(sorted(scopes)),
            "sid": grant.id,
            "iat": now,
            "exp": now + ACCESS_SECONDS,
            "jti": secrets.token_urlsafe(12),
            "auth_time": grant.auth_at,
            "amr": sorted(grant.amr),
        }

    # ---- looking up ----------------------------------------------------------------------------------------------

    async def look_up(self, token: str) -> Found | None:
        """A token of ours with its grant; None for anything else."""
        refresh = await self.families.grant_of(token)
        if refresh is not None:
            sid, until = refresh
            claims: dict[str, Any] = {"exp": until // SECOND}
        else:
            claims = await self._keys.read(token) or {}
            sid = str(claims.get("sid", ""))
        grant = await self.grants.state(sid) if sid else None
        if grant is None:
            return None
        shown = {
            "token_type": "refresh_token" if refresh else "Bearer",
            "client_id": grant.client_id,
            "sub": f"user:{grant.user_id}" if grant.user_id else grant.client_id,
            "iss": self._issuer,
            "aud": grant.resource,
            "scope": " ".join(sorted(grant.most or ())),
            **claims,
        }
        if not refresh:
            shown["scope"] = " ".join(sorted(within(str(claims.get("scope", "")).split(), grant.most or ())))
        return Found(grant, claims["exp"], shown)


class AuthServer:
    """What the endpoints call. ``issuer`` is this server's public address: https, or http on this machine."""

    def __init__(self, store: Store, issuer: str) -> None:
        self.store = store
        self.issuer = issuer
        self._bridge: Any = None

    @property
    def clients(self) -> Clients:
        return self.store.clients

    async def token(self, given: Mapping[str, str], authorization: str, address: str) -> Answer:
        """The token endpoint (RFC 6749 §3.2).

        Args:
            given: the form's parameters.
            authorization: the Authorization header; empty where there is none.
            address: the IP address of who asks.

        Raises:
            Rejected: for what is malformed.
            Refused: RATE_LIMITED; those of the database.
        """
        model = TOKEN_REQUESTS.get(given.get("grant_type", ""))
        if model is None:
            error = "unsupported_grant_type" if "grant_type" in given else "invalid_request"
            raise Rejected(error, "The grant_type must be authorization_code, refresh_token or client_credentials.")
        request = checked(model, given)
        resource = getattr(request, "resource", None)
        if resource is not None and self.store.resource(resource) is None:
            raise Rejected("invalid_target", "The resource is none of this server.")
        return await self._ask("create_token_response", "/oauth/token", request, authorization, address)

    async def revoke(self, given: Mapping[str, str], authorization: str, address: str) -> Answer:
        """The revocation endpoint (RFC 7009); raises as ``token``."""
        return await self._ask_endpoint("revocation", "/oauth/revoke", given, authorization, address)

    async def introspect(self, given: Mapping[str, str], authorization: str, address: str) -> Answer:
        """The introspection endpoint (RFC 7662), for confidential clients; raises as ``token``."""
        return await self._ask_endpoint("introspection", "/oauth/introspect", given, authorization, address)

    async def _ask_endpoint(
        self, name: str, path: str, given: Mapping[str, str], authorization: str, address: str
    ) -> Answer:
        request = checked(TokenInHand, given)
        return await self._ask("create_endpoint_response", path, request, authorization, address, name)

    async def _ask(
        self, method: str, path: str, form: Credentials, authorization: str, address: str, *arguments: str
    ) -> Answer:
        from authlib.oauth2 import OAuth2Error

        from .bridge import Bridge, Request

        client = await self._client(form, authorization, address)
        if self._bridge is None:
            self._bridge = Bridge(self.store, self.issuer)
        given = form.model_dump(exclude_none=True)
        try:
            request = Request("POST", f"{self.issuer}{path}", given, client, authorization)
        except OAuth2Error:  # OAuth 2.1 §1.5
            raise Rejected("invalid_request", "This server has no https address, so it gives no tokens.") from None
        return await anyio.to_thread.run_sync(getattr(self._bridge, method), *arguments, request)

    async def _client(self, form: Credentials, authorization: str, address: str) -> Client | None:
        """The client that the request names, unproven.

        Raises:
            Rejected: invalid_client for a malformed header; invalid_request when it is named in several ways.
        """
        named, key = {form.client_id} - {None}, ""
        if authorization:
            given = basic(authorization)
            if given is None:
                raise Rejected("invalid_client", "The Authorization header is no well-formed Basic one.", 401)
            named.add(given[0])
        if form.client_assertion:
            subject, key = _claimed(form.client_assertion)
            named.add(subject)
        ways = bool(authorization) + (form.client_secret is not None) + (form.client_assertion is not None)
        if ways > 1 or len(named) > 1:
            raise Rejected("invalid_request", "The client says who it is in more than one way.")
        if bool(form.client_assertion) != bool(form.client_assertion_type):
            raise Rejected("invalid_request", "client_assertion and client_assertion_type go together.")
        name = next(iter(named), None)
        return await self.clients.get(name, address, key) if name else None


def _claimed(assertion: str) -> tuple[str, str]:
    """Whom an assertion claims to be of, and by which key, empty where it names none; nothing is verified here.

    Raises:
        Rejected: invalid_client when it can't be read.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        signed = jws.extract_compact(assertion.encode())
        subject, key = json.loads(signed.payload)["sub"], signed.headers().get("kid", "")
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        subject, key = None, ""
    if not isinstance(subject, str) or not 0 < len(subject) <= 1024:
        raise Rejected("invalid_client", "The client assertion can not be read.", 401)
    return subject, key if isinstance(key, str) else ""
