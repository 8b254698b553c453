"""A stored file as results name it, and the addresses by which it is read without signing in."""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from ..config import Settings
from ..guard.local_key import Seal, signing_secret
from .store import Asset

HOUR = 3600.0
LINK_SECONDS = 24 * HOUR
MOST_SHOWN = 180_000
"""Bytes of a picture that a result shows: hosts cut results off at a megabyte, and models look at less."""


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
        url=path_of(asset),
        width=width,
        height=height,
        shown=shown,
    )


def path_of(asset: Asset) -> str:
    """Where the file is served, below this server's address."""
    return f"/assets/{asset.id}/{asset.name}"


class Links:
    """Whole addresses of files, for programs and pages that do not sign in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _seal(self) -> Seal:
        return Seal(signing_secret(self._settings), "asset links")

    def public(self, asset: Asset) -> str:
        """The address of a published file, which stays as it is."""
        return f"{self._settings.base_url}{path_of(asset)}"

    def lent(self, asset: Asset, seconds: float = LINK_SECONDS) -> str:
        """An address by which whoever has it reads this one file, until it ends: at a full hour, so that it is the same
        address for a while, which caches and repeated answers like.
        """
        end = -((self._seal.clock() + seconds) // -HOUR) * HOUR
        return f"{self.public(asset)}?link={self._seal.seal_until(asset.id, end)}"

    def lends(self, link: str, asset_id: str) -> bool:
        """Whether the link's ``?link=`` is ours, for that file, and has not ended."""
        return self._seal.open(link) == asset_id
