"""What packs offer beside tools: prompts that people start from, and resources to read."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..context import Context
from ..errors import Code, Refused
from .policy import Texts

ARGUMENT_LIMIT = 10_000
"""Characters of a prompt's argument."""


@dataclass(frozen=True)
class PromptArgument:
    """``values``, where there are any, are the only ones it takes; ``complete(ctx, prefix)`` offers some."""

    name: str
    description: str
    required: bool = False
    complete: Callable[[Context, str], Awaitable[list[str]]] | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prompt:
    """A prompt people start from. ``render(ctx, arguments)`` gives the text of the user's message, or a list of texts
    and resources, each of which becomes a message of the user's.
    """

    name: str
    title: str
    description: str
    render: Callable[[Context, Mapping[str, str]], Awaitable[Any]]
    arguments: tuple[PromptArgument, ...] = ()
    scopes: frozenset[str] = frozenset()

    def check(self, arguments: Mapping[str, str]) -> None:
        """Whether it can be rendered with these arguments.

        Raises:
            Refused: INVALID_ARGUMENTS, naming each; TOO_LARGE.
        """
        known = {item.name: item for item in self.arguments}
        said: list[str] = []
        for given, value in arguments.items():
            if given not in known:
                near = difflib.get_close_matches(given, known, 1, 0.5)
                did = f" (did you mean {near[0]}?)" if near else ""
                said.append(f"{given[:60]} is not an argument of {self.name}{did}")
            elif value and known[given].values and value not in known[given].values:
                said.append(f"{given} must be one of {', '.join(known[given].values)}")
        said += [
            f"{item.name} is required" for item in self.arguments if item.required and not arguments.get(item.name)
        ]
        if said:
            names = ", ".join(known) or "none"
            raise Refused(Code.INVALID_ARGUMENTS, "; ".join(said[:5]) + ".", f"{self.name} takes: {names}.")
        if any(len(value) > ARGUMENT_LIMIT for value in arguments.values()):
            raise Refused(Code.TOO_LARGE, f"A prompt's argument has at most {ARGUMENT_LIMIT:,} characters.")


@dataclass(frozen=True, slots=True)
class Content:
    """What a resource reads, where its media type is not the same for all that its template stands for."""

    data: bytes
    mime_type: str


@dataclass(frozen=True)
class Resource:
    """Something to read, at a URI or at a URI template (RFC 6570 level 1: ``devskyy://products/{id}``).

    ``read(ctx, values)`` gives a JSON object (served as application/json), text, bytes or ``Content``. ``complete(ctx,
    name, prefix)`` offers values for a template's variable. ``ui`` is what hosts of MCP Apps are told about a page.
    """

    uri: str
    name: str
    title: str
    description: str
    read: Callable[[Context, Mapping[str, str]], Awaitable[Any]]
    mime_type: str = "application/json"
    scopes: frozenset[str] = frozenset()
    complete: Callable[[Context, str, str], Awaitable[list[str]]] | None = None
    texts: Texts = "none"
    ui: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def template(self) -> bool:
        return "{" in self.uri
