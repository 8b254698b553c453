"""What the shop does silently wrong with products is refused or repaired; and undo is exact."""

from __future__ import annotations

from typing import Any

import pytest

from devskyy_mcp.changes.view import of_plan
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import collections as at
from devskyy_tools.shop.fields import schema_of

from .bench import Bench

PRODUCTS, VARIATIONS = at.PRODUCTS, at.VARIATIONS


async def simple(bench: Bench, **fields: Any) -> int:
    base = {"name": "Silk dress", "regular_price": "20", "status": "publish"}
    return (await bench.create(PRODUCTS, {**base, **fields}))[0]


@pytest.mark.requirement("shop:product-rules")
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"regular_price": "abc"}, "no amount"),
        ({"regular_price": "1,234.50"}, "Write 1234.50"),
        ({"regular_price": "-1"}, "negative"),
        ({"regular_price": "NaN"}, "no amount"),
        ({"regular_price": "9.999"}, "2 decimals"),
        ({"sale_price": "20"}, "not below the regular price 20.00"),
        ({"sale_price": "25"}, "not below the regular price"),
        ({"regular_price": "", "sale_price": "5"}, "needs a regular price"),
        ({"stock_quantity": None}, "can't be empty"),
        ({"stock_quantity": 5, "manage_stock": False}, "would ignore the quantity"),
        ({"backorders": "yes"}, "backorders need managed stock"),
        ({"categories": [{"id": 99999}]}, "no product category 99999"),
        ({"tags": [{"id": 99999}]}, "no product tag 99999"),
        ({"categories": [17]}, "list of objects"),
        ({"images": [{"id": 99999}]}, "no file 99999"),
        ({"status": "trash"}, "can't be set to trash"),
        ({"date_on_sale_from": "soon"}, "must be a time"),
        ({"date_on_sale_to": "2027-01-31T09:00:00+02:00"}, "must be a time"),
        ({"date_on_sale_from": "2027-02-02", "date_on_sale_to": "2027-02-01"}, "before it begins"),
    ],
)
async def test_refused_before_it_is_sent(bench: Bench, fields: dict[str, Any], says: str) -> None:
    target = await simple(bench)
    bench.requests()
    shop, unit = bench.call()
    with pytest.raises(Refused) as caught:
        await shop.update(PRODUCTS, target, fields)
    assert says in caught.value.message
    assert unit.ops == []
    assert all(request.startswith("GET ") for request in bench.requests())


@pytest.mark.requirement("shop:product-rules")
@pytest.mark.parametrize("collection", [at.PRODUCT_CATEGORIES, at.PRODUCT_TAGS, at.TERMS])
async def test_a_second_term_of_one_name_is_refused_in_the_preview(bench: Bench, collection: at.Collection) -> None:
    parent: dict[str, Any] = {"taxonomy": "categories"} if collection is at.TERMS else {}
    held, _ = await bench.create(collection, {"name": "Summer 27"}, **parent)
    shop, unit = bench.call()
    with pytest.raises(Refused, match=f"{collection.noun} {held} has that name already") as caught:
        await shop.create(collection, {"name": "summer 27"}, **parent)
    assert (caught.value.code, unit.ops) == (Code.CONFLICT, [])
    await shop.create(collection, {"name": "Summer 27", "slug": "summer-27-again"}, **parent)
    if "parent" in schema_of(collection)["fields"]:
        await shop.create(collection, {"name": "Summer 27", "parent": held}, **parent)


@pytest.mark.requirement("shop:bin")
async def test_what_goes_to_the_bin_is_told_from_what_is_gone(bench: Bench) -> None:
    target = await simple(bench)
    for force, says in ((False, "Would move product"), (True, "Would delete product")):
        shop, unit = bench.call()
        await shop.delete(PRODUCTS, target, force=force)
        summary = of_plan(unit, "proposed", None, []).summary
        assert summary.startswith(says)
        assert summary.endswith("to the bin.") is not force


