"""The agents of one server: what their files say, and which of their tools are here."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Code, Refused
from .checking import tools_of
from .compiled import compiled
from .loading import Loaded, Source, Written, sources

if TYPE_CHECKING:
    from ..capability import Capability, Registry
    from .model import AgentFile

PACKAGE = Path(__file__).resolve().parents[1]
SHOWN = "agents"


def own_folder() -> Path:
    """Where the project's own files are: in the wheel beside this package's code, else in the checkout."""
    wheel = PACKAGE / "_agents"
    return wheel if wheel.is_dir() else PACKAGE.parent / "agents"


class Agent:
    """One specialist.

    Args:
        written: its file.
        off: its tools that this server does not have, as its settings say.
        switches: the variables that would bring them back.
    """

    def __init__(self, written: Written, off: tuple[str, ...] = (), switches: frozenset[str] = frozenset()) -> None:
        fields = written.fields
        self.written = written
        self.off = off
        self.switches = switches
        self.name: str = fields["name"]
        self.super: str = fields["super"]
        self.version: str = fields["version"]
        self.title = titled(fields["super"], fields["title"])
        self.description: str = fields["description"]
        self.arguments: list[dict[str, Any]] = fields.get("arguments", [])
        self.tools = tuple(tools_of(fields))

    @cached_property
    def file(self) -> AgentFile:
        """The front matter with its defaults."""
        from .model import AgentFile

        return AgentFile.model_validate_json(json.dumps(self.written.fields))

    @cached_property
    def digest(self) -> str:
        """Of its file: another one means that something in it was changed."""
        told = json.dumps([self.written.fields, self.written.body], sort_keys=True)
        return hashlib.sha256(told.encode(errors="replace")).hexdigest()

    @property
    def uri(self) -> str:
        return f"agent://{self.super}/{self.name}"

    @property
    def away(self) -> str:
        """Why it is not offered; empty when it is. With most of its tools it can still do its work, and is told."""
        if len(self.off) * 2 <= len(self.tools):
            return ""
        by = f" ({', '.join(sorted(self.switches))})" if self.switches else ""
        return f"This server's settings{by} have switched off {len(self.off)} of its {len(self.tools)} tools."


class Super:
    """A super agent: who hands requests to its specialists."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.name: str = written.fields["name"]
        self.version: str = written.fields["version"]
        self.title: str = written.fields["title"]
        self.description: str = written.fields["description"]

    @property
    def uri(self) -> str:
        return f"agent://{self.name}"


def titled(above: str, title: str) -> str:
    """The title as a flat list of prompts shows it: behind its super agent's name."""
    head = f"{above.capitalize()} · "
    return title if title.startswith(head) else head + title


class Agents:
    """All agents of a server, by name.

    Args:
        loaded: what the files hold.
        registry: which tools are here.
    """

    def __init__(self, loaded: Loaded, registry: Registry) -> None:
        self.registry = registry
        self.supers = {name: Super(written) for name, written in sorted(loaded.supers.items())}
        self.agents = {
            name: _under(registry, written)
            for name, written in sorted(loaded.agents.items(), key=lambda item: (item[1].fields["super"], item[0]))
        }
        self.phrases: Mapping[str, list[str]] = loaded.phrases

    @property
    def offered(self) -> list[Agent]:
        """Those that can do their work here, by super agent and name."""
        return [agent for agent in self.agents.values() if not agent.away]

    def of(self, above: str) -> list[Agent]:
        """The specialists of a super agent."""
        return [agent for agent in self.offered if agent.super == above]

    def get(self, name: str) -> Agent:
        """The agent of that name.

        Raises:
            Refused: NOT_FOUND, with the nearest names, or why it is not offered.
        """
        found = self.agents.get(name)
        if found is None:
            near = difflib.get_close_matches(name, [*self.agents, *self.supers], 3, 0.5)
            hint = f"Did you mean {', '.join(near)}?" if near else "agents_find finds agents by what they do."
            raise Refused(Code.NOT_FOUND, f"There is no agent called {name[:80]!r}.", hint, details={"nearest": near})
        if found.away:
            raise Refused(Code.NOT_FOUND, f"{name} is not offered here.", found.away)
        return found


def _under(registry: Registry, written: Written) -> Agent:
    off = tuple(tool for tool in tools_of(written.fields) if tool not in registry.tools)
    return Agent(written, off, frozenset(registry.off[tool] for tool in off if tool in registry.off))


def load_agents(
    registry: Registry, known: Mapping[str, Capability], own: Path | None, brand: Path | None, cache: Path
) -> Agents:
    """The agents of the project's own files and of a brand's.

    Args:
        registry: the tools that are here.
        known: all tools of all packs, also of those that settings have switched off.
        own: the project's own folder; None for none.
        brand: the brand's; None for none.
        cache: where it is kept that they are good.

    Raises:
        Refused: NOT_CONFIGURED, with file and line of each problem.
    """
    found: list[Source] = []
    if own is not None:
        found += sources(own, SHOWN)
    if brand is not None:
        found += sources(brand, str(brand))
    return Agents(compiled(found, known.keys(), cache), registry)
