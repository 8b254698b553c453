"""Tests on the shop's pages, on the demo shop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats  # pyright: ignore[reportMissingTypeStubs]

from devskyy_mcp.app import local_principal
from devskyy_mcp.changes.stage import Unit
from devskyy_mcp.context import Context, Principal
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.experiments.results import ShopNumbers
from devskyy_mcp.experiments.service import Experiments
from devskyy_mcp.invoke import Call
from devskyy_tools.shop.collections import VARIANT_TESTS
from devskyy_tools.shop.session import Shop
from tests.fakes.demo import Demo

from .designs import HALVES, RATE, SMALL

Json = dict[str, Any]


@pytest.mark.requirement("experiments:on-the-shop")
async def test_a_test_on_the_shop_is_a_persons_to_start(light: Demo) -> None:
    product = await light.some("woo_products_list", type="simple", status="publish")
    variants = [HALVES[0], {**HALVES[1], "content": "A lighter coat"}]
    design = {**SMALL, "variants": variants, "shop_place": "name", "product_ids": [product], "name": "shown"}
    asked = await light.do("experiments_create", **design)
    assert asked["state"] == "waits_for_person"
    assert "Visitors of the shop see the name of 1 product in 2 variants." in asked["asks"]
    assert light.writes == []
    done = await light.agree(asked["change"])
    assert done["state"] == "applied", done
    (test,) = await shown(light)
    assert (test["key"], test["live"], [one["weight"] for one in test["variants"]]) == ("shown", True, [5000, 5000])
    for number in range(40):
        await visit(light, "shown", f"{number:032x}")
    found = await light.do("experiments_results", experiment="shown")
    assigned = await light.do(
        "experiments_assign", experiment="shown", units=[f"{number:032x}" for number in range(40)]
    )
    counted = list(assigned["variants"].values())
    assert {arm["variant"]: arm["units"] for arm in found["arms"]} == {
        key: counted.count(key) for key in ("old", "new")
    }
    assert (await light.refused("experiments_expose", experiment="shown", units=["a"])).code == Code.CONFLICT
    stopped = await light.carry_out("experiments_stop", experiment="shown", reason="seen enough of it")
    assert stopped["state"] == "applied", stopped
    assert (await shown(light))[0]["live"] is False
    light.shop.requests.clear()
    undone = await light.do("changes_undo", change=stopped["change"])
    assert undone["state"] == "nothing_to_change", undone
    assert light.writes == []
    assert (await shown(light))[0]["live"] is False, "what has ended does not go on"


@pytest.mark.requirement("experiments:shop-money")
async def test_money_of_visitors_is_compared_as_welch_does(light: Demo) -> None:
    """From the sums that the plugin gives; two in a hundred buy, and a few spend a lot."""
    product = await light.some("woo_products_list", type="simple", status="publish")
    design = {
        **SMALL, "name": "spent", "shop_place": "name", "product_ids": [product], "mde": 0.4, "looks": 1,
        "variants": [HALVES[0], {**HALVES[1], "content": "A lighter coat"}],
        "metric": {"name": "revenue", "kind": "mean", "base": 2.0, "sd": 14.0},
        "guardrails": [{"name": "refund", "kind": "rate", "better": "down", "margin": 0.5}],
    }  # fmt: skip
    assert (await light.carry_out("experiments_create", **design))["state"] == "applied"
    random = np.random.default_rng(7)
    spent = {
        key: np.where(random.random(5_000) < share, np.exp(random.normal(4, 1, 5_000)), 0.0)
        for key, share in (("old", 0.02), ("new", 0.05))
    }

    async def counts(_name: str) -> ShopNumbers:
        return {
            key: {
                "units": len(one), "add_to_cart": 0, "order": int((one > 0).sum()), "refund": 3,
                "revenue": one.sum(), "revenue_squares": (one**2).sum(),
            }
            for key, one in spent.items()
        }  # fmt: skip

    found = await light.app.services.get(Experiments).results("spent", counts)
    (one,) = found.comparisons or []
    welch: Any = scipy.stats.ttest_ind(spent["new"], spent["old"], equal_var=False)  # pyright: ignore[reportUnknownMemberType]
    assert one.z == pytest.approx(welch.statistic, abs=1e-9)
    assert one.difference == pytest.approx(spent["new"].mean() - spent["old"].mean())
    assert (found.decision, found.definition["winsorised"]) == ("stop_efficacy", 0.995)
    assert found.guardrails is not None
    assert [(rail.metric, rail.holds) for rail in found.guardrails] == [("refund", False)]


@pytest.mark.requirement("experiments:shop-layers")
async def test_two_tests_on_a_page_never_meet_the_same_visitor(light: Demo) -> None:
    product = await light.some("woo_products_list", type="simple", status="publish")
    variants = [HALVES[0], {**HALVES[1], "content": "A lighter coat"}]
    design = {**SMALL, "variants": variants, "shop_place": "name", "product_ids": [product]}
    part = {"layer": "coats", "layer_percent": 40.0}
    assert (await light.carry_out("experiments_create", **design, name="alone"))["state"] == "applied"
    refused = await light.refused("experiments_create", **design, name="second")
    assert refused.code == Code.CONFLICT
    assert f"the test alone runs on product {product} already" in refused.message
    assert (await light.refused("experiments_create", **design, **part, name="second")).code == Code.CONFLICT
    await light.carry_out("experiments_stop", experiment="alone", reason="makes room for two")
    for name in ("first", "second"):
        made = await light.carry_out("experiments_create", **design, **part, name=name)
        assert made["state"] == "applied", made
    refused = await light.refused("experiments_create", **design, name="third")
    assert refused.hint == "It leaves room for others in its layer: give layer coats and layer_percent."
    full = await light.refused("experiments_create", **design, **part, name="third")
    assert "At most 20 % are" in full.hint
    units = [f"{number:032x}" for number in range(100)]
    plan = [
        (await light.do("experiments_assign", experiment=name, units=units))["variants"] for name in ("first", "second")
    ]
    assert not [unit for unit in units if plan[0][unit] and plan[1][unit]]
    for unit in units:
        for name, variant in (("first", plan[0][unit]), ("second", plan[1][unit])):
            await visit(light, name, unit, 204 if variant else 404)
    for name, mine in zip(("first", "second"), plan, strict=True):
        found = await light.do("experiments_results", experiment=name)
        assert sum(arm["units"] for arm in found["arms"]) == sum(one is not None for one in mine.values()) > 25
        assert "visitors in each variant" in found["words"]


async def test_whoever_would_let_it_go_on_asks_a_person(light: Demo) -> None:
    """No tool does; a plan that was made by an older server might."""
    product = await light.some("woo_products_list", type="simple", status="publish")
    variants = [HALVES[0], {**HALVES[1], "content": "A lighter coat"}]
    design = {**SMALL, "variants": variants, "shop_place": "name", "product_ids": [product], "name": "over"}
    await light.carry_out("experiments_create", **design)
    await light.carry_out("experiments_stop", experiment="over", reason="seen enough of it")
    ctx = Context(local_principal(), light.app.services, surface="cli", unit=Unit())
    op = await ctx.get(Shop).write_back(VARIANT_TESTS, "over", {"live": True})
    assert op is not None
    assert op.asks == ["Visitors of the shop see the variants of a test that had ended."]


async def shown(desk: Demo) -> list[Json]:
    from devskyy_tools.shop.client import ShopClient

    found: Any = await desk.app.services.get(ShopClient).get("/devskyy/v1/tests")
    return found


async def visit(desk: Demo, test: str, unit: str, status: int = 204) -> None:
    from devskyy_tools.shop.client import ShopClient

    upstream = desk.app.services.get(ShopClient).upstream
    answer = await upstream.send("POST", "/wp-json/devskyy/v1/exposures", json={"test": test, "unit": unit})
    assert answer.status == status


@pytest.mark.requirement("experiments:on-the-shop")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"product_ids": []}, "needs product_ids"),
        ({"product_ids": [99_999_999]}, "there is no product"),
        ({"metric": {**RATE, "name": "revenue"}}, "revenue as a mean"),
        ({"metric": {**RATE, "name": "visits"}}, "does not count visits"),
        ({"covariate": "last year's orders"}, "nothing is known from before"),
        ({"variants": HALVES}, "show the same"),
        ({"shop_place": "model"}, "empty or off"),
        ({"variants": [HALVES[0], {**HALVES[1], "content": "x" * 2_001}]}, "shows 2,001 characters"),
        ({"shop_place": "picture"}, "the id of a picture"),
        ({"variants": [HALVES[0], {**HALVES[1], "content": "Coats <3"}]}, "holds '<'"),
        ({"variants": [HALVES[0], {**HALVES[1], "content": "Wool 100%ab"}]}, "holds '%ab'"),
        ({"variants": [HALVES[0], {**HALVES[1], "content": "#2"}]}, "from_round"),
    ],
)
async def test_what_the_shop_can_not_test_is_refused(light: Demo, wrong: Json, says: str) -> None:
    variants = [HALVES[0], {**HALVES[1], "content": "A lighter coat"}]
    product = await light.some("woo_products_list", type="simple", status="publish")
    design = {**SMALL, "variants": variants, "shop_place": "name", "product_ids": [product], "name": "odd", **wrong}
    refused = await light.refused("experiments_create", **design)
    assert says in f"{refused.message} {refused.hint}"


async def test_a_test_on_the_shop_needs_the_right_to_its_pages(light: Demo) -> None:
    program = Principal("client:till", "client", frozenset({"experiments:write"}), "Till")
    variants = [HALVES[0], {**HALVES[1], "content": "A lighter coat"}]
    arguments = {**SMALL, "variants": variants, "shop_place": "name", "product_ids": [15], "name": "odd"}
    with pytest.raises(Refused) as caught:
        await light.app.road.invoke(Call(program, "experiments_create", arguments, "rest"))
    assert (caught.value.code, caught.value.details["missing_scopes"]) == (Code.FORBIDDEN, ["content:write"])
