"""Who brings new goods into the catalogue, at work."""

from __future__ import annotations

import json
from typing import Any

from tests.agents.cases.counted import of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.fakes.demo import Demo

SHEET = [
    {"sku": "MS-NEW-01", "name": "Long Coat", "price": "280.00", "description": "A long coat."},
    {"sku": "MS-NEW-02", "name": "Short Coat", "price": "240.00"},
    {"sku": "MS-NEW-01", "name": "Long Coat, again", "price": "280.00"},
    {"sku": "", "name": "Belt", "price": "60.00"},
]
FACTS = (
    "name",
    "sku",
    "gtin",
    "category",
    "brand",
    "price",
    "description",
    "composition",
    "care",
    "origin",
    "picture",
    "weight",
)


async def _sheet(shop: Demo) -> Json:
    """A supplier's sheet: of its five rows one is known already, one is there twice and one has no number."""
    [known] = (await shop.do("woo_products_list", limit=1, search="Velvet Slip Dress"))["items"]
    return {"source": [*SHEET, {"sku": known["sku"], "name": known["name"], "price": "190.00"}]}


def _rows(seen: Seen) -> tuple[list[Json], list[Json]]:
    """Rows to be made, and those refused with their reason."""
    there = {
        one["sku"] for page in seen.all("woo_products_list") for one in page["items"] if one["status"] == "publish"
    }
    good: list[Json] = []
    bad: list[Json] = []
    for number, row in enumerate(seen.arguments["source"], 1):
        twice = row["sku"] in {one["sku"] for one in good}
        why = (
            "no_sku"
            if not row["sku"]
            else "duplicate_sku"
            if twice
            else "exists_already"
            if row["sku"] in there
            else ""
        )
        if why:
            bad.append({"row": number, "reason": why})
        else:
            good.append(row)
    return good, bad


def _category(seen: Seen) -> int:
    return next(
        one["id"] for one in seen("woo_collections_list")["items"] if one["name"] == seen.arguments["collection"]
    )


def _catalogue(seen: Seen) -> Json:
    good, bad = _rows(seen)
    made = {one["fields"]["sku"]: one for done in seen.all("woo_products_create") for one in done["changes"]}
    back = {one["sku"]: one for one in seen.all("woo_products_list")[-1]["items"]}
    drafts = [
        {
            "product_id": back[row["sku"]]["id"],
            "sku": row["sku"],
            "name": back[row["sku"]]["name"],
            "status": back[row["sku"]]["status"],
            "type": back[row["sku"]]["type"],
            "media_ids": [],
            "category_ids": [one["id"] for one in made[row["sku"]]["fields"]["categories"]],
            "regular_price": back[row["sku"]].get("regular_price", back[row["sku"]].get("price")),
        }
        for row in good
    ]
    missing = {row["sku"]: [one for one in FACTS if one != "category" and not row.get(one)] for row in good}
    return {
        "drafts": drafts,
        "completeness": [
            {"sku": sku, "filled": len(FACTS) - len(lacks), "missing": lacks} for sku, lacks in missing.items()
        ],
        "rejected": bad,
        "terms_made": [],
        "changes": seen.changes,
        "unknowns": ["Do the prices include tax?"],
    }


def _draft(facts: Facts, row: Json) -> Json:
    number = facts.one("SELECT id FROM objects WHERE kind = 'product' AND json_extract(body, '$.sku') = ?", row["sku"])
    return {
        "product_id": number,
        "category_ids": json.loads(of(facts, "product", number, "categories")),
        **{name: of(facts, "product", number, name) for name in ("name", "status", "type", "regular_price")},
    }


def _complete(facts: Facts, row: Json) -> Json:
    [(body,)] = facts.sql(
        "SELECT body FROM objects WHERE kind = 'product' AND json_extract(body, '$.sku') = ?", row["sku"]
    )
    kept: dict[str, Any] = json.loads(body)
    places = {
        "gtin": "global_unique_id",
        "category": "categories",
        "brand": "brands",
        "price": "regular_price",
        "picture": "images",
    }
    missing = [one for one in FACTS if not kept.get(places.get(one, one))]
    return {"filled": len(FACTS) - len(missing), "missing": missing}


def _refused(facts: Facts, row: Json) -> Json:
    given = facts.arguments["source"]
    sku = given[row["row"] - 1]["sku"]
    known = facts.was("SELECT 1 FROM objects WHERE kind = 'product' AND json_extract(body, '$.sku') = ?", sku)
    twice = sku in [one["sku"] for one in given[: row["row"] - 1]]
    return {
        "row": row["row"],
        "reason": "no_sku" if not sku else "duplicate_sku" if twice else "exists_already" if known else "",
    }


CATALOGUE = Case(
    agent="catalog-builder",
    arguments={"collection": "SIGNATURE"},
    arrange=_sheet,
    steps=[
        Step("brand_guide_get"),
        Step("woo_collections_list"),
        Step("woo_products_list", lambda seen: [{"sku": row["sku"]} for row in seen.arguments["source"] if row["sku"]]),
        Step(
            "woo_products_create",
            lambda seen: [
                {
                    "name": row["name"],
                    "sku": row["sku"],
                    "status": "draft",
                    "regular_price": row["price"],
                    "categories": [_category(seen)],
                }
                | pick(row, *({"description"} & row.keys()))
                for row in _rows(seen)[0]
            ],
        ),
        Step("woo_products_list", {"status": "draft", "limit": 100}),
    ],
    deliver=_catalogue,
    checks=[Check("drafts[]", _draft), Check("completeness[]", _complete), Check("rejected[]", _refused)],
    falsify=["woo_products_list:price,regular_price"],
)

CASES = [CATALOGUE]
