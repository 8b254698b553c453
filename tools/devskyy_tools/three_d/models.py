"""What tools for 3D models answer with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.links import KeptFile


class GeneratedModel(BaseModel):
    """A 3D model that a provider made."""

    model_config = ConfigDict(extra="forbid")
    model: KeptFile
    poster: KeptFile | None = None
    others: list[KeptFile] = Field(default_factory=list[KeptFile], description="Other formats and animations.")
    provider: str
    version: str = Field(description="The provider's model.")
    task: str = Field(description="Its id at the provider.")
    credits: float | None = None
    cost_usd: float | None = None
    licence: str


class Price(BaseModel):
    """What an action costs, as published."""

    action: str
    credits: float
    usd: float


class Provider3D(BaseModel):
    """A provider of 3D models, pictures or films."""

    name: str
    configured: bool
    needs: str = Field(description="What is missing; empty when it can be used.")
    credits_left: float | None = None
    trouble: str | None = Field(default=None, description="Why the credits could not be asked for.")
    prices_of: str = Field(description="When the prices were read.")
    prices: list[Price]


class Providers3D(BaseModel):
    """Who makes 3D models, pictures and films for money."""

    providers: list[Provider3D]
    local: str = Field(description="What works without any of them.")
