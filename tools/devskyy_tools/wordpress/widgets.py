"""Widgets of classic themes and the sidebars that they stand in."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import SIDEBARS, WIDGETS
from devskyy_tools.shop.session import Shop

from .models_site import Sidebar, Sidebars, Widget

widgets = Toolset("widgets", timeout=20)

WidgetId = Annotated[str, Field(min_length=3, max_length=100, description="block-2: see wp_widgets_list.")]
Place = Annotated[str, Field(min_length=1, max_length=100, description="Sidebar; wp_inactive_widgets keeps it.")]
Settings = Annotated[dict[str, Any], Field(description='Of its type, {"content": "<p>…</p>"} for block.')]


@widgets.tool("read", scopes="content:read", texts="catalogue")
async def wp_widgets_list(ctx: Context, sidebar: Place | None = None) -> Sidebars:
    """List the sidebars with their widgets; block themes have none but the inactive ones."""
    shop = ctx.get(Shop)
    places = [await shop.get(SIDEBARS, sidebar)] if sidebar else (await shop.list(SIDEBARS)).items
    asked = {"sidebar": sidebar} if sidebar else {}
    known = {one["id"]: one for one in (await shop.list(WIDGETS, context="edit", **asked)).items}
    items = [
        Sidebar(
            id=place["id"],
            name=str(place.get("name", "")),
            widgets=[Widget.of(known[one]) for one in cast("list[str]", place.get("widgets") or []) if one in known],
        )
        for place in places
    ]
    return Sidebars(items=items)


@widgets.tool("write", scopes="content:write")
async def wp_widgets_create(
    ctx: Context,
    type: Annotated[str, Field(max_length=60, description="See wp_library_list, widget_types.")],  # noqa: A002
    sidebar: Place,
    settings: Settings,
) -> None:
    """Put a new widget into a sidebar."""
    await ctx.get(Shop).create(WIDGETS, {"id_base": type, "sidebar": sidebar, "instance": {"raw": settings}})


@widgets.tool("write", scopes="content:write")
async def wp_widgets_update(
    ctx: Context,
    id: WidgetId,  # noqa: A002 # the shop's own name
    settings: Settings | None = None,
    sidebar: Place | None = None,
    position: Annotated[int, Field(ge=1, le=100, description="In its sidebar, from 1; alone.")] | None = None,
) -> None:
    """Change a widget, move it to another sidebar, or to another position."""
    shop = ctx.get(Shop)
    if position is not None:
        if settings is not None or sidebar is not None:
            raise Refused(Code.INVALID_ARGUMENTS, "Give position alone.", "Change or move the widget first.")
        await _place(shop, id, position)
        return
    fields: dict[str, Any] = {"instance": {"raw": settings}} if settings is not None else {}
    if sidebar is not None:
        fields["sidebar"] = sidebar
    await shop.update(WIDGETS, id, fields)


async def _place(shop: Shop, widget: str, position: int) -> None:
    place = str((await shop.get(WIDGETS, widget)).get("sidebar"))
    order = cast("list[str]", (await shop.get(SIDEBARS, place)).get("widgets") or [])
    rest = [one for one in order if one != widget]
    await shop.update(SIDEBARS, place, {"widgets": [*rest[: position - 1], widget, *rest[position - 1 :]]})


@widgets.tool("destroy", scopes="content:write")
async def wp_widgets_delete(ctx: Context, id: WidgetId) -> None:  # noqa: A002 # the shop's own name
    """Delete a widget for good; a person is asked. To keep it, move it to wp_inactive_widgets."""
    await ctx.get(Shop).delete(WIDGETS, id)
