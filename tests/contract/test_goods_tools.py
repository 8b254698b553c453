"""Every write tool of the catalogue, shown, carried out and undone on every shop: all is as it was but its dates."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from devskyy_tools.shop.collections import NOISE, NOISY_META
from tests.contract.client import Json, Shop, token
from tests.contract.trips import Trip, Trips, desk_on
from tests.fakes.demo import Desk

pytestmark = pytest.mark.requirement("catalogue:round-trips")
_FLUID = NOISE | {"related_ids", "total_sales"}


TRIPS = Trips()
trip = TRIPS.trip
TERMS = {"woo_tags": "tags", "woo_brands": "brands", "woo_shipping_classes": "shipping_classes"}
STATUS = frozenset({"stock_status"})
"""Of a variable product: the shop works it out of its variations, and anew when the last of them goes."""
KINDS = {"woo_tags": "tag", "woo_brands": "brand", "woo_shipping_classes": "shipping_class"}


@pytest.fixture
async def desk(wc: Shop, tmp_path: Path) -> AsyncGenerator[Desk]:
    async with desk_on(wc, tmp_path) as made:
        yield made


async def attribute(shop: Shop) -> tuple[Json, str]:
    """A shared attribute with a slug that is not its name's, and the path of its terms."""
    made = await shop.make("wc/v3/products/attributes", name=f"Fabric {token()}"[:20], slug=token(), order_by="name")
    return made, f"wc/v3/products/attributes/{made['id']}/terms"


async def coat(shop: Shop, *sizes: str) -> tuple[Json, list[Json]]:
    """A variable product of three sizes with variations of some."""
    size = {"name": "Size", "visible": True, "variation": True, "options": ["S", "M", "L"]}
    made = await shop.product(type="variable", attributes=[size], sku=f"x{token()}")
    path = f"wc/v3/products/{made['id']}/variations"
    options = [[{"name": "Size", "option": one}] for one in sizes]
    return made, [await shop.make(path, regular_price="30.00", sku=f"x{token()}", attributes=one) for one in options]


for _tool, _noun in TERMS.items():

    def _declare(tool: str, path: str) -> None:
        async def create(_shop: Shop) -> Trip:
            return Trip({"name": f"Rare {token()}", "description": "For few."}, lists=[path])

        async def update(shop: Shop) -> Trip:
            made = await shop.make(path, name=token(), description="As it was.")
            new = {"id": made["id"], "name": f"A & B {token()}", "description": "New words."}
            return Trip(new, [f"{path}/{made['id']}"])

        async def delete(shop: Shop) -> Trip:
            made = await shop.make(path, name=token())
            return Trip({"kind": KINDS[tool], "id": made["id"]}, undo="impossible")

        trip(f"{tool}_create", f"{tool}_create")(create)
        trip(f"{tool}_update", f"{tool}_update")(update)
        trip("woo_terms_delete", f"{tool}_delete")(delete)

    _declare(_tool, f"wc/v3/products/{_noun}")


@trip("woo_attributes_create")
async def new_attribute(_shop: Shop) -> Trip:
    return Trip({"name": f"Cut {token()}", "order_by": "name"}, lists=["wc/v3/products/attributes"])


@trip("woo_attributes_update")
async def attribute_keeps_its_slug(shop: Shop) -> Trip:
    made, _ = await attribute(shop)
    return Trip({"id": made["id"], "name": "Cloth"}, [f"wc/v3/products/attributes/{made['id']}"])


@trip("woo_terms_delete")
async def deleted_attribute(shop: Shop) -> Trip:
    made, _ = await attribute(shop)
    return Trip({"kind": "attribute", "id": made["id"]}, undo="impossible")


@trip("woo_attribute_terms_create")
async def new_term(shop: Shop) -> Trip:
    made, path = await attribute(shop)
    return Trip({"attribute_id": made["id"], "name": "Silk", "menu_order": 2}, lists=[path])


@trip("woo_attribute_terms_update")
async def changed_term(shop: Shop) -> Trip:
    made, path = await attribute(shop)
    term = await shop.make(path, name="Silk")
    new = {"attribute_id": made["id"], "id": term["id"], "name": "Raw silk", "menu_order": 4}
    return Trip(new, [f"{path}/{term['id']}"])


async def review(shop: Shop) -> Json:
    reviewer = {"reviewer": "Ada", "reviewer_email": f"{token()}@example.com"}
    product = (await shop.product())["id"]
    return await shop.make(
        "wc/v3/products/reviews", product_id=product, review="Fine <b>cloth</b>", rating=4, **reviewer
    )


