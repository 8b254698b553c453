"""Signing in, with the second factor where there is one; proving oneself anew; signing out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...auth.accounts import anybody
from ...auth.people import Factor
from ...auth.sessions import Session
from ...errors import Code, Refused
from ..page import Endpoint, form, page, sentence, told, waiting
from .browser import HOME, Browser, address_of, agent_of, own_path, to

SECOND = "/login/second-factor"
AGAIN = "/login/again"


class Login(Browser):
    """The endpoints below ``/login`` and ``/logout``."""

    @property
    def routes(self) -> list[Route]:
        def both(path: str, show: Endpoint, take: Endpoint) -> list[Route]:
            return [Route(path, told(show), methods=["GET"]), Route(path, told(take), methods=["POST"])]

        return [
            *both("/login", self.show_login, self.take_login),
            *both(SECOND, self.show_second, self.take_second),
            *both(AGAIN, self.show_again, self.take_again),
            Route("/logout", told(self.logout), methods=["POST"]),
        ]

    # ---- the password --------------------------------------------------------------------------------------------

    async def show_login(self, request: Request) -> Response:
        back = own_path(request.query_params.get("next", HOME))
        if await self.session(request):
            return to(back)
        return page("login.html", narrow=True, next=back, login="", nobody=not await anybody(self.people.db))

    async def take_login(self, request: Request) -> Response:
        given = await form(request)
        back, login = own_path(given.get("next", HOME)), given.get("login", "")
        try:
            user = await self.people.authenticate(login, given.get("password", ""), address_of(request))
        except Refused as refused:
            shown = page(
                "login.html",
                refused.http_status,
                narrow=True,
                next=back,
                login=login[:254],
                notice=sentence(refused),
            )
            return waiting(refused, shown)
        await self._leave(request)
        amr = () if user.second else ("pwd",)
        cookie = await self.sessions.open(user, amr, agent_of(request), address_of(request))
        return self.give(to(SECOND, back) if user.second else to(back), cookie)

    async def _leave(self, request: Request) -> None:
        """End what this browser's cookie stands for: nobody goes on with a session that somebody else began."""
        before = await self.session(request) or await self.half(request)
        if before:
            await self.sessions.end(before.id, before.user.id)

    # ---- the second factor ---------------------------------------------------------------------------------------

    async def show_second(self, request: Request) -> Response:
        back = own_path(request.query_params.get("next", HOME))
        session = await self.half(request)
        if session is None:
            return to("/login", back)
        return self._second(session, SECOND, back, recovery=request.query_params.get("with") == "recovery")

    async def take_second(self, request: Request) -> Response:
        given, session = await form(request), await self.half(request)
        if session is None:
            return to("/login", own_path(given.get("next", HOME)))
        return await self._take_code(request, session, SECOND, given)

    def _second(
        self, session: Session, at: str, back: str, refused: Refused | None = None, *, recovery: bool
    ) -> Response:
        again = at == AGAIN
        shown = self.show(
            "second_factor.html",
            session if again else None,
            refused.http_status if refused else 200,
            narrow=True,
            at=at,
            again=again,
            next=back,
            recovery=recovery,
            csrf=self.sessions.csrf(session, at),
            notice=sentence(refused) if refused else "",
        )
        return waiting(refused, shown) if refused else shown

    async def _take_code(self, request: Request, session: Session, at: str, given: dict[str, str]) -> Response:
        self.sessions.check_csrf(session, at, given.get("csrf", ""))
        back, recovery = own_path(given.get("next", HOME)), given.get("with") == "recovery"
        try:
            await self._check(session, given.get("code", ""), address_of(request))
        except Refused as refused:
            return self._second(session, at, back, refused, recovery=recovery)
        return self.give(to(back), await self.sessions.rotate(session, second=True))

    async def _check(self, session: Session, code: str, address: str) -> Factor:
        return await self.people.check_second(session.user, code, address)

    # ---- a fresh proof -------------------------------------------------------------------------------------------

    async def show_again(self, request: Request) -> Response:
        back = own_path(request.query_params.get("next", HOME))
        session = await self.session(request)
        if session is None:
            return to("/login", back)
        if session.user.second:
            return self._second(session, AGAIN, back, recovery=request.query_params.get("with") == "recovery")
        return self._password_again(session, back)

    async def take_again(self, request: Request) -> Response:
        given, session = await form(request), await self.session(request)
        back = own_path(given.get("next", HOME))
        if session is None:
            return to("/login", back)
        if session.user.second:
            return await self._take_code(request, session, AGAIN, given)
        self.sessions.check_csrf(session, AGAIN, given.get("csrf", ""))
        try:
            await self.people.authenticate(session.user.login, given.get("password", ""), address_of(request))
        except Refused as refused:
            return waiting(refused, self._password_again(session, back, refused))
        return self.give(to(back), await self.sessions.rotate(session, password=True))

    def _password_again(self, session: Session, back: str, refused: Refused | None = None) -> Response:
        notice = "That is not your password." if refused and refused.code is Code.UNAUTHENTICATED else ""
        return self.show(
            "password_again.html",
            session,
            refused.http_status if refused else 200,
            narrow=True,
            next=back,
            login=session.user.login,
            csrf=self.sessions.csrf(session, AGAIN),
            notice=notice or (sentence(refused) if refused else ""),
        )

    # ---- leaving -------------------------------------------------------------------------------------------------

    async def logout(self, request: Request) -> Response:
        session = await self.session(request)
        if session is not None:
            self.sessions.check_csrf(session, "logout", (await form(request)).get("csrf", ""))
            await self.sessions.end(session.id, session.user.id)
        return self.take(to("/login"))
