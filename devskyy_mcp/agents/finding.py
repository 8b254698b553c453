"""Which agent a request is for, or none: by what people say when they mean it, or another.

How the parts count was tried on the agents' own examples, each left out in turn (docs/agents.md has the figures, and
what was left out: instructions and tools help where there are few examples, and hurt where there are many).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..find.encoder import Encoder, encoder
from ..find.finder import Meanings, Ranked, Thing
from ..find.lexical import Index
from .catalogue import Agent, Agents

WORDS = 0.3
"""How much the share of words in common counts beside what the examples mean."""
PUSH = 0.25
"""How much is taken off of what a request is nearer to an agent's counter-examples than to its examples."""
FLOOR_MEANING = 0.35
"""Below this score of the best agent a request is for none of them, with the extra [find]."""
FLOOR_WORDS = 0.25
"""The same by words alone."""
SHORTEST_CLAUSE = 15
_OTHER = "!"


@dataclass(frozen=True, slots=True)
class Hit:
    """An agent or super agent with its score, 0 to 1, and what of it is likest to the request."""

    name: str
    score: float
    like: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a request is for.

    Args:
        agents: best first.
        supers: all, best first; each as good as its best agent.
        fits: whether the best agent fits at all; otherwise the agents are only the nearest.
        by: ``meaning`` or ``words``.
    """

    agents: list[Hit]
    supers: list[Hit]
    fits: bool
    by: str


class AgentIndex:
    """Finds agents; made at first use, which takes some seconds unless the vectors are kept.

    Args:
        agents: which.
        folder: where vectors are kept between processes.
        by: gives the encoder, or None to go by words alone.
    """

    def __init__(self, agents: Agents, folder: Path | None = None, by: Callable[[], Encoder | None] = encoder) -> None:
        self._agents = agents
        self._folder = folder
        self._by = by
        self._parts: _Parts | None = None
        self._making = threading.Lock()

    def search(self, request: str, limit: int) -> Found:
        """The best agents. Blocks: call it in a thread."""
        parts = self._current()
        ranked = parts.rank(request)
        scores = ranked.scores
        names = sorted((agent.name for agent in self._agents.offered if agent.name in scores), key=_best(scores))
        supers = {name: self._super_score(name, scores) for name in self._agents.supers}
        return Found(
            [Hit(name, round(scores[name], 3), ranked.likest(name)) for name in names[:limit]],
            [Hit(name, round(supers[name], 3)) for name in sorted(supers, key=_best(supers))],
            bool(names) and scores[names[0]] >= parts.floor,
            "meaning" if parts.by_meaning else "words",
        )

    def _super_score(self, above: str, scores: Mapping[str, float]) -> float:
        return max((scores.get(agent.name, 0.0) for agent in self._agents.of(above)), default=0.0)

    def _current(self) -> _Parts:
        with self._making:
            if self._parts is None:
                self._parts = _Parts(self._agents, self._by(), self._folder)
            return self._parts


class _Parts:
    """The indexes of words and of meanings."""

    def __init__(self, agents: Agents, encoder: Encoder | None, folder: Path | None) -> None:
        said = {one.name: _said(one, agents.phrases.get(one.name, ())) for one in agents.offered}
        things = {name: Thing("", "", phrases=phrases) for name, phrases in said.items()}
        for one in agents.offered:
            things[_OTHER + one.name] = Thing("", "", phrases=tuple(one.written.fields["examples"]["other"]))
        self._words = Index({name: [(phrase, 2.0) for phrase in phrases] for name, phrases in said.items()})
        self._meanings = Meanings(things, encoder, folder) if encoder and things else None

    @property
    def by_meaning(self) -> bool:
        return self._meanings is not None

    @property
    def floor(self) -> float:
        return FLOOR_MEANING if self.by_meaning else FLOOR_WORDS

    def rank(self, request: str) -> Ranked:
        """All agents, or by words alone those that share some; scores from 0 to 1."""
        most = self._words.most(request)
        shared = {name: score / most for name, score in self._words.scores(request).items()}
        if self._meanings is None:
            return Ranked(shared, lambda name: ", ".join(self._words.shared(request, name)))
        near, likest = self._meanings.near(request)
        names = [name for name in near if not name.startswith(_OTHER)]
        scores = {name: (_pushed(near, name) + WORDS * shared.get(name, 0)) / (1 + WORDS) for name in names}
        return Ranked({name: max(score, 0.0) for name, score in scores.items()}, likest)


def _pushed(near: Mapping[str, float], name: str) -> float:
    """How near the examples are, less where the counter-examples are nearer."""
    return near[name] - PUSH * max(0.0, near[_OTHER + name] - near[name])


def _said(agent: Agent, phrases: Iterable[str]) -> tuple[str, ...]:
    """What people say when they mean it; its name; and what its description says it is for, not what it is not for."""
    told = re.split(r"\b[Nn]ot for\b", agent.description)[0]
    clauses = [clause.strip() for clause in re.split(r"(?<=[.;])\s+", told)]
    said = [agent.name.replace("-", " "), *(clause for clause in clauses if len(clause) > SHORTEST_CLAUSE)]
    return (*agent.written.fields["examples"]["route"], *phrases, *said)


def _best(scores: Mapping[str, float]) -> Callable[[str], tuple[float, str]]:
    return lambda name: (-scores[name], name)
