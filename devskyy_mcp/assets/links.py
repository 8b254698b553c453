"""A stored file as results name it: surfaces show pictures and link the rest by it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from .store import Asset


class KeptFile(BaseModel):
    """A file in the asset store."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(description="Its id, for tools that take one.")
    name: str
    content_type: str
    size: int = Field(description="Bytes.")
    url: str = Field(description="Where it is served, on this server.")
    width: int | None = Field(default=None, description="Pixels.")
    height: int | None = None
    shown: bool = Field(default=False, description="This result shows it as a picture.")


def kept_file(asset: Asset, *, width: int | None = None, height: int | None = None, shown: bool = False) -> KeptFile:
    """The stored file as a result names it; ``shown`` asks surfaces to show it, a picture of at most 180 kB."""
    return KeptFile(
        asset=asset.id,
        name=asset.name,
        content_type=asset.content_type,
        size=asset.size,
        url=f"/assets/{asset.id}/{asset.name}",
        width=width,
        height=height,
        shown=shown,
    )
