"""Who makes pages lighter, at work: the shop's own pictures are weighed where they lie."""

from __future__ import annotations

from tests.agents.cases.creative_pictures import OURS, files_are_there
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step

QUARTER = 40
"""Pixels of the smaller version's width."""
FILES = (
    "SELECT i.value, length(f.content), json_extract(a.body, '$.width'), json_extract(a.body, '$.height'), f.mime FROM"
    " objects p, json_each(p.body, '$.images') i JOIN objects a ON a.kind = 'attachment' AND a.id = i.value JOIN"
    " files f ON f.path = json_extract(a.body, '$.file') WHERE p.kind = 'product' AND p.id = ?"
)


def _pages(seen: Seen) -> list[int]:
    return [int(one) for one in seen.arguments["pages"].split(",")]


def _budget(seen: Seen) -> int:
    return int(seen.arguments["budget_kb"]) * 1000


def _weights(seen: Seen) -> dict[int, int]:
    """Bytes of each picture."""
    weighed = zip(seen.all("wp_media_get"), seen.all("media_pictures_describe"), strict=True)
    return {one["id"]: found["size"] for one, found in weighed}


def _heaviest(seen: Seen) -> Json:
    weights = _weights(seen)
    return max(seen.all("wp_media_get"), key=lambda one: weights[one["id"]])


def _smaller(seen: Seen) -> Json:
    [file] = seen("media_pictures_resize")["files"]
    return file


def _tune(seen: Seen) -> Json:
    weights, budget, heavy, made = _weights(seen), _budget(seen), _heaviest(seen)["id"], _smaller(seen)
    sums = [(page["id"], [one["id"] for one in page["images"]]) for page in seen.all("woo_products_get")]
    before = sum(weights.values())
    health = {one["test"]: one["status"] for one in seen("wp_health_check")["checks"]}
    status = seen("woo_system_status_get")
    return {
        "pages": [
            {
                "kind": "product",
                "id": number,
                "pictures": len(pictures),
                "bytes": (heft := sum(weights[one] for one in pictures)),
                "budget_bytes": budget,
                "over": heft > budget,
            }
            for number, pictures in sums
        ],
        "pictures": [
            {
                "media_id": one["id"],
                "width": one["width"],
                "height": one["height"],
                "bytes": weights[one["id"]],
                "format": one["type"],
                "new_bytes": made["size"] if one["id"] == heavy else None,
                "new_format": made["content_type"] if one["id"] == heavy else None,
                "new_asset": made["asset"] if one["id"] == heavy else None,
            }
            for one in seen.all("wp_media_get")
        ],
        "bytes_before": before,
        "bytes_after": before - weights[heavy] + made["size"],
        "server": {
            "page_cache": health["page-cache"],
            "problems": status["problems"],
            "active_plugins": sum(one["status"] == "active" for one in seen("wp_plugins_list")["items"]),
        },
        "measured": [],
        "fixes": [
            {
                "rank": 1,
                "what": "A smaller picture",
                "by": "photo_editor",
                "saves_bytes": weights[heavy] - made["size"],
            },
            {"rank": 2, "what": "A page cache", "by": "host", "saves_bytes": None},
        ],
        "changes": [
            {"tool": "wp_media_upload", "change_id": seen.changes[-1], "state": seen("wp_media_upload")["state"]}
        ],
        "unknown": ["How long a page takes: nobody has measured it."],
    }


def _page(facts: Facts, told: Json) -> Json:
    rows = facts.sql(FILES, told["id"])
    heft, budget = sum(row[1] for row in rows), int(facts.arguments["budget_kb"]) * 1000
    return {"pictures": len(rows), "bytes": heft, "budget_bytes": budget, "over": heft > budget}


def _rows(facts: Facts) -> list[tuple[int, int, int, int, str]]:
    """Each picture of the pages: its id, bytes, width, height and type."""
    return [row for page in facts.arguments["pages"].split(",") for row in facts.sql(FILES, int(page))]


def _weighed(facts: Facts, _: Json) -> Json:
    """With the new one's bytes, which lies in the shop by now."""
    rows = _rows(facts)
    before, heavy = sum(row[1] for row in rows), max(rows, key=lambda row: row[1])
    new = facts.one(
        "SELECT length(content) FROM files WHERE path = (SELECT json_extract(body, '$.file') FROM objects WHERE"
        " kind = 'attachment' ORDER BY id DESC LIMIT 1)"
    )
    plugins = "SELECT sum(json_extract(p.value, '$.status') = 'active') FROM options, json_each(options.value) p"
    return {
        "pages": [{"id": int(page)} for page in facts.arguments["pages"].split(",")],
        "pictures": [
            {
                "media_id": number,
                "bytes": size,
                "width": width,
                "height": height,
                "format": mime,
                "new_bytes": new if number == heavy[0] else None,
            }
            for number, size, width, height, mime in rows
        ],
        "bytes_before": before,
        "bytes_after": before - heavy[1] + new,
        "server": {"active_plugins": facts.one(f"{plugins} WHERE options.name = 'plugins'")},
        "fixes": [{"rank": 1, "saves_bytes": heavy[1] - new}, {"rank": 2, "saves_bytes": None}],
    }


SPEED = Case(
    agent="performance-tuner",
    arguments={"pages": "57,106", "budget_kb": "1"},
    steps=[
        Step("woo_products_get", lambda seen: [{"id": one} for one in _pages(seen)]),
        Step(
            "wp_media_get",
            lambda seen: [{"id": one["id"]} for page in seen.all("woo_products_get") for one in page["images"]],
        ),
        Step("media_pictures_describe", lambda seen: [{"url": one["url"]} for one in seen.all("wp_media_get")]),
        Step("wp_health_check"),
        Step("woo_system_status_get"),
        Step("wp_plugins_list"),
        Step(
            "media_pictures_resize",
            lambda seen: {"url": _heaviest(seen)["url"], "widths": [QUARTER], "formats": ["webp"]},
        ),
        Step(
            "wp_media_upload",
            lambda seen: {"asset": _smaller(seen)["asset"], "alt_text": _heaviest(seen)["alt"]},
        ),
    ],
    deliver=_tune,
    checks=[Check("", _weighed), Check("pages[]", _page)],
    own={"pictures[].new_asset": OURS},
    falsify=["media_pictures_describe:size", "media_pictures_resize", "wp_media_get:width"],
    after=files_are_there,
)

CASES = [SPEED]
