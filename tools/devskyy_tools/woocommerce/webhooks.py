"""Webhooks: where the shop sends what happens in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.shop.collections import WEBHOOKS
from devskyy_tools.shop.nouns import Limit, Name, Noun, PageNumber, past_the_end
from devskyy_tools.shop.session import Shop

from .models_store import Webhook, Webhooks

webhooks = Toolset("webhooks", timeout=20)
_WRITES: dict[str, Any] = {
    "topic": Annotated[str, Field(max_length=200, description="E.g. order.created, or action.woocommerce_….")],
    "delivery_url": Annotated[str, Field(max_length=2000)],
    "name": Name,
    "secret": Annotated[str, Field(min_length=16, max_length=200, description="Signs deliveries; never shown.")],
}


@webhooks.tool("read", scopes="settings:read", texts="catalogue")
async def woo_webhooks_list(
    ctx: Context,
    status: Literal["all", "active", "paused", "disabled"] = "all",
    page: PageNumber = 1,
    limit: Limit = 20,
) -> Webhooks:
    """List the shop's webhooks, and say which the shop has switched off after failures."""
    found = await ctx.get(Shop).list(WEBHOOKS, status=status, page=page, per_page=limit)
    rows = [Webhook.of(item) for item in found.items]
    off = [str(row.id) for row in rows if row.status == "disabled"]
    note = past_the_end(page, found.pages)
    if off:
        note = f"Disabled, as after failed deliveries in a row: {', '.join(off)}. Mend the receiver first."
    return Webhooks(items=rows, total=found.total, page=page, pages=found.pages, note=note)


_NOUN = Noun(
    webhooks,
    WEBHOOKS,
    "woo_webhooks",
    row=Webhook,
    full=Webhook,
    writes=_WRITES,
    required=("topic", "delivery_url"),
    scope="settings",
    says={"create": "Have the shop send what happens to an address; a person is asked."},
)
_NOUN.declare("create", "delete")
replace(_NOUN, writes={**_WRITES, "status": Literal["active", "paused", "disabled"]}).declare("update")
