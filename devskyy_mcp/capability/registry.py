"""Packs, and all that they bring together."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..config import Settings
from ..context import Principal, Services
from ..errors import Code, Refused
from .access import allowed
from .offered import Prompt, Resource
from .policy import Policy, Queue
from .tool import Capability, Toolset


@dataclass
class Pack:
    """A set of tools, prompts and resources with what they need; found by the entry point group ``devskyy.packs``.

    ``phrases`` is a TOML file with what people say when they mean a tool (``tool_name = ["…", "…"]``); only tools_find
    reads it, at its first use. ``files`` are what people install elsewhere, by name: each makes its file's name and
    content (``devskyy plugin``). ``enabled`` is the setting that has to be on for the pack to be there at all; single
    toolsets can have one too.
    """

    name: str
    toolsets: list[Toolset] = field(default_factory=list[Toolset])
    prompts: list[Prompt] = field(default_factory=list[Prompt])
    resources: list[Resource] = field(default_factory=list[Resource])
    provides: Callable[[Services], None] | None = None
    queues: list[Queue] = field(default_factory=list[Queue])
    phrases: Path | None = None
    files: Mapping[str, Callable[[], tuple[str, bytes]]] = field(
        default_factory=dict[str, Callable[[], tuple[str, bytes]]]
    )
    enabled: str = ""

    def under(self, settings: Settings) -> Pack | None:
        """What of the pack is there under these settings; None for nothing."""
        if not _on(settings, self.enabled):
            return None
        return replace(self, toolsets=[one for one in self.toolsets if _on(settings, one.enabled)])

    def switched_off(self, settings: Settings) -> dict[str, str]:
        """Its tools that are not there under these settings, each with the variable that would bring it back."""
        found: dict[str, str] = {}
        for one in self.toolsets:
            for setting in (self.enabled, one.enabled):
                if not _on(settings, setting):
                    variable = str(type(settings).model_fields[setting].validation_alias)
                    found |= {tool.name: variable for tool in one.tools}
        return found


def _on(settings: Settings, setting: str) -> bool:
    return not setting or bool(getattr(settings, setting))


class Registry:
    """All that this server can do. Built once from packs; ``add`` may still be called, and every surface sees it."""

    def __init__(self, packs: Iterable[Pack] = ()) -> None:
        self.tools: dict[str, Capability] = {}
        self.off: dict[str, str] = {}
        """Tools that settings have switched off, each with the variable that would bring it back."""
        self.prompts: dict[str, Prompt] = {}
        self.resources: dict[str, Resource] = {}
        self.packs: list[Pack] = []
        self.generation = 0
        self.on_added: list[Callable[[Pack], None]] = []
        for pack in packs:
            self.add(pack)

    def add(self, pack: Pack) -> None:
        """Take in a pack.

        Raises:
            ValueError: when a name is taken already.
        """
        for toolset in pack.toolsets:
            for capability in toolset.tools:
                if capability.name in self.tools:
                    raise ValueError(f"two tools are called {capability.name}")
                capability.pack = pack.name
                self.tools[capability.name] = capability
        for prompt in pack.prompts:
            if prompt.name in self.prompts:
                raise ValueError(f"two prompts are called {prompt.name}")
            self.prompts[prompt.name] = prompt
        for resource in pack.resources:
            if resource.uri in self.resources:
                raise ValueError(f"two resources have the address {resource.uri}")
            self.resources[resource.uri] = resource
        self.packs.append(pack)
        self.generation += 1
        for listener in self.on_added:
            listener(pack)

    def tool(self, name: str) -> Capability:
        """The tool of that name.

        Raises:
            Refused: UNKNOWN_TOOL, with the nearest names, or why it is not here.
        """
        found = self.tools.get(name)
        if found is None and name in self.off:
            message = f"{name} is switched off on this server."
            raise Refused(Code.UNKNOWN_TOOL, message, f"{self.off[name]}=true in its settings brings it back.")
        if found is None:
            near = difflib.get_close_matches(name, self.tools, 3, 0.5)
            hint = f"Did you mean {', '.join(near)}?" if near else "tools_find finds tools by what they do."
            raise Refused(Code.UNKNOWN_TOOL, f"There is no tool called {name[:80]!r}.", hint, details={"nearest": near})
        return found

    def visible(self, principal: Principal, profile: str = "full", *, pages: bool = False) -> list[Capability]:
        """The tools a principal may use, in a stable order; ``default`` has the core ones only.

        With ``pages`` also those that stand for a page or that only a page calls, whatever the profile.
        """
        return [
            capability
            for _, capability in sorted(self.tools.items())
            if _listed(capability.policy, profile, pages=pages) and allowed(principal, capability.policy.scopes)
        ]


def _listed(policy: Policy, profile: str, *, pages: bool) -> bool:
    if policy.view is not None and (pages or not policy.view.for_model):
        return pages
    return profile == "full" or policy.core
