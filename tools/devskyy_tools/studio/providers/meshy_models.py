"""3D models by Meshy."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused

from .meshy import ABOUT, ASSET, UNTEXTURED, Meshy
from .modelling import Origin, Rework, Wish, Work
from .port import an_op
from .work import Done, carry_out

VERSION = "meshy-6"
WITH_RIG = {"walk": "walking", "run": "running"}
"""Animations that come with each rig, by the role of their files."""


class MeshyModels:
    """A ``Modeller``."""

    def __init__(self, provider: Meshy) -> None:
        self.provider = provider

    def lacks(self, wish: Wish) -> str:
        if wish.avoid:
            return "it can't be told what to avoid"
        return "its textures have one size" if wish.detailed else ""

    async def generate(self, ctx: Context, wish: Wish) -> Work:
        body: dict[str, Any] = {"ai_model": VERSION}
        if wish.triangles:
            body |= {"should_remesh": True, "topology": "triangle", "target_polycount": wish.triangles}
        if not wish.pictures:
            return await self._of_words(ctx, wish, body)
        files = [f"{ASSET}{one.id}" for one in wish.pictures]
        body |= {"should_texture": wish.texture, **({"enable_pbr": True} if wish.texture else {})}
        if len(files) == 1:
            action, body["image_url"] = "image-to-3d", files[0]
        else:
            action, body["image_urls"] = "multi-image-to-3d", files
        price = ABOUT.prices.credits[action] + (0 if wish.texture else UNTEXTURED)
        return Work((await self._pay(ctx, "generate", action, body, price),), VERSION)

    async def _of_words(self, ctx: Context, wish: Wish, body: dict[str, Any]) -> Work:
        """Two paid tasks: the shape, then its texture."""
        body = {"mode": "preview", "prompt": wish.prompt, **body}
        tasks = [await self._pay(ctx, "preview", "text-to-3d", body)]
        if wish.texture:
            body = {"mode": "refine", "preview_task_id": tasks[0].id, "enable_pbr": True}
            body["texture_prompt"] = wish.prompt  # Meshy's own default, said so that its list tells whose it is
            tasks.append(await self._pay(ctx, "refine", "text-to-3d", body, ABOUT.prices.credits["refine"]))
        return Work(tuple(tasks), VERSION)

    async def rework(self, ctx: Context, origin: Origin, rework: Rework) -> Work:
        source: dict[str, Any] = {"input_task_id": origin.task}
        if origin.asset is not None:
            source = {"model_url": f"{ASSET}{origin.asset.id}"}
        match rework.action:
            case "texture":
                done = await self._texture(ctx, source, rework)
            case "convert":
                body = {**source, "target_formats": [rework.format], "convert_format_only": True}
                done = await self._pay(ctx, "convert", "remesh", body)
            case "remesh":
                shape = {"topology": "triangle", "target_polycount": rework.triangles, "target_formats": ["glb"]}
                done = await self._pay(ctx, "remesh", "remesh", {**source, **shape})
            case "rig":
                done = await self._pay(ctx, "rig", "rigging", source)
            case "animate":
                return await self._animate(ctx, source, origin, rework.animation)
        return Work((done,), VERSION)

    async def _texture(self, ctx: Context, source: dict[str, Any], rework: Rework) -> Done:
        if rework.picture is not None:
            look = {"image_style_url": f"{ASSET}{rework.picture.id}"}
        elif rework.prompt:
            look = {"text_style_prompt": rework.prompt}
        else:
            raise Refused(Code.INVALID_ARGUMENTS, "Say how the texture is to look.", "Give a prompt or a picture.")
        return await self._pay(ctx, "texture", "retexture", {**source, **look, "enable_pbr": True})

    async def _animate(self, ctx: Context, source: dict[str, Any], origin: Origin, animation: str) -> Work:
        if animation not in WITH_RIG and not animation.isdecimal():
            raise Refused(
                Code.INVALID_ARGUMENTS,
                "Meshy knows animations by the numbers of its library, and walk and run.",
                "Give walk, run, or a number from docs.meshy.ai.",
            )
        rigged = origin.action == "rigging"
        tasks = [Done(origin.task, "rigging") if rigged else await self._pay(ctx, "rig", "rigging", source)]
        if animation in WITH_RIG:
            return Work(tuple(tasks), VERSION, WITH_RIG[animation])
        body = {"rig_task_id": tasks[0].id, "action_id": int(animation)}
        tasks.append(await self._pay(ctx, "animate", "animations", body))
        return Work(tuple(tasks), VERSION)

    async def _pay(
        self, ctx: Context, step: str, action: str, body: dict[str, Any], price: float | None = None
    ) -> Done:
        cost = ABOUT.prices.credits[action] if price is None else price
        return await carry_out(ctx, self.provider, step, an_op(self.provider, action, body, cost))
