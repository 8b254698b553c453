"""The tools for the shop as a whole, on the demo shop and on real ones: preview, apply, undo, and all is as before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from devskyy_tools.shop.signing import Credentials
from tests.contract.client import Json, Shop, token
from tests.fakes.demo import Desk, desk_over

pytestmark = pytest.mark.requirement("shop:store-undo")
MOVES_BY_ITSELF = {"_links", "date_modified", "date_modified_gmt"}


@dataclass
class Watched(Desk):
    """Calls tools over one shop, and looks past them at the shop itself."""

    shop: Shop

    async def preview(self, tool: str, **arguments: Any) -> Json:
        return await self.do(tool, **arguments, preview=True)

    async def look(self, path: str) -> Any:
        answer = await self.shop.get(f"wc/v3/{path}", context="edit")
        return _still(answer.json()) if answer.status_code == 200 else None

    async def made(self, tool: str, path: str, **arguments: Any) -> int | str:
        """The id of an object that a tool makes for a test; it goes with the test."""
        found = (await self.carry_out(tool, **arguments))["changes"][0]["id"]
        self.shop.remember(f"wc/v3/{path}", found)
        return int(found) if found.isdigit() else found


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value).items()
        return {key: _still(one) for key, one in fields if key not in MOVES_BY_ITSELF}
    return [_still(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


@pytest.fixture
async def desk(wc: Shop, tmp_path: Path) -> AsyncGenerator[Watched]:
    login = Credentials(wc.access.user, wc.access.app_password)
    async with desk_over(tmp_path, wc.access.url, login, wc.access.transport) as made:
        yield Watched(made.app, wc)


Case = Callable[[Watched], Awaitable[tuple[str, Json, list[str]]]]
"""A tool, its arguments, and the paths that it changes."""
CASES: dict[str, Case] = {}


def case(make: Case) -> Case:
    CASES[make.__name__] = make
    return make


def setting(group: str, key: str, value: Any) -> Json:
    return {"group": group, "id": key, "value": value}


@case
async def one_setting(desk: Watched) -> tuple[str, Json, list[str]]:
    path = "settings/general/woocommerce_store_city"
    return "woo_settings_update", {"items": [setting("general", "woocommerce_store_city", f"Lyon {token()}")]}, [path]


@case
async def settings_of_a_group(desk: Watched) -> tuple[str, Json, list[str]]:
    items = [
        setting("general", "woocommerce_store_address", f"{token()} Rue A & B"),
        setting("general", "woocommerce_currency_pos", "right_space"),
        setting("general", "woocommerce_price_num_decimals", 3),
    ]
    return "woo_settings_update", {"items": items}, ["settings/general"]


@case
async def settings_of_many_groups(desk: Watched) -> tuple[str, Json, list[str]]:
    items = [
        setting("products", "woocommerce_weight_unit", "oz"),
        setting("tax", "woocommerce_prices_include_tax", "yes"),
        setting("email_new_order", "subject", f"New: {token()}"),
        setting("email_new_order", "enabled", False),
        setting("email_customer_processing_order", "enabled", "no"),
        setting("email", "woocommerce_email_footer_text", "<strong>Maison</strong> & more"),
    ]
    groups = dict.fromkeys(item["group"] for item in items)
    return "woo_settings_update", {"items": items}, [f"settings/{group}" for group in groups]


@case
async def a_gateway(desk: Watched) -> tuple[str, Json, list[str]]:
    enabled = (await desk.look("payment_gateways/cheque"))["enabled"]
    fields = {
        "enabled": not enabled,
        "title": "By cheque",
        "description": "To us.",
        "settings": {"instructions": "Do."},
    }
    return "woo_gateways_update", {"id": "cheque", **fields}, ["payment_gateways/cheque"]


@case
async def a_new_zone(desk: Watched) -> tuple[str, Json, list[str]]:
    places = [
        {"type": "country", "code": "JP"},
        {"type": "postcode", "code": "10*"},
        {"type": "state", "code": "US:NY"},
    ]
    return "woo_zones_create", {"name": f"Zone {token()}", "places": places, "order": 7}, ["shipping/zones"]


async def zone(desk: Watched) -> Any:
    places = [{"type": "country", "code": "FR"}]
    return await desk.made("woo_zones_create", "shipping/zones", name=f"Zone {token()}", places=places)


@case
async def a_zone(desk: Watched) -> tuple[str, Json, list[str]]:
    target, path = await zone(desk), "shipping/zones"
    places = [{"type": "continent", "code": "EU"}, {"type": "country", "code": "FR"}]
    arguments = {"id": target, "name": f"Z & {token()}", "order": 3, "places": places}
    return "woo_zones_update", arguments, [f"{path}/{target}", f"{path}/{target}/locations"]


@case
async def a_zone_without_places(desk: Watched) -> tuple[str, Json, list[str]]:
    target = await zone(desk)
    return "woo_zones_update", {"id": target, "places": []}, [f"shipping/zones/{target}/locations"]


@case
async def a_new_method(desk: Watched) -> tuple[str, Json, list[str]]:
    target = await zone(desk)
    arguments = {"kind": "free_shipping", "title": "Free", "settings": {"requires": "either", "min_amount": "150"}}
    return "woo_zone_methods_create", {"zone_id": target, **arguments}, [f"shipping/zones/{target}/methods"]


@case
async def a_new_method_for_the_rest_of_the_world(desk: Watched) -> tuple[str, Json, list[str]]:
    arguments = {"zone_id": 0, "kind": "flat_rate", "cost": "10 + 2 * [qty]", "enabled": False, "order": 4}
    return "woo_zone_methods_create", arguments, ["shipping/zones/0/methods"]


@case
async def a_method(desk: Watched) -> tuple[str, Json, list[str]]:
    target = await zone(desk)
    path = f"shipping/zones/{target}/methods"
    one = await desk.made("woo_zone_methods_create", path, zone_id=target, kind="flat_rate", title="Post", cost="5.00")
    fields = {"title": "Express", "cost": "12.50", "enabled": False, "order": 9, "settings": {"tax_status": "none"}}
    return "woo_zone_methods_update", {"zone_id": target, "id": one, **fields}, [f"{path}/{one}"]


@case
async def a_new_rate(desk: Watched) -> tuple[str, Json, list[str]]:
    fields = {"rate": "5.5", "name": "TVA", "country": "FR", "tax_class": "reduced-rate", "cities": ["Nice", "Cannes"]}
    return "woo_taxes_create", {**fields, "priority": 7, "shipping": False}, ["taxes"]


@case
async def a_rate(desk: Watched) -> tuple[str, Json, list[str]]:
    fields = {"rate": "20", "name": "T", "country": "PT", "postcodes": ["1000", "2*"], "priority": 8}
    target = await desk.made("woo_taxes_create", "taxes", **fields)
    change = {"rate": "23", "name": "IVA & Co", "postcodes": ["3*"], "tax_class": "zero-rate", "compound": True}
    return "woo_taxes_update", {"id": target, **change}, [f"taxes/{target}"]


@case
async def a_new_class(desk: Watched) -> tuple[str, Json, list[str]]:
    return "woo_tax_classes_create", {"name": f"Class {token()}"}, ["taxes/classes"]


HOOK = {"topic": "order.created", "delivery_url": "https://203.0.113.9/orders", "secret": "a-secret-of-the-receiver"}


@case
async def a_new_webhook(desk: Watched) -> tuple[str, Json, list[str]]:
    return "woo_webhooks_create", HOOK, ["webhooks"]


@case
async def a_webhook(desk: Watched) -> tuple[str, Json, list[str]]:
    target = await desk.made("woo_webhooks_create", "webhooks", **HOOK)
    change = {"status": "paused", "name": "Stock", "topic": "product.updated", "delivery_url": "https://203.0.113.9/p"}
    return "woo_webhooks_update", {"id": target, **change}, [f"webhooks/{target}"]


@pytest.mark.parametrize("name", sorted(CASES))
async def test_there_and_back(desk: Watched, name: str) -> None:
    tool, arguments, paths = await CASES[name](desk)
    before = [await desk.look(path) for path in paths]
    shown = await desk.preview(tool, **arguments)
    assert (shown["state"], [await desk.look(path) for path in paths]) == ("proposed", before)
    done = await desk.carry_out(tool, **arguments)
    assert done["state"] == "applied", done
    assert {row["outcome"] for row in done["changes"]} == {"done"}
    assert all(now != was for now, was in zip([await desk.look(path) for path in paths], before, strict=True))
    back = await desk.carry_out("changes_undo", change=done["change"])
    assert back["state"] == "applied", back
    assert [await desk.look(path) for path in paths] == before


async def deleted_zone(desk: Watched) -> tuple[str, Json, str]:
    target = await zone(desk)
    return "woo_zones_delete", {"id": target}, f"shipping/zones/{target}"


async def deleted_method(desk: Watched) -> tuple[str, Json, str]:
    target = await zone(desk)
    path = f"shipping/zones/{target}/methods"
    one = await desk.made("woo_zone_methods_create", path, zone_id=target, kind="local_pickup")
    return "woo_zone_methods_delete", {"zone_id": target, "id": one}, f"{path}/{one}"


async def deleted_rate(desk: Watched) -> tuple[str, Json, str]:
    target = await desk.made("woo_taxes_create", "taxes", rate="20", name="T", country="ES", priority=9)
    return "woo_taxes_delete", {"id": target}, f"taxes/{target}"


async def deleted_class(desk: Watched) -> tuple[str, Json, str]:
    target = await desk.made("woo_tax_classes_create", "taxes/classes", name=f"Class {token()}")
    return "woo_tax_classes_delete", {"id": target}, f"taxes/classes/{target}"


async def deleted_webhook(desk: Watched) -> tuple[str, Json, str]:
    target = await desk.made("woo_webhooks_create", "webhooks", **HOOK)
    return "woo_webhooks_delete", {"id": target}, f"webhooks/{target}"


@pytest.mark.parametrize("make", [deleted_zone, deleted_method, deleted_rate, deleted_class, deleted_webhook])
async def test_what_can_t_be_undone_says_so_before(desk: Watched, make: Callable[[Watched], Any]) -> None:
    tool, arguments, path = await make(desk)
    shown = await desk.preview(tool, **arguments)
    assert any(text.startswith("Can't be undone: ") for text in shown["asks"])
    assert (await desk.carry_out(tool, **arguments))["state"] == "applied"
    assert await desk.look(path) is None


async def test_a_maintenance_tool_tells_what_it_did(desk: Watched) -> None:
    shown = await desk.preview("woo_system_tools_run", id="clear_transients")
    assert "Can't be undone: what it does to the database stays done" in shown["asks"]
    done = await desk.carry_out("woo_system_tools_run", id="clear_transients")
    assert (done["state"], done["changes"][0]["note"]) == ("applied", "Product transients cleared")


READS: list[tuple[str, Json]] = [
    ("woo_settings_list", {}),
    ("woo_settings_list", {"group": "general"}),
    ("woo_settings_list", {"group": "general", "id": "woocommerce_currency"}),
    ("woo_settings_list", {"group": "products", "search": "stock"}),
    ("woo_zones_list", {}),
    ("woo_zones_get", {"id": 0}),
    ("woo_taxes_list", {"tax_class": "standard"}),
    ("woo_webhooks_list", {"status": "disabled"}),
    ("woo_gateways_list", {}),
    ("woo_gateways_get", {"id": "cod"}),
    ("woo_system_status_get", {}),
    *(("woo_system_status_get", {"detail": section}) for section in ("environment", "theme", "pages", "database")),
    ("woo_system_tools_list", {}),
    *(
        ("woo_reference_list", {"kind": kind})
        for kind in ("continents", "countries", "currencies", "current_currency", "shipping_methods", "tax_classes")
    ),
    ("woo_reference_list", {"kind": "states", "code": "US"}),
    ("woo_reference_list", {"kind": "continents", "code": "EU"}),
    ("woo_reference_list", {"kind": "countries", "code": "FR"}),
    ("woo_reference_list", {"kind": "currencies", "code": "EUR"}),
    ("woo_reference_list", {"kind": "shipping_methods", "code": "flat_rate"}),
    ("woo_reference_list", {"kind": "tax_classes", "code": "zero-rate"}),
]


@pytest.mark.parametrize(("tool", "arguments"), READS)
async def test_reads_give_what_they_promise(desk: Watched, tool: str, arguments: Json) -> None:
    found = await desk.do(tool, **arguments)
    capability = desk.app.registry.tools[tool]
    model = capability.result_model
    assert model is not None
    model.model_validate(found)
    assert "<" not in str(found.get("note", ""))
