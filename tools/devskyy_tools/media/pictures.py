"""Pictures: every size, steps of editing, what they show."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.assets.links import KeptFile
from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import PRODUCTS
from devskyy_tools.shop.session import Shop
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem
from devskyy_tools.studio.pictures.steps import Step, Watermark

from .files import taken
from .models import EditedPicture, PaletteColor, PictureFacts, Sizes, SourceSet
from .words import alt_text

pictures = Toolset("pictures", timeout=120)

Format = Literal["avif", "webp", "jpeg", "png"]
_Kind = Literal["avif", "webp", "jpeg"]
_ORDER: tuple[_Kind, ...] = ("avif", "webp", "jpeg")
"""Browsers take the first that they know."""
Width = Annotated[int, Field(ge=16, le=4096)]
ProductId = Annotated[int, Field(ge=1, description="Facts come from this product.")]


@pictures.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def media_pictures_resize(
    ctx: Context,
    asset: AssetId = None,
    url: FileUrl = None,
    path: FilePath = None,
    widths: Annotated[
        list[Width] | None, Field(min_length=1, max_length=12, description="Pixels; 320 to 2048.")
    ] = None,
    formats: Annotated[list[_Kind] | None, Field(min_length=1, max_length=3)] = None,
    sizes: Annotated[str, Field(max_length=300)] = "(min-width: 1024px) 50vw, 100vw",
) -> Sizes:
    """Make a picture in every width as AVIF and WebP, with srcset and thumbhash. Never enlarges, drops location."""
    from devskyy_tools.studio.pictures.sizes import WIDTHS, srcset, variants
    from devskyy_tools.studio.pictures.writing import TYPES

    source, content = await taken(ctx, Source(url, asset, path))
    asked = formats or ["avif", "webp"]
    kinds: list[_Kind] = [kind for kind in _ORDER if kind in asked]
    made = await apart(variants, content, sorted(set(widths or WIDTHS)), kinds, seconds=90)
    files: list[KeptFile] = []
    sources: list[SourceSet] = []
    for kind in kinds:
        mine = [one for one in made.files if one.format == kind]
        stored = [
            await kept(
                ctx, one.content, f"{stem(source)}-{one.width}", TYPES[kind], [source], {"width": one.width},
                size=(one.width, one.height),
            )
            for one in mine
        ]  # fmt: skip
        files += stored
        addresses = [(file.url, file.width or 0) for file in stored]
        sources.append(SourceSet(type=TYPES[kind], srcset=srcset(addresses), sizes=sizes))
    return Sizes(width=made.width, height=made.height, thumbhash=made.thumbhash, files=files, sources=sources)


@pictures.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def media_pictures_edit(
    ctx: Context,
    steps: Annotated[list[Step], Field(min_length=1, max_length=12)],
    asset: AssetId = None,
    url: FileUrl = None,
    path: FilePath = None,
    format: Format = "webp",  # noqa: A002 # what everybody calls it
) -> EditedPicture:
    """Cut out, crop, set on a canvas, shade, correct, enlarge or watermark a picture, step by step."""
    from devskyy_tools.studio.pictures.edit import edit
    from devskyy_tools.studio.pictures.writing import TYPES

    source, content = await taken(ctx, Source(url, asset, path))
    marks = {
        step.asset: (await taken(ctx, Source(asset=step.asset)))[1]
        for step in steps
        if isinstance(step, Watermark) and step.asset
    }
    made = await apart(edit, content, steps, format, marks, seconds=90)
    parameters = {"steps": [step.model_dump(exclude_defaults=True) | {"do": step.do} for step in steps]}
    name = f"{stem(source)}-edited"
    whole = made.preview is None
    file = await kept(
        ctx, made.content, name, TYPES[format], [source], parameters, size=(made.width, made.height), shown=whole
    )
    preview = None
    if made.preview is not None:
        preview = await kept(
            ctx, made.preview, f"{name}-preview", "image/webp", [source], parameters, size=made.preview_size, shown=True
        )
    return EditedPicture(file=file, preview=preview, did=made.did)


@pictures.tool("read", scopes="media:read", texts="catalogue", also=["catalog:read"])
async def media_pictures_describe(
    ctx: Context,
    asset: AssetId = None,
    url: FileUrl = None,
    path: FilePath = None,
    product_id: ProductId | None = None,
    name: Annotated[str, Field(max_length=200, description="Of what it shows.")] = "",
    color: Annotated[str, Field(max_length=60)] = "",
) -> PictureFacts:
    """Tell a picture's size, palette, light, sharpness and location data, and an alt text from product facts."""
    from devskyy_tools.studio.pictures.look import look

    source, content = await taken(ctx, Source(url, asset, path))
    found = await apart(look, content)
    if product_id is not None:
        product = await _product(ctx, product_id)
        name, color = name or product[0], color or product[1]
    text, grounds = alt_text(name, color, found)
    return PictureFacts(
        width=found.width,
        height=found.height,
        size=source.size,
        content_type=source.content_type,
        transparent=found.transparent,
        thumbhash=found.thumbhash,
        palette=[PaletteColor(name=one.name, hex=one.hex, share=one.share) for one in found.palette],
        background=found.ground,
        brightness=found.brightness,
        sharpness=found.sharpness,
        exif=found.exif,
        location=found.location,
        warnings=found.warnings,
        alt_text=text,
        alt_text_from=grounds,
    )


async def _product(ctx: Context, number: int) -> tuple[str, str]:
    """A product's name, and its colour where it has just one."""
    if not ctx.principal.may("catalog:read"):
        raise Refused(
            Code.FORBIDDEN, "Reading the product needs the scope catalog:read.", "Give name and color instead."
        )
    from devskyy_tools.shop.refusals import plain_text

    product = await ctx.get(Shop).get(PRODUCTS, number)
    for attribute in product.get("attributes", []):
        options = attribute.get("options", [])
        if str(attribute.get("name", "")).lower() in {"color", "colour"} and len(options) == 1:
            return plain_text(product["name"]), plain_text(options[0])
    return plain_text(product["name"]), ""