@pytest.mark.requirement("shop:requests")
async def test_many_are_read_without_what_is_work_to_the_shop_and_noise_to_us(bench: Bench) -> None:
    target = await simple(bench)
    shop, unit = bench.call()
    await shop.prefetch(PRODUCTS, [target])
    read = await shop.get(PRODUCTS, target)
    assert {"name", "regular_price", "meta_data", "images"} <= read.keys()
    assert not {"related_ids", "price_html"} & read.keys()
    await shop.update(PRODUCTS, target, {"name": "New"})
    assert [item.state for item in await bench.commit(unit)] == ["done"]


@pytest.mark.requirement("shop:product-rules")
async def test_a_price_below_the_running_sale_is_refused(bench: Bench) -> None:
    target = await simple(bench, sale_price="15")
    shop, _ = bench.call()
    with pytest.raises(Refused, match="not below"):
        await shop.update(PRODUCTS, target, {"regular_price": "15"})
    assert await shop.update(PRODUCTS, target, {"regular_price": "15", "sale_price": ""})


@pytest.mark.requirement("shop:product-rules")
async def test_a_variable_product_takes_no_price(bench: Bench) -> None:
    product = await bench.first(type="variable")
    shop, _ = bench.call()
    with pytest.raises(Refused) as caught:
        await shop.update(PRODUCTS, product["id"], {"regular_price": "5"})
    assert "variations" in caught.value.hint


@pytest.mark.requirement("shop:product-rules")
async def test_a_sku_is_unique(bench: Bench) -> None:
    held = await simple(bench, sku="UNIQUE-1")
    shop, _ = bench.call()
    with pytest.raises(Refused) as caught:
        await shop.create(PRODUCTS, {"name": "x", "sku": "UNIQUE-1"})
    assert (caught.value.code, caught.value.details["id"]) == (Code.CONFLICT, held)
    await shop.create(PRODUCTS, {"name": "x", "sku": "UNIQUE-2"})
    with pytest.raises(Refused):  # the same plan has it already
        await shop.create(PRODUCTS, {"name": "x", "sku": "UNIQUE-2"})


@pytest.mark.requirement("shop:product-rules")
async def test_a_quantity_switches_counting_on(bench: Bench) -> None:
    target = await simple(bench)
    done = await bench.update(PRODUCTS, target, {"stock_quantity": 0})
    assert done.op.body == {"stock_quantity": 0, "manage_stock": True}
    assert any("from now on it is" in text for text in done.op.warnings)
    assert done.state == "done"
    shop, _ = bench.call()
    with pytest.raises(Refused, match="sets stock_status itself"):
        await shop.update(PRODUCTS, target, {"stock_status": "instock"})


@pytest.mark.requirement("shop:asks")
@pytest.mark.parametrize(
    ("fields", "asks"),
    [
        ({"regular_price": "26"}, []),
        ({"regular_price": "26.01"}, ["by +30 %"]),
        ({"regular_price": "13"}, ["by -35 %"]),
        ({"sale_price": "10"}, ["by -50 %"]),
        ({"sale_price": "15"}, []),
        ({"sale_price": "0"}, ["by -100 %"]),
        ({"type": "variable"}, ["loses its price"]),
        ({"regular_price": ""}, ["loses its price"]),
        ({"regular_price": "0"}, ["by -100 %"]),
    ],
)
async def test_prices_that_move_far_need_a_person(bench: Bench, fields: dict[str, Any], asks: list[str]) -> None:
    target = await simple(bench)
    shop, unit = bench.call()
    await shop.update(PRODUCTS, target, fields)
    assert len(unit.ops[0].asks) == len(asks)
    assert all(text in found for text, found in zip(asks, unit.ops[0].asks, strict=True))


@pytest.mark.requirement("shop:asks")
async def test_what_cannot_be_undone_says_why(bench: Bench) -> None:
    target = await simple(bench)
    shop, unit = bench.call()
    await shop.delete(PRODUCTS, target)
    await shop.delete(PRODUCTS, target, force=True)
    category = await bench.client.page(
        at.PRODUCT_CATEGORIES.url(), {"per_page": 1, "orderby": "count", "order": "desc"}
    )
    await shop.delete(at.PRODUCT_CATEGORIES, category.items[0]["id"])
    assert [bool(op.undo) for op in unit.ops] == [False, True, True]
    assert "lose it" in unit.ops[2].warnings[0]


