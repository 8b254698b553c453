"""Plugins: which there are, installing, switching on and off, deleting."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_tools.shop.collections import PLUGINS
from devskyy_tools.shop.nouns import Search
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.rules_admin import stops
from devskyy_tools.shop.session import Shop

from .models_site import Plugin, Plugins

plugins = Toolset("plugins", timeout=60)

PluginId = Annotated[str, Field(min_length=1, max_length=200, description="akismet/akismet, from the list.")]


@plugins.tool("read", scopes="settings:read", texts="outside")
async def wp_plugins_list(
    ctx: Context, search: Search = "", status: Literal["any", "active", "inactive"] = "any"
) -> Plugins:
    """List the plugins, and what of DevSkyy depends on them."""
    wanted = {} if status == "any" else {"status": status}
    found = await ctx.get(Shop).list(PLUGINS, search=search, **wanted)
    items = [
        Plugin(
            id=one["plugin"],
            name=plain_text(one.get("name", "")),
            status=one.get("status", ""),
            version=one.get("version", ""),
            author=plain_text(one.get("author", "")),
            requires_php=one.get("requires_php") or None,
            needed=stops(one["plugin"]) or None,
        )
        for one in found.items
    ]
    return Plugins(items=items)


@plugins.tool("write", scopes="settings:write")
async def wp_plugins_install(
    ctx: Context,
    slug: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=100, description="As in wordpress.org/plugins/.")],
) -> None:
    """Install a plugin from wordpress.org, switched off; a person is asked."""
    await ctx.get(Shop).create(PLUGINS, {"slug": slug, "status": "inactive"})


@plugins.tool("write", scopes="settings:write")
async def wp_plugins_set_status(ctx: Context, id: PluginId, status: Literal["active", "inactive"]) -> None:  # noqa: A002
    """Switch a plugin on or off; a person is asked, and a site that breaks is switched back."""
    await ctx.get(Shop).update(PLUGINS, id, {"status": status})


@plugins.tool("destroy", scopes="settings:write")
async def wp_plugins_delete(ctx: Context, id: PluginId) -> None:  # noqa: A002 # the shop's own name
    """Delete an inactive plugin with its files for good; a person is asked."""
    await ctx.get(Shop).delete(PLUGINS, id)
