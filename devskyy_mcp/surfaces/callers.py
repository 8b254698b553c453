"""Who calls over HTTP: by a bearer token, a browser's session, a WebSocket ticket; or the user of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from starlette.requests import cookie_parser
from starlette.types import Scope

from ..auth.bearers import LONGEST, Bearers, invalid
from ..auth.sessions import Session, Sessions
from ..auth.standing import soon
from ..auth.tickets import Tickets
from ..context import Principal
from ..errors import Code, Refused
from ..guard.loopback import Headers, Rules, login_needed

if TYPE_CHECKING:
    from ..app import App

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FORM = "api"
"""What the CSRF token of REST calls is bound to, beside the session."""
CSRF_HEADER = b"x-csrf-token"
TICKET = "ticket."


class Callers(Protocol):
    """How the door learns who calls."""

    def at_once(self, scope: Scope, headers: Headers, /) -> Principal | None:
        """The caller, where that needs no waiting."""
        ...

    async def of(self, scope: Scope, headers: Headers, /) -> Principal:
        """The caller.

        Raises:
            Refused: UNAUTHENTICATED, FORBIDDEN, INVALID_ARGUMENTS; Unconfirmed (503).
        """
        ...


def cookie_name(base_url: str) -> str:
    """The session's cookie. The prefix has browsers refuse it from another host or over http (RFC 6265bis §4.1.3.2)."""
    return "__Host-dsk" if base_url.startswith("https:") else "dsk_session"


class LocalCallers:
    """Where nobody signs in: the user of this machine, by the local key where one is needed."""

    def __init__(self, app: App, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    def at_once(self, _scope: Scope, headers: Headers) -> Principal | None:
        return self._rules.local(headers)

    async def of(self, scope: Scope, headers: Headers) -> Principal:
        if b"authorization" not in headers:
            holder = await _by_ticket(self._app, scope, headers)
            if holder is not None:
                return holder
        raise login_needed()


class SignedInCallers:
    """Where callers sign in. The local key counts for nothing."""

    def __init__(self, app: App, rules: Rules) -> None:
        self._app = app
        self._rules = rules
        self._cookie = cookie_name(app.settings.base_url)
        self._marker = f"{self._cookie}=".encode()
        self._bearers: Bearers | None = None

    @property
    def bearers(self) -> Bearers:
        self._bearers = self._bearers or self._app.services.get(Bearers)
        return self._bearers

    def at_once(self, scope: Scope, headers: Headers) -> Principal | None:
        given = headers.get(b"authorization")
        if given is None or given[:7].lower() != b"bearer " or self._marker in headers.get(b"cookie", b""):
            return None
        return self.bearers.known(given[7:].decode("latin-1"), scope["path"])

    async def of(self, scope: Scope, headers: Headers) -> Principal:
        given, cookie = headers.get(b"authorization"), self._session_cookie(headers)
        if given is not None and cookie:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                "The request has a session's cookie and a token: it must have one of them.",
                "Browsers leave the Authorization header out; programs send no cookies.",
            )
        if given is not None:
            return await self._by_token(scope, given)
        if scope["type"] == "websocket":  # a cookie comes along from any page, so only a ticket counts
            holder = await _by_ticket(self._app, scope, headers)
            current = await self.bearers.again(holder) if holder is not None else None
            if current is None:
                raise _sign_in()
            return current
        session = await soon(self._app.services.get(Sessions).of(cookie)) if cookie else None
        if session is None:
            raise _sign_in()
        self._check_csrf(scope, headers, session)
        return session.principal

    async def _by_token(self, scope: Scope, given: bytes) -> Principal:
        scheme, _, token = given.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise _sign_in()
        if not token or len(token) > LONGEST or not token.isascii():
            raise invalid("is not one")
        return await self.bearers.principal(token, scope["path"])

    def _session_cookie(self, headers: Headers) -> str:
        given = headers.get(b"cookie")
        if not given or self._marker not in given:
            return ""
        return cookie_parser(given.decode("latin-1")).get(self._cookie, "")

    def _check_csrf(self, scope: Scope, headers: Headers, session: Session) -> None:
        if scope["method"] in SAFE:
            return
        if not self._rules.ours(scope, headers):
            raise Refused(
                Code.FORBIDDEN,
                "It is not said that a page of this server sends this.",
                "Browsers say so in Origin; programs use a token instead of a session.",
            )
        given = headers.get(CSRF_HEADER, b"").decode("latin-1")
        self._app.services.get(Sessions).check_csrf(session, CSRF_FORM, given)


async def _by_ticket(app: App, scope: Scope, headers: Headers) -> Principal | None:
    if scope["type"] != "websocket":
        return None
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    for offered in scope.get("subprotocols", ()):
        if offered.startswith(TICKET):
            return await soon(app.services.get(Tickets).redeem(offered.removeprefix(TICKET), origin))
    return None


def _sign_in() -> Refused:
    return Refused(
        Code.UNAUTHENTICATED,
        "You have to sign in first.",
        "Hosts do so by the address in WWW-Authenticate; scripts send an API key of `devskyy api-keys create`.",
    )
