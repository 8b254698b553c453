"""Customers, coupons, terms, attributes, reviews, settings and reports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:shop-nouns")


async def test_customer(wc: Shop) -> None:
    word = token()
    customer = await wc.make("wc/v3/customers", email=f"{word}@example.com", first_name="Ada")
    assert (customer["email"], customer["username"], customer["role"]) == (f"{word}@example.com", word, "customer")
    assert customer["is_paying_customer"] is False
    path = f"wc/v3/customers/{customer['id']}"
    assert (await wc.change(path, billing={"city": "Berlin"}))["billing"]["city"] == "Berlin"
    for query in (f"email={word}@example.com", f"search={word}"):
        assert [found["id"] for found in await wc.read(f"wc/v3/customers?{query}")] == [customer["id"]]


async def test_customer_address_is_unique(wc: Shop) -> None:
    word = token()
    await wc.make("wc/v3/customers", email=f"{word}@example.com")
    answer = await wc.post("wc/v3/customers", {"email": f"{word}@example.com", "username": token()})
    refused(answer, 400, "registration-error-email-exists")


@pytest.mark.parametrize(
    ("body", "code"), [({}, "rest_missing_callback_param"), ({"email": "no address"}, "customer_invalid_email")]
)
async def test_refused_customers(wc: Shop, body: dict[str, Any], code: str) -> None:
    refused(await wc.post("wc/v3/customers", body), 400, code)


async def test_customer_has_no_bin(wc: Shop) -> None:
    customer = await wc.make("wc/v3/customers", email=f"{token()}@example.com")
    path = f"wc/v3/customers/{customer['id']}"
    refused(await wc.delete(path), 501, "woocommerce_rest_trash_not_supported")
    ok(await wc.delete(path, force="true"))
    refused(await wc.get(path), 404, "wc_user_invalid_id")


async def test_customer_downloads(wc: Shop) -> None:
    customer = await wc.make("wc/v3/customers", email=f"{token()}@example.com")
    assert await wc.read(f"wc/v3/customers/{customer['id']}/downloads") == []


async def test_coupon_code_is_lower_case_and_unique(wc: Shop) -> None:
    word = token()
    coupon = await wc.make("wc/v3/coupons", code=word.upper(), amount="10")
    assert (coupon["code"], coupon["amount"], coupon["discount_type"], coupon["usage_count"]) == (
        word,
        "10.00",
        "fixed_cart",
        0,
    )
    refused(await wc.post("wc/v3/coupons", {"code": word}), 400, "woocommerce_rest_coupon_code_already_exists")
    assert [found["id"] for found in await wc.read("wc/v3/coupons", code=word)] == [coupon["id"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"amount": "5"}, "rest_missing_callback_param"),
        ({"code": "NEW", "discount_type": "gift"}, "rest_invalid_param"),
        ({"code": "NEW", "amount": "5", "usage_limit": "many"}, "rest_invalid_param"),
        ({"code": "NEW", "discount_type": "percent", "amount": "101"}, "coupon_invalid_amount"),
        ({"code": "NEW", "amount": "-5"}, "coupon_invalid_amount"),
    ],
)
async def test_refused_coupons(wc: Shop, body: dict[str, Any], code: str) -> None:
    given = {**body, "code": token()} if "code" in body else body
    refused(await wc.post("wc/v3/coupons", given), 400, code)


@pytest.mark.parametrize(("sent", "stored"), [("abc", "0.00"), (5, "5.00"), ("1,234.50", "1234.50")])
async def test_coupon_amount_as_the_shop_takes_it(wc: Shop, sent: Any, stored: str) -> None:
    assert (await wc.make("wc/v3/coupons", code=token(), amount=sent))["amount"] == stored


async def test_coupon_date_is_cleared_by_empty_text_not_by_null(wc: Shop) -> None:
    coupon = await wc.make("wc/v3/coupons", code=token(), date_expires="2099-01-01T00:00:00")
    path = f"wc/v3/coupons/{coupon['id']}"
    assert (await wc.change(path, date_expires=None))["date_expires"] == "2099-01-01T00:00:00"
    assert (await wc.change(path, date_expires=""))["date_expires"] is None


async def test_coupon_bin(wc: Shop) -> None:
    coupon = await wc.make("wc/v3/coupons", code=token())
    path = f"wc/v3/coupons/{coupon['id']}"
    assert ok(await wc.delete(path))["status"] == "publish"
    assert (await wc.read(path))["status"] == "trash"
    refused(await wc.delete(path), 410, "woocommerce_rest_already_trashed")
    assert (await wc.change(path, status="publish"))["status"] == "publish"


TERMS = pytest.mark.parametrize("noun", ["categories", "tags", "brands", "shipping_classes"])


@TERMS
async def test_terms(wc: Shop, noun: str) -> None:
    word = token()
    term = await wc.make(f"wc/v3/products/{noun}", name=f"{word} A & B")
    assert (term["name"], term["slug"], term["count"]) == (f"{word} A &amp; B", f"{word}-a-b", 0)
    path = f"wc/v3/products/{noun}/{term['id']}"
    assert (await wc.change(path, description="Text"))["description"] == "Text"
    refused(await wc.delete(path), 501, "woocommerce_rest_trash_not_supported")
    assert ok(await wc.delete(path, force="true"))["id"] == term["id"]
    refused(await wc.get(path), 404, "woocommerce_rest_term_invalid")


@TERMS
async def test_term_twice(wc: Shop, noun: str) -> None:
    term = await wc.make(f"wc/v3/products/{noun}", name=token())
    error = refused(await wc.post(f"wc/v3/products/{noun}", {"name": term["name"]}), 400, "term_exists")
    assert error["data"]["resource_id"] == term["id"]


@TERMS
async def test_term_needs_a_name(wc: Shop, noun: str) -> None:
    error = refused(await wc.post(f"wc/v3/products/{noun}", {}), 400, "rest_missing_callback_param")
    assert error["data"]["params"] == ["name"]


async def test_category_tree(wc: Shop) -> None:
    parent = await wc.make("wc/v3/products/categories", name=token())
    child = await wc.make(
        "wc/v3/products/categories", name=token(), parent=parent["id"], display="products", menu_order=3
    )
    assert (child["parent"], child["display"], child["menu_order"]) == (parent["id"], "products", 3)
    assert [found["id"] for found in await wc.read("wc/v3/products/categories", parent=parent["id"])] == [child["id"]]


async def test_category_image(wc: Shop) -> None:
    media = await wc.upload()
    category = await wc.make("wc/v3/products/categories", name=token(), image={"id": media["id"]})
    assert category["image"]["id"] == media["id"]


async def test_products_lose_a_deleted_category(wc: Shop) -> None:
    category = await wc.make("wc/v3/products/categories", name=token())
    product = await wc.product(categories=[{"id": category["id"]}])
    ok(await wc.delete(f"wc/v3/products/categories/{category['id']}", force="true"))
    left = (await wc.read(f"wc/v3/products/{product['id']}"))["categories"]
    assert category["id"] not in [one["id"] for one in left]


async def test_attribute_is_deleted_without_asking(wc: Shop) -> None:
    attribute = await wc.make("wc/v3/products/attributes", name=token())
    assert (attribute["slug"], attribute["type"], attribute["order_by"]) == (
        f"pa_{attribute['name']}",
        "select",
        "menu_order",
    )
    path = f"wc/v3/products/attributes/{attribute['id']}"
    term = await wc.make(f"{path}/terms", name="Red")
    assert [found["id"] for found in await wc.read(f"{path}/terms")] == [term["id"]]
    assert ok(await wc.delete(path))["id"] == attribute["id"]
    refused(await wc.get(path), 404, "woocommerce_rest_taxonomy_invalid")


async def test_attribute_twice(wc: Shop) -> None:
    name = token()
    await wc.make("wc/v3/products/attributes", name=name)
    refused(await wc.post("wc/v3/products/attributes", {"name": name}), 400, "woocommerce_rest_cannot_create")


async def test_review(wc: Shop) -> None:
    product = await wc.product()
    body = {
        "product_id": product["id"],
        "review": "Fine",
        "reviewer": "Ada",
        "reviewer_email": "ada@example.com",
        "rating": 4,
    }
    review = await wc.make("wc/v3/products/reviews", **body)
    assert (review["rating"], review["status"], review["review"]) == (4, "approved", "Fine")
    path = f"wc/v3/products/reviews/{review['id']}"
    ok(await wc.delete(path))
    assert (await wc.read(path))["status"] == "trash"
    assert (await wc.change(path, status="approved"))["status"] == "approved"


async def test_rating_counts_one_change_late(wc: Shop) -> None:
    product = await wc.product()
    body = {"product_id": product["id"], "review": "Fine", "reviewer": "Ada", "reviewer_email": "ada@example.com"}
    review = await wc.make("wc/v3/products/reviews", rating=4, **body)

    async def rating() -> tuple[str, int]:
        seen = await wc.read(f"wc/v3/products/{product['id']}")
        return seen["average_rating"], seen["rating_count"]

    assert await rating() == ("0.00", 0)
    await wc.change(f"wc/v3/products/reviews/{review['id']}", rating=5)
    assert await rating() == ("4.00", 1)


async def test_review_of_an_unknown_product(wc: Shop) -> None:
    body = {"product_id": 99999999, "review": "x", "reviewer": "x", "reviewer_email": "x@example.com"}
    refused(await wc.post("wc/v3/products/reviews", body), 404, "woocommerce_rest_product_invalid_id")


async def test_settings(wc: Shop) -> None:
    groups = {group["id"] for group in await wc.read("wc/v3/settings")}
    assert {"general", "products", "tax"} <= groups
    general = {setting["id"]: setting["value"] for setting in await wc.read("wc/v3/settings/general")}
    assert general["woocommerce_currency"] == "EUR"
    assert {"woocommerce_price_num_decimals", "woocommerce_default_country"} <= set(general)


async def test_setting_changed(wc: Shop) -> None:
    path = "wc/v3/settings/general/woocommerce_store_city"
    before = await wc.read(path)
    try:
        assert (await wc.change(path, value="Berlin"))["value"] == "Berlin"
        assert (await wc.read(path))["value"] == "Berlin"
    finally:
        await wc.change(path, value=before["value"])


async def test_setting_value_out_of_its_options(wc: Shop) -> None:
    answer = await wc.put("wc/v3/settings/general/woocommerce_currency", {"value": "XYZ"})
    refused(answer, 400, "rest_setting_value_invalid")


async def test_gateways(wc: Shop) -> None:
    gateways = {gateway["id"]: gateway for gateway in await wc.read("wc/v3/payment_gateways")}
    assert {"bacs", "cod"} <= set(gateways)
    assert isinstance(gateways["bacs"]["enabled"], bool)


async def test_currencies(wc: Shop) -> None:
    currencies = {currency["code"]: currency for currency in await wc.read("wc/v3/data/currencies")}
    assert currencies["EUR"]["symbol"] == "&euro;"
    assert (await wc.read("wc/v3/data/currencies/current"))["code"] == "EUR"


async def test_sales_report_is_a_list_of_one_with_text_money(wc: Shop) -> None:
    (report,) = await wc.read("wc/v3/reports/sales", period="month")
    assert isinstance(report["total_sales"], str)
    assert isinstance(report["total_orders"], int)
    assert {"net_sales", "average_sales", "total_items", "totals", "totals_grouped_by"} <= set(report)


async def test_sales_report_of_an_unknown_period(wc: Shop) -> None:
    refused(await wc.get("wc/v3/reports/sales", period="decade"), 400, "rest_invalid_param")


@pytest.mark.parametrize("noun", ["orders", "products", "customers", "coupons", "reviews"])
async def test_totals(wc: Shop, noun: str) -> None:
    totals = await wc.read(f"wc/v3/reports/{noun}/totals")
    assert totals
    assert all(set(total) == {"slug", "name", "total"} for total in totals)


async def test_system_status(wc: Shop) -> None:
    status = await wc.read("wc/v3/system_status", _fields="environment,settings")
    assert {"version", "wp_version", "home_url"} <= set(status["environment"])
    assert status["settings"]["currency"] == "EUR"


async def test_webhooks(wc: Shop) -> None:
    assert isinstance(await wc.read("wc/v3/webhooks"), list)


@pytest.mark.parametrize(
    "path", ["taxes", "taxes/classes", "shipping/zones", "shipping_methods", "data/countries", "data/continents"]
)
async def test_reference_lists(wc: Shop, path: str) -> None:
    assert isinstance(await wc.read(f"wc/v3/{path}"), list)


async def test_default_zone_cannot_be_deleted(wc: Shop) -> None:
    assert (await wc.read("wc/v3/shipping/zones/0"))["id"] == 0
