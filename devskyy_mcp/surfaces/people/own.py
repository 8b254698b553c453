"""What the pages of an account have in common: they are for their own person, and their forms for their own session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...auth.sessions import Session
from ..page import Endpoint, form, told
from .browser import HOME, Browser, own_path, to

Shown = Callable[[Request, Session], Awaitable[Response]]
Sent = Callable[[Session, dict[str, str], Request], Awaitable[Response]]


class Own(Browser):
    """Base of the endpoints below ``/account``."""

    def own(self, endpoint: Shown) -> Endpoint:
        """The endpoint for whom it is for: the signed-in person."""

        async def answer(request: Request) -> Response:
            session = await self.session(request)
            if session is None:
                return to("/login", own_path(request.url.path) if request.method == "GET" else HOME)
            return await endpoint(request, session)

        return told(answer)

    def posted(self, path: str, take: Sent, *, proven: str = "") -> Route:
        """A form of the account, checked for its token.

        Args:
            path: where it is sent to.
            take: what it does.
            proven: for what weakens the account: the page to go on from once a fresh proof was given.
        """

        async def answer(request: Request, session: Session) -> Response:
            given = await form(request)
            self.sessions.check_csrf(session, HOME, given.get("csrf", ""))
            if proven and (first := self.prove_again(session, proven)):
                return first
            return await take(session, given, request)

        return Route(path, self.own(answer), methods=["POST"])

    def csrf(self, session: Session) -> str:
        """The token of the account's forms."""
        return self.sessions.csrf(session, HOME)
