"""What changed since a time: listed, counted, exported, and taken back as one."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from devskyy_mcp.app import local_principal
from devskyy_mcp.changes import report
from devskyy_mcp.context import Principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.invoke import Call
from devskyy_mcp.reading import Reader
from devskyy_tools.shop.client import ShopClient
from tests.fakes.demo import Demo, demo

pytestmark = pytest.mark.requirement("reports:one-question")
START = "2020-01-01T00:00:00Z"
PRODUCT = "MS-LVH-12"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as made:
        yield made


async def product(desk: Demo, **fields: Any) -> int:
    client = desk.app.services.get(ShopClient)
    body = {"name": "Scarf", "regular_price": "80.00", **fields}
    return (await client.write("POST", "/wc/v3/products", json=body)).json()["id"]


async def stored(desk: Demo, target: int) -> dict[str, Any]:
    return await desk.app.services.get(ShopClient).get(f"/wc/v3/products/{target}", {"context": "edit"})


async def agreed(desk: Demo, tool: str, **arguments: Any) -> dict[str, Any]:
    done = await desk.do(tool, **arguments)
    return await desk.agree(done["change"]) if done["state"] == "waits_for_person" else done


async def read(desk: Demo, uri: str, who: Principal | None = None) -> Any:
    return (await Reader(desk.app.road, who or local_principal(), "cli").read(uri))[1]


async def test_lists_counts_and_pages(desk: Demo) -> None:
    one = await product(desk)
    await desk.do("woo_products_update", id=one, name="Silk scarf")
    await desk.do("wp_terms_create", taxonomy="post_tag", name="=1+1")
    await desk.do("woo_products_update", id=one, regular_price="85.00", name="Scarf")
    await desk.do("woo_products_update", id=one, name="never", preview=True)
    whole = await desk.do("changes_report", since=START)
    assert (whole["changes"], whole["objects"], whole["counts"]) == (3, 2, {"created": 1, "updated": 2})
    assert whole["rows"][0]["fields"] == {"name": ["Silk scarf", "Scarf"], "regular_price": ["80.00", "85.00"]}
    seen: list[Any] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await desk.do("changes_report", since=START, limit=1, **cursor)
        seen += page["rows"]
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == whole["rows"]
    narrowed = await desk.do("changes_report", since=START, tool="wp_terms_create")
    assert [row["tool"] for row in narrowed["rows"]] == ["wp_terms_create"]
    for nothing in ({"actor": "user:nobody"}, {"run": "job_none"}, {"until": "2020-01-02T00:00:00Z"}):
        assert (await desk.do("changes_report", since=START, **nothing))["rows"] == []
    table = list(csv.DictReader(io.StringIO(await read(desk, whole["files"]["csv"]))))
    assert [(row["field"], row["before"], row["after"]) for row in table if row["tool"] == "wp_terms_create"] == [
        ("name", "", "'=1+1")
    ]
    assert len(table) == 4
    assert (await read(desk, whole["files"]["json"]))["rows"][0]["fields"]["name"] == ["Silk scarf", "Scarf"]


async def test_a_report_is_taken_back_as_one_change(desk: Demo) -> None:
    """Twice changed, made and changed, into the bin and out again: all is as before the first of them."""
    one, two = await product(desk), await product(desk)
    before = [await stored(desk, one), await stored(desk, two)]
    await desk.do("woo_products_update", id=one, name="Silk scarf")
    await desk.do("woo_products_update", id=one, name="Wool scarf", regular_price="85.00")
    made = await desk.do("woo_products_create", name="Coat", regular_price="120.00")
    coat = int(made["changes"][0]["id"])
    await desk.do("woo_products_update", id=coat, name="Long coat")
    await agreed(desk, "woo_products_delete", id=two)
    undone = await desk.do("wp_terms_create", taxonomy="post_tag", name="silk")
    await agreed(desk, "changes_undo", change=undone["change"])
    whole = (await desk.do("changes_report", since=START))["report"]
    shown = await desk.do("changes_undo", report=whole, preview=True)
    assert (shown["state"], len(shown["changes"])) == ("proposed", 3)
    assert [row["fields"] for row in shown["changes"] if row.get("id") == str(one)] == [
        {"name": ["Wool scarf", "Scarf"], "regular_price": ["85.00", "80.00"]}
    ]
    done = await agreed(desk, "changes_apply", change=shown["change"])
    assert done["state"] == "applied"
    after = [await stored(desk, one), await stored(desk, two)]
    for was, is_now in zip(before, after, strict=True):
        differing = {name for name in was if was[name] != is_now[name]}
        assert differing <= {"date_modified", "date_modified_gmt", "related_ids", "meta_data", "_links"}
    assert (await stored(desk, coat))["status"] == "trash"
    rows = (await desk.do("changes_report", since=START))["rows"]
    assert {row.get("undone_by") for row in rows if row.get("id") == str(one) and row["change"] != done["change"]} == {
        done["change"]
    }
    again = await desk.do("changes_undo", report=whole, preview=True)
    assert again["state"] == "nothing_to_change"
    # And what was taken back as one comes back as one.
    await agreed(desk, "changes_undo", change=done["change"])
    assert (await stored(desk, one))["name"] == "Wool scarf"


async def test_what_was_binned_and_restored_is_left(desk: Demo) -> None:
    post = int((await desk.do("wp_posts_create", title="Lookbook"))["changes"][0]["id"])
    gone = await agreed(desk, "wp_posts_delete", id=post)
    back = await agreed(desk, "wp_bin_restore", noun="posts", id=post)
    shown = await desk.do("changes_undo", changes=[back["change"], gone["change"]], preview=True)
    assert shown["state"] == "nothing_to_change"


async def test_what_was_changed_since_is_left_alone(desk: Demo) -> None:
    one, two = await product(desk), await product(desk)
    changes = [(await desk.do("woo_products_update", id=id_, name="Silk scarf"))["change"] for id_ in (one, two)]
    client = desk.app.services.get(ShopClient)
    await client.write("PUT", f"/wc/v3/products/{two}", json={"name": "Somebody's"})
    done = await agreed(desk, "changes_undo", changes=changes)
    assert done["counts"] == {"done": 1, "left_alone": 1}
    assert ((await stored(desk, one))["name"], (await stored(desk, two))["name"]) == ("Scarf", "Somebody's")


async def test_who_may_not_see_all_sees_the_own_changes(desk: Demo) -> None:
    await desk.do("wp_terms_create", taxonomy="post_tag", name="silk")
    mine = Principal("user:ada", "user", frozenset({"changes:write", "content:write"}), "Ada")

    async def ask(**more: Any) -> dict[str, Any]:
        given = {"since": START, **more}
        return (await desk.app.road.invoke(Call(mine, "changes_report", given, "rest"))).data

    assert (await ask())["rows"] == []
    with pytest.raises(Refused) as refused:
        await ask(actor=local_principal().id)
    assert refused.value.code is Code.FORBIDDEN
    whole = await desk.do("changes_report", since=START)
    assert (await read(desk, whole["files"]["json"], replace(mine)))["rows"] == []
    with pytest.raises(Refused, match="not_found"):
        await desk.app.changes.journal.to_take_back(mine, whole["report"])


@pytest.mark.parametrize(
    "given",
    [
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"since": START, "cursor": "none of ours"},
        {"since": START, "until": "then"},
    ],
)
async def test_bad_questions_are_told(desk: Demo, given: dict[str, Any]) -> None:
    assert (await desk.refused("changes_report", **given)).code is Code.INVALID_ARGUMENTS


async def test_what_to_take_back_is_said_one_way(desk: Demo) -> None:
    for given in ({}, {"change": "chg_x", "report": "rep_x"}, {"report": "rep_x"}, {"report": "x" * 900}):
        assert (await desk.refused("changes_undo", **given)).code is Code.INVALID_ARGUMENTS
    assert (await desk.refused("changes_undo", changes=["chg_none"])).code is Code.NOT_FOUND


async def test_no_report_scans_the_journal(desk: Demo) -> None:
    """Whatever it is narrowed to, an index leads to its changes, the last finished first."""
    db = desk.app.services.get(Database)
    await db.open()
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    engine = db._reads  # pyright: ignore[reportPrivateUsage] # there is no other way to see each statement
    assert engine is not None
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    for actor in ("", "user:ada"):
        for tool in ("", "wp_terms_create"):
            asked.clear()
            async with db.read() as conn:
                await report.sets(conn, report.Filter(1, 2**50, actor, tool), (2**50, "chg_x"), 100)
            [(statement, parameters)] = list(asked)
            async with db.read() as conn:
                steps = (await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).mappings().all()
            [plan] = [str(step["detail"]) for step in steps]
            assert plan.startswith("SEARCH change_sets USING INDEX ix_change_sets_"), plan
            assert plan.count("=?") >= bool(actor or tool), plan
