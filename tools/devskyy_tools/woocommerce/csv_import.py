"""The catalogue from a file: what WooCommerce's export says of each product is compared with what the file says.

A cell that reads as an export of the shop would write it changes nothing, whatever it would mean: so that a file that
was exported and is imported again changes nothing at all, and a file that was edited changes what was edited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import anyio.to_thread
from pydantic import Field

from devskyy_mcp.assets import tables
from devskyy_mcp.assets.store import TABLES
from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source, content_of
from devskyy_mcp.capability import Toolset
from devskyy_mcp.changes.model import ObjectId, Op, Ref
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.abreast import abreast
from devskyy_tools.shop.collections import ALL, MEDIA, PRODUCTS, VARIATIONS
from devskyy_tools.shop.draft import plural
from devskyy_tools.shop.session import PAGE, Shop

from . import csv_cells as cells_of
from .csv_cells import FRESH, Wrong
from .csv_file import File, Problem, Row, near, rows_of
from .csv_finding import Finder, existing
from .csv_rows import Names, inner, linked_ids, row_of, safe
from .csv_terms import Links, Terms, refusal_of
from .export import all_of, names_of
from .many import MOST, TOLD
from .rejected import report_of

imports = Toolset("imports", timeout=600)

Json = dict[str, Any]
Only = Literal["create", "update"]
_LINKS = {"Grouped products": "grouped_products", "Upsells": "upsell_ids", "Cross-sells": "cross_sell_ids"}


@imports.tool("write", scopes="catalog:write")
async def woo_catalog_import(
    ctx: Context,
    asset: AssetId = None,
    path: FilePath = None,
    url: FileUrl = None,
    only: Annotated[Only | None, Field(description="Leave out the other rows.")] = None,
    skip_rejected: Annotated[bool, Field(description="Else one bad row stops all.")] = False,
) -> None:
    """Import products and variations, found by ID or SKU, from a CSV as woo_catalog_export writes it.

    Absent columns stay, empty cells clear; missing categories, tags and brands are made.
    """
    found = await Source(url, asset, path).take(ctx, TABLES)
    content = await content_of(ctx, found)
    table = await anyio.to_thread.run_sync(tables.read, content)
    shop = ctx.get(Shop)
    await Import(shop, table, Names(**await names_of(shop)), only).stage(ctx, skip_rejected=skip_rejected)


class Import:
    """One file's work.

    Args:
        shop: the call's session.
        table: the file.
        names: what ids stand for in this shop, and how it writes numbers.
        only: whether rows may only make, or only change.
    """

    def __init__(self, shop: Shop, table: tables.Table, names: Names, only: Only | None) -> None:
        self.shop = shop
        self.table = table
        self.names = names
        self.only = only
        self.file: File = rows_of(table, names)
        self.terms = Terms(shop, names)
        self.links = Links(shop, (row.sku for row in self.file.rows if not row.variation and row.sku))
        self.finder = Finder(shop, self.file)
        self.meta = any(column.startswith("Meta: ") for column in self.file.columns)
        self.same = self.not_asked = 0
        self._known: dict[int, list[Json]] = {}
        self._regrouped: dict[ObjectId, Op] = {}
        self._skus: dict[int, str] = {}
        self._pictures: dict[str, int] = {}
        self._later: list[tuple[Row, ObjectId, dict[str, str]]] = []

    async def stage(self, ctx: Context, *, skip_rejected: bool) -> None:
        """Stage all rows and say what they come to.

        Raises:
            Refused: INVALID_ARGUMENTS with the report where a row is rejected and none may be, or none is left.
        """
        await self.finder.find()
        done = 0
        for products, strangers in self._windows():
            await self._read(products, strangers)
            for row in products:
                await self._product(row)
            for number, rows in strangers.items():
                await self._variations(rows, number, await self.shop.get(PRODUCTS, number))
            self.shop.forget()
            done += len(products) + sum(map(len, strangers.values())) + sum(len(row.children) for row in products)
            await ctx.progress(done, len(self.table.records), f"{done} rows read")
        for row, target, links in self._later:
            await self._row(row, lambda target=target, links=links: self._link(target, links))
        await self._sum_up(ctx, skip_rejected=skip_rejected)

    def _windows(self) -> Iterator[tuple[list[Row], dict[int, list[Row]]]]:
        """About a hundred objects at a time: products with their variations, then variations of others."""
        products: list[Row] = []
        size = 0
        for row in self.finder.products:
            products.append(row)
            size += 1 + len(row.children)
            if size >= PAGE:
                yield products, {}
                products, size = [], 0
        yield products, {}
        strangers = [*self.finder.strangers.items()]
        for start in range(0, len(strangers), PAGE // 4):
            yield [], dict(strangers[start : start + PAGE // 4])

    # ---- reading -------------------------------------------------------------------------------------------------

    async def _read(self, products: list[Row], strangers: Mapping[int, list[Row]]) -> None:
        """The window's objects, the products that they are linked to, and the pictures that they have."""
        ids = [row.target for row in products if row.target] + [*strangers]
        await self.shop.prefetch(PRODUCTS, ids)
        present = [found for one in ids if (found := await self.shop.find(PRODUCTS, one)) is not None]
        for one in present:
            self._skus[one["id"]] = str(one.get("sku") or "")
            self._pictures |= {image["src"]: image["id"] for image in inner(one, "images") if image.get("id")}
        if {*_LINKS} & {*self.file.columns}:
            other = sorted({one for item in present for one in linked_ids(item)} - self._skus.keys())
            for start in range(0, len(other), PAGE):
                page = await self.shop.list(
                    PRODUCTS, fields=["id", "sku"], include=other[start : start + PAGE], per_page=PAGE, status="any"
                )
                self._skus |= {item["id"]: str(item.get("sku") or "") for item in page.items}
        self._known, self._regrouped = {}, {}
        parents = [row.target for row in products if row.target and row.children] + [*strangers]
        await abreast(self._read_variations, [(one,) for one in parents])

    async def _read_variations(self, parent: int) -> None:
        found = await all_of(self.shop, VARIATIONS, product_id=parent, status="any", orderby="id", order="asc")
        for one in found:
            self.shop.keep(VARIATIONS, one, product_id=parent)
            if image := one.get("image"):
                self._pictures[image["src"]] = image["id"]
        self._known[parent] = found

    # ---- one row -------------------------------------------------------------------------------------------------

    async def _row(self, row: Row, work: Callable[[], Awaitable[object]]) -> bool:
        """Do a row's work; where it is rejected, as if it had not been begun, and False."""
        unit = self.shop.unit
        ops, terms = len(unit.ops), self.terms.mark()
        try:
            await work()
        except (Wrong, Refused) as error:
            wrong = refusal_of(error) if isinstance(error, Refused) else error
            del unit.ops[ops:]
            self.terms.back_to(terms)
            self.file.problems.append(Problem(row.line, wrong.column, wrong.reason))
            return False
        if len(unit.ops) > MOST:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"The file changes more than {MOST:,} objects; so many can be changed at once.",
                "Split it into several files.",
            )
        return True

    async def _product(self, row: Row) -> None:
        """A product, and its variations behind it."""
        if self._may_not(row.target):
            if not row.target:  # nothing to hang its variations on
                self.not_asked += len(row.children)
                return
        elif not await self._row(row, lambda: self._stage_product(row)):
            lost = "The row of its product is rejected."
            self.file.problems += (Problem(child.line, "Parent", lost) for child in row.children)
            return
        if row.children:
            target = self.links.made[f"line {row.line}"] if not row.target else row.target
            await self._variations(row.children, target, await self.shop.get(PRODUCTS, target))

    def _may_not(self, target: object) -> bool:
        if (self.only == "create" and target) or (self.only == "update" and not target):
            self.not_asked += 1
            return True
        return False

    async def _stage_product(self, row: Row) -> None:
        present = await self.shop.get(PRODUCTS, row.target) if row.target else {}
        told = self._told(present, None) if present else FRESH
        changed = _changed(row.cells, told)
        fields = await self._fields(row, changed, present)
        later = await self._linked(row, changed, fields)
        if present:
            op = await self.shop.update(PRODUCTS, row.target, fields)
            self.same += op is None and not later
            target: ObjectId = row.target
            if op is not None and "attributes" in op.body:
                self._regrouped[target] = op
        else:
            made = await self.shop.create(PRODUCTS, {"status": "draft", "type": row.kind or "simple", **fields})
            target = self.links.made[f"line {row.line}"] = made.ref
            if row.sku:
                self.links.made[row.sku.casefold()] = made.ref
        if later:
            self._later.append((row, target, later))

    async def _variations(self, rows: list[Row], parent: ObjectId, product: Json) -> None:
        known = [] if isinstance(parent, Ref) else self._known.get(parent if isinstance(parent, int) else 0, [])
        for row in rows:
            await self._row(row, lambda row=row: self._stage_variation(row, parent, product, known))

    async def _stage_variation(self, row: Row, parent: ObjectId, product: Json, known: list[Json]) -> None:
        present = existing(row, known)
        if self._may_not(present):
            return
        told = self._told(present, product) if present else FRESH | {"Tax class": "parent", "Published": "1"}
        changed = _changed(row.cells, told)
        fields = await self._fields(row, changed, present or {}, product)
        if present is not None:
            op = await self.shop.update(VARIATIONS, present["id"], fields, product_id=parent)
            self.same += op is None
        else:
            if not fields.get("attributes"):
                raise Wrong("Attribute 1 value(s)", "A new variation needs the values that it has of the attributes.")
            op = await self.shop.create(VARIATIONS, fields, product_id=parent)
        if op is not None and parent in self._regrouped:  # the shop drops options that the product does not have yet
            op.parent = {"product_id": self._regrouped[parent].ref}

    def _told(self, item: Json, parent: Json | None) -> Mapping[str, str]:
        """What an export would write of the object as it is."""
        row = row_of(item, self.names, self._skus, parent=parent, meta=self.meta)
        return {column: str(safe(cell)) for column, cell in row.items()}

    async def _fields(self, row: Row, changed: dict[str, str], present: Json, product: Json | None = None) -> Json:
        """The fields that the changed cells say, of an object as it is, and of a variation of ``product``."""
        fields = cells_of.fields_of(changed, self.names, variation=row.variation)
        fields |= await self.terms.fields(changed, present)
        if "Type" in changed:
            fields |= {extra: extra in row.extras for extra in cells_of.EXTRAS if present or extra in row.extras}
            if not row.variation and row.kind != present.get("type"):
                fields["type"] = row.kind
        if cells_of.numbered(changed, "Attribute"):
            if product is not None:
                fields["attributes"] = self.terms.options(row.cells, product)
            else:
                used = {name for child in row.children for name, _ in child.options}
                fields |= await self.terms.attributes(row.cells, present, used)
        if cells_of.numbered(changed, "Download"):
            fields["downloads"] = cells_of.downloads_of(row.cells)
        if meta := cells_of.custom_fields(changed):
            fields["meta_data"] = [one for one in meta if present or one["value"]]
        if "Images" in changed:
            fields |= await self._images(changed["Images"], variation=row.variation)
        if not present:  # what a new one has by itself
            fields = {name: value for name, value in fields.items() if value not in ("", None, [])}
            if fields.get("manage_stock") is False:
                del fields["manage_stock"]
        return fields

    async def _images(self, cell: str, *, variation: bool) -> Json:
        """Pictures by address: those that the shop is known to have by id, so that it fetches none twice."""
        pictures: list[Json] = []
        for text in cells_of.listed(cells_of.unmarked(cell)):
            try:
                src = cells_of.address(text)
            except ValueError as wrong:
                raise Wrong("Images", str(wrong)) from None
            held = self._pictures.get(src) or await self._in_library(src)
            pictures.append({"id": held} if held else {"src": src})
        if not variation:
            return {"images": pictures}
        if len(pictures) > 1:
            raise Wrong("Images", "A variation has one picture.")
        return {"image": pictures[0] if pictures else {"id": 0}}

    async def _in_library(self, src: str) -> int | None:
        """The media file with this address; None for other sites', and where the library is not open to us."""
        if urlsplit(src).netloc.lower() != urlsplit(str(self.shop.client.upstream.base_url)).netloc.lower():
            return None
        try:
            page = await self.shop.list(
                MEDIA, fields=("id", "source_url"), search=PurePosixPath(urlsplit(src).path).stem, per_page=PAGE
            )
        except Refused as refused:
            if refused.code in (Code.UNAUTHENTICATED, Code.FORBIDDEN, Code.NOT_CONFIGURED):
                return None
            raise
        self._pictures |= {one["source_url"]: one["id"] for one in page.items}
        return self._pictures.get(src)

    async def _linked(self, row: Row, changed: Mapping[str, str], fields: Json) -> dict[str, str]:
        """Put linked products into the fields; the columns whose products are made further down, for later."""
        later: dict[str, str] = {}
        for column, field in _LINKS.items():
            if column not in changed:
                continue
            ids = await self.links.ids(column, changed[column])
            if ids is None:
                later[column] = changed[column]
            elif ids or row.target:
                fields[field] = ids
        return later

    async def _link(self, target: ObjectId, links: Mapping[str, str]) -> Op | None:
        fields: Json = {}
        for column, cell in links.items():
            ids = await self.links.ids(column, cell)
            if ids is None:
                raise Wrong(column, "The row of a product that it names is rejected or left out.")
            fields[_LINKS[column]] = ids
        return await self.shop.update(PRODUCTS, target, fields)

    # ---- summing up ----------------------------------------------------------------------------------------------

    async def _sum_up(self, ctx: Context, *, skip_rejected: bool) -> None:
        unit, problems = self.shop.unit, sorted(self.file.problems)
        unit.warnings += self._notes()
        if problems:
            self.shop.shows_texts_of(PRODUCTS)
            report = await report_of(ctx, problems)
            lines, rows = report["rejected_rows"], len(self.table.records)
            if not skip_rejected or not unit.ops:
                raise Refused(
                    Code.INVALID_ARGUMENTS,
                    f"{lines} of {plural(rows, 'row')} can't be imported; nothing was sent.",
                    "Correct them and import the file again"
                    + (", or import the others with skip_rejected." if lines < rows else "."),
                    details={**report, **self.shop.trust_of(PRODUCTS)},
                )
            unit.warnings += [_line(problem) for problem in problems[:TOLD]]
            unit.warnings.append(f"{plural(lines, 'row')} left out in all; {report['report']} has each.")
        unit.title = self._title(unit.ops)

    def _notes(self) -> list[str]:
        found: list[str] = []
        if self.file.unknown:
            some = ", ".join(near(name, self.names) for name in self.file.unknown[:TOLD])
            more = f" and {len(self.file.unknown) - TOLD} more" if len(self.file.unknown) > TOLD else ""
            found.append(f"Not read, being none of WooCommerce's columns: {some}{more}.")
        if self.not_asked:
            found.append(f"{plural(self.not_asked, 'row')} left out, since only {self.only}s are asked for.")
        if self.finder.unknown_ids:
            found.append(f"{plural(self.finder.unknown_ids, 'ID')} not known here: made as new products with new ids.")
        if self.table.encoding in ("cp1252", "latin-1"):
            found.append("The file is not in UTF-8; it was read as Windows-1252. Check names with accents.")
        return found

    def _title(self, ops: list[Op]) -> str:
        nouns = Counter((op.kind, ALL[op.collection].noun) for op in ops)
        if not nouns:
            return f"Nothing to change: the shop is as the {plural(len(self.table.records), 'row')} say"
        parts = [f"{kind} {plural(number, noun)}" for (kind, noun), number in nouns.items()]
        same = f"; {plural(self.same, 'row')} say what is so already" if self.same else ""
        return f"Would {', '.join(parts)}{same}"


def _changed(cells: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    return {column: cell for column, cell in cells.items() if cell.strip() != told.get(column, "").strip()}


def _line(problem: Problem) -> str:
    where = f", {problem.column}" if problem.column else ""
    return f"Left out: line {problem.line}{where}: {problem.reason}"
