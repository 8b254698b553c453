"""Lists and batches of the shop: pages, filters, what is ignored, and errors per item."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:shop-lists")
NOUNS = ["products", "orders", "customers", "coupons", "products/categories"]


@pytest.mark.parametrize("noun", [*NOUNS, "products/tags", "products/reviews", "refunds"])
async def test_page_past_the_end_is_empty(wc: Shop, noun: str) -> None:
    assert await wc.read(f"wc/v3/{noun}", page=9999) == []


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("query", ["per_page=0", "per_page=101", "page=0"])
async def test_page_size_out_of_bounds(wc: Shop, noun: str, query: str) -> None:
    error = refused(await wc.get(f"wc/v3/{noun}?{query}"), 400, "rest_invalid_param")
    assert set(error["data"]["params"]) == {query.split("=")[0]}


async def test_totals_and_links(wc: Shop) -> None:
    word = token()
    for n in range(3):
        await wc.product(name=f"{word} {n}")
    answer = await wc.get("wc/v3/products", search=word, per_page=1, page=2)
    assert (answer.headers["x-wp-total"], answer.headers["x-wp-totalpages"]) == ("3", "3")
    assert 'rel="prev"' in answer.headers["link"]
    assert 'rel="next"' in answer.headers["link"]


@pytest.mark.parametrize(
    ("noun", "query"), [("products", "colour=red"), ("orders", "meta_key=x"), ("orders", "transaction_id=x")]
)
async def test_unknown_parameters_are_ignored(wc: Shop, noun: str, query: str) -> None:
    everything = (await wc.get(f"wc/v3/{noun}")).headers["x-wp-total"]
    assert (await wc.get(f"wc/v3/{noun}?{query}")).headers["x-wp-total"] == everything


@pytest.mark.parametrize(
    ("noun", "query"),
    [
        ("products", "status=sold"),
        ("products", "type=dress"),
        ("products", "stock_status=some"),
        ("products", "orderby=colour"),
        ("products", "after=yesterday"),
        ("orders", "status=lost"),
        ("orders", "orderby=colour"),
        ("customers", "role=king"),
        ("products/categories", "orderby=colour"),
    ],
)
async def test_wrong_value_of_a_parameter(wc: Shop, noun: str, query: str) -> None:
    error = refused(await wc.get(f"wc/v3/{noun}?{query}"), 400, "rest_invalid_param")
    assert query.split("=")[0] in error["data"]["params"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "abcde"),
        ("type=variable", "d"),
        ("type=simple", "abce"),
        ("stock_status=outofstock&type=simple", "b"),
        ("on_sale=true", "c"),
        ("featured=true", "a"),
        ("min_price=15&max_price=25", "ae"),
        ("status=draft", "e"),
        ("status=any", "abcde"),
        ("status=publish&orderby=price&order=asc", "dcab"),
        ("status=publish&orderby=price&order=desc", "bacd"),
        ("orderby=id&order=asc", "abcde"),
        ("orderby=title&order=desc", "edcba"),
        ("orderby=id&order=asc&offset=2", "cde"),
        ("after=2099-01-01T00:00:00", ""),
        ("modified_after=2020-01-01T00:00:00&dates_are_gmt=true", "abcde"),
    ],
)
async def test_product_filters(wc: Shop, query: str, found: str) -> None:
    word = token()
    bodies: dict[str, dict[str, Any]] = {
        "a": {"featured": True},
        "b": {"manage_stock": True, "stock_quantity": 0, "regular_price": "30.00"},
        "c": {"sale_price": "10.00"},
        "d": {"type": "variable"},
        "e": {"status": "draft"},
    }
    for name, body in bodies.items():
        await wc.product(**{"name": f"{word} {name}", **body})
    names = [product["name"].split()[1] for product in await wc.read(f"wc/v3/products?search={word}&{query}")]
    assert "".join(names if "order" in query else sorted(names)) == found


async def test_product_by_sku_and_id_and_slug(wc: Shop) -> None:
    one, two = await wc.product(sku=token()), await wc.product(sku=token())
    for query in (f"sku={one['sku']}", f"include={one['id']}", f"slug={one['slug']}"):
        assert [found["id"] for found in await wc.read(f"wc/v3/products?{query}")] == [one["id"]]
    both = await wc.read("wc/v3/products", sku=f"{one['sku']},{two['sku']}")
    assert {found["id"] for found in both} == {one["id"], two["id"]}
    wanted = [one["id"], two["id"]]
    assert [
        p["id"] for p in await wc.read("wc/v3/products", include=f"{wanted[0]},{wanted[1]}", orderby="include")
    ] == wanted


async def test_products_of_a_category_and_its_children(wc: Shop) -> None:
    parent = await wc.make("wc/v3/products/categories", name=token())
    child = await wc.make("wc/v3/products/categories", name=token(), parent=parent["id"])
    product = await wc.product(categories=[{"id": child["id"]}])
    for category in (child, parent):
        assert [found["id"] for found in await wc.read("wc/v3/products", category=category["id"])] == [product["id"]]


async def test_fields_cuts(wc: Shop) -> None:
    product = await wc.product()
    (found,) = await wc.read("wc/v3/products", include=product["id"], _fields="id,name")
    assert found == {"id": product["id"], "name": product["name"]}


async def test_fields_of_one_object(wc: Shop) -> None:
    product = await wc.product()
    assert set(await wc.read(f"wc/v3/products/{product['id']}", _fields="id,name")) == {"id", "name", "_links"}


@pytest.mark.parametrize("field", ["dimensions.length", "images.src"])
async def test_nested_fields_vanish(wc: Shop, field: str) -> None:
    product = await wc.product(dimensions={"length": "3"})
    assert await wc.read("wc/v3/products", include=product["id"], _fields=field) == [[]]


async def test_put_on_a_collection(wc: Shop) -> None:
    refused(await wc.put("wc/v3/products", {"name": "x"}), 404, "rest_no_route")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("products/99999999", "woocommerce_rest_product_invalid_id"),
        ("orders/99999999", "woocommerce_rest_shop_order_invalid_id"),
        ("coupons/99999999", "woocommerce_rest_shop_coupon_invalid_id"),
        ("customers/99999999", "wc_user_invalid_id"),
        ("products/categories/99999999", "woocommerce_rest_term_invalid"),
        ("products/tags/99999999", "woocommerce_rest_term_invalid"),
        ("products/attributes/99999999", "woocommerce_rest_taxonomy_invalid"),
        ("products/reviews/99999999", "woocommerce_rest_review_invalid_id"),
        ("orders/99999999/notes", "woocommerce_rest_shop_order_invalid_id"),
        ("payment_gateways/nothing", "woocommerce_rest_payment_gateway_invalid"),
        ("settings/nothing", "rest_setting_setting_group_invalid"),
        ("settings/general/nothing", "rest_setting_setting_invalid"),
        ("nothing", "rest_no_route"),
    ],
)
async def test_unknown_objects(wc: Shop, path: str, code: str) -> None:
    refused(await wc.get(f"wc/v3/{path}"), 404, code)


@pytest.mark.parametrize("path", ["products/99999999/variations", "orders/99999999/refunds", "products?category=Tees"])
async def test_lists_under_an_unknown_parent_are_empty(wc: Shop, path: str) -> None:
    assert await wc.read(f"wc/v3/{path}") == []


@pytest.mark.parametrize("digits", [20, 40])
async def test_ids_beyond_64_bits_are_of_nothing(wc: Shop, digits: int) -> None:
    big = int("9" * digits)
    refused(await wc.get(f"wc/v3/products/{big}"), 404, "woocommerce_rest_product_invalid_id")
    refused(await wc.put(f"wc/v3/products/{big}", {"name": "x"}), 400, "woocommerce_rest_product_invalid_id")
    assert await wc.read("wc/v3/products", include=big) == []
    done = ok(await wc.http.post("wc/v3/products/batch", json={"update": [{"id": big, "name": "x"}]}))
    assert done["update"][0]["error"]["code"] == "woocommerce_rest_product_invalid_id"


async def test_batch_does_not_check_types(wc: Shop) -> None:
    # A single PUT refuses a price that is a number; in a batch it passes.
    product = await wc.product()
    done = ok(await wc.http.post("wc/v3/products/batch", json={"update": [{"id": product["id"], "regular_price": 5}]}))
    assert done["update"][0]["regular_price"] == "5"


async def test_batch_creates_updates_and_deletes(wc: Shop) -> None:
    old, gone = await wc.product(), await wc.product()
    body = {
        "create": [{"name": "New", "sku": token()}],
        "update": [{"id": old["id"], "regular_price": "30.00"}],
        "delete": [gone["id"]],
    }
    done = ok(await wc.http.post("wc/v3/products/batch", json=body))
    wc.remember("wc/v3/products", done["create"][0]["id"])
    assert set(done) == {"create", "update", "delete"}
    assert (done["create"][0]["name"], done["update"][0]["price"]) == ("New", "30.00")
    assert done["delete"][0]["id"] == gone["id"]
    # A batch deletes for good where a single DELETE uses the bin.
    refused(await wc.get(f"wc/v3/products/{gone['id']}"), 404, "woocommerce_rest_product_invalid_id")


async def test_batch_items_name_the_fields_that_they_are_answered_with(wc: Shop) -> None:
    product = await wc.product()
    body = {
        "create": [{"name": "Hat", "_fields": "id,name"}],
        "update": [{"id": product["id"], "regular_price": "6.00", "_fields": "id,price"}],
    }
    done = ok(await wc.http.post("wc/v3/products/batch", json=body))
    made, changed = done["create"][0], done["update"][0]
    wc.remember("wc/v3/products", made["id"])
    assert set(made) == {"id", "name", "brands", "_links"}
    assert set(changed) == {"id", "price", "brands", "_links"}
    assert changed["price"] == "6.00"


async def test_batch_errors_are_per_item(wc: Shop) -> None:
    product = await wc.product(sku=token())
    body = {
        "create": [{"name": "x", "sku": product["sku"]}],
        "update": [{"id": 99999999, "name": "x"}, {"id": product["id"], "name": "New"}],
        "delete": [99999999],
    }
    done = ok(await wc.http.post("wc/v3/products/batch", json=body))
    created, missing, changed, deleted = *done["create"], *done["update"], *done["delete"]
    assert (created["id"], created["error"]["code"]) == (0, "product_invalid_sku")
    assert (missing["id"], missing["error"]["code"]) == (99999999, "woocommerce_rest_product_invalid_id")
    assert missing["error"]["data"]["status"] == 400
    assert changed["name"] == "New"
    assert deleted["error"]["code"] == "woocommerce_rest_product_invalid_id"


async def test_batch_is_limited_to_100(wc: Shop) -> None:
    body = {"update": [{"id": 99999999}] * 60, "delete": [99999999] * 41}
    refused(await wc.http.post("wc/v3/products/batch", json=body), 413, "woocommerce_rest_request_entity_too_large")


async def test_batch_with_fields_is_empty(wc: Shop) -> None:
    product = await wc.product()
    body = {"update": [{"id": product["id"], "name": "x"}]}
    assert ok(await wc.http.post("wc/v3/products/batch?_fields=id", json=body)) == []


async def test_empty_batch(wc: Shop) -> None:
    assert ok(await wc.http.post("wc/v3/products/batch", json={})) == []


async def test_wordpress_batch_refuses_shop_routes(wc: Shop) -> None:
    body = {"requests": [{"method": "POST", "path": "/wc/v3/products", "body": {"name": "x"}}]}
    (item,) = ok(await wc.http.post("batch/v1", json=body), 207)["responses"]
    assert item["body"]["code"] == "rest_batch_not_allowed"
