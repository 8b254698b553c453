"""What the shop offers for agents' arguments: ``12 Silk Scarf``, so that people recognise it and models have the id."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from devskyy_mcp.agents.offers import Offer, Offers
from devskyy_mcp.context import Context

from .collections import (
    BRANDS,
    COUPONS,
    CUSTOMERS,
    MEDIA,
    ORDERS,
    PAGES,
    POSTS,
    PRODUCT_CATEGORIES,
    PRODUCT_TAGS,
    PRODUCTS,
    Collection,
)
from .session import Shop

if TYPE_CHECKING:
    from devskyy_mcp.agents.model import Completion

MOST = 100
_DIGITS = "0123456789"
Label = Callable[[Mapping[str, Any]], str]


def _named(item: Mapping[str, Any]) -> str:
    return f"{item['id']} {html.unescape(str(item['name']))}"


def _titled(item: Mapping[str, Any]) -> str:
    return f"{item['id']} {html.unescape(str(item['title'].get('rendered', '')))}"


def _person(item: Mapping[str, Any]) -> str:
    return f"{item['id']} {item['first_name']} {item['last_name']}".rstrip()


def _code(item: Mapping[str, Any]) -> str:
    return str(item["code"])


def _number(item: Mapping[str, Any]) -> str:
    return f"{item['id']} {item['status']}"


_OFFERED: tuple[tuple[Completion, str, Collection, tuple[str, ...], Label], ...] = (
    ("products", "catalog:read", PRODUCTS, ("id", "name"), _named),
    ("categories", "catalog:read", PRODUCT_CATEGORIES, ("id", "name"), _named),
    ("tags", "catalog:read", PRODUCT_TAGS, ("id", "name"), _named),
    ("brands", "catalog:read", BRANDS, ("id", "name"), _named),
    ("coupons", "catalog:read", COUPONS, ("id", "code"), _code),
    ("orders", "orders:read", ORDERS, ("id", "status"), _number),
    ("customers", "customers:read", CUSTOMERS, ("id", "first_name", "last_name"), _person),
    ("pages", "content:read", PAGES, ("id", "title"), _titled),
    ("posts", "content:read", POSTS, ("id", "title"), _titled),
    ("media", "media:read", MEDIA, ("id", "title"), _titled),
)


def add_offers(offers: Offers) -> None:
    """Add all that the shop can be asked for."""
    for kind, scope, collection, fields, label in _OFFERED:
        offers.add(kind, scope, _offer(collection, fields, label))
    offers.add("countries", "catalog:read", _countries)


def _offer(collection: Collection, fields: tuple[str, ...], label: Label) -> Offer:
    async def offered(ctx: Context, prefix: str) -> list[str]:
        """Searched by the words typed, after an id where one is typed."""
        number = prefix[: len(prefix) - len(prefix.lstrip(_DIGITS))]
        words = prefix[len(number) :].strip()
        asked = {"search": words} if words else {}
        found = await ctx.get(Shop).list(collection, fields=fields, per_page=MOST, **asked)
        return [label(item) for item in found.items if str(item["id"]).startswith(number)]

    return offered


async def _countries(ctx: Context, prefix: str) -> list[str]:
    found = await ctx.get(Shop).client.get("/wc/v3/data/countries", {"_fields": "code,name"}, "countries")
    typed = prefix.lower()
    named = (f"{one['code']} {html.unescape(one['name'])}" for one in found)
    return [value for value in named if f" {typed}" in f" {value}".lower()]
