"""Global styles: colours, fonts, spacing and CSS of the whole site, over those of the theme."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import UpstreamError
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import GLOBAL_STYLES
from devskyy_tools.shop.session import Shop

from .models_site import Styles

styles = Toolset("styles", timeout=20)

Json = dict[str, Any]
_NAME = r"^([\w-][\w.-]*)?$"
Stylesheet = Annotated[str, Field(max_length=100, pattern=_NAME, description="Theme; the active one if empty.")]
Part = Annotated[Json, Field(description="After theme.json: merged; null takes a key away.")]
_REL = "wp:user-global-styles"


async def _active(ctx: Context) -> tuple[str, int]:
    """The active theme's name and the id of its styles, which only its links tell."""
    client = ctx.get(ShopClient)
    page = await client.page("/wp/v2/themes", {"status": "active", "_fields": "stylesheet,_links"})
    theme: Json = page.items[0] if page.items else {}
    links = cast("list[Json]", cast("Json", theme.get("_links") or {}).get(_REL) or [])
    tail = str(links[0].get("href", "")).rsplit("/", 1)[-1] if links else ""
    if not tail.isdecimal():
        raise Refused(Code.CONFLICT, "The active theme has no global styles.", "Only block themes have; see themes.")
    name = str(theme.get("stylesheet"))
    if len(name) > 100 or not re.fullmatch(_NAME, name):
        raise UpstreamError(Code.UPSTREAM_INVALID, "The shop's theme has no usable name.", reached="answered")
    return name, int(tail)


@styles.tool("read", scopes="content:read", texts="catalogue")
async def wp_global_styles_get(
    ctx: Context, of: Literal["own", "theme", "variations"] = "own", stylesheet: Stylesheet = ""
) -> Styles:
    """Get what was changed of the look (own), the theme's look, or its ready-made variations."""
    client = ctx.get(ShopClient)
    if of == "own":
        theme, target = await _active(ctx)
        found = await ctx.get(Shop).get(GLOBAL_STYLES, target)
        return Styles(theme=theme, id=target, settings=_dict(found.get("settings")), styles=_dict(found.get("styles")))
    theme = stylesheet or (await _active(ctx))[0]
    path = f"/wp/v2/global-styles/themes/{theme}"
    if of == "theme":
        found = cast("Json", await client.get(path, None, f"theme {theme}"))
        return Styles(theme=theme, settings=_dict(found.get("settings")), styles=_dict(found.get("styles")))
    rows = cast("list[Json]", await client.get(f"{path}/variations", None, f"theme {theme}"))
    kept = [{name: one[name] for name in ("title", "settings", "styles") if one.get(name)} for one in rows]
    return Styles(theme=theme, variations=kept)


@styles.tool("write", scopes="content:write")
async def wp_global_styles_update(
    ctx: Context,
    styles: Part | None = None,
    settings: Part | None = None,
    css: Annotated[str, Field(max_length=200_000, description="Additional CSS, in place of the old.")] | None = None,
    replace: Annotated[bool, Field(description="Put in place of all that was changed.")] = False,
) -> None:
    """Change colours, type, spacing or CSS of the whole site, as theme.json names them."""
    shop = ctx.get(Shop)
    _, target = await _active(ctx)
    found = await shop.get(GLOBAL_STYLES, target)
    fields: Json = {}
    if styles is not None or css is not None:
        part = {**(styles or {}), **({} if css is None else {"css": css or None})}
        fields["styles"] = merged({} if replace and styles is not None else _dict(found.get("styles")), part)
    if settings is not None:
        fields["settings"] = merged({} if replace else _dict(found.get("settings")), settings)
    await shop.update(GLOBAL_STYLES, target, fields)


def _dict(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}  # PHP's empty object may be a list


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> Json:
    """JSON Merge Patch (RFC 7396): objects are merged, null takes a key away, all else replaces."""
    result = copy.deepcopy(dict(old))
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            inner = merged(_dict(result.get(key)), cast("Json", value))
            result.pop(key, None)
            if inner:
                result[key] = inner
        else:
            result[key] = value
    return result
