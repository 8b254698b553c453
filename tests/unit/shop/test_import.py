"""The catalogue from a CSV, on the demo shop."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.changes.model import refs
from devskyy_mcp.changes.operations import read_ops
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard import ssrf
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.woocommerce.rejected import read_report
from tests.fakes.demo import Demo, demo

TOOL = "woo_catalog_import"
WC = "/wc/v3/products"
Rows = list[dict[str, str]]


class Desk:
    """A demo shop, and files that are imported into it."""

    def __init__(self, shop: Demo, folder: Path) -> None:
        self.shop = shop
        self.folder = folder
        self.number = 0

    def file(self, content: str | bytes) -> str:
        self.number += 1
        path = self.folder / f"file{self.number}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    async def load(self, content: str | bytes, **more: Any) -> dict[str, Any]:
        done = await self.shop.do(TOOL, path=self.file(content), **more)
        return await self.shop.agree(done["change"]) if done["state"] == "waits_for_person" else done

    async def refused(self, content: str | bytes, **more: Any) -> Refused:
        before = len(self.shop.writes)
        refused = await self.shop.refused(TOOL, path=self.file(content), **more)
        assert len(self.shop.writes) == before
        return refused

    async def rejected(self, content: str | bytes, **more: Any) -> list[tuple[int, str, str]]:
        refused = await self.refused(content, **more)
        return [(one["line"], one["column"], one["reason"]) for one in refused.details["rejected"]]

    async def exported(self, **given: Any) -> Rows:
        made = await self.shop.do("woo_catalog_export", **given)
        ended = await self.shop.do("jobs_wait", job=made["job"], seconds=30)
        store = self.shop.app.services.get(Assets)
        text = store.path(await store.get(ended["result"]["asset"])).read_bytes().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    async def get(self, path: str, **params: Any) -> Any:
        return await self.shop.app.services.get(ShopClient).get(path, {"context": "edit", **params})

    async def by_sku(self, sku: str) -> dict[str, Any]:
        return (await self.get(WC, sku=sku, status="any"))[0]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with demo(tmp_path, calls_burst=1000) as shop, shop.app.running(eager=True):
        yield Desk(shop, tmp_path)


def text_of(rows: Rows, delimiter: str = ",") -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [*rows[0]], delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.requirement("catalog:import")
async def test_what_was_exported_changes_nothing(desk: Desk) -> None:
    rows = await desk.exported(custom_fields=True)
    assert {"variable", "simple", "variation"} <= {row["Type"].split(",")[0] for row in rows}
    requests = len(desk.shop.shop.requests)
    done = await desk.load(text_of(rows))
    assert done["state"] == "nothing_to_change", done
    assert f"the {len(rows)} rows" in done["summary"]
    asked = len(desk.shop.shop.requests) - requests
    assert asked <= 12 + sum(row["Type"] == "variable" for row in rows)


@pytest.mark.requirement("catalog:import")
async def test_an_edited_file_changes_what_was_edited_and_comes_back_as_one(desk: Desk) -> None:
    rows = await desk.exported()
    simple = next(row for row in rows if row["Type"] == "simple" and row["Regular price"])
    variation = next(row for row in rows if row["Type"] == "variation")
    before = text_of(await desk.exported())
    simple["Regular price"], simple["Categories"] = "77.50", "Women > Ski wear > Base layers, Sale"
    variation["Stock"] = "7"
    simple["Description"] = "One\\nTwo"
    done = await desk.load(text_of(rows))
    assert done["state"] == "applied", done
    now = await desk.get(f"{WC}/{simple['ID']}")
    assert (now["regular_price"], now["description"]) == ("77.50", "One\nTwo")
    assert {one["name"] for one in now["categories"]} == {"Base layers", "Sale"}
    parent = await desk.by_sku(variation["Parent"])
    assert (await desk.get(f"{WC}/{parent['id']}/variations/{variation['ID']}"))["stock_quantity"] == 7
    undone = await desk.shop.do("changes_undo", change=done["change"])
    undone = await desk.shop.agree(undone["change"]) if undone["state"] == "waits_for_person" else undone
    assert undone["state"] == "applied", undone
    assert text_of(await desk.exported()) == before
    names = {one["name"] for one in await desk.get(f"{WC}/categories", per_page=100)}
    assert not names & {"Ski wear", "Base layers"}, "the categories go with what they were made for"


NEW = """Type,SKU,Name,Published,Regular price,Categories,Tags,Brands,Stock,Parent,Upsells,Attribute 1 name,\
Attribute 1 value(s),Attribute 1 visible,Attribute 1 global
variable,IMP-1,Wool coat,1,,New arrivals > Coats,"warm, a\\, b",Maison Test,,,IMP-2,Cut,"Slim, Loose",1,0
variation,IMP-1-S,,1,120.00,,,,4,IMP-1,,Cut,Slim,,0
variation,IMP-1-L,,1,125.00,,,,0,IMP-1,,Cut,Loose,,0
simple,IMP-2,'=Belt,-1,20,New arrivals,,,3,,,,,,
"""


@pytest.mark.requirement("catalog:import")
async def test_new_products_with_variations_terms_and_links(desk: Desk) -> None:
    shown = await desk.load(NEW, preview=True)
    assert shown["summary"] == (
        "Would create 2 product categories, create 2 product tags, create 1 brand, create 2 products, "
        "create 2 variations, update 1 product."
    )
    done = await desk.load(NEW)
    assert done["state"] == "applied", done
    coat, belt = await desk.by_sku("IMP-1"), await desk.by_sku("IMP-2")
    assert (belt["name"], belt["status"], belt["stock_quantity"]) == ("=Belt", "draft", 3)
    assert coat["upsell_ids"] == [belt["id"]]
    assert {one["name"] for one in coat["tags"]} == {"warm", "a, b"}
    assert [one["name"] for one in coat["brands"]] == ["Maison Test"]
    made = await desk.get(f"{WC}/{coat['id']}/variations", orderby="id", order="asc")
    assert [(one["sku"], one["regular_price"], one["attributes"][0]["option"]) for one in made] == [
        ("IMP-1-S", "120.00", "Slim"),
        ("IMP-1-L", "125.00", "Loose"),
    ]
    again = await desk.load(NEW)
    assert again["state"] == "nothing_to_change", again
    undone = await desk.shop.do("changes_undo", change=done["change"])
    undone = await desk.shop.agree(undone["change"])
    assert undone["state"] == "applied", undone
    assert await desk.get(WC, sku="IMP-1,IMP-2", status="any") == []
    assert not {one["name"] for one in await desk.get(f"{WC}/categories", per_page=100)} & {"New arrivals", "Coats"}


BAD = """SKU,Name,Type,Regular price,Sale price,Stock,Published,Parent,Date sale price starts,Images,Shipping class
MS-LVH-12,,simple,10,,,,,,,
B-2,Two,simple,abc,,,,,,,
B-3,Three,simple,10,12,,,,,,
B-4,Four,simple,10,,1.5,,,,,
B-5,Five,simple,10,,,7,,,,
B-6,Six,variation,10,,,,NO-SUCH,,,
B-7,Seven,simple,10,,,,B-2,,,
B-8,Eight,dress,10,,,,,,,
B-9,Nine,simple,10,,,,,2026-02-30,,
B-10,Ten,simple,10,,,,,,dress.jpg,
B-11,Eleven,simple,10,,,,,,,Freight
b-2,Again,simple,10,,,,,,,
B-12,"Twelve
on two lines",simple,10,,,,,,,
B-13,Thirteen
"""


@pytest.mark.requirement("catalog:import")
async def test_every_bad_row_is_told_with_line_column_and_reason(desk: Desk) -> None:
    refused = await desk.refused(BAD)
    assert refused.code is Code.INVALID_ARGUMENTS
    assert refused.message == "13 of 14 rows can't be imported; nothing was sent."
    told = {(one["line"], one["column"]): one["reason"] for one in refused.details["rejected"]}
    assert [*told] == [
        (2, "Name"),
        (3, "Regular price"),
        (4, ""),
        (5, "Stock"),
        (6, "Published"),
        (7, "Parent"),
        (8, "Parent"),
        (9, "Type"),
        (10, "Date sale price starts"),
        (11, "Images"),
        (12, "Shipping class"),
        (13, "SKU"),
        (16, ""),
    ]
    assert "not below the regular price" in told[4, ""]
    assert told[13, "SKU"] == "Line 3 has the same SKU."
    assert "2 cells" in told[16, ""]
    ctx = Context(None, desk.shop.app.services)  # pyright: ignore[reportArgumentType] # nobody is asked for
    report = await read_report(ctx, {"id": refused.details["report"].rsplit("/", 1)[1]})
    assert len(list(csv.reader(io.StringIO(report)))) == 14


@pytest.mark.requirement("catalog:import")
async def test_the_valid_rows_go_when_asked_to(desk: Desk) -> None:
    done = await desk.load(BAD, skip_rejected=True)
    assert done["state"] == "applied", done
    assert any("13 rows left out in all" in one for one in done["warnings"])
    assert (await desk.by_sku("B-12"))["status"] == "draft"


@pytest.mark.requirement("catalog:import")
@pytest.mark.parametrize(
    ("encoding", "delimiter", "before"),
    [
        ("utf-8-sig", ",", ""),
        ("latin-1", ",", ""),
        ("cp1252", ";", ""),
        ("utf-16", ",", ""),
        ("utf-16-le", ",", ""),
        ("utf-8", ";", ""),
        ("utf-16", "\t", ""),
        ("utf-8", ";", "sep=;\r\n"),
    ],
)
async def test_any_encoding_and_delimiter(desk: Desk, encoding: str, delimiter: str, before: str) -> None:
    lines = ["SKU,Name,Regular price", "ENC-1,Robe d'été à l'Élysée,10"]
    text = before + "\r\n".join(line.replace(",", delimiter) for line in lines)
    done = await desk.load(text.encode(encoding))
    assert done["state"] == "applied", done
    assert (await desk.by_sku("ENC-1"))["name"] == "Robe d'été à l'Élysée"


@pytest.mark.requirement("catalog:import")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Order,Total\n12,40.00\n", "no product CSV"),
        ("MS-1,Dress,10.00\nMS-2,Coat,20.00\n", "no product CSV"),
        ("SKU,Name,Regular price\n", "no rows"),
        ("SKU,sku,Name\nA,A,B\n", "twice"),
        ("SKU,Weight (stone)\nA,1\n", "another unit"),
        ('SKU,Name\nA,"B\n', "quotation mark is not closed"),
        ('SKU,Name\nA,"B"C\n', "breaks CSV's rules"),
        (b"PK\x03\x04" + b"\0" * 40, "workbook"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not a CSV table"),
        ("<html><p>Name, SKU</p></html>", "not a CSV table"),
        ("", "is empty"),
    ],
)
async def test_a_file_of_another_kind_is_refused(desk: Desk, content: str | bytes, says: str) -> None:
    refused = await desk.refused(content)
    assert refused.code is Code.INVALID_ARGUMENTS
    assert says in refused.message


@pytest.mark.requirement("catalog:import")
async def test_a_formula_is_a_text_and_leaves_as_one(desk: Desk) -> None:
    """It is kept as it stands, and quoted in an export so that no spreadsheet works it out; which is undone again."""
    cells = ["=HYPERLINK(1)", "+1+1", "-2", "@SUM(A1)"]
    rows = [f'F-{number},"{cell}"' for number, cell in enumerate(cells)]
    assert (await desk.load("\n".join(["SKU,Name", *rows])))["state"] == "applied"
    assert [(await desk.by_sku(f"F-{number}"))["name"] for number in range(len(cells))] == cells
    quoted = [row for row in await desk.exported() if row["SKU"].startswith("F-")]
    assert sorted(row["Name"] for row in quoted) == sorted(f"'{cell}" for cell in cells)
    again = "\n".join(["SKU,Name", *(f'{row["SKU"]},"{row["Name"]}"' for row in quoted)])
    assert (await desk.load(again))["state"] == "nothing_to_change"


@pytest.mark.requirement("catalog:import")
async def test_a_huge_file_is_refused_without_being_read(desk: Desk, tmp_path: Path) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as out:
        out.truncate(200 * 1024 * 1024)
    assert (await desk.shop.refused(TOOL, path=str(huge))).code is Code.TOO_LARGE


@pytest.mark.requirement("catalog:import")
async def test_unknown_columns_ids_and_only_one_of_making_and_changing(desk: Desk) -> None:
    known = (await desk.get(WC, type="simple", status="publish"))[0]
    text = f"ID,SKU,Name,Colour name\n{known['id']},{known['sku']},Renamed,x\n777777,ONLY-1,New one,y\n"
    shown = await desk.load(text, only="update", preview=True)
    assert [row["do"] for row in shown["changes"]] == ["update"]
    assert "1 row left out, since only updates are asked for." in shown["warnings"]
    shown = await desk.load(text, only="create", preview=True)
    assert [row["do"] for row in shown["changes"]] == ["create"]
    assert any("Colour name" in one for one in shown["warnings"])
    assert any("made as new products with new ids" in one for one in shown["warnings"])
    other = f"ID,SKU,Name\n{known['id']},OTHER-9,Another shop's\n"
    assert (await desk.rejected(other))[0][:2] == (2, "ID")


@pytest.mark.requirement("catalog:import")
async def test_amounts_are_read_as_the_shop_writes_them(desk: Desk) -> None:
    client = desk.shop.app.services.get(ShopClient)
    path = "/wc/v3/settings/general/woocommerce_price_decimal_sep"
    await client.write("PUT", path, json={"value": ","})
    assert (await desk.load(text_of(await desk.exported())))["state"] == "nothing_to_change"
    assert (await desk.load('SKU,Name,Regular price\nSEP-1,A,"19,90"\n'))["state"] == "applied"
    assert (await desk.by_sku("SEP-1"))["regular_price"] == "19.90"
    assert (await desk.rejected("SKU,Name,Regular price\nSEP-2,A,19.90\n"))[0][:2] == (2, "Regular price")


@pytest.mark.requirement("catalog:import")
async def test_a_big_file_is_one_job_and_one_undo(desk: Desk) -> None:
    rows = "".join(f"BIG-{number},Shirt {number},{number}.50\n" for number in range(150))
    text = "SKU,Name,Regular price\n" + rows
    done = await desk.load(text)
    assert done["state"] == "applying", done
    await desk.shop.do("jobs_wait", job=done["job"], seconds=50)
    assert (await desk.shop.do("changes_show", change=done["change"]))["counts"] == {"done": 150}
    assert (await desk.load(text))["state"] == "nothing_to_change"


@pytest.mark.requirement("catalog:import")
async def test_a_big_file_with_new_terms_variations_and_links(desk: Desk) -> None:
    rows = "".join(
        f'variable,JOB-{one},Shirt {one},,Jobs > Kind {one % 3},,JOB-{(one + 1) % 30},Size,"S, M",0\n'
        f"variation,JOB-{one}-S,,10,,JOB-{one},,Size,S,0\nvariation,JOB-{one}-M,,11,,JOB-{one},,Size,M,0\n"
        for one in range(30)
    )
    head = "Type,SKU,Name,Regular price,Categories,Parent,Upsells,Attribute 1 name,Attribute 1 value(s),"
    text = head + "Attribute 1 global\n" + rows
    done = await desk.load(text)
    assert done["state"] == "applying", done
    await desk.shop.do("jobs_wait", job=done["job"], seconds=50)
    shown = await desk.shop.do("changes_show", change=done["change"])
    assert (shown["state"], shown["counts"]) == ("applied", {"done": 4 + 30 + 60 + 29}), shown
    last = await desk.by_sku("JOB-29")
    assert last["upsell_ids"] == [(await desk.by_sku("JOB-0"))["id"]]
    assert len(last["variations"]) == 2
    assert (await desk.load(text))["state"] == "nothing_to_change"
    undone = await desk.shop.do("changes_undo", change=done["change"])
    undone = await desk.shop.agree(undone["change"]) if undone["state"] == "waits_for_person" else undone
    assert undone["state"] == "applied", undone
    assert await desk.get(WC, search="Shirt", sku="JOB-1,JOB-2", status="any") == []
    assert not {one["name"] for one in await desk.get(f"{WC}/categories", per_page=100)} & {"Jobs", "Kind 1"}


@pytest.mark.requirement("assets:tables")
async def test_a_table_is_an_asset_and_no_picture(desk: Desk) -> None:
    store = desk.shop.app.services.get(Assets)
    kept = await store.put(NEW.encode(), "Neue Artikel!.txt", "upload")
    assert (kept.name, kept.content_type) == ("Neue-Artikel.csv", "text/csv")
    assert (await desk.shop.do(TOOL, asset=kept.id, preview=True))["state"] == "proposed"
    refused = await desk.shop.refused("wp_media_upload", asset=kept.id)
    assert "no picture" in refused.message
    assert "exactly one" in (await desk.shop.refused(TOOL)).message


@pytest.mark.requirement("catalog:import")
async def test_a_new_option_with_its_variation_and_a_known_picture(desk: Desk) -> None:
    rows = await desk.exported()
    parent = next(row for row in rows if row["Type"] == "variable" and row["Attribute 1 global"] == "1")
    other = next(row for row in rows if row["Images"] and row["ID"] != parent["ID"] and row["Type"] == "simple")
    twin = next(row for row in rows if row["Parent"] == parent["SKU"])
    parent["Attribute 1 value(s)"] += ", Outsize"
    parent["Images"] = ", ".join(filter(None, [parent["Images"], other["Images"].split(", ")[0]]))
    new = {**twin, "ID": "", "SKU": "OUT-1", "Attribute 1 value(s)": "Outsize", "Regular price": "99", "Sale price": ""}
    shown = await desk.load(text_of([new, parent]), preview=True)
    assert [row["do"] for row in shown["changes"]] == ["update", "create"]
    assert "downloads" not in str(shown.get("effects"))
    done = await desk.load(text_of([new, parent]))
    assert done["state"] == "applied", done
    product = await desk.get(f"{WC}/{parent['ID']}")
    assert "Outsize" in product["attributes"][0]["options"]
    assert product["attributes"][0]["variation"] is True
    made = await desk.get(f"{WC}/{parent['ID']}/variations", sku="OUT-1")
    assert {one["name"]: one["option"] for one in made[0]["attributes"]}[product["attributes"][0]["name"]] == "Outsize"
    assert [image["src"] for image in product["images"]][-1] == other["Images"].split(", ")[0]


@pytest.mark.requirement("catalog:import")
async def test_variations_wait_for_the_options_that_their_product_gets(desk: Desk) -> None:
    """The shop drops an option that the product does not have yet, however fast the variation's request is."""
    rows = await desk.exported()
    parent = next(row for row in rows if row["Type"] == "variable" and row["Attribute 1 global"] == "1")
    twin = next(row for row in rows if row["Parent"] == parent["SKU"])
    moved = {**twin, "Attribute 1 value(s)": "Petite"}
    new = {**twin, "ID": "", "SKU": "OUT-1", "Attribute 1 value(s)": "Outsize", "Regular price": "99", "Sale price": ""}
    parent["Attribute 1 value(s)"] += ", Outsize, Petite"
    shown = await desk.load(text_of([new, moved, parent]), preview=True)
    async with desk.shop.app.services.get(Database).read() as conn:
        ops = [item.op for item in await read_ops(conn, shown["change"])]
    product = next(op for op in ops if op.collection == "products")
    waiting = [op for op in ops if op.collection == "variations"]
    assert sorted(op.kind for op in waiting) == ["create", "update"]
    assert [refs(op) for op in waiting] == [{product.seq}] * 2
    assert (await desk.shop.carry_out("changes_apply", change=shown["change"]))["state"] == "applied"
    found = await desk.get(f"{WC}/{parent['ID']}/variations", per_page=100)
    options = {option["option"] for one in found for option in one["attributes"]}
    assert options >= {"Outsize", "Petite"}


