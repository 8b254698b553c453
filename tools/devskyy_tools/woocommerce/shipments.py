"""Shipments of an order, kept where the shipment tracking plugins keep them: one field of the order.

``_wc_shipment_tracking_items`` of WooCommerce Shipment Tracking, which Advanced Shipment Tracking and others read
too: a list of ``{tracking_provider, custom_tracking_provider, custom_tracking_link, tracking_number, date_shipped,
tracking_id}``, the date in seconds since 1970. Carriers are written as custom ones, which all show as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, cast
from urllib.parse import quote

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import ORDER_NOTES, ORDERS
from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .arguments import OrderId

shipments = Toolset("shipments", timeout=30)

Json = dict[str, Any]
FIELD = "_wc_shipment_tracking_items"
MOST = 50
"""Shipments of one order."""
_LINKS: Mapping[str, str] = {
    "chronopost": "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={}",
    "colissimo": "https://www.laposte.fr/outils/suivre-vos-envois?code={}",
    "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}",
    "dpd": "https://tracking.dpd.de/status/en_US/parcel/{}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
    "gls": "https://gls-group.com/EU/en/parcel-tracking/?match={}",
    "postnl": "https://jouw.postnl.nl/track-and-trace/{}",
    "royal mail": "https://www.royalmail.com/track-your-item#/tracking-results/{}",
    "ups": "https://www.ups.com/track?tracknum={}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
}
"""Where the carriers that shops use most show a number, by their names in small letters."""
_UNPAID = ("pending", "failed", "cancelled")
Number = Annotated[str, Field(min_length=3, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]*$")]


class Shipment(ShopModel):
    carrier: str
    number: str
    link: str | None = None
    shipped: str | None = None


class Shipments(ShopModel):
    order_id: int
    status: str
    items: list[Shipment]
    note: str | None = None


@shipments.tool("read", scopes="orders:read")
async def woo_shipments_list(ctx: Context, order_id: OrderId) -> Shipments:
    """List the shipments of an order: carrier, tracking number, link and day."""
    order = await ctx.get(Shop).get(ORDERS, order_id)
    items = [_shown(entry) for entry in entries_of(order)]
    return Shipments(
        order_id=order_id,
        status=order["status"],
        items=items,
        note=None if items else "No shipment is kept with the order; carriers' own plugins may keep theirs elsewhere.",
    )


@shipments.tool("write", scopes="orders:write")
async def woo_shipments_save(
    ctx: Context,
    order_id: OrderId,
    carrier: Annotated[str, Field(min_length=2, max_length=60, pattern=r"^[^<>\x00-\x1f]+$")],
    number: Annotated[Number, Field(description="Known ones are changed.")],
    link: Annotated[str, Field(max_length=500, pattern="^https?://[^\\s<>\"']+$")] | None = None,
    shipped: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Day; else today.")] | None = None,
    replaces: Annotated[Number, Field(description="Another number.")] | None = None,
    tell_customer: Annotated[bool, Field(description="A person is asked.")] = False,
) -> None:
    """Add a shipment with its tracking number to an order, or correct one; there may be several."""
    shop = ctx.get(Shop)
    order = await shop.get(ORDERS, order_id)
    entries, number = entries_of(order), number.strip()
    wanted = replaces.strip() if replaces else number
    place = next((at for at, one in enumerate(entries) if str(one.get("tracking_number")) == wanted), None)
    if place is None and replaces:
        known = ", ".join(str(one.get("tracking_number"))[:40] for one in entries) or "none"
        raise Refused(Code.NOT_FOUND, f"Order {order_id} has no shipment {wanted}.", f"It has: {known}.")
    if place is None and len(entries) >= MOST:
        raise Refused(Code.CONFLICT, f"Order {order_id} has {len(entries)} shipments already.")
    old = entries[place] if place is not None else {}
    entry = {**old, **_entry(order_id, carrier.strip(), number, link, _day(shipped, old, await shop.client.zone()))}
    entries = [*entries[:place], entry, *entries[place + 1 :]] if place is not None else [*entries, entry]
    op = await shop.update(ORDERS, order_id, {"meta_data": [{"key": FIELD, "value": entries}]})
    if op is not None:
        op.effects.append(f"Shipment {number} with {entry['custom_tracking_provider']} is kept with the order.")
    if order["status"] in _UNPAID:
        shop.unit.warnings.append(f"Order {order_id} is {order['status']}.")
    if tell_customer:
        await shop.create(ORDER_NOTES, {"note": _note(_shown(entry)), "customer_note": True}, order_id=order_id)


def entries_of(order: Mapping[str, Any]) -> list[Json]:
    """As the order keeps them; a list from which one was taken out comes as an object."""
    meta = cast("list[Json]", order.get("meta_data") or [])
    kept: Any = next((one.get("value") for one in meta if one.get("key") == FIELD), None)
    values = list(cast("Json", kept).values()) if isinstance(kept, dict) else kept
    entries = cast("list[Any]", values) if isinstance(values, list) else []
    return [cast("Json", one) for one in entries if isinstance(one, dict)]


def _shown(entry: Mapping[str, Any]) -> Shipment:
    at = str(entry.get("date_shipped") or "")
    carrier = plain_text(entry.get("custom_tracking_provider") or entry.get("tracking_provider") or "")
    number = plain_text(entry.get("tracking_number") or "")
    link = str(entry.get("custom_tracking_link") or "") or _link(carrier, number)
    return Shipment(
        carrier=carrier,
        number=number,
        link=link if link.startswith(("https://", "http://")) else None,
        shipped=str(datetime.fromtimestamp(int(at), UTC).date()) if at.isdecimal() and len(at) < 12 else None,
    )


def _entry(order_id: int, carrier: str, number: str, link: str | None, day: date) -> Json:
    seconds = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    mark = hashlib.md5(f"{order_id} {carrier} {number}".encode(), usedforsecurity=False).hexdigest()
    return {
        "tracking_provider": "",
        "custom_tracking_provider": carrier,
        "custom_tracking_link": link or _link(carrier, number),
        "tracking_number": number,
        "date_shipped": str(seconds),
        "tracking_id": mark,
    }


def _link(carrier: str, number: str) -> str:
    known = _LINKS.get(carrier.casefold().replace("-", " "))
    return known.format(quote(number.replace(" ", ""), safe="")) if known else ""


def _day(given: str | None, old: Mapping[str, Any], zone: Any) -> date:
    """As given; of one that is corrected its own; else today."""
    today = datetime.now(zone).date()
    if given is None:
        kept = _shown(old).shipped if old else None
        return date.fromisoformat(kept) if kept else today
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise Refused(Code.INVALID_ARGUMENTS, f"{given} is no day of the calendar.") from None
    if day.year < 2000 or day > today:
        raise Refused(Code.INVALID_ARGUMENTS, f"Nothing can have been shipped on {given}.", "Give a day until today.")
    return day


def _note(one: Shipment) -> str:
    said = f"Your order was shipped with {one.carrier} on {one.shipped}. Tracking number: {one.number}."
    return f"{said} {one.link}" if one.link else said
