"""What the loopback server's models say in a round: drafts, sheets and comparisons, by rules a test sets.

talk = Talk(models)
talk.marks = lambda text: 5 if "velvet" in text else 2
app = wired_app(settings | models.settings())
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from devskyy_mcp.app import App
from devskyy_mcp.config import Settings
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import NAMES, Name

from .scripted import Hand, Told, asking_app
from .server import Answer, Asked, Models, Step
from .voices import answers_of

Part = Literal["draft", "scores", "better"]
_TELLS: dict[str, Part] = {"You judge answers to a brief": "scores", "Two answers to a brief follow": "better"}


@dataclass
class Talk:
    """Answers every request of a round in the words of the wire that it came by.

    Args:
        models: the server, which it takes over.
        marks: what any judge gives a text, from 1 to 5.
        says: what a provider says to a part of the round instead, one after the other; then by the rules again.
        first: what is said to the first such questions, whoever is asked.
        always: as ``says``, each time.
        wait: seconds that an answer takes, by part.
    """

    models: Models
    marks: Callable[[str], int] = lambda _text: 3
    says: dict[tuple[Name, Part], list[Step]] = field(default_factory=dict[tuple[Name, Part], list[Step]])
    first: dict[Part, list[Step]] = field(default_factory=dict[Part, list[Step]])
    always: dict[tuple[Name, Part], Step] = field(default_factory=dict[tuple[Name, Part], Step])
    wait: Mapping[Part, float] = field(default_factory=dict[Part, float])
    asked: list[tuple[Name, Part, Asked]] = field(default_factory=list[tuple[Name, Part, Asked]])

    def __post_init__(self) -> None:
        self.models.always = self

    def __call__(self, asked: Asked) -> Step:
        part = part_of(asked)
        self.asked.append((asked.provider, part, asked))
        said = self.says.get((asked.provider, part))
        if said:
            return said.pop(0)
        if self.first.get(part):
            return self.first[part].pop(0)
        if (asked.provider, part) in self.always:
            return self.always[asked.provider, part]
        return Answer(self._words(asked, part), wait=self.wait.get(part, 0.0))

    def times(self, part: Part, *names: Name) -> int:
        return sum(one == part and (not names or name in names) for name, one, _ in self.asked)

    def _words(self, asked: Asked, part: Part) -> str:
        if part == "draft":
            return draft_of(asked.provider)
        shown = shown_to(asked)
        if part == "better":
            first, second = self.marks(shown["First"]), self.marks(shown["Second"])
            return json.dumps({"better": "tie" if first == second else "first" if first > second else "second"})
        marks = {label.removeprefix("Answer "): self.marks(text) for label, text in shown.items()}
        sheets = schema_of(asked)["properties"]["answers"]["properties"]
        answers = {
            label: {
                name: {"score": marks[label], "evidence": shown[f"Answer {label}"][:40]} for name in one["properties"]
            }
            for label, one in sheets.items()
        }
        return json.dumps({"answers": answers, "ranking": sorted(marks, key=lambda label: (-marks[label], label))})


def draft_of(name: Name) -> str:
    return f"A dress of silk, number {NAMES.index(name) + 1}, for long evenings."


def part_of(asked: Asked) -> Part:
    words = "\n".join(text for text in _texts(asked.body))
    for tell, part in _TELLS.items():
        if tell in words:
            return part
    return "draft"


def shown_to(asked: Asked) -> dict[str, str]:
    """What a judge was shown, by its label."""
    return next(found for text in _texts(asked.body) if (found := answers_of(text)))


def schema_of(asked: Asked) -> dict[str, Any]:
    """The schema of a judge's sheet, wherever the provider's request has it."""
    return next(node for node in _nodes(asked.body) if {"answers", "ranking"} <= set(node.get("properties", ())))


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    for inner in _inner(tree):
        yield from _texts(inner)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield cast("dict[str, Any]", tree)
    for inner in _inner(tree):
        yield from _nodes(inner)


def _inner(tree: Any) -> Sequence[Any]:
    if isinstance(tree, dict):
        return list(cast("dict[str, Any]", tree).values())
    return cast("list[Any]", tree) if isinstance(tree, list) else ()


def wired_app(settings: Settings) -> App:
    """An app that asks through the real adapters, wherever the settings send them."""
    from devskyy_tools.platform.pack import pack

    app = asking_app(settings, Told(), Hand(), pack)
    app.services.put(Gateway, Gateway(app.services))
    return app
