"""Runs of agents on the server, to their deliverable and to every other end."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .bed import Bed, bed, calls, delivers


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[Bed]:
    async with bed(tmp_path) as made:
        yield made


@pytest.mark.requirement("runs:deliver")
async def test_a_run_to_its_deliverable(here: Bed) -> None:
    found = await here.run(
        calls(("woo_products_list", {"limit": 2}), ("woo_products_list", {"limit": 1}), text="I look first."),
        calls(("wp_posts_create", {"title": "Silk is back", "content": "<p>Soon.</p>"})),
        delivers("A post was drafted.", products=[1]),
    )
    assert found["outcome"] == "delivered"
    assert found["output"] == {"answer": "A post was drafted.", "products": [1]}
    assert found["done"] == ["woo_products_list: ok", "woo_products_list: ok", "wp_posts_create: applied"]
    assert len(found["changes"]) == 1
    assert found["spent"]["steps"] == 3
    assert found["spent"]["usd"] > 0
    assert here.desk.writes == ["POST /wp/v2/posts"]
    assert json.loads(here.results(1)[0])["items"]


async def test_the_model_is_told_when_it_is(here: Bed) -> None:
    days = {datetime.now(UTC).strftime("%A, %Y-%m-%d")}
    await here.run(delivers("Nothing to do."), request="Which orders are late?")
    days.add(datetime.now(UTC).strftime("%A, %Y-%m-%d"))
    asked = json.dumps(here.models.asked[0].body)
    assert any(f"It is {day} " in asked for day in days)
    assert asked.index("Which orders are late?") < asked.index("It is ")
