"""A model in the chat: what is said of it, and how its page gets the bytes."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.errors import Code
from devskyy_mcp.find.tools import ToolIndex
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.three_d.viewer import MOST, PART, RELIEF
from tests.fakes.demo import Demo, demo
from tests.fakes.models3d import box, textured, variants
from tests.surface.rest.test_assets import png


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as shop:
        yield shop


async def kept(shop: Demo, content: bytes, kind: str = "model/gltf-binary", *sources: str, name: str = "tee") -> Asset:
    return await shop.app.services.get(Assets).add(content, name, kind, Provenance("test", sources))


@pytest.mark.requirement("chat:viewer")
async def test_what_a_model_is_at_one_look(shop: Demo) -> None:
    model = await kept(shop, variants())
    told = await shop.do("three_d_models_view", asset=model.id)
    assert told["model"]["asset"] == model.id
    assert told["triangles"] > 0
    assert len(told["variants"]) > 1
    assert len(told["dimensions"]) == 3
    assert told["parts"] == 1
    assert "sheet" not in told
    assert "notice" not in told


@pytest.mark.requirement("chat:viewer")
async def test_a_relief_says_that_it_is_one_and_a_sheet_stands_for_the_page(shop: Demo) -> None:
    relief = dataclasses.replace(box(size=(0.5, 0.7, 0.1)), extras={"method": "relief", "reconstruction": False})
    model = await kept(shop, write_glb(relief))
    await kept(shop, png(), "image/png", model.sha256, name="tee-poster")
    sheet = await kept(shop, png(8), "image/png", model.sha256, name="tee-sheet")
    await kept(shop, png(16), "image/png", model.sha256, name="tee-frame")
    told = await shop.do("three_d_models_view", asset=model.id)
    assert told["notice"] == RELIEF
    assert told["dimensions"] == [0.5, 0.7, 0.1]
    assert (told["sheet"]["asset"], told["sheet"]["shown"]) == (sheet.id, True)


@pytest.mark.requirement("chat:viewer")
async def test_the_parts_make_the_file(shop: Demo) -> None:
    content = textured() + bytes(PART)  # the tool gives bytes, whatever they are
    model = await kept(shop, content)
    first = await shop.do("three_d_models_read", asset=model.id)
    rest = [await shop.do("three_d_models_read", asset=model.id, part=n) for n in range(2, first["parts"] + 1)]
    assert b"".join(base64.b64decode(one["base64"]) for one in [first, *rest]) == content
    assert len(first["base64"]) < MOST
    assert (await shop.refused("three_d_models_read", asset=model.id, part=3)).code == Code.INVALID_ARGUMENTS


@pytest.mark.parametrize("content", [b"glTF", textured()[:-40], b"<html>"])
async def test_what_is_no_sound_model_is_refused(shop: Demo, content: bytes) -> None:
    model = await kept(shop, content)
    assert (await shop.refused("three_d_models_view", asset=model.id)).code == Code.INVALID_ARGUMENTS


async def test_other_files_are_refused(shop: Demo) -> None:
    picture, other = await kept(shop, png(), "image/png"), await kept(shop, b"PK", "model/vnd.usdz+zip")
    assert "no GLB" in (await shop.refused("three_d_models_view", asset=picture.id)).message
    assert "that it was made of" in (await shop.refused("three_d_models_read", asset=other.id)).message


async def test_models_are_not_shown_what_only_the_page_calls(shop: Demo) -> None:
    found = await by_words(shop, "bytes of the model file in parts")
    assert "three_d_models_read" not in found


async def by_words(shop: Demo, query: str) -> list[str]:
    """What tools_find finds without an encoder, which would be loaded first."""
    shop.app.services.put(ToolIndex, ToolIndex(shop.app.registry, by=lambda: None))
    return [one["name"] for one in (await shop.do("tools_find", query=query, limit=20))["tools"]]


@pytest.mark.requirement("3d:switched-off")
async def test_the_area_is_switched_off_as_a_whole(tmp_path: Path) -> None:
    async with demo(tmp_path, enable_3d_pipeline=False) as shop:
        registry = shop.app.registry
        assert not [name for name in registry.tools if name.startswith("three_d_")]
        assert not [uri for uri in registry.resources if uri.startswith("ui://")]
        assert "three_d" not in {pack.name for pack in registry.packs}
        assert not {"play_product_launch", "play_launch_draft"} & {*registry.tools}, "launches make models"
        assert (await shop.refused("three_d_models_view", asset="x")).code == Code.UNKNOWN_TOOL
        found = await by_words(shop, "let me turn the model around")
        assert not [name for name in found if name.startswith("three_d_")]
