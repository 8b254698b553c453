"""The whole catalogue as a file, made by a job that a restart does not begin anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from pydantic import BaseModel, Field

from devskyy_mcp.assets.store import CSV, Assets
from devskyy_mcp.capability import JobPolicy, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job
from devskyy_mcp.jobs.service import Jobs
from devskyy_tools.shop.collections import PRODUCT_CATEGORIES, PRODUCTS, VARIATIONS, Collection
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .csv_rows import Json, Names, extra_columns, linked_ids, row_of, write

exports = Toolset("exports", timeout=60)

PAGE = 100
Type = Literal["simple", "variable", "grouped", "external"]


class CatalogExport(BaseModel):
    """Where the file is, and what is in it."""

    resource: str = Field(description="Read it there, as text/csv.")
    asset: str
    products: int
    variations: int
    columns: int
    size: int = Field(description="Bytes.")


@exports.tool("generate", scopes="catalog:read", job=JobPolicy(deadline=3 * 3600), free=True)
async def woo_catalog_export(
    ctx: Context,
    category: Annotated[int, Field(ge=1, description="Only of this category.")] | None = None,
    type: Type | None = None,  # noqa: A002 # the shop's own name
    custom_fields: bool = False,
) -> CatalogExport:
    """Export the catalogue as CSV in WooCommerce's own columns, variations included. Its importer takes it back."""
    job = ctx.get(Job)
    asked = {"category": category, "type": type}
    given = {name: value for name, value in asked.items() if value is not None}
    ids: list[int] = await job.step("list", _ids, ctx.get(Shop), given)
    names = Names(**await job.step("names", names_of, ctx.get(Shop)))
    parts = ctx.get(Assets).workshop(job.id)
    await anyio.Path(parts).mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for start in range(0, len(ids), PAGE):
        await ctx.progress(start, len(ids), f"{start} of {len(ids)} products read")
        file = parts / f"{start:07}.jsonl"
        # The file is the checkpoint: it is there whole or not at all, and it may be on another machine.
        if not await anyio.Path(file).exists():
            await _read_part(ctx.get(Shop), names, ids[start : start + PAGE], file, meta=custom_fields)
        files.append(file)
    await ctx.progress(len(ids), len(ids), "writing the file")
    rows, columns = await anyio.to_thread.run_sync(_assemble, files, names, parts / "catalog.csv")
    kept = await ctx.get(Assets).keep(parts / "catalog.csv", "catalog.csv", CSV, "export")
    return CatalogExport(
        resource=f"devskyy://exports/{job.id}",
        asset=kept.id,
        products=len(ids),
        variations=rows - len(ids),
        columns=columns,
        size=kept.size,
    )


async def read_export(ctx: Context, values: Mapping[str, str]) -> str:
    """The file that a job made, for whoever may see the job.

    Raises:
        Refused: NOT_FOUND when there is no such job, it made no file, or the file is not on this machine.
    """
    view = await ctx.get(Jobs).get(ctx.principal, values["id"])
    asset = (view.result or {}).get("asset")
    if view.tool != woo_catalog_export.__name__ or not isinstance(asset, str):
        raise Refused(Code.NOT_FOUND, f"{view.job} has made no export.", "woo_catalog_export makes one.")
    store = ctx.get(Assets)
    return await anyio.Path(store.path(await store.get(asset))).read_text("utf-8-sig")


async def _ids(shop: Shop, given: Json) -> list[int]:
    """The products' ids, resolved once: what is added or binned meanwhile moves no page."""
    found: list[int] = []
    number, pages = 1, 1
    while number <= pages:
        page = await shop.list(
            PRODUCTS, fields=["id"], per_page=PAGE, page=number, orderby="id", order="asc", status="any", **given
        )
        found += [int(item["id"]) for item in page.items]
        number, pages = number + 1, page.pages
    return found


async def names_of(shop: Shop) -> Json:
    """The arguments of ``Names``, as JSON: what this shop's ids stand for and how it writes numbers."""
    terms = await all_of(shop, PRODUCT_CATEGORIES)
    by_id = {int(term["id"]): term for term in terms}
    client = shop.client
    classes: list[Json] = (await client.page("/wc/v3/products/shipping_classes", {"per_page": PAGE})).items
    settings: dict[str, Any] = {}
    for group in ("general", "products"):
        rows: list[Json] = await client.get(f"/wc/v3/settings/{group}", {"_fields": "id,value"})
        settings |= {str(row["id"]): row.get("value") for row in rows}
    return {
        "categories": {str(number): _path(by_id, number) for number in by_id},
        "shipping": {str(one["slug"]): plain_text(one["name"]) for one in classes},
        "weight_unit": settings.get("woocommerce_weight_unit") or "kg",
        "dimension_unit": settings.get("woocommerce_dimension_unit") or "cm",
        "decimal_separator": settings.get("woocommerce_price_decimal_sep") or ".",
    }


def _path(by_id: Mapping[int, Json], number: int) -> str:
    names: list[str] = []
    while number in by_id and len(names) < 20:  # a shop can hold a ring of parents
        names.append(plain_text(by_id[number]["name"]))
        number = int(by_id[number].get("parent") or 0)
    return " > ".join(reversed(names))


async def all_of(shop: Shop, collection: Collection, **params: Any) -> list[Json]:
    """All pages of a list, as stored."""
    items: list[Json] = []
    number, pages = 1, 1
    while number <= pages:
        page = await shop.list(collection, context="edit", per_page=PAGE, page=number, **params)
        items += page.items
        number, pages = number + 1, page.pages
    return items


async def _read_part(shop: Shop, names: Names, ids: list[int], file: Path, *, meta: bool) -> None:
    items = await all_of(shop, PRODUCTS, include=ids, status="any", orderby="include")
    variations: dict[int, list[Json]] = {}

    async def read(parent: Json) -> None:
        variations[parent["id"]] = await all_of(
            shop, VARIATIONS, product_id=parent["id"], orderby="id", order="asc", status="any"
        )

    async with anyio.create_task_group() as tasks:  # the client keeps to four requests at once
        for item in items:
            if item.get("type") == "variable":
                tasks.start_soon(read, item)
    skus = {item["id"]: item.get("sku", "") for item in items}
    other = sorted({one for item in items for one in linked_ids(item)} - skus.keys())
    for start in range(0, len(other), PAGE):
        page = await shop.list(
            PRODUCTS, fields=["id", "sku"], include=other[start : start + PAGE], per_page=PAGE, status="any"
        )
        skus |= {item["id"]: item.get("sku", "") for item in page.items}
    rows = [
        row
        for item in items
        for row in (
            row_of(item, names, skus, meta=meta),
            *(row_of(one, names, skus, parent=item, meta=meta) for one in variations.get(item["id"], ())),
        )
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    beside = anyio.Path(file.with_suffix(".new"))
    await beside.write_text(text, "utf-8")
    await beside.replace(file)


def _rows(files: list[Path]) -> Iterator[Json]:
    for file in files:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def _assemble(files: list[Path], names: Names, target: Path) -> tuple[int, int]:
    """Write the parts as one CSV, row by row; the number of rows and columns."""
    columns = [*names.columns, *extra_columns(_rows(files), names.columns)]
    with target.open("w", encoding="utf-8-sig", newline="") as out:  # with the mark that spreadsheets look for
        return write(out, columns, _rows(files)), len(columns)