@trip("woo_reviews_update")
async def held_review(shop: Shop) -> Trip:
    made = await review(shop)
    return Trip({"id": made["id"], "status": "hold", "rating": 2}, [f"wc/v3/products/reviews/{made['id']}"])


@trip("woo_reviews_delete")
async def binned_review(shop: Shop) -> Trip:
    made = await review(shop)
    return Trip({"id": made["id"]}, [f"wc/v3/products/reviews/{made['id']}"])


@trip("woo_products_duplicate")
async def copied_product(shop: Shop) -> Trip:
    made, _ = await coat(shop, "S", "M")
    path = f"wc/v3/products/{made['id']}"
    return Trip({"id": made["id"], "name": "Another"}, [path], ["wc/v3/products?status=any"])


@trip("woo_variations_generate")
async def generated_variations(shop: Shop) -> Trip:
    made, (small,) = await coat(shop, "S")
    path = f"wc/v3/products/{made['id']}"
    new = {"product_id": made["id"], "regular_price": "31.00", "stock_quantity": 2}
    numbered = frozenset({"menu_order"})  # the shop numbers all variations anew
    return Trip(new, [f"{path}/variations/{small['id']}"], [f"{path}/variations"], moves=numbered)


@trip("woo_variations_matrix")
async def matrix_of_a_new_axis(shop: Shop) -> Trip:
    made, _ = await coat(shop)
    path = f"wc/v3/products/{made['id']}"
    new: Json = {
        "product_id": made["id"],
        "attributes": [{"name": "Colour", "options": ["Black", "Ivory"]}, {"name": "Size", "options": ["M", "XL"]}],
        "regular_price": "40.00",
        "stock_quantity": 3,
        "sku": f"{token()}-{{Colour}}-{{Size}}",
        "exceptions": [
            {"where": {"Size": "XL"}, "regular_price": "by:+5"},
            {"where": {"Size": "XL", "Colour": "Ivory"}, "leave_out": True},
        ],
    }
    return Trip(new, [path], [f"{path}/variations"], moves=STATUS)


@trip("woo_variations_matrix")
async def matrix_of_a_shared_attribute(shop: Shop) -> Trip:
    shared, terms = await attribute(shop)
    await shop.make(terms, name="Silk")
    made, _ = await coat(shop)
    path = f"wc/v3/products/{made['id']}"
    axes = [{"name": shared["name"], "options": ["Wool", "silk"]}]
    new: Json = {"product_id": made["id"], "attributes": axes, "regular_price": "9.50"}
    return Trip(new, [path], [f"{path}/variations", terms], moves=STATUS)


def _bulk(noun: str, path: str, fields: Callable[[], Json], change: Json, tool: str = "woo_catalog_bulk") -> None:
    async def build(shop: Shop) -> Trip:
        made = [await shop.make(path, **fields()) for _ in range(2)]
        items = [{"id": one["id"], **change} for one in made]
        watched = [f"{path}/{one['id']}" for one in made]
        many = "?status=any" if noun in ("products", "orders") else ""
        return Trip({"noun": noun, "create": [fields(), fields()], "update": items}, watched, [f"{path}{many}"])

    trip(tool, f"bulk of {noun}")(build)


for _noun in ("tags", "brands", "shipping_classes", "categories"):
    _bulk(_noun, f"wc/v3/products/{_noun}", lambda: {"name": f"Made {token()}"}, {"description": "New."})
_bulk("products", "wc/v3/products", lambda: {"name": "Cape", "sku": token()}, {"short_description": "New."})
_bulk("attributes", "wc/v3/products/attributes", lambda: {"name": token(), "order_by": "name"}, {"order_by": "id"})
_bulk(
    "coupons", "wc/v3/coupons", lambda: {"code": token(), "discount_type": "percent", "amount": "5.00"}, {"amount": "6"}
)


@trip("woo_catalog_bulk")
async def bulk_of_attribute_terms(shop: Shop) -> Trip:
    made, path = await attribute(shop)
    terms = [await shop.make(path, name=one) for one in ("Silk", "Wool")]
    items = [{"id": one["id"], "description": "New."} for one in terms]
    new = [{"name": "Linen"}, {"name": "Felt"}]
    arguments = {"noun": "attribute_terms", "parent_id": made["id"], "create": new, "update": items}
    return Trip(arguments, [f"{path}/{one['id']}" for one in terms], [path])


@trip("woo_catalog_bulk")
async def bulk_of_variations(shop: Shop) -> Trip:
    made, variations = await coat(shop, "S", "M")
    path = f"wc/v3/products/{made['id']}/variations"
    items = [{"id": one["id"], "regular_price": "33.00"} for one in variations]
    new = [{"attributes": [{"name": "Size", "option": "L"}], "regular_price": "34.00"}]
    arguments = {"noun": "variations", "parent_id": made["id"], "create": new, "update": items}
    return Trip(arguments, [f"{path}/{one['id']}" for one in variations], [path])


