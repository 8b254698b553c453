"""A person's own account: password, second factor, sessions. What weakens it asks for a fresh proof first."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...auth import totp
from ...auth.accounts import LONGEST_NAME
from ...auth.scopes import Role
from ...auth.sessions import Session
from ...errors import Code, Refused
from ..page import form, sentence, waiting
from .browser import HOME, address_of, own_path, to
from .programs import Programs

PASSWORD = "/account/password"  # noqa: S105 # a path
SECOND = "/account/second-factor"
ROLE_WORDS: dict[Role, str] = {
    "owner": "everything, and who else may sign in",
    "manager": "the shop's whole daily work, with orders and customers",
    "editor": "products, pages and pictures; no orders, no customers",
    "analyst": "looks at the shop without customers' data, and changes nothing",
}


class Account(Programs):
    """The endpoints below ``/account``."""

    @property
    def routes(self) -> list[Route]:
        return [
            *super().routes,
            Route(HOME, self.own(self.index)),
            self.posted("/account/name", self.take_name),
            Route(PASSWORD, self.own(self.show_password), methods=["GET"]),
            self.posted(PASSWORD, self.take_password, proven=PASSWORD),
            Route(SECOND, self.own(self.show_second), methods=["GET"]),
            Route(SECOND, self.own(self.set_up_second), methods=["POST"]),
            self.posted(f"{SECOND}/remove", self.remove_second, proven=SECOND),
            self.posted(f"{SECOND}/codes", self.new_codes, proven=SECOND),
            self.posted("/account/sessions/end", self.end_session),
            self.posted("/account/sessions/end-others", self.end_others),
        ]

    async def index(self, request: Request, session: Session) -> Response:
        return await self._index(session, _DONE.get(request.query_params.get("done", ""), ""))

    async def _index(self, session: Session, done: str = "", refused: Refused | None = None) -> Response:
        user = session.user
        return self.show(
            "account.html",
            session,
            refused.http_status if refused else 200,
            notice=sentence(refused) if refused else "",
            longest_name=LONGEST_NAME,
            user=user,
            role_words=ROLE_WORDS[user.role],
            sessions=await self.sessions.of_user(user),
            here=session.id,
            grants=await self.grants.of_user(user.id),
            keys=await self.live_keys(session),
            csrf=self.csrf(session),
            done=done,
        )

    async def take_name(self, session: Session, given: dict[str, str], _request: Request) -> Response:
        try:
            await self.people.set_name(session.user.id, given.get("name", ""), session.principal.id)
        except Refused as refused:
            return await self._index(session, refused=refused)
        return to(f"{HOME}?done=name")

    # ---- the password --------------------------------------------------------------------------------------------

    async def show_password(self, _: Request, session: Session) -> Response:
        return self.prove_again(session, PASSWORD) or self._password(session)

    def _password(self, session: Session, refused: Refused | None = None) -> Response:
        return self.show(
            "password.html",
            session,
            refused.http_status if refused else 200,
            narrow=True,
            login=session.user.login,
            csrf=self.csrf(session),
            notice=sentence(refused) if refused else "",
        )

    async def take_password(self, session: Session, given: dict[str, str], request: Request) -> Response:
        user, new = session.user, given.get("new", "")
        try:
            _check_repeated(new, given.get("repeated", ""))
            await self._check_old(session, given.get("old", ""), address_of(request))
            await self.people.set_password(user, new, session.principal.id, keep=session.id)
        except Refused as refused:
            return waiting(refused, self._password(session, refused))
        return self.give(to(f"{HOME}?done=password"), await self.sessions.rotate(session, password=True))

    async def _check_old(self, session: Session, old: str, address: str) -> None:
        try:
            await self.people.authenticate(session.user.login, old, address)
        except Refused as refused:
            if refused.code is not Code.UNAUTHENTICATED:
                raise
            raise Refused(Code.UNAUTHENTICATED, "That is not your password until now.", "Try again.") from None

    # ---- the second factor ---------------------------------------------------------------------------------------

    async def show_second(self, request: Request, session: Session) -> Response:
        back = own_path(request.query_params.get("next", HOME))
        asked = "next" in request.query_params
        if first := self.prove_again(session, f"{SECOND}?next={quote(back, safe='/')}" if asked else SECOND):
            return first
        if session.user.second:
            return self.show("factor.html", session, user=session.user, csrf=self.csrf(session))
        return self._enrol(session, totp.new_secret(), back, asked=asked)

    def _enrol(
        self, session: Session, secret: str, back: str, refused: Refused | None = None, *, asked: bool = False
    ) -> Response:
        from markupsafe import Markup

        picture = totp.picture(totp.address(secret, session.user.login))
        return self.show(
            "enrol.html",
            session,
            refused.http_status if refused else 200,
            qr=Markup(picture),  # noqa: S704 # made here, of numbers
            secret=secret,
            secret_in_fours=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
            next=back,
            asked=asked,
            # The token is for this secret: nobody can have a person set up an app of somebody else's.
            csrf=self.sessions.csrf(session, f"{SECOND}|{secret}"),
            notice=sentence(refused) if refused else "",
        )

    async def set_up_second(self, request: Request, session: Session) -> Response:
        given, user = await form(request), session.user
        secret, back = given.get("secret", ""), own_path(given.get("next", HOME))
        self.sessions.check_csrf(session, f"{SECOND}|{secret}", given.get("csrf", ""))
        if user.second:
            raise Refused(Code.CONFLICT, "You have a second factor already.", "Remove it first on the account page.")
        if first := self.prove_again(session, SECOND):
            return first
        by = session.principal.id
        try:
            codes = await self.people.set_up_second(user, secret, given.get("code", ""), by, keep=session.id)
        except Refused as refused:
            return self._enrol(session, secret, back, refused)
        cookie = await self.sessions.rotate(session, second=True)
        return self.give(self._codes(codes, back, "The second factor is set up."), cookie)

    def _codes(self, codes: list[str], back: str, done: str) -> Response:
        """The recovery codes, without the page's head, whose forms would be of the session's old id."""
        return self.show("codes.html", None, codes=codes, next=back, done=done)

    async def remove_second(self, session: Session, _given: dict[str, str], _request: Request) -> Response:
        await self.people.remove_second(session.user.id, session.principal.id, keep=session.id)
        return self.give(to(f"{HOME}?done=removed"), await self.sessions.rotate(session))

    async def new_codes(self, session: Session, _given: dict[str, str], _request: Request) -> Response:
        codes = await self.people.new_codes(session.user, session.principal.id)
        return self._codes(codes, HOME, "These are your codes from now on; the old ones stopped working.")

    # ---- sessions ------------------------------------------------------------------------------------------------

    async def end_session(self, session: Session, given: dict[str, str], _request: Request) -> Response:
        ended = await self.sessions.end(given.get("session", ""), session.user.id)
        return to(f"{HOME}?done={'ended' if ended else 'gone'}")

    async def end_others(self, session: Session, _given: dict[str, str], _request: Request) -> Response:
        await self.sessions.end_others(session)
        return to(f"{HOME}?done=others")


def _check_repeated(new: str, repeated: str) -> None:
    if new != repeated:
        raise Refused(Code.INVALID_ARGUMENTS, "The two new passwords differ.", "Type the same one twice.")


_DONE = {
    "name": "Others see your new name from now on.",
    "password": "The password is changed. Your other browsers are signed out.",
    "removed": "The second factor is removed. Your other browsers are signed out.",
    "ended": "That browser is signed out.",
    "gone": "That had ended already.",
    "disconnected": "That program is disconnected.",
    "revoked": "That key is revoked.",
    "others": "Your other browsers are signed out.",
}
