"""What is asked of a provider of 3D models, whoever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from devskyy_mcp.assets.store import Asset
from devskyy_mcp.context import Context

from .port import Provider
from .work import Done

Action = Literal["texture", "convert", "remesh", "rig", "animate"]
Format = Literal["usdz", "fbx"]


@dataclass(frozen=True, slots=True)
class Wish:
    """A model to be made of words, or of one to four pictures.

    Args:
        prompt: what it is; empty where there are pictures.
        pictures: its front; front and back; front, left and back; or front, left, back and right.
        texture: whether it gets a texture.
        triangles: at most so many; None leaves it to the provider.
        avoid: what it must not look like, in words.
        detailed: larger textures, for more money.
    """

    prompt: str = ""
    pictures: tuple[Asset, ...] = ()
    texture: bool = True
    triangles: int | None = None
    avoid: str = ""
    detailed: bool = False


@dataclass(frozen=True, slots=True)
class Rework:
    """What is to be done to a model.

    Args:
        action: what.
        prompt: the new texture in words.
        picture: the new texture's look.
        triangles: at most so many, for ``remesh``.
        format: for ``convert``.
        animation: for ``animate``: ``walk``, ``run``, or what the provider calls it.
    """

    action: Action
    prompt: str = ""
    picture: Asset | None = None
    triangles: int = 20_000
    format: Format = "usdz"
    animation: str = "walk"


@dataclass(frozen=True, slots=True)
class Origin:
    """The model that is reworked: a task of the provider's own (and the action that it was), or a GLB of ours."""

    task: str = ""
    action: str = ""
    asset: Asset | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What it took: the tasks in their order, and the role of the file that was asked for among those of the last."""

    tasks: tuple[Done, ...]
    version: str
    role: str = "model"

    @property
    def credits(self) -> float | None:
        """What all of them took; None where that is not known."""
        known = [one.credits for one in self.tasks if one.credits is not None]
        return sum(known) if known else None


class Modeller(Protocol):
    """A provider of 3D models."""

    @property
    def provider(self) -> Provider: ...

    def lacks(self, wish: Wish) -> str:
        """What of the wish it can't do, in words; empty when it can do all."""
        ...

    async def generate(self, ctx: Context, wish: Wish) -> Work:
        """Make it, in paid steps of the job."""
        ...

    async def rework(self, ctx: Context, origin: Origin, rework: Rework) -> Work:
        """Do it, in paid steps of the job."""
        ...
