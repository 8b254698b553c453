"""The house's writers at work, and the reader who lets nothing pass."""

from __future__ import annotations

import re

from tests.agents.cases.counted import of
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import made
from tests.agents.cases.marketing_words import words_of

# --- product-copywriter ----------------------------------------------------------------------------------------------


def _text(name: str, colours: str, weight: str) -> Json:
    """What is said of a piece, from its facts alone."""
    return {
        "short_description": f"{name} in {colours.lower()}, cut and sewn in small runs.",
        "description": f"<p>You wear it open or closed. It comes in {colours.lower()} and weighs {weight} kg.</p>"
        "<ul><li>Cut and sewn in small runs</li></ul>",
    }


def _colours(product: Json) -> str:
    return ", ".join(next(one["options"] for one in product["attributes"] if one["name"] == "Colour"))


def _copy(seen: Seen) -> Json:
    product, done = seen("woo_products_get"), seen("woo_products_update")
    text = _text(product["name"], _colours(product), product["weight"])
    return {
        "voice_source": "brand_guide" if seen("brand_guide_get")["sections"]["voice"] else "existing_texts",
        "products": [
            {
                "product_id": product["id"],
                "sku": product["sku"],
                "name": product["name"],
                **text,
                "words": words_of(text["description"]),
                "claims": [
                    {"claim": "Its colours", "source": "attribute", "value": _colours(product)},
                    {"claim": "Its weight in kg", "source": "weight", "value": product["weight"]},
                ],
                "missing_facts": ["composition", "care"],
                "state": "written" if done["state"] == "applied" else "proposed",
            }
        ],
        "changes": seen.changes,
        "unknowns": [],
    }


def _copy_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["product_ids"])
    colours = facts.column(
        "SELECT o.value FROM objects p, json_each(p.body, '$.attributes') a, json_each(a.value, '$.options') o"
        " WHERE p.kind = 'product' AND p.id = ? AND json_extract(a.value, '$.slug') = 'pa_colour'", number,
    )  # fmt: skip
    shown = ", ".join(colours)
    weight = of(facts, "product", number, "weight")
    return {
        "product_id": number,
        "sku": of(facts, "product", number, "sku"),
        "name": of(facts, "product", number, "name"),
        "short_description": of(facts, "product", number, "short_description"),
        "description": of(facts, "product", number, "description"),
        "words": words_of(of(facts, "product", number, "description")),
        "claims": [{"value": shown}, {"value": weight}],
    }


COPY = Case(
    agent="product-copywriter",
    arguments={"product_ids": "124", "length": "40-60"},
    steps=[
        Step("brand_guide_get"),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["product_ids"])}),
        Step("woo_reviews_list", lambda seen: {"product": [seen("woo_products_get")["id"]]}),
        Step("wp_seo_get", lambda seen: {"type": "product", "id": seen("woo_products_get")["id"]}),
        Step(
            "woo_products_update",
            lambda seen: {
                "id": seen("woo_products_get")["id"],
                **_text(
                    seen("woo_products_get")["name"],
                    _colours(seen("woo_products_get")),
                    seen("woo_products_get")["weight"],
                ),
            },
        ),
    ],
    deliver=_copy,
    checks=[Check("products[]", _copy_in_shop)],
    falsify=["woo_products_get:weight", "woo_products_get:id"],
)

# --- brand-guardian --------------------------------------------------------------------------------------------------


def _avoided(guide: str) -> list[str]:
    """The words that the guide does not want."""
    return re.findall(r"[\w-]+", guide.split("Avoid:")[1].split(".")[0].split('"')[0])


