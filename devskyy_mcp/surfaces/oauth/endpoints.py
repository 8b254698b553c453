"""The endpoints that programs call: metadata, tokens, revocation, introspection, registration, keys."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...auth.server.metadata import discovery, metadata
from ...auth.server.models import Registration, Rejected, checked, pairs
from ...auth.server.server import Answer
from ...auth.signing import SigningKeys
from ...auth.verifier import RESOURCES
from ...db.cache import Cache
from ...errors import Refused, unforeseen
from ...guard.audit import AuditLog, AuditRecord
from ...guard.limits import Limiter
from ..people.browser import address_of
from ..strict_json import parse_object
from .parts import body, scopes_of, server_of

if TYPE_CHECKING:
    from ...app import App

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
KEPT = {"Cache-Control": "public, max-age=300"}
Endpoint = Callable[[Request], Awaitable[Response]]
Take = Callable[[Mapping[str, str], str, str], Awaitable[Answer]]


class Endpoints:
    """The endpoints of one app."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.issuer = app.settings.base_url
        self.server = server_of(app)
        # The door counts what comes without a principal; a registration also leaves a row behind.
        self._registrations = Limiter(0.05, 30, app.services.get(Cache), "oauth-register")

    @property
    def routes(self) -> list[Route]:
        known, named = self._metadata, "/.well-known/oauth-authorization-server"
        openid = "/.well-known/openid-configuration"
        return [
            *(Route(f"{named}{path}", known(metadata)) for path in RESOURCES),
            *(Route(f"{openid}{path}", known(discovery)) for path in RESOURCES),
            Route("/oauth/jwks.json", _told(self.jwks)),
            Route("/oauth/token", self._form(self.server.token), methods=["POST"]),
            Route("/oauth/revoke", self._form(self.server.revoke), methods=["POST"]),
            Route("/oauth/introspect", self._form(self.server.introspect), methods=["POST"]),
            Route("/oauth/register", _told(self.register), methods=["POST"]),
        ]

    def _metadata(self, say: Callable[[str, frozenset[str]], dict[str, Any]]) -> Endpoint:
        async def answer(_: Request) -> Response:
            return _json(say(self.issuer, scopes_of(self.app)), headers=KEPT)

        return answer

    async def jwks(self, _: Request) -> Response:
        return _json(await self.app.services.get(SigningKeys).jwks(), headers=KEPT)

    def _form(self, take: Take) -> Endpoint:
        async def answer(request: Request) -> Response:
            given = pairs(await body(request))
            header = request.headers.get("authorization", "")  # the door lets one through at most
            status, content, more = await take(given, header, address_of(request))
            return _json(
                content, status, NO_STORE | {name: value for name, value in more if name == "WWW-Authenticate"}
            )

        return _told(answer)

    async def register(self, request: Request) -> Response:
        await self._registrations.hit(address_of(request))
        try:
            given = parse_object(await body(request))
        except Refused as refused:
            raise Rejected("invalid_client_metadata", refused.message) from None
        try:
            said = checked(Registration, given)
        except Rejected as rejected:
            code = "invalid_redirect_uri" if rejected.error == "invalid_redirect_uri" else "invalid_client_metadata"
            raise Rejected(code, rejected.description) from None
        client, secret = await self.server.clients.register(said)
        self.app.services.get(AuditLog).add(
            AuditRecord(f"client:{client.id}", "oauth", "oauth_client_registered", "write", "outcome")
        )
        answer = {
            "client_id": client.id,
            "client_id_issued_at": self.server.store.grants.clock() // 1_000_000,
            "client_name": client.name,
            "redirect_uris": list(client.redirect_uris),
            "token_endpoint_auth_method": client.method,
            "grant_types": sorted(client.grant_types),
            "response_types": ["code"],
            # What it asked for is no ceiling, and told back it would look like one.
            "scope": " ".join(sorted(scopes_of(self.app))),
        }
        if secret is not None:
            answer |= {"client_secret": secret, "client_secret_expires_at": 0}
        return _json(answer, 201, NO_STORE)


def _told(endpoint: Endpoint) -> Endpoint:
    """The endpoint with what goes wrong as OAuth errors."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Rejected as rejected:
            headers = NO_STORE
            if rejected.status == 401 and "authorization" in request.headers:
                headers = NO_STORE | {"WWW-Authenticate": 'Basic realm="DevSkyy", error="invalid_client"'}
            return _error(rejected.error, rejected.description, rejected.status, headers)
        except Refused as refused:
            more = {"Retry-After": str(max(1, round(refused.retry_after)))} if refused.retry_after is not None else {}
            status = refused.http_status
            error = "temporarily_unavailable" if status in {429, 503} else "server_error"
            return _error(error, refused.message, status, NO_STORE | more)
        except Exception as error:  # told apart from the app's own: hosts read OAuth errors here
            return _error("server_error", unforeseen(request.url.path, error).message, 500, NO_STORE)

    return answer


def _error(error: str, description: str, status: int, headers: dict[str, str]) -> Response:
    return _json({"error": error, "error_description": description}, status, headers)


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(content), status, headers, "application/json")
