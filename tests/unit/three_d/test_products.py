"""Models on products: the plan, what the shop has then, and that an undo leaves no trace."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.errors import Code
from devskyy_tools.sandbox.store import Where
from devskyy_tools.studio.gltf.container import pack, unpack
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.three_d import facts
from tests.fakes.demo import Demo, demo
from tests.fakes.models3d import ball, box, picture, textured, usdz

pytestmark = pytest.mark.requirement("three_d:publish")
PUBLIC = "https://devskyy.example"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as found:
        yield found


@pytest.fixture
async def without(tmp_path: Path) -> AsyncGenerator[Demo]:
    """A shop without the plugin, and a DevSkyy that its visitors reach."""
    async with demo(tmp_path, public_url=PUBLIC, auth_mode="none") as found:
        found.shop.site = dataclasses.replace(found.shop.site, plugin=False)
        yield found


async def kept(desk: Demo, content: bytes, kind: str, name: str = "tee", provider: str = "") -> str:
    made = Provenance("test", provider=provider)
    return (await desk.app.services.get(Assets).add(content, name, kind, made)).id


async def files(desk: Demo) -> dict[str, str]:
    return {
        "glb": await kept(desk, textured(), "model/gltf-binary"),
        "usdz": await kept(desk, usdz(), "model/vnd.usdz+zip"),
        "poster": await kept(desk, picture(64).content, "image/png"),
    }


async def published_in(desk: Demo) -> list[str]:
    return [one.id for one in await desk.app.services.get(Assets).all() if one.published]


async def product(desk: Demo) -> int:
    return await desk.some("woo_products_list", status="publish", type="simple")


def state(desk: Demo, one: int) -> Any:
    """All that the shop's database has of the product and of media, by value."""
    store = desk.shop.store
    held = store.get("product", one)
    assert held is not None
    meta = [(entry["key"], entry["value"]) for entry in held["meta"]]
    media = store.count(Where("attachment"))
    return {**held, "meta": meta, "modified": ""}, media


async def test_a_model_goes_on_and_off_without_a_trace(desk: Demo) -> None:
    one, given = await product(desk), await files(desk)
    before, was = await desk.do("three_d_products_get", id=one), state(desk, one)
    assert before["kept_by"] == "nobody"
    asked = {**given, "alt": "A tee, seen from all sides", "kind": "generated", "ar": True}
    plan = await desk.do("three_d_products_attach", id=one, **asked, preview=True)
    assert [item["do"] for item in plan["changes"]] == ["create"] * 3 + ["update"]
    assert not desk.writes
    done = await desk.carry_out("three_d_products_attach", id=one, **asked)
    assert done["state"] == "applied", done
    found = await desk.do("three_d_products_get", id=one)
    assert (found["kept_by"], found["kind"], found["ar"], found["alt"]) == ("plugin", "generated", True, asked["alt"])
    assert [found[side] for side in ("width", "height", "depth")] == [0.3, 0.4, 0.1]
    assert found["json_ld"]["encoding"][0]["contentUrl"] == found["glb"]
    assert found["glb"].endswith(".glb")
    undone = await desk.carry_out("changes_undo", change=done["change"])
    assert undone["state"] == "applied", undone
    assert set(undone["counts"]) == {"done"}
    assert await desk.do("three_d_products_get", id=one) == before
    assert state(desk, one) == was


async def test_files_are_deleted_after_the_product_has_lost_them(desk: Demo) -> None:
    one = await product(desk)
    done = await desk.carry_out("three_d_products_attach", id=one, **await files(desk), kind="generated")
    desk.shop.requests.clear()
    await desk.carry_out("changes_undo", change=done["change"])
    assert [line.split()[0] for line in desk.writes] == ["PUT", "DELETE", "DELETE", "DELETE"]


async def test_taking_it_off_is_undone_too(desk: Demo) -> None:
    one = await product(desk)
    await desk.carry_out("three_d_products_attach", id=one, **await files(desk), kind="generated")
    before = await desk.do("three_d_products_get", id=one)
    done = await desk.carry_out("three_d_products_attach", id=one, remove=True)
    assert (await desk.do("three_d_products_get", id=one))["kept_by"] == "nobody"
    await desk.carry_out("changes_undo", change=done["change"])
    assert await desk.do("three_d_products_get", id=one) == before


