"""Which agent a request is for, or none: by what people say when they mean it, what its file says, and its tools.

How the parts count was tried on the agents' own examples, each left out in turn (docs/agents.md has the figures).
"""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..find.encoder import Encoder, encoder
from ..find.finder import Meanings, Ranked, Thing
from ..find.lexical import Index
from ..find.tools import ToolIndex
from .catalogue import Agent, Agents, Super

BODY, TOOLS, WORDS = 1.0, 0.5, 0.4
"""How much the instructions, the tools and shared words count beside the examples, which count 1."""
PUSH = 0.25
"""How much is taken off of what a request is nearer to an agent's counter-examples than to its examples."""
FLOOR_MEANING = 0.256
"""Below this score of the best agent a request is for none of them, with the extra [find]."""
FLOOR_WORDS = 0.12
"""The same by words alone."""
BODY_READ = 2_500
"""Characters of the instructions that count: what comes later adds little, and encoding takes a while."""
CHUNK = 400
_OTHER, _BODY = "!", "~"


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
        tools: finds tools; None to go without.
        folder: where vectors are kept between processes.
        by: gives the encoder, or None to go by words alone.
    """

    def __init__(
        self,
        agents: Agents,
        tools: ToolIndex | None = None,
        folder: Path | None = None,
        by: Callable[[], Encoder | None] = encoder,
    ) -> None:
        self._agents = agents
        self._tools = tools
        self._folder = folder
        self._by = by
        self._parts: _Parts | None = None
        self._making = threading.Lock()

    def search(self, request: str, limit: int) -> Found:
        """The best agents. Blocks: call it in a thread."""
        parts = self._current()
        ranked = parts.rank(request, self._tools.rank(request).scores if self._tools else {})
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
    """The indexes of words and of meanings, and how rare each tool is."""

    def __init__(self, agents: Agents, encoder: Encoder | None, folder: Path | None) -> None:
        offered = agents.offered
        self._words = Index({one.name: _fields(one, agents.phrases.get(one.name, ())) for one in offered})
        things = dict(_things(agents))
        self._meanings = Meanings(things, encoder, folder) if encoder and things else None
        self._tools = {one.name: [tool for tool in one.tools if tool not in one.off] for one in offered}
        users = Counter(tool for tools in self._tools.values() for tool in tools)
        most = math.log(1 + max(len(offered), 1) / 2)
        self._rarity = {tool: math.log(1 + len(offered) / (1 + number)) / most for tool, number in users.items()}

    @property
    def by_meaning(self) -> bool:
        return self._meanings is not None

    @property
    def floor(self) -> float:
        return FLOOR_MEANING if self.by_meaning else FLOOR_WORDS

    def rank(self, request: str, tools: Mapping[str, float]) -> Ranked:
        """All agents, or by words alone those that share some."""
        most = self._words.most(request)
        shared = {name: score / most for name, score in self._words.scores(request).items()}
        used = {name: self._used(name, tools) for name in self._tools}
        if self._meanings is None:
            scores = {name: (score + TOOLS * used[name]) / (1 + TOOLS) for name, score in shared.items()}
            return Ranked(scores, lambda name: ", ".join(self._words.shared(request, name)))
        near, likest = self._meanings.near(request)
        whole = 1 + BODY + TOOLS + WORDS
        scores = {
            name: (_pushed(near, name) + BODY * near[_BODY + name] + TOOLS * used[name] + WORDS * shared.get(name, 0))
            / whole
            for name in self._tools
        }
        return Ranked(scores, likest)

    def _used(self, name: str, tools: Mapping[str, float]) -> float:
        """How well the agent's three best tools fit, those that few agents have counting most."""
        fit = sorted((self._rarity[tool] * tools.get(tool, 0.0) for tool in self._tools[name]), reverse=True)
        return sum(fit[:3]) / 3


def _pushed(near: Mapping[str, float], name: str) -> float:
    """How near the examples are, less where the counter-examples are nearer."""
    return near[name] - PUSH * max(0.0, near[_OTHER + name] - near[name])


def _fields(agent: Agent, phrases: Iterable[str]) -> list[tuple[str, float]]:
    said = [(phrase, 2.0) for phrase in (*agent.written.fields["examples"]["route"], *phrases)]
    return [*said, *((clause, 2.0) for clause in _clauses(agent)), (agent.written.body, 0.3)]


def _things(agents: Agents) -> Iterator[tuple[str, Thing]]:
    """What is encoded of each agent: examples with what it says of itself, instructions, counter-examples."""
    for agent in agents.offered:
        examples: dict[str, Any] = agent.written.fields["examples"]
        said = (*examples["route"], *agents.phrases.get(agent.name, ()), *_clauses(agent))
        yield agent.name, Thing("", "", phrases=said)
        yield _BODY + agent.name, Thing("", "", phrases=tuple(_chunks(agent.written.body[:BODY_READ])))
        yield _OTHER + agent.name, Thing("", "", phrases=tuple(examples["other"]))


def _clauses(agent: Agent | Super) -> list[str]:
    """The name, and what the description says it is for: not what it is not for."""
    told = re.split(r"\b[Nn]ot for\b", agent.description)[0]
    clauses = [clause.strip() for clause in re.split(r"(?<=[.;])\s+", told)]
    return [agent.name.replace("-", " "), *(clause for clause in clauses if len(clause) > 15)]


def _chunks(text: str) -> Iterator[str]:
    """The text in pieces of whole lines, without Markdown's marks."""
    piece = ""
    for line in text.split("\n"):
        plain = re.sub(r"[`*#|_]", " ", line).strip()
        if piece and len(piece) + len(plain) > CHUNK:
            yield piece
            piece = ""
        piece = f"{piece} {plain}".strip()
    if piece:
        yield piece


def _best(scores: Mapping[str, float]) -> Callable[[str], tuple[float, str]]:
    return lambda name: (-scores[name], name)
