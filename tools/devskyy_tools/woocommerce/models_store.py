"""What the tools for the shop as a whole answer with: settings, shipping, taxes, webhooks, ways to pay, status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, cast

from devskyy_tools.shop import typed
from devskyy_tools.shop.compare import value_of
from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.refusals import plain_text

from .models import pick


class Setting(ShopModel):
    """A setting, or a group of them with ``group`` above it. ``value`` is •••• where it is a secret; ``default`` is
    told where the value is another; ``more_options`` counts those left out.
    """

    id: str
    label: str
    group: str | None = None
    type: str | None = None
    value: Any = None
    default: Any = None
    options: dict[str, str] | None = None
    more_options: int | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any], most: int = typed.SHOWN_OPTIONS) -> Self:
        options = typed.options_of(obj)
        shown = dict(list(options.items())[:most])
        changed = obj.get("default") != obj.get("value") and not typed.is_secret(obj)
        return cls(
            id=obj["id"],
            label=plain_text(obj.get("label", "")),
            type=obj.get("type"),
            value=typed.shown_value(obj),
            default=obj.get("default") if changed else None,
            options=shown or None,
            more_options=len(options) - len(shown) or None,
        )


class SettingsFound(ShopModel):
    """Groups of settings, or settings."""

    items: list[Setting]
    total: int


def values_of(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The values of an object's described settings, secrets masked."""
    found: dict[str, Any] = {}
    for key, field in (settings or {}).items():
        described = isinstance(field, dict) and "value" in field
        found[key] = typed.shown_value(cast("dict[str, Any]", field)) if described else value_of(field)
    return found


class ZoneRow(ShopModel):
    """A shipping zone; of those that fit, the one with the lowest order counts. 0 is the rest of the world."""

    id: int
    name: str
    order: int

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(id=obj["id"], name=plain_text(obj["name"]), order=obj["order"])


class ZoneMethod(ShopModel):
    """A way of shipping in a zone. Amounts in ``settings`` are in the shop's currency, as text."""

    id: int
    kind: str
    title: str
    enabled: bool
    order: int
    settings: dict[str, Any]

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        settings = values_of(obj.get("settings"))
        return cls(
            id=obj["instance_id"],
            kind=obj["method_id"],
            title=plain_text(settings.get("title") or obj["title"]),
            enabled=obj["enabled"],
            order=int(obj["order"]),
            settings=settings,
        )


class Zone(ZoneRow):
    """A zone with its places (``{type, code}``) and ways of shipping."""

    currency: str
    places: list[dict[str, str]]
    methods: list[ZoneMethod]


class ZoneRows(ShopModel):
    items: list[ZoneRow]
    total: int


class TaxRate(ShopModel):
    """A tax rate in percent. Empty country: everywhere."""

    id: int
    name: str
    rate: str
    country: str
    tax_class: str
    priority: int
    compound: bool
    shipping: bool
    state: str | None = None
    postcodes: list[str] | None = None
    cities: list[str] | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        plain = ("id", "rate", "country", "priority", "compound", "shipping")
        return cls(
            name=plain_text(obj["name"]),
            tax_class=obj["class"],
            **{name: obj[name] for name in plain},
            **pick(obj, "state", "postcodes", "cities"),
        )


class Webhook(ShopModel):
    """A webhook. Its secret can't be read. ``disabled`` is what the shop does after failures in a row."""

    id: int
    name: str
    status: str
    topic: str
    delivery_url: str
    created: str | None = None
    changed: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        plain = ("id", "name", "status", "topic", "delivery_url")
        return cls(**{name: obj[name] for name in plain}, created=obj["date_created"], changed=obj["date_modified"])


class Webhooks(ShopModel):
    items: list[Webhook]
    total: int
    page: int
    pages: int
    note: str | None = None


class GatewayRow(ShopModel):
    """A way to pay."""

    id: str
    title: str
    enabled: bool
    order: int | None = None
    needs_setup: bool | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            title=plain_text(obj.get("title") or obj["method_title"]),
            enabled=obj["enabled"],
            order=None if obj.get("order") in (None, "") else int(obj["order"]),
            needs_setup=obj.get("needs_setup") or None,
        )


class Gateway(GatewayRow):
    """A way to pay, with its settings; secrets are ••••."""

    description: str | None = None
    supports: list[str] | None = None
    settings: list[Setting]

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        fields = cast("dict[str, Any]", obj.get("settings") or {}).values()
        return cls(
            **GatewayRow.of(obj).model_dump(),
            description=plain_text(obj.get("description") or "") or None,
            supports=obj.get("method_supports") or None,
            settings=[Setting.of(field) for field in fields],
        )


class Gateways(ShopModel):
    items: list[GatewayRow]


class MaintenanceTool(ShopModel):
    """Something the shop can do to itself; ``danger`` says what is lost."""

    id: str
    name: str
    description: str
    danger: str | None = None


class MaintenanceTools(ShopModel):
    items: list[MaintenanceTool]


class SystemStatus(ShopModel):
    """How the shop stands. ``problems`` are sentences; ``section`` is the part that was asked for."""

    woocommerce: str
    wordpress: str
    php: str
    database: str | None = None
    theme: str | None = None
    currency: str
    decimals: int
    default_time_zone: str | None = None
    active_plugins: int
    problems: list[str]
    section: Any = None


class Reference(ShopModel):
    """A list of the shop's; states are of one country."""

    items: list[dict[str, Any]]
    total: int
