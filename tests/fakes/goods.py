"""Tools over the notes of ``tests.fakes.notes`` that need the scopes of a shop, so that roles differ in them."""

from __future__ import annotations

from devskyy_mcp.capability import Pack, Toolset
from devskyy_mcp.context import Context, Principal
from devskyy_mcp.invoke import Call
from tests.fakes.served import Site

from .notes import Notes, stage_delete, stage_update

goods_tools = Toolset("goods", timeout=5)
PROGRAM = Principal("os:1000:robot", "os", frozenset({"*"}), "a program")


@goods_tools.tool("write", scopes="catalog:write")
async def goods_rename(ctx: Context, note: int, title: str) -> None:
    """Give a product another title."""
    stage_update(ctx, note, title=title)


@goods_tools.tool("write", scopes="catalog:write")
async def goods_rename_all(ctx: Context, prefix: str) -> None:
    """Put a prefix before every title."""
    for note, row in list(ctx.get(Notes).rows.items()):
        stage_update(ctx, note, title=f"{prefix}{row['title']}")


@goods_tools.tool("destroy", scopes="catalog:write")
async def goods_burn(ctx: Context, note: int) -> None:
    """Delete a product for good."""
    stage_delete(ctx, note, burn=True)


@goods_tools.tool("write", scopes="orders:write")
async def orders_rename(ctx: Context, note: int, title: str) -> None:
    """Change an order."""
    stage_update(ctx, note, title=title)


@goods_tools.tool("write", scopes="settings:write")
async def settings_rename(ctx: Context, note: int, title: str) -> None:
    """Change a setting."""
    stage_update(ctx, note, title=title)


def goods_pack() -> Pack:
    return Pack("goods", [goods_tools])


async def proposed(shop: Site, tool: str, **arguments: object) -> str:
    """The id of a change that a program has proposed."""
    if "goods_rename" not in shop.app.registry.tools:
        shop.app.registry.add(goods_pack())
    given = {"preview": True, **arguments} if "burn" not in tool else arguments
    result = await shop.app.road.invoke(Call(PROGRAM, tool, given, "rest"))
    return str(result.data["change"])
