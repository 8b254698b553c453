"""The model that works a case: all that it knows is what the server's loop sends it over a provider's wire.

It reads its arguments in the task and each result in the conversation, reads on where one was cut, previews what a
person must agree to, and delivers. Personal data it knows by their marks only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from devskyy_mcp.agents.runs.model import DELIVER, READ_REST
from devskyy_mcp.guard.trust import WORDS
from devskyy_mcp.llm.port import Usage
from tests.fakes.llm.server import Answer, Asked, Called, Refusal

if TYPE_CHECKING:
    from .frame import Case, Json, Seen

_FENCED = re.compile(rf"\[([0-9a-f]{{8}}) {WORDS}\]\n(.*)\n\[\1 end\]", re.DOTALL)
_CUT = re.compile(
    r"\n\[cut: \d+ of \d+ characters are left out; result_read\(result=(\d+), offset=(\d+)\) gives them\]$"
)
_MORE = re.compile(r"\n\[\d+ more characters behind offset (\d+)\]$")
_GIVEN = re.compile(r"^- (\w+): (.*)$", re.MULTILINE)
_TABLE = re.compile(r'\{|\[["{\d]')
_TEXT = re.compile(rf"Text (\d+):\n\[([0-9a-f]{{8}}) {WORDS}\]\n(.*?)\n\[\2 end\]", re.DOTALL)
_GIST = 500
_TOKEN = 4
"""Bytes of a token, about."""
Calls = list[tuple[str, "Json"]]


class Player:
    """Answers the server's questions in the name of the case's agent.

    Args:
        case: what it does.
        seen: what it has before it; filled as results come.
        previews: tools that it previews first.
    """

    def __init__(self, case: Case, seen: Seen, previews: frozenset[str]) -> None:
        self.problem: Exception | None = None
        """What it could make nothing of."""
        self.read_on = 0
        """How often it has read on in a result."""
        self.asked_for = frozenset[str]()
        """Tools that its last turn calls."""
        self._case = case
        self._seen = seen
        self._previews = previews
        self._work: Generator[Calls, list[str]] | None = None
        self._open = 0
        self._number = 0
        self._known = 0

    def __call__(self, asked: Asked) -> Answer | Refusal:
        try:
            answer = self._turn(asked)
        except Exception as error:  # told by the test, which has started the run
            self.problem = self.problem or error
            return Refusal("bad_request")
        size = len(asked.raw) // _TOKEN
        said = sum(len(call.text) for call in answer.calls) + sum(map(len, answer.pieces))
        cached, self._known = min(self._known, size), size
        usage = Usage(input=size - cached, cache_read=cached, output=said // _TOKEN + 1)
        return Answer(answer.text, answer.calls, usage=usage)

    def _turn(self, asked: Asked) -> Answer:
        offered = tools_in(asked.body)
        if not offered:
            return Answer(json.dumps(_gists(asked.body)))
        if self._work is None:
            self._seen.arguments |= arguments_in(asked.body)
            self._work = self._working(offered)
            calls = next(self._work)
        else:
            calls = self._work.send(asked.results[-self._open :])
        self._open, self.asked_for = len(calls), frozenset(tool for tool, _ in calls)
        missing = self.asked_for - offered.keys()
        assert not missing, f"the agent has no {', '.join(missing)}"
        called: list[Called] = []
        for tool, arguments in calls:
            self._number += 1
            called.append(Called(tool, arguments, f"call_{self._number}"))
        return Answer(calls=tuple(called))

    def _working(self, offered: Mapping[str, Json]) -> Generator[Calls, list[str]]:
        """Its turns: what it calls, for what it is told."""
        for step in self._case.steps:
            calls: Calls = [(step.tool, given) for given in step.calls(self._seen)]
            if not calls:
                continue
            if step.tool in self._previews and "preview" in offered[step.tool]["properties"]:
                for shown in (yield from self._whole([(tool, given | {"preview": True}) for tool, given in calls])):
                    assert shown["state"] in {"proposed", "nothing_to_change"}, shown
            for told in (yield from self._whole(calls)):
                self._seen.results.append((step.tool, told))
                if change := told.get("change") if step.tool in self._previews else None:
                    self._seen.changes.append(change)
        refused = yield [(DELIVER, self._case.deliver(self._seen))]
        raise AssertionError(refused)

    def _whole(self, calls: Calls) -> Generator[Calls, list[str], list[Json]]:
        """The results of calls; what was cut is read to its end."""
        texts, cuts = list[str](), dict[int, tuple[int, int]]()
        for place, told in enumerate((yield calls)):
            text, cut = _told(told, _CUT)
            texts.append(text)
            if cut:
                cuts[place] = (int(cut[1]), int(cut[2]))
        while cuts:
            self.read_on += len(cuts)
            wanted = [(READ_REST, {"result": number, "offset": offset}) for number, offset in cuts.values()]
            for place, told in zip(list(cuts), (yield cast("Calls", wanted)), strict=True):
                text, more = _told(told, _MORE)
                texts[place] += text
                number, _ = cuts.pop(place)
                if more:
                    cuts[place] = (number, int(more[1]))
        return [_json(text) for text in texts]


def tools_in(body: Any) -> dict[str, Json]:
    """The schemas of the tools that a request offers, by name, whoever's wire it came over."""
    found: dict[str, Json] = {}
    for one in _objects(body.get("tools") or []):
        schema = next(
            (one[key] for key in ("input_schema", "parameters", "parameters_json_schema") if key in one), None
        )
        if isinstance(schema, dict) and isinstance(one.get("name"), str):
            found[one["name"]] = schema
    return found


def arguments_in(body: Any) -> Json:
    """What the task says that the agent was given."""
    [task] = {text for text in _texts(body) if text.startswith(("# What is wanted\n", "# The task\n"))}
    texts: dict[str, str] = {name: json.loads(text) for name, text in _GIVEN.findall(task)}
    return {name: json.loads(text) if _TABLE.match(text) else text for name, text in texts.items()}


def _told(text: str, cut: re.Pattern[str]) -> tuple[str, re.Match[str] | None]:
    """A result without its fence, and what follows it."""
    found = cut.search(text)
    text = text[: found.start()] if found else text
    fenced = _FENCED.fullmatch(text)
    return (fenced[2] if fenced else text), found


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        raise AssertionError(text[:2000]) from None


def _gists(body: Any) -> Json:
    """What the reader of long texts is asked for: their beginnings."""
    [asked] = {text for text in _texts(body) if _TEXT.match(text)}
    return {
        "texts": [
            {"number": int(number), "gist": text[:_GIST], "asks_for": "nothing"}
            for number, _, text in _TEXT.findall(asked)
        ]
    }


def _objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield cast("Json", value)
    if isinstance(value, dict | list):
        for one in cast("Json", value).values() if isinstance(value, dict) else cast("list[Any]", value):
            yield from _objects(one)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in cast("Json", value).values() if isinstance(value, dict) else cast("list[Any]", value):
            yield from _texts(one)
