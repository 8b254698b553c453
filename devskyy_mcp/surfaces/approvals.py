"""The pages on which a person agrees to a change or declines it, or answers what a job asks, without any script.

``/approvals`` lists what waits, ``/approvals/{change}`` shows one change or one job's question.

They are opened with a person's session, or, where there is no sign-in, with the local key typed into a form. Nothing
that could approve is in the address, in a JSON answer or in a log: that takes the cookie of the session and a token
that only the page itself holds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..capability import Capability, authorize
from ..changes.decide import OBJECTS_WITHOUT_ASKING
from ..context import Context, Principal
from ..errors import Code, Refused
from ..guard.brake import Brake
from ..guard.loopback import Rules
from ..jobs.deciding import decides
from .filling import asked, fields_of, give
from .page import form, page, sentence, told
from .people.browser import to
from .proposal import asking, proposal, waiting
from .visitors import ByKey, BySession, Visitor, check_token, why_proof
from .writes import Writes

if TYPE_CHECKING:
    from ..app import App

AT = "/approvals"


class Approvals:
    """The pages' endpoints."""

    def __init__(self, app: App, rules: Rules) -> None:
        self.app = app
        self.by_key = ByKey(app, rules) if app.settings.sign_in == "none" else None
        self.entrance = self.by_key or BySession(app)

    @property
    def routes(self) -> list[Route]:
        pages = [
            *Writes(self.app, self.entrance).routes,
            Route(AT, told(self.index)),
            Route(f"{AT}/{{change}}", told(self.show)),
            Route(f"{AT}/{{change}}/decide", told(self.decide), methods=["POST"]),
        ]
        if self.by_key is None:
            return pages
        opening = [Route(path, told(self.open), methods=["POST"]) for path in (f"{AT}/open", f"{AT}/{{change}}/open")]
        return [*opening, *pages]

    async def index(self, request: Request) -> Response:
        visitor = await self.entrance.visitor(request)
        if visitor is None:
            return self.entrance.closed(AT)
        found = [one for one in await waiting(self.app) if self._sees(visitor, one.tool)]
        jobs = [one for one in await asking(self.app) if self._sees(visitor, one.tool)]
        stopped = await self.app.services.get(Brake).state()
        return page("waiting.html", me=visitor.me, waiting=found, asking=jobs, stopped=stopped)

    async def show(self, request: Request) -> Response:
        change, visitor = request.path_params["change"], await self.entrance.visitor(request)
        if visitor is None:
            return self.entrance.closed(_at(change))
        return await self._show(request, visitor, change)

    async def _show(
        self, request: Request, visitor: Visitor, change: str, notice: str = "", status: int = 200
    ) -> Response:
        if _is_job(change):
            return await self._show_job(visitor, change, notice, status)
        number = request.query_params.get("page", "1")
        found = await proposal(self.app, change, int(number) if number.isdigit() and len(number) < 6 else 1)
        name: str = found["row"]["tool"]
        if not self._sees(visitor, name):
            raise Refused(Code.FORBIDDEN, "Your role may not see this change.", "Ask an owner or a manager to decide.")
        tool = self.app.registry.tools.get(name)
        may, why = _may(visitor, tool), _why(tool, found)
        first = visitor.first(why, _at(change)) if found["open"] and may else None
        return page(
            "change.html",
            status,
            me=visitor.me,
            notice=notice,
            csrf=visitor.token(change) if found["open"] else "",
            may=may,
            prove_at=first.headers["location"] if first else "",
            proof_why=why,
            **found,
        )

    async def _show_job(self, visitor: Visitor, job: str, notice: str, status: int) -> Response:
        view, forms = await asked(self.app, _looking(visitor), job)
        if not self._sees(visitor, view.tool):
            raise Refused(Code.FORBIDDEN, "Your role may not see this job.", "Ask an owner or a manager to answer.")
        if (change := decides(view)) is not None:  # the change's own page shows what is agreed to
            return to(_at(change))
        may = bool(forms) and _may(visitor, self.app.registry.tools.get(view.tool))
        return page(
            "question.html",
            status,
            me=visitor.me,
            notice=notice,
            csrf=visitor.token(job) if may else "",
            heading="A job waits for an answer" if forms else "This job asks nothing now",
            view=view,
            may=may,
            forms=[(asks, fields_of(asks)) for asks in forms],
        )

    def _sees(self, visitor: Visitor, name: str) -> bool:
        tool = self.app.registry.tools.get(name)
        return visitor.sees(tool.policy.scopes if tool else ("*",))

    async def open(self, request: Request) -> Response:
        """Take the local key."""
        assert self.by_key is not None
        key = (await form(request)).get("key", "")
        return await self.by_key.open(key, _at(request.path_params.get("change", "")))

    async def decide(self, request: Request) -> Response:
        """Take the person's answer."""
        change, visitor = request.path_params["change"], await self.entrance.visitor(request)
        given = await form(request)
        if visitor is None:
            again = "Open the page with the key again; nothing was done."
            return self.entrance.closed(_at(change), 401, again)
        check_token(visitor, change, given.get("csrf", ""))
        agreed = given.get("answer") == "approve"
        if not agreed and given.get("answer") != "decline":
            raise Refused(Code.INVALID_ARGUMENTS, "The answer must be approve or decline.")
        try:
            if _is_job(change):
                return await self._answer(visitor, change, given if agreed else None)
            if first := await self._check(visitor, change, given.get("count", ""), agreed=agreed):
                return first
            ctx = Context(visitor.principal, self.app.services, surface="page")
            await self.app.changes.decided(ctx, change, visitor.person, agreed=agreed)
        except TimeoutError:
            slow = Refused(Code.TIMEOUT, "This took too long and was given up; nothing was sent.")
            return await self._show(request, visitor, change, sentence(slow), slow.http_status)
        except Refused as refused:
            if refused.code != Code.DECLINED:
                return await self._show(request, visitor, change, sentence(refused), refused.http_status)
        return to(_at(change))

    async def _answer(self, visitor: Visitor, job: str, given: dict[str, str] | None) -> Response:
        """Give a person's answers to what the job asks, None for their no; where to go next.

        Raises:
            Refused: FORBIDDEN when the person's role does not cover the job's tool.
        """
        looking = _looking(visitor)
        view, forms = await asked(self.app, looking, job)
        if (tool := self.app.registry.tools.get(view.tool)) is not None:
            authorize(visitor.principal, tool)
        if given is not None and (first := visitor.first(why_proof(tool, 0, ()), _at(job))):
            return first
        answers: dict[str, Any] = {asks.key: None for asks in forms}
        if given is not None:
            for asks in forms:
                typed = [(field, given.get(f"{asks.key} {field.name}", "").strip()) for field in fields_of(asks)]
                answers[asks.key] = {field.name: field.value(text) for field, text in typed if text}
        await give(self.app, looking, "page", job, answers)
        return to(_at(job))

    async def _check(self, visitor: Visitor, change: str, typed: str, *, agreed: bool) -> Response | None:
        """Whether this visitor may decide; where to go first to prove it.

        Raises:
            Refused: FORBIDDEN; INVALID_ARGUMENTS when the number typed is not the number of objects.
        """
        found = await proposal(self.app, change, 1)
        tool = self.app.registry.tools.get(found["row"]["tool"])
        if not found["open"]:
            return None
        if tool is not None:
            authorize(visitor.principal, tool)
        if not agreed:
            return None
        if first := visitor.first(_why(tool, found), _at(change)):
            return first
        if found["type_count"] and typed.strip() != str(found["objects"]):
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"This changes more than {OBJECTS_WITHOUT_ASKING} objects; the number you typed is another one.",
                "Nothing was done. Look at all pages, then type the number of objects.",
            )
        return None


def _may(visitor: Visitor, tool: Capability | None) -> bool:
    """Whether the visitor's role covers what the tool needs."""
    try:
        if tool is not None:
            authorize(visitor.principal, tool)
    except Refused:
        return False
    return True


def _why(tool: Capability | None, found: dict[str, Any]) -> str:
    return why_proof(tool, found["objects"], found["row"]["reasons"] or [])


def _looking(visitor: Visitor) -> Principal:
    """The visitor as one who finds everybody's jobs: what they may do with one, their role says."""
    return replace(visitor.principal, scopes=visitor.principal.scopes | {"audit:read"})


def _is_job(change: str) -> bool:
    return change.startswith("job_")


def _at(change: str) -> str:
    return f"{AT}/{change}" if change else AT