def _judge(seen: Seen) -> Json:
    product, picture, seo = seen("woo_products_get"), seen("wp_media_get"), seen("wp_seo_get")
    text = product["description"]
    avoided = [word for word in _avoided(seen("brand_guide_get")["sections"]["words"]) if word in text.lower().split()]
    rules = [
        _rule("Search title is there", "consistency", f"Title: '{seo['title']}'", bool(seo["title"]), "seo-fixer"),
        _rule("No word to avoid", "brand_guide", text, not avoided, "product-copywriter"),
        _rule(
            "Alt text of at most 125 characters",
            "accessibility",
            f"Picture {picture['id']}, {picture['width']} × {picture['height']}: {picture['alt']}",
            0 < len(picture["alt"]) <= 125,
            "media-librarian",
        ),
    ]
    rules.sort(key=lambda one: one["verdict"] != "fail")
    verdicts = [one["verdict"] for one in rules]
    return {
        "targets": [{"kind": "product", "id": str(product["id"]), "name": product["name"]}],
        "verdict": "approved_with_notes" if "fail" in verdicts else "approved",
        "rules": rules,
        "counts": {
            "checked": len(rules),
            "pass": verdicts.count("pass"),
            "fail": verdicts.count("fail"),
            "unclear": 0,
            "blockers": 0,
        },
        "unknowns": [],
    }


def _rule(rule: str, source: str, evidence: str, fine: bool, owner: str) -> Json:
    return {
        "rule": rule,
        "source": source,
        "target": "product",
        "verdict": "pass" if fine else "fail",
        "severity": "none" if fine else "minor",
        "evidence": evidence,
        "remedy": None if fine else "Write it.",
        "owner": "none" if fine else owner,
    }


def _judged_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["target"].split()[1])
    text = of(facts, "product", number, "description")
    [(picture, alt, width, height)] = facts.sql(
        "SELECT a.id, json_extract(a.body, '$.alt_text'), json_extract(a.body, '$.width'), json_extract(a.body,"
        " '$.height') FROM objects a, objects p WHERE a.kind = 'attachment' AND p.kind = 'product' AND p.id = ?"
        " AND a.id = json_extract(p.body, '$.images[0]')", number,
    ) or [(None, None, None, None)]  # fmt: skip
    title = facts.one("SELECT json_extract(body, '$.title') FROM objects WHERE kind = 'seo_post' AND id = ?", number)
    return {
        "targets": [{"id": str(number), "name": of(facts, "product", number, "name")}],
        "rules": [
            {"verdict": "pass" if title else "fail", "evidence": f"Title: '{title or ''}'"},
            {"verdict": "pass", "evidence": text},
            {"verdict": "pass", "evidence": f"Picture {picture}, {width} × {height}: {alt}"},
        ],
        "counts": {"checked": 3, "pass": 3 if title else 2, "fail": 0 if title else 1, "unclear": 0, "blockers": 0},
    }


GUARD = Case(
    agent="brand-guardian",
    arguments={"target": "product 169", "strictness": "everyday"},
    steps=[
        Step("brand_guide_get"),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["target"].split()[1])}),
        Step("wp_seo_get", lambda seen: {"type": "product", "id": seen("woo_products_get")["id"]}),
        Step("wp_media_get", lambda seen: {"id": seen("woo_products_get")["images"][0]["id"]}),
        Step("wp_global_styles_get"),
    ],
    deliver=_judge,
    checks=[Check("", _judged_in_shop)],
    falsify=["woo_products_get:id", "wp_media_get", "wp_media_get:id"],
)

# --- collection-storyteller ------------------------------------------------------------------------------------------

STORY = (
    "A rose is embroidered before the cloth is cut, so that no seam runs through a petal.",
    "Every rose takes forty minutes and two hands, and the thread is knotted on the inside.",
    "The pieces are black first; ivory and crimson come where the light falls on them.",
    "You wear the bomber over the slip dress, and the denim with whatever is already yours.",
)


def collection_of(seen: Seen) -> Json:
    wanted = seen.arguments["collection"]
    return next(one for one in seen("woo_collections_list")["items"] if one["name"] == wanted)


def _carried(seen: Seen) -> list[Json]:
    """Six pieces that can be bought."""
    items = [one for one in seen("woo_products_list")["items"] if one["status"] == "publish"]
    return [one for one in items if one.get("stock_status") != "outofstock"][:6]


