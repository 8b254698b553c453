"""Ways to pay."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.shop.collections import GATEWAYS
from devskyy_tools.shop.nouns import Name, Noun
from devskyy_tools.shop.session import Shop

from .models_store import Gateway, GatewayRow, Gateways

gateways = Toolset("gateways", timeout=20)
_WRITES: dict[str, Any] = {
    "enabled": bool,
    "title": Name,
    "description": Annotated[str, Field(max_length=5000)],
    "order": Annotated[int, Field(ge=0, le=1000)],
    "settings": Annotated[
        dict[str, str | int | float | bool | list[str]],
        Field(description="Values by key, as woo_gateways_get has them."),
    ],
}


@gateways.tool("read", scopes="settings:read", texts="catalogue")
async def woo_gateways_list(ctx: Context) -> Gateways:
    """List the shop's ways to pay: which are offered, in which order."""
    wanted = ("id", "title", "method_title", "enabled", "order", "needs_setup")
    found = await ctx.get(Shop).list(GATEWAYS, fields=wanted)
    return Gateways(items=[GatewayRow.of(item) for item in found.items])


Noun(
    gateways,
    GATEWAYS,
    "woo_gateways",
    row=GatewayRow,
    full=Gateway,
    writes=_WRITES,
    scope="settings",
    says={
        "get": "Get a way to pay with its settings; keys and passwords are masked.",
        "update": "Change a way to pay: on or off, texts, settings; a person is asked. Only given fields are touched.",
    },
).declare("get", "update")
