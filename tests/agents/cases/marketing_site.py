"""Being found: a plan for search, and what it sees mended."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from tests.agents.cases.counted import pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago


def made(done: Json) -> int:
    """The id of what a write made."""
    return int(done["changes"][0]["id"])


def money_of(value: Decimal) -> str:
    """To the cent."""
    return str(value.quantize(Decimal("0.01"), ROUND_HALF_UP))


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
        "SELECT p.name, sum(quantity), sum(l.cents) FROM lines l JOIN objects p ON p.kind = 'product' AND p.id ="
        " product WHERE l.day >= ? GROUP BY product ORDER BY sum(quantity) DESC LIMIT 2", first,
    )  # fmt: skip
    rank: int = told["rank"]
    name, sold, cents = rows[rank - 1]
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

CASES = [STRATEGY, FIX]
