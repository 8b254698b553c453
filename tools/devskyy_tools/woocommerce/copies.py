"""Beside the regular tools of products: copies, what is offered beside one, names of own fields, all combinations."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import PRODUCTS, VARIATIONS
from devskyy_tools.shop.draft import plural
from devskyy_tools.shop.money import text
from devskyy_tools.shop.names import combination
from devskyy_tools.shop.nouns import Limit, PageNumber, Search, past_the_end
from devskyy_tools.shop.session import Shop

from .arguments import Name, Price, ProductId, Quantity
from .bulk import products  # with the tool that is declared there
from .combinations import Axis, combinations
from .matrix import variations  # the same
from .models_terms import FieldNames, OfferedProduct, OfferedProducts

Basis = Literal["related", "suggested"]
SHOWN = ("id", "name", "price", "stock_status")
MOST_AT_ONCE = 99
"""Variations that the shop makes in one request of its own."""


@products.tool("write", scopes="catalog:write")
async def woo_products_duplicate(
    ctx: Context,
    id: ProductId,  # noqa: A002 # the shop's own name
    name: Annotated[Name, Field(description='The shop adds "(Copy)".')] | None = None,
) -> None:
    """Copy a product as a draft, with its variations; SKUs get a number at the end."""
    shop = ctx.get(Shop)
    product = await shop.get(PRODUCTS, id)
    if product.get("status") == "trash":
        raise Refused(Code.CONFLICT, f"{PRODUCTS.label(id, product)} is in the bin.", "Restore it first.")
    if product.get("type") == "variation":
        raise Refused(Code.INVALID_ARGUMENTS, f"{id} is a variation.", f"Copy product {product.get('parent_id')}.")
    children = len(cast("list[int]", product.get("variations") or []))
    with_it = f" with {plural(children, 'variation')}" if children else ""
    effects = [f"Makes a draft product{with_it}."]
    shop.act(PRODUCTS, id, "duplicate", {} if name is None else {"name": name}, makes=PRODUCTS, effects=effects)


@products.tool("read", scopes="catalog:read", texts="catalogue")
async def woo_products_related(
    ctx: Context,
    id: ProductId,  # noqa: A002 # the shop's own name
    basis: Annotated[Basis, Field(description="What its page shows, or what the shop would link to it.")] = "related",
    limit: Annotated[int, Field(ge=1, le=20)] = 5,
) -> OfferedProducts:
    """List the products that go with one: shown on its page, or suggested by category and tag."""
    shop = ctx.get(Shop)
    if basis == "related":
        ids = (await shop.client.get(PRODUCTS.url(None, id, "related"), what=PRODUCTS.label(id)))["related_ids"]
        params: dict[str, Any] = {"include": ids[:limit], "orderby": "include"}
        rows = (await shop.list(PRODUCTS, fields=SHOWN, per_page=limit, **params)).items if ids else []
    else:
        product = await shop.get(PRODUCTS, id, fields=("categories", "tags"))
        query: dict[str, Any] = {name: _ids(product.get(name)) for name in ("categories", "tags")}
        query |= {"exclude": [id], "limit": limit, "_fields": ",".join(SHOWN)}
        rows = (await shop.client.page(f"{PRODUCTS.url()}/suggested-products", query)).items
    return OfferedProducts(product_id=id, items=[OfferedProduct.of(row) for row in rows])


def _ids(terms: Any) -> list[int]:
    return [int(one["id"]) for one in cast("list[dict[str, Any]]", terms or [])]


@products.tool("read", scopes="catalog:read", texts="catalogue")
async def woo_custom_fields_list(
    ctx: Context, search: Search = "", page: PageNumber = 1, limit: Limit = 50
) -> FieldNames:
    """List the names of products' own fields, the keys of meta_data."""
    url, query = f"{PRODUCTS.url()}/custom-fields/names", {"search": search, "page": page, "per_page": limit}
    found = await ctx.get(Shop).client.page(url, query)
    names = [str(name) for name in found.items]
    return FieldNames(
        items=names, total=found.total, page=page, pages=found.pages, note=past_the_end(page, found.pages)
    )


@variations.tool("write", scopes="catalog:write", timeout=60)
async def woo_variations_generate(
    ctx: Context, product_id: ProductId, regular_price: Price | None = None, stock_quantity: Quantity | None = None
) -> None:
    """Make every missing combination of a product's options in one request, all alike (at most 99)."""
    shop = ctx.get(Shop)
    product = await shop.get(PRODUCTS, product_id)
    label = PRODUCTS.label(product_id, product)
    shop.shows_texts_of(PRODUCTS)
    known = cast("list[dict[str, Any]]", product.get("attributes") or [])
    axes = [Axis(one["name"], one["options"]) for one in known if one.get("variation")]
    if product.get("type") != "variable" or not axes:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"{label} has no attributes for variations.",
            "woo_variations_matrix gives it some, or set its type to variable and its attributes.",
        )
    have = await shop.taken.combinations(product_id)
    missing = [one for one in combinations(axes) if combination(one) not in have]
    if not missing:
        shop.unit.title = f"Nothing to change: {label} has all {len(have)} combinations already"
        return
    if len(missing) > MOST_AT_ONCE:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"{label} lacks {len(missing)} variations; the shop makes at most {MOST_AT_ONCE} at once.",
            "woo_variations_matrix makes more.",
        )
    values: dict[str, Any] = {} if regular_price is None else {"regular_price": text(regular_price)}
    if stock_quantity is not None:
        values |= {"manage_stock": True, "stock_quantity": stock_quantity}
    op = shop.act(
        PRODUCTS, product_id, "variations/generate", {"default_values": values} if values else {}, makes=VARIATIONS,
        effects=[f"Makes {plural(len(missing), 'variation')} of {label}, and numbers the order of all anew."],
    )  # fmt: skip
    op.label = label
    if regular_price is None:
        op.warnings.append("Without a price they can't be bought.")
    op.leaves.append("public")