@pytest.mark.requirement("catalog:import")
async def test_pictures_of_elsewhere_are_fetched_by_the_shop_and_that_is_said(desk: Desk) -> None:
    text = "SKU,Name,Images\nPIC-1,Cap,https://cdn.example.com/cap.jpg\n"
    shown = await desk.load(text, preview=True)
    assert shown["effects"] == ["The shop downloads 1 picture from the addresses given."]
    assert shown["changes"][0]["fields"]["images"] == [{"src": "https://cdn.example.com/cap.jpg"}]


@pytest.mark.requirement("catalog:import")
async def test_a_variation_without_id_and_sku_is_found_by_its_options(desk: Desk) -> None:
    await desk.load(NEW)
    text = (
        "Type,Parent,Attribute 1 name,Attribute 1 value(s),Regular price\n"
        "variation,IMP-1,Cut,slim,119.00\nvariation,IMP-1,Cut,Tight,9\nvariation,IMP-1,,,9\n"
    )
    told = await desk.rejected(text)
    assert [(line, column) for line, column, _ in told] == [(3, ""), (4, "Attribute 1 value(s)")]
    assert "has no option Tight" in told[0][2]
    done = await desk.load(text, skip_rejected=True)
    assert [(row["do"], row["fields"]) for row in done["changes"]] == [
        ("update", {"regular_price": ["120.00", "119.00"]})
    ]


