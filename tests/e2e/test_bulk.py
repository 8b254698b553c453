"""A bulk change as a caller meets it: over the road, by the worker of the same process, waited for and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.invoke import Call, Decision
from tests.fakes.demo import Demo, demo

TOOL = "woo_products_bulk_update"
NUMBER = 120


async def agreed(shop: Demo, tool: str, arguments: dict[str, Any], wait: float) -> dict[str, Any]:
    """The call whose question a person says yes to."""
    me = local_principal()
    asked = await shop.app.road.invoke(Call(me, tool, arguments, "cli", can_ask=True))
    assert asked.question is not None
    decision = Decision(asked.question.change, agreed=True, person=Person("Grace", "elicitation"))
    told: list[float] = []

    async def sink(done: float, _total: float | None, _message: str | None) -> None:
        told.append(done)

    call = Call(me, tool, arguments, "cli", sink, can_ask=True, decision=decision, wait=wait)
    return (await shop.app.road.invoke(call)).data


@pytest.mark.requirement("bulk:job")
async def test_a_bulk_change_from_the_question_to_the_undo(tmp_path: Path) -> None:
    async with demo(tmp_path) as shop, shop.app.running(eager=True):
        ids: list[int] = []
        client = shop.app.services.get(_client())
        for start in range(0, NUMBER, 60):
            rows = [{"name": f"Scarf {start + one}", "regular_price": "80.00"} for one in range(60)]
            answer = await client.write("POST", "/wc/v3/products/batch", json={"create": rows}, deadline=60)
            ids += [one["id"] for one in answer.json()["create"]]
        given = {"filter": {"ids": ids}, "set": {"sale_price": "-25%"}}
        at_once = await agreed(shop, TOOL, given, wait=0)
        assert at_once["state"] == "applying"
        ended = await shop.do("jobs_wait", job=at_once["job"], seconds=30)
        assert (ended["state"], ended["change"]) == ("succeeded", at_once["change"])
        shown = await shop.do("changes_show", change=at_once["change"])
        assert (shown["state"], shown["counts"]) == ("applied", {"done": NUMBER})
        undone = await agreed(shop, "changes_undo", {"change": at_once["change"]}, wait=30)
        assert (undone["state"], undone["undoes"], undone["counts"]) == (
            "applied",
            at_once["change"],
            {"done": NUMBER},
        )
        page = await client.page("/wc/v3/products", {"include": ids[:100], "per_page": 100, "status": "any"})
        assert {one["sale_price"] for one in page.items} == {""}


def _client() -> Any:
    from devskyy_tools.shop.client import ShopClient

    return ShopClient
