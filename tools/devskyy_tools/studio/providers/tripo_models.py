"""3D models by Tripo."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.assets.store import Asset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job

from .modelling import Origin, Rework, Wish, Work
from .port import an_op
from .tripo import ABOUT, DETAILED, UNTEXTURED, Tripo
from .work import Done, carry_out

VERSION = "v2.5-20250123"
DECIMATION = "v2.0"
VIEWS = {2: (0, None, 1, None), 3: (0, 1, 2, None), 4: (0, 1, 2, 3)}
"""By the number of pictures: which of them is front, left, back and right."""


class TripoModels:
    """A ``Modeller``."""

    def __init__(self, provider: Tripo) -> None:
        self.provider = provider

    def lacks(self, wish: Wish) -> str:
        return "what to avoid can only be said with a prompt" if wish.avoid and wish.pictures else ""

    async def generate(self, ctx: Context, wish: Wish) -> Work:
        tokens = [await self._lend(ctx, f"upload {number}", one) for number, one in enumerate(wish.pictures, 1)]
        body: dict[str, Any] = {"model": VERSION, **_options(wish)}
        if not tokens:
            action = "text-to-model"
            body |= {"prompt": wish.prompt, **({"negative_prompt": wish.avoid} if wish.avoid else {})}
        elif len(tokens) == 1:
            action, body["input"] = "image-to-model", tokens[0]
        else:
            views = VIEWS[len(tokens)]
            action, body["inputs"] = "multiview-to-model", [None if at is None else tokens[at] for at in views]
        price = ABOUT.prices.credits[action] + (DETAILED if wish.detailed else 0)
        done = await self._pay(ctx, "generate", action, body, price if wish.texture else price + UNTEXTURED)
        return Work((done,), VERSION)

    async def rework(self, ctx: Context, origin: Origin, rework: Rework) -> Work:
        tasks: list[Done] = []
        if origin.asset is not None:
            token = await self._lend(ctx, "upload", origin.asset)
            tasks.append(await self._pay(ctx, "import", "import", {"input": token}))
            source, made_by = tasks[0].id, "import"
        else:
            source, made_by = origin.task, origin.action
        match rework.action:
            case "texture":
                tasks.append(await self._texture(ctx, source, rework))
            case "convert":
                tasks.append(
                    await self._pay(ctx, "convert", "convert", {"input": source, "format": rework.format.upper()})
                )
            case "remesh":
                body = {"input": source, "model": DECIMATION, "face_limit": rework.triangles}
                tasks.append(await self._pay(ctx, "remesh", "decimate", body))
            case "rig" | "animate":
                tasks += await self._rig(ctx, source, made_by, rework)
        return Work(tuple(tasks), VERSION)

    async def _texture(self, ctx: Context, source: str, rework: Rework) -> Done:
        look: dict[str, Any] = {"text": rework.prompt} if rework.prompt else {}
        if rework.picture is not None:
            look["image"] = await self._lend(ctx, "upload look", rework.picture)
        body = {"input": source, "model": VERSION, **({"texture_prompt": look} if look else {})}
        return await self._pay(ctx, "texture", "texture", body)

    async def _rig(self, ctx: Context, source: str, made_by: str, rework: Rework) -> list[Done]:
        tasks: list[Done] = []
        if made_by != "rig":
            check = await self._pay(ctx, "rig check", "rig-check", {"input": source})
            if not check.facts.get("riggable"):
                raise Refused(
                    Code.CONFLICT,
                    "Tripo finds no body in this model that could be given a skeleton.",
                    "Only figures of people and animals can be rigged; clothes alone can't.",
                )
            kind = check.facts.get("rig_type") or check.facts.get("topology")
            body = {"input": source, "out_format": "glb", **({"rig_type": kind} if kind else {})}
            tasks += [check, await self._pay(ctx, "rig", "rig", body)]
            source = tasks[-1].id
        if rework.action == "animate":
            name = rework.animation if rework.animation.startswith("preset:") else f"preset:{rework.animation}"
            body = {"input": source, "animation": name, "out_format": "glb", "export_with_geometry": True}
            tasks.append(await self._pay(ctx, "animate", "retarget", body))
        return tasks or [Done(source, "rig")]

    async def _lend(self, ctx: Context, step: str, asset: Asset) -> str:
        return await ctx.get(Job).step(step, self.provider.upload, asset)

    async def _pay(
        self, ctx: Context, step: str, action: str, body: dict[str, Any], price: float | None = None
    ) -> Done:
        cost = ABOUT.prices.credits[action] if price is None else price
        return await carry_out(ctx, self.provider, step, an_op(self.provider, action, body, cost))


def _options(wish: Wish) -> dict[str, Any]:
    """Only what differs from Tripo's own defaults, as its client sends it."""
    options: dict[str, Any] = {}
    if wish.triangles:
        options["face_limit"] = wish.triangles
    if not wish.texture:
        options |= {"texture": False, "pbr": False}
    elif wish.detailed:
        options["texture_quality"] = "detailed"
    return options
