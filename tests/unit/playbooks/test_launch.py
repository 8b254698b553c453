"""From two photos to a draft product with a turning model, and back without a trace."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.errors import Code
from devskyy_mcp.invoke import Call
from devskyy_tools.playbooks.launch_copy import Facts, drafted
from devskyy_tools.sandbox.store import Where
from tests.fakes.demo import Demo, demo
from tests.fakes.photos import NEGATIVES, draw

pytestmark = pytest.mark.requirement("play:launch")
FACTS = {"kind": "T-shirt", "color": "navy", "material": "organic cotton", "details": ["Ribbed collar"]}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path, calls_burst=1000) as shop, shop.app.running(eager=True):
        yield shop


async def photo(desk: Demo, content: bytes, name: str = "tee.jpg") -> str:
    return (await desk.app.services.get(Assets).put(content, name, "upload")).id


async def launched(desk: Demo, *, told: list[float] | None = None, **arguments: Any) -> dict[str, Any]:
    """What a launch came to; ``told`` takes how far it said to be, of 1."""
    job = (await desk.do("play_product_launch", **arguments))["job"]

    async def sink(done: float, total: float | None, _message: str | None) -> None:
        if told is not None and total:
            told.append(done / total)

    wait = Call(local_principal(), "jobs_wait", {"job": job, "seconds": 45}, "cli", sink)
    return (await desk.app.road.invoke(wait)).data


async def counted(desk: Demo) -> tuple[int, int]:
    """How many products the shop has outside its bin, and how many media files."""
    return (await desk.do("woo_products_list"))["total"], desk.shop.store.count(Where("attachment"))


@pytest.mark.timeout(180)
async def test_photos_become_a_product_with_a_model_and_one_undo_takes_all_back(desk: Demo) -> None:
    photos = [await photo(desk, draw(22).content), await photo(desk, draw(23).content)]
    before = await counted(desk)
    told: list[float] = []
    asked = {"name": "Harbour Tee", "photos": photos, "height_cm": 70, "category": "top", "facts": FACTS}
    ended = await launched(desk, told=told, **asked)
    assert ended["state"] == "succeeded", ended
    assert told == sorted(told), "it never goes backwards"
    assert told[-1] == 1
    made = ended["result"]
    assert {made[part]["content_type"] for part in ("model", "usdz")} == {"model/gltf-binary", "model/vnd.usdz+zip"}
    assert made["gate"]["verdict"] != "fail", made["gate"]
    assert len(made["pictures"]) == len(made["texts"]["alt_texts"]) == 2
    assert made["sheet"]["shown"]
    assert any("relief" in one for one in made["warnings"])
    assert not desk.writes, "a launch touches no shop"

    asked = {"launch": ended["job"], "regular_price": "49.00", "sku": "HT-1"}
    plan = await desk.do("play_launch_draft", **asked, preview=True)
    assert [item["do"] for item in plan["changes"]] == ["create"] * 6 + ["update"]
    assert not desk.writes
    done = await desk.carry_out("play_launch_draft", **asked)
    assert done["state"] == "applied", done
    product = next(int(one["id"]) for one in done["changes"] if one["object"].startswith("new product"))
    held = await desk.do("woo_products_get", id=product)
    assert (held["name"], held["status"], held["regular_price"]) == ("Harbour Tee", "draft", "49.00")
    assert len(held["images"]) == 2
    found = await desk.do("three_d_products_get", id=product)
    assert (found["kept_by"], found["kind"], found["ar"]) == ("plugin", "relief", False)
    assert found["merchant"]["eligible"] is False

    undone = await desk.carry_out("changes_undo", change=done["change"])
    assert undone["state"] == "applied", undone
    assert await counted(desk) == before
    assert (await desk.do("woo_products_get", id=product))["status"] == "trash", "from where it can be had back"


async def test_photos_that_cannot_work_are_told_before_the_shop_is_touched(desk: Demo) -> None:
    blank = await photo(desk, next(iter(NEGATIVES.values()))(4).content)
    ended = await launched(desk, name="Nothing", photos=[blank])
    assert ended["state"] == "failed"
    assert ended["error"]["hint"]
    assert not desk.writes


async def test_without_a_model_any_picture_will_do(desk: Demo) -> None:
    ended = await launched(desk, name="Gift card", photos=[await photo(desk, draw(22).content)], model="none")
    assert ended["state"] == "succeeded", ended
    assert "model" not in ended["result"]
    assert ended["result"]["texts"]["missing"] == ["kind", "color", "material", "fit", "care"]


async def test_only_a_launch_that_is_ready_goes_into_the_shop(desk: Demo) -> None:
    other = (await desk.do("woo_catalog_export"))["job"]
    assert (await desk.refused("play_launch_draft", launch=other)).code is Code.INVALID_ARGUMENTS
    assert (await desk.refused("play_launch_draft", launch="job_unknown")).code is Code.NOT_FOUND
    failed = await launched(desk, name="Nothing", photos=[await photo(desk, next(iter(NEGATIVES.values()))(4).content)])
    refused = await desk.refused("play_launch_draft", launch=failed["job"])
    assert refused.code is Code.CONFLICT
    assert "play_product_launch" in refused.hint, "waiting would not help"


def test_texts_say_what_was_given_and_nothing_else() -> None:
    facts = Facts(kind="T-shirt", color="indigo", material="linen", details=["<b>Hand made</b>", "x" * 200])
    made = drafted("Tee & Co", facts, ["front", "back"], 70)
    assert made.description.startswith(
        "<p>Tee &amp; Co: an indigo linen T-shirt.</p><ul><li>&lt;b&gt;Hand made&lt;/b&gt;"
    )
    assert made.alt_texts == ["Tee & Co, indigo linen T-shirt, front", "Tee & Co, indigo linen T-shirt, back"]
    assert len(made.seo_description) <= 155
    assert made.missing == ["fit", "care"]
    assert drafted("Cap", Facts(), ["front"], None).short_description == "<p>Cap.</p>"