@pytest.mark.requirement("catalog:import")
async def test_downloads_custom_fields_and_types(desk: Desk) -> None:
    text = (
        "Type,SKU,Name,Regular price,Download 1 name,Download 1 URL,Download limit,Meta: fit,External URL,Tax class\n"
        '"simple, virtual, downloadable",DL-1,Pattern,5,Sheet,https://a.example/p.pdf,3,loose,,\n'
        "external,EX-1,Elsewhere,9,,,,,https://other.example/x,reduced-rate\n"
        "simple,EX-2,No class,9,,,,,,no-such\n"
    )
    assert [(line, column) for line, column, _ in await desk.rejected(text)] == [(4, "Tax class")]
    done = await desk.load(text, skip_rejected=True)
    assert done["state"] == "applied", done
    pattern = await desk.by_sku("DL-1")
    assert (pattern["virtual"], pattern["downloadable"], pattern["download_limit"]) == (True, True, 3)
    assert [(one["name"], one["file"]) for one in pattern["downloads"]] == [("Sheet", "https://a.example/p.pdf")]
    assert {"key": "fit", "value": "loose"}.items() <= pattern["meta_data"][0].items()
    assert (await desk.by_sku("EX-1"))["external_url"] == "https://other.example/x"
    kept = [one for one in (await desk.exported(custom_fields=True)) if one["SKU"] in ("DL-1", "EX-1")]
    assert (await desk.load(text_of(kept)))["state"] == "nothing_to_change"
    kept[0]["Meta: fit"], kept[0]["Download 1 name"] = "tight", "Sheets"
    done = await desk.load(text_of(kept))
    assert {*done["changes"][0]["fields"]} == {"meta_data", "downloads"}


