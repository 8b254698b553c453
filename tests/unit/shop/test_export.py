from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.context import Context
from devskyy_mcp.jobs.model import Job
from devskyy_tools.shop import collections as at
from devskyy_tools.woocommerce import csv_rows, export
from devskyy_tools.woocommerce.export import CatalogExport, woo_catalog_export
from tests.unit.shop.bench import Bench, make_bench

Row = dict[str, str]


class Steps:
    """What a handler sees of its job, with the steps that were done kept over starts, as the engine keeps them."""

    id = "job_export"

    def __init__(self) -> None:
        self.done: dict[str, Any] = {}

    async def step(self, name: str, work: Callable[..., Any], *args: Any, **_: Any) -> Any:
        if name not in self.done:
            self.done[name] = await work(*args)
        return self.done[name]


def context(bench: Bench, steps: Steps, folder: Path) -> Context:
    ctx = bench.call()[0].ctx
    ctx.unit = None
    ctx.services.put(Job, cast("Job", steps))  # pyright: ignore[reportAbstractUsage, reportArgumentType] # a Protocol
    ctx.services.put(Assets, Assets(folder))
    return ctx


async def exported(bench: Bench, folder: Path, **given: Any) -> tuple[CatalogExport, list[Row], list[str]]:
    ctx = context(bench, Steps(), folder)
    view = await woo_catalog_export(ctx, **given)
    store = ctx.get(Assets)
    text = store.path(await store.get(view.asset)).read_bytes().decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text))
    return view, list(reader), list(reader.fieldnames or ())


@pytest.mark.requirement("catalog:export")
async def test_every_product_and_variation_is_a_row(tmp_path: Path) -> None:
    bench = make_bench()
    view, rows, columns = await exported(bench, tmp_path)
    total = (await bench.client.page(at.PRODUCTS.url(), {"per_page": 1, "status": "any"})).total
    assert view.products == total
    assert view.products + view.variations == len(rows)
    assert len(rows) == len({row["ID"] for row in rows})
    assert columns[:5] == ["ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name"]
    assert columns[len(csv_rows.Names().columns)] == "Attribute 1 name"
    assert view.columns == len(columns)


@pytest.mark.requirement("catalog:export")
async def test_a_row_says_what_the_shop_has(tmp_path: Path) -> None:
    bench = make_bench()
    parent = await bench.first(type="variable")
    _, rows, _ = await exported(bench, tmp_path)
    by_id = {row["ID"]: row for row in rows}
    row = by_id[str(parent["id"])]
    assert row["Type"] == "variable"
    assert row["SKU"] == parent["sku"]
    assert row["Attribute 1 value(s)"] == ", ".join(parent["attributes"][0]["options"])
    children = [row for row in rows if row["Type"] == "variation" and row["Parent"] == parent["sku"]]
    assert {int(child["ID"]) for child in children} == set(parent["variations"])
    assert all(child["Name"].startswith(parent["name"] + " - ") for child in children)
    assert all(" > " in row["Categories"] or row["Categories"] == "" or "," not in row["Categories"] for row in rows)


@pytest.mark.requirement("catalog:export")
async def test_what_a_spreadsheet_would_run_is_marked(tmp_path: Path) -> None:
    bench = make_bench()
    product = await bench.first(type="simple")
    await bench.update(at.PRODUCTS, product["id"], {"name": '=HYPERLINK("http://x")', "description": "a\nb"})
    _, rows, _ = await exported(bench, tmp_path)
    row = next(row for row in rows if row["ID"] == str(product["id"]))
    assert row["Name"].startswith("'=HYPERLINK")
    assert row["Description"] == "a\\nb"


@pytest.mark.requirement("catalog:export")
async def test_a_filter_holds(tmp_path: Path) -> None:
    bench = make_bench()
    view, rows, _ = await exported(bench, tmp_path, type="simple")
    assert view.variations == 0
    assert {row["Type"].split(",")[0] for row in rows} == {"simple"}


@pytest.mark.requirement("catalog:export")
async def test_a_start_after_a_crash_reads_only_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    monkeypatch.setattr(export, "PAGE", 10)
    steps = Steps()
    read = export._read_part  # pyright: ignore[reportPrivateUsage] # the place to break

    async def broken(shop: Any, names: Any, ids: list[int], file: Path, **more: Any) -> None:
        if len(list(file.parent.glob("*.jsonl"))) == 2:
            raise ConnectionError
        await read(shop, names, ids, file, **more)

    monkeypatch.setattr(export, "_read_part", broken)
    with pytest.raises(ConnectionError):
        await woo_catalog_export(context(bench, steps, tmp_path))
    monkeypatch.setattr(export, "_read_part", read)
    bench.requests()
    view = await woo_catalog_export(context(bench, steps, tmp_path))
    again = bench.requests()
    whole, _, _ = await exported(bench, tmp_path / "other")
    assert view.asset == whole.asset
    assert not (tmp_path / "making" / Steps.id).exists()
    assert len([one for one in again if one == "GET /wp-json/wc/v3/products"]) <= -(-view.products // 10) - 2
