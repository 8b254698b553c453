"""What turns and moves: a product's 3D model, and a film out of pictures."""

from __future__ import annotations

import json
import re
import struct
from decimal import Decimal

from tests.agents.cases.counted import of
from tests.agents.cases.creative_pictures import OURS, files_are_there, given, uploads
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import named

# --- model-3d-maker --------------------------------------------------------------------------------------------------


def _model(seen: Seen) -> Json:
    relief, checked, kept = (
        seen(name) for name in ("three_d_reliefs_create", "three_d_models_check", "three_d_products_get")
    )
    return {
        "product_id": kept["id"],
        "kind": "relief",
        "files": {"glb": relief["glb"]["asset"], "usdz": None, "poster": None, "sheet": None},
        "measures": {
            "glb_bytes": relief["glb"]["size"],
            "triangles": relief["triangles"],
            "height_m": kept["height"],
            "height_source": "person",
            "variants": [],
        },
        "gate": {
            "verdict": checked["verdict"],
            "checks": [
                {name: one[name] for name in ("number", "check", "verdict", "figure")} for one in checked["checks"]
            ],
        },
        "spent_usd": "0",
        "attached": "attached" if kept["kept_by"] == "plugin" else "not_attached",
        "changes": seen.changes,
        "unknowns": ["The back: no photo shows it."],
    }


def _model_in_shop(facts: Facts, told: Json) -> Json:
    """The file that lies in the shop, opened."""
    number = int(facts.arguments["product_id"])
    meta = dict(
        facts.sql(
            "SELECT json_extract(m.value, '$.key'), json_extract(m.value, '$.value') FROM objects p,"
            " json_each(p.body, '$.meta') m WHERE p.kind = 'product' AND p.id = ?", number,
        )
    )  # fmt: skip
    path = of(facts, "attachment", int(meta["_devskyy_model_glb"]), "file")
    content = facts.one("SELECT content FROM files WHERE path = ?", path)
    triangles = _triangles(content)
    return {
        "product_id": named(facts, "product", number),
        "files": {"glb": f"ast_{meta['_devskyy_model_sha256']}"},
        "measures": {
            "glb_bytes": len(content),
            "triangles": triangles,
            "height_m": float(meta["_devskyy_model_height"]),
        },
        "gate": {"checks": [{"number": at} for at in range(1, 13)]},
    }


def _triangles(glb: bytes) -> int:
    """Of the GLB's first chunk, its JSON (glTF 2.0, 4.4): a third of all indices."""
    length = struct.unpack_from("<I", glb, 12)[0]
    scene = json.loads(glb[20 : 20 + length])
    parts = [part for mesh in scene["meshes"] for part in mesh["primitives"]]
    return sum(scene["accessors"][part["indices"]]["count"] for part in parts) // 3


def _third(facts: Facts, told: Json) -> Json | None:
    """The check of triangles says their number."""
    if told["check"] != "triangles":
        return {}
    return {"figure": f"{facts.delivered['measures']['triangles']:,}"}


RELIEF = Case(
    agent="model-3d-maker",
    arguments={"product_id": "57", "images": "the upload; the dress is 110 cm long", "maker": "relief"},
    arrange=uploads("wrap-dress"),
    steps=[
        Step("media_pictures_describe", lambda seen: {"asset": given(seen)[0]}),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["product_id"])}),
        Step("three_d_providers_list"),
        Step(
            "three_d_reliefs_create",
            lambda seen: {
                "asset": given(seen)[0],
                "height_cm": int(re.findall(r"(\d+) cm", seen.arguments["images"])[0]),
                "category": "dress",
            },
        ),
        Step(
            "three_d_models_check",
            lambda seen: {
                "asset": seen("three_d_reliefs_create")["glb"]["asset"],
                "category": "dress",
                "height": seen("three_d_reliefs_create")["height_m"],
                "alt_text": seen("woo_products_get")["images"][0]["alt"],
            },
        ),
        Step(
            "three_d_products_attach",
            lambda seen: {
                "id": seen("woo_products_get")["id"],
                "glb": seen("three_d_reliefs_create")["glb"]["asset"],
                "alt": seen("woo_products_get")["images"][0]["alt"],
                "kind": "relief",
            },
        ),
        Step("three_d_products_get", lambda seen: {"id": seen("woo_products_get")["id"]}),
    ],
    deliver=_model,
    checks=[Check("", _model_in_shop), Check("gate.checks[]", _third)],
    own={"spent_usd": "nothing was bought"},
    falsify=["three_d_reliefs_create:triangles", "three_d_reliefs_create:size", "three_d_products_get"],
)

# --- video-editor ----------------------------------------------------------------------------------------------------

EACH = 1.5


def _cut(seen: Seen) -> Json:
    film, product = seen("jobs_wait")["result"], seen("woo_products_get")
    assets = given(seen)
    share = round(film["seconds"] / len(assets), 3)
    return {
        "films": [
            {
                "asset": film["file"]["asset"],
                "poster": film["poster"]["asset"],
                "captions": None,
                "format": "feed",
                "shape": "square",
                "seconds": film["seconds"],
                "bytes": film["file"]["size"],
                "product_ids": [product["id"]],
                "made_by": "stills",
                "storyboard": [
                    {"at": round(at * share, 3), "seconds": share, "source_asset": asset, "caption": product["name"]}
                    for at, asset in enumerate(assets)
                ],
                "disclosure": None,
            }
        ],
        "spent_usd": "0",
        "changes": [],
        "unknowns": ["The film has no sound."],
    }


def _film_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["product_ids"])
    name = of(facts, "product", number, "name")
    pictures = facts.arguments["assets"].split(",")
    fades = Decimal("0.6") * (len(pictures) - 1)
    seconds = float(Decimal(str(EACH)) * len(pictures) - fades)
    return {
        "seconds": seconds,
        "product_ids": [named(facts, "product", number)],
        "storyboard": [
            {
                "at": at * seconds / len(pictures),
                "seconds": seconds / len(pictures),
                "source_asset": one,
                "caption": name,
            }
            for at, one in enumerate(pictures)
        ],
    }


FILM = Case(
    agent="video-editor",
    arguments={"product_ids": "57", "format": "feed"},
    arrange=uploads("wrap-dress", "wrap-dress-side", "wrap-dress-detail"),
    steps=[
        Step("assets_list", {"kind": "picture"}),
        Step("media_pictures_describe", lambda seen: [{"asset": one} for one in given(seen)]),
        Step("brand_guide_get"),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["product_ids"])}),
        Step(
            "media_films_create",
            lambda seen: {
                "assets": given(seen),
                "captions": [seen("woo_products_get")["name"] for _ in given(seen)],
                "shape": "square",
                "seconds": EACH,
            },
        ),
        Step("jobs_wait", lambda seen: {"job": seen("media_films_create")["job"], "seconds": 45}),
    ],
    deliver=_cut,
    checks=[Check("films[]", _film_in_shop)],
    own={"films[].asset": OURS, "films[].poster": OURS, "films[].bytes": OURS, "spent_usd": "nothing was bought"},
    falsify=["jobs_wait:seconds", "woo_products_get:id"],
    after=files_are_there,
)

CASES = [RELIEF, FILM]
