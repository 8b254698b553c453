"""Results of what was generated for money."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.links import KeptFile


class Generated(BaseModel):
    """What a model made, marked as such in each file's provenance."""

    model_config = ConfigDict(extra="forbid")
    files: list[KeptFile] = Field(description="Each may be followed by its preview.")
    provider: str
    model: str
    cost_usd: float | None = Field(description="null: the provider does not say.")
    licence: str
    note: str | None = Field(default=None, description="What was asked for and is not there, and why.")
