"""Posts for social media, with a cropped picture."""

from __future__ import annotations

from devskyy_mcp.assets.store import Assets
from tests.agents.cases.counted import of
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import page_of
from tests.fakes.demo import Demo
from tests.fakes.photos import draw


async def _photo(shop: Demo) -> Json:
    """A photograph of the piece that somebody has uploaded."""
    kept = await shop.app.services.get(Assets).put(draw(7, garment="dress").content, "wrap-dress.jpg", "upload")
    return {"photo": kept.id}


def _caption(name: str, price: str, currency: str) -> str:
    return f"{name}. Cut and sewn in small runs in Paris, now {price} {currency}. Save it for the first cool evening."


def _posts(seen: Seen) -> Json:
    product, edited = seen("woo_products_get"), seen("media_pictures_edit")
    caption = _caption(product["name"], product["price"], "EUR")
    return {
        "posts": [
            {
                "platform": "instagram",
                "kind": "single",
                "day": 1,
                "hook": "One knot, and it stays.",
                "caption": caption,
                "characters": len(caption),
                "hashtags": ["#MaisonSkyy", "#WrapDress"],
                "first_comment": None,
                "product_ids": [product["id"]],
                "pictures": [
                    {
                        "asset": edited["file"]["asset"],
                        "media_id": seen("wp_media_list")["items"][0]["id"],
                        "alt_text": f"{product['name']}, hanging",
                        "ratio": "4:5",
                    }
                ],
                "link": f"{product['link']}?utm_source=instagram&utm_medium=social&utm_content=1",
                "call": "save",
                "disclosure": None,
            }
        ],
        "unknowns": [],
    }


def _post_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["about"])
    name = of(facts, "product", number, "name")
    caption = _caption(name, of(facts, "product", number, "price"), "EUR")
    return {
        "caption": caption,
        "characters": len(caption),
        "product_ids": [number],
        "pictures": [
            {"media_id": facts.one("SELECT id FROM objects WHERE kind = 'attachment' AND name LIKE ?", f"{name} in %")}
        ],
        "link": f"{page_of(facts, 'product', number)}?utm_source=instagram&utm_medium=social&utm_content=1",
    }


SOCIAL = Case(
    agent="social-manager",
    arguments={"about": "57", "platforms": "instagram", "days": "7"},
    arrange=_photo,
    steps=[
        Step("assets_list", {"kind": "picture"}),
        Step("media_pictures_describe", lambda seen: {"asset": seen("assets_list")["assets"][0]["asset"]}),
        Step("brand_guide_get"),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["about"])}),
        Step("wp_media_list", lambda seen: {"search": seen("woo_products_get")["name"]}),
        Step(
            "media_pictures_edit",
            lambda seen: {
                "asset": seen("assets_list")["assets"][0]["asset"],
                "steps": [{"do": "canvas", "ratio": "4:5"}],
                "format": "jpeg",
            },
        ),
    ],
    deliver=_posts,
    checks=[Check("posts[]", _post_in_shop)],
    own={"posts[].day": "its own plan of days", "posts[].pictures[].asset": "kept by this server and not by the shop"},
    falsify=["woo_products_get", "wp_media_list:id"],
)

CASES = [SOCIAL]
