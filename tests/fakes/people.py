"""People for tests: passwords that are known, a clock that is moved by hand, and a browser's way through the forms."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx2
from pyotp.totp import TOTP

from devskyy_mcp.app import App
from devskyy_mcp.auth.grants import Grants
from devskyy_mcp.auth.people import People, User
from devskyy_mcp.auth.scopes import Role
from devskyy_mcp.auth.sessions import Sessions
from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import oauth_clients

PASSWORD = "four words nobody guesses"
BY = "os:0:root"


class Clock:
    """Microseconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = time.time_ns() // 1000

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += int(seconds * 1e6)

    def install(self, app: App) -> None:
        """Have the app's people and sessions go by this clock."""
        app.services.get(People).clock = app.services.get(People).throttle.clock = self
        app.services.get(Sessions).clock = self


async def person(app: App, role: Role = "owner", login: str = "ada@example.com", name: str = "Ada") -> User:
    return await app.services.get(People).add(login, name, role, PASSWORD, BY)


async def connected(app: App, user: User, name: str = "Claude") -> str:
    """A grant that the person has given a program; its id."""
    client_id = f"client-{name}"
    client: dict[str, Any] = {
        "id": client_id,
        "kind": "registered",
        "metadata": {"client_name": name},
        "created_at": time.time_ns() // 1000,
    }
    grants = app.services.get(Grants)
    async with app.services.get(Database).begin() as conn:
        await conn.execute(oauth_clients.insert().values(client))
        return await grants.open(
            conn,
            client_id=client_id,
            scopes=["catalog:read", "offline_access"],
            resource="http://127.0.0.1:8000/mcp",
            lives=10**12,
            user_id=user.id,
        )


def field(page: httpx2.Response, name: str = "csrf", action: str = "") -> str:
    """The value of a form's hidden field; of the form that leads to ``action`` where the page has several."""
    text = page.text.partition(f'action="{action}"')[2] if action else page.text
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, page.text
    return found[1]


class Visit:
    """One browser of one person."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http
        self.app: TOTP | None = None
        self.codes: list[str] = []

    @property
    def cookie(self) -> str:
        """The session's cookie; another one may be put in its place."""
        return self.http.cookies["dsk_session"]

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.forget()
        self.http.cookies.set("dsk_session", value, "127.0.0.1")

    def forget(self) -> None:
        """Become a browser without any cookie."""
        self.http.cookies.clear()

    async def get(self, path: str) -> httpx2.Response:
        return await self.http.get(path)

    async def send(self, path: str, **form: Any) -> httpx2.Response:
        return await self.http.post(path, data=form)

    async def sign_in(
        self, login: str = "ada@example.com", password: str = PASSWORD, back: str = ""
    ) -> httpx2.Response:
        return await self.send("/login", login=login, password=password, next=back)

    async def set_up_second(self, clock: Clock, back: str = "") -> httpx2.Response:
        """Set up an authenticator app with the page's own secret."""
        page = await self.get("/account/second-factor")
        secret = field(page, "secret", "/account/second-factor")
        self.app = TOTP(secret)
        csrf = field(page, action="/account/second-factor")
        done = await self.send("/account/second-factor", csrf=csrf, secret=secret, code=self.code(clock), next=back)
        self.codes = re.findall(r"<code>([a-z2-7-]{19})</code>", done.text)
        return done

    def code(self, clock: Clock) -> str:
        """What the app shows now."""
        assert self.app
        return self.app.at(clock.now // 1_000_000)

    async def give_code(self, code: str, at: str = "/login/second-factor", back: str = "") -> httpx2.Response:
        page = await self.get(at)
        return await self.send(at, csrf=field(page, action=at), code=code, next=back)
