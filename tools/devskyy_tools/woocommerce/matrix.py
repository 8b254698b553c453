"""A variable product's sizes times colours, laid out at once: terms, attributes and what variations are missing."""

from __future__ import annotations

from decimal import Decimal
from html import unescape
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.changes.model import Op
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import money
from devskyy_tools.shop.collections import ATTRIBUTE_TERMS, ATTRIBUTES, PRODUCTS, VARIATIONS
from devskyy_tools.shop.draft import plural
from devskyy_tools.shop.names import combination, plain
from devskyy_tools.shop.nouns import wire_value
from devskyy_tools.shop.session import Shop

from .arguments import Price, ProductId, Quantity, SalePrice, Sku, Status
from .combinations import MOST, Axis, combinations, fits, sku_of, words
from .price_moves import PriceMove, moved
from .variations import variations

Json = dict[str, Any]
_CONFIG = ConfigDict(extra="forbid", strict=True, defer_build=True)
_TOLD = 10
OptionName = Annotated[str, Field(min_length=1, max_length=100)]


class Options(BaseModel):
    """An attribute's options: a shared attribute's name, or one of the product's own."""

    model_config = _CONFIG
    name: OptionName
    options: Annotated[list[OptionName], Field(min_length=1, max_length=100)]


class Cell(BaseModel):
    """What is different where all these options meet; later ones win."""

    model_config = _CONFIG
    where: Annotated[dict[str, str], Field(min_length=1, description='E.g. {"Size": "XL"}.')]
    regular_price: Annotated[PriceMove, Field(description='Also "+10%", "by:+5".')] | None = None
    sale_price: SalePrice | None = None
    stock_quantity: Quantity | None = None
    leave_out: bool = False


@variations.tool("write", scopes="catalog:write", timeout=120)
async def woo_variations_matrix(
    ctx: Context,
    product_id: ProductId,
    attributes: Annotated[list[Options], Field(max_length=4, description="Added to the product's own.")] | None = None,
    regular_price: Price | None = None,
    stock_quantity: Quantity | None = None,
    sku: Annotated[Sku, Field(description='Pattern, e.g. "HOOD-{Colour}-{Size}".')] | None = None,
    status: Status = "publish",
    exceptions: Annotated[list[Cell], Field(max_length=100)] | None = None,
) -> None:
    """Lay out sizes × colours: make all variations that a variable product lacks, with one undo (at most 250)."""
    usual: Json = {"status": status}
    if regular_price is not None:
        usual["regular_price"] = money.text(regular_price)
    if stock_quantity is not None:
        usual["stock_quantity"] = stock_quantity
    await Matrix(ctx.get(Shop), product_id, usual, sku, exceptions or []).stage(attributes or [])


