"""What acts in a person's name: programs that they connected, and API keys. Seen and ended on the account page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...auth.api_keys import ApiKey, ApiKeys
from ...auth.grants import Grants
from ...auth.scopes import covers, of_role
from ...auth.sessions import Session
from ...errors import Code, Refused
from ..page import sentence
from .browser import HOME, to
from .own import Own

KEYS = "/account/keys"
DAYS = (30, 90, 365)


class Programs(Own):
    """The endpoints below ``/account/programs`` and ``/account/keys``."""

    @property
    def routes(self) -> list[Route]:
        return [
            self.posted("/account/programs/end", self.end_program),
            Route(KEYS, self.own(self.show_keys), methods=["GET"]),
            self.posted(KEYS, self.make_key, proven=KEYS),
            self.posted(f"{KEYS}/end", self.end_key),
        ]

    @property
    def grants(self) -> Grants:
        return self.app.services.get(Grants)

    @property
    def keys(self) -> ApiKeys:
        return self.app.services.get(ApiKeys)

    async def live_keys(self, session: Session) -> list[ApiKey]:
        now = self.sessions.clock()
        found = await self.keys.all(session.user.id)
        return [key for key in found if key.revoked_at is None and key.expires_at > now]

    async def end_program(self, session: Session, given: dict[str, str], _request: Request) -> Response:
        mine = {grant.id for grant in await self.grants.of_user(session.user.id)}
        grant = given.get("grant", "")
        ended = grant in mine and await self.grants.revoke(grant, session.principal.id)
        return to(f"{HOME}?done={'disconnected' if ended else 'gone'}")

    async def show_keys(self, _: Request, session: Session) -> Response:
        return self.prove_again(session, KEYS) or self._keys(session)

    def _keys(self, session: Session, refused: Refused | None = None, name: str = "") -> Response:
        return self.show(
            "keys.html",
            session,
            refused.http_status if refused else 200,
            csrf=self.csrf(session),
            scopes=self._grantable(session),
            days=DAYS,
            name=name,
            notice=sentence(refused) if refused else "",
        )

    def _grantable(self, session: Session) -> list[str]:
        """The scopes that tools ask for and the person's role covers."""
        tools = self.app.registry.tools.values()
        known = {scope for tool in tools for scope in tool.policy.scopes}
        return sorted(scope for scope in known if covers(of_role(session.user.role), scope))

    async def make_key(self, session: Session, given: dict[str, str], _request: Request) -> Response:
        name, days = given.get("name", "").strip(), given.get("days", "")
        scopes = [scope for scope in self._grantable(session) if given.get(scope) == "on"]
        try:
            _check_scopes(scopes)
            number = int(days) if days.isdecimal() and len(days) < 4 else 0
            key, text = await self.keys.create(session.user, name, scopes, session.principal.id, days=number)
        except Refused as refused:
            return self._keys(session, refused, name[:80])
        return self.show("key.html", session, key=key, text=text)

    async def end_key(self, session: Session, given: dict[str, str], _request: Request) -> Response:
        mine = {key.id for key in await self.live_keys(session)}
        key = given.get("key", "")
        if key in mine:
            await self.keys.revoke(key, session.principal.id)
        return to(f"{HOME}?done={'revoked' if key in mine else 'gone'}")


def _check_scopes(scopes: list[str]) -> None:
    if not scopes:
        raise Refused(Code.INVALID_ARGUMENTS, "The key may do nothing yet.", "Tick what it may do.")
