"""Shipping zones: where they are, and how is shipped there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.shop.collections import SHIPPING_ZONES, ZONE_LOCATIONS, ZONE_METHODS
from devskyy_tools.shop.nouns import Id, Name
from devskyy_tools.shop.session import Shop

from .models_store import Zone, ZoneMethod, ZoneRow, ZoneRows

shipping = Toolset("shipping", timeout=30)

ZoneId = Annotated[int, Field(ge=0, description="0: the rest of the world.")]
Order = Annotated[int, Field(ge=0, le=10_000)]
Values = Annotated[dict[str, str | int | float | bool | list[str]], Field(description="As woo_zones_get shows them.")]
Cost = Annotated[str, Field(max_length=200, description='Amount, or formula: "5 + 2 * [qty]".')]
Title = Annotated[str, Field(min_length=1, max_length=200)]


class Place(BaseModel):
    """FR; US:CA; EU; 75*, 1000...1999."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    type: Literal["country", "state", "continent", "postcode"]
    code: Annotated[str, Field(min_length=1, max_length=100)]


Places = Annotated[list[Place], Field(max_length=500, description="Replaces the list.")]


@shipping.tool("read", scopes="settings:read", texts="catalogue")
async def woo_zones_list(ctx: Context) -> ZoneRows:
    """List the shop's shipping zones in the order in which they count."""
    found = await ctx.get(Shop).list(SHIPPING_ZONES)
    return ZoneRows(items=[ZoneRow.of(item) for item in found.items], total=found.total)


@shipping.tool("read", scopes="settings:read", texts="catalogue")
async def woo_zones_get(ctx: Context, id: ZoneId) -> Zone:  # noqa: A002 # the shop's own name
    """Get a shipping zone with its places, ways of shipping and their costs."""
    shop = ctx.get(Shop)
    row = ZoneRow.of(await shop.get(SHIPPING_ZONES, id))
    places = await shop.get(ZONE_LOCATIONS, ZONE_LOCATIONS.name, zone_id=id)
    methods = await shop.list(ZONE_METHODS, zone_id=id)
    return Zone(
        **row.model_dump(),
        currency=(await shop.client.info()).currency,
        places=[{"type": one["type"], "code": one["code"]} for one in places["locations"]],
        methods=[ZoneMethod.of(item) for item in methods.items],
    )


@shipping.tool("write", scopes="settings:write")
async def woo_zones_create(ctx: Context, name: Name, places: Places | None = None, order: Order | None = None) -> None:
    """Make a shipping zone; woo_zone_methods_create gives it ways of shipping."""
    shop = ctx.get(Shop)
    made = await shop.create(SHIPPING_ZONES, {"name": name, **_given(order=order)})
    if places:
        await _set_places(shop, made.ref, places)


@shipping.tool("write", scopes="settings:write")
async def woo_zones_update(
    ctx: Context,
    id: ZoneId,  # noqa: A002
    name: Name | None = None,
    places: Places | None = None,
    order: Order | None = None,
) -> None:
    """Change a shipping zone's name, places or order; only given fields are touched."""
    shop = ctx.get(Shop)
    await shop.update(SHIPPING_ZONES, id, _given(name=name, order=order))
    if places is not None:
        await _set_places(shop, id, places)


@shipping.tool("destroy", scopes="settings:write")
async def woo_zones_delete(ctx: Context, id: ZoneId) -> None:  # noqa: A002
    """Delete a shipping zone with its ways of shipping for good; a person is asked."""
    await ctx.get(Shop).delete(SHIPPING_ZONES, id)


@shipping.tool("write", scopes="settings:write")
async def woo_zone_methods_create(
    ctx: Context,
    zone_id: ZoneId,
    kind: Annotated[str, Field(min_length=1, max_length=100, description="flat_rate, free_shipping, local_pickup …")],
    title: Title | None = None,
    cost: Cost | None = None,
    enabled: bool | None = None,
    order: Order | None = None,
    settings: Values | None = None,
) -> None:
    """Add a way of shipping to a zone."""
    body = {"method_id": kind, **_method(title, cost, settings, enabled, order)}
    await ctx.get(Shop).create(ZONE_METHODS, body, zone_id=zone_id)


@shipping.tool("write", scopes="settings:write")
async def woo_zone_methods_update(
    ctx: Context,
    zone_id: ZoneId,
    id: Id,  # noqa: A002
    title: Title | None = None,
    cost: Cost | None = None,
    enabled: bool | None = None,
    order: Order | None = None,
    settings: Values | None = None,
) -> None:
    """Change a zone's way of shipping; only given fields are touched."""
    body = _method(title, cost, settings, enabled, order)
    await ctx.get(Shop).update(ZONE_METHODS, id, body, zone_id=zone_id)


@shipping.tool("destroy", scopes="settings:write")
async def woo_zone_methods_delete(ctx: Context, zone_id: ZoneId, id: Id) -> None:  # noqa: A002
    """Delete a zone's way of shipping for good; a person is asked. Switching it off (enabled) can be undone."""
    await ctx.get(Shop).delete(ZONE_METHODS, id, zone_id=zone_id)


async def _set_places(shop: Shop, zone_id: Any, places: list[Place]) -> None:
    wanted = [{"code": one.code.strip(), "type": one.type} for one in places]
    await shop.update(ZONE_LOCATIONS, ZONE_LOCATIONS.name, {"locations": wanted}, zone_id=zone_id)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _method(
    title: str | None, cost: str | None, settings: dict[str, Any] | None, enabled: bool | None, order: int | None
) -> dict[str, Any]:
    inner = {**(settings or {}), **_given(title=title, cost=cost)}
    return {**_given(enabled=enabled, order=order), **({"settings": inner} if inner else {})}
