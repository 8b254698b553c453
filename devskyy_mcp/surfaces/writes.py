"""The page on which owners stop all writes and let them go on: ``/approvals/writes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import Code, Refused
from ..guard.brake import Brake
from .page import form, page, told
from .people.browser import to
from .visitors import ByKey, BySession, Visitor, check_token

if TYPE_CHECKING:
    from ..app import App

AT = "/approvals/writes"
TOKEN = "writes"  # noqa: S105 # what a form's token is for
RESUMING = "lets all writes go on"


class Writes:
    """The page's endpoints; ``entrance`` is that of the approval pages."""

    def __init__(self, app: App, entrance: ByKey | BySession) -> None:
        self.app = app
        self.entrance = entrance

    @property
    def routes(self) -> list[Route]:
        return [Route(AT, told(self.show)), Route(AT, told(self.decide), methods=["POST"])]

    @property
    def brake(self) -> Brake:
        return self.app.services.get(Brake)

    async def show(self, request: Request) -> Response:
        visitor = await self.entrance.visitor(request)
        if visitor is None:
            return self.entrance.closed(AT)
        stop = await self.brake.state()
        owner = _is_owner(visitor)
        first = visitor.first(RESUMING, AT) if stop and owner else None
        return page(
            "writes.html",
            me=visitor.me,
            stop=stop,
            by=await self.brake.named(stop.by) if stop else "",
            owner=owner,
            csrf=visitor.token(TOKEN) if owner else "",
            prove_at=first.headers["location"] if first else "",
        )

    async def decide(self, request: Request) -> Response:
        """Take an owner's word. Stopping asks for nothing more; letting go on asks for a fresh proof."""
        visitor = await self.entrance.visitor(request)
        given = await form(request)
        if visitor is None:
            return self.entrance.closed(AT, 401, "Open the page with the key again; nothing was done.")
        check_token(visitor, TOKEN, given.get("csrf", ""))
        if not _is_owner(visitor):
            raise Refused(Code.FORBIDDEN, "Only owners stop writes or let them go on.")
        match given.get("answer"):
            case "stop":
                await self.brake.stop(str(visitor.person), visitor.principal.id, "page")
            case "resume":
                if first := visitor.first(RESUMING, AT):
                    return first
                await self.brake.resume(visitor.principal.id, "page")
            case _:
                raise Refused(Code.INVALID_ARGUMENTS, "The answer must be stop or resume.")
        return to(AT)


def _is_owner(visitor: Visitor) -> bool:
    return "*" in visitor.principal.scopes
