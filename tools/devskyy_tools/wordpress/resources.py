"""The shop and its field schemas as resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devskyy_mcp.capability import Resource
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import ALL
from devskyy_tools.shop.fields import describe

from .site import wp_site_get


async def read_shop(ctx: Context, _values: Mapping[str, str]) -> dict[str, Any]:
    """What ``wp_site_get`` gives."""
    return (await wp_site_get(ctx)).model_dump(mode="json", exclude_none=True)


async def read_schema(_ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    """The writable fields of one noun.

    Raises:
        Refused: NOT_FOUND, with the nouns there are.
    """
    collection = ALL.get(values["noun"])
    if collection is None:
        raise Refused(Code.NOT_FOUND, "There is no schema of that name.", f"There are: {', '.join(ALL)}.")
    return describe(collection)


async def nouns(_ctx: Context, _variable: str, prefix: str) -> list[str]:
    return [name for name in ALL if name.startswith(prefix)]


resources = [
    Resource(
        "devskyy://shop",
        "shop",
        "Shop",
        "The site, its currency and time zone, and the account this server acts as.",
        read_shop,
        scopes=frozenset({"content:read"}),
        texts="catalogue",
    ),
    Resource(
        "devskyy://schemas/{noun}",
        "schema",
        "Fields of a noun",
        "The fields that create and update take in `more`, by the shop's own names.",
        read_schema,
        complete=nouns,
    ),
]
