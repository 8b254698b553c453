"""Who sends the hostile requests: nobody, programs with a token of a person, browsers that are signed in."""

from __future__ import annotations

from typing import Protocol

from pyotp.totp import TOTP

from devskyy_mcp.auth.people import People
from devskyy_mcp.auth.sessions import Session, Sessions
from devskyy_mcp.auth.totp import new_secret
from tests.fakes.oauth import Host
from tests.fakes.people import BY, person
from tests.fakes.served import Site
from tests.fakes.tokens import client, token

OURS = b"http://127.0.0.1:8000"
OFFICE = ["notes:write", "changes:write", "jobs:write", "tools:read"]


class Caller(Protocol):
    """``headers`` are sent along, ``csrf`` is the right token for a form of that name."""

    async def headers(self) -> dict[str, bytes]: ...
    def csrf(self, form: str) -> str: ...


class Nobody:
    async def headers(self) -> dict[str, bytes]:
        return {}

    def csrf(self, form: str) -> str:
        return "x"


class Program(Nobody):
    def __init__(self, access: str) -> None:
        self._access = access

    async def headers(self) -> dict[str, bytes]:
        return {"authorization": f"Bearer {self._access}".encode()}


class Browser:
    """A person's browser; it signs in again when something that it sent has ended its session."""

    def __init__(self, shop: Site, user_id: str) -> None:
        self._sessions, self._people = shop.app.services.get(Sessions), shop.app.services.get(People)
        self._user_id = user_id
        self._cookie = ""
        self._session: Session | None = None

    async def headers(self) -> dict[str, bytes]:
        self._session = await self._sessions.of(self._cookie)
        if self._session is None:
            user = await self._people.get(self._user_id)
            assert user
            amr = ["pwd", "otp", "mfa"] if user.second else ["pwd"]
            self._cookie = await self._sessions.open(user, amr, "a browser", "127.0.0.1")
            self._session = await self._sessions.of(self._cookie)
        return {"cookie": f"dsk_session={self._cookie}".encode(), "origin": OURS}

    def csrf(self, form: str) -> str:
        assert self._session
        return self._sessions.csrf(self._session, form)


async def programs(shop: Site) -> list[Caller]:
    """Programs that may do everything, the daily work with notes, and nothing with notes."""
    await client(shop.app)
    owner, editor = await person(shop.app), await person(shop.app, "editor", "bo@example.com")
    given = [(owner, ["*"]), (owner, OFFICE), (editor, ["*"])]
    return [Program(await token(shop.app, user, scopes)) for user, scopes in given]


async def browsers(shop: Site) -> list[Caller]:
    """An owner's with a second factor, and an editor's without."""
    owner, editor = await person(shop.app), await person(shop.app, "editor", "bo@example.com")
    secret = new_secret()
    await shop.app.services.get(People).set_up_second(owner, secret, TOTP(secret).now(), BY)
    return [Browser(shop, owner.id), Browser(shop, editor.id)]


async def known_to(shop: Site, caller: Caller) -> dict[str, str]:
    """What stands in the targets for something that is there, with what it really is called."""
    headers = {name: value.decode() for name, value in (await caller.headers()).items()}
    if "cookie" in headers:
        headers["x-csrf-token"] = caller.csrf("api")
    waits = (await shop.call_with(headers, "notes_burn", note=2)).json()
    registered = {} if shop.app.settings.sign_in == "none" else await Host(shop.http).register()
    return {"chg_x": waits["change"], "client_x": registered.get("client_id", "client_x")}
