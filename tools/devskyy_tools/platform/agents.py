"""The agents: finding one, its instructions, the brand guide that all read; and how this server is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import anyio.to_thread
from pydantic import BaseModel, Field

from devskyy_mcp.agents import brief
from devskyy_mcp.agents.catalogue import Agents
from devskyy_mcp.agents.finding import AgentIndex
from devskyy_mcp.agents.guide import SECTIONS, Guides
from devskyy_mcp.capability import Registry, Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.ops.health import report

agents = Toolset("agents", timeout=30)
server = Toolset("server", timeout=30)

MILLION = 1_000_000
Section = Annotated[str | None, Field(max_length=6_000)]


class AgentHit(BaseModel):
    name: str
    title: str
    super: str
    score: float
    why: str
    description: str


class SuperHit(BaseModel):
    name: str
    score: float


class AgentHits(BaseModel):
    none: bool = Field(description="No agent is for this; agents are only the nearest.")
    agents: list[AgentHit]
    supers: list[SuperHit] = Field(description="Super agents, best first.")
    next: str


class AgentBrief(BaseModel):
    agent: str
    title: str
    version: str | None = None
    brief: str = Field(description="Instructions, tools, deliverable, brand guide and task.")


class BrandGuide(BaseModel):
    revision: int = Field(description="0 before anybody has written one here.")
    at: str | None = None
    by: str | None = None
    unwritten: list[str] = Field(description="Sections without a text.")
    sections: dict[str, str] = Field(description="Markdown by section.")


class ServerHealth(BaseModel):
    status: str = Field(description="healthy or degraded.")
    version: str
    environment: str
    services: dict[str, str] = Field(description="Each part in words.")


@agents.tool("read", scopes="agents:read", open_world=False, timeout=120)
async def agents_find(
    ctx: Context,
    request: Annotated[str, Field(description="What is wanted, as it was said.", min_length=1, max_length=2_000)],
    limit: Annotated[int, Field(ge=1, le=10)] = 3,
) -> AgentHits:
    """Find the specialist for a job. Then agents_brief gives its instructions; follow them."""
    search = ctx.get(AgentIndex).search
    found = await anyio.to_thread.run_sync(search, request, limit, abandon_on_cancel=True)
    known = ctx.get(Agents)
    hits = [
        AgentHit(
            name=hit.name,
            title=known.agents[hit.name].title,
            super=known.agents[hit.name].super,
            score=hit.score,
            why=f"{'like' if found.by == 'meaning' else 'words'}: {hit.like}",
            description=known.agents[hit.name].description,
        )
        for hit in found.agents
    ]
    nearest = f" The nearest is {hits[0].title}." if hits else ""
    nobody = f"No agent is for this; use tools_find, or say so.{nearest}"
    return AgentHits(
        none=not found.fits,
        agents=hits,
        supers=[SuperHit(name=hit.name, score=hit.score) for hit in found.supers],
        next="agents_brief gives an agent's instructions." if found.fits else nobody,
    )


@agents.tool("read", scopes="agents:read", open_world=False)
async def agents_brief(
    ctx: Context,
    agent: Annotated[str, Field(description="Its name; a super agent's too.", max_length=64)],
    arguments: Annotated[dict[str, str] | None, Field(description="Of its prompt.")] = None,
) -> AgentBrief:
    """Get an agent's instructions for a task, as its prompt gives them: do the task by them yourself."""
    known, given = ctx.get(Agents), arguments or {}
    version, title = _offered(known, agent)
    prompt = ctx.get(Registry).prompts[agent]
    prompt.check(given)
    text = brief.as_text(await prompt.render(ctx, given))
    return AgentBrief(agent=agent, title=title, version=version, brief=text)


def _offered(known: Agents, name: str) -> tuple[str, str]:
    """Version and title of the agent or super agent of that name.

    Raises:
        Refused: NOT_FOUND, with the nearest names.
    """
    found = known.supers.get(name) or known.get(name)
    return found.version, found.title


@agents.tool("read", scopes="agents:read", open_world=False)
async def brand_guide_get(ctx: Context) -> BrandGuide:
    """Read the brand guide: voice, words, colours, sizes, claims and photo rules. Agents read it before they write."""
    guide = await ctx.get(Guides).latest()
    return BrandGuide(
        revision=guide.revision,
        at=datetime.fromtimestamp(guide.at / MILLION, UTC).isoformat(timespec="seconds") if guide.at else None,
        by=guide.principal or None,
        unwritten=[key for key in SECTIONS if not guide.sections.get(key)],
        sections=dict(guide.sections),
    )


@agents.tool("write", scopes="agents:write", open_world=False, idempotent=True)
async def brand_guide_update(
    ctx: Context,
    voice: Section = None,
    words: Section = None,
    colours: Section = None,
    sizes: Section = None,
    claims: Section = None,
    photos: Section = None,
) -> None:
    """Write sections of the brand guide, in Markdown; what is left out stays, an empty text takes a section out."""
    given = {"voice": voice, "words": words, "colours": colours, "sizes": sizes, "claims": claims, "photos": photos}
    sections = {key: text for key, text in given.items() if text is not None}
    if not sections:
        raise Refused(Code.INVALID_ARGUMENTS, "Give at least one section.", f"There are: {', '.join(SECTIONS)}.")
    await ctx.get(Guides).stage(ctx, sections)


@server.tool("read", scopes="tools:read", open_world=False)
async def server_health_get(ctx: Context) -> ServerHealth:
    """Tell how this server is: database, cache, shop, writes, sign-in, agents, each in words."""
    return ServerHealth(**await report(ctx.services, f"sign-in {ctx.get(Settings).sign_in}"))
