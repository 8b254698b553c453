"""All products that a filter finds, set alike: read page by page, staged, and summed up."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.changes.model import Op
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import money
from devskyy_tools.shop.abreast import abreast
from devskyy_tools.shop.collections import PRODUCTS, VARIATIONS, Collection
from devskyy_tools.shop.draft import plural
from devskyy_tools.shop.fields import cut
from devskyy_tools.shop.money import Money
from devskyy_tools.shop.nouns import Search, ids_as_objects
from devskyy_tools.shop.session import Shop

from .arguments import Ids, Name, Quantity, Status, StockStatus
from .price_moves import PriceMove, PriceMoveOrNone, new_prices, said

Json = dict[str, Any]
MOST = 10_000
PAGE = 100
ABREAST = 4
"""Pages that are read at once; the client itself keeps to as many requests."""
TOLD = 5
_PRICES = ("regular_price", "sale_price")
_STOCK = ("stock_quantity", "stock_status")
_OF_VARIATIONS = (*_PRICES, "date_on_sale_from", "date_on_sale_to", *_STOCK)
_NO_PRICE = ("variable", "grouped")
Moment = Annotated[str, Field(max_length=25)]
_CONFIG = ConfigDict(extra="forbid", strict=True, defer_build=True)


class ProductFilter(BaseModel):
    """All hold; {}: all products."""

    model_config = _CONFIG
    ids: list[Annotated[int, Field(ge=1)]] | None = None
    category: int | None = None
    tag: int | None = None
    status: Status | None = None
    type: Literal["simple", "variable", "grouped", "external"] | None = None
    search: Search | None = None
    on_sale: bool | None = None
    stock_status: StockStatus | None = None
    min_price: Money | None = None
    max_price: Money | None = None

    def given(self) -> Json:
        """The shop's list parameters, the ids apart."""
        found = self.model_dump(mode="json", exclude_none=True, exclude={"ids"})
        return {name: value for name, value in found.items() if value != ""}

    def holds(self, variation: Json) -> bool:
        """Whether a variation of a product that is found is meant too: by what it has of its own."""
        price = money.amount_or_none(variation.get("price"))
        return (
            (self.on_sale is None or variation.get("on_sale") is self.on_sale)
            and (self.stock_status is None or variation.get("stock_status") == self.stock_status)
            and (self.min_price is None or (price is not None and price >= self.min_price))
            and (self.max_price is None or (price is not None and price <= self.max_price))
        )

    @property
    def words(self) -> str:
        named = [f"{name} {value}" for name, value in self.given().items()]
        return ", ".join([*([f"{len(self.ids)} ids"] if self.ids is not None else []), *named])


class ProductFields(BaseModel):
    """Prices also as "-15%", "by:+2.5"."""

    model_config = _CONFIG
    id: Annotated[int, Field(ge=1)] | None = None
    name: Name | None = None
    status: Status | None = None
    regular_price: PriceMove | None = None
    sale_price: Annotated[PriceMoveOrNone, Field(description='Moves from the regular price; "" ends it.')] | None = None
    date_on_sale_from: Moment | None = None
    date_on_sale_to: Moment | None = None
    stock_quantity: Quantity | None = None
    stock_status: StockStatus | None = None
    categories: Ids | None = None

    def given(self) -> Json:
        """The fields to be set, as the shop takes them, the id apart; prices as they were given."""
        found = self.model_dump(exclude_none=True, exclude={"id"})
        if "categories" in found:
            found["categories"] = ids_as_objects(found["categories"])
        return found