@trip("woo_catalog_bulk")
async def bulk_of_reviews(shop: Shop) -> Trip:
    made = [await review(shop) for _ in range(2)]
    items = [{"id": one["id"], "status": "hold"} for one in made]
    return Trip({"noun": "reviews", "update": items}, [f"wc/v3/products/reviews/{one['id']}" for one in made])


@trip("woo_catalog_bulk")
async def bulk_into_the_bin(shop: Shop) -> Trip:
    made = [await shop.product(sku=f"x{token()}") for _ in range(2)]
    watched = [f"wc/v3/products/{one['id']}" for one in made]
    return Trip({"noun": "products", "delete": [one["id"] for one in made]}, watched)


@trip("woo_catalog_bulk")
async def bulk_for_good(shop: Shop) -> Trip:
    made = [await shop.make("wc/v3/products/tags", name=token()) for _ in range(2)]
    return Trip({"noun": "tags", "delete": [one["id"] for one in made]}, undo="impossible")


@trip("woo_catalog_bulk")
async def one_new_review(shop: Shop) -> Trip:
    product = (await shop.product())["id"]
    words = {"review": "Fine", "reviewer": "Ada", "reviewer_email": f"{token()}@example.com", "rating": 5}
    new = {"noun": "reviews", "create": [{"product_id": product, **words}]}
    return Trip(new, lists=[f"wc/v3/products/reviews?product={product}"])


@trip("woo_orders_bulk")
async def bulk_of_orders(shop: Shop) -> Trip:
    lines = [{"product_id": (await shop.product())["id"], "quantity": 1}]
    made = [await shop.make("wc/v3/orders", line_items=lines) for _ in range(2)]
    items = [{"id": one["id"], "customer_note": "Ring twice."} for one in made]
    new = [{"line_items": lines}, {"line_items": lines}]
    arguments = {"noun": "orders", "create": new, "update": items}
    return Trip(arguments, [f"wc/v3/orders/{one['id']}" for one in made], ["wc/v3/orders?status=any"])


@trip("woo_orders_bulk")
async def bulk_of_customers(shop: Shop) -> Trip:
    made = [await shop.make("wc/v3/customers", email=f"{token()}@example.com") for _ in range(2)]
    items = [{"id": one["id"], "last_name": "Lovelace"} for one in made]
    new = [{"email": f"{token()}@example.com"} for _ in range(2)]
    arguments = {"noun": "customers", "create": new, "update": items}
    return Trip(arguments, [f"wc/v3/customers/{one['id']}" for one in made], ["wc/v3/customers?role=all"])


async def seen(shop: Shop, one: Trip) -> tuple[list[Json], list[str]]:
    """The watched objects without noise, and how many the lists have."""
    objects: list[Json] = []
    for path in one.watched:
        obj = await shop.read(path, context="edit")
        meta = [(entry["key"], entry["value"]) for entry in obj.get("meta_data", [])]
        kept = {name: value for name, value in obj.items() if name not in _FLUID | one.moves}
        objects.append({**kept, "meta_data": [pair for pair in meta if not pair[0].startswith(NOISY_META)]})
    counts = [(await shop.http.get(path)).headers["x-wp-total"] for path in one.lists]
    return objects, counts


def differing(before: list[Json], now: list[Json]) -> list[Json]:
    """Per object the fields that are not the same: (before, now)."""
    return [
        {name: (one[name], two.get(name)) for name in one if one[name] != two.get(name)}
        for one, two in zip(before, now, strict=True)
    ]


@pytest.mark.parametrize("name", sorted(TRIPS))
async def test_shown_carried_out_and_undone(wc: Shop, desk: Desk, name: str) -> None:
    tool, build = TRIPS[name]
    one = await build(wc)
    before = await seen(wc, one)
    shown = await desk.do(tool, **one.arguments, preview=True)
    assert shown["state"] == "proposed", shown
    assert await seen(wc, one) == before
    done = await desk.carry_out(tool, **one.arguments)
    assert done["state"] == "applied", str(done)[:3000]
    assert one.undo == "impossible" or await seen(wc, one) != before
    if one.undo == "impossible":
        assert "can't be undone" in str(shown).lower() or "undo" in str(shown), shown
        undone = await desk.do("changes_undo", change=done["change"], preview=True)
        assert "impossible" in str(undone)
        return
    undone = await desk.carry_out("changes_undo", change=done["change"])
    assert undone["state"] == "applied", undone
    now = await seen(wc, one)
    assert now == before, differing(before[0], now[0])
