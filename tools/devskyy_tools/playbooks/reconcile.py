"""Stock as it was counted: each SKU once, less what was sold between the count and now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import anyio.to_thread
from pydantic import Field

from devskyy_mcp.assets import tables
from devskyy_mcp.assets.store import TABLES
from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source, content_of
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.abreast import abreast
from devskyy_tools.shop.collections import PRODUCTS, VARIATIONS
from devskyy_tools.shop.draft import plural
from devskyy_tools.shop.session import PAGE, Shop
from devskyy_tools.woocommerce.csv_cells import Wrong
from devskyy_tools.woocommerce.csv_file import Problem
from devskyy_tools.woocommerce.csv_terms import refusal_of
from devskyy_tools.woocommerce.many import TOLD
from devskyy_tools.woocommerce.rejected import report_of
from devskyy_tools.woocommerce.reports import read_orders

from .counts import MOST, Counted, Line, each_once, of_arguments, of_table

reconciling = Toolset("playbooks", timeout=300)

Json = dict[str, Any]
TAKING = ("processing", "on-hold", "completed")
"""Statuses of orders that have taken their pieces from the stock."""


@reconciling.tool("write", scopes=("catalog:write", "orders:read"))
async def play_stock_reconcile(
    ctx: Context,
    rows: Annotated[list[Counted], Field(min_length=1, max_length=1000)] | None = None,
    asset: AssetId = None,
    path: FilePath = None,
    url: FileUrl = None,
    counted_at: Annotated[str, Field(max_length=25, description="Site time; later sales are taken off.")] = "",
) -> None:
    """Set stock to a count by SKU, from rows or a CSV with the columns SKU and counted."""
    shop = ctx.get(Shop)
    since = await _moment(shop, counted_at)
    if rows is not None:
        if any((asset, path, url)):
            raise Refused(Code.INVALID_ARGUMENTS, "Give rows or a file, not both.")
        lines, problems = of_arguments(rows), list[Problem]()
    else:
        found = await Source(url, asset, path).take(ctx, TABLES)
        table = await anyio.to_thread.run_sync(tables.read, await content_of(ctx, found))
        lines, problems = of_table(table)
    lines, twice = each_once(lines)
    if len(lines) > MOST:
        raise Refused(Code.INVALID_ARGUMENTS, f"The count has {len(lines)} SKUs; at most {MOST:,} can be set at once.")
    await Reconciling(shop, [*problems, *twice]).stage(ctx, lines, since)


async def _moment(shop: Shop, text: str) -> datetime | None:
    """When it was counted, in the site's time zone and without it."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            Code.INVALID_ARGUMENTS, "counted_at is no time.", "Write it in the site's time, 2026-11-28T18:00:00."
        ) from None
    zone = await shop.client.zone()
    found = found.astimezone(zone).replace(tzinfo=None) if found.tzinfo else found
    if found > datetime.now(zone).replace(tzinfo=None):
        raise Refused(Code.INVALID_ARGUMENTS, f"counted_at, {found.isoformat()}, is still to come in the site's time.")
    return found


