"""Products: money, stock, what the shop silently drops, bin and restore, lists."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:products")


async def test_defaults(wc: Shop) -> None:
    product = await wc.make("wc/v3/products", name="Tee")
    expected = {
        "type": "simple",
        "status": "publish",
        "price": "",
        "regular_price": "",
        "sale_price": "",
        "stock_status": "instock",
        "manage_stock": False,
        "stock_quantity": None,
        "purchasable": False,
        "on_sale": False,
        "catalog_visibility": "visible",
        "backorders": "no",
    }
    assert {name: product[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("25.00", "25.00"),
        ("25", "25"),
        ("25.5", "25.5"),
        (" 25 ", "25"),
        ("1,234.50", "1234.50"),
        ("abc", ""),
        ("", ""),
        ("NaN", ""),
        ("-5", "-5"),
        ("0", "0"),
        ("12.3456", "12.3456"),
        ("1e3", "13"),
        ("€5", "5"),
        ("25.00 EUR", "25.00"),
    ],
)
async def test_regular_price_as_the_shop_takes_it(wc: Shop, sent: str, stored: str) -> None:
    path = f"wc/v3/products/{(await wc.product(regular_price='20.00'))['id']}"
    changed = await wc.change(path, regular_price=sent)
    assert (changed["regular_price"], changed["price"]) == (stored, stored)


@pytest.mark.parametrize("sent", [25, 25.5, True, ["25"], {"amount": "25"}])
async def test_price_must_be_a_string(wc: Shop, sent: Any) -> None:
    error = refused(await wc.post("wc/v3/products", {"name": "x", "regular_price": sent}), 400, "rest_invalid_param")
    assert set(error["data"]["params"]) == {"regular_price"}


@pytest.mark.parametrize(("sale", "stored"), [("15.00", "15.00"), ("20.00", ""), ("25.00", ""), ("abc", ""), ("", "")])
async def test_sale_price(wc: Shop, sale: str, stored: str) -> None:
    product = await wc.product(sale_price=sale)
    assert product["sale_price"] == stored
    assert product["price"] == (stored or "20.00")
    assert product["on_sale"] is bool(stored)


async def test_price_is_derived_and_cannot_be_written(wc: Shop) -> None:
    assert (await wc.product(price="1.00"))["price"] == "20.00"


async def test_empty_price_makes_it_unbuyable(wc: Shop) -> None:
    product = await wc.product()
    assert product["purchasable"] is True
    assert (await wc.change(f"wc/v3/products/{product['id']}", regular_price=""))["purchasable"] is False


async def test_sale_dates_are_cleared_by_empty_text_not_by_null(wc: Shop) -> None:
    product = await wc.product(sale_price="10.00", date_on_sale_to="2099-01-01T00:00:00")
    path = f"wc/v3/products/{product['id']}"
    assert product["date_on_sale_to"] == "2099-01-01T00:00:00"
    assert (await wc.change(path, date_on_sale_to=None))["date_on_sale_to"] == "2099-01-01T00:00:00"
    assert (await wc.change(path, date_on_sale_to=""))["date_on_sale_to"] is None


async def test_sale_that_has_not_begun(wc: Shop) -> None:
    product = await wc.product(sale_price="10.00", date_on_sale_from="2099-01-01T00:00:00")
    assert (product["sale_price"], product["price"], product["on_sale"]) == ("10.00", "20.00", False)


async def test_stock_without_management_is_ignored(wc: Shop) -> None:
    product = await wc.product(stock_quantity=5)
    assert (product["manage_stock"], product["stock_quantity"]) == (False, None)


@pytest.mark.parametrize(("quantity", "status"), [(5, "instock"), (0, "outofstock"), (-3, "outofstock")])
async def test_managed_stock_sets_the_status(wc: Shop, quantity: int, status: str) -> None:
    product = await wc.product(manage_stock=True, stock_quantity=quantity)
    assert (product["stock_quantity"], product["stock_status"]) == (quantity, status)


async def test_stock_fraction(wc: Shop) -> None:
    refused(
        await wc.post("wc/v3/products", {"name": "x", "manage_stock": True, "stock_quantity": 1.5}),
        400,
        "rest_invalid_param",
    )


async def test_managing_stock_without_a_quantity(wc: Shop) -> None:
    product = await wc.product(manage_stock=True)
    assert (product["stock_quantity"], product["stock_status"]) == (None, "outofstock")


async def test_null_stock_is_zero(wc: Shop) -> None:
    path = f"wc/v3/products/{(await wc.product(manage_stock=True, stock_quantity=5))['id']}"
    assert (await wc.change(path, stock_quantity=None))["stock_quantity"] == 0


async def test_backorders(wc: Shop) -> None:
    assert (await wc.product(backorders="yes"))["backorders"] == "no"
    product = await wc.product(manage_stock=True, stock_quantity=0, backorders="notify")
    assert (product["backorders"], product["stock_status"], product["backorders_allowed"]) == (
        "notify",
        "onbackorder",
        True,
    )


@pytest.mark.parametrize(("field", "value"), [("sku", "SKU"), ("weight", "2.5"), ("sale_price", "10.00")])
@pytest.mark.parametrize("empty", [None, ""])
async def test_fields_that_null_and_empty_both_clear(wc: Shop, field: str, value: str, empty: str | None) -> None:
    given = token() if field == "sku" else value
    product = await wc.product(**{field: given})
    assert product[field] == given
    assert (await wc.change(f"wc/v3/products/{product['id']}", **{field: empty}))[field] == ""


async def test_names_come_back_escaped_and_trimmed(wc: Shop) -> None:
    word = token()
    assert (await wc.product(name=f" {word} A & B "))["name"] == f"{word} A &amp; B"


async def test_description_is_raw_for_edit_and_rendered_for_view(wc: Shop) -> None:
    product = await wc.product(description="One")
    assert product["description"] == "One"
    path = f"wc/v3/products/{product['id']}"
    assert (await wc.read(path))["description"] == "<p>One</p>\n"
    assert (await wc.read(path, context="edit"))["description"] == "One"


async def test_unknown_fields_are_ignored(wc: Shop) -> None:
    assert "colour" not in await wc.product(colour="red")


async def test_unknown_category_and_brand_are_ignored(wc: Shop) -> None:
    product = await wc.product(categories=[{"id": 99999999}], brands=[{"id": 99999999}])
    assert product["brands"] == []
    assert all(category["id"] != 99999999 for category in product["categories"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "sold"}, "rest_invalid_param"),
        ({"type": "dress"}, "rest_invalid_param"),
        ({"stock_status": "some"}, "rest_invalid_param"),
        ({"catalog_visibility": "none"}, "rest_invalid_param"),
        ({"images": [{"id": 99999999}]}, "woocommerce_product_invalid_image_id"),
        ({"images": [{"src": "http://127.0.0.1:9/x.png"}]}, "woocommerce_product_image_upload_error"),
        ({"categories": "x"}, "rest_invalid_param"),
        ({"virtual": "maybe"}, "rest_invalid_param"),
        ({"attributes": [{"id": "x"}]}, "rest_invalid_param"),
    ],
)
async def test_refused_bodies(wc: Shop, body: dict[str, Any], code: str) -> None:
    refused(await wc.post("wc/v3/products", {"name": "x", **body}), 400, code)


async def test_nothing_is_required(wc: Shop) -> None:
    product = await wc.make("wc/v3/products")
    assert (product["name"], product["status"]) == ("Product", "publish")


async def test_sku_is_unique(wc: Shop) -> None:
    first = await wc.product(sku=token())
    error = refused(await wc.post("wc/v3/products", {"name": "x", "sku": first["sku"]}), 400, "product_invalid_sku")
    assert error["data"]["resource_id"] == first["id"]
    assert error["data"]["unique_sku"] == f"{first['sku']}-1"
    other = await wc.product()
    refused(await wc.put(f"wc/v3/products/{other['id']}", {"sku": first["sku"]}), 400, "product_invalid_sku")


async def test_five_at_once_with_one_sku(wc: Shop) -> None:
    statuses: list[int] = []
    body = {"name": "x", "sku": token()}

    async def create() -> None:
        statuses.append((await wc.post("wc/v3/products", body)).status_code)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(create)
    assert sorted(statuses) == [201, 400, 400, 400, 400]


async def test_sku_in_the_bin_still_blocks(wc: Shop) -> None:
    product = await wc.product(sku=token())
    ok(await wc.delete(f"wc/v3/products/{product['id']}"))
    error = refused(
        await wc.post("wc/v3/products", {"name": "x", "sku": product["sku"]}),
        400,
        "woocommerce_rest_product_not_created",
    )
    assert "resource_id" not in error["data"]
    assert await wc.read("wc/v3/products", sku=product["sku"]) == []
    assert len(await wc.read("wc/v3/products", sku=product["sku"], status="trash")) == 1


async def test_global_unique_id_is_unique(wc: Shop) -> None:
    number = str(int(token()[1:], 16))[:12]
    await wc.product(global_unique_id=number)
    answer = await wc.post("wc/v3/products", {"name": "x", "global_unique_id": number})
    refused(answer, 400, "product_invalid_global_unique_id")


async def test_same_create_twice_makes_two(wc: Shop) -> None:
    headers = {"Idempotency-Key": token()}
    one, two = [ok(await wc.post("wc/v3/products", {"name": "Tee"}, headers=headers), 201) for _ in range(2)]
    assert one["id"] != two["id"]


async def test_preconditions_are_ignored_and_no_validators_sent(wc: Shop) -> None:
    product = await wc.product()
    answer = await wc.put(f"wc/v3/products/{product['id']}", {"name": "New"}, headers={"If-Match": '"no"'})
    assert ok(answer)["name"] == "New"
    assert "etag" not in answer.headers


async def test_bin_and_restore(wc: Shop) -> None:
    product = await wc.product(slug=token())
    path = f"wc/v3/products/{product['id']}"
    assert ok(await wc.delete(path))["status"] == "publish"
    assert (await wc.read(path))["status"] == "trash"
    error = refused(await wc.delete(path), 410, "woocommerce_rest_already_trashed")
    assert error["data"] == {"status": 410}
    restored = await wc.change(path, status="publish")
    assert (restored["status"], restored["slug"], restored["price"]) == ("publish", product["slug"], "20.00")


async def test_binned_product_can_be_edited(wc: Shop) -> None:
    path = f"wc/v3/products/{(await wc.product())['id']}"
    ok(await wc.delete(path))
    changed = await wc.change(path, name="New")
    assert (changed["name"], changed["status"]) == ("New", "trash")


async def test_delete_for_good(wc: Shop) -> None:
    product = await wc.product()
    path = f"wc/v3/products/{product['id']}"
    assert ok(await wc.delete(path, force="true"))["id"] == product["id"]
    refused(await wc.get(path), 404, "woocommerce_rest_product_invalid_id")
    refused(await wc.put(path, {"name": "x"}), 400, "woocommerce_rest_product_invalid_id")
    refused(await wc.delete(path), 404, "woocommerce_rest_product_invalid_id")


async def test_meta_is_kept_by_key(wc: Shop) -> None:
    product = await wc.product(meta_data=[{"key": "_model", "value": "a"}, {"key": "care", "value": {"wash": 30}}])
    path = f"wc/v3/products/{product['id']}"

    def meta(found: dict[str, Any]) -> dict[str, Any]:
        return {entry["key"]: entry["value"] for entry in found["meta_data"]}

    assert meta(product) == {"_model": "a", "care": {"wash": 30}}
    changed = await wc.change(path, meta_data=[{"key": "_model", "value": "b"}])
    assert meta(changed) == {"_model": "b", "care": {"wash": 30}}
    assert len(changed["meta_data"]) == 2
    assert meta(await wc.change(path, meta_data=[{"key": "_model", "value": None}])) == {"care": {"wash": 30}}


async def test_lists_are_replaced_whole(wc: Shop) -> None:
    one, two = [await wc.make("wc/v3/products/tags", name=token()) for _ in range(2)]
    product = await wc.product(tags=[{"id": one["id"]}])
    changed = await wc.change(f"wc/v3/products/{product['id']}", tags=[{"id": two["id"]}])
    assert [tag["id"] for tag in changed["tags"]] == [two["id"]]
    assert set(changed["tags"][0]) == {"id", "name", "slug"}


async def test_pictures(wc: Shop) -> None:
    media = await wc.upload()
    product = await wc.product(images=[{"id": media["id"], "alt": "Front"}])
    (image,) = product["images"]
    assert (image["id"], image["alt"], image["src"]) == (media["id"], "Front", media["source_url"])
    assert (await wc.read(f"wp/v2/media/{media['id']}"))["alt_text"] == "Front"
    ok(await wc.delete(f"wp/v2/media/{media['id']}", force="true"))
    assert (await wc.read(f"wc/v3/products/{product['id']}"))["images"] == []


async def test_type_change_wipes_the_prices_but_not_the_derived_one(wc: Shop) -> None:
    product = await wc.product(sale_price="10.00")
    changed = await wc.change(f"wc/v3/products/{product['id']}", type="variable")
    assert (changed["regular_price"], changed["sale_price"], changed["price"]) == ("", "", "10.00")


async def test_featured_and_related(wc: Shop) -> None:
    one = await wc.product()
    two = await wc.product(featured=True, upsell_ids=[one["id"]], cross_sell_ids=[one["id"]])
    assert (two["featured"], two["upsell_ids"], two["cross_sell_ids"]) == (True, [one["id"]], [one["id"]])
    assert two["id"] in [found["id"] for found in await wc.read("wc/v3/products", featured="true", per_page=100)]


async def test_duplicate(wc: Shop) -> None:
    product = await wc.product(sku=token())
    copy = ok(await wc.http.post(f"wc/v3/products/{product['id']}/duplicate", json={}))
    wc.remember("wc/v3/products", copy["id"])
    assert (copy["name"], copy["status"]) == (f"{product['name']} (Copy)", "draft")
    assert copy["sku"].startswith(f"{product['sku']}-")


async def test_modified_moves_without_a_change(wc: Shop) -> None:
    product = await wc.product(date_created="2020-01-01T00:00:00")
    assert product["date_created"] == "2020-01-01T00:00:00"
    assert len((await wc.change(f"wc/v3/products/{product['id']}", brands=[]))["date_modified_gmt"]) == 19


async def test_links(wc: Shop) -> None:
    product = await wc.product(slug=token())
    assert product["_links"]["self"][0]["href"] == f"{wc.access.url}/wp-json/wc/v3/products/{product['id']}"
    assert product["permalink"] == f"{wc.access.url}/product/{product['slug']}/"


async def test_create_answers_with_its_address(wc: Shop) -> None:
    answer = await wc.post("wc/v3/products", {"name": "x"})
    assert answer.headers["location"] == f"{wc.access.url}/wp-json/wc/v3/products/{answer.json()['id']}"
