"""Which agent a request is for, or none: learned from what people say when they mean it, or what nobody does.

How the parts count was tried on the agents' own examples, with all that are like one left out with it (docs/agents.md
has the figures, and what else was tried).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..find.encoder import Encoder, encoder
from ..find.foreign import in_english
from ..find.learned import Learned, Row, Shipped
from ..find.lexical import Index
from .catalogue import Agent, Agents

WORDS = {True: 0.2, False: 0.5}
"""How much the share of words in common counts beside what was learned, with and without the extra [find]."""
AGAINST = 0.5
"""How much what nobody does counts against the best agent."""
FLOOR = {True: 0.18, False: 0.2}
"""A request is for nobody where less than this is left of the best agent's score."""
SHORTEST_CLAUSE = 15
NOBODY = ""
_NOBODYS = Path(__file__).with_name("nobody.txt")
SHIPPED = Path(__file__).with_name("learned.npz")
"""What was learned of the project's own files: made by ``scripts/learn_agents.py``."""


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
    """Finds agents; made at first use, in half a second unless a brand has files of its own, whose part is then kept.

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
        scores = {agent.name: ranked.scores[agent.name] for agent in self._agents.offered}
        names = sorted(scores, key=_best(scores))
        supers = {name: self._super_score(name, scores) for name in self._agents.supers}
        return Found(
            [Hit(name, _shown(scores[name]), ranked.likest(name)) for name in names[:limit]],
            [Hit(name, _shown(supers[name])) for name in sorted(supers, key=_best(supers))],
            bool(names) and scores[names[0]] - AGAINST * ranked.nobody >= parts.floor,
            "meaning" if parts.by_meaning else "words",
        )

    def _super_score(self, above: str, scores: Mapping[str, float]) -> float:
        return max((scores.get(agent.name, 0.0) for agent in self._agents.of(above)), default=0.0)

    def _current(self) -> _Parts:
        with self._making:
            if self._parts is None:
                self._parts = _Parts(self._agents, self._by(), self._folder)
            return self._parts


@dataclass(frozen=True, slots=True)
class _Ranked:
    """How well each agent fits a request, how well nobody does, and what finds an agent's likest example."""

    scores: Mapping[str, float]
    nobody: float
    likest: Callable[[str], str]


class _Parts:
    """What was learned, and the index of words."""

    def __init__(self, agents: Agents, encoder: Encoder | None, folder: Path | None) -> None:
        rows = list(rows_of(agents))
        self.by_meaning = encoder is not None
        self._learned = Learned(rows, encoder, folder, Shipped.read(SHIPPED))
        said: dict[str, list[tuple[str, float]]] = {}
        for name, text in rows:
            said.setdefault(name, []).append((self._learned.english[text], 1.0))
        self._words = Index(said)

    @property
    def floor(self) -> float:
        return FLOOR[self.by_meaning]

    def rank(self, request: str) -> _Ranked:
        """All agents, also those that are not offered."""
        fits, likeness = self._learned.fit(request)
        nobody = fits.pop(NOBODY, 0.0)
        asked = in_english(request)
        most, shared = self._words.most(asked), self._words.scores(asked)
        scores = {name: fit + WORDS[self.by_meaning] * shared.get(name, 0) / most for name, fit in fits.items()}

        def likest(name: str) -> str:
            _, text = max((likeness[at], text) for at, (label, text) in enumerate(self._learned.rows) if label == name)
            return text

        return _Ranked(scores, nobody, likest)


def rows_of(agents: Agents) -> Iterator[Row]:
    """Each agent with each thing that is said when it is meant, and nobody's."""
    for agent in agents.agents.values():
        for text in _said(agent, agents.phrases.get(agent.name, ())):
            yield agent.name, text
    for line in _NOBODYS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield NOBODY, line


def _shown(score: float) -> float:
    return round(min(max(score, 0.0), 1.0), 3)


def _said(agent: Agent, phrases: Iterable[str]) -> tuple[str, ...]:
    """What people say when they mean it; its name; and what its description says it is for, not what it is not for."""
    told = re.split(r"\b[Nn]ot for\b", agent.description)[0]
    clauses = [clause.strip() for clause in re.split(r"(?<=[.;])\s+", told)]
    said = [agent.name.replace("-", " "), *(clause for clause in clauses if len(clause) > SHORTEST_CLAUSE)]
    return (*agent.written.fields["examples"]["route"], *phrases, *said)


def _best(scores: Mapping[str, float]) -> Callable[[str], tuple[float, str]]:
    return lambda name: (-scores[name], name)