class Many:
    """One call's work.

    Args:
        shop: the call's session.
        wanted: which products.
        change: what they get.
        variations: whether prices and stock of variable products' variations are meant too.
    """

    def __init__(self, shop: Shop, wanted: ProductFilter, change: ProductFields, *, variations: bool) -> None:
        self.shop = shop
        self.wanted = wanted
        self.given = change.given()
        self.variations = variations
        self.matched = 0
        self.left_out: list[Refused] = []
        self.kept_prices = 0

    async def stage(self, ctx: Context) -> None:
        """Stage the changes and say what they come to.

        Raises:
            Refused: INVALID_ARGUMENTS for a set that says nothing, for a filter that finds too many, and where no
                product can be set so; NOT_FOUND for unknown categories.
        """
        unit = self.shop.unit
        if not self.given:
            raise Refused(Code.INVALID_ARGUMENTS, "set names no field.", 'For example {"regular_price": "-10%"}.')
        async for page in self._pages():
            await self._stage(page)
            await ctx.progress(self.matched, None, f"{self.matched} products read")
        if not unit.ops and self.left_out:
            raise self.left_out[0]
        unit.title = self._title(unit.ops)
        unit.warnings += self._warnings()
        if unit.ops and self.matched == await self._whole():
            unit.asks.append(f"Matches every product of the shop ({self.matched}).")

    # ---- finding -------------------------------------------------------------------------------------------------

    async def _pages(self) -> AsyncGenerator[list[Json]]:
        """The products that match, by ascending id, some pages read at once."""
        if self.wanted.ids is not None:
            ids = sorted({*self.wanted.ids})
            if len(ids) > MOST:
                raise _too_many(f"These are {len(ids)} products")
            queries = [{"include": ids[start : start + PAGE]} for start in range(0, len(ids), PAGE)]
        else:
            first = await self._page({"page": 1})
            if first.total > MOST:
                raise _too_many(f"This filter matches {first.total} products")
            yield first.items
            queries = [{"page": number} for number in range(2, first.pages + 1)]
        for start in range(0, len(queries), ABREAST):
            found: dict[int, list[Json]] = {}

            async def read(number: int, query: Json, found: dict[int, list[Json]] = found) -> None:
                found[number] = (await self._page(query)).items

            await abreast(read, list(enumerate(queries[start : start + ABREAST])))
            for number in sorted(found):
                yield found[number]

    async def _page(self, query: Json) -> Any:
        given = {"status": "any", **self.wanted.given(), **query}
        return await self.shop.list(
            PRODUCTS, context="edit", per_page=PAGE, orderby="id", order="asc", **cut(PRODUCTS), **given
        )

    async def _whole(self) -> int:
        """How many products the shop has; asked only where all of them may be meant."""
        if not self.wanted.words:
            return self.matched
        if self.wanted.ids is not None:
            return -1
        return await self.shop.client.number_of_products()

    # ---- staging -------------------------------------------------------------------------------------------------

    async def _stage(self, page: list[Json]) -> None:
        self.matched += len(page)
        for product in page:
            fields = dict(self.given)
            if product.get("type") in _NO_PRICE:
                moved = self.variations and product["type"] == "variable"
                fields = self._without_prices(fields, moved=moved, counted=product.get("manage_stock") is True)
            await self._one(PRODUCTS, product, fields)
        of_variations = {name: value for name, value in self.given.items() if name in _OF_VARIATIONS}
        if self.variations and of_variations:
            await self._stage_variations([one for one in page if one.get("type") == "variable"], of_variations)
        self.shop.forget()

    def _without_prices(self, fields: Json, *, moved: bool, counted: bool) -> Json:
        """The fields of a product whose prices, or with ``moved`` also stock, are those of its variations; stock that
        the product counts itself stays its own.
        """
        if not moved and any(name in fields for name in _PRICES):
            self.kept_prices += 1
        taken = _OF_VARIATIONS if moved and not counted else _OF_VARIATIONS[:4]
        return {name: value for name, value in fields.items() if name not in taken}

    async def _stage_variations(self, parents: list[Json], fields: Json) -> None:
        found: dict[int, list[Json]] = {}

        async def read(parent: int) -> None:
            rows: list[Json] = []
            number, pages = 1, 1
            while number <= pages:
                page = await self.shop.list(
                    VARIATIONS, product_id=parent, context="edit", per_page=PAGE, page=number, status="any",
                    orderby="id", order="asc", **cut(VARIATIONS),
                )  # fmt: skip
                rows += page.items
                number, pages = number + 1, page.pages
            found[parent] = rows

        await abreast(read, [(parent["id"],) for parent in parents])
        for parent in parents:
            for variation in found[parent["id"]]:
                if self.wanted.holds(variation):
                    shared = variation.get("manage_stock") == "parent"  # then its stock is its product's
                    own = {name: value for name, value in fields.items() if not (shared and name in _STOCK)}
                    await self._one(VARIATIONS, variation, own, product_id=parent["id"])

    async def _one(self, collection: Collection, obj: Json, fields: Json, **parent: Any) -> None:
        """Stage one object; what the shop would garble is left out and told, not the whole call refused."""
        if not fields:
            return
        try:
            label = collection.label(obj["id"], obj)
            priced = await new_prices(self.shop.client, obj, fields, label)
            self.shop.keep(collection, obj, **parent)
            await self.shop.update(collection, obj["id"], priced, **parent)
        except Refused as refused:
            if refused.code not in (Code.INVALID_ARGUMENTS, Code.CONFLICT):
                raise
            self.left_out.append(refused)
        if len(self.shop.unit.ops) > MOST:
            raise _too_many("With the variations this changes more objects")

    # ---- summing up ----------------------------------------------------------------------------------------------

    def _title(self, ops: Sequence[Op]) -> str:
        if not self.matched:
            return f"Nothing to change: no product matches {self.wanted.words or 'at all'}"
        if not ops:
            return f"Nothing to change: all {plural(self.matched, 'product')} that match are as asked already"
        variations = sum(1 for op in ops if op.collection == VARIATIONS.name)
        whats = [
            plural(number, noun) for number, noun in ((len(ops) - variations, "product"), (variations, "variation"))
        ]
        parts = [f"Would update {' and '.join(what for what in whats if not what.startswith('0 '))}"]
        return "; ".join([*parts, *said(ops)])

    def _warnings(self) -> list[str]:
        found = [f"Left out: {refused.message}" for refused in self.left_out[:TOLD]]
        if len(self.left_out) > TOLD:
            found.append(f"{len(self.left_out)} objects are left out in all.")
        if self.wanted.ids and self.matched < len({*self.wanted.ids}):
            found.append(f"{plural(len({*self.wanted.ids}) - self.matched, 'id')} match no product of this filter.")
        if self.kept_prices:
            found.append(
                f"{plural(self.kept_prices, 'product')} without a price of their own keep their prices; with "
                "include_variations those of variations change."
            )
        return found


def _too_many(what: str) -> Refused:
    return Refused(
        Code.INVALID_ARGUMENTS,
        f"{what}; at most {MOST:,} can be changed at once.",
        "Narrow it: by category, tag, status, type, stock_status, on_sale, search, min_price and max_price, or ids.",
    )
