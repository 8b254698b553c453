"""The one way past our own results, for the fixtures of the official conformance suite and for nothing else.

The suite wants tools that answer with images, that sample, that ask in three rounds: none of which DevSkyy's tools do.
Its fixtures are an ordinary pack, called ``conformance``, whose handlers find a ``Raw`` in ``ctx.extras``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...app import App
from ...errors import Code, Refused
from .sdk import AnnouncingServer, RequestContext

PACK = "conformance"
KEY = "mcp"


@dataclass
class Raw:
    """The SDK's own view of a request. A handler sets ``answer`` to what goes out, an exception included."""

    ctx: RequestContext
    params: Any
    answer: Any = None


@dataclass
class RawParts:
    """What fixtures add to the server itself; a service that their pack provides."""

    extend: Any
    """Called with the server, once it has its handlers."""
    event_store: Any = None
    retry_interval: int | None = None


def parts(app: App) -> RawParts | None:
    """The fixtures' parts, if their pack is here.

    Raises:
        Refused: NOT_CONFIGURED when it is, outside of tests.
    """
    if not any(pack.name == PACK for pack in app.registry.packs):
        return None
    if app.settings.environment != "test":
        raise Refused(Code.NOT_CONFIGURED, f"The pack {PACK!r} is for tests only.", "Set ENVIRONMENT=test, or drop it.")
    return app.services.get(RawParts)


def extend(server: AnnouncingServer, found: RawParts) -> None:
    found.extend(server)
