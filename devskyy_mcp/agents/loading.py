"""Reads agents' files strictly: what is wrong with one is said with file and line, and keeps the server from starting.

    agents/commerce/price-strategist.md:14: there is no tool woo_prize_update; did you mean woo_prices_update?

A folder holds ``<super>.md`` and ``<super>/<name>.md``, and may hold ``phrases.toml`` with more of what people say when
they mean an agent (``price-strategist = ["…"]``). Other files are not looked at, nor is a README.md.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import Code, Refused
from .matter import Matter, Place, Wrong, read

if TYPE_CHECKING:
    from pydantic import BaseModel

PHRASES = "phrases.toml"
MOST_SAID = 20
"""Problems that are told at once."""
LONGEST_PHRASE = 300
_IGNORED = "README.md"
_DEFS = "#/$defs/"


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a folder.

    Args:
        path: where it is, below the folder.
        shown: how people are told of it.
        content: as it is on the disk.
    """

    path: Path
    shown: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """A file that has been found good: the front matter as JSON values (defaults left out) and the instructions."""

    shown: str
    fields: dict[str, Any]
    body: str


@dataclass(slots=True)
class Loaded:
    """What some folders hold, by name; a later folder's file stands for one of the same name in an earlier folder."""

    supers: dict[str, Written] = field(default_factory=dict[str, Written])
    agents: dict[str, Written] = field(default_factory=dict[str, Written])
    phrases: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


def sources(folder: Path, shown: str) -> list[Source]:
    """The files of a folder, by name.

    Raises:
        Refused: NOT_CONFIGURED when there is no such folder, or a file in it can't be read.
    """
    if not folder.is_dir():
        raise Refused(Code.NOT_CONFIGURED, f"There is no folder {shown} for agents.", "Correct DEVSKYY_AGENTS_DIR.")
    paths = [*folder.glob("*.md"), *folder.glob("*/*.md"), *folder.glob(PHRASES)]
    try:
        return [
            Source(path.relative_to(folder), f"{shown}/{path.relative_to(folder).as_posix()}", path.read_bytes())
            for path in sorted(paths)
            if path.name != _IGNORED
        ]
    except OSError as error:
        raise Refused(Code.NOT_CONFIGURED, f"{shown} can't be read: {error.strerror}.") from None


def load(found: Iterable[Source], tools: Collection[str]) -> Loaded:
    """Read the files.

    Args:
        found: of all folders, the project's own first.
        tools: names of all tools there are, also of those that settings have switched off.

    Raises:
        Refused: NOT_CONFIGURED, with every problem's file and line.
    """
    loaded, problems = Loaded(), list[str]()
    files = list(found)
    for source in files:
        if source.path.suffix == ".md":
            problems += _take(source, tools, loaded)
    for source in files:
        if source.path.name == PHRASES:
            problems += _take_phrases(source, loaded)
    for agent in loaded.agents.values():
        if agent.fields["super"] not in loaded.supers:
            problems.append(f"{agent.shown}:1: its super agent has no file {agent.fields['super']}.md")
    if problems:
        raise refusal(problems)
    return loaded


def refusal(problems: list[str]) -> Refused:
    """What is said when files are not right."""
    more = len(problems) - MOST_SAID
    said = "\n".join(problems[:MOST_SAID]) + (f"\n… and {more} more" if more > 0 else "")
    return Refused(
        Code.NOT_CONFIGURED,
        f"The agents' files are not right:\n{said}",
        "Correct them; `devskyy agents check` looks again.",
        details={"problems": problems[:MOST_SAID]},
    )


def _take(source: Source, tools: Collection[str], loaded: Loaded) -> list[str]:
    written, wrong = check(source, tools)
    if written is None:
        return [f"{source.shown}:{one.line}: {one.said}" for one in wrong]
    into = loaded.supers if len(source.path.parts) == 1 else loaded.agents
    into[written.fields["name"]] = written
    return []


