"""3D models on the shop's products: put on, taken off, looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from devskyy_mcp.assets.links import Links
from devskyy_mcp.assets.store import PICTURES, Asset, Assets
from devskyy_mcp.assets.taking import Source, content_of
from devskyy_mcp.capability import Toolset
from devskyy_mcp.changes.model import ObjectId, Op, Ref
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import uploads
from devskyy_tools.shop.collections import MEDIA, MODELS, PRODUCTS
from devskyy_tools.shop.nouns import Id, ShopModel
from devskyy_tools.shop.plugin import INSTALL, NAMESPACE, missing
from devskyy_tools.shop.session import Shop
from devskyy_tools.studio.apart import apart

from . import facts, published

products = Toolset("products", timeout=60)

FILES: Mapping[str, Mapping[str, str]] = {
    "glb": {"model/gltf-binary": "glb"},
    "usdz": {"model/vnd.usdz+zip": "usdz"},
    "poster": PICTURES,
}
SIZES = ("width", "height", "depth")
META = "_devskyy_model_"
_ID, _SIZE = re.compile(r"[0-9]{1,19}"), re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?")
EMPTY: Mapping[str, Any] = {
    **dict.fromkeys(FILES, ""), "alt": "", "kind": "", "sha256": "", **dict.fromkeys(SIZES, 0), "ar": False,
}  # fmt: skip
AssetOf = Annotated[str | None, Field(max_length=80)]
Kind = Literal["relief", "reconstruction", "generated"]
Json = dict[str, Any]


class Merchant(ShopModel):
    """What Google Merchant makes of it as ``virtual_model_link``; ``link`` only where it may be proposed."""

    eligible: bool
    link: str | None = None
    reasons: list[str]
    notes: list[str]


class ProductModel(ShopModel):
    """A product's 3D model; sizes in metres. ``kept_by``: the shop's plugin, the product's metadata, or nobody."""

    id: int
    name: str
    kept_by: Literal["plugin", "metadata", "nobody"]
    glb: str | None = None
    usdz: str | None = None
    poster: str | None = None
    alt: str = ""
    kind: str = ""
    ar: bool = False
    width: float = 0
    height: float = 0
    depth: float = 0
    sha256: str = ""
    json_ld: dict[str, Any] | None = Field(default=None, description="For search engines, schema.org/3DModel.")
    merchant: Merchant | None = None
    missing: str | None = None


@products.tool("read", scopes="catalog:read", texts="catalogue")
async def three_d_products_get(ctx: Context, id: Id) -> ProductModel:  # noqa: A002 # the shop's own name
    """Get a product's 3D model: its files, what search engines are told, whether Google Merchant takes it."""
    shop = ctx.get(Shop)
    product = await shop.get(PRODUCTS, id)
    held = await _by_plugin(shop, id)
    found: Json = held or await _of_metadata(shop, product)
    about: Json = {"id": id, "name": str(product.get("name") or "")}
    needs = None if held else f"Pages show it only with the DevSkyy plugin. {INSTALL}"
    if not found["urls"]["glb"]:
        return ProductModel(**about, kept_by="nobody", missing=needs)
    kept_by = "plugin" if held else "metadata"
    shown = {name: found[name] for name in ("alt", "kind", "ar", "sha256", *SIZES)}
    urls = {name: url or None for name, url in found["urls"].items()}
    json_ld = found["json_ld"] if held else None
    verdict = await _merchant(ctx, found)
    return ProductModel(**about, kept_by=kept_by, **urls, **shown, json_ld=json_ld, merchant=verdict, missing=needs)


async def _by_plugin(shop: Shop, product: int) -> Json | None:
    """What the plugin says of the product's model; None where the shop does not have it."""
    try:
        return await shop.get(MODELS, product)
    except Refused as refused:
        if refused.code is Code.NOT_CONFIGURED:
            return None
        raise