class Matrix:
    """One call's work.

    Args:
        shop: the call's session.
        product_id: the variable product.
        usual: fields of each variation, unless an exception says otherwise.
        sku: pattern of the SKUs, or None.
        exceptions: in their order.
    """

    def __init__(self, shop: Shop, product_id: int, usual: Json, sku: str | None, exceptions: list[Cell]) -> None:
        self.shop = shop
        self.product_id = product_id
        self.usual = usual
        self.sku = sku
        self.exceptions = exceptions

    async def stage(self, given: list[Options]) -> None:
        """Stage new terms, the product's attributes and the missing variations, and say what is left out.

        Raises:
            Refused: INVALID_ARGUMENTS for a product that has no variations, options named twice, more than 250
                combinations, SKUs that are not unique, exceptions that meet nothing.
        """
        shop, unit = self.shop, self.shop.unit
        product = await shop.get(PRODUCTS, self.product_id)
        label = PRODUCTS.label(self.product_id, product)
        shop.shows_texts_of(PRODUCTS)
        if product.get("type") != "variable":
            raise Refused(
                Code.INVALID_ARGUMENTS, f"{label} is a {product.get('type')} product.",
                'woo_products_update with more {"type": "variable"} makes it one that has variations.',
            )  # fmt: skip
        axes, wanted = await self._axes(product, given)
        cells = self._cells(combinations(wanted), label)
        after = await self._attributes(product, axes)
        have = await shop.taken.combinations(self.product_id)
        missing = [one for one in cells if combination(one) not in have]
        skipped = [one for one in missing if self._leaves_out(one)]
        made = [one for one in missing if one not in skipped]
        skus = self._skus(made)
        await shop.prefetch_skus(skus.values())
        for one in made:
            fields = {**await self._fields(one), "attributes": one}
            if words(one) in skus:
                fields["sku"] = skus[words(one)]
            op = await shop.create(VARIATIONS, fields, product_id=self.product_id)
            if after is not None:  # the shop drops options that the product does not have yet
                op.parent = {"product_id": after.ref}
        unit.title = self._title(label, wanted, made, len(cells) - len(missing))
        unit.warnings += self._warnings(skipped, made)

    # ---- what there is and is wanted -----------------------------------------------------------------------------

    async def _axes(self, product: Json, given: list[Options]) -> tuple[list[Axis], list[Axis]]:
        """The product's axes as they will be, and the options to be laid out on each of them."""
        axes = [Axis(one["name"], [*one["options"]], one["id"]) for one in product["attributes"] if one["variation"]]
        wanted = {plain(axis.name): axis for axis in axes}
        _once("attributes", [one.name for one in given])
        for one in given:
            _once(one.name, one.options)
            axis = wanted.get(plain(one.name))
            if axis is None:
                axis = await self._new_axis(one.name)
                axes.append(axis)
            has = {plain(option): option for option in axis.options}
            known = {**await self._names(axis), **has}  # as they are written already
            laid = [known.get(plain(option), option.strip()) for option in one.options]
            axis.options += [option for option in laid if plain(option) not in has]
            wanted[plain(one.name)] = Axis(axis.name, laid, axis.id)
        if not axes:
            raise Refused(
                Code.INVALID_ARGUMENTS, "The product has no attributes for variations.",
                'Give attributes, for example [{"name": "Size", "options": ["S", "M"]}].',
            )  # fmt: skip
        return axes, list(wanted.values())

    async def _new_axis(self, name: str) -> Axis:
        """A shared attribute of that name, if the shop has one, else one of the product's own."""
        shared = await self.shop.taken.read(ATTRIBUTES)
        names = (plain(name), f"pa_{plain(name)}")
        found = next((one for one in shared if plain(one["name"]) == names[0] or one["slug"] == names[1]), None)
        return Axis(str(found["name"]), [], int(found["id"])) if found else Axis(name.strip(), [])

    def _cells(self, cells: list[list[Json]], label: str) -> list[list[Json]]:
        if len(cells) > MOST:
            raise Refused(
                Code.INVALID_ARGUMENTS, f"These are {len(cells)} combinations; at most {MOST} can be laid out at once.",
                "Give fewer options in one call.", details={"combinations": len(cells)},
            )  # fmt: skip
        for number, one in enumerate(self.exceptions):
            if not any(fits(one.where, cell) for cell in cells):
                raise Refused(
                    Code.INVALID_ARGUMENTS, f"exceptions.{number} meets no combination of {label}.",
                    f"For example {words(cells[0])}.", details={"field": f"exceptions.{number}.where"},
                )  # fmt: skip
        return cells

    # ---- staging -------------------------------------------------------------------------------------------------

    async def _attributes(self, product: Json, axes: list[Axis]) -> Op | None:
        """Stage the product's attributes behind the terms that they need; None where it has them all."""
        shop = self.shop
        terms = [op for axis in axes if axis.id for op in await self._terms(axis)]
        by_name = {plain(axis.name): axis for axis in axes}
        lines = [
            {name: one[name] for name in ("id", "name", "position", "visible", "variation", "options")}
            for one in cast("list[Json]", product["attributes"])
        ]
        for line in lines:
            axis = by_name.pop(plain(line["name"]), None)
            if axis is not None:
                line |= {"options": axis.options, "variation": True}
        for axis in by_name.values():
            own = {"id": axis.id, "name": axis.name} if axis.id else {"name": axis.name}
            lines.append({**own, "position": len(lines), "visible": True, "variation": True, "options": axis.options})
        op = await shop.update(PRODUCTS, self.product_id, {"attributes": lines})
        if op is not None:
            op.warnings = [one for one in op.warnings if "empties" not in one]  # all that there were are kept
            op.parent = {f"term_{term.seq}": term.ref for term in terms}  # it waits for them
        return op

    async def _terms(self, axis: Axis) -> list[Op]:
        """Stage the options that a shared attribute has no terms for yet."""
        known = await self._names(axis)
        new = [option for option in axis.options if plain(option) not in known]
        return [await self.shop.create(ATTRIBUTE_TERMS, {"name": one}, attribute_id=axis.id) for one in new]

    async def _names(self, axis: Axis) -> dict[str, str]:
        """The terms of a shared attribute."""
        known = await self.shop.taken.read(ATTRIBUTE_TERMS, attribute_id=axis.id) if axis.id else []
        return {plain(one["name"]): unescape(str(one["name"])) for one in known}

    async def _fields(self, cell: list[Json]) -> Json:
        """A variation's fields: the usual ones, and what the exceptions that it meets say."""
        fields = dict(self.usual)
        decimals = (await self.shop.client.info()).decimals if self.exceptions else 2
        base = money.amount_or_none(self.usual.get("regular_price"))
        for one in self.exceptions:
            if not fits(one.where, cell):
                continue
            said = wire_value(one)
            price = said.pop("regular_price", None)
            fields |= {name: said[name] for name in ("sale_price", "stock_quantity") if name in said}
            if price is not None:
                fields["regular_price"] = money.text(_price(price, base, decimals))
        return fields

    def _leaves_out(self, cell: list[Json]) -> bool:
        met = [one.leave_out for one in self.exceptions if fits(one.where, cell)]
        return bool(met) and met[-1]

    def _skus(self, cells: list[list[Json]]) -> dict[str, str]:
        """The SKU of each combination by its words; they must differ."""
        if not self.sku:
            return {}
        found: dict[str, str] = {}
        for cell in cells:
            sku = sku_of(self.sku, cell)
            twin = next((name for name, other in found.items() if other == sku), None)
            if twin is not None:
                raise Refused(
                    Code.INVALID_ARGUMENTS, f"sku gives {twin} and {words(cell)} the same SKU, {sku}.",
                    "Name every attribute in the pattern, and see that options differ in letters and digits.",
                    details={"field": "sku"},
                )  # fmt: skip
            found[words(cell)] = sku
        return found

    # ---- summing up ----------------------------------------------------------------------------------------------

    def _title(self, label: str, axes: list[Axis], made: list[list[Json]], kept: int) -> str:
        size = " × ".join(f"{len(axis.options)} {axis.name}" for axis in axes)
        there = f"; {kept} are there already and stay as they are" if kept else ""
        if not made:
            return f"Nothing to change: {label} has all that is laid out ({size}){there}"
        terms = sum(1 for op in self.shop.unit.ops if op.collection == ATTRIBUTE_TERMS.name)
        also = f" and {plural(terms, 'term')}" if terms else ""
        return f"Would make {plural(len(made), 'variation')}{also} of {label} ({size}){there}"

    def _warnings(self, skipped: list[list[Json]], made: list[list[Json]]) -> list[str]:
        found = [f"Gaps, left out as asked: {_some(skipped)}."] if skipped else []
        priced = {words(op.body["attributes"]) for op in self.shop.unit.ops if op.body.get("regular_price")}
        bare = [one for one in made if words(one) not in priced]
        if bare:
            found.append(f"Without a price, and so not to be bought: {_some(bare)}.")
        return found


def _some(cells: list[list[Json]]) -> str:
    told = ", ".join(words(one) for one in cells[:_TOLD])
    return f"{told} and {len(cells) - _TOLD} more" if len(cells) > _TOLD else told


def _price(text: str, base: Decimal | None, decimals: int) -> Decimal:
    is_move = text.endswith("%") or text.startswith("by:")
    if is_move and base is None:
        raise Refused(Code.INVALID_ARGUMENTS, f"{text} needs a regular_price to move from.", "Give regular_price.")
    price = moved(text, base or Decimal(0), decimals)
    if price < 0:
        raise Refused(Code.INVALID_ARGUMENTS, f"{text} would bring a price below zero.")
    return price


def _once(name: str, given: list[str]) -> None:
    texts = [plain(one) for one in given]
    twice = sorted({one for one, text in zip(given, texts, strict=True) if texts.count(text) > 1})
    if twice:
        raise Refused(
            Code.INVALID_ARGUMENTS, f"{name} names the same twice: {', '.join(twice)}.", "Name each once.",
            details={"field": "attributes"},
        )  # fmt: skip
