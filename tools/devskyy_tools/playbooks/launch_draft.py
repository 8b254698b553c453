"""What a launch has made, put into the shop: pictures, a product as a draft, and its 3D model, as one change."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.assets.store import MEDIA as KINDS
from devskyy_mcp.assets.taking import Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.service import Jobs
from devskyy_tools.shop import uploads
from devskyy_tools.shop.collections import PRODUCTS
from devskyy_tools.shop.session import Shop
from devskyy_tools.three_d.products import has_plugin, put_on
from devskyy_tools.woocommerce.arguments import CategoryIds, Html, Price, Sku, Status

from .launch import Launch, play_product_launch

drafting = Toolset("playbooks", timeout=60, enabled="enable_3d_pipeline")


@drafting.tool("write", scopes=["catalog:write", "media:write"])
async def play_launch_draft(
    ctx: Context,
    launch: Annotated[str, Field(max_length=80, description="Job of play_product_launch.")],
    regular_price: Price | None = None,
    sku: Sku = "",
    categories: CategoryIds = [],  # noqa: B006 # read only
    name: Annotated[str, Field(max_length=300, description="Instead of the launch's.")] = "",
    description: Html = "",
    short_description: Html = "",
    status: Status = "draft",
    with_model: bool = True,
) -> None:
    """Put a launch into the shop: its pictures, a draft product with its texts, and the 3D model. One undo for all."""
    made = await _made(ctx, launch)
    if with_model and made.model and made.gate and made.gate.verdict == "fail":
        failed = "; ".join(f"{row.check}: {row.figure}" for row in made.gate.checks if row.verdict == "fail")
        raise Refused(
            Code.CONFLICT,
            f"The model does not pass the publish gate: {failed}.",
            "Make a better one, or give with_model=false to launch the product without it.",
        )
    shop = ctx.get(Shop)
    pictures = [
        await uploads.stage(shop, await Source(asset=one.asset).take(ctx, KINDS), {"alt_text": alt})
        for one, alt in zip(made.pictures, made.texts.alt_texts, strict=True)
    ]
    fields: dict[str, Any] = {
        "name": name or made.texts.name,
        "status": status,
        "description": description or made.texts.description,
        "short_description": short_description or made.texts.short_description,
        "images": [{"id": one.ref} for one in pictures],
        "sku": sku,
        "categories": [{"id": one} for one in categories],
    }
    if regular_price is not None:
        fields["regular_price"] = regular_price
    product = await shop.create(PRODUCTS, {key: value for key, value in fields.items() if value not in ("", [])})
    if with_model and made.model:
        files = {"glb": made.model, "usdz": made.usdz, "poster": made.poster}
        given = {part: one.asset for part, one in files.items() if one}
        await put_on(ctx, product.ref, given, alt=made.texts.alt_texts[0], plugin=await has_plugin(shop))


async def _made(ctx: Context, launch: str) -> Launch:
    view = await ctx.get(Jobs).get(ctx.principal, launch)
    if view.tool != play_product_launch.__name__:
        raise Refused(Code.INVALID_ARGUMENTS, f"{view.job} is no launch.", "play_product_launch makes one.")
    if view.state in ("failed", "cancelled"):
        raise Refused(Code.CONFLICT, f"There is nothing to put in: {view.summary}", "play_product_launch starts anew.")
    if view.state != "succeeded" or view.result is None:
        raise Refused(Code.CONFLICT, f"The launch is not ready: {view.summary}", "jobs_wait waits for its end.")
    return Launch.model_validate(view.result)
