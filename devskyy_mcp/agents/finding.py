"""Which agent a request is for, or none: by what people say when they mean an agent, and when they mean another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..find.encoder import Encoder, encoder
from ..find.finder import Finder, Thing
from .catalogue import Agents

PUSH = 0.5
"""How much of what a request is nearer to an agent's counter-examples than to its examples is taken off."""
FLOOR_MEANING = 0.36
"""Below this score of the best agent a request is for none of them, with the extra [find]."""
FLOOR_WORDS = 0.12
"""The same by words alone: a share of the request."""
_NOT = "!"


@dataclass(frozen=True, slots=True)
class Hit:
    """An agent or super agent with its score, and what of it is likest to the request."""

    name: str
    score: float
    like: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a request is for.

    Args:
        agents: best first.
        supers: all, best first; by the best of their agents, or their own file.
        fits: whether the best agent fits at all; otherwise the agents are only the nearest.
        by: ``meaning`` or ``words``.
    """

    agents: list[Hit]
    supers: list[Hit]
    fits: bool
    by: str


class AgentIndex:
    """Finds agents; made at first use.

    Args:
        agents: which.
        folder: where vectors are kept between processes.
        by: gives the encoder, or None to go by words alone.
    """

    def __init__(self, agents: Agents, folder: Path | None = None, by: Callable[[], Encoder | None] = encoder) -> None:
        self._agents = agents
        self._folder = folder
        self._by = by
        self._finder: Finder | None = None
        self._making = threading.Lock()

    def search(self, request: str, limit: int) -> Found:
        """The best agents. Blocks: call it in a thread."""
        finder = self._current()
        ranked = finder.rank(request)
        scores = _pushed(ranked.scores)
        names = sorted((agent.name for agent in self._agents.offered if agent.name in scores), key=_best(scores))
        supers = {name: self._super_score(name, scores) for name in self._agents.supers}
        floor = FLOOR_MEANING if finder.by_meaning else FLOOR_WORDS
        return Found(
            [Hit(name, round(scores[name], 3), ranked.likest(name)) for name in names[:limit]],
            [Hit(name, round(supers[name], 3)) for name in sorted(supers, key=_best(supers))],
            bool(names) and scores[names[0]] >= floor,
            "meaning" if finder.by_meaning else "words",
        )

    def _super_score(self, above: str, scores: dict[str, float]) -> float:
        return max(scores.get(name, 0.0) for name in (above, *(agent.name for agent in self._agents.of(above))))

    def _current(self) -> Finder:
        with self._making:
            if self._finder is None:
                self._finder = Finder(self._things(), self._by(), self._folder)
            return self._finder

    def _things(self) -> dict[str, Thing]:
        things: dict[str, Thing] = {}
        written = [(one.name, one.written) for one in (*self._agents.supers.values(), *self._agents.offered)]
        for name, file in written:
            examples, told = file.fields["examples"], file.fields["description"]
            phrases = (*examples["route"], *self._agents.phrases.get(name, ()))
            things[name] = Thing(name.replace("-", "_"), told.split(". ", 1)[0], told, phrases=phrases)
            things[_NOT + name] = Thing("", "", phrases=tuple(examples["other"]))
        return things


def _pushed(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores of agents, less where their counter-examples fit better."""
    return {
        name: score - PUSH * max(0.0, scores.get(_NOT + name, 0.0) - score)
        for name, score in scores.items()
        if not name.startswith(_NOT)
    }


def _best(scores: dict[str, float]) -> Callable[[str], tuple[float, str]]:
    return lambda name: (-scores[name], name)
