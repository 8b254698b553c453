"""Bulk changes checked whole, the matrix of variations, and what the shop does silently wrong with attributes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.errors import Code
from devskyy_tools.shop import collections as at
from devskyy_tools.woocommerce.batches import NOUNS
from tests.fakes.demo import Demo, demo

from .bench import Bench

Json = dict[str, Any]
COLOURS = ["Black", "Ivory", "Rose", "Crimson", "Gold", "Stone", "Midnight", "Sand"]
SIZES = ["XS", "S", "M", "L", "XL"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as made:
        yield made


async def made(desk: Demo, tool: str, **arguments: Any) -> int:
    done = await desk.carry_out(tool, **arguments)
    assert done["state"] == "applied", done
    return int(done["changes"][0]["id"])


async def variable(desk: Demo) -> int:
    return await made(desk, "woo_products_create", name="Cape", type="variable", status="publish")


# ---- bulk -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("catalogue:bulk")
async def test_a_batch_is_checked_whole_before_anything_is_written(desk: Demo) -> None:
    known = await desk.some("woo_tags_list")
    desk.shop.requests.clear()
    refused = await desk.refused(
        "woo_catalog_bulk",
        noun="tags",
        create=[{"name": "Velvet"}, {"name": "velvet"}, {}],
        update=[{"id": known, "description": "New."}, {"id": 999_999, "name": "x"}, {"name": "y"}, {"id": known}],
        delete=["abc", "-5", 999_998, known],
    )
    assert (refused.code, desk.writes) == (Code.INVALID_ARGUMENTS, [])
    problems = {one["item"]: one["problem"] for one in refused.details["items"]}
    assert sorted(problems) == [
        *("create.1", "create.2", "delete.0", "delete.1", "delete.2", "delete.3", "update.1", "update.2", "update.3"),
    ]
    assert refused.details["valid"] == 2
    assert "has that name already" in problems["create.1"]
    assert "needs name" in problems["create.2"]
    assert "positive whole number" in problems["delete.0"]
    assert "positive whole number" in problems["delete.1"]
    assert "has no" in problems["delete.2"]
    assert "named twice" in problems["delete.3"]
    assert "9 of 11 items" in refused.message


@pytest.mark.requirement("catalogue:bulk")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"noun": "tags"}, "between one and 100"),
        ({"noun": "tags", "create": [{"name": str(n)} for n in range(60)], "delete": list(range(1, 60))}, "100"),
        ({"noun": "variations", "delete": [1]}, "parent_id goes with"),
        ({"noun": "tags", "parent_id": 5, "delete": [1]}, "parent_id goes with"),
        ({"noun": "products", "create": [{"name": "x", "regular_price": "abc"}]}, "no amount"),
        ({"noun": "products", "create": [{"name": "x", "colour": "red"}]}, "is not a field"),
        (
            {"noun": "products", "create": [{"name": "x", "sku": "A"}, {"name": "y", "sku": "A"}]},
            "has the sku 'a' already",
        ),
        (
            {
                "noun": "coupons",
                "create": [{"code": one, "discount_type": "percent", "amount": "5"} for one in ("A", "a")],
            },
            "has the code 'a' already",
        ),
        ({"noun": "attributes", "create": [{"name": "Cut"}, {"name": "Cut"}]}, "uses 'cut' twice"),
        ({"noun": "attributes", "create": [{"name": "Size"}]}, "belongs to attribute"),
        ({"noun": "attributes", "create": [{"name": "A name that is far too long for it"}]}, "more than 28"),
    ],
)
async def test_what_a_batch_can_not_be(desk: Demo, arguments: Json, says: str) -> None:
    refused = await desk.refused("woo_catalog_bulk", **arguments)
    assert says in refused.message
    assert desk.writes == []


@pytest.mark.requirement("catalogue:bulk")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"noun": "orders", "update": [{"id": 1, "status": "completed"}]}, "status is not written here"),
        ({"noun": "customers", "create": [{"email": "a@example.com", "password": "x"}]}, "password is not written"),
        ({"noun": "customers", "create": [{"email": "a@example.com"}, {"email": "A@example.com"}]}, "has the email"),
    ],
)
async def test_a_batch_is_no_way_round_a_guard(desk: Demo, arguments: Json, says: str) -> None:
    assert says in (await desk.refused("woo_orders_bulk", **arguments)).message


@pytest.mark.requirement("catalogue:bulk")
async def test_fifty_terms_are_a_few_requests_and_one_undo(desk: Demo) -> None:
    desk.shop.requests.clear()
    names = [{"name": f"Weave {number}"} for number in range(50)]
    done = await desk.carry_out("woo_catalog_bulk", noun="tags", create=names)
    assert done["state"] == "applied"
    assert len(desk.shop.requests) <= 50 / 25 + 4 + 1  # agreed to by a person, so it was staged twice
    assert desk.writes == ["POST /wc/v3/products/tags/batch"] * 2
    undone = await desk.carry_out("changes_undo", change=done["change"])
    assert undone["state"] == "applied"
    assert (await desk.do("woo_tags_list", search="Weave"))["total"] == 0


@pytest.mark.requirement("catalogue:bulk")
async def test_a_hundred_codes_are_a_few_requests(desk: Demo) -> None:
    codes = [{"code": f"VIP-{number}", "discount_type": "percent", "amount": "10"} for number in range(100)]
    desk.shop.requests.clear()
    await desk.do("woo_catalog_bulk", noun="coupons", create=codes, preview=True)
    assert len(desk.shop.requests) <= 4
    taken = (await desk.do("woo_coupons_list"))["items"][0]
    codes[99]["code"] = taken["code"].upper()
    refused = await desk.refused("woo_catalog_bulk", noun="coupons", create=codes)
    assert [one["item"] for one in refused.details["items"]] == ["create.99"]
    assert f"taken by coupon {taken['id']}" in refused.message


@pytest.mark.requirement("catalogue:bulk")
def test_every_collection_with_a_batch_route_is_a_noun() -> None:
    batched = {found.name for found in at.ALL.values() if found.batch and found.api == "wc"}
    assert {one.collection.name for one in NOUNS.values()} == batched


# ---- the matrix -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("catalogue:matrix")
async def test_forty_variations_in_two_calls_with_one_undo(desk: Demo) -> None:
    product = await variable(desk)
    desk.shop.requests.clear()
    done = await desk.carry_out(
        "woo_variations_matrix",
        product_id=product,
        attributes=[{"name": "Size", "options": SIZES}, {"name": "colour", "options": COLOURS}],
        regular_price="100.00",
        stock_quantity=4,
        sku="CAPE-{Colour}-{Size}",
        exceptions=[{"where": {"Size": "XL"}, "regular_price": "+10%"}],
    )
    assert done["state"] == "applied", done
    batches = [one for one in desk.writes if one.endswith("variations/batch")]
    assert len(batches) == 2
    assert len(desk.shop.requests) <= 2 * 9 + 2 + 4  # staged twice, since a person agrees; two terms, the product
    rows = (await desk.do("woo_variations_list", product_id=product, limit=100))["items"]
    assert len(rows) == 40
    one = next(row for row in rows if row["sku"] == "CAPE-MIDNIGHT-XL")
    assert (one["regular_price"], one["stock"]) == ("110.00", 4)
    assert one["options"] == {"Size": "XL", "Colour": "Midnight"}
    again = await desk.do("woo_variations_matrix", product_id=product)
    assert again["state"] == "nothing_to_change"
    undone = await desk.carry_out("changes_undo", change=done["change"])
    assert undone["state"] == "applied", undone
    assert (await desk.do("woo_variations_list", product_id=product))["total"] == 0
    assert (await desk.do("woo_attribute_terms_list", attribute_id=await size(desk), search="XL"))["total"] == 0


async def size(desk: Demo) -> int:
    found = (await desk.do("woo_attributes_list"))["items"]
    return next(one["id"] for one in found if one["name"] == "Size")


@pytest.mark.requirement("catalogue:matrix")
async def test_what_is_there_stays_and_gaps_are_told(desk: Demo) -> None:
    product = await variable(desk)
    axes = [{"name": "Size", "options": ["S", "M"]}, {"name": "Fit", "options": ["Slim"]}]
    first = await desk.carry_out("woo_variations_matrix", product_id=product, attributes=axes, regular_price="10.00")
    assert first["state"] == "applied"
    shown = await desk.do(
        "woo_variations_matrix",
        product_id=product,
        attributes=[{"name": "Fit", "options": ["slim", "Wide"]}],
        exceptions=[
            {"where": {"size": "m", "Fit": "Wide"}, "leave_out": True},
        ],
        preview=True,
    )
    assert "Would make 1 variation of product" in shown["summary"]
    assert "2 are there already" in shown["summary"]
    assert any("Gaps" in one and "M / Wide" in one for one in shown["warnings"])
    assert any("Without a price" in one and "S / Wide" in one for one in shown["warnings"])


@pytest.mark.requirement("catalogue:matrix")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "no attributes for variations"),
        ({"attributes": [{"name": "Size", "options": ["S", "s"]}]}, "Size names the same twice: S, s"),
        ({"attributes": [{"name": "Size", "options": ["S"]}, {"name": "size", "options": ["M"]}]}, "twice: Size, size"),
        ({"attributes": [{"name": one, "options": [str(n) for n in range(17)]} for one in "NM"]}, "289 combinations"),
        ({"attributes": [{"name": "Size", "options": ["S"]}], "sku": "A-{Hue}"}, "{Hue}, which is no attribute"),
        ({"attributes": [{"name": "Size", "options": ["S", "M"]}], "sku": "A"}, "the same SKU"),
        ({"attributes": [{"name": "Size", "options": ["S"]}], "exceptions": [{"where": {"Size": "L"}}]}, "meets no"),
        ({"attributes": [{"name": "Size", "options": ["S"]}],
          "exceptions": [{"where": {"Size": "S"}, "regular_price": "by:+5"}]}, "needs a regular_price"),
    ],
)  # fmt: skip
async def test_a_matrix_that_can_not_be(desk: Demo, arguments: Json, says: str) -> None:
    product = await variable(desk)
    desk.shop.requests.clear()
    refused = await desk.refused("woo_variations_matrix", product_id=product, **arguments)
    assert says.lower() in refused.message.lower(), refused.message
    assert desk.writes == []


@pytest.mark.requirement("catalogue:matrix")
async def test_a_combination_that_is_there_is_refused(desk: Demo) -> None:
    parent = await desk.some("woo_products_list", type="variable", status="publish")
    row = (await desk.do("woo_variations_list", product_id=parent))["items"][0]
    options = [{"name": name, "option": option} for name, option in row["options"].items()]
    refused = await desk.refused("woo_variations_create", product_id=parent, attributes=options)
    assert refused.code is Code.CONFLICT
    assert refused.details["id"] == row["id"]


# ---- attributes -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("catalogue:attributes")
async def test_a_new_name_leaves_the_slug_of_an_attribute(bench: Bench) -> None:
    target, _ = await bench.create(at.ATTRIBUTES, {"name": "Fabric", "slug": "pa_cloth"})
    done = await bench.update(at.ATTRIBUTES, target, {"name": "Material"})
    assert (done.state, (await bench.raw(at.ATTRIBUTES, target))["slug"]) == ("done", "pa_cloth")
    assert done.outcome.inverse == {"name": "Fabric"}


@pytest.mark.requirement("catalogue:attributes")
async def test_an_attribute_goes_only_with_a_persons_yes(desk: Demo) -> None:
    target = await size(desk)
    desk.shop.requests.clear()
    waits = await desk.do("woo_terms_delete", kind="attribute", id=target)
    assert (waits["state"], desk.writes) == ("waits_for_person", [])
    assert any("Can't be undone" in one for one in waits["asks"])
    assert any("with its 3 terms; products lose it" in one for one in waits["warnings"])


@pytest.mark.requirement("catalogue:attributes")
async def test_a_shared_attribute_is_named_by_its_id_to_the_shop(bench: Bench) -> None:
    parent = await bench.first(type="variable", status="publish")
    attribute = next(one for one in parent["attributes"] if one["name"] == "Size")
    await bench.update(
        at.PRODUCTS,
        parent["id"],
        {
            "attributes": [
                {**one, "options": [*one["options"], "XXL"]} if one is attribute else one
                for one in parent["attributes"]
            ]
        },
    )
    colour = next(one["options"][0] for one in parent["attributes"] if one["name"] == "Colour")
    fields = {"attributes": [{"name": "size", "option": "XXL"}, {"name": "Colour", "option": colour}]}
    _, item = await bench.create(at.VARIATIONS, fields, product_id=parent["id"])
    assert item.state == "done", item.outcome.notes


@pytest.mark.requirement("catalogue:attributes")
async def test_a_shipping_class_is_shown_with_its_slug(desk: Demo) -> None:
    shown = await desk.do("woo_shipping_classes_create", name="Bulky Goods", preview=True)
    assert shown["changes"][0]["fields"]["slug"] == "bulky-goods"


# ---- stock and prices -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("catalogue:variations-included")
async def test_stock_by_sku_finds_variations_with_few_requests(desk: Demo) -> None:
    parent = await desk.some("woo_products_list", type="variable", status="publish")
    rows = (await desk.do("woo_variations_list", product_id=parent))["items"]
    desk.shop.requests.clear()
    items = [{"sku": row["sku"], "adjust": 2} for row in rows]
    done = await desk.carry_out("woo_stock_update", items=items)
    assert done["state"] == "applied", done
    assert len(desk.shop.requests) <= 5
    after = (await desk.do("woo_variations_list", product_id=parent))["items"]
    assert [row["stock"] for row in after] == [row["stock"] + 2 for row in rows]


@pytest.mark.requirement("catalogue:variations-included")
async def test_variations_by_their_ids_alone(desk: Demo) -> None:
    parent = await desk.some("woo_products_list", type="variable", status="publish")
    row = (await desk.do("woo_variations_list", product_id=parent))["items"][0]
    await desk.carry_out("woo_stock_update", items=[{"id": row["id"], "set": 77}])
    await desk.carry_out("woo_products_bulk_update", items=[{"id": row["id"], "regular_price": "by:+1.00"}])
    after = next(
        one for one in (await desk.do("woo_variations_list", product_id=parent))["items"] if one["id"] == row["id"]
    )
    assert after["stock"] == 77
    assert float(after["regular_price"]) == float(row["regular_price"]) + 1
    refused = await desk.refused("woo_products_bulk_update", items=[{"id": row["id"], "name": "x"}])
    assert f"set on its product, {parent}" in refused.message
    refused = await desk.refused("woo_products_update", id=row["id"], name="x")
    assert f"is a variation of product {parent}" in refused.message


@pytest.mark.requirement("catalogue:variations-included")
async def test_stock_that_variations_share_is_their_products(desk: Demo) -> None:
    product = await variable(desk)
    axes = [{"name": "Size", "options": ["S", "M"]}]
    await desk.carry_out(
        "woo_variations_matrix", product_id=product, attributes=axes, sku="SH-{Size}", regular_price="5.00"
    )
    await desk.carry_out("woo_products_update", id=product, stock_quantity=9)
    refused = await desk.refused("woo_stock_update", items=[{"sku": "SH-S", "adjust": -1}])
    assert (refused.code, refused.details["product_id"]) == (Code.CONFLICT, product)
    done = await desk.carry_out(
        "woo_products_bulk_update", filter={"ids": [product]}, set={"stock_quantity": 12}, include_variations=True
    )
    assert done["state"] == "applied"
    rows = (await desk.do("woo_variations_list", product_id=product))["items"]
    assert [row["stock"] for row in rows] == [12, 12]
    assert (await desk.do("woo_products_get", id=product))["stock_quantity"] == 12


@pytest.mark.requirement("catalogue:variations-included")
async def test_variations_out_of_stock_are_listed(desk: Demo) -> None:
    parent = await desk.some("woo_products_list", type="variable", status="publish")
    row = (await desk.do("woo_variations_list", product_id=parent))["items"][0]
    await desk.carry_out("woo_stock_update", items=[{"sku": row["sku"], "set": 0}])
    found = (await desk.do("woo_stock_list", of="variations"))["items"]
    assert [(one["id"], one["product_id"]) for one in found] == [(row["id"], parent)]


# ---- copies and what goes with a product ----------------------------------------------------------------------------


@pytest.mark.requirement("catalogue:copies")
async def test_a_lost_answer_to_a_copy_is_found_by_our_mark(desk: Demo) -> None:
    parent = await desk.some("woo_products_list", type="variable", status="publish")
    desk.shop.faults.lost(committed=True, method="POST", path="/duplicate$")
    done = await desk.carry_out("woo_products_duplicate", id=parent)
    assert done["state"] == "applied", done
    undone = await desk.carry_out("changes_undo", change=done["change"])
    assert undone["state"] == "applied", undone


@pytest.mark.requirement("catalogue:copies")
async def test_a_lost_answer_to_generated_variations_is_found_by_our_mark(desk: Demo) -> None:
    size = {"name": "Size", "variation": True, "visible": True, "options": ["S", "M"]}
    target = await made(desk, "woo_products_create", name="Cape", type="variable", more={"attributes": [size]})
    desk.shop.faults.lost(committed=True, method="POST", path="/generate$")
    done = await desk.carry_out("woo_variations_generate", product_id=target, regular_price="9.00")
    assert done["state"] == "applied", done
    assert (await desk.do("woo_variations_list", product_id=target))["total"] == 2
    assert (await desk.carry_out("changes_undo", change=done["change"]))["state"] == "applied"
    assert (await desk.do("woo_variations_list", product_id=target))["total"] == 0


@pytest.mark.requirement("catalogue:copies")
async def test_what_goes_with_a_product(desk: Demo) -> None:
    one = await desk.some("woo_products_list", status="publish")
    for basis in ("related", "suggested"):
        found = (await desk.do("woo_products_related", id=one, basis=basis, limit=3))["items"]
        assert 0 < len(found) <= 3
        assert one not in [item["id"] for item in found]
    await desk.carry_out("woo_products_update", id=one, more={"meta_data": [{"key": "care", "value": "30"}]})
    names = await desk.do("woo_custom_fields_list", search="car")
    assert (names["items"], names["total"]) == (["care"], 1)


@pytest.mark.requirement("catalogue:copies")
async def test_what_can_not_be_generated(desk: Demo) -> None:
    simple = await desk.some("woo_products_list", type="simple")
    refused = await desk.refused("woo_variations_generate", product_id=simple)
    assert "no attributes for variations" in refused.message
    full = await desk.some("woo_products_list", type="variable", status="publish")
    assert (await desk.do("woo_variations_generate", product_id=full))["state"] == "nothing_to_change"


@pytest.mark.requirement("catalogue:reviews")
async def test_reviews_are_texts_from_outside_without_addresses(desk: Demo) -> None:
    found = await desk.do("woo_reviews_list")
    assert found["items"]
    assert "@" not in str([one["reviewer"] for one in found["items"]])
    assert desk.app.registry.tools["woo_reviews_list"].policy.texts == "outside"


@pytest.mark.requirement("catalogue:reviews")
async def test_a_binned_review_comes_back(desk: Demo) -> None:
    target = await desk.some("woo_reviews_list")
    await desk.carry_out("woo_reviews_delete", id=target)
    assert "in the bin" in (await desk.refused("woo_reviews_update", id=target, status="approved")).message
    await desk.carry_out("wp_bin_restore", noun="product_reviews", id=target, status="approved")
    found = (await desk.do("woo_reviews_list", status="approved"))["items"]
    assert target in [one["id"] for one in found]


@pytest.mark.requirement("catalogue:variations-included")
async def test_variations_of_all_products_are_listed(desk: Demo) -> None:
    found = await desk.do("woo_variations_list", limit=100)
    assert len({one["product_id"] for one in found["items"]}) > 5
    one = found["items"][0]
    assert (await desk.do("woo_variations_list", sku=one["sku"]))["items"] == [one]
    own = await desk.do("woo_variations_list", product_id=one["product_id"], limit=100)
    assert one in own["items"]
    assert own["total"] < found["total"]
