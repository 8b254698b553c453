"""What an agent's file says: front matter (YAML) and body (Markdown), one file per agent.

``agents/<super>.md`` is a super agent, ``agents/<super>/<name>.md`` one of its specialists. The format is a superset of
Agent Skills' SKILL.md (https://agentskills.io): ``name`` and ``description`` mean the same there.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Super = Literal["commerce", "creative", "marketing", "support", "operations", "analytics"]
SUPERS: tuple[Super, ...] = ("commerce", "creative", "marketing", "support", "operations", "analytics")
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Need = Literal["tools", "json_schema", "vision"]
Completion = Literal[
    "products", "categories", "collections", "tags", "brands", "orders", "customers", "coupons", "pages", "posts",
    "media", "jobs", "changes", "experiments", "languages", "countries",
]  # fmt: skip
"""What values are offered for an argument, read from the shop or the server itself."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Argument(Part):
    """A prompt's argument. ``values`` are the only ones it takes; ``complete`` says what is offered."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    description: Line
    required: bool = False
    values: tuple[str, ...] = ()
    complete: Completion | None = None


class Tools(Part):
    """All that it may call: ``allow`` runs as for anybody, ``approve`` needs a person's yes for every call."""

    allow: Annotated[tuple[str, ...], Field(min_length=1)]
    approve: tuple[str, ...] = ()


class Needs(Part):
    """Which models suit it. ``roundtable``: whether several models may draft its deliverable and a panel picks."""

    tier: Literal["fast", "balanced", "best"] = "balanced"
    needs: tuple[Need, ...] = ("tools",)
    prefer: tuple[str, ...] = ()
    effort: Literal["none", "low", "medium", "high", "max"] = "medium"
    roundtable: Literal["never", "auto"] = "never"


class Limits(Part):
    """What a run on the server may take at most: model calls, tool calls, tokens in and out, US dollars, seconds."""

    steps: Annotated[int, Field(ge=1, le=200)] = 20
    tool_calls: Annotated[int, Field(ge=1, le=500)] = 40
    tokens: Annotated[int, Field(ge=1000, le=5_000_000)] = 200_000
    usd: Annotated[float, Field(gt=0, le=100)] = 0.5
    wall_s: Annotated[int, Field(ge=10, le=86_400)] = 600


class Trust(Part):
    """``reads_untrusted``: whether it reads what customers or the web wrote. ``egress``: whether what it read may leave
    by a tool that sends something out of the shop.
    """

    reads_untrusted: bool = False
    egress: Literal["none", "approve"] = "none"


class Examples(Part):
    """What people say: ``route`` means this agent, ``other`` sounds like it and means another one or none."""

    route: Annotated[tuple[Line, ...], Field(min_length=5)]
    other: Annotated[tuple[Line, ...], Field(min_length=3)]


class AgentFile(Part):
    """The front matter of a specialist.

    ``output`` is the JSON Schema (2020-12) of what it delivers, always an object.
    """

    name: Slug
    super: Super
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    title: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    description: Annotated[str, StringConstraints(min_length=40, max_length=1024)]
    arguments: tuple[Argument, ...] = ()
    tools: Tools
    model: Needs = Needs()
    limits: Limits = Limits()
    output: dict[str, Any]
    trust: Trust = Trust()
    examples: Examples


class SuperFile(Part):
    """The front matter of a super agent, which hands requests to its specialists."""

    name: Super
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    title: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    description: Annotated[str, StringConstraints(min_length=40, max_length=1024)]
    examples: Examples