def _page(seen: Seen) -> str:
    ids = ",".join(str(one["id"]) for one in _carried(seen))
    paragraphs = "".join(f"<!-- wp:paragraph -->\n<p>{one}</p>\n<!-- /wp:paragraph -->\n" for one in STORY)
    return f'{paragraphs}<!-- wp:shortcode -->[products ids="{ids}"]<!-- /wp:shortcode -->'


CATEGORY = "Black first, and a rose that takes forty minutes and two hands."


def _story(seen: Seen) -> Json:
    ids = [one["id"] for one in _carried(seen)]
    pictures = [one["id"] for one in seen("wp_media_list")["items"]]
    page = seen("wp_pages_create")
    return {
        "collection_id": collection_of(seen)["id"],
        "theme": {
            "headline": "Forty minutes, two hands",
            "line": "Each rose takes as long as it takes.",
            "words": ["rose", "thread", "black"],
        },
        "page": {
            "page_id": made(page),
            "title": page["changes"][0]["fields"]["title"],
            "slug": page["changes"][0]["fields"]["slug"],
            "status": "draft",
            "content": _page(seen),
            "word_count": words_of(_page(seen)),
        },
        "sections": [
            {"kind": "hero", "heading": None, "product_ids": ids[:1], "media_ids": pictures[:1]},
            {"kind": "pieces", "heading": "The pieces", "product_ids": ids[1:], "media_ids": []},
            {"kind": "shop", "heading": None, "product_ids": [], "media_ids": []},
        ],
        "category_text": CATEGORY,
        "sources": [{"statement": "Forty minutes and two hands", "source": "The making of Black Rose"}],
        "changes": seen.changes,
        "unknowns": [],
    }


def _story_in_shop(facts: Facts, told: Json) -> Json:
    collection = facts.one(
        "SELECT id FROM objects WHERE kind = 'product_cat' AND name = ?", facts.arguments["collection"]
    )
    ids = facts.column(
        "SELECT p.id FROM objects p, json_each(p.body, '$.categories') c WHERE p.kind = 'product' AND c.value = ?"
        " AND p.status = 'publish' AND json_extract(p.body, '$.stock_status') <> 'outofstock' ORDER BY p.id DESC"
        " LIMIT 6", collection,
    )  # fmt: skip
    page = facts.one("SELECT id FROM objects WHERE kind = 'page' ORDER BY id DESC LIMIT 1")
    picture = facts.one(
        "SELECT id FROM objects WHERE kind = 'attachment' AND name LIKE ? ORDER BY created DESC, id DESC LIMIT 1",
        f"%{facts.arguments['collection']}%",
    )
    content = of(facts, "page", page, "content")
    return {
        "collection_id": collection,
        "page": {"page_id": page, "content": content, "word_count": words_of(content)},
        "sections": [
            {"product_ids": ids[:1], "media_ids": [picture]},
            {"product_ids": ids[1:]},
            {"product_ids": []},
        ],
        "category_text": of(facts, "product_cat", collection, "description"),
    }


TELL = Case(
    agent="collection-storyteller",
    arguments={"collection": "BLACK ROSE", "idea": "first there was a rose, and it took too long"},
    steps=[
        Step("brand_guide_get"),
        Step("woo_collections_list"),
        Step("woo_products_list", lambda seen: {"category": collection_of(seen)["id"], "limit": 100}),
        Step("woo_products_get", lambda seen: [{"id": one["id"]} for one in _carried(seen)]),
        Step("wp_media_list", lambda seen: {"search": seen.arguments["collection"]}),
        Step("wp_pages_list"),
        Step(
            "wp_pages_create",
            lambda seen: {
                "title": "Forty minutes, two hands",
                "slug": "black-rose",
                "status": "draft",
                "content": _page(seen),
            },
        ),
        Step("woo_categories_update", lambda seen: {"id": collection_of(seen)["id"], "description": CATEGORY}),
    ],
    deliver=_story,
    checks=[Check("", _story_in_shop)],
    falsify=["woo_products_list:id", "wp_pages_create:id", "woo_collections_list:id"],
)

CASES = [COPY, GUARD, TELL]
