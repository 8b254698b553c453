"""The tools that draw, convert, dress and check models, as a surface calls them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from devskyy_mcp.app import local_principal
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.context import Context, Services
from devskyy_mcp.errors import Code
from devskyy_mcp.jobs.model import Job
from devskyy_tools.studio.gltf.read import read_glb
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.studio.render.draw import SHOWN
from devskyy_tools.three_d import drawn
from tests.fakes.demo import Desk, demo
from tests.fakes.models3d import picture, textured
from tests.unit.studio.render.things import handbag


@dataclass
class Bench:
    desk: Desk

    @property
    def store(self) -> Assets:
        return self.desk.app.services.get(Assets)

    async def put(self, content: bytes, name: str = "bag.glb") -> str:
        return (await self.store.put(content, name, "upload")).id

    async def content(self, file: dict[str, Any]) -> bytes:
        return self.store.path(await self.store.get(file["asset"])).read_bytes()

    async def rendered(self, **arguments: Any) -> dict[str, Any]:
        job = (await self.desk.do("three_d_models_render", **arguments))["job"]
        return await self.desk.do("jobs_wait", job=job, seconds=45)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    async with demo(tmp_path, calls_burst=1000) as shop, shop.app.running(eager=True):
        yield Bench(shop)


async def test_a_model_is_drawn_as_a_job(bench: Bench) -> None:
    model = await bench.put(write_glb(handbag(30)))
    ended = await bench.rendered(asset=model, views=["poster", "sheet", "turntable"], size=256, frames=8)
    assert ended["state"] == "succeeded", ended
    result = ended["result"]
    for name in ("poster", "sheet"):
        file = result[name]
        assert (file["shown"], file["width"], file["content_type"]) == (True, 256, "image/webp")
        assert file["size"] <= SHOWN
        assert Image.open(io.BytesIO(await bench.content(file))).size == (256, 256)
    assert getattr(Image.open(io.BytesIO(await bench.content(result["turntable"]))), "n_frames", 0) == 8
    assert (await bench.content(result["film"]))[4:8] == b"ftyp"
    made = await bench.store.get(result["sheet"]["asset"])
    assert made.provenance["tool"] == "three_d_models_render"
    assert made.provenance["sources"] == [model.removeprefix("ast_")]


class Steps:
    """What a handler sees of its job, with the steps that were done kept over starts, as the engine keeps them."""

    def __init__(self) -> None:
        self.done: dict[str, Any] = {}

    async def step(self, name: str, work: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        if name not in self.done:
            self.done[name] = json.loads(json.dumps(await work(*args)))
        return self.done[name]


async def test_what_was_drawn_before_a_crash_is_not_drawn_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    model = await bench.put(write_glb(handbag(20)))
    services, steps = Services(), Steps()
    services.put(Assets, bench.store)
    services.put(Job, cast("Job", steps))  # pyright: ignore[reportAbstractUsage, reportArgumentType] # a Protocol
    ctx = Context(local_principal(), services, "three_d_models_render", "cli")
    drawn_now: list[str] = []

    async def counting(work: Callable[..., Any], *arguments: object, seconds: float = 60) -> Any:
        drawn_now.append(work.__name__)
        if work.__name__ == "turntable" and len(drawn_now) < 3:
            raise ConnectionError
        return work(*arguments)

    monkeypatch.setattr(drawn, "apart", counting)
    wanted: Any = {"asset": model, "views": ["sheet", "turntable"], "size": 128, "frames": 8}
    with pytest.raises(ConnectionError):
        await drawn.three_d_models_render(ctx, **wanted)
    result = await drawn.three_d_models_render(ctx, **wanted)
    assert drawn_now == ["sheet", "turntable", "turntable"]
    assert result.sheet
    assert result.turntable
    assert result.renderer in {"egl", "numpy"}


async def test_what_was_not_asked_for_is_not_drawn(bench: Bench) -> None:
    ended = await bench.rendered(asset=await bench.put(textured()), size=128)
    assert {name for name in ("poster", "sheet", "turntable", "film") if ended["result"].get(name)} == {"sheet"}


async def test_a_variant_that_is_not_there(bench: Bench) -> None:
    ended = await bench.rendered(asset=await bench.put(textured()), size=128, variant="Navy")
    assert ended["state"] == "failed"
    assert "no such variant" in ended["error"]["message"]


async def test_only_models_are_taken(bench: Bench) -> None:
    photo = await bench.put(picture().content, "photo.png")
    for tool in ("three_d_usdz_create", "three_d_models_check"):
        assert (await bench.desk.refused(tool, asset=photo)).message == "The file is no GLB."
        assert (await bench.desk.refused(tool)).code is Code.INVALID_ARGUMENTS
        assert (await bench.desk.refused(tool, asset="ast_none")).code is Code.NOT_FOUND


async def test_a_usdz_is_kept(bench: Bench) -> None:
    made = await bench.desk.do("three_d_usdz_create", asset=await bench.put(textured()))
    assert made["triangles"] == 12
    assert made["file"]["content_type"] == "model/vnd.usdz+zip"
    with zipfile.ZipFile(io.BytesIO(await bench.content(made["file"]))) as package:
        assert package.namelist() == ["model.usda", "textures/0.png"]


async def test_looks_are_put_into_one_file_and_shown(bench: Bench) -> None:
    model = await bench.put(write_glb(handbag(20)))
    cloth = await bench.put(picture(100, "WEBP").content, "cloth.webp")
    looks = [
        {"name": "Navy", "color": "#1b2a55", "material": "Cloth"},
        {"name": "Floral", "texture": cloth, "material": "Cloth"},
    ]
    made = await bench.desk.do("three_d_variants_create", asset=model, looks=looks)
    assert made["variants"] == ["Original", "Navy", "Floral"]
    glb = read_glb(await bench.content(made["file"]))
    assert glb.variants == made["variants"]
    assert {image.mime for image in glb.images} <= {"image/jpeg", "image/png"}
    assert {side for image in glb.images for side in image.size} <= {2**power for power in range(2, 12)}
    assert made["picture"]["shown"]
    assert Image.open(io.BytesIO(await bench.content(made["picture"]))).size == (768, 256)


@pytest.mark.parametrize(
    ("look", "says"),
    [
        ({"name": "Navy"}, "neither color nor texture"),
        ({"name": "Navy", "color": "blue"}, "color"),
        ({"name": "Original", "color": "#101010"}, "already"),
        ({"name": "Navy", "color": "#101010", "material": "Silk"}, "no material"),
    ],
)
async def test_looks_that_cant_be(bench: Bench, look: dict[str, Any], says: str) -> None:
    refused = await bench.desk.refused("three_d_variants_create", asset=await bench.put(textured()), looks=[look])
    assert refused.code in {Code.INVALID_ARGUMENTS, Code.NOT_FOUND}
    assert says in refused.message


async def test_a_model_goes_through_the_gate(bench: Bench) -> None:
    model = await bench.put(write_glb(handbag(30)))
    poster = (await bench.rendered(asset=model, views=["poster"], size=256))["result"]["poster"]["asset"]
    given = {"asset": model, "poster": poster, "alt_text": "A checked bag", "category": "bag"}
    report = await bench.desk.do("three_d_models_check", **given, height=0.313)
    assert [one["number"] for one in report["checks"]] == list(range(1, 13))
    by_name = {one["check"]: one["verdict"] for one in report["checks"]}
    assert by_name["poster"] == by_name["size"] == by_name["record"] == "pass"
    assert report["verdict"] == "warn", "nothing says how it was made"
    taller = await bench.desk.do("three_d_models_check", **given, height=0.5)
    assert taller["verdict"] == "fail"


async def test_a_broken_model_is_no_incident(bench: Bench) -> None:
    broken = await bench.put(textured()[:-40])
    report = await bench.desk.do("three_d_models_check", asset=broken)
    assert report["verdict"] == "fail"
    assert (await bench.desk.refused("three_d_usdz_create", asset=broken)).code is Code.INVALID_ARGUMENTS