async def _of_metadata(shop: Shop, product: Json) -> Json:
    """The model as the product's metadata tell it, in the plugin's form."""
    entries = cast("list[Json]", product.get("meta_data") or [])
    kept = {str(one["key"]).removeprefix(META): one["value"] for one in entries if str(one["key"]).startswith(META)}
    found: Json = {name: str(kept.get(name) or "") for name in EMPTY}
    urls: dict[str, str] = {}
    for name in FILES:
        held = await shop.find(MEDIA, int(found[name])) if _ID.fullmatch(found[name]) else None
        urls[name] = str(held["source_url"] if held else found[name])
        if not urls[name].startswith(("http://", "https://")):
            urls[name] = ""
    sizes = {name: float(found[name]) if _SIZE.fullmatch(found[name]) else 0.0 for name in SIZES}
    return {**found, **sizes, "ar": found["ar"] == "1", "urls": urls, "bytes": 0, "json_ld": None}


async def _merchant(ctx: Context, found: Json) -> Merchant:
    size, known = int(found["bytes"]), None
    try:
        asset = await ctx.get(Assets).get(f"ast_{found['sha256']}")
        size, known = asset.size, await _look(ctx, asset)
    except Refused:
        pass  # a file from elsewhere: what is not known is said
    url = str(found["urls"]["glb"])
    no, but = facts.merchant(str(found["kind"]), url, size, known)
    return Merchant(eligible=not no, link=None if no else url, reasons=no, notes=but)


async def _look(ctx: Context, asset: Asset) -> facts.Facts:
    content = await content_of(ctx, asset)
    return await apart(facts.facts_of, content)


@products.tool("write", scopes=["catalog:write", "media:write"])
async def three_d_products_attach(
    ctx: Context,
    id: Id,  # noqa: A002 # the shop's own name
    glb: AssetOf = None,
    usdz: AssetOf = None,
    poster: AssetOf = None,
    alt: Annotated[str | None, Field(max_length=1000, description="What it shows, in words.")] = None,
    kind: Annotated[Kind | None, Field(description="How it was made; a relief is never called more.")] = None,
    ar: Annotated[bool, Field(description="Offer it in people's rooms.")] = False,
    host: Annotated[
        Literal["shop", "here"] | None, Field(description="Whose files: uploaded, or linked from this server.")
    ] = None,
    remove: Annotated[bool, Field(description="Take the model off.")] = False,
) -> None:
    """Put a 3D model (asset ids) on a product, or take it off; uploads to the shop, else links this server's files."""
    shop = ctx.get(Shop)
    await shop.get(PRODUCTS, id)
    plugin = await _by_plugin(shop, id) is not None
    if remove:
        if glb or usdz or poster:
            raise Refused(Code.INVALID_ARGUMENTS, "Give files, or remove=true.")
        await _write(shop, id, dict(EMPTY), plugin=plugin)
        return
    if glb is None:
        raise Refused(Code.INVALID_ARGUMENTS, "glb is missing.", "Give the id of a GLB, or remove=true.")
    given = {name: asset for name, asset in (("glb", glb), ("usdz", usdz), ("poster", poster)) if asset}
    await put_on(ctx, id, given, alt=alt, kind=kind, ar=ar, host=host, plugin=plugin)


async def put_on(
    ctx: Context,
    product: ObjectId,
    given: Mapping[str, str],
    *,
    alt: str | None = None,
    kind: Kind | None = None,
    ar: bool = False,
    host: Literal["shop", "here"] | None = None,
    plugin: bool,
) -> None:
    """Stage a model for a product, or for one that is only staged (a Ref).

    Args:
        ctx: the call's.
        product: its id.
        given: ids of assets by what they are: ``glb``, ``usdz``, ``poster``.
        alt: what it shows, in words.
        kind: how it was made, where the file does not say it.
        ar: offer it in people's rooms.
        host: whose files; None for the shop's where it has the plugin.
        plugin: whether it has.

    Raises:
        Refused: NOT_CONFIGURED where neither the shop nor this server can give the files to visitors;
            INVALID_ARGUMENTS for a kind that is not known or not so.
    """
    host = host or ("shop" if plugin else "here")
    if host == "shop" and not plugin:
        raise missing("Uploading 3D files needs")
    assets = {name: await Source(asset=asset).take(ctx, FILES[name]) for name, asset in given.items()}
    known = await _look(ctx, assets["glb"])
    made = _kind(kind, known, assets["glb"], ar=ar)
    texts = {"alt": alt or "", "kind": made, "ar": ar, "sha256": assets["glb"].sha256}
    sizes = dict(zip(SIZES, known.size, strict=True))
    if host == "shop":
        files, waits = await _upload(ctx, assets, alt), list[Op]()
    else:
        files, waits = _lend(ctx, assets)
    op = await _write(ctx.get(Shop), product, {**EMPTY, **files, **texts, **sizes}, plugin=plugin, waits=waits)
    if op is not None and facts.COMPRESSED in known.required:
        op.warnings.append("It is compressed: a page with a policy needs 'wasm-unsafe-eval' to show it.")


