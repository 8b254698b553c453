"""What is counted as what, for how long a test is taken to run, and a plugin that counts less than it should."""

from __future__ import annotations

from typing import Any

import pytest

from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code
from devskyy_mcp.experiments import service, store
from devskyy_tools.sandbox.nouns import variants as companion
from tests.fakes.demo import Demo

from .designs import HALVES, SMALL

Json = dict[str, Any]


@pytest.mark.requirement("experiments:once")
@pytest.mark.parametrize(("kind", "conversions"), [("rate", 1), ("mean", 1), ("ratio", 12)])
async def test_a_customer_of_many_orders_is_one_that_converted(desk: Demo, kind: Any, conversions: int) -> None:
    metric = {"name": "order", "kind": kind, "base": 0.5, **({} if kind == "rate" else {"sd": 1.0})}
    await desk.do("experiments_create", **{**SMALL, "name": "orders", "metric": metric})
    await desk.do("experiments_expose", experiment="orders", units=["ada", "bob", "eve"])
    orders: list[Json] = [{"unit": "ada", "key": str(number)} for number in range(12)]
    await desk.do("experiments_convert", experiment="orders", metric="order", events=orders)
    async with desk.app.services.get(Database).read() as conn:
        arms = await store.arms(conn, "orders", "order", kind)
    assert sum(one.events for one in arms.values()) == conversions


async def test_what_another_process_ended_is_soon_known(light: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    await light.do("experiments_create", name="elsewhere", **SMALL)
    await light.do("experiments_assign", experiment="elsewhere", units=["ada"])
    async with light.app.services.get(Database).begin() as conn:
        assert await store.end(conn, "elsewhere", "ended by another process")
    monkeypatch.setattr(service, "FRESH", 0.0)
    refused = await light.refused("experiments_assign", experiment="elsewhere", units=["ada"])
    assert (refused.code, "ended" in refused.message) == (Code.CONFLICT, True)


@pytest.mark.requirement("experiments:refusals")
async def test_an_older_plugin_is_to_be_updated(light: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    product = await light.some("woo_products_list", type="simple", status="publish")
    variants = [HALVES[0], {**HALVES[1], "content": "A lighter coat"}]
    design = {**SMALL, "variants": variants, "shop_place": "name", "product_ids": [product], "name": "older"}
    assert (await light.carry_out("experiments_create", **design))["state"] == "applied"
    monkeypatch.setattr(companion, "_GOALS", ("add_to_cart", "order"))
    refused = await light.refused("experiments_results", experiment="older")
    assert (refused.code, "refund" in refused.message, "Update" in refused.hint) == (Code.NOT_CONFIGURED, True, True)