@pytest.mark.requirement("catalog:import")
async def test_what_is_in_the_bin_stays_there(desk: Desk) -> None:
    known = (await desk.get(WC, type="simple", status="publish"))[0]
    await desk.shop.do("woo_products_delete", id=known["id"])
    by_id = f"ID,Name\n{known['id']},New name\n"
    by_sku = f"SKU,Name\n{known['sku']},New name\n"
    for text in (by_id, by_sku):
        assert "bin" in (await desk.rejected(text))[0][2]


@pytest.mark.requirement("catalog:import")
async def test_a_file_by_address_is_not_asked_for_right_after_customers_texts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def fetch(url: str, **given: Any) -> ssrf.Download:
        asked.append(url)
        assert "text/csv" in given["content_types"]
        return ssrf.Download(url, "text/csv", b"SKU,Name\nURL-1,Cap\n", "", "")

    monkeypatch.setattr(ssrf, "fetch_public", fetch)
    url = "https://suppliers.example.com/list.csv"
    assert (await desk.shop.do(TOOL, url=url, preview=True))["state"] == "proposed"
    await desk.shop.do("woo_order_notes_list", order_id=await desk.shop.some("woo_orders_list"))
    assert (await desk.shop.refused(TOOL, url=url)).code is Code.FORBIDDEN
    assert len(asked) == 1