CHANGES: list[dict[str, Any]] = [
    {"regular_price": "19.50"},
    {"sale_price": "15", "date_on_sale_from": "2026-01-01T00:00:00", "date_on_sale_to": "2027-01-01T00:00:00"},
    {"stock_quantity": 0},
    {"name": "C & D", "description": "<p>x</p>", "short_description": "y", "slug": "c-d"},
    {"dimensions": {"length": "1"}, "weight": "2.5"},
    {"meta_data": [{"key": "fit", "value": {"cut": "slim"}}]},
    {"status": "draft"},
    {"attributes": [{"name": "Color", "options": ["red", "blue"], "visible": True}]},
    {"type": "variable"},
    {"featured": True, "virtual": True, "purchase_note": "thanks", "catalog_visibility": "hidden", "menu_order": 3},
    {"manage_stock": True, "stock_quantity": 5, "backorders": "notify", "low_stock_amount": 2},
]


@pytest.mark.requirement("shop:undo-exact")
@pytest.mark.parametrize("fields", CHANGES, ids=lambda fields: "+".join(fields))
async def test_undo_is_exact_and_can_be_undone(bench: Bench, fields: dict[str, Any]) -> None:
    target = await simple(bench, sale_price="18")
    before = await bench.raw(PRODUCTS, target)
    done = await bench.update(PRODUCTS, target, fields)
    after = await bench.raw(PRODUCTS, target)
    assert done.state == "done", done.outcome
    assert after != before
    undone, unit = await bench.undo([done])
    assert unit.left == []
    assert await bench.raw(PRODUCTS, target) == before
    await bench.undo(undone)
    assert await bench.raw(PRODUCTS, target) == after


@pytest.mark.requirement("shop:undo-exact")
async def test_undo_of_categories_is_exact(bench: Bench) -> None:
    target = await simple(bench)
    before = await bench.raw(PRODUCTS, target)
    found = await bench.client.page(at.PRODUCT_CATEGORIES.url(), {"per_page": 3, "orderby": "id", "order": "desc"})
    done = await bench.update(PRODUCTS, target, {"categories": [{"id": item["id"]} for item in found.items]})
    assert done.state == "done"
    await bench.undo([done])
    assert await bench.raw(PRODUCTS, target) == before


@pytest.mark.requirement("shop:undo-exact")
async def test_a_binned_variable_product_comes_back_with_its_variations(bench: Bench) -> None:
    product = await bench.first(type="variable", status="publish")
    target = product["id"]
    before = await bench.raw(PRODUCTS, target)
    children = [await bench.raw(VARIATIONS, child, product_id=target) for child in before["variations"]]
    shop, unit = bench.call()
    await shop.delete(PRODUCTS, target)
    assert "go to the bin with it" in unit.ops[0].effects[0]
    done = await bench.commit(unit)
    assert (await bench.raw(PRODUCTS, target))["status"] == "trash"
    undone, unit = await bench.undo(done)
    assert {item.state for item in undone} == {"done"}
    assert unit.left == []
    assert await bench.raw(PRODUCTS, target) == before
    assert [await bench.raw(VARIATIONS, child["id"], product_id=target) for child in children] == children


@pytest.mark.requirement("shop:undo-drift")
async def test_what_others_changed_since_is_left_alone(bench: Bench) -> None:
    target = await simple(bench)
    done = await bench.update(PRODUCTS, target, {"name": "Ours", "regular_price": "22"})
    await bench.client.write("PUT", PRODUCTS.url(None, target), json={"short_description": "another field"})
    shop, unit = bench.call()
    await bench.system.stage_undo(shop.ctx, [done])
    assert len(unit.ops) == 1
    await bench.client.write("PUT", PRODUCTS.url(None, target), json={"name": "Theirs"})
    _, unit = await bench.undo([done])
    assert unit.ops == []
    left = unit.left[0]
    assert (left.state, left.ours, left.now) == ("left_alone", {"name": "Ours"}, {"name": "Theirs"})


