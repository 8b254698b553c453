"""Where and how the brand ships, what taxes it adds, and who is told: zones, tax rates, webhooks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from devskyy_tools.sandbox.envelope import Json
from devskyy_tools.sandbox.store import Store

REST: Json = {"id": 0, "name": "Locations not covered by your other zones", "order": 0, "locations": []}
KINDS = (
    ("flat_rate", "Flat rate", "Lets you charge a fixed rate for shipping."),
    (
        "free_shipping", "Free shipping",
        "Free shipping is a special method which can be triggered with coupons and minimum spends.",
    ),
    ("local_pickup", "Local pickup", "Allow customers to pick up orders themselves."),
    ("pickup_location", "Local pickup", "Allow customers to choose a local pickup location during checkout."),
)  # fmt: skip
_TAXED = {"taxable": "Taxable", "none": "None"}
_REQUIRES = {
    "": "No requirement", "coupon": "A valid free shipping coupon", "min_amount": "A minimum order amount",
    "either": "A minimum order amount OR coupon", "both": "A minimum order amount AND coupon",
}  # fmt: skip
_FIELDS: dict[str, dict[str, tuple[str, str, str, dict[str, str]]]] = {
    "flat_rate": {
        "title": ("Name", "text", "Flat rate", {}),
        "tax_status": ("Tax status", "select", "taxable", _TAXED),
        "cost": ("Cost", "text", "", {}),
    },
    "free_shipping": {
        "title": ("Name", "text", "Free shipping", {}),
        "requires": ("Free shipping requires", "select", "", _REQUIRES),
        "min_amount": ("Minimum order amount", "text", "", {}),
        "ignore_discounts": ("Coupons discounts", "checkbox", "no", {}),
    },
    "local_pickup": {
        "title": ("Name", "text", "Local pickup", {}),
        "tax_status": ("Tax status", "select", "taxable", _TAXED),
        "cost": ("Cost", "text", "", {}),
    },
}
_FIRST = {"flat_rate": {"cost": "0"}, "free_shipping": {"min_amount": "0"}}
_EU = ("AT", "BE", "DE", "ES", "IE", "IT", "NL", "PL", "PT", "SE")


def method_fields(kind: str, values: Json) -> Json:
    """Return a method's settings as the shop describes them."""
    out: Json = {}
    for key, (label, sort, usual, options) in _FIELDS[kind].items():
        field: Json = {
            "id": key, "label": label, "description": "", "type": sort, "value": values[key], "default": usual,
            "tip": "", "placeholder": "",
        }  # fmt: skip
        out[key] = field | ({"options": options} if options else {})
    return out


def instance(number: int, zone: int, kind: str, order: int, **values: str) -> Json:
    """Return a new method of a zone; amounts are 0 until they are set."""
    settings = {key: usual for key, (_, _, usual, _) in _FIELDS[kind].items()} | _FIRST.get(kind, {}) | values
    return {
        "id": number, "parent": zone, "method_id": kind, "order": order, "enabled": True, "settings": settings,
    }  # fmt: skip


def sow(store: Store, today: datetime) -> None:
    france = [{"code": "FR", "type": "country"}]
    union = [{"code": code, "type": "country"} for code in _EU]
    zones: list[tuple[str, list[Any], list[tuple[str, dict[str, str]]]]] = [
        ("France", france, [
            ("flat_rate", {"title": "Colissimo", "cost": "5.90"}),
            ("free_shipping", {"title": "Colissimo, from 150 EUR", "requires": "min_amount", "min_amount": "150"}),
        ]),
        ("European Union", union, [("flat_rate", {"title": "Standard delivery", "cost": "9.90"})]),
    ]  # fmt: skip
    for order, (name, places, methods) in enumerate(zones):
        zone = store.new_id("zone")
        store.put("zone", {"id": zone, "name": name, "order": order, "locations": places})
        for place, (kind, values) in enumerate(methods, 1):
            store.put("zone_method", instance(store.new_id("zone_method"), zone, kind, place, **values))
    for country, rate, name in (("FR", "20.0000", "TVA"), ("DE", "19.0000", "MwSt."), ("IT", "22.0000", "IVA")):
        store.put("tax", tax(store.new_id("tax"), country=country, rate=rate, name=name))
    at = (today - timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%S")
    for topic, status in (("order.created", "active"), ("product.updated", "disabled")):
        store.put(
            "webhook",
            {
                "id": store.new_id("webhook"), "name": f"Warehouse: {topic}", "status": status, "created": at,
                "modified": at, "topic": topic, "delivery_url": "https://hooks.maison-skyy.com/warehouse",
                "secret": "sown-with-the-demo-shop",
            },
        )  # fmt: skip


def tax(number: int, **fields: Any) -> Json:
    """Return a tax rate with what the shop adds."""
    usual: Json = {
        "id": number, "country": "", "state": "", "postcode": "", "city": "", "rate": "0.0000", "name": "Tax",
        "priority": 1, "compound": False, "shipping": True, "order": 0, "class": "standard", "postcodes": [],
        "cities": [],
    }  # fmt: skip
    return {**usual, **fields}
