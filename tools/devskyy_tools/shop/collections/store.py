"""The shop as a whole: its settings, shipping, taxes, webhooks, ways to pay, maintenance."""

from __future__ import annotations

from .base import Collection, fields

SETTINGS_GROUPS = Collection("settings_groups", "wc", "settings", "settings group", text_ids=fields("id"))
SETTINGS = Collection(
    "settings", "wc", "settings/{group_id}", "setting", text_ids=fields("id", "group_id"), batch=100,
    batch_across="settings", reread=True,
)  # fmt: skip
SHIPPING_ZONES = Collection(
    "shipping_zones", "wc", "shipping/zones", "shipping zone", title="name", zero=fields("id"),
    cannot_undo={"delete": "its places and methods go with it"},
)  # fmt: skip
ZONE_LOCATIONS = Collection(
    "zone_locations", "wc", "shipping/zones/{zone_id}/locations", "places", single=True, holds="locations",
    unordered=fields("locations"), zero=fields("zone_id"),
)  # fmt: skip
ZONE_METHODS = Collection(
    "zone_methods", "wc", "shipping/zones/{zone_id}/methods", "shipping method", id_field="instance_id", title="title",
    zero=fields("zone_id"), valued=fields("settings"),
    cannot_undo={"delete": "made again it has a new id, and orders name the old one"},
)  # fmt: skip
SHIPPING_METHODS = Collection(
    "shipping_methods", "wc", "shipping_methods", "kind of shipping", text_ids=fields("id"), title="title"
)
TAXES = Collection(
    "taxes", "wc", "taxes", "tax rate", batch=100, title="name", unordered=fields("cities", "postcodes"),
    derived=fields("city", "postcode"),
    cannot_undo={"delete": "made again it has a new id, and orders name the old one"},
)  # fmt: skip
TAX_CLASSES = Collection(
    "tax_classes", "wc", "taxes/classes", "tax class", id_field="slug", text_ids=fields("id"), listed=True,
    title="name", cannot_undo={"delete": "the rates of this class go with it, and its products are taxed as standard"},
)  # fmt: skip
WEBHOOKS = Collection(
    "webhooks", "wc", "webhooks", "webhook", batch=100, title="name",
    cannot_undo={"delete": "its secret can't be read, so it can't be made again"},
)  # fmt: skip
GATEWAYS = Collection(
    "gateways", "wc", "payment_gateways", "payment gateway", text_ids=fields("id"), title="title",
    valued=fields("settings"),
)  # fmt: skip
SYSTEM_TOOLS = Collection("system_tools", "wc", "system_status/tools", "maintenance tool", text_ids=fields("id"))
