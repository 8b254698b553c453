"""The types and taxonomies that the site itself lists: which there are, and what they are called in addresses."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient

TypeName = Annotated[str, Field(min_length=1, max_length=60, description="See wp_types_list.")]
Taxonomy = Annotated[str, Field(min_length=1, max_length=60, description="category, post_tag, …: see wp_types_list.")]
Of = Literal["types", "taxonomies"]

OWN_TOOLS = {
    "post": "wp_posts_*",
    "page": "wp_pages_*",
    "attachment": "wp_media_*",
    "wp_block": "wp_blocks_*",
    "wp_navigation": "wp_navigation_*",
    "nav_menu_item": "wp_menu_items_*",
    "nav_menu": "wp_menus_*",
    "wp_template": "wp_templates_*",
    "wp_template_part": "wp_template_parts_*",
    "wp_global_styles": "wp_global_styles_*",
    "wp_font_family": "wp_font_families_*",
    "wp_font_face": "wp_font_faces_*",
}
"""Types and taxonomies that have tools of their own."""
_ALWAYS = {"category": ("categories", True), "post_tag": ("tags", False)}
"""Those of WordPress itself, which needn't be asked for: name in addresses, and whether terms nest."""


async def taxonomy_path(client: ShopClient, name: str, *, nests: bool = False) -> str:
    """What the taxonomy is called in addresses; ``nests`` when a term above is given.

    Raises:
        Refused: INVALID_ARGUMENTS, with the nearest that there is.
    """
    for slug, (path, nested) in _ALWAYS.items():
        if name in (slug, path):
            return _may_nest(path, nested=nested, wanted=nests)
    found = await _known(client, "taxonomies", name)
    return _may_nest(str(found["rest_base"]), nested=bool(found.get("hierarchical")), wanted=nests)


def _may_nest(path: str, *, nested: bool, wanted: bool) -> str:
    if wanted and not nested:
        raise Refused(Code.INVALID_ARGUMENTS, f"{path} is flat: its terms have no parent.", "Leave parent out.")
    return path


async def item_type(client: ShopClient, name: str) -> dict[str, Any]:
    """The type as the site describes it (``slug``, ``rest_base``, ``taxonomies``).

    Raises:
        Refused: INVALID_ARGUMENTS for one that is not there, not public, or has tools of its own.
    """
    found = await _known(client, "types", name)
    if found.get("viewable") is False:
        raise Refused(Code.INVALID_ARGUMENTS, f"{name} is not public: nobody looks at its items.", "See wp_types_list.")
    return found


async def _known(client: ShopClient, of: Of, name: str) -> dict[str, Any]:
    kinds = await client.kinds(of)
    found = _named(kinds, name)
    if found is None:  # a plugin may just have been switched on
        kinds = await client.kinds(of, anew=True)
        found = _named(kinds, name)
    own = OWN_TOOLS.get(str((found or {}).get("slug", name)))
    if own:
        raise Refused(Code.INVALID_ARGUMENTS, f"{name} has tools of its own.", f"Use {own}.")
    if found is None or found.get("rest_namespace", "wp/v2") != "wp/v2":
        near = difflib.get_close_matches(name, kinds, 1, 0.5)
        did = f"did you mean {near[0]}?" if near else "wp_types_list names those there are."
        what = "taxonomy" if of == "taxonomies" else "type"
        raise Refused(Code.INVALID_ARGUMENTS, f"The site has no {what} {name[:60]!r}; {did}", "See wp_types_list.")
    return found


def _named(kinds: dict[str, dict[str, Any]], name: str) -> dict[str, Any] | None:
    return kinds.get(name) or next((one for one in kinds.values() if one.get("rest_base") == name), None)
