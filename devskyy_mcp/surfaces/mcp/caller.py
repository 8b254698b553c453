"""Who speaks, by what profile and through which door: read from the request, never from session state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from ...context import Principal
from .sdk import RequestContext

PRINCIPAL = "devskyy.principal"
PROFILE = "devskyy.profile"
PROFILES = ("default", "full")
Profile = Literal["default", "full"]


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's principal, profile (``default`` or ``full``) and surface (``stdio`` or ``http``)."""

    principal: Principal
    profile: str
    surface: str

    @property
    def person(self) -> str:
        """How the journal calls the person behind the host: one who signed in by the id, which is shown as a name."""
        who = self.principal
        return who.id if who.kind in {"user", "key"} else who.name or "the host's user"


CallerOf = Callable[[RequestContext], Caller]


def fixed(caller: Caller) -> CallerOf:
    """For stdio: one caller for the whole connection."""
    return lambda _ctx: caller


def from_request(ctx: RequestContext) -> Caller:
    """For HTTP: the principal that the outer middleware put into the ASGI scope.

    Raises:
        KeyError: when nothing did; the endpoint has refused such a request before.
    """
    assert ctx.request is not None  # the HTTP transport always attaches it
    scope = cast("dict[str, Any]", ctx.request.scope)
    return Caller(scope[PRINCIPAL], scope[PROFILE], "http")