async def test_without_the_plugin_this_server_lends_the_files(without: Demo) -> None:
    one, given = await product(without), await files(without)
    was = state(without, one)
    assert "plugin" in (await without.do("three_d_products_get", id=one))["missing"]
    plan = await without.do("three_d_products_attach", id=one, **given, kind="generated", preview=True)
    assert any("Anybody can read" in effect for effect in plan["effects"]), plan
    assert await published_in(without) == []
    done = await without.carry_out("three_d_products_attach", id=one, **given, kind="generated", ar=True)
    assert done["state"] == "applied", done
    found = await without.do("three_d_products_get", id=one)
    assert (found["kept_by"], found["glb"]) == ("metadata", f"{PUBLIC}/assets/{given['glb']}/tee.glb")
    assert (found["merchant"]["link"], found["ar"], found["width"]) == (found["glb"], True, 0.3)
    meta = {entry["key"]: entry["value"] for entry in without.shop.store.get("product", one)["meta"]}  # type: ignore[index]
    assert meta["_devskyy_model_usdz"] == found["usdz"]
    assert sorted(await published_in(without)) == sorted(given.values())
    assert (await without.carry_out("changes_undo", change=done["change"]))["state"] == "applied"
    assert state(without, one) == was
    assert await published_in(without) == []


async def test_files_that_another_product_links_stay_published(without: Demo) -> None:
    listed = await without.do("woo_products_list", status="publish", type="simple", limit=2)
    glb = await kept(without, textured(), "model/gltf-binary")
    one, two = (item["id"] for item in listed["items"])
    first = await without.carry_out("three_d_products_attach", id=one, glb=glb, kind="generated")
    await without.carry_out("three_d_products_attach", id=two, glb=glb, kind="generated")
    undone = await without.carry_out("changes_undo", change=first["change"])
    assert undone["changes"][-1]["note"] == "Other products link it by now."
    assert (await without.do("three_d_products_get", id=one))["kept_by"] == "nobody"
    assert await published_in(without) == [glb]


async def test_metadata_of_others_are_read_with_care(without: Demo) -> None:
    """Whoever may change a product can write anything there."""
    one = await product(without)
    odd = {"glb": "9" * 400, "poster": "javascript:x", "width": "nan", "height": "1e400", "depth": ["x"], "ar": "0"}
    entries = [{"key": f"_devskyy_model_{name}", "value": value} for name, value in odd.items()]
    await without.carry_out("woo_products_update", id=one, more={"meta_data": entries})
    assert (await without.do("three_d_products_get", id=one))["kept_by"] == "nobody"
    entries = [{"key": "_devskyy_model_glb", "value": "https://elsewhere.example/a.glb"}]
    await without.carry_out("woo_products_update", id=one, more={"meta_data": entries})
    found = await without.do("three_d_products_get", id=one)
    assert (found["width"], found["height"], found["depth"], found["ar"]) == (0, 0, 0, False)
    assert found.get("poster") is None


async def test_says_what_it_needs_to_lend_files(desk: Demo) -> None:
    one, given = await product(desk), await files(desk)
    refused = await desk.refused("three_d_products_attach", id=one, **given, kind="generated", host="here")
    assert (refused.code, "DEVSKYY_PUBLIC_URL" in refused.hint) == (Code.NOT_CONFIGURED, True)
    desk.shop.site = dataclasses.replace(desk.shop.site, plugin=False)
    refused = await desk.refused("three_d_products_attach", id=one, **given, kind="generated", host="shop")
    assert (refused.code, "devskyy plugin build" in refused.hint) == (Code.NOT_CONFIGURED, True)
    assert not desk.writes


RELIEF = {"method": "relief", "reconstruction": False}


async def test_a_relief_is_called_one(desk: Demo) -> None:
    one = await product(desk)
    relief = await kept(desk, write_glb(dataclasses.replace(box(), extras=RELIEF)), "model/gltf-binary")
    for wrong in ({"kind": "reconstruction"}, {"ar": True}):
        refused = await desk.refused("three_d_products_attach", id=one, glb=relief, **wrong)
        assert refused.code is Code.INVALID_ARGUMENTS
    await desk.carry_out("three_d_products_attach", id=one, glb=relief)
    found = await desk.do("three_d_products_get", id=one)
    assert (found["kind"], found.get("json_ld")) == ("relief", None)
    assert found["merchant"]["eligible"] is False
    assert "never proposed" in found["merchant"]["reasons"][0]