@pytest.mark.requirement("shop:undo-drift")
async def test_what_is_back_already_or_gone_needs_no_undo(bench: Bench) -> None:
    target = await simple(bench)
    done = await bench.update(PRODUCTS, target, {"name": "Ours"})
    await bench.client.write("PUT", PRODUCTS.url(None, target), json={"name": "Silk dress"})
    _, unit = await bench.undo([done])
    assert (unit.ops, unit.left) == ([], [])
    await bench.client.write("DELETE", PRODUCTS.url(None, target), params={"force": True})
    _, unit = await bench.undo([done])
    assert [left.state for left in unit.left] == ["impossible"]


@pytest.mark.requirement("shop:undo-exact")
async def test_terms_and_attributes_made_are_unmade(bench: Bench) -> None:
    category, made = await bench.create(at.PRODUCT_CATEGORIES, {"name": "Coats & capes"})
    attribute, made_too = await bench.create(at.ATTRIBUTES, {"name": "Hemline"})
    assert [made.state, made_too.state] == ["done", "done"]
    undone, unit = await bench.undo([made, made_too])
    assert [op.body for op in unit.ops] == [{"force": True}] * 2
    assert {item.state for item in undone} == {"done"}
    for collection, target in ((at.PRODUCT_CATEGORIES, category), (at.ATTRIBUTES, attribute)):
        with pytest.raises(Refused):
            await bench.raw(collection, target)


@pytest.mark.requirement("shop:undo-drift")
async def test_a_term_in_use_by_now_is_left_alone(bench: Bench) -> None:
    category, made = await bench.create(at.PRODUCT_CATEGORIES, {"name": "Used"})
    await simple(bench, categories=[{"id": category}])
    _, unit = await bench.undo([made])
    assert unit.ops == []
    assert "use it" in unit.left[0].reason


async def test_no_personal_data_in_labels() -> None:
    assert at.ORDERS.label(61, {"billing": {"first_name": "Ada"}, "number": "61"}) == "order 61"
    assert at.CUSTOMERS.label(8, {"email": "ada@example.com", "first_name": "Ada"}) == "customer 8"
    assert at.PRODUCTS.label(5, {"name": "A &amp; B"}) == 'product 5 "A & B"'
    assert at.POSTS.label(5, {"title": {"raw": "Hi"}}) == 'post 5 "Hi"'


@pytest.mark.requirement("shop:product-rules")
@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ([{"name": "Size", "option": "XXXXL"}], "has no option XXXXL; it has: "),
        ([{"name": "Fabric", "option": "Silk"}], "no attribute Fabric for variations; it has: "),
    ],
)
async def test_a_variation_has_options_of_its_product(bench: Bench, attributes: Any, says: str) -> None:
    product = await bench.first(type="variable")
    shop, unit = bench.call()
    with pytest.raises(Refused) as caught:
        await shop.create(VARIATIONS, {"attributes": attributes}, product_id=product["id"])
    assert says in caught.value.message
    assert unit.ops == []


@pytest.mark.requirement("shop:product-rules")
async def test_options_are_written_as_the_product_has_them(bench: Bench) -> None:
    product = await bench.first(type="variable")
    attribute = next(one for one in product["attributes"] if one["variation"])
    shop, unit = bench.call()
    asked = [{"name": attribute["name"].lower(), "option": attribute["options"][0].lower()}]
    await shop.create(VARIATIONS, {"attributes": asked}, product_id=product["id"])
    written = unit.ops[0].body["attributes"][0]
    assert (written["name"], written["option"]) == (attribute["name"], attribute["options"][0])
    assert unit.ops[0].label == f"new variation of product {product['id']}"


@pytest.mark.requirement("shop:product-rules")
async def test_a_simple_product_has_no_variations(bench: Bench) -> None:
    target = await simple(bench)
    shop, _ = bench.call()
    with pytest.raises(Refused, match="only a variable product"):
        await shop.create(VARIATIONS, {"attributes": [{"name": "Size", "option": "M"}]}, product_id=target)


@pytest.mark.requirement("shop:product-rules")
async def test_a_product_that_is_made_public_says_so(bench: Bench) -> None:
    shop, unit = bench.call()
    await shop.create(PRODUCTS, {"name": "Scarf", "status": "publish", "stock_quantity": 5})
    assert "becomes visible" in unit.ops[0].effects[0]
    assert unit.ops[0].warnings == []  # what is new was not uncounted before
