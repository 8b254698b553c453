"""The question to a person, and who answered it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .view import ChangeView, text_of_change

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..capability import Capability
    from ..context import Context


@dataclass(frozen=True)
class Person:
    """The one who agreed or declined, and where: ``elicitation``, ``page`` or ``terminal``."""

    name: str
    where: str

    def __str__(self) -> str:
        return f"{self.name} ({self.where})"


class Started(Protocol):
    """A job as whoever starts it sees it."""

    job: str


class JobStarter(Protocol):
    """Starts jobs; the layer above provides it."""

    async def submit(
        self,
        ctx: Context,
        capability: Capability,
        arguments: Mapping[str, Any],
        *,
        conn: AsyncConnection | None = None,
        change: str | None = None,
    ) -> Started:
        """Store a job that carries out the change, inside the caller's transaction."""
        ...

    async def announce(self, job: str) -> None:
        """Tell the workers, after the commit."""
        ...


class AskPerson(Exception):
    """A person must agree before this goes on; the surface asks and calls again with the answer."""

    def __init__(self, view: ChangeView, message: str) -> None:
        super().__init__(message)
        self.view = view
        self.message = message


def request_hash(principal: str, tool: str, arguments: Mapping[str, Any]) -> str:
    given = {name: value for name, value in arguments.items() if name != "preview"}
    text = json.dumps([principal, tool, given], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def question_text(view: ChangeView) -> str:
    """What a person reads before agreeing: summary, rows, warnings, effects, reasons."""
    shown = {"summary", "changes", "more", "warnings", "effects", "asks", "counts"}
    return text_of_change(view.model_dump(mode="json", exclude_none=True, include=shown))
