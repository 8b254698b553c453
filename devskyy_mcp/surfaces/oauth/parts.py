"""What the endpoints share: the authorization server of an app, and bodies as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request

from ...auth.grants import Grants
from ...auth.scopes import OFFLINE
from ...auth.server.authorization import Authorizations
from ...auth.server.clients import Clients
from ...auth.server.consents import Consents
from ...auth.server.models import Rejected
from ...auth.server.server import AuthServer, Store
from ...auth.signing import SigningKeys
from ...db.cache import Cache

if TYPE_CHECKING:
    from ...app import App

BODY_LIMIT = 16 * 1024


def server_of(app: App) -> AuthServer:
    """The app's authorization server."""
    get, issuer = app.services.get, app.settings.base_url
    return AuthServer(Store(get(Grants), get(Clients), get(SigningKeys), get(Cache), issuer), issuer)


def authorizations_of(app: App) -> Authorizations:
    return Authorizations(server_of(app), Consents(app.services.get(Grants)), scopes_of(app) | {OFFLINE})


def scopes_of(app: App) -> frozenset[str]:
    """All scopes that the tools declare."""
    return frozenset(scope for tool in app.registry.tools.values() for scope in tool.policy.scopes if scope != "*")


async def body(request: Request) -> bytes:
    """The request's body; the door has looked at its media type.

    Raises:
        Rejected: when it is larger than 16 KiB, or ends early.
    """
    whole = b""
    try:
        async for chunk in request.stream():
            whole += chunk
            if len(whole) > BODY_LIMIT:
                raise Rejected("invalid_request", "The body is too large.", 413)
    except ClientDisconnect:  # in the middle of its body
        raise Rejected("invalid_request", "The body is not whole.") from None
    return whole
