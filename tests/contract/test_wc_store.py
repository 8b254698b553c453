"""Settings, shipping, taxes, webhooks, ways to pay, status: what the shop takes, refuses and answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Json, Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:store")
CITY = "wc/v3/settings/general/woocommerce_store_city"
INVALID = "rest_setting_value_invalid"
CLASSES = "wc/v3/taxes/classes"
ZONES = "wc/v3/shipping/zones"
WEBHOOKS = "wc/v3/webhooks"
TOOLS = "wc/v3/system_status/tools"
GATEWAYS = "wc/v3/payment_gateways"


async def a_zone(wc: Shop) -> str:
    return f"{ZONES}/{(await wc.make(ZONES, name=f'Zone {token()}'))['id']}"


async def a_method(wc: Shop, kind: str = "flat_rate", **more: Any) -> tuple[str, Json]:
    path = f"{await a_zone(wc)}/methods"
    made = ok(await wc.http.post(path, json={"method_id": kind, **more}))
    return f"{path}/{made['id']}", made


async def a_tax(wc: Shop, **more: Any) -> Json:
    return await wc.make("wc/v3/taxes", **{"country": "FR", "rate": "20", "name": "VAT", **more})


async def a_webhook(wc: Shop, **more: Any) -> Json:
    body = {"topic": "order.created", "delivery_url": "https://hooks.example.com/in", **more}
    return await wc.make(WEBHOOKS, **body)


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("general/woocommerce_currency", "ZZZ", INVALID),
        ("general/woocommerce_calc_taxes", "maybe", INVALID),
        ("tax/woocommerce_prices_include_tax", "perhaps", INVALID),
        ("general/no_such_setting", "x", "rest_setting_setting_invalid"),
        ("no_such_group/x", "x", "rest_setting_setting_group_invalid"),
    ],
)
async def test_a_setting_that_is_refused(wc: Shop, path: str, value: str, code: str) -> None:
    refused(await wc.put(f"wc/v3/settings/{path}", {"value": value}), 400 if code == INVALID else 404, code)


async def test_a_group_that_is_not_there(wc: Shop) -> None:
    refused(await wc.get("wc/v3/settings/no_such_group"), 404, "rest_setting_setting_group_invalid")
    assert await wc.read("wc/v3/settings/checkout") == []


async def test_groups_of_mails_are_groups_below(wc: Shop) -> None:
    groups = {one["id"]: one for one in await wc.read("wc/v3/settings")}
    assert "email_new_order" in groups["email"]["sub_groups"]
    assert groups["email_new_order"]["parent_id"] == "email"


async def test_what_a_setting_shows_is_not_what_it_keeps(wc: Shop) -> None:
    before = (await wc.read(CITY))["value"]
    assert (await wc.change(CITY, value="  A <b>b</b>  %41 c\\d "))["value"] == "A <b>b</b>  %41 cd"
    assert (await wc.read(CITY))["value"] == "A b cd"
    await wc.change(CITY, value=before)


async def test_a_number_of_letters_is_stored_as_none(wc: Shop) -> None:
    path = "wc/v3/settings/general/woocommerce_price_num_decimals"
    assert (await wc.change(path, value="abc"))["value"] == "abc"
    assert (await wc.read(path))["value"] == "0"
    await wc.change(path, value="2")


async def test_a_batch_of_a_group(wc: Shop) -> None:
    before = (await wc.read(CITY))["value"]
    items = [{"id": "woocommerce_store_city", "value": "Lyon"}, {"id": "no_such_setting", "value": "x"}]
    done = ok(await wc.http.post("wc/v3/settings/general/batch", json={"update": items}))["update"]
    assert done[0]["value"] == "Lyon"
    assert (done[1]["id"], done[1]["error"]["code"]) == ("no_such_setting", "rest_setting_setting_invalid")
    await wc.change(CITY, value=before)


async def test_a_batch_across_groups_refuses_each_item(wc: Shop) -> None:
    items = [{"group_id": "general", "id": "woocommerce_store_city", "value": "Nowhere"}]
    done = ok(await wc.http.post("wc/v3/settings/batch", json={"update": items}))["update"]
    assert (done[0]["error"]["code"], done[0]["error"]["data"]) == ("invalid-method", {"status": 405})
    assert (await wc.read(CITY))["value"] != "Nowhere"


async def test_more_than_100_settings(wc: Shop) -> None:
    for path in ("wc/v3/settings/batch", "wc/v3/settings/general/batch"):
        answer = await wc.http.post(path, json={"update": [{"id": "x", "value": "y"}] * 101})
        refused(answer, 413, "woocommerce_rest_request_entity_too_large")


# --- ways to pay -----------------------------------------------------------------------------------------------------


async def test_a_gateway_that_is_refused(wc: Shop) -> None:
    refused(await wc.put(f"{GATEWAYS}/none", {}), 404, "woocommerce_rest_payment_gateway_invalid")
    refused(await wc.get(f"{GATEWAYS}/none"), 404, "woocommerce_rest_payment_gateway_invalid")
    refused(await wc.put(f"{GATEWAYS}/bacs", {"order": ""}), 400, "rest_invalid_param")
    refused(await wc.put(f"{GATEWAYS}/bacs", {"enabled": "maybe"}), 400, "rest_invalid_param")


async def test_a_gateway_s_setting_of_its_title(wc: Shop) -> None:
    before = await wc.read(f"{GATEWAYS}/cheque")
    shown = await wc.change(f"{GATEWAYS}/cheque", settings={"title": "Cheques", "nope": "x"})
    assert (shown["title"], shown["settings"]["title"]["value"]) == (before["title"], "Cheques")
    assert "nope" not in shown["settings"]
    assert (await wc.read(f"{GATEWAYS}/cheque"))["title"] == "Cheques"
    assert (await wc.change(f"{GATEWAYS}/cheque", title=before["title"]))["settings"]["title"]["value"] == before[
        "title"
    ]


# --- shipping --------------------------------------------------------------------------------------------------------


async def test_a_zone_and_its_places(wc: Shop) -> None:
    path = await a_zone(wc)
    assert await wc.read(f"{path}/locations") == []
    wanted = [{"code": "FR"}, {"code": "EU", "type": "continent"}, {"code": "x", "type": "moon"}, {"type": "country"}]
    found = ok(await wc.http.put(f"{path}/locations", json=wanted))
    assert [(one["code"], one["type"]) for one in found] == [("FR", "country"), ("EU", "continent")]
    assert ok(await wc.http.put(f"{path}/locations", json=[])) == []
    assert (await wc.change(path, name="<b>Alps</b>", order=4))["name"] == "Alps"


async def test_the_rest_of_the_world(wc: Shop) -> None:
    refused(await wc.put(f"{ZONES}/0", {"name": "x"}), 403, "woocommerce_rest_shipping_zone_invalid_zone")
    answer = await wc.http.put(f"{ZONES}/0/locations", json=[])
    refused(answer, 403, "woocommerce_rest_shipping_zone_locations_invalid_zone")
    assert (await wc.read(ZONES))[0]["id"] == 0


async def test_a_zone_that_is_refused(wc: Shop) -> None:
    refused(await wc.post(ZONES, {}), 400, "rest_missing_callback_param")
    refused(await wc.get(f"{ZONES}/99999"), 404, "woocommerce_rest_shipping_zone_invalid")
    refused(await wc.get(f"{ZONES}/99999/methods"), 404, "woocommerce_rest_shipping_zone_invalid")
    refused(await wc.get(f"{ZONES}/99999/locations"), 404, "woocommerce_rest_shipping_zone_invalid")
    refused(await wc.delete(await a_zone(wc)), 501, "rest_trash_not_supported")


async def test_a_method_is_made_with_200(wc: Shop) -> None:
    path, made = await a_method(wc, order=5, enabled=False, settings={"title": "Express", "cost": "9.90", "nope": "x"})
    assert (made["title"], made["settings"]["title"]["value"]) == ("Flat rate", "Express")
    assert (made["order"], made["enabled"], "nope" in made["settings"]) == (5, False, False)
    assert (await wc.read(path))["title"] == "Express"


async def test_amounts_of_new_methods(wc: Shop) -> None:
    _, flat = await a_method(wc)
    _, free = await a_method(wc, "free_shipping")
    assert (flat["settings"]["cost"]["value"], free["settings"]["min_amount"]["value"]) == ("0", "0")
    assert list(free["settings"]) == ["title", "requires", "min_amount", "ignore_discounts"]


async def test_a_cost_of_letters_is_taken(wc: Shop) -> None:
    path, _ = await a_method(wc)
    assert (await wc.change(path, settings={"cost": "abc"}))["settings"]["cost"]["value"] == "abc"


async def test_a_method_that_is_refused(wc: Shop) -> None:
    path, _ = await a_method(wc)
    zone = path.rsplit("/", 1)[0]
    refused(await wc.http.post(zone, json={"method_id": "none"}), 500, "woocommerce_rest_shipping_zone_not_created")
    refused(await wc.http.post(zone, json={}), 400, "rest_missing_callback_param")
    refused(await wc.put(path, {"settings": {"tax_status": "bad"}}), 400, INVALID)
    refused(await wc.get(f"{zone}/99999"), 404, "woocommerce_rest_shipping_zone_method_invalid")
    refused(await wc.delete(path), 501, "rest_trash_not_supported")
    ok(await wc.delete(path, force="true"))
    refused(await wc.get(path), 404, "woocommerce_rest_shipping_zone_method_invalid")


async def test_kinds_of_shipping(wc: Shop) -> None:
    assert {"flat_rate", "free_shipping", "local_pickup"} <= {
        one["id"] for one in await wc.read("wc/v3/shipping_methods")
    }
    refused(await wc.get("wc/v3/shipping_methods/flat_rate", context="edit"), 400, "rest_invalid_param")
    refused(await wc.get("wc/v3/shipping_methods/none"), 404, "woocommerce_rest_shipping_method_invalid")


# --- taxes -----------------------------------------------------------------------------------------------------------


async def test_what_the_shop_makes_of_a_rate(wc: Shop) -> None:
    made = await a_tax(wc, country="fr", rate="abc", state="x", postcodes=["75001", "ab 1*"], cities=["Paris"])
    assert (made["country"], made["state"], made["rate"]) == ("FR", "X", "0.0000")
    assert (sorted(made["postcodes"]), made["cities"]) == (["75001", "AB 1*"], ["PARIS"])


async def test_postcodes_can_t_be_emptied(wc: Shop) -> None:
    made = await a_tax(wc, postcodes=["75001"])
    assert (await wc.change(f"wc/v3/taxes/{made['id']}", postcodes=[]))["postcodes"] == ["75001"]


async def test_a_rate_that_is_refused(wc: Shop) -> None:
    path = f"wc/v3/taxes/{(await a_tax(wc))['id']}"
    refused(await wc.put(path, {"class": "none"}), 400, "rest_invalid_param")
    refused(await wc.get("wc/v3/taxes", **{"class": "none"}), 400, "rest_invalid_param")
    refused(await wc.delete(path), 501, "woocommerce_rest_trash_not_supported")
    for method in ("GET", "PUT"):
        answer = await wc.http.request(method, "wc/v3/taxes/99999", json={} if method == "PUT" else None)
        refused(answer, 404, "woocommerce_rest_invalid_id")


async def test_a_batch_of_rates(wc: Shop) -> None:
    made = await a_tax(wc)
    items = [{"id": made["id"], "rate": "6"}, {"id": 99999, "rate": "1"}]
    done = ok(await wc.http.post("wc/v3/taxes/batch", json={"update": items}))["update"]
    assert (done[0]["rate"], done[1]["error"]["code"]) == ("6.0000", "woocommerce_rest_invalid_id")


async def test_a_class_of_its_own(wc: Shop) -> None:
    name = f"Class {token()}"
    made = ok(await wc.http.post(CLASSES, json={"name": name}), 201)
    path = f"{CLASSES}/{made['slug']}"
    assert [one["name"] for one in await wc.read(path)] == [name]
    refused(await wc.http.post(CLASSES, json={"name": name}), 400, "woocommerce_rest_tax_class_exists")
    refused(await wc.delete(path), 501, "woocommerce_rest_trash_not_supported")
    rate = await a_tax(wc, **{"class": made["slug"]})
    ok(await wc.delete(path, force="true"))
    refused(await wc.get(path), 404, "woocommerce_rest_tax_class_invalid_slug")
    refused(await wc.get(f"wc/v3/taxes/{rate['id']}"), 404, "woocommerce_rest_invalid_id")


async def test_a_class_that_is_refused(wc: Shop) -> None:
    refused(await wc.http.post(CLASSES, json={}), 400, "rest_missing_callback_param")
    refused(await wc.delete(f"{CLASSES}/standard", force="true"), 404, "woocommerce_rest_tax_class_invalid_slug")


# --- webhooks --------------------------------------------------------------------------------------------------------


async def test_a_new_webhook_is_active_and_keeps_its_secret(wc: Shop) -> None:
    made = await a_webhook(wc, status="paused", secret="kept-by-the-shop")
    assert (made["status"], made["date_modified"], "secret" in made) == ("active", None, False)
    path = f"{WEBHOOKS}/{made['id']}"
    assert "secret" not in await wc.read(path, context="edit")
    assert (await wc.change(path, status="disabled", delivery_url="http://127.0.0.1/x"))["status"] == "disabled"
    assert made["id"] in {one["id"] for one in await wc.read(WEBHOOKS, status="disabled")}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"topic": "x"}, "woocommerce_rest_shop_webhook_invalid_topic"),
        ({"status": "bad"}, "rest_invalid_param"),
        ({"delivery_url": "nonsense"}, "woocommerce_rest_shop_webhook_invalid_delivery_url"),
    ],
)
async def test_a_webhook_that_is_refused(wc: Shop, body: Json, code: str) -> None:
    path = f"{WEBHOOKS}/{(await a_webhook(wc))['id']}"
    refused(await wc.put(path, body), 400, code)
    if "status" not in body:
        usual = {"topic": "order.created", "delivery_url": "https://hooks.example.com/in"}
        refused(await wc.post(WEBHOOKS, {**usual, **body}), 400, code)


async def test_a_webhook_that_is_not_there(wc: Shop) -> None:
    invalid = "woocommerce_rest_shop_webhook_invalid_id"
    refused(await wc.get(f"{WEBHOOKS}/99999"), 404, invalid)
    refused(await wc.put(f"{WEBHOOKS}/99999", {}), 400, invalid)
    refused(await wc.delete(f"{WEBHOOKS}/99999", force="true"), 404, invalid)
    refused(await wc.delete(f"{WEBHOOKS}/99999"), 501, "woocommerce_rest_trash_not_supported")
    refused(await wc.get(WEBHOOKS, status="bad"), 400, "rest_invalid_param")


# --- data, status ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("continents/xx", "woocommerce_rest_data_invalid_location"),
        ("countries/xx", "woocommerce_rest_data_invalid_location"),
        ("currencies/xxx", "woocommerce_rest_data_invalid_currency"),
    ],
)
async def test_places_and_money_that_there_are_not(wc: Shop, path: str, code: str) -> None:
    refused(await wc.get(f"wc/v3/data/{path}"), 404, code)


async def test_a_continent_names_its_countries_after_their_money(wc: Shop) -> None:
    europe = await wc.read("wc/v3/data/continents/eu")
    names = {one["code"]: one["name"] for one in europe["countries"]}
    assert (europe["name"], names["FR"]) == ("Europe", "Euro")
    assert (await wc.read("wc/v3/data/countries/fr"))["name"] == "France"
    assert "MI" in {one["code"] for one in (await wc.read("wc/v3/data/countries/IT"))["states"]}


async def test_a_maintenance_tool(wc: Shop) -> None:
    done = await wc.change(f"{TOOLS}/clear_transients")
    assert (done["success"], done["message"]) == (True, "Product transients cleared")
    again = ok(await wc.http.post(f"{TOOLS}/clear_transients", json={}))
    assert again["id"] == "clear_transients"
    for answer in (await wc.put(f"{TOOLS}/none", {}), await wc.get(f"{TOOLS}/none")):
        refused(answer, 404, "woocommerce_rest_system_status_tool_invalid_id")


@pytest.mark.parametrize(
    "path",
    [
        "settings", "settings/general", ZONES.removeprefix("wc/v3/"), "shipping_methods", "taxes", "taxes/classes",
        "webhooks", "payment_gateways", "system_status", "system_status/tools", "data/countries", "data/continents",
    ],
)  # fmt: skip
async def test_nobody_reads_without_signing_in(wc: Shop, path: str) -> None:
    refused(await wc.anonymous("GET", f"wc/v3/{path}"), 401, "woocommerce_rest_cannot_view")
