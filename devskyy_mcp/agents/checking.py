"""What a careful author would want to know of agents' files, beyond what makes them wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from .loading import Source, Written, check
from .naming import named

if TYPE_CHECKING:
    from ..capability import Capability

FEWEST_TOOLS = 3
MOST_ALIKE = 0.9
"""Share of the tools that two agents may have in common (Jaccard)."""


def look(found: Iterable[Source], tools: Mapping[str, Capability | None]) -> tuple[list[str], list[str]]:
    """All that is wrong with the files, and all that could be better, each with file and line.

    Args:
        found: the files.
        tools: all tools there are by name; None for what is only known by its name.
    """
    wrong, advice, good = list[str](), list[str](), list[Written]()
    for source in found:
        if source.path.suffix != ".md":
            continue
        written, problems = check(source, tools.keys())
        wrong += [f"{source.shown}:{one.line}: {one.said}" for one in problems]
        if written is not None:
            good.append(written)
            advice += [f"{source.shown}: {said}" for said in (*_advice(written.fields, tools), *named(written, tools))]
    return wrong, [*advice, *_alike(good)]


def _advice(fields: Mapping[str, Any], tools: Mapping[str, Capability | None]) -> Iterator[str]:
    description = fields["description"].lower()
    for words in ("use when", "not for"):
        if words not in description:
            yield f"description does not say “{words.capitalize()} …”"
    given = fields.get("tools")
    if given is None:
        return
    if len(tools_of(fields)) < FEWEST_TOOLS:
        yield f"it has fewer than {FEWEST_TOOLS} tools"
    for name in given["allow"]:
        tool = tools.get(name)
        if tool is not None and tool.policy.writes:
            yield f"{name} changes things ({tool.policy.effect}) and is under allow, not approve"
    for name in given.get("approve", ()):
        tool = tools.get(name)
        if tool is not None and not tool.policy.writes:
            yield f"{name} only reads and is under approve, not allow"
    outside = [name for name in tools_of(fields) if (tool := tools.get(name)) and tool.policy.texts == "outside"]
    if outside and not fields.get("trust", {}).get("reads_untrusted"):
        yield f"{outside[0]} gives texts of customers or the web, and trust.reads_untrusted is not true"


def tools_of(fields: Mapping[str, Any]) -> list[str]:
    """All tools that an agent's front matter names."""
    given = fields["tools"]
    return [*given["allow"], *given.get("approve", ())]


def _alike(good: Iterable[Written]) -> Iterator[str]:
    agents = [written for written in good if "tools" in written.fields]
    for one, other in combinations(agents, 2):
        ours, theirs = set(tools_of(one.fields)), set(tools_of(other.fields))
        share = len(ours & theirs) / len(ours | theirs)
        if share >= MOST_ALIKE:
            yield f"{one.shown}: {share:.0%} of its tools are those of {other.shown}"
