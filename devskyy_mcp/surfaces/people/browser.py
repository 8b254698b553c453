"""What all pages of people share: whose browser it is, where it may be sent, and when it must prove itself anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ...auth.people import People
from ...auth.sessions import Session, Sessions
from ..callers import cookie_name
from ..page import page

if TYPE_CHECKING:
    from ...app import App

HOME = "/account"
LONGEST_NEXT = 4096
_OWN = re.compile(
    r"/(?:account|approvals|connect|oauth/authorize)(?:/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9_.~%&=+:/?@!$'()*,;-]*)?"
)


class Browser:
    """Base of the pages: the app's people and sessions, and the cookie."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.secure = app.settings.base_url.startswith("https:")
        self.cookie = cookie_name(app.settings.base_url)

    @property
    def people(self) -> People:
        return self.app.services.get(People)

    @property
    def sessions(self) -> Sessions:
        return self.app.services.get(Sessions)

    async def session(self, request: Request) -> Session | None:
        """The signed-in session of the browser that asks."""
        given = request.cookies.get(self.cookie)
        return await self.sessions.of(given) if given else None

    async def half(self, request: Request) -> Session | None:
        """The session of a browser whose person still owes the second factor."""
        given = request.cookies.get(self.cookie)
        return await self.sessions.half(given) if given else None

    def show(self, template: str, session: Session | None, status: int = 200, **values: Any) -> Response:
        """A page with the head of a signed-in person."""
        return page(template, status, me=self.me(session) if session else None, **values)

    def me(self, session: Session) -> dict[str, str]:
        """What the head of each page shows of the person."""
        return {"name": session.user.name, "role": session.user.role, "out": self.sessions.csrf(session, "logout")}

    def give(self, response: Response, cookie: str) -> Response:
        """The response with the session's cookie, which ends with the browser."""
        response.set_cookie(self.cookie, cookie, path="/", secure=self.secure, httponly=True, samesite="lax")
        return response

    def take(self, response: Response) -> Response:
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="lax")
        return response

    def prove_again(self, session: Session, back: str) -> Response | None:
        """Where to send a person whose proof is too old; None when it is fresh."""
        return None if session.fresh(self.sessions.clock()) else to("/login/again", back)

    def step_up(self, session: Session, back: str) -> Response | None:
        """As ``prove_again``, and owners and managers without a second factor must set one up."""
        user = session.user
        if not user.second and user.role in {"owner", "manager"}:
            return to("/account/second-factor", back)
        return self.prove_again(session, back)


def own_path(given: str) -> str:
    """The path if it is one of our pages for people, else the account page: nobody is sent anywhere else."""
    return given if len(given) <= LONGEST_NEXT and _OWN.fullmatch(given) else HOME


def to(path: str, back: str = "") -> Response:
    """Send the browser to a page of ours, which later leads on to ``back``."""
    return RedirectResponse(f"{path}?next={quote(back, safe='/')}" if back else path, 303)


def address_of(request: Request) -> str:
    """The IP address that the request comes from; empty over a Unix socket."""
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    """The browser in a few words: name and system of its User-Agent."""
    told = request.headers.get("user-agent", "")
    name = next((words for mark, words in _BROWSERS if mark in told), "")
    system = next((words for mark, words in _SYSTEMS if mark in told), "")
    return f"{name} on {system}" if name and system else name or told[:60]


_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