class Reconciling:
    """One count's work."""

    def __init__(self, shop: Shop, problems: list[Problem]) -> None:
        self.shop = shop
        self.problems = problems
        self.sold: dict[int, int] = defaultdict(int)
        self.orders = 0
        self.moves: list[int] = []
        self.same = 0
        self.oversold = 0

    async def stage(self, ctx: Context, lines: list[Line], since: datetime | None) -> None:
        """Stage all lines that can be, and say what they come to.

        Raises:
            Refused: INVALID_ARGUMENTS with the report where no line can be; TOO_LARGE for too many orders since.
        """
        if since is not None:
            await self._sales(ctx, since)
        for start in range(0, len(lines), PAGE):
            await self._window(lines[start : start + PAGE])
            self.shop.forget()
            await ctx.progress(min(start + PAGE, len(lines)), len(lines), f"{start} of {len(lines)} SKUs compared")
        await self._sum_up(ctx, lines, since)

    async def _sales(self, ctx: Context, since: datetime) -> None:
        """Pieces by product or variation, of orders placed since; what is sold of a variation counts for both."""
        found = await read_orders(
            ctx, ("id", "line_items"), status=list(TAKING), after=since.isoformat(timespec="seconds"), order="asc"
        )
        self.orders = len(found)
        for line in (line for order in found for line in order["line_items"]):
            for one in {int(line.get("product_id") or 0), int(line.get("variation_id") or 0)}:
                self.sold[one] += int(line["quantity"])

    async def _window(self, lines: Sequence[Line]) -> None:
        await self.shop.prefetch_skus([line.sku for line in lines])
        holders = [(line, await self.shop.holder_of_sku(line.sku)) for line in lines]
        below: dict[int, list[int]] = {}
        for _, one in holders:
            if one and one.get("type") == "variation":
                below.setdefault(int(one["parent_id"]), []).append(int(one["id"]))
        products = [int(one["id"]) for _, one in holders if one and one.get("type") != "variation"]

        async def read(parent: int, ids: list[int]) -> None:
            await self.shop.prefetch(VARIATIONS, ids, product_id=parent)

        await self.shop.prefetch(PRODUCTS, products)
        await abreast(read, [*below.items()])
        for line, holder in holders:
            try:
                await self._line(line, holder)
            except Wrong as wrong:
                self.problems.append(Problem(line.line, wrong.column, wrong.reason))
            except Refused as refused:
                self.problems.append(Problem(line.line, "", refusal_of(refused).reason))

    async def _line(self, line: Line, holder: Json | None) -> None:
        if holder is None:
            raise Wrong("SKU", f"No product or variation has the SKU {line.sku[:60]}.")
        if holder.get("status") == "trash":
            raise Wrong("SKU", f"Product {holder['id']}, which is in the bin, has the SKU {line.sku[:60]}.")
        variation = holder.get("type") == "variation"
        collection = VARIATIONS if variation else PRODUCTS
        where: Json = {"product_id": int(holder["parent_id"])} if variation else {}
        target = int(holder["id"])
        present = await self.shop.get(collection, target, **where)
        kind = present.get("type")
        if kind in ("grouped", "external") or (kind == "variable" and present.get("manage_stock") is not True):
            raise Wrong(
                "SKU", f"{line.sku[:60]} is a {kind} product without stock of its own; count what it consists of."
            )
        quantity = line.counted - self.sold[target]
        if quantity < 0 and present.get("backorders", "no") == "no":
            self.oversold += 1
            quantity = 0
        before = present.get("stock_quantity")
        if await self.shop.update(collection, target, {"stock_quantity": quantity}, **where) is None:
            self.same += 1
        else:
            self.moves.append(quantity - int(before or 0))

    # ---- summing up ----------------------------------------------------------------------------------------------

    async def _sum_up(self, ctx: Context, lines: list[Line], since: datetime | None) -> None:
        unit = self.shop.unit
        unit.warnings += self._notes(since)
        if self.problems:
            self.problems.sort()
            self.shop.shows_texts_of(PRODUCTS)
            report = await report_of(ctx, self.problems)
            if not unit.ops and not self.same:
                raise Refused(
                    Code.INVALID_ARGUMENTS,
                    f"None of {plural(len(lines) or report['rejected_rows'], 'line')} can be set; nothing was sent.",
                    "Correct them and send the count again.",
                    details={**report, **self.shop.trust_of(PRODUCTS)},
                )
            unit.warnings += [f"Left out: line {one.line}: {one.reason}" for one in self.problems[:TOLD]]
            unit.warnings.append(
                f"{plural(report['rejected_rows'], 'line')} left out in all; {report['report']} has each."
            )
        up, down = [move for move in self.moves if move > 0], [move for move in self.moves if move < 0]
        same = f"{plural(self.same, 'SKU')} as counted already"
        unit.title = (
            f"Would set the stock of {plural(len(self.moves), 'SKU')}: {len(up)} up by {sum(up)}, {len(down)} down by "
            f"{-sum(down)} pieces; {same}"
            if unit.ops
            else f"Nothing to change: {same}"
        )

    def _notes(self, since: datetime | None) -> list[str]:
        if since is None:
            return ["What was sold since the count is not taken off: counted_at is not given."]
        found = [
            f"Taken off: what {plural(self.orders, 'order')} placed since {since.isoformat(timespec='seconds')} (site "
            f"time) sold. Pieces that came back, or were moved by hand, are not looked at."
        ]
        if self.oversold:
            found.append(f"{plural(self.oversold, 'SKU')} sold more since than was counted: set to 0.")
        return found
