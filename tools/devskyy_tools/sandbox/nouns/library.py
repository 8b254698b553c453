"""wp/v2 block-types and block-patterns: what pages can be built of."""

from __future__ import annotations

from typing import Any

from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route

TYPES, PATTERNS = "/wp/v2/block-types", "/wp/v2/block-patterns"
_TEXT: Json = {"content": {"type": "rich-text", "source": "rich-text", "role": "content"}}
_NO_LIST = (
    "editor_script_handles", "script_handles", "view_script_handles", "view_script_module_ids", "editor_style_handles",
    "style_handles", "view_style_handles", "variations", "block_hooks",
)  # fmt: skip
_NOTHING = ("editor_script", "script", "view_script", "editor_style", "style")
BLOCKS: dict[str, tuple[str, str, Json, list[str] | None]] = {
    "core/paragraph": ("Paragraph", "text", {**_TEXT, "dropCap": {"type": "boolean", "default": False}}, None),
    "core/heading": ("Heading", "text", {**_TEXT, "level": {"type": "number", "default": 2}}, None),
    "core/list": ("List", "text", {"ordered": {"type": "boolean", "default": False}}, None),
    "core/list-item": ("List Item", "text", _TEXT, ["core/list"]),
    "core/quote": ("Quote", "text", {"citation": {"type": "rich-text"}}, None),
    "core/image": ("Image", "media", {"id": {"type": "number"}, "url": {"type": "string"}, "alt": {"type": "string"},
                                      "sizeSlug": {"type": "string"}}, None),
    "core/cover": ("Cover", "media", {"id": {"type": "number"}, "url": {"type": "string"},
                                      "dimRatio": {"type": "number", "default": 100}}, None),
    "core/gallery": ("Gallery", "media", {"columns": {"type": "number"}}, None),
    "core/group": ("Group", "design", {"tagName": {"type": "string", "default": "div"}}, None),
    "core/columns": ("Columns", "design", {"isStackedOnMobile": {"type": "boolean", "default": True}}, None),
    "core/column": ("Column", "design", {"width": {"type": "string"}}, ["core/columns"]),
    "core/buttons": ("Buttons", "design", {}, None),
    "core/button": ("Button", "design", {"text": {"type": "rich-text"}, "url": {"type": "string"}}, ["core/buttons"]),
    "core/spacer": ("Spacer", "design", {"height": {"type": "string", "default": "100px"}}, None),
    "core/separator": ("Separator", "design", {"opacity": {"type": "string"}}, None),
    "core/html": ("Custom HTML", "widgets", {"content": {"type": "string"}}, None),
    "core/block": ("Pattern", "reusable", {"ref": {"type": "number"}}, None),
    "core/template-part": ("Template Part", "theme", {"slug": {"type": "string"}, "theme": {"type": "string"},
                                                      "tagName": {"type": "string"}, "area": {"type": "string"}}, None),
    "core/navigation": ("Navigation", "theme", {"ref": {"type": "number"}}, None),
    "core/navigation-link": ("Custom Link", "design", {"label": {"type": "string"}, "url": {"type": "string"},
                                                       "type": {"type": "string"}, "id": {"type": "number"}},
                             ["core/navigation"]),
    "core/site-title": ("Site Title", "theme", {"level": {"type": "number", "default": 1}}, None),
    "core/post-title": ("Title", "theme", {"level": {"type": "number", "default": 2}}, None),
    "core/post-content": ("Content", "theme", {}, None),
    "core/query": ("Query Loop", "theme", {"queryId": {"type": "number"}, "query": {"type": "object"}}, None),
    "core/post-template": ("Post Template", "theme", {}, None),
    "woocommerce/product-collection": ("Product Collection", "woocommerce", {"query": {"type": "object"}}, None),
    "woocommerce/cart": ("Cart", "woocommerce", {}, None),
    "woocommerce/checkout": ("Checkout", "woocommerce", {}, None),
}  # fmt: skip
CATEGORIES = {
    "banner": ("Banners", "Bold sections designed to showcase key content."),
    "call-to-action": ("Call to action", "Sections whose purpose is to trigger a specific action."),
    "gallery": ("Gallery", "Different layouts for displaying images."),
    "posts": ("Posts", "Display your latest posts in lists, grids or other layouts."),
    "text": ("Text", "Patterns containing mostly text."),
    "woo-commerce": ("WooCommerce", ""),
}


def routes() -> list[Route]:
    def read(path: str, noun: str, handler: Any, args: Json) -> Route:
        return Route(path, noun, {"GET": Endpoint(handler, args)})

    spaced = {**CONTEXT, "namespace": {"type": "string"}}
    return [
        read(TYPES, "block_type", types, spaced),
        read(f"{TYPES}/{{namespace:s}}", "block_type", types, spaced),
        read(f"{TYPES}/{{namespace:s}}/{{name:s}}", "block_type", one_type, CONTEXT),
        read(f"{PATTERNS}/patterns", "block_pattern", patterns, {}),
        read(f"{PATTERNS}/categories", "block_pattern", categories, {}),
    ]


def _require(call: Call, code: str, what: str) -> None:
    if not call.user.can("edit_posts"):
        raise denied(call, code, f"Sorry, you are not allowed to {what}.")


def types(call: Call) -> Reply:
    _require(call, "rest_block_type_cannot_view", "manage block types")
    space = call["namespace"]
    return Reply([_show(call, name).whole() for name in BLOCKS if not space or name.startswith(f"{space}/")])


def one_type(call: Call) -> Reply:
    _require(call, "rest_block_type_cannot_view", "manage block types")
    name = f"{call['namespace']}/{call['name']}"
    if name not in BLOCKS:
        raise RestError("rest_block_type_invalid", "Invalid block type.", 404)
    return _show(call, name)


def _show(call: Call, name: str) -> Reply:
    title, category, attributes, parent = BLOCKS[name]
    space = name.partition("/")[0]
    common: Json = {"lock": {"type": "object"}, "metadata": {"type": "object"}, "className": {"type": "string"}}
    data: Json = {
        "attributes": {**attributes, **common, "style": {"type": "object"}}, "is_dynamic": category == "theme",
        "api_version": 3, "name": name, "title": title, "description": "", "icon": None, "category": category,
        "keywords": [], "parent": parent, "ancestor": None, "allowed_blocks": None, "provides_context": [],
        "uses_context": [], "selectors": [], "supports": {"anchor": True}, "styles": [], "textdomain": None,
        "example": None, **{one: [] for one in _NO_LIST}, **dict.fromkeys(_NOTHING),
    }  # fmt: skip
    more = {"up": [{"href": call.site.rest(f"{TYPES}/{space}")}]}
    return Reply(data, links=links(call, f"{TYPES}/{name}", TYPES, **more))


def patterns(call: Call) -> Reply:
    _require(call, "rest_cannot_view", "view the registered block patterns")
    return Reply(call.store.option("patterns", []))


def categories(call: Call) -> Reply:
    _require(call, "rest_cannot_view", "view the registered block pattern categories")
    return Reply([{"name": key, "label": label, "description": words} for key, (label, words) in CATEGORIES.items()])
