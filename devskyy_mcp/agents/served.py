"""Agents as what surfaces serve: prompts, resources under agent:// and the brand guide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..capability import Pack, Prompt, PromptArgument, Resource
from ..context import Context
from ..errors import Code, Refused
from . import brief, skills
from .catalogue import Agent, Agents, Super
from .guide import URI, Guides
from .offers import Offers, among

SCOPES = frozenset({"agents:read"})
REQUEST_ARGUMENT = PromptArgument("request", "What is wanted, in your own words.")
Render = Callable[[Context, Mapping[str, str]], Awaitable[Any]]


def served(agents: Agents, offers: Offers) -> Pack:
    """Everything of the agents that is no tool, as a pack of its own."""
    prompts = [_super_prompt(above) for above in agents.supers.values()]
    prompts += [_prompt(agent, offers) for agent in agents.offered]
    return Pack("agents", prompts=prompts, resources=_resources(agents))


def _super_prompt(above: Super) -> Prompt:
    async def render(ctx: Context, arguments: Mapping[str, str]) -> Any:
        return await brief.hand_out(ctx, above, arguments)

    return Prompt(above.name, above.title, above.description, render, (REQUEST_ARGUMENT,), SCOPES)


def _prompt(agent: Agent, offers: Offers) -> Prompt:
    async def render(ctx: Context, arguments: Mapping[str, str]) -> Any:
        return await brief.brief(ctx, agent, arguments)

    arguments = tuple(_argument(one, offers) for one in agent.arguments)
    return Prompt(agent.name, agent.title, agent.description, render, arguments, SCOPES)


def _argument(given: Mapping[str, Any], offers: Offers) -> PromptArgument:
    values, kind = tuple(given.get("values", ())), given.get("complete")
    offer = among(values) if values else offers.of(kind) if kind else None
    return PromptArgument(given["name"], given["description"], given.get("required", False), offer, values)


def _resources(agents: Agents) -> list[Resource]:
    async def read_index(ctx: Context, _values: Mapping[str, str]) -> dict[str, Any]:
        return index(ctx.get(Agents))

    async def read_super(ctx: Context, values: Mapping[str, str]) -> str:
        found = ctx.get(Agents).supers.get(values["super"])
        if found is None:
            known = ", ".join(ctx.get(Agents).supers)
            raise Refused(Code.NOT_FOUND, f"There is no super agent {values['super'][:60]!r}.", f"There are: {known}.")
        return f"# {found.title}\n\n{found.description}\n\n{found.written.body}\n"

    async def read_agent(ctx: Context, values: Mapping[str, str]) -> str:
        found = ctx.get(Agents).get(values["name"])
        if found.super != values["super"]:
            raise Refused(Code.NOT_FOUND, f"{found.name} belongs to {found.super}.", f"Read {found.uri}.")
        return f"# {found.title}\n\n{found.description}\n\n{found.written.body}\n"

    async def read_guide(ctx: Context, _values: Mapping[str, str]) -> str:
        return (await ctx.get(Guides).latest()).markdown

    async def names(ctx: Context, variable: str, prefix: str) -> list[str]:
        found = ctx.get(Agents)
        known = found.supers if variable == "super" else {agent.name: agent for agent in found.offered}
        return [name for name in known if name.startswith(prefix)]

    def resource(uri: str, name: str, title: str, description: str, read: Any, **more: Any) -> Resource:
        more = {"mime_type": "text/markdown", **more}
        return Resource(uri, name, title, description, read, scopes=SCOPES, **more)

    guide = resource(URI, "brand-guide", "Brand guide", "What every agent reads before it writes.", read_guide)
    if not agents.supers:  # nobody would read it
        return []
    return [
        guide,
        resource(
            "agent://index",
            "agents",
            "Agents",
            "All agents by super agent, with what each is for.",
            read_index,
            mime_type="application/json",
        ),
        resource("agent://{super}", "super-agent", "Super agent", "A super agent's file.", read_super, complete=names),
        resource("agent://{super}/{name}", "agent", "Agent", "A specialist's file.", read_agent, complete=names),
        *(_skill(agent) for agent in agents.offered),
    ]


def _skill(agent: Agent) -> Resource:
    """The agent's SKILL.md, listed one by one: hosts that know nothing of skills see ordinary resources."""

    async def read(_ctx: Context, _values: Mapping[str, str]) -> str:
        return skills.skill_of(agent).text

    uri = skills.address(agent.name)
    return Resource(uri, agent.name, agent.title, agent.description, read, "text/markdown", SCOPES)


def index(agents: Agents) -> dict[str, Any]:
    """All agents, by super agent; of those that are not offered also why."""
    of = {name: [one for one in agents.agents.values() if one.super == name] for name in agents.supers}
    return {
        "supers": [
            {**entry(above), "agents": [entry(agent) for agent in of[name]]} for name, above in agents.supers.items()
        ]
    }


def entry(one: Agent | Super) -> dict[str, Any]:
    """What lists say of an agent or super agent."""
    told: dict[str, Any] = {
        "name": one.name,
        "title": one.title,
        "version": one.version,
        "description": one.description,
        "uri": one.uri,
    }
    if isinstance(one, Super):
        return told
    told |= {"super": one.super, "arguments": one.arguments, "tools": one.written.fields["tools"]}
    return told | ({"switched_off": list(one.off)} if one.off else {}) | ({"away": one.away} if one.away else {})
