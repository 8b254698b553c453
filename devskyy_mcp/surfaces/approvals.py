"""The pages on which a person agrees to a change or declines it, or answers what a job asks, without any script.

``/approvals`` lists what waits, ``/approvals/{change}`` shows one change or one job's question.

They are opened with the local key, typed into a form. Nothing that could approve is in the address, in a JSON answer or
in a log: that takes the cookie of the session and a token that only the page itself holds.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..app import local_principal
from ..changes.asking import Person
from ..changes.decide import OBJECTS_WITHOUT_ASKING
from ..context import Context
from ..db.cache import Cache
from ..errors import Code, Refused
from ..guard.limits import Limiter
from ..guard.local_key import Seal, same
from ..guard.loopback import LOCAL, Rules
from .filling import asked, fields_of, give
from .proposal import asking, proposal, waiting

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..app import App

COOKIE = "dsk_approval"
SESSION_SECONDS = 900
FORM_LIMIT = 16 * 1024


class Sessions:
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


class Approvals:
    """The pages' endpoints."""

    def __init__(self, app: App, rules: Rules) -> None:
        self.app = app
        self.rules = rules
        self.sessions = Sessions(rules.key)
        self.tries = Limiter(1, 10, app.services.get(Cache), "approvals")

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/approvals", self._told(self.index)),
            Route("/approvals/open", self._told(self.open), methods=["POST"]),
            Route("/approvals/{change}", self._told(self.show)),
            Route("/approvals/{change}/open", self._told(self.open), methods=["POST"]),
            Route("/approvals/{change}/decide", self._told(self.decide), methods=["POST"]),
        ]

    def _told(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint with its refusals as pages."""

        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except Refused as refused:
                return _page("base.html", refused.http_status, notice=_sentence(refused))

        return answer

    async def index(self, request: Request) -> Response:
        if not self._session(request):
            return _page("open.html", at="/approvals")
        return _page("waiting.html", waiting=await waiting(self.app), asking=await asking(self.app))

    async def show(self, request: Request) -> Response:
        change = request.path_params["change"]
        if not self._session(request):
            return _page("open.html", at=_at(change))
        return await self._show(request, change)

    async def _show(self, request: Request, change: str, notice: str = "", status: int = 200) -> Response:
        if _is_job(change):
            view, forms = await asked(self.app, LOCAL, change)
            csrf = self.sessions.token(self._session(request), change) if forms else ""
            heading = "A job waits for your answer" if forms else "This job asks nothing now"
            found = {"heading": heading, "view": view, "forms": [(form, fields_of(form)) for form in forms]}
            return _page("question.html", status, notice=notice, csrf=csrf, **found)
        page = request.query_params.get("page", "1")
        found = await proposal(self.app, change, int(page) if page.isdigit() and len(page) < 6 else 1)
        csrf = self.sessions.token(self._session(request), change) if found["open"] else ""
        return _page("change.html", status, notice=notice, csrf=csrf, **found)

    def _session(self, request: Request) -> str:
        session = request.cookies.get(COOKIE, "")
        return session if self.sessions.known(session) else ""

    async def open(self, request: Request) -> Response:
        """Take the key, give a short-lived cookie."""
        change = request.path_params.get("change", "")
        await self.tries.hit("open")
        if not same((await _form(request)).get("key", "").strip(), self.rules.key):
            return _page("open.html", 401, at=_at(change), notice="That is not the key of this server.")
        answer = _back(change)
        answer.set_cookie(
            COOKIE,
            self.sessions.open(),
            max_age=SESSION_SECONDS,
            path="/approvals",
            secure=self.app.settings.base_url.startswith("https:"),
            httponly=True,
            samesite="strict",
        )
        return answer

    async def decide(self, request: Request) -> Response:
        """Take the person's answer."""
        change, session, form = request.path_params["change"], self._session(request), await _form(request)
        if not session:
            return _page("open.html", 401, at=_at(change), notice="Open the page with the key again; nothing was done.")
        if not same(form.get("csrf", ""), self.sessions.token(session, change)):
            raise Refused(Code.FORBIDDEN, "This form does not belong to your session.", "Open the approval page again.")
        agreed = form.get("answer") == "approve"
        if not agreed and form.get("answer") != "decline":
            raise Refused(Code.INVALID_ARGUMENTS, "The answer must be approve or decline.")
        try:
            if _is_job(change):
                await self._answer(change, form if agreed else None)
                return _back(change)
            if agreed:
                await self._check_count(change, form.get("count", ""))
            person = Person(local_principal().name, "page")
            ctx = Context(LOCAL, self.app.services, surface="page")
            await self.app.changes.decided(ctx, change, person, agreed=agreed)
        except TimeoutError:
            slow = Refused(Code.TIMEOUT, "This took too long and was given up; nothing was sent.")
            return await self._show(request, change, _sentence(slow), slow.http_status)
        except Refused as refused:
            if refused.code != Code.DECLINED:
                return await self._show(request, change, _sentence(refused), refused.http_status)
        return _back(change)

    async def _answer(self, job: str, given: dict[str, str] | None) -> None:
        """Give a person's answers to what the job asks, None for their no."""
        _, forms = await asked(self.app, LOCAL, job)
        answers: dict[str, Any] = {form.key: None for form in forms}
        if given is not None:
            for form in forms:
                typed = [(field, given.get(f"{form.key} {field.name}", "").strip()) for field in fields_of(form)]
                answers[form.key] = {field.name: field.value(text) for field, text in typed if text}
        await give(self.app, LOCAL, "page", job, answers)

    async def _check_count(self, change: str, typed: str) -> None:
        found = await proposal(self.app, change, 1)
        if found["open"] and found["type_count"] and typed.strip() != str(found["objects"]):
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"This changes more than {OBJECTS_WITHOUT_ASKING} objects; the number you typed is another one.",
                "Nothing was done. Look at all pages, then type the number of objects.",
            )


def _is_job(change: str) -> bool:
    return change.startswith("job_")


def _at(change: str) -> str:
    return f"/approvals/{change}" if change else "/approvals"


def _back(change: str) -> Response:
    return RedirectResponse(_at(change), 303)


def _sentence(refused: Refused) -> str:
    return f"{refused.message} {refused.hint}".strip()


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_LIMIT:
            raise Refused(Code.TOO_LARGE, "The form is too large.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise Refused(Code.INVALID_ARGUMENTS, "The form can't be read.") from None


@lru_cache(maxsize=1)
def _pages() -> tuple[Environment, str, str]:
    """The templates, their styles, and the policy under which they work: own styles, own forms, nothing else."""
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    from .proposal import moment, shown

    pages = Environment(loader=PackageLoader(__package__ or "", "pages"), autoescape=True, trim_blocks=True)
    css = pages.loader.get_source(pages, "page.css")[0] if pages.loader else ""
    pages.filters |= {"shown": shown, "time": moment}
    digest = b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
    return pages, Markup(css), policy + "frame-ancestors 'none'; base-uri 'none'"  # noqa: S704 # our own file


def _page(template: str, status: int = 200, **values: Any) -> Response:
    pages, css, policy = _pages()
    text = pages.get_template(template).render(css=css, **values)
    # With no-referrer a browser would send these forms with "Origin: null", as it does for pages of others.
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    return Response(text.encode(errors="replace"), status, headers, "text/html; charset=utf-8")
