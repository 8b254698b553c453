"""The index of a registry's tools, with the phrases that packs give for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from devskyy_mcp.capability import Pack, Registry

from .encoder import Encoder, encoder
from .finder import Finder, Thing


def phrases_of(packs: Iterable[Pack]) -> dict[str, tuple[str, ...]]:
    """Per tool what people say when they mean it, from the packs' files: TOML, ``tool_name = ["…", "…"]``."""
    import tomllib

    found: dict[str, tuple[str, ...]] = {}
    for pack in packs:
        if pack.phrases is not None:
            given = tomllib.loads(pack.phrases.read_text(encoding="utf-8"))
            found.update({name: tuple(phrases) for name, phrases in given.items()})
    return found


class ToolIndex:
    """Finds tools of a registry; made at first use, and anew when the registry has grown.

    Args:
        registry: whose tools.
        folder: where vectors are kept between processes.
        by: gives the encoder, or None to go by words alone.
    """

    def __init__(
        self, registry: Registry, folder: Path | None = None, by: Callable[[], Encoder | None] = encoder
    ) -> None:
        self.registry = registry
        self._folder = folder
        self._by = by
        self._generation = -1
        self._finder = Finder({})
        self._making = threading.Lock()

    def search(self, request: str, limit: int, names: Iterable[str]) -> list[str]:
        """The best tools among those named, best first. Blocks: call it in a thread."""
        return self._current().search(request, limit, names)

    def _current(self) -> Finder:
        with self._making:
            if self._generation != self.registry.generation:
                generation = self.registry.generation
                self._finder = Finder(self._things(), self._by(), self._folder)
                self._generation = generation
            return self._finder

    def _things(self) -> dict[str, Thing]:
        phrases = phrases_of(self.registry.packs)
        return {
            name: Thing(name, tool.summary, tool.description, " ".join(tool.parameters), phrases.get(name, ()))
            for name, tool in self.registry.tools.items()
        }
