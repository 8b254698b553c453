"""A garment on a person by a provider, which here is on loopback and costs nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.agents.cases.counted import of
from tests.agents.cases.creative_pictures import OURS, files_are_there, given, uploads
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.marketing_site import made, named
from tests.fakes import fashn
from tests.fakes.demo import Demo
from tests.fakes.served import listening
from tests.unit.media.generating import CDN, hasten

USD = 0.075
"""Of one of FASHN's credits."""


@asynccontextmanager
async def _fashn() -> AsyncGenerator[Json]:
    async with listening(fashn.Fashn(host=CDN).app()) as here:
        yield {"fashn_url": str(here.base_url).rstrip("/"), "fashn_api_key": fashn.KEY}


async def _ready(shop: Demo) -> Json:
    """A garment's photograph; files of the provider come from loopback, too."""
    hasten(shop.app.services, int(str(shop.app.settings.fashn_url).rpartition(":")[2]))
    return await uploads("wrap-dress")(shop)


def _worn(seen: Seen) -> Json:
    product, job, upload = seen("woo_products_get"), seen("jobs_wait"), seen("wp_media_upload")
    [file] = job["result"]["files"]
    return {
        "pictures": [
            {
                "product_id": product["id"],
                "asset": file["asset"],
                "person": "Noor",
                "action": "product_to_model",
                "scores": {"garment": 4, "body": 5, "hands_face": 4, "light": 4},
                "verdict": "use",
                "faults": [],
                "alt_text": f"{product['name']}, worn by a digital model",
                "signed": seen("media_credentials_read")["state"] != "none",
                "media_id": made(upload),
            }
        ],
        "people": [
            {"person": "Noor", "body": "broad shoulders", "age": "50s", "source": "generated", "consent": "not_needed"}
        ],
        "spent_usd": f"{job['result']['cost_usd']:.2f}",
        "sheet": seen("media_sheets_create")["file"]["asset"],
        "rights": ["Made by AI: say so beside the picture."],
        "changes": seen.changes,
        "unknowns": ["No certificate is set up to sign with."],
    }


def _worn_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["product_ids"])
    picture = facts.one("SELECT id FROM objects WHERE kind = 'attachment' ORDER BY id DESC LIMIT 1")
    return {
        "pictures": [
            {
                "product_id": named(facts, "product", number),
                "media_id": picture,
                "alt_text": of(facts, "attachment", picture, "alt_text"),
            }
        ],
        "spent_usd": f"{fashn.CREDITS * USD:.2f}",
    }


WORN = Case(
    agent="tryon-stylist",
    arguments={"product_ids": "57", "models": "a woman in her fifties", "budget": "1.00"},
    around=_fashn,
    arrange=_ready,
    steps=[
        Step("media_pictures_describe", lambda seen: {"asset": given(seen)[0]}),
        Step("brand_guide_get"),
        Step("three_d_providers_list"),
        Step(
            "media_garments_render",
            lambda seen: {"action": "product_to_model", "asset": given(seen)[0], "quality": "draft"},
        ),
        Step("jobs_wait", lambda seen: {"job": seen("media_garments_render")["job"], "seconds": 45}),
        Step("media_credentials_read", lambda seen: {"asset": _file(seen)}),
        Step("media_sheets_create", lambda seen: {"assets": [given(seen)[0], _file(seen)]}),
        Step("woo_products_get", lambda seen: {"id": int(seen.arguments["product_ids"])}),
        Step(
            "wp_media_upload",
            lambda seen: {
                "asset": _file(seen),
                "alt_text": f"{seen('woo_products_get')['name']}, worn by a digital model",
                "caption": "Digital model",
            },
        ),
    ],
    deliver=_worn,
    checks=[Check("", _worn_in_shop)],
    own={"pictures[].asset": OURS, "sheet": OURS, "pictures[].scores": "what it sees in the picture"},
    falsify=["jobs_wait:cost_usd", "wp_media_upload:id", "woo_products_get:id"],
    after=files_are_there,
)


def _file(seen: Seen) -> str:
    return seen("jobs_wait")["result"]["files"][0]["asset"]


CASES = [WORN]
