"""Being read: the journal, and the shop in another language."""

from __future__ import annotations

import re

from tests.agents.cases.counted import of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import made

# --- blog-editor -----------------------------------------------------------------------------------------------------

SENTENCES = (
    "Heavy cotton keeps its shape when it is washed cold, inside out, and with little else in the drum.",
    "Close the zip, turn the piece, and leave out the softener: it fills the loops that make the cloth warm.",
    "Dry it lying flat on a towel, away from the radiator, and pull the seams straight while they are damp.",
    "Iron it on the wrong side with some steam, and never over the embroidery.",
    "Air it for a night before you wash it again; most pieces need the drum less often than we think.",
    "A pulled loop goes back with a needle, from the inside, without a cut.",
    "When a cuff wears through, bring the piece back to the house: we mend what we have made.",
)


def _article(seen: Seen) -> str:
    piece, post = seen("woo_products_list")["items"][0], seen("wp_search")["items"][0]
    link = f'<p>More on the cloth: <a href="{post["url"]}">{post["title"]}</a>. The piece: {piece["name"]}.</p>'
    return "".join(f"<!-- wp:paragraph -->\n<p>{one}</p>\n<!-- /wp:paragraph -->\n\n" for one in SENTENCES) + link


def _term(seen: Seen, taxonomy: int, name: str) -> list[int]:
    return [one["id"] for one in seen.all("wp_terms_list")[taxonomy]["items"] if one["name"] == name]


def _edit(seen: Seen) -> Json:
    done = seen("wp_posts_create")["changes"][0]
    fields, post = done["fields"], seen("wp_search")["items"][0]
    seo = seen("wp_seo_update")["changes"][0]["fields"]["devskyy_seo"][1]
    return {
        "post": {
            "post_id": int(done["id"]),
            **pick(fields, "title", "slug", "status", "featured_media"),
            "content": _article(seen),
            "date": None,
            "category_ids": fields["categories"],
            "tag_ids": fields["tags"],
            "words": words_of(_article(seen)),
        },
        "seo": {"query": seen.arguments["keywords"], **pick(seo, "title", "description")},
        "links": [{"kind": "post", "id": post["id"], "url": post["url"], "anchor": post["title"]}],
        "sources": [{"statement": "Washed cold, inside out.", "source": "Care for what you keep", "kind": "shop"}],
        "score": {"points": 11, "missed": ["external_source"]},
        "changes": seen.changes,
        "unknowns": [],
    }


def words_of(markup: str) -> int:
    """Words of block markup, without tags and comments."""
    return len(re.sub(r"<!--.*?-->|<[^>]+>", " ", markup).split())


def _post_in_shop(facts: Facts, told: Json) -> Json:
    [(number, content)] = facts.sql(
        "SELECT id, json_extract(body, '$.content') FROM objects WHERE kind = 'post' ORDER BY id DESC LIMIT 1"
    )
    term = "SELECT id FROM objects WHERE kind = ? AND name = ?"
    return {
        "post_id": number,
        "title": of(facts, "post", number, "title"),
        "status": "draft",
        "words": words_of(content),
        "content": content,
        "category_ids": [facts.one(term, "category", "Care")],
        "tag_ids": [facts.one(term, "post_tag", "cotton")],
        "featured_media": facts.one("SELECT id FROM objects WHERE kind = 'attachment' AND name = ?", PICTURE),
    }


def _blog_link(facts: Facts, told: Json) -> Json:
    return {"id": facts.one("SELECT id FROM objects WHERE kind = 'post' AND slug = 'how-we-choose-heavy-cotton'")}


