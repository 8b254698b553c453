"""The authorization endpoint: the page on which a person lets a program in, and the answer to that program."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ...app import App
from ...auth.server.authorization import Ask, ToClient
from ...auth.server.models import Rejected, pairs
from ...auth.sessions import Session
from ...errors import Code, Refused
from ..page import Endpoint, form, told
from ..people.browser import Browser, address_of, to
from .parts import authorizations_of
from .wording import choices

AT = "/oauth/authorize"
_ONWARD = {
    "vscode.dev": ("vscode:", "vscode-insiders:"),
    "insiders.vscode.dev": ("vscode:", "vscode-insiders:"),
    "www.cursor.com": ("cursor:", "https://cursor.com"),
    "claude.ai": ("https://claude.com", "claude:"),
    "claude.com": ("https://claude.ai", "claude:"),
}
"""Where known hosts send a browser on to. Chrome holds form-action against every redirect that follows a form."""


class Consent(Browser):
    """The endpoint's two halves: what is asked, and what the person says."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.authorizations = authorizations_of(app)

    @property
    def routes(self) -> list[Route]:
        return [
            Route(AT, told(_answered(self.ask)), methods=["GET"]),
            Route(AT, told(_answered(self.decide)), methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Show the page, or answer at once where that is settled."""
        ask = await self._read(request, request.url.query)
        session = await self.session(request)
        if session is None:
            if "none" in ask.prompts:
                raise self.authorizations.login_required(ask)
            return to("/login", _after_login(ask))
        if "login" in ask.prompts:
            return to("/login/again", _after_login(ask))
        scopes = await self.authorizations.agreed(ask, session)
        if scopes is not None:
            return _away(await self.authorizations.grant(ask, session, scopes, remember=False))
        return self._page(ask, session)

    async def _read(self, request: Request, query: str) -> Ask:
        try:
            given = pairs(query)
        except Rejected as rejected:
            raise Refused(Code.INVALID_ARGUMENTS, rejected.description, "Connect again from your program.") from None
        return await self.authorizations.read(given, address_of(request))

    def _page(self, ask: Ask, session: Session) -> Response:
        offered = self.authorizations.offered(ask, session)
        return self.show(
            "consent.html",
            session,
            form_action=("'self'", ask.redirect.origin, *_ONWARD.get(ask.redirect.host, ())),
            client=ask.client,
            redirect=ask.redirect,
            choices=choices(offered),
            less=bool(ask.wanted - offered),
            known=ask.known,
            query=ask.query,
            csrf=self.sessions.csrf(session, f"consent|{ask.query}"),
        )

    async def decide(self, request: Request) -> Response:
        """Take what the person said."""
        given, session = await form(request), await self.session(request)
        query = given.get("request", "")
        if session is None:
            raise Refused(Code.UNAUTHENTICATED, "Your session has ended; nothing was granted.", "Connect again.")
        self.sessions.check_csrf(session, f"consent|{query}", given.get("csrf", ""))
        ask = await self._read(request, query)
        if given.get("answer") != "allow":
            raise self.authorizations.denied(ask)
        ticked = [name.removeprefix("scope_") for name in given if name.startswith("scope_")]
        return _away(await self.authorizations.grant(ask, session, ticked, remember=True))


def _after_login(ask: Ask) -> str:
    """The way back from the login page; where that was asked for, on to the consent, or it would lead there again."""
    given = pairs(ask.query)
    return f"{AT}?{urlencode(given | {'prompt': 'consent'} if 'login' in ask.prompts else given)}"


def _answered(endpoint: Endpoint) -> Endpoint:
    """The endpoint with its answers to the client as redirects."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ToClient as back:
            return _away(back.location)

    return answer


def _away(location: str) -> Response:
    """Send the browser to the client; nothing of it stays in a cache or a Referer."""
    return RedirectResponse(location, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
