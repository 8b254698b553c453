"""Settings, zones, taxes, webhooks and gateways: what is refused, what is told, and that secrets are shown nowhere."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.changes.model import Op
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.redact import redactor
from devskyy_tools.sandbox.store import Where
from devskyy_tools.shop import fresh, typed
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import GATEWAYS, SETTINGS, TAXES, WEBHOOKS
from devskyy_tools.shop.refusals import refused
from devskyy_tools.woocommerce.status_problems import problems, section_of
from tests.fakes.demo import Demo, demo

from .bench import Bench

Json = dict[str, Any]
KEY = "sk_live_51HxkQwErTy"
OTHER = "sk_live_of_somebody_else"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as made:
        yield made


def described(kind: str, **more: Any) -> Json:
    return {"id": "it", "type": kind, "default": "", **more}


@pytest.mark.requirement("shop:settings-rules")
@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        (described("checkbox"), True, "yes"),
        (described("checkbox"), "no", "no"),
        (described("number"), 2.5, "2.5"),
        (described("number"), "", ""),
        (described("text"), "  Rue   de\nTurenne ", "Rue de Turenne"),
        (described("text"), "a < b & c", "a < b & c"),
        (described("textarea"), "<b>Two</b>\nlines", "<b>Two</b>\nlines"),
        (described("color"), "#1A1a1a", "#1A1a1a"),
        (described("email"), "a@example.com", "a@example.com"),
        (described("select", options={"": "None", "kg": "kg"}), "", ""),
        (described("radio", options={"7": "Seven"}), 7, "7"),
        (described("multiselect", options={"Post": {"a": "A", "b": "B"}}), ["b", "a", "b"], ["b", "a"]),
        (described("multiselect", options={"a": "A"}), "", []),
        (described("image_width"), {"width": 300, "height": 200}, {"width": 300, "height": 200}),
    ],
)
def test_a_value_as_the_shop_keeps_it(field: Json, value: Any, kept: Any) -> None:
    assert typed.checked(field, value, "it") == kept


@pytest.mark.requirement("shop:settings-rules")
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (described("checkbox"), "maybe", 'takes "yes" or "no"'),
        (described("checkbox"), 1, 'takes "yes" or "no"'),
        (described("number"), "12,5", "takes a number"),
        (described("number"), True, "takes a text, or a number"),
        (described("text"), "<script>x</script>", "plain text"),
        (described("text"), "100%20off", "plain text"),
        (described("text"), "   ", "can't be blank"),
        (described("text"), "a\\b", "backslash"),
        (described("text"), ["a"], "takes a text, or a number"),
        (described("color"), "red", "colour"),
        (described("email"), "nobody", "one e-mail address"),
        (described("select", options={"kg": "Kilogram"}), "Kilogram", "can't be"),
        (described("multiselect", options={"a": "A"}), ["a", "c"], "can't be"),
        (described("multiselect", options={"a": "A"}), "a", "takes a list"),
        (described("image_width"), {"width": 0, "height": 10}, "in pixels"),
        (described("image_width"), "300x300", "in pixels"),
    ],
)
def test_a_value_that_the_shop_would_garble(field: Json, value: Any, says: str) -> None:
    with pytest.raises(Refused) as caught:
        typed.checked(field, value, "it")
    assert (caught.value.code, says in caught.value.message) == (Code.INVALID_ARGUMENTS, True)


@pytest.mark.requirement("shop:settings-rules")
async def test_what_was_meant_is_named(desk: Demo) -> None:
    for group, key, value, hint in [
        ("general", "woocommerce_store_citty", "x", "woocommerce_store_city"),
        ("generel", "woocommerce_store_city", "x", "general"),
        ("products", "woocommerce_weight_unit", "kgs", "kg"),
        ("tax", "woocommerce_tax_display_shop", "Including tax", "Did you mean incl?"),
    ]:
        item = {"group": group, "id": key, "value": value}
        found = await desk.refused("woo_settings_update", items=[item])
        assert hint in found.hint
    twice = {"group": "general", "id": "woocommerce_store_city", "value": "x"}
    assert "named twice" in (await desk.refused("woo_settings_update", items=[twice, twice])).message
    assert "checkout" in (await desk.refused("woo_settings_list", group="checkout2")).hint
    assert "secret_key" in (await desk.refused("woo_gateways_update", id="stripe", settings={"secretkey": "x"})).hint
    assert desk.writes == []


@pytest.mark.requirement("shop:settings-rules")
async def test_settings_of_many_groups_go_in_few_requests(desk: Demo) -> None:
    items = [
        {"group": "general", "id": "woocommerce_store_city", "value": "Lyon"},
        {"group": "general", "id": "woocommerce_currency", "value": "USD"},
        {"group": "products", "id": "woocommerce_weight_unit", "value": "g"},
    ]
    asked = await desk.do("woo_settings_update", items=items)
    assert asked["state"] == "waits_for_person"
    assert "Prices keep their numbers, in another currency: 79.00 stays 79.00." in asked["warnings"]
    assert (await desk.agree(asked["change"]))["state"] == "applied"
    across, general = "POST /wc/v3/settings/batch", "POST /wc/v3/settings/general/batch"
    assert desk.writes == [across, general, "PUT /wc/v3/settings/products/woocommerce_weight_unit"]
    assert (await desk.do("woo_zones_get", id=1))["currency"] == "USD", "what is known of the shop's money is forgotten"
    more = [{**item, "value": value} for item, value in zip(items, ("Nice", "GBP", "oz"), strict=True)]
    await desk.agree((await desk.do("woo_settings_update", items=more))["change"])
    assert desk.writes.count(across) == 1, "a shop that refused it once is not asked again"


@pytest.mark.requirement("shop:settings-secrets")
async def test_a_gateway_s_key_is_shown_nowhere(desk: Demo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "devskyy")
    said: list[Any] = []

    async def change(value: str) -> str:
        asked = await desk.do("woo_gateways_update", id="stripe", settings={"secret_key": value}, title="Card")
        said.extend([asked, await desk.agree(asked["change"])])
        return asked["change"]

    first = await change(KEY)
    said += [await desk.do("changes_show", change=first), await desk.do("woo_gateways_get", id="stripe")]
    await change(OTHER)
    said.append(await desk.do("changes_undo", change=first))  # left alone: what it was is not told
    assert said[-1]["changes"][0]["fields"]["ours_now"] == [{"settings": {"secret_key": "••••"}}] * 2
    stale = await desk.do("woo_gateways_update", id="stripe", settings={"secret_key": KEY})
    _put(desk, "stripe", OTHER + "2")
    with pytest.raises(Refused) as caught:
        await desk.agree(stale["change"])
    said.append(caught.value.as_dict())
    op = Op("shop", "update", "gateways", "stripe", {}, {"settings": {"secret_key": KEY}})
    op.note["secrets"] = ["settings.secret_key"]
    (late,) = await fresh.check(desk.app.services.get(ShopClient), [op])  # right before it would have been sent
    assert late is not None
    assert late.state == "skipped"
    said.append(late.error)
    text = json.dumps(said) + caplog.text
    assert not [one for one in (KEY, OTHER, "sk_test_of_the_demo_shop") if one in text]
    assert "••••" in json.dumps(said, ensure_ascii=False)
    assert KEY not in redactor(f"the shop said: {KEY}")


def _put(desk: Demo, gateway: str, key: str) -> None:
    """Change the key past DevSkyy, as somebody in wp-admin does."""
    store = desk.shop.store
    with store.transaction(write=True):
        changed = store.option("gateways")
        changed[gateway]["settings"]["secret_key"]["value"] = key
        store.set_option("gateways", changed)


@pytest.mark.requirement("shop:settings-secrets")
async def test_a_webhook_s_secret_is_shown_nowhere(desk: Demo) -> None:
    secret = "0123456789-of-the-receiver"
    asked = await desk.do(
        "woo_webhooks_create", topic="order.created", delivery_url="https://203.0.113.9/", secret=secret
    )
    done = await desk.agree(asked["change"])
    target = int(done["changes"][0]["id"])
    changed = await desk.do("woo_webhooks_update", id=target, secret=secret + "2")
    assert "Can't be undone: the secret from before can't be read" in changed["asks"]
    said = [asked, done, changed, await desk.agree(changed["change"]), await desk.do("woo_webhooks_list")]
    assert secret not in json.dumps(said)
    kept = desk.shop.store.get("webhook", target)
    assert kept is not None
    assert kept["secret"] == secret + "2"


@pytest.mark.requirement("shop:settings-secrets")
async def test_secrets_of_many_webhooks_are_shown_nowhere(desk: Demo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "devskyy")
    secrets = [f"0123456789-of-receiver-{number}" for number in range(2)]
    hook = {"topic": "order.created", "delivery_url": "https://203.0.113.9/"}
    asked = await desk.do("woo_settings_bulk", noun="webhooks", create=[{**hook, "secret": one} for one in secrets])
    done = await desk.agree(asked["change"])
    said = json.dumps([asked, done, await desk.do("changes_show", change=asked["change"])]) + caplog.text
    assert not [one for one in secrets if one in said]
    made = [desk.shop.store.get("webhook", int(one["id"])) for one in done["changes"]]
    assert [one["secret"] for one in made if one] == secrets
    assert desk.writes == ["POST /wc/v3/webhooks/batch"]


@pytest.mark.requirement("shop:store-rules")
async def test_many_rates_are_told_apart_with_few_requests(desk: Demo) -> None:
    rates = [{"rate": "5", "name": "T", "country": "PT", "priority": 1 + number} for number in range(100)]
    await desk.do("woo_settings_bulk", noun="taxes", create=rates, preview=True)
    assert len(desk.shop.requests) <= 4
    rates[99]["priority"] = 1
    rates[98]["country"] = "FR"
    rates[98]["priority"] = 1
    refused = await desk.refused("woo_settings_bulk", noun="taxes", create=rates)
    assert [one["item"] for one in refused.details["items"]] == ["create.98", "create.99"]
    assert "another new rate would hold" in refused.details["items"][1]["problem"]


def test_what_counts_as_a_secret() -> None:
    secret = ("api_key", "secret", "private_key", "live_secret_key", "token", "webhook_secret", "test_publishable_key")
    plain = ("title", "key_visual", "woocommerce_myaccount_lost_password_endpoint", "monkey", "instructions")
    assert [one for one in secret if not typed.is_secret({"id": one, "type": "text"})] == []
    assert [one for one in plain if typed.is_secret({"id": one, "type": "text"})] == ["key_visual", plain[2]]
    assert typed.is_secret({"id": "anything", "type": "password"})
    assert not typed.is_secret({"id": "woocommerce_registration_generate_password", "type": "checkbox"})


@pytest.mark.requirement("shop:store-rules")
async def test_what_the_shop_would_take_wrongly(desk: Demo) -> None:
    place = {"type": "country", "code": "ZZ"}
    wrong: list[tuple[str, Json, str]] = [
        ("woo_zones_create", {"name": "France"}, "zone 1 has this name"),
        ("woo_zones_create", {"name": "X", "places": [place]}, "no country 'ZZ'"),
        ("woo_zones_create", {"name": "X", "places": [{"type": "state", "code": "CA"}]}, "no state 'CA'"),
        ("woo_zones_create", {"name": "X", "places": [{"type": "state", "code": "US:ZZ"}]}, "no state 'US:ZZ'"),
        ("woo_zones_update", {"id": 0, "name": "X"}, "the rest of the world"),
        ("woo_zones_update", {"id": 0, "places": []}, "the rest of the world"),
        ("woo_zones_delete", {"id": 0}, "the rest of the world"),
        ("woo_zone_methods_create", {"zone_id": 1, "kind": "flat"}, "no kind of shipping"),
        ("woo_zone_methods_create", {"zone_id": 1, "kind": "flat_rate", "cost": "abc"}, "no amount"),
        ("woo_zone_methods_update", {"zone_id": 1, "id": 1, "cost": "9,90"}, "no amount"),
        ("woo_zone_methods_update", {"zone_id": 1, "id": 1, "settings": {"tax_status": "x"}}, "can't be 'x'"),
        ("woo_taxes_create", {"rate": "101", "name": "T", "country": "FR"}, "between 0 and 100"),
        ("woo_taxes_create", {"rate": "5", "name": "T", "country": "FR"}, "tax rate 1 holds for the same place"),
        ("woo_taxes_create", {"rate": "5", "name": "T", "country": "PT", "tax_class": "no"}, "no tax class"),
        ("woo_tax_classes_create", {"name": "zero RATE"}, "a name of its own"),
        ("woo_tax_classes_delete", {"id": "standard"}, "can't be deleted"),
        ("woo_webhooks_create", {"topic": "order.made", "delivery_url": "https://203.0.113.9/"}, "no topic"),
        ("woo_webhooks_create", {"topic": "order.created", "delivery_url": "ftp://203.0.113.9/"}, "no address"),
        ("woo_system_tools_run", {"id": "clear_transient"}, "no maintenance tool"),
        ("woo_reference_list", {"kind": "states"}, "of which country"),
        ("woo_reference_list", {"kind": "countries", "code": "../users"}, "letters"),
    ]
    for tool, arguments, says in wrong:
        assert says in (await desk.refused(tool, **arguments)).message, (tool, arguments)
    assert desk.writes == []


@pytest.mark.requirement("shop:store-rules")
async def test_postcodes_can_be_set_but_not_emptied(desk: Demo) -> None:
    asked = await desk.do("woo_taxes_update", id=1, postcodes=["2a*"])
    assert "Can't be undone: postcodes can't be emptied through the shop's API" in asked["asks"]
    assert asked["changes"][0]["fields"] == {"postcodes": [[], ["2A*"]]}
    await desk.agree(asked["change"])
    assert "can't be emptied" in (await desk.refused("woo_taxes_update", id=1, postcodes=[])).message


@pytest.mark.requirement("shop:store-rules")
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://192.168.1.4/x", "private network"),
        ("https://localhost/x", "private network"),
        ("https://2130706433/x", "private network"),
        ("http://203.0.113.9/x", "in the clear"),
        ("https://203.0.113.9:9000/x", "80, 443 and 8080"),
    ],
)
async def test_where_a_webhook_would_not_arrive(desk: Demo, url: str, says: str) -> None:
    shown = await desk.do("woo_webhooks_create", topic="order.created", delivery_url=url, preview=True)
    assert says in " ".join(shown["warnings"])
    assert shown["asks"] == [f"Sends data out of the shop: order.created, to {url}."]


@pytest.mark.requirement("shop:store-rules")
async def test_a_webhook_that_the_shop_switched_off_is_told(desk: Demo) -> None:
    assert "Disabled" in (await desk.do("woo_webhooks_list"))["note"]
    assert any("Disabled webhooks" in one for one in (await desk.do("woo_system_status_get"))["problems"])
    assert "note" not in await desk.do("woo_webhooks_list", status="active")


@pytest.mark.requirement("shop:store-rules")
async def test_a_zone_tells_what_goes_with_it(desk: Demo) -> None:
    shown = await desk.do("woo_zones_delete", id=1, preview=True)
    assert "2 shipping methods would go too: Colissimo" in shown["warnings"][0]
    missing = await desk.refused("woo_zones_get", id=99)
    assert missing.code is Code.NOT_FOUND


def test_what_is_wrong_with_a_shop() -> None:
    page = {"page_set": True, "page_exists": True, "page_visible": True}
    report: Json = {
        "environment": {"version": "10.5.0", "wp_cron": False, "wp_debug_mode": True, "wp_memory_limit": 40_000_000},
        "database": {"wc_database_version": "10.4.0"},
        "security": {"secure_connection": False, "hide_errors": False},
        "theme": {
            "has_outdated_templates": True,
            "overrides": [{"file": "cart.php", "version": "1", "core_version": "2"}, {"file": "ok.php"}],
        },
        "active_plugins": [{"name": "Card", "version": "1", "version_latest": "2"}, {"name": "Same", "version": "1"}],
        "pages": [
            {"page_name": "Terms"}, {**page, "page_name": "Shop"},
            {**page, "page_name": "Cart", "block_required": True},
            {"page_name": "Gone", "page_set": True}, {**page, "page_name": "Hidden", "page_visible": False},
        ],
    }  # fmt: skip
    found = " ".join(problems(report))
    for says in (
        "WP-Cron", "WP_DEBUG", "64 MB", "https", "shows its errors", "db_update_routine", "cart.php", "Card 1 (2)",
        "Terms is not set", "Cart lacks", "Gone does not exist", "Hidden is not public",
    ):  # fmt: skip
        assert says in found
    assert "ok.php" not in found
    assert "Shop" not in found
    assert problems({}) == []
    assert section_of({"environment": {"log_directory": "/srv/x", "version": "1"}}, "environment") == {"version": "1"}


@pytest.mark.requirement("shop:store-undo")
async def test_many_rates_and_webhooks_go_in_batches(bench: Bench) -> None:
    """Several staged in one change are one request, its check is one per rate, since rates can't be listed by id."""
    shop, unit = bench.call()
    for country in ("PT", "ES", "NL"):
        await shop.create(TAXES, {"rate": "21", "name": "T", "country": country})
    made = await bench.commit(unit)
    assert bench.requests()[-1] == "POST /wc/v3/taxes/batch"
    ids = [int(str(one.outcome.object_id)) for one in made]
    shop, unit = bench.call()
    for one in ids:
        await shop.update(TAXES, one, {"rate": "22"})
    for one in (1, 2):
        await shop.update(WEBHOOKS, one, {"name": f"Hook {one}"})
    assert await bench.system.check(unit.ops[:3]) == [None] * 3
    bench.requests()
    done = await bench.commit(unit)
    assert bench.requests() == ["POST /wc/v3/taxes/batch", "POST /wc/v3/webhooks/batch"]
    assert {one.state for one in done} == {"done"}
    back, _ = await bench.undo(done)
    assert {one.state for one in back} == {"done"}
    assert {(await bench.raw(TAXES, one))["rate"] for one in ids} == {"21.0000"}
    await bench.undo(made)
    bench.requests()
    assert bench.app.store.count(Where("tax")) == 3


def test_a_shop_that_ships_nowhere() -> None:
    answer = {"code": "rest_no_route", "message": "Shipping is disabled.", "data": {"status": 404}}
    error = refused(404, answer)
    assert (error.code, "woocommerce_ship_to_countries" in error.hint) == (Code.CONFLICT, True)


def test_collections_with_names_for_ids() -> None:
    assert SETTINGS.url({"group_id": "general"}, "a_b") == "/wc/v3/settings/general/a_b"
    for group, key in [("../x", "a"), ("general", "a/../b"), ("", "a")]:
        with pytest.raises(Refused):
            SETTINGS.url({"group_id": group}, key)
    with pytest.raises(Refused):
        GATEWAYS.url(None, "..")