PICTURE = "How we choose heavy cotton"
BLOG = Case(
    agent="blog-editor",
    arguments={"topic": "How to wash a heavy hoodie, for people who own one", "keywords": "wash heavy cotton"},
    steps=[
        Step("brand_guide_get"),
        Step("wp_posts_list", {"search": "wash"}),
        Step("wp_terms_list", {"taxonomy": "category"}),
        Step("wp_terms_list", {"taxonomy": "post_tag"}),
        Step("woo_products_list", {"search": "Signature Hoodie"}),
        Step("wp_search", {"query": "cotton"}),
        Step("wp_media_list", {"search": PICTURE}),
        Step(
            "wp_posts_create",
            lambda seen: {
                "title": "How to wash heavy cotton",
                "slug": "how-to-wash-heavy-cotton",
                "status": "draft",
                "content": _article(seen),
                "categories": _term(seen, 0, "Care"),
                "tags": _term(seen, 1, "cotton"),
                "featured_media": seen("wp_media_list")["items"][0]["id"],
            },
        ),
        Step(
            "wp_seo_update",
            lambda seen: {
                "type": "post",
                "id": made(seen("wp_posts_create")),
                "title": "Wash heavy cotton: cold, inside out",
                "description": "How to wash, dry and mend a heavy hoodie so that it keeps its shape.",
            },
        ),
    ],
    deliver=_edit,
    checks=[Check("post", _post_in_shop), Check("links[]", _blog_link)],
    own={"score.points": "its own reading of its text"},
    falsify=["wp_posts_create:id", "wp_search:id", "wp_posts_create:featured_media"],
)

# --- localiser -------------------------------------------------------------------------------------------------------

FRENCH = {
    "name": "Robe portefeuille",
    "short_description": "Robe portefeuille, faite pour durer.",
    "description": "Robe portefeuille en ivoire. Coupée et cousue en petites séries.",
}


def _translate(seen: Seen) -> Json:
    source, copy = seen("woo_products_get"), seen("woo_products_duplicate")
    written = seen("woo_products_update")["changes"][0]["fields"]
    return {
        "target_locale": seen.arguments["target_locale"],
        "source_locale": seen("wp_settings_get")["language"].replace("_", "-"),
        "way": "draft_copies",
        "items": [
            {
                "type": "product",
                "source_id": source["id"],
                "draft_id": made(copy),
                "fields": [{"field": name, "source": source[name], "target": written[name][1]} for name in FRENCH],
                "numbers_kept": True,
                "adapted": [],
            }
        ],
        "glossary": [{"source": "wrap dress", "target": "robe portefeuille", "note": None, "state": "new"}],
        "checks": {
            "untranslated": sum(source[name] == written[name][1] for name in FRENCH),
            "too_long": sum(len(written[name][1]) > 1.2 * len(source[name]) + 10 for name in FRENCH),
            "html_intact": True,
            "links_kept": True,
        },
        "changes": seen.changes,
        "unknowns": ["Search words in French."],
    }


def _copy_in_shop(facts: Facts, told: Json) -> Json:
    source = int(facts.arguments["ids"].split()[1])
    copy = facts.one("SELECT id FROM objects WHERE kind = 'product' AND status = 'draft' ORDER BY id DESC LIMIT 1")
    return {
        "source_id": source,
        "draft_id": copy,
        "fields": [
            {"field": name, "source": of(facts, "product", source, name), "target": of(facts, "product", copy, name)}
            for name in FRENCH
        ],
    }


def _untranslated(facts: Facts, told: Json) -> Json:
    pairs = [
        (one["source"], of(facts, "product", facts.delivered["items"][0]["draft_id"], one["field"]))
        for one in facts.delivered["items"][0]["fields"]
    ]
    return {
        "untranslated": sum(source == target for source, target in pairs),
        "too_long": sum(len(target or "") > 1.2 * len(source) + 10 for source, target in pairs),
    }


async def _the_original_stands(facts: Facts) -> None:
    assert of(facts, "product", 57, "name") == "Wrap Dress"


LOCAL = Case(
    agent="localiser",
    arguments={"target_locale": "fr-FR", "ids": "product 57", "depth": "adapt"},
    steps=[
        Step("wp_settings_get"),
        Step("brand_guide_get"),
        Step("wp_types_list"),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["ids"].split()[1])}),
        Step("wp_seo_get", lambda seen: {"type": "product", "id": seen("woo_products_get")["id"]}),
        Step("woo_products_duplicate", lambda seen: {"id": seen("woo_products_get")["id"]}),
        Step("woo_products_update", lambda seen: {"id": made(seen("woo_products_duplicate")), **FRENCH}),
    ],
    deliver=_translate,
    checks=[Check("items[]", _copy_in_shop), Check("checks", _untranslated)],
    falsify=["woo_products_duplicate:id", "woo_products_get:id"],
    after=_the_original_stands,
)

CASES = [BLOG, LOCAL]
