"""``/connect``: give a program that is connected already more to do, for hosts that can't ask for it while they run."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...app import App
from ...auth.grants import Grants, GrantState
from ...auth.scopes import OFFLINE, covers, of_role, within
from ...auth.server.consents import Consents
from ...auth.sessions import Session
from ...errors import Code, Refused
from ..page import form, told
from ..people.browser import Browser, to
from .parts import scopes_of
from .wording import choices

AT = "/connect"
LONGEST = 2048


class Connect(Browser):
    """The page, and what the person says on it."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.grants = app.services.get(Grants)
        self.consents = Consents(self.grants)

    @property
    def routes(self) -> list[Route]:
        return [Route(AT, told(self.ask), methods=["GET"]), Route(AT, told(self.decide), methods=["POST"])]

    async def ask(self, request: Request) -> Response:
        session = await self.session(request)
        scope = request.query_params.get("scope", "")[:LONGEST]
        if session is None:
            return to("/login", f"{AT}?{urlencode({'scope': scope})}")
        wanted = self._wanted(scope, session)
        done = (
            "Done. It may do that from its next refresh on, in ten minutes at most."
            if "done" in request.query_params
            else ""
        )
        return self._page(session, wanted, await self._connected(session), done)

    def _wanted(self, scope: str, session: Session) -> frozenset[str]:
        """What is asked for and the person may grant; all of that where nothing is asked for."""
        known = scopes_of(self.app)
        most = within(known, of_role(session.user.role))
        return within(frozenset(scope.split()) & known, most) if scope else most

    async def _connected(self, session: Session) -> dict[str, GrantState]:
        """The newest live grant of each client, whose refresh tokens can come to mean more."""
        found = await self.grants.of_user(session.user.id)
        return {grant.client_id: grant for grant in reversed(found) if OFFLINE in grant.scopes}

    def _page(self, session: Session, wanted: frozenset[str], connected: dict[str, GrantState], done: str) -> Response:
        clients = [
            (grant, choices(scope for scope in wanted if not covers(grant.scopes, scope)))
            for grant in connected.values()
        ]
        return self.show(
            "connect.html",
            session,
            clients=clients,
            wanted=choices(wanted),
            done=done,
            csrf=self.sessions.csrf(session, AT),
        )

    async def decide(self, request: Request) -> Response:
        given, session = await form(request), await self.session(request)
        if session is None:
            return to("/login", AT)
        self.sessions.check_csrf(session, AT, given.get("csrf", ""))
        grant = (await self._connected(session)).get(given.get("client", ""))
        if grant is None:
            raise Refused(Code.NOT_FOUND, "That program is not connected any more.", "Connect it again.")
        ticked = [name.removeprefix("scope_") for name in given if name.startswith("scope_")]
        more = self._wanted(" ".join(ticked), session) if ticked else frozenset[str]()
        if more:
            await self.consents.widen(session.user.id, grant.client_id, more)
        return to(f"{AT}?{urlencode({'scope': ' '.join(sorted(more)), 'done': '1'})}")