def check(source: Source, tools: Collection[str]) -> tuple[Written | None, list[Wrong]]:
    """One file where it is good, and all that is wrong with it, by line."""
    from .model import AgentFile, SuperFile

    try:
        matter = read(source.content.decode("utf-8").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        return None, [Wrong(source.content[: error.start].count(b"\n") + 1, "this is not UTF-8")]
    except Wrong as wrong:
        return None, [wrong]
    kind = SuperFile if len(source.path.parts) == 1 else AgentFile
    wrong = list(_shape(matter, kind))
    if not wrong:
        wrong = [*_named(matter, source.path), *(_content(matter, tools) if kind is AgentFile else ())]
    if wrong:
        return None, sorted(wrong, key=lambda one: one.line)
    return Written(source.shown, matter.fields, matter.body), []


def _shape(matter: Matter, kind: type[BaseModel]) -> Iterator[Wrong]:
    """What the format itself says."""
    from pydantic import ValidationError

    from ..schema import problem

    try:
        kind.model_validate_json(json.dumps(matter.fields))
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            place = item["loc"]
            known = list(_fields_at(kind, place[:-1]))
            said = problem(item, f"a field of {'.'.join(map(str, place[:-1])) or 'an agent'}", known)
            yield Wrong(matter.line(place), f"{'.'.join(map(str, place))} {said}")


def _fields_at(kind: Any, place: tuple[str | int, ...]) -> Iterable[str]:
    """The fields that may stand at a place of the front matter."""
    for part in place:
        if isinstance(part, int):
            continue
        field = kind.model_fields.get(part)
        if field is None:
            return ()
        kind = next(
            (one for one in (field.annotation, *getattr(field.annotation, "__args__", ())) if _is_part(one)), None
        )
        if kind is None:
            return ()
    return kind.model_fields


def _is_part(kind: Any) -> bool:
    from .model import Part

    return isinstance(kind, type) and issubclass(kind, Part)


def _named(matter: Matter, path: Path) -> Iterator[Wrong]:
    name, above = matter.fields["name"], matter.fields.get("super")
    if path.stem != name:
        yield Wrong(matter.line(("name",)), f"name is {name}, and the file is called {path.name}")
    if above is not None and path.parts[0] != above:
        yield Wrong(matter.line(("super",)), f"super is {above}, and the file lies in {path.parts[0]}/")


def _content(matter: Matter, tools: Collection[str]) -> Iterator[Wrong]:
    yield from _tools(matter, tools)
    yield from _arguments(matter)
    yield from _output(matter)


def _tools(matter: Matter, tools: Collection[str]) -> Iterator[Wrong]:
    seen: dict[str, int] = {}
    for part in ("allow", "approve"):
        for number, name in enumerate(matter.fields["tools"].get(part, ())):
            line = matter.line(("tools", part, number))
            if name in seen:
                yield Wrong(line, f"{name} is there twice, first in line {seen[name]}")
            elif name not in tools:
                yield Wrong(line, f"there is no tool {name[:60]}{nearest(name, tools)}")
            seen.setdefault(name, line)


def nearest(name: str, known: Collection[str]) -> str:
    """``; did you mean …?`` with what comes nearest; empty where nothing does."""
    near = difflib.get_close_matches(name, known, 2, 0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _arguments(matter: Matter) -> Iterator[Wrong]:
    seen: set[str] = set()
    for number, argument in enumerate(matter.fields.get("arguments", ())):
        line = matter.line(("arguments", number))
        if argument["name"] in seen:
            yield Wrong(line, f"two arguments are called {argument['name']}")
        if argument.get("values") and argument.get("complete"):
            yield Wrong(line, f"{argument['name']} has values and complete; the values are what is offered")
        seen.add(argument["name"])


def _output(matter: Matter) -> Iterator[Wrong]:
    """Whether the deliverable's schema is one (JSON Schema 2020-12), of an object, and refers to nothing outside."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    schema = matter.fields["output"]
    if schema.get("type") != "object":
        yield Wrong(matter.line(("output", "type")), "output must be the schema of an object: type: object")
    if not schema.get("properties"):
        yield Wrong(matter.line(("output", "properties")), "output must name what the agent delivers: properties")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = ("output", *error.absolute_path)
        said = f"{'.'.join(map(str, place))} is not JSON Schema 2020-12: {error.message[:200]}"
        yield Wrong(matter.line(place), said)
    yield from _references(schema, ("output",), matter)


def _references(node: Any, place: Place, matter: Matter) -> Iterator[Wrong]:
    if isinstance(node, list):
        for number, entry in enumerate(cast("list[Any]", node)):
            yield from _references(entry, (*place, number), matter)
    if not isinstance(node, dict):
        return
    tree = cast("dict[str, Any]", node)
    target = tree.get("$ref")
    if isinstance(target, str):
        known: Mapping[str, Any] = matter.fields["output"].get("$defs", {})
        if not target.startswith(_DEFS) or target.removeprefix(_DEFS) not in known:
            yield Wrong(matter.line((*place, "$ref")), f"$ref {target[:80]} is not one of output's own {_DEFS}…")
    for key, value in tree.items():
        yield from _references(value, (*place, key), matter)


def _take_phrases(source: Source, loaded: Loaded) -> list[str]:
    """A brand's own phrases, per agent."""
    import tomllib

    try:
        text = source.content.decode("utf-8")
        given = tomllib.loads(text)
    except UnicodeDecodeError:
        return [f"{source.shown}:1: this is not UTF-8"]
    except tomllib.TOMLDecodeError as error:
        return [f"{source.shown}: this is not TOML: {error}"]
    known, problems = {**loaded.agents, **loaded.supers}, list[str]()
    for name, phrases in given.items():
        line = next((number for number, row in enumerate(text.split("\n"), 1) if name in row), 1)
        if name not in known:
            problems.append(f"{source.shown}:{line}: there is no agent {name[:60]}{nearest(name, known)}")
        elif not _are_phrases(phrases):
            problems.append(
                f"{source.shown}:{line}: {name} must be a list of what people say, each at most 300 characters"
            )
        else:
            loaded.phrases.setdefault(name, []).extend(phrases)
    return problems


def _are_phrases(given: Any) -> bool:
    entries = cast("list[Any]", given) if isinstance(given, list) else [None]
    return all(isinstance(one, str) and 0 < len(one) <= LONGEST_PHRASE for one in entries)
