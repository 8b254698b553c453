"""Those who work with pictures: direction, editing, lookbooks and 3D, all with what this machine can do for free."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from io import BytesIO
from typing import Any, cast

from PIL import Image, ImageDraw

from devskyy_mcp.assets.store import Assets
from tests.agents.cases.counted import of
from tests.agents.cases.creative import collection_of
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import made
from tests.fakes.demo import Demo

OURS = "kept by this server and not by the shop; after() opens the file"


def _photo(shade: int) -> bytes:
    """A garment on a light ground with a trim; each shade is another file."""
    picture = Image.new("RGB", (1200, 1600), "#f8f8f8")
    pencil = ImageDraw.Draw(picture)
    pencil.polygon([(400, 200), (800, 200), (1000, 1400), (200, 1400)], fill=(40 + 20 * shade, 30, 60))
    pencil.rectangle((400, 700, 800, 780), fill="#c8102e")
    kept = BytesIO()
    picture.save(kept, "JPEG", quality=90)
    return kept.getvalue()


def uploads(*names: str) -> Callable[[Demo], Awaitable[Json]]:
    """Photographs that somebody has uploaded, by the slug of what they show."""

    async def arrange(shop: Demo) -> Json:
        assets = shop.app.services.get(Assets)
        kept = [await assets.put(_photo(shade), f"{name}.jpg", "upload") for shade, name in enumerate(names)]
        return {"assets": ",".join(one.id for one in kept)}

    return arrange


def given(seen: Seen) -> list[str]:
    return seen.arguments["assets"].split(",")


async def files_are_there(facts: Facts) -> None:
    """Every asset that is handed over can be opened."""
    assets = facts.shop.app.services.get(Assets)
    found = [one for one in _texts(facts.delivered) if one.startswith("ast_")]
    assert found
    for one in found:
        assert assets.path(await assets.get(one)).stat().st_size


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        inner = cast("Json", value).values() if isinstance(value, dict) else cast("list[Any]", value)
        for one in inner:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


# --- art-director ----------------------------------------------------------------------------------------------------

PROMPT = "A woman in the piece as it is, turning in a doorway, hard light from the left, ivory ground, no letters"
BUYABLE = (
    "SELECT p.id FROM objects p, json_each(p.body, '$.categories') c JOIN objects t ON t.kind = 'product_cat' AND"
    " t.id = c.value WHERE p.kind = 'product' AND p.status = 'publish' AND t.name = ? AND json_extract(p.body,"
    " '$.stock_status') <> 'outofstock' ORDER BY p.id DESC LIMIT ?"
)


def _buyable(seen: Seen) -> list[Json]:
    items = [one for one in seen("woo_products_list")["items"] if one["status"] == "publish"]
    return [one for one in items if one.get("stock_status") != "outofstock"]


def _direct(seen: Seen) -> Json:
    measured = seen("media_pictures_describe")["palette"]
    places = [("hero", "wide", "16:9"), ("product", "full", "4:5"), ("texture", "macro", "1:1")]
    return {
        "campaign": seen.arguments["campaign"],
        "idea": {"line": "She has just come in.", "light": "Hard, low", "places": ["A doorway"], "never": ["A smile"]},
        "palette": [
            {"name": one["name"], "hex": one["hex"], "role": role, "source": given(seen)[0]}
            for one, role in zip(measured, ("ground", "main", "accent"), strict=False)
        ],
        "casting": ["One woman around 50"],
        "shots": [
            {
                "number": number,
                "purpose": purpose,
                "product_ids": [piece["id"]],
                "framing": framing,
                "ratio": ratio,
                "prompt": f"{PROMPT}: {piece['name']}",
                "asset": None,
                "verdict": "not_made",
            }
            for number, ((purpose, framing, ratio), piece) in enumerate(zip(places, _buyable(seen), strict=False), 1)
        ],
        "moodboard": seen("media_sheets_create")["file"]["asset"],
        "spent_usd": "0",
        "guide_changes": [],
        "changes": [],
        "unknowns": [],
    }


def _shots_in_shop(facts: Facts, told: Json) -> Json:
    ids = facts.column(BUYABLE, facts.arguments["collection"], 3)
    return {
        "shots": [
            {"number": at, "product_ids": [one], "prompt": f"{PROMPT}: {of(facts, 'product', one, 'name')}"}
            for at, one in enumerate(ids, 1)
        ]
    }


def _in_the_photo(facts: Facts, told: str) -> str | None:
    """The colour, if some part of the photograph has it or nearly so."""
    red, green, blue = (int(told[at : at + 2], 16) for at in (1, 3, 5))
    pixels = Image.open(BytesIO(_photo(0))).convert("RGB").resize((60, 80), Image.Resampling.NEAREST)
    near = [abs(r - red) + abs(g - green) + abs(b - blue) for _, (r, g, b) in _counted(pixels)]
    return told if min(near) <= 30 else None


def _counted(picture: Image.Image) -> list[Any]:
    """How often each colour comes."""
    return picture.getcolors(60 * 80) or []


DIRECT = Case(
    agent="art-director",
    arguments={"campaign": "Winter, for people who repair", "collection": "BLACK ROSE"},
    arrange=uploads("ref-doorway", "ref-light"),
    steps=[
        Step("media_pictures_describe", lambda seen: {"asset": given(seen)[0]}),
        Step("brand_guide_get"),
        Step("woo_collections_list"),
        Step("woo_products_list", lambda seen: {"category": collection_of(seen)["id"], "limit": 100}),
        Step("wp_media_list", lambda seen: {"search": seen.arguments["collection"]}),
        Step("media_sheets_create", lambda seen: {"assets": given(seen)}),
    ],
    deliver=_direct,
    checks=[Check("", _shots_in_shop), Check("palette[].hex", _in_the_photo)],
    own={"palette[].source": OURS, "moodboard": OURS, "spent_usd": "nothing was bought"},
    falsify=["woo_products_list:id"],
    after=files_are_there,
)

# --- photo-editor ----------------------------------------------------------------------------------------------------


def _sizes(one: Json) -> Json:
    return {"width": one["width"], "height": one["height"], "bytes": one["size"]}


def _edit(seen: Seen) -> Json:
    product = seen("woo_products_get")
    before, after, upload = (
        seen(name) for name in ("media_pictures_describe", "media_pictures_edit", "wp_media_upload")
    )
    return {
        "preset": seen.arguments["preset"],
        "edited": [
            {
                "source_media_id": None,
                "source_asset": given(seen)[0],
                "result_asset": after["file"]["asset"],
                "media_id": made(upload),
                "steps": ["canvas"],
                "before": _sizes(before),
                "after": _sizes(after["file"]),
                "alt_text": f"{product['name']}, laid flat",
            }
        ],
        "sheet": None,
        "gallery": {"product_id": product["id"], "media_ids": _gallery(seen)},
        "refused": [],
        "changes": seen.changes,
        "unknowns": [],
    }


def _gallery(seen: Seen) -> list[int]:
    """What the product has, and the new one behind."""
    return [*(one["id"] for one in seen("woo_products_get")["images"]), made(seen("wp_media_upload"))]


def _edited_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["product_id"])
    photo = _photo(0)
    width, height = Image.open(BytesIO(photo)).size
    [(picture, wide, high, size)] = facts.sql(
        "SELECT id, json_extract(body, '$.width'), json_extract(body, '$.height'), json_extract(body, '$.filesize')"
        " FROM objects WHERE kind = 'attachment' ORDER BY id DESC LIMIT 1"
    )
    gallery = facts.column(
        "SELECT i.value FROM objects p, json_each(p.body, '$.images') i WHERE p.kind = 'product' AND p.id = ?", number
    )
    return {
        "edited": [
            {
                "media_id": picture,
                "before": {"width": width, "height": height, "bytes": len(photo)},
                "after": {"width": wide, "height": high, "bytes": size},
                "alt_text": of(facts, "attachment", picture, "alt_text"),
            }
        ],
        "gallery": {"product_id": number, "media_ids": gallery},
    }


EDIT = Case(
    agent="photo-editor",
    arguments={"media_ids": "the upload", "preset": "feed_4x5", "product_id": "57"},
    arrange=uploads("wrap-dress"),
    steps=[
        Step("assets_list", {"kind": "picture"}),
        Step("media_pictures_describe", lambda seen: {"asset": given(seen)[0]}),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["product_id"])}),
        Step(
            "media_pictures_edit",
            lambda seen: {"asset": given(seen)[0], "steps": [{"do": "canvas", "ratio": "4:5"}], "format": "jpeg"},
        ),
        Step(
            "wp_media_upload",
            lambda seen: {
                "asset": seen("media_pictures_edit")["file"]["asset"],
                "alt_text": f"{seen('woo_products_get')['name']}, laid flat",
            },
        ),
        Step("woo_products_update", lambda seen: {"id": seen("woo_products_get")["id"], "images": _gallery(seen)}),
    ],
    deliver=_edit,
    checks=[Check("", _edited_in_shop)],
    own={"edited[].source_asset": OURS, "edited[].result_asset": OURS},
    falsify=["media_pictures_describe", "media_pictures_edit", "wp_media_upload:id"],
    after=files_are_there,
)

# --- lookbook-designer -----------------------------------------------------------------------------------------------

SHOWN = ("midnight-scarf", "rose-clutch", "nocturne-coat", "petal-skirt", "velvet-slip-dress", "thorn-tee",
         "black-rose-hoodie", "black-rose-bomber")  # fmt: skip


def _looks(seen: Seen) -> list[tuple[Json, str]]:
    """Each piece with its picture: the file has the name of what it shows."""
    by_slug = {one["name"].lower().replace(" ", "-"): one for one in seen("woo_products_list")["items"]}
    files = {one["asset"]: one["name"].removesuffix(".jpg") for one in seen("assets_list")["assets"]}
    return [(by_slug[files[asset]], asset) for asset in given(seen)]


def _captions(seen: Seen) -> list[str]:
    return [f"{piece['name']}, {piece['price']} EUR" for piece, _ in _looks(seen)]


def _lay_out(seen: Seen) -> Json:
    book, looks = seen("media_lookbooks_create"), _looks(seen)
    shown = {piece["id"] for piece, _ in looks}
    return {
        "collection_id": collection_of(seen)["id"],
        "title": f"{seen.arguments['collection']}, winter",
        "audience": "customers",
        "pdf": {
            "asset": book["file"]["asset"],
            "cover": book["cover"]["asset"],
            "pages": book["pages"],
            "shape": "portrait",
            "per_page": 1,
        },
        "spreads": [
            {
                "page": page,
                "look": piece["name"],
                "items": [{"asset": asset, "product_ids": [piece["id"]], "caption": caption, "price": piece["price"]}],
            }
            for page, ((piece, asset), caption) in enumerate(zip(looks, _captions(seen), strict=True), 1)
        ],
        "page": {"page_id": None, "block_id": None, "status": "none", "media_ids": []},
        "left_out": [
            {
                "product_id": one["id"],
                "why": "sold_out" if one.get("stock_status") == "outofstock" else "no_picture",
            }
            for one in seen("woo_products_list")["items"]
            if one["status"] == "publish" and one["id"] not in shown
        ],
        "changes": [],
        "unknowns": ["Photographer."],
    }


def _look_in_shop(facts: Facts, told: Json) -> Json:
    page: int = told["page"]
    slug = SHOWN[page - 1]
    [(number, name, price)] = facts.sql(
        "SELECT id, name, json_extract(body, '$.price') FROM objects WHERE kind = 'product' AND slug = ?", slug
    )
    price = price or facts.one(
        "SELECT min(json_extract(body, '$.price')) FROM objects WHERE kind = 'variation' AND parent = ?", number
    )
    return {
        "page": told["page"],
        "items": [{"product_ids": [number], "caption": f"{name}, {price} EUR", "price": price}],
    }


def _book_in_shop(facts: Facts, told: Json) -> Json:
    collection = facts.arguments["collection"]
    left = facts.sql(
        "SELECT p.id, json_extract(p.body, '$.stock_status') FROM objects p, json_each(p.body, '$.categories') c JOIN"
        " objects t ON t.kind = 'product_cat' AND t.id = c.value WHERE p.kind = 'product' AND p.status = 'publish' AND"
        " t.name = ? ORDER BY p.id DESC", collection,
    )  # fmt: skip
    shown = facts.column(
        "SELECT id FROM objects WHERE kind = 'product' AND slug IN (SELECT value FROM json_each(?))", _json(SHOWN)
    )
    return {
        "collection_id": facts.one("SELECT id FROM objects WHERE kind = 'product_cat' AND name = ?", collection),
        "pdf": {"pages": len(SHOWN) + 1},  # the cover is counted
        "left_out": [
            {"product_id": number, "why": "sold_out" if stock == "outofstock" else "no_picture"}
            for number, stock in left
            if number not in shown
        ],
    }


def _json(names: tuple[str, ...]) -> str:
    return "[" + ",".join(f'"{one}"' for one in names) + "]"


LOOKS = Case(
    agent="lookbook-designer",
    arguments={"collection": "BLACK ROSE", "pages": "8", "audience": "customers"},
    arrange=uploads(*SHOWN),
    steps=[
        Step("assets_list", {"kind": "picture", "limit": 50}),
        Step("brand_guide_get"),
        Step("woo_collections_list"),
        Step("woo_products_list", lambda seen: {"category": collection_of(seen)["id"], "limit": 100}),
        Step("media_duplicates_find", lambda seen: {"assets": given(seen)}),
        Step(
            "media_lookbooks_create",
            lambda seen: {
                "title": f"{seen.arguments['collection']}, winter",
                "assets": given(seen),
                "captions": _captions(seen),
                "shape": "portrait",
                "per_page": 1,
            },
        ),
    ],
    deliver=_lay_out,
    checks=[Check("", _book_in_shop), Check("spreads[]", _look_in_shop)],
    own={"pdf.asset": OURS, "pdf.cover": OURS, "pdf.per_page": "its own layout", "spreads[].items[].asset": OURS},
    falsify=["woo_products_list:price", "woo_products_list:id", "media_lookbooks_create:pages"],
    after=files_are_there,
)

CASES = [DIRECT, EDIT, LOOKS]
