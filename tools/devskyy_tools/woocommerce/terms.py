"""What products are sorted by: attributes and their terms, tags, brands, shipping classes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import (
    ATTRIBUTE_TERMS,
    ATTRIBUTES,
    BRANDS,
    PRODUCT_TAGS,
    SHIPPING_CLASSES,
    Collection,
)
from devskyy_tools.shop.nouns import Id, Noun, Search
from devskyy_tools.shop.session import Shop

from .arguments import Html, Slug
from .models_terms import Attribute, AttributeTerm, Brand, ProductTag, ShippingClass

attributes = Toolset("attributes", timeout=20)
tags = Toolset("product_tags", timeout=20)
brands = Toolset("brands", timeout=20)
shipping_classes = Toolset("shipping_classes", timeout=20)

TermName = Annotated[str, Field(min_length=1, max_length=200)]
Place = Annotated[int, Field(ge=0, le=100_000, description="Place among the others.")]
MediaId = Annotated[int, Field(ge=1, description="Media id of the picture.")]
Above = Annotated[int, Field(ge=0, description="Id of the brand above; 0 for none.")]
_TERM: dict[str, Any] = {"name": TermName, "slug": Slug, "description": Html}
_ROW = ("id", "name", "slug", "count", "description")

Noun(
    attributes,
    ATTRIBUTES,
    "woo_attributes",
    row=Attribute,
    full=Attribute,
    writes={
        "name": TermName,
        "slug": Annotated[str, Field(max_length=31, pattern=r"^[a-z0-9_-]*$", description="E.g. pa_size.")],
        "order_by": Literal["menu_order", "name", "name_num", "id"],
        "has_archives": bool,
    },
    required=("name",),
    scope="catalog",
    says={
        "list": "List the attributes that products share, such as size and colour.",
        "create": "Make an attribute that products can share; woo_attribute_terms_create gives it options.",
        "update": "Change a shared attribute; its slug stays unless given.",
    },
).declare("list", "create", "update")

Noun(
    attributes,
    ATTRIBUTE_TERMS,
    "woo_attribute_terms",
    row=AttributeTerm,
    full=AttributeTerm,
    writes={**_TERM, "menu_order": Place},
    required=("name",),
    filters={"search": (Search, "")},
    row_fields=(*_ROW, "menu_order"),
    scope="catalog",
    parent={"attribute_id": "The attribute's id."},
    says={"list": "List an attribute's terms: the options that products can have, e.g. S, M, L."},
).declare("list", "create", "update")

Noun(
    brands,
    BRANDS,
    "woo_brands",
    row=Brand,
    full=Brand,
    writes={**_TERM, "parent": Above, "image": MediaId},
    required=("name",),
    filters={"search": (Search, "")},
    row_fields=(*_ROW, "parent"),
    scope="catalog",
    wire={"image": lambda media: {"id": media}},
).declare("list", "create", "update")

for _toolset, _collection, _name, _row in (
    (tags, PRODUCT_TAGS, "woo_tags", ProductTag),
    (shipping_classes, SHIPPING_CLASSES, "woo_shipping_classes", ShippingClass),
):
    Noun(
        _toolset,
        _collection,
        _name,
        row=_row,
        full=_row,
        writes=_TERM,
        required=("name",),
        filters={"search": (Search, "")},
        row_fields=_ROW,
        scope="catalog",
    ).declare("list", "create", "update")

Kind = Literal["attribute", "attribute_term", "tag", "brand", "shipping_class"]
_KINDS: dict[str, Collection] = {
    "attribute": ATTRIBUTES,
    "attribute_term": ATTRIBUTE_TERMS,
    "tag": PRODUCT_TAGS,
    "brand": BRANDS,
    "shipping_class": SHIPPING_CLASSES,
}


@attributes.tool("destroy", scopes="catalog:write")
async def woo_terms_delete(
    ctx: Context,
    kind: Kind,
    id: Id,  # noqa: A002 # the shop's own name
    attribute_id: Annotated[int, Field(ge=1, description="Of an attribute_term.")] | None = None,
) -> None:
    """Delete an attribute, attribute term, tag, brand or shipping class for good; a person is asked."""
    if (kind == "attribute_term") != (attribute_id is not None):
        raise Refused(
            Code.INVALID_ARGUMENTS,
            "attribute_id goes with the kind attribute_term, and is needed for it.",
            "woo_attributes_list has the ids.",
        )
    parent: dict[str, Any] = {} if attribute_id is None else {"attribute_id": attribute_id}
    await ctx.get(Shop).delete(_KINDS[kind], id, **parent)
