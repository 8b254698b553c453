"""What the shop sells and holds: prices, stock and, where it is known, what a piece costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_tools.shop.collections import PRODUCTS, VARIATIONS, Collection
from devskyy_tools.shop.money import amount_or_none
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import PAGE, Shop

from .pages import few, read_whole

Json = dict[str, Any]
MOST_PAGES = 200
"""Pages of 100 products, and as many of variations, that one call reads at most."""
_STOCK = ("id", "name", "sku", "price", "manage_stock", "stock_quantity", "meta_data", "date_created")
_FIELDS = (*_STOCK, "type", "status", "categories", "cost_of_goods_sold")


@dataclass(frozen=True, slots=True)
class Good:
    """A product or a variation. ``holds`` says that it counts stock of its own; ``cost`` is None where nobody knows."""

    id: int
    product_id: int
    name: str
    sku: str
    price: Decimal | None
    cost: Decimal | None
    stock: int
    holds: bool
    shares: bool
    since: str
    categories: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Goods:
    """All of them by id; products and variations have ids of one space."""

    by_id: dict[int, Good] = field(default_factory=dict[int, Good])

    def keeper(self, line: Mapping[str, Any]) -> Good | None:
        """Whose stock an order's line took from."""
        own = self.by_id.get(int(line.get("variation_id") or 0))
        if own is not None and not own.shares:
            return own if own.holds else None
        product = self.by_id.get(int(line.get("product_id") or 0))
        return product if product is not None and product.holds else None

    def cost_of(self, line: Mapping[str, Any]) -> Decimal | None:
        """What one piece of the line costs, as it is entered today; WooCommerce's own record of the sale goes first."""
        recorded = _recorded(line)
        if recorded is not None and int(line["quantity"]):
            return recorded / int(line["quantity"])
        sold = self.by_id.get(int(line.get("variation_id") or 0)) or self.by_id.get(int(line.get("product_id") or 0))
        return sold.cost if sold is not None else None

    @property
    def keepers(self) -> list[Good]:
        return [good for good in self.by_id.values() if good.holds]


async def read_goods(ctx: Context) -> Goods:
    """All products and variations but those in the bin.

    Raises:
        Refused: TOO_LARGE for more than are read.
    """
    cost_field, goods = ctx.get(Settings).shop_cost_field, Goods()
    for product in await _all(ctx, PRODUCTS, _FIELDS):
        goods.by_id[product["id"]] = _good(product, cost_field, None)
    for variation in await _all(ctx, VARIATIONS, (*_STOCK, "parent_id", "cost_of_goods_sold")):
        above = goods.by_id.get(int(variation.get("parent_id") or 0))
        if above is not None:
            goods.by_id[variation["id"]] = _good(variation, cost_field, above)
    return goods


async def categories_of(ctx: Context, products: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """Ids and names of each product's categories; products that are gone have none."""
    shop, ids = ctx.get(Shop), sorted(set(products))
    found: dict[int, list[tuple[int, str]]] = {}

    async def some(chunk: list[int]) -> None:
        page = await shop.list(PRODUCTS, fields=("id", "categories"), include=chunk, per_page=PAGE, status="any")
        found.update((one["id"], _categories(one)) for one in page.items)

    await few(some, [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)])
    return found


async def _all(ctx: Context, collection: Collection, fields: tuple[str, ...]) -> list[Json]:
    hint = "Export the catalogue (woo_catalog_export) and count it there."
    return (await read_whole(ctx, collection, fields, most=MOST_PAGES, hint=hint, orderby="id", status="any")).items


def _good(body: Json, cost_field: str, above: Good | None) -> Good:
    managed = body.get("manage_stock")
    cost = _cost(body, cost_field)
    own = plain_text(body["name"])
    name = f"{above.name} - {own}" if above is not None and above.name not in own else own
    return Good(
        id=body["id"],
        product_id=above.id if above is not None else body["id"],
        name=name,
        sku=str(body.get("sku") or ""),
        price=amount_or_none(body.get("price")),
        cost=cost if cost is not None or above is None else above.cost,
        stock=int(body.get("stock_quantity") or 0),
        holds=managed is True,
        shares=managed == "parent",
        since=str(body.get("date_created") or "")[:10],
        categories=tuple(_categories(body)) if above is None else above.categories,
    )


def _categories(body: Mapping[str, Any]) -> list[tuple[int, str]]:
    return [(one["id"], plain_text(one["name"])) for one in body.get("categories") or ()]


def _cost(body: Mapping[str, Any], cost_field: str) -> Decimal | None:
    """Of the custom field that SHOP_COST_FIELD names, else of WooCommerce's own cost of goods, where that is on."""
    entries = cast("list[Json]", body.get("meta_data") or [])
    found = next((one.get("value") for one in entries if cost_field and one.get("key") == cost_field), None)
    cost = amount_or_none(found)
    if cost is None and (own := cast("Json", body.get("cost_of_goods_sold") or {})).get("values"):
        cost = amount_or_none(own.get("total_value"))
    return cost if cost is not None and cost.is_finite() and cost >= 0 else None


def _recorded(line: Mapping[str, Any]) -> Decimal | None:
    """What the sold pieces of a line cost when they were sold, where WooCommerce has kept it."""
    own = cast("Json", line.get("cost_of_goods_sold") or {})
    cost = amount_or_none(own.get("total_value", own.get("value")))
    return cost if cost is not None and cost.is_finite() and cost > 0 else None
