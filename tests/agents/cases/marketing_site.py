"""Being found and read: search, redirects, the journal, and the shop in another language."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.agents.cases.counted import of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago


def made(done: Json) -> int:
    """The id of what a write made."""
    return int(done["changes"][0]["id"])


def named(facts: Facts, kind: str, number: int) -> int | None:
    """The id, if there is such a thing in the shop."""
    return facts.one("SELECT id FROM objects WHERE kind = ? AND id = ?", kind, number)


def page_of(facts: Facts, kind: str, number: int) -> str | None:
    """The address of a post, page, product or category, by its slug."""
    slug = facts.one("SELECT slug FROM objects WHERE kind = ? AND id = ?", kind, number)
    under = {"product": "product/", "product_cat": "product-category/"}.get(kind, "")
    return slug and f"http://sandbox.test/{under}{slug}/"


# --- seo-strategist --------------------------------------------------------------------------------------------------


def _scope(seen: Seen) -> Json:
    return next(one for one in seen("woo_categories_list")["items"] if one["name"] == seen.arguments["scope"])


def _plan(seen: Seen) -> Json:
    seos = seen.all("wp_seo_get")
    pages = [
        _target(seos[0], "product_cat", "good" if _scope(seen)["count"] >= 4 and seos[0]["title"] else "weak_title"),
        *(_target(one, "product", "good" if one["title"] else "weak_title") for one in seos[1:]),
    ]
    sellers = seen("woo_reports_top_sellers")["items"]
    broken = [
        {"from_type": place["type"], "from_id": place["id"], "to_type": "product_cat", "to_id": _scope(seen)["id"]}
        for link in seen("wp_links_check")["broken"]
        for place in link["found_in"]
    ]
    return {
        "locale": "en-GB",
        "scope": seen.arguments["scope"],
        "figures_from": "none",
        "map": pages,
        "conflicts": [],
        "gaps": [],
        "links": [{**one, "anchor": "the pieces that last"} for one in broken],
        "priorities": [
            {
                "rank": rank,
                "task": f"Write a title for {one['name']}.",
                "owner": "seo-fixer",
                "effort": "hours",
                "evidence": f"{one['sold']} sold for {one['sales']} since {seen('woo_reports_top_sellers')['first']}.",
            }
            for rank, one in enumerate(sellers[:2], 1)
        ],
        "unknowns": ["Volumes: no search data was given."],
    }


def _target(one: Json, kind: str, fit: str) -> Json:
    return {
        "query": one["name"].lower(),
        "intent": "buy",
        "target_type": kind,
        "target_id": one["id"],
        "url": one["link"],
        "fit": fit,
        "clicks": None,
        "impressions": None,
        "position": None,
    }


def _target_in_shop(facts: Facts, told: Json) -> Json:
    kind = told["target_type"]
    return {"target_id": named(facts, kind, told["target_id"]), "url": page_of(facts, kind, told["target_id"])}


def _links_in_shop(facts: Facts, told: Json) -> Json:
    """The first page with a link into nothing, and the category."""
    return {
        "from_id": facts.one("SELECT id FROM objects WHERE kind = 'post' AND body LIKE '%href=%/repairs/%'"),
        "to_id": facts.one(
            "SELECT id FROM objects WHERE kind = 'product_cat' AND json_extract(body, '$.name') = ?",
            facts.arguments["scope"],
        ),
    }


def _ranked(facts: Facts, told: Json) -> Json:
    """The best sellers of the year, by pieces."""
    first = ago(364)
    rows = facts.sql(
        "SELECT p.name, sum(quantity), sum(l.cents) FROM lines l JOIN objects p ON p.kind = 'product' AND p.id = product"
        " WHERE l.day >= ? GROUP BY product ORDER BY sum(quantity) DESC LIMIT 2", first,
    )  # fmt: skip
    name, sold, cents = rows[told["rank"] - 1]
    return {
        "rank": told["rank"],
        "task": f"Write a title for {name}.",
        "evidence": f"{sold} sold for {Decimal(cents) / 100:.2f} since {first}.",
    }


STRATEGY = Case(
    agent="seo-strategist",
    arguments={"scope": "SIGNATURE", "locale": "en-GB"},
    steps=[
        Step("wp_site_get"),
        Step("woo_categories_list"),
        Step("wp_pages_list"),
        Step("wp_posts_list", {"status": "publish"}),
        Step("woo_products_list", lambda seen: {"category": _scope(seen)["id"]}),
        Step("woo_reports_top_sellers", {"first": ago(364), "last": ago(0)}),
        Step("wp_links_check", {"of": "all"}),
        Step("wp_seo_get", lambda seen: {"type": "product_cat", "id": _scope(seen)["id"]}),
        Step(
            "wp_seo_get",
            lambda seen: [
                {"type": "product", "id": one["product_id"]} for one in seen("woo_reports_top_sellers")["items"][:2]
            ],
        ),
    ],
    deliver=_plan,
    checks=[
        Check("map[]", _target_in_shop),
        Check("links[]", _links_in_shop),
        Check("priorities[]", _ranked),
    ],
    falsify=["woo_reports_top_sellers", "wp_seo_get:id", "woo_categories_list:id"],
)

# --- seo-fixer -------------------------------------------------------------------------------------------------------

TITLES = {
    169: ("Raw Edge Dress in crimson and black", "A dress with raw edges, cut and sewn in small runs in Paris."),
    57: ("Wrap Dress in ivory, small run", "An ivory wrap dress, cut and sewn in small runs, made to be kept."),
}
"""What a copywriter's eye makes of the two products."""


def _asked(seen: Seen) -> list[int]:
    return [int(one.split()[1]) for one in seen.arguments["urls"].splitlines()]


