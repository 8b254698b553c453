"""What a 401 and a 403 say of how to get in: WWW-Authenticate (RFC 6750 §3, RFC 9728 §5.1), and the resource metadata.

Many hosts show their users the description alone, so it says in words what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from ..auth.verifier import RESOURCES
from ..context import Principal
from ..errors import Code, Refused
from .rest.calls import json_response

if TYPE_CHECKING:
    from ..app import App

WELL_KNOWN = "/.well-known/oauth-protected-resource"
CHALLENGES = "devskyy.challenges"
"""Where the door puts them in the ASGI scope."""
_SCOPE = re.compile(r"[a-z0-9_*]{1,40}(?::[a-z0-9_]{1,40})?")


class Challenges:
    """Writes the header for one server."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._base_url = app.settings.base_url
        self._signs_in = app.settings.sign_in != "none"
        self._common: tuple[int, tuple[str, ...]] = (-1, ())

    def headers(self, refused: Refused, scope: Scope, status: int | None = None) -> dict[str, str]:
        """The headers that the answer to this refusal needs; none where the status is neither 401 nor 403.

        Args:
            refused: why.
            scope: of the request; its principal is whom the scopes are missing.
            status: of the answer, where it is not the refusal's own.
        """
        status = status or refused.http_status
        if status == HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": self._unauthenticated(refused, scope) if self._signs_in else "Bearer"}
        needed = refused.details.get("needed_scopes")
        if status == HTTPStatus.FORBIDDEN and needed and self._signs_in:
            return {"WWW-Authenticate": self._insufficient(refused, scope, needed)}
        return {}

    def _unauthenticated(self, refused: Refused, scope: Scope) -> str:
        parts = {"resource_metadata": self._metadata(scope["path"]), "scope": _scopes(self.common)}
        if "token" in refused.details:
            parts = {"error": "invalid_token", "error_description": refused.message, **parts}
        return _header(parts)

    def _insufficient(self, refused: Refused, scope: Scope, needed: Iterable[str]) -> str:
        principal = scope.get("devskyy.principal")
        held: frozenset[str] = principal.scopes if principal else frozenset()
        # What it has already, too: a host that asks for these alone would otherwise lose the rest.
        asked = _scopes([*needed, *(one for one in held if one != "*")])
        parts = {
            "error": "insufficient_scope",
            "error_description": f"{refused.message} {refused.hint}",
            "scope": asked,
            "resource_metadata": self._metadata(scope["path"]),
        }
        return _header(parts)

    def explained(self, refused: Refused, scope: Scope) -> Refused:
        """The refusal with where to get the scopes that it misses."""
        missing = refused.details.get("missing_scopes")
        principal: Principal | None = scope.get("devskyy.principal")
        if refused.code is Code.FORBIDDEN and missing and principal is not None and principal.kind == "key":
            refused.hint = "A key's scopes are fixed: make one that has them, with `devskyy api-keys create`."
        elif refused.code is Code.FORBIDDEN and missing and self._signs_in:
            link = f"{self._base_url}/connect?scope={quote(' '.join(missing), safe=':')}"
            refused.hint = f"Allow it at {link} and try again, or ask the owner for a role that may."
            refused.details["connect"] = link
        return refused

    def _metadata(self, path: str) -> str:
        below = [one for one in RESOURCES if one and (path == one or path.startswith(f"{one}/"))]
        return f"{self._base_url}{WELL_KNOWN}{max(below, key=len, default='')}"

    @property
    def common(self) -> tuple[str, ...]:
        """The scopes that the tools of the default list need, reading left out where writing includes it."""
        registry = self._app.registry
        if self._common[0] != registry.generation:
            found = {
                scope
                for tool in registry.tools.values()
                if tool.policy.core
                for scope in tool.policy.scopes
                if scope != "*"
            }
            least = (one for one in found if not (one.endswith(":read") and f"{one[:-5]}:write" in found))
            self._common = (registry.generation, tuple(sorted(least)))
        return self._common[1]


def routes(app: App) -> list[Route]:
    """The protected resource metadata (RFC 9728) of the server and of each address that tokens can be bound to."""
    settings = app.settings
    if settings.sign_in == "none":
        return []
    issuer = settings.base_url if settings.sign_in == "embedded" else settings.auth_issuer

    def at(path: str) -> Route:
        async def show(_: Request) -> Response:
            known = {scope for tool in app.registry.tools.values() for scope in tool.policy.scopes if scope != "*"}
            document: dict[str, Any] = {
                "resource": settings.base_url + path,
                "authorization_servers": [issuer],
                "scopes_supported": sorted(known),
                "bearer_methods_supported": ["header"],
                "resource_name": "DevSkyy",
            }
            return json_response(document, headers={"Cache-Control": "public, max-age=300"})

        return Route(WELL_KNOWN + path, show, methods=["GET"])

    return [at(path) for path in RESOURCES]


def _scopes(scopes: Iterable[str]) -> str:
    """As a header may hold them; nothing else gets in, whatever a tool or a token calls a scope."""
    return " ".join(sorted({scope for scope in scopes if _SCOPE.fullmatch(scope)}))


def _header(parts: dict[str, str]) -> str:
    said = [f'{name}="{_quotable(text)}"' for name, text in parts.items() if text]
    return f"Bearer {', '.join(said)}"


def _quotable(text: str) -> str:
    """The text with only what RFC 6750 §3 allows between the quotes."""
    return "".join(one if " " <= one <= "~" and one not in '"\\' else "'" if one in "\"'“”’" else " " for one in text)[
        :600
    ]
