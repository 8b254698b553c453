"""Prices by rule with a floor: what would earn less than the margin that is asked for stays as it is, and is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.changes.model import Op
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import money
from devskyy_tools.shop.collections import Collection
from devskyy_tools.shop.draft import plural
from devskyy_tools.shop.money import Money
from devskyy_tools.shop.session import Shop
from devskyy_tools.woocommerce.csv_rows import inner
from devskyy_tools.woocommerce.many import TOLD, Many, ProductFields, ProductFilter
from devskyy_tools.woocommerce.price_moves import PriceMove, moved

repricing = Toolset("playbooks", timeout=300)

Json = dict[str, Any]
Field_ = Literal["regular_price", "sale_price"]
Ending = Literal[".00", ".90", ".95", ".99"]
_HUNDRED = Decimal(100)


@repricing.tool("write", scopes="catalog:write")
async def play_reprice(
    ctx: Context,
    filter: ProductFilter,  # noqa: A002 # what people call it
    move: Annotated[PriceMove, Field(description='"-15%", "by:+2.50" or "49.90".')],
    min_margin: Annotated[Money, Field(description="Percent, tax taken off.")] = Decimal(0),
    cost_field: Annotated[str, Field(max_length=100, description="Custom field.")] = "",
    ending: Ending | None = None,
    price: Field_ = "regular_price",
    tax_percent: Annotated[Money, Field(description="In the prices.")] = Decimal(0),
    include_variations: bool = True,
) -> None:
    """Re-price products by rule; what would fall below its margin floor stays and is told."""
    field = cost_field or ctx.get(Settings).shop_cost_field
    if not field:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            "Nothing says what the products cost, so there is no floor.",
            "Give cost_field, the custom field that holds it, or set SHOP_COST_FIELD; woo_products_bulk_update moves "
            "prices without a floor.",
        )
    shop = ctx.get(Shop)
    rule = Rule(move, price, min_margin, tax_percent, ending, field, (await shop.client.info()).decimals)
    rule.check()
    if not tax_percent and await _tax_included(shop):
        shop.unit.warnings.append(
            "This shop's prices include tax: the margin is counted on them as they are, unless tax_percent is given."
        )
    await Repricing(shop, filter, rule, variations=include_variations).stage(ctx)


class Rule(NamedTuple):
    """How a price comes about, and below what it may not be.

    Args:
        move: from the regular price, or an amount.
        price: which price is set.
        margin: percent of the price without tax.
        tax: percent that the prices hold.
        ending: what a price ends in, None for any.
        cost_field: key of the custom field with the cost.
        decimals: of the shop's amounts.
    """

    move: str
    price: Field_
    margin: Decimal
    tax: Decimal
    ending: Ending | None
    cost_field: str
    decimals: int

    def check(self) -> None:
        """Refuse what can't be.

        Raises:
            Refused: INVALID_ARGUMENTS.
        """
        if self.margin >= _HUNDRED:
            raise Refused(Code.INVALID_ARGUMENTS, "min_margin must be below 100 percent of the price.")
        if self.ending not in (None, ".00") and self.decimals < 2:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"This shop's amounts have {self.decimals} decimals; none can end in {self.ending}.",
                "Leave ending out, or use .00.",
            )

    def floor(self, cost: Decimal) -> Decimal:
        """The lowest price that earns the margin, rounded up to the shop's decimals."""
        net = cost / (1 - self.margin / _HUNDRED)
        return (net * (1 + self.tax / _HUNDRED)).quantize(Decimal(1).scaleb(-self.decimals), ROUND_CEILING)

    def of(self, regular: Decimal, floor: Decimal) -> Decimal:
        """The new price. A price above its floor does not fall below it by the ending: the next one up is taken."""
        price = moved(self.move, regular, self.decimals)
        if self.ending is None:
            return price
        rounded = ended(price, Decimal(self.ending))
        return rounded + 1 if rounded < floor <= price else rounded


def ended(price: Decimal, ending: Decimal) -> Decimal:
    """The nearest amount with this ending, the higher one of two; 85.40 ends in .90 as 84.90, in .00 as 85.00."""
    below = (price - ending).to_integral_value(ROUND_FLOOR) + ending
    nearest = below if price - below < Decimal("0.5") else below + 1
    return nearest if nearest > 0 else nearest + 1


class Repricing(Many):
    """One call's work: as for any bulk change, but each price is worked out and held against its floor."""

    def __init__(self, shop: Shop, wanted: ProductFilter, rule: Rule, *, variations: bool) -> None:
        change = ProductFields.model_validate({rule.price: rule.move})
        super().__init__(shop, wanted, change, variations=variations)
        self.rule = rule
        self.below: list[str] = []
        self.without: dict[str, int] = {}
        self._parents: dict[int, Decimal] = {}

    async def _stage(self, page: list[Json]) -> None:
        self._parents = {one["id"]: cost for one in page if (cost := self._cost(one)) is not None}
        await super()._stage(page)

    def _cost(self, obj: Mapping[str, Any]) -> Decimal | None:
        found = next(
            (one.get("value") for one in inner(dict(obj), "meta_data") if one.get("key") == self.rule.cost_field), None
        )
        cost = money.amount_or_none(found)
        return cost if cost is not None and cost.is_finite() and cost >= 0 else None

    async def _one(self, collection: Collection, obj: Json, fields: Json, **parent: Any) -> None:
        if not fields:
            return
        regular = money.amount_or_none(obj.get("regular_price"))
        cost = self._cost(obj)
        if cost is None:
            cost = self._parents.get(parent.get("product_id", 0))
        if regular is None or cost is None:
            what = "price" if regular is None else "cost"
            self.without[what] = self.without.get(what, 0) + 1
            return
        floor = self.rule.floor(cost)
        price = self.rule.of(regular, floor)
        if price < floor or price <= 0:
            self.below.append(
                f"{collection.label(obj['id'], obj)}: {money.text(price, self.rule.decimals)} is below its floor of "
                f"{money.text(floor, self.rule.decimals)} (cost {money.text(cost, self.rule.decimals)})"
            )
            return
        await super()._one(collection, obj, {self.rule.price: money.text(price, self.rule.decimals)}, **parent)

    def _title(self, ops: Sequence[Op]) -> str:
        skipped = len(self.below) + sum(self.without.values())
        if not ops and skipped:
            return f"Nothing to change: {self._left_as_they_are()}"
        return super()._title(ops) + (f"; {self._left_as_they_are()}" if skipped else "")

    def _left_as_they_are(self) -> str:
        parts = [f"{len(self.below)} below the floor"] if self.below else []
        parts += [f"{number} without a {what}" for what, number in self.without.items()]
        return f"{', '.join(parts)} stay as they are"

    def _warnings(self) -> list[str]:
        found = [f"Left out: {one}." for one in self.below[:TOLD]]
        if len(self.below) > TOLD:
            found.append(f"{plural(len(self.below), 'price')} would be below their floor in all.")
        if "cost" in self.without:
            found.append(f"{self.without['cost']} have no cost in the custom field {self.rule.cost_field}.")
        return [*found, *super()._warnings()]


async def _tax_included(shop: Shop) -> bool:
    """Whether the shop's prices hold the tax; no where it does not tell."""
    try:
        row = await shop.client.get("/wc/v3/settings/tax/woocommerce_prices_include_tax", {"_fields": "id,value"})
    except Refused:
        return False
    return row.get("value") == "yes"
