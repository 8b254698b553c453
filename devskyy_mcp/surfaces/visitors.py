"""Who looks at the approval pages: a person who signed in, or, where nobody does, whoever has the local key."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request
from starlette.responses import Response

from ..app import local_principal
from ..auth.scopes import covers, of_role
from ..auth.sessions import Session
from ..changes.asking import Person
from ..changes.decide import CANT_UNDO, OBJECTS_WITHOUT_ASKING
from ..context import Principal
from ..db.cache import Cache
from ..errors import Code, Refused
from ..guard.limits import Limiter
from ..guard.local_key import Seal, same, signing_secret
from ..guard.loopback import LOCAL, Rules
from .page import page
from .people.browser import Browser, to

if TYPE_CHECKING:
    from ..app import App
    from ..capability import Capability

COOKIE = "dsk_approval"
SESSION_SECONDS = 900


class Visitor(Protocol):
    """Somebody whom a page may be shown to."""

    @property
    def principal(self) -> Principal: ...

    @property
    def person(self) -> Person:
        """How the journal calls them."""
        ...

    @property
    def me(self) -> dict[str, str] | None:
        """For the head of the page; None where there is nobody to name."""
        ...

    def token(self, change: str) -> str:
        """What binds a form to this visitor and its change."""
        ...

    def sees(self, scopes: Iterable[str], /) -> bool:
        """Whether they may look at what a tool of these scopes would do."""
        ...

    def first(self, why: str, back: str, /) -> Response | None:
        """Where to send them to prove themselves before they approve; None when they may at once.

        Args:
            why: why a fresh proof is needed; empty when it is not.
            back: where the proof leads back to.
        """
        ...


def check_token(visitor: Visitor, change: str, given: str) -> None:
    """Raise Refused FORBIDDEN for a form that this visitor was not shown."""
    if not same(given, visitor.token(change)):
        raise Refused(Code.FORBIDDEN, "This form does not belong to your session.", "Open the approval page again.")


# ---- with the local key -------------------------------------------------------------------------------------------


class KeySessions:
    """Who has opened the pages with the key, at whichever server of the data folder. ``token`` binds a form to its
    session and its change.
    """

    def __init__(self, key: str, clock: Callable[[], float] = time.time) -> None:
        self._seal = Seal(key, "approvals", clock)

    def open(self) -> str:
        return self._seal.seal(secrets.token_urlsafe(32), SESSION_SECONDS)

    def known(self, session: str) -> bool:
        return self._seal.open(session) is not None

    def token(self, session: str, change: str) -> str:
        return self._seal.sign(f"{session}|{change}")


class KeyHolder:
    """The user of this machine: sees and decides everything."""

    principal = LOCAL
    me = None

    def __init__(self, sessions: KeySessions, session: str) -> None:
        self._sessions = sessions
        self._session = session
        self.person = Person(local_principal().name, "page")

    def token(self, change: str) -> str:
        return self._sessions.token(self._session, change)

    def sees(self, _scopes: Iterable[str], /) -> bool:
        return True

    def first(self, _why: str, _back: str, /) -> Response | None:
        return None


class ByKey:
    """The local key, typed into a form, gives a cookie for a quarter of an hour."""

    def __init__(self, app: App, rules: Rules) -> None:
        self._rules = rules
        self._sessions = KeySessions(signing_secret(app.settings))
        self._tries = Limiter(1, 10, app.services.get(Cache), "approvals")
        self._secure = app.settings.base_url.startswith("https:")

    async def visitor(self, request: Request) -> Visitor | None:
        session = request.cookies.get(COOKIE, "")
        return KeyHolder(self._sessions, session) if self._sessions.known(session) else None

    def closed(self, at: str, status: int = 200, notice: str = "", /) -> Response:
        return page("open.html", status, at=at, notice=notice)

    async def open(self, key: str, at: str) -> Response:
        """Take the key, give a short-lived cookie."""
        await self._tries.hit("open")
        if not same(key.strip(), self._rules.key):
            return self.closed(at, 401, "That is not the key of this server.")
        answer = to(at)
        answer.set_cookie(
            COOKIE,
            self._sessions.open(),
            max_age=SESSION_SECONDS,
            path="/approvals",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return answer


# ---- with a person's session --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignedIn:
    """A person: sees what the role may read, and approves what it may do."""

    browser: Browser
    session: Session

    @property
    def principal(self) -> Principal:
        return self.session.principal

    @property
    def person(self) -> Person:
        return Person(self.principal.id, "page")

    @property
    def me(self) -> dict[str, str]:
        return self.browser.me(self.session)

    def token(self, change: str) -> str:
        return self.browser.sessions.csrf(self.session, f"/approvals/{change}")

    def sees(self, scopes: Iterable[str]) -> bool:
        return all(self.principal.may(f"{scope.partition(':')[0]}:read") for scope in scopes)

    def first(self, why: str, back: str) -> Response | None:
        return self.browser.step_up(self.session, back) if why else None


def why_proof(tool: Capability | None, objects: int, reasons: Iterable[str]) -> str:
    """Why approving asks for a fresh second factor, as words that follow "it"; empty when it does not.

    Args:
        tool: whose change it is; None when this server has it no more.
        objects: how many it changes.
        reasons: why a person is asked.
    """
    if tool is None or tool.policy.effect == "destroy" or any(one.startswith(CANT_UNDO) for one in reasons):
        return "can't be taken back, or moves money"
    if objects > OBJECTS_WITHOUT_ASKING:
        return f"changes more than {OBJECTS_WITHOUT_ASKING} objects"
    own = not all(covers(of_role("manager"), scope) for scope in tool.policy.scopes)
    return "is for owners alone" if own else ""


class BySession(Browser):
    """A person's session; whoever has none signs in first."""

    async def visitor(self, request: Request) -> Visitor | None:
        session = await self.session(request)
        return SignedIn(self, session) if session else None

    def closed(self, at: str, _status: int = 200, _notice: str = "", /) -> Response:
        return to("/login", at)
