"""The tool that makes reliefs, as a surface calls it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.errors import Code
from devskyy_tools.studio.gltf.read import read_glb
from devskyy_tools.studio.relief import stages
from tests.fakes.demo import Desk, demo
from tests.fakes.photos import NEGATIVES, back_of, draw


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with demo(tmp_path, calls_burst=1000) as shop:
        yield shop


async def put(desk: Desk, content: bytes, name: str = "tee.jpg") -> str:
    return (await desk.app.services.get(Assets).put(content, name, "upload")).id


@pytest.mark.requirement("relief:honest")
async def test_two_photos_become_two_files_with_their_provenance(desk: Desk) -> None:
    front = draw(23, print="none")
    photos = [front.content, back_of(front, 5).content]
    assets = [await put(desk, one) for one in photos]
    made = await desk.do("three_d_reliefs_create", asset=assets[0], back=assets[1], category="top", height_cm=70)
    assert (made["back"], made["cut_out_by"], made["warnings"]) == ("photo", "network", [])
    assert made["height_m"] == pytest.approx(0.7, rel=0.01)
    assert made["triangles"] <= 50_000
    assert "not a scan" in made["note"]
    store = desk.app.services.get(Assets)
    for file in (made["glb"], made["compact"]):
        asset = await store.get(file["asset"])
        assert asset.content_type == "model/gltf-binary"
        assert asset.provenance["tool"] == "three_d_reliefs_create"
        assert asset.provenance["sources"] == [hashlib.sha256(one).hexdigest() for one in photos]
        extras = read_glb(store.path(asset).read_bytes()).tree["asset"]["extras"]
        assert extras["reconstruction"] is False
    assert made["compact"]["size"] <= 300_000
    assert made["glb"]["name"] == "tee-relief.glb"


async def test_what_was_assumed_is_said(desk: Desk) -> None:
    made = await desk.do("three_d_reliefs_create", asset=await put(desk, draw(22).content), category="bag")
    assert made["warnings"] == ["No height was stated: 32 cm were assumed."]
    assert "guessed" in made["note"]


@pytest.mark.requirement("relief:refused")
@pytest.mark.parametrize("name", ["worn", "corrupt", "huge"])
async def test_the_reason_comes_whole_out_of_the_other_process(desk: Desk, name: str) -> None:
    refused = await desk.refused("three_d_reliefs_create", asset=await put(desk, NEGATIVES[name](2).content))
    assert refused.code == (Code.TOO_LARGE if name == "huge" else Code.INVALID_ARGUMENTS)
    assert refused.hint


def test_without_the_extra_there_is_no_small_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "meshopt", None)
    made = stages.make(draw(22).content, None, "bag", 30)
    assert made.compact is None
    assert "three-d" in made.warnings[-1]
