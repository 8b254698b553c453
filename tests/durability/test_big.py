"""kill -9 while a job carries out a change set of many chunks, on SQLite and on Postgres; another goes on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.db.database import Database
from tests.fakes.postgres import database_url, postgres_server, postgres_url

from .conftest import Floor
from .driver import BIG_FAILPOINTS
from .kinds import many, prices

__all__ = ["database_url", "postgres_server", "postgres_url"]

NUMBER = 350
CHUNKS = 14
BATCH = "/wc/v3/products/batch"


async def plan(floor: Floor, url: str) -> tuple[str, list[int]]:
    """Some hundred products and a proposal to change their prices."""
    database = Database(url, migrate=True)
    await database.open()
    await database.close()
    floor.settings["database_url"] = url
    ids = [one["id"] for start in range(0, NUMBER, 100) for one in many(floor.shop, min(100, NUMBER - start))]
    answer = await floor.call("woo_products_bulk_update", arguments(ids), approve=False)
    return answer["data"]["change"], ids


def arguments(ids: list[int]) -> dict[str, Any]:
    return {"filter": {"ids": ids}, "set": {"regular_price": "85.00"}}


def agree(floor: Floor, ids: list[int], **more: Any) -> Any:
    """A person agrees to the proposal that a call like the first one leads to."""
    return floor.start("woo_products_bulk_update", arguments(ids), **more)


def all_prices(floor: Floor, ids: list[int]) -> list[str]:
    return sorted({price for start in range(0, NUMBER, 100) for price in prices(floor.shop, ids[start : start + 100])})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of its own: what waits in one test is not settled by another."""
    return tmp_path


@pytest.mark.requirement("bulk:killed")
async def test_killed_at_each_line_and_gone_on_with(floor: Floor, database_url: str) -> None:
    """One process after the other dies, each a little later; what is sent is sent once."""
    change, ids = await plan(floor, database_url)
    await agree(floor, ids, failpoint="before_handing_over").died()
    assert (await floor.call("changes_show", {"change": change}))["data"]["state"] == "proposed"
    handed = (await agree(floor, ids).answer())["data"]
    assert (handed["state"], handed["change"]) == ("applying", change)
    for failpoint in list(BIG_FAILPOINTS)[1:]:
        await floor.start(carry=change, failpoint=failpoint).died()
    answer = await floor.start(carry=change).answer()
    assert answer["data"]["state"] == "applied", answer
    assert answer["data"]["counts"] == {"done": NUMBER}
    assert all_prices(floor, ids) == ["85.00"]
    assert len(floor.writes(BATCH)) == CHUNKS
    undoing = await floor.call("changes_undo", {"change": change})
    assert undoing["data"]["state"] == "applying"
    undone = await floor.start(carry=undoing["data"]["change"]).answer()
    assert undone["data"]["counts"] == {"done": NUMBER}
    assert all_prices(floor, ids) == ["80.00"]


@pytest.mark.requirement("bulk:killed")
@pytest.mark.parametrize("fault", ["black_hole", "hold_request", "hold_answer"])
async def test_killed_while_a_request_is_under_way(floor: Floor, database_url: str, fault: Any) -> None:
    """The request never arrives, arrives late, or its answer does not come back."""
    change, ids = await plan(floor, database_url)
    await agree(floor, ids).answer()
    rule = floor.proxy.rule(fault, "POST", BATCH, after=2, times=1)
    process = floor.start(carry=change)
    await rule.hit.wait()
    await process.killed()
    rule.release.set()
    answer = await floor.start(carry=change).answer()
    assert answer["data"]["counts"] == {"done": NUMBER}, answer
    assert all_prices(floor, ids) == ["85.00"]
    assert len(floor.writes(BATCH)) == CHUNKS


@pytest.mark.requirement("bulk:away")
async def test_a_shop_that_goes_away_and_comes_back(floor: Floor, database_url: str) -> None:
    change, ids = await plan(floor, database_url)
    await agree(floor, ids).answer()
    rule = floor.proxy.rule("hold_answer", "POST", BATCH, after=1, times=1)
    process = floor.start(carry=change)
    await rule.hit.wait()
    floor.shop.kill()
    rule.release.set()
    floor.shop.start()
    answer = await process.answer()
    assert answer["data"]["counts"] == {"done": NUMBER}, answer
    assert all_prices(floor, ids) == ["85.00"]