async def test_how_it_was_made_must_be_known(desk: Demo) -> None:
    one = await product(desk)
    plain = await kept(desk, textured(), "model/gltf-binary")
    assert "kind" in (await desk.refused("three_d_products_attach", id=one, glb=plain)).hint
    paid = await kept(desk, ball(), "model/gltf-binary", provider="tripo")
    plan = await desk.do("three_d_products_attach", id=one, glb=paid, preview=True)
    assert plan["changes"][-1]["fields"]["kind"] == ["", "generated"]


@pytest.mark.parametrize("wrong", [{}, {"usdz": "x"}, {"remove": True, "glb": "x"}, {"glb": "ast_" + "0" * 64}])
async def test_refuses_what_is_no_model(desk: Demo, wrong: dict[str, Any]) -> None:
    refused = await desk.refused("three_d_products_attach", id=await product(desk), **wrong)
    assert refused.code in (Code.INVALID_ARGUMENTS, Code.NOT_FOUND)
    assert not desk.writes


async def test_refuses_a_picture_for_a_model_and_a_model_that_lies(desk: Demo) -> None:
    one = await product(desk)
    shot = await kept(desk, picture(8).content, "image/png")
    broken = await kept(desk, textured()[:-8], "model/gltf-binary")
    draco = await kept(desk, with_draco(), "model/gltf-binary")
    empty = await kept(desk, write_empty(), "model/gltf-binary")
    for file in (shot, broken, draco, empty):
        refused = await desk.refused("three_d_products_attach", id=one, glb=file, kind="generated")
        assert refused.code is Code.INVALID_ARGUMENTS, refused
    assert (await desk.refused("three_d_products_attach", id=999999, glb=shot)).code is Code.NOT_FOUND
    assert not desk.writes


def write_empty() -> bytes:
    tree, binary = unpack(textured())
    return pack({**tree, "nodes": [{}]}, binary)


def with_draco() -> bytes:
    tree, binary = unpack(textured())
    tree["extensionsUsed"] = tree["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    return pack(tree, binary)


URL = "https://shop.example/a.glb"
GOOD = facts.Facts((1, 1, 1), 1024, (), {})


@pytest.mark.requirement("three_d:merchant")
@pytest.mark.parametrize(
    ("kind", "url", "size", "known", "says"),
    [
        ("generated", URL, 15_000_000, GOOD, ""),
        ("reconstruction", URL, 1_000, None, ""),
        ("generated", URL, 15_000_001, GOOD, "15.0 MB"),
        ("relief", URL, 1_000, GOOD, "never proposed"),
        ("generated", "http://127.0.0.1/a.glb", 1_000, GOOD, "reach"),
        ("generated", "http://localhost:8000/a.glb", 1_000, GOOD, "reach"),
        ("generated", "https://192.168.1.4/a.glb", 1_000, GOOD, "reach"),
        ("generated", "ftp://shop.example/a.glb", 1_000, GOOD, "reach"),
        ("generated", "https://shop.example/a", 1_000, GOOD, "end in"),
        ("generated", f"https://shop.example/{'a' * 2000}.glb", 1_000, GOOD, "2000 characters"),
        ("generated", URL, 1_000, dataclasses.replace(GOOD, side=4096), "4096 pixels"),
        ("generated", URL, 1_000, dataclasses.replace(GOOD, side=2048), ""),
    ],
)
def test_what_google_merchant_takes(kind: str, url: str, size: int, known: facts.Facts | None, says: str) -> None:
    no, _but = facts.merchant(kind, url, size, known)
    assert (says in " ".join(no)) if says else no == []


@pytest.mark.requirement("three_d:merchant")
def test_what_a_careful_person_would_want_to_know_of_it() -> None:
    big = dataclasses.replace(GOOD, side=3000, required=("EXT_texture_webp",))
    _no, but = facts.merchant("generated", URL, 11_000_000, big)
    assert [word for word in ("United States", "11.0 MB", "3000", "EXT_texture_webp") if word in " ".join(but)] == [
        "United States", "11.0 MB", "3000", "EXT_texture_webp"
    ]  # fmt: skip