def _mend(seen: Seen) -> Json:
    every, count = seen.all("wp_seo_get"), len(_asked(seen))
    before, after = every[:count], every[count:]
    metas = [
        {
            "type": was["type"],
            "id": was["id"],
            "kept_by": was["kept_by"],
            "title_before": was["title"],
            "title_after": now["title"],
            "description_before": was["description"],
            "description_after": now["description"],
            "fault": "none" if was["title"] else "missing_title",
        }
        for was, now in zip(before, after, strict=True)
    ]
    redirect = seen("wp_redirects_create")
    fields = redirect["changes"][0]["fields"]
    kept = next(one for one in seen("wp_redirects_list")["items"] if one["source"] == fields["source"])
    links = [
        {
            "on_type": place["type"],
            "on_id": place["id"],
            "link": link["url"],
            "status": link["status"],
            "remedy": "redirect",
        }
        for link in seen.all("wp_links_check")[0]["broken"]
        for place in link["found_in"]
    ]
    left = len(seen("wp_links_check")["broken"])
    checked = len(metas) + 1 + len(links)
    return {
        "metas": metas,
        "redirects": [
            {
                "redirect_id": made(redirect),
                **pick(kept, "source", "target"),
                "code": str(kept["code"]),
                "action": "create",
            }
        ],
        "links": links,
        "rich_results": [
            {"product_id": one["id"], "missing": [] if one.get("global_unique_id") else ["gtin"]}
            for one in seen.all("woo_products_get")
        ],
        "recheck": {"checked": checked, "fixed": checked - left, "still_wrong": left},
        "changes": seen.changes,
        "unknowns": ["Links of products and menus are not read."],
    }


def _meta_in_shop(facts: Facts, told: Json) -> Json:
    [(kept,)] = facts.sql("SELECT body FROM objects WHERE kind LIKE 'seo%' AND id = ?", told["id"]) or [(None,)]
    number = told["id"]
    return {
        "id": named(facts, "product", number),
        "title_after": kept and facts.one("SELECT json_extract(?, '$.title')", kept),
        "description_after": kept and facts.one("SELECT json_extract(?, '$.description')", kept),
    }


def _redirect_in_shop(facts: Facts, told: Json) -> Json:
    [(number, source, target, code)] = facts.sql(
        "SELECT id, json_extract(body, '$.source'), json_extract(body, '$.target'), json_extract(body, '$.code')"
        " FROM objects WHERE kind = 'redirect'"
    )
    return {"redirect_id": number, "source": source, "target": target, "code": str(code)}


def _link_in_shop(facts: Facts, told: Json) -> Json:
    """Which post links to a page that the shop does not have."""
    missing = not facts.one("SELECT id FROM objects WHERE kind IN ('page', 'post') AND slug = 'repairs'")
    return {
        "on_id": facts.one("SELECT id FROM objects WHERE kind = 'post' AND body LIKE '%href=%/repairs/%'"),
        "link": "http://sandbox.test/repairs/",
        "status": 404 if missing else 200,
    }


def _rechecked(facts: Facts, told: Json) -> Json:
    """Metas, redirects and links are three tables; what they hold now decides what is fixed."""
    metas = facts.one("SELECT count(*) FROM objects WHERE kind LIKE 'seo%' AND json_extract(body, '$.title') <> ''")
    sent_on = facts.one("SELECT count(*) FROM objects WHERE kind = 'redirect' AND slug <> '' AND status = 'active'")
    return {"checked": metas + sent_on + 1, "fixed": metas + 2 * sent_on, "still_wrong": 1 - sent_on}


FIX = Case(
    agent="seo-fixer",
    arguments={"urls": "product 169\nproduct 57"},
    steps=[
        Step("brand_guide_get"),
        Step("wp_settings_get"),
        Step("wp_seo_get", lambda seen: [{"type": "product", "id": one} for one in _asked(seen)]),
        Step("woo_products_get", lambda seen: [{"id": one} for one in _asked(seen)]),
        Step("wp_links_check", {"of": "all"}),
        Step("wp_search", {"query": "care"}),
        Step(
            "wp_redirects_create",
            lambda seen: {
                "source": "/repairs",
                "target": "/" + seen("wp_search")["items"][0]["url"].split("/", 3)[3],
            },
        ),
        Step(
            "wp_seo_update",
            lambda seen: [
                {
                    "type": one["type"],
                    "id": one["id"],
                    "title": TITLES[one["id"]][0],
                    "description": TITLES[one["id"]][1],
                }
                for one in seen.all("wp_seo_get")
            ],
        ),
        Step("wp_seo_get", lambda seen: [{"type": "product", "id": one} for one in _asked(seen)]),
        Step("wp_redirects_list"),
        Step("wp_links_check", {"of": "all"}),
    ],
    deliver=_mend,
    checks=[
        Check("metas[]", _meta_in_shop),
        Check("redirects[]", _redirect_in_shop),
        Check("links[]", _link_in_shop),
        Check("rich_results[].product_id", lambda facts, told: named(facts, "product", told)),
        Check("recheck", _rechecked),
    ],
    falsify=["wp_links_check:status", "wp_links_check:id", "wp_redirects_create:id", "wp_redirects_list:code"],
)

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
            "words": _words(_article(seen)),
        },
        "seo": {"query": seen.arguments["keywords"], **pick(seo, "title", "description")},
        "links": [{"kind": "post", "id": post["id"], "url": post["url"], "anchor": post["title"]}],
        "sources": [{"statement": "Washed cold, inside out.", "source": "Care for what you keep", "kind": "shop"}],
        "score": {"points": 11, "missed": ["external_source"]},
        "changes": seen.changes,
        "unknowns": [],
    }


def _words(markup: str) -> int:
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
        "words": _words(content),
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

CASES = [STRATEGY, FIX, BLOG, LOCAL]