async def has_plugin(shop: Shop) -> bool:
    """Whether the shop has the plugin that keeps models, where there is no product yet to ask it about."""
    index: Json = await shop.client.get("/", {"_fields": "namespaces"})
    return NAMESPACE.strip("/") in index.get("namespaces", [])


def _kind(kind: Kind | None, known: facts.Facts, asset: Asset, *, ar: bool) -> Kind:
    """How it was made: as the file or its provenance says, else as the caller does."""
    relief = facts.is_relief(known.extras)
    if relief and kind not in (None, "relief"):
        raise Refused(Code.INVALID_ARGUMENTS, "The file says that it is a relief.", "Leave kind out, or say relief.")
    found: Kind | None = "relief" if relief else kind or ("generated" if asset.provenance.get("provider") else None)
    if found is None:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            "How the model was made is not known.",
            "Give kind: relief, reconstruction (of the real thing) or generated.",
        )
    if found == "relief" and ar:
        raise Refused(Code.INVALID_ARGUMENTS, "A relief has no true depth: it is not shown in rooms.", "Leave ar out.")
    return found


async def _upload(ctx: Context, assets: Mapping[str, Asset], alt: str | None) -> Json:
    """Stage the files for the media library."""
    found: Json = {}
    for name, asset in assets.items():
        texts = {"alt_text": alt} if alt and name == "poster" else {}
        found[name] = (await uploads.stage(ctx.get(Shop), asset, texts)).ref
    return found


def _lend(ctx: Context, assets: Mapping[str, Asset]) -> tuple[Json, list[Op]]:
    """Stage that anybody may read the files here; their addresses, and what has to be done before they are named."""
    if not ctx.get(Settings).public_url:
        raise Refused(
            Code.NOT_CONFIGURED,
            "The shop's visitors can't reach files on this server.",
            f"Set DEVSKYY_PUBLIC_URL to an address that they reach, or install the DevSkyy plugin. {INSTALL}",
        )
    assert ctx.unit is not None
    staged = [published.stage(ctx.unit, asset) for asset in assets.values()]
    links = ctx.get(Links)
    return {name: links.public(asset) for name, asset in assets.items()}, [op for op in staged if op]


async def _write(
    shop: Shop, product: ObjectId, model: Json, *, plugin: bool, waits: list[Op] | None = None
) -> Op | None:
    """Stage the model itself: through the plugin, else as metadata of the product."""
    if plugin and isinstance(product, Ref):
        op = await shop.update_new(MODELS, product, model, EMPTY)
        if op is not None:
            op.label = "3D model of the new product"
    elif plugin:
        op = await shop.update(MODELS, product, model)
    else:
        values = {**model, "ar": "1" if model["ar"] else None}  # as the shop gives it back
        meta = [{"key": f"{META}{name}", "value": value or None} for name, value in values.items()]
        op = await shop.update(PRODUCTS, product, {"meta_data": meta})
        if op is not None:
            op.warnings.append(f"Pages show it only with the DevSkyy plugin. {INSTALL}")
    if op is not None and waits:
        parents = cast("dict[str, ObjectId]", {f"published_{one.seq}": one.ref for one in waits})
        op.parent = {**op.parent, **parents}
    return op
