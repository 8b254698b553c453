"""Which objects of the shop the rows of a product CSV are about: by ID, by SKU, a variation also by its options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from devskyy_tools.shop.abreast import abreast
from devskyy_tools.shop.collections import PRODUCTS
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import PAGE, Shop

from .csv_cells import Wrong, unmarked
from .csv_file import File, Problem, Row
from .csv_rows import inner

Json = dict[str, Any]


class Finder:
    """Finds the products of a file's rows with three requests per hundred, and sorts variations under them."""

    def __init__(self, shop: Shop, file: File) -> None:
        self.shop = shop
        self.file = file
        self.products: list[Row] = []
        self.strangers: dict[int, list[Row]] = {}
        """Variations whose products are in the shop and not in the file, by product."""
        self.unknown_ids = 0
        self._ids: dict[int, Json] = {}
        self._lost: set[int | str] = set()
        """Ids and SKUs of rejected products."""

    async def find(self) -> None:
        """Set each product row's target, and its children."""
        rows = self.file.rows
        named = {number for row in rows if not row.variation and (number := row.number)}
        parents = {number for row in rows if row.variation and (number := _number_of(row.parent))}
        await self._read_ids(sorted(named | parents))
        skus = [row.sku for row in rows] + [row.parent for row in rows if row.variation and not _number_of(row.parent)]
        await self.shop.prefetch_skus(skus)
        by_sku: dict[str, Row] = {}
        by_number: dict[int, Row] = {}
        kept: list[Row] = []
        rejected: set[int | str] = set()
        for row in (one for one in rows if not one.variation):
            try:
                row.target = await self._product(row)
            except Wrong as wrong:
                self._reject(row, wrong)
                rejected |= _names(row)
                continue
            kept.append(row)
            by_number |= {row.number: row} if row.number else {}
            by_sku |= {row.sku.casefold(): row} if row.sku else {}
        self.products = kept
        self._lost = rejected
        for row in (one for one in rows if one.variation):
            try:
                await self._sort(row, by_sku, by_number)
            except Wrong as wrong:
                self._reject(row, wrong)

    def _reject(self, row: Row, wrong: Wrong) -> None:
        self.file.problems.append(Problem(row.line, wrong.column, wrong.reason))

    async def _read_ids(self, ids: list[int]) -> None:
        async def read(status: str, some: list[int]) -> None:
            page = await self.shop.list(
                PRODUCTS, fields=("id", "sku", "name", "status"), include=some, status=status, per_page=PAGE
            )
            self._ids.update({int(item["id"]): item for item in page.items})

        for status in ("any", "trash"):
            left = [one for one in ids if one not in self._ids]
            await abreast(read, [(status, left[start : start + PAGE]) for start in range(0, len(left), PAGE)])

    async def _product(self, row: Row) -> int:
        """The product that the row changes, or 0."""
        holder = await self.shop.holder_of_sku(row.sku) if row.sku else None
        held = int(holder["id"]) if holder else 0
        found = self._ids.get(row.number)
        if found is not None:
            if held and held != row.number:
                raise Wrong("SKU", f"It belongs to product {held}, the ID is that of product {row.number}.")
            if found.get("status") == "trash":
                raise Wrong("ID", f"Product {row.number} is in the bin; restore it first.")
            _same_product(row, found)
            return row.number
        if holder is not None and holder.get("status") == "trash":
            raise Wrong("SKU", f"Product {held}, which is in the bin, has it; restore that one first.")
        if holder is not None and holder.get("type") == "variation":
            raise Wrong("SKU", f"It belongs to the variation {held} of product {holder.get('parent_id')}.")
        if row.number and not held:
            self.unknown_ids += 1
        return held

    async def _sort(self, row: Row, by_sku: Mapping[str, Row], by_number: Mapping[int, Row]) -> None:
        """Put a variation under its product."""
        number = _number_of(row.parent)
        parent = by_number.get(number) if number else by_sku.get(row.parent.casefold())
        if parent is not None:
            parent.children.append(row)
            return
        if (number or row.parent.casefold()) in self._lost:
            raise Wrong("Parent", "The row of its product is rejected.")
        if number:
            found = number if self._ids.get(number, {}).get("status", "trash") != "trash" else 0
        else:
            holder = await self.shop.holder_of_sku(row.parent)
            usable = holder is not None and holder.get("status") != "trash" and holder.get("type") != "variation"
            found = int(holder["id"]) if holder is not None and usable else 0
        if not found:
            raise Wrong("Parent", f"There is no product {row.parent[:60]}, neither in the shop nor in the file.")
        self.strangers.setdefault(found, []).append(row)


def _number_of(parent: str) -> int:
    number = parent[3:].strip() if parent.lower().startswith("id:") else ""
    return int(number) if number.isdecimal() else 0


def _names(row: Row) -> set[int | str]:
    """What a variation may name its product by."""
    return {one for one in (row.number, row.sku.casefold()) if one}


def _same_product(row: Row, found: Json) -> None:
    """A file from another shop has ids that mean other products here: neither name nor SKU is the same then."""
    sku, name = str(found.get("sku") or ""), plain_text(found.get("name"))
    given = plain_text(unmarked(row.cells.get("Name", "")))
    if row.sku and given and row.sku.casefold() != sku.casefold() and given != name:
        raise Wrong(
            "ID",
            f"Product {row.number} of this shop is {name[:60]!r} with another SKU: the file seems to be another "
            "shop's. Leave the IDs out, or change name and SKU one after the other.",
        )


def existing(row: Row, variations: Iterable[Json]) -> Json | None:
    """The variation that a row changes: by ID, by SKU, or by its options where it has neither.

    Raises:
        Wrong: when ID and SKU are those of two.
    """
    rows = [*variations]
    by_id = next((one for one in rows if row.number and one["id"] == row.number), None)
    by_sku = next((one for one in rows if row.sku and str(one.get("sku")).casefold() == row.sku.casefold()), None)
    if by_id is not None and by_sku is not None and by_id is not by_sku:
        raise Wrong("SKU", f"It belongs to variation {by_sku['id']}, the ID is that of variation {by_id['id']}.")
    found = by_id or by_sku
    if found is None and row.options:
        found = next((one for one in rows if _options(one) == row.options), None)
    return found


def _options(variation: Json) -> frozenset[tuple[str, str]]:
    return frozenset(
        (plain_text(one["name"]).casefold(), plain_text(one["option"]).casefold())
        for one in inner(variation, "attributes")
        if one.get("option")
    )
