"""Classic menus and their items; the menus of block themes are navigations (see patterns.py)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import MENU_ITEMS, MENUS
from devskyy_tools.shop.nouns import Id, Noun, Search, optional

from .content import Title
from .models_site import Menu, MenuItem

menus = Toolset("menus", timeout=20)

Name = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=5000)]
Locations = Annotated[list[str], Field(max_length=50, description="See wp_library_list, menu_locations.")]

Noun(
    menus,
    MENUS,
    "wp_menus",
    row=Menu,
    full=Menu,
    writes={"name": Name, "description": Description, "locations": Locations, "auto_add": bool},
    required=("name",),
    filters={"search": (Search, "")},
    scope="content",
    says={"list": "List the classic menus; a block theme shows navigations instead (wp_blocks_list)."},
).declare("list", "create", "update", "delete")

_ITEM: dict[str, Any] = {
    "title": Title,
    "menus": Annotated[int, Field(ge=1, description="Its menu's id.")],
    "type": Literal["custom", "post_type", "taxonomy", "post_type_archive"],
    "url": Annotated[str, Field(max_length=2000, description="For type custom.")],
    "object": Annotated[str, Field(max_length=60, description="page, product, category …")],
    "object_id": Annotated[int, Field(ge=0)],
    "parent": Annotated[int, Field(ge=0, description="Item above; 0 for none.")],
    "menu_order": Annotated[int, Field(ge=1)],
    "target": Literal["", "_blank"],
    "status": Literal["draft", "publish"],
}
Noun(
    menus,
    MENU_ITEMS,
    "wp_menu_items",
    row=MenuItem,
    full=MenuItem,
    writes=_ITEM,
    required=("menus",),
    filters={"menus": (optional(Id), None), "search": (Search, "")},
    scope="content",
    says={"create": "Put a link into a menu: a url, or a page, product or category of the site."},
).declare("list", "create", "update", "delete")
