"""The publish gate: what passes all twelve checks, and for each check what fails it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from devskyy_tools.studio.gate import Given, Row, check, verdict
from devskyy_tools.studio.gltf.container import pack, unpack
from devskyy_tools.studio.gltf.model import Material, Model, Texture
from devskyy_tools.studio.gltf.optimise import optimise_as
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.studio.render.draw import Studio
from tests.fakes.models3d import picture
from tests.unit.studio.render.things import box, cloth, handbag

Change = Callable[[Model], Model]


def bag(**extras: Any) -> Model:
    """A box of 0.3 x 0.2 x 0.1 m with a print, as it should be."""
    plain = box()
    corners = np.tile(np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float32), (6, 1))
    part = replace(plain.parts[0], uvs=corners)
    return Model("Bag", (part,), (Material("Cloth", texture=cloth(256)),), extras or {"method": "modelled"})


def given(model: Model | bytes, **more: Any) -> Given:
    content = model if isinstance(model, bytes) else write_glb(model)
    filled: dict[str, Any] = {
        "poster": POSTER, "alt": "A checked bag", "category": "bag", "stated": (None, 0.2, None),
        "sha256": hashlib.sha256(content).hexdigest(), "content_type": "model/gltf-binary", **more,
    }  # fmt: skip
    return Given(content, **filled)


POSTER = Studio(bag(), "numpy").poster(128)


def rows(model: Model | bytes, **more: Any) -> dict[int, Row]:
    found = check(given(model, **more))
    assert [row.number for row in found] == list(range(1, 13))
    assert all(row.hint for row in found if row.verdict != "pass")
    return {row.number: row for row in found}


def part(model: Model, **changes: Any) -> Model:
    return replace(model, parts=(replace(model.parts[0], **changes),))


def moved(x: float = 0, y: float = 0, scale: float = 1) -> Change:
    return lambda model: part(model, positions=model.parts[0].positions * np.float32(scale) + np.array((x, y, 0), "f4"))


def textured(texture: Texture) -> Change:
    return lambda model: replace(model, materials=(Material("Cloth", texture=texture),))


def many(times: int) -> Change:
    return lambda model: part(model, triangles=np.tile(model.parts[0].triangles, (times, 1)))


def calls(times: int) -> Change:
    return lambda model: replace(model, parts=model.parts * times)


def uvs(values: Any) -> Change:
    return lambda model: part(model, uvs=values)


def flattened(model: Model) -> Model:
    triangles = model.parts[0].triangles.copy()
    triangles[:2] = triangles[0, 0]
    return part(model, triangles=triangles)


WRONG: Mapping[str, tuple[int, str, Change]] = {
    "heavy": (3, "warn", many(5000)),
    "too heavy": (3, "fail", many(17_000)),
    "odd texture": (4, "warn", textured(picture(100))),
    "large texture": (4, "warn", textured(cloth(4000, "image/jpeg"))),
    "too large texture": (4, "fail", textured(cloth(4096, "image/jpeg"))),
    "many draw calls": (5, "warn", calls(21)),
    "far too many draw calls": (5, "fail", calls(101)),
    "small for a bag": (6, "fail", moved(scale=0.1)),
    "in millimetres": (6, "fail", moved(scale=1000)),
    "a little taller than stated": (6, "fail", moved(scale=1.06)),
    "floats": (7, "warn", moved(y=0.01)),
    "floats high": (7, "fail", moved(y=0.2)),
    "aside": (7, "warn", moved(x=0.05)),
    "UVs outside": (8, "warn", uvs(np.tile(np.array([(2, 2)], np.float32), (24, 1)))),
    "no UVs": (8, "fail", uvs(None)),
    "degenerate": (8, "fail", flattened),
}


ALSO = {
    "far too many draw calls": set[int](),
    "small for a bag": {6},
    "in millimetres": {7},
    "no UVs": {1},
    "a little taller than stated": set[int](),
}
"""What else such a model fails."""


@pytest.mark.requirement("three-d:gate")
def test_what_is_as_it_should_be_passes_all_twelve() -> None:
    found = list(rows(bag()).values())
    assert [row for row in found if row.verdict != "pass"] == []
    assert verdict(found) == "pass"


@pytest.mark.requirement("three-d:gate")
@pytest.mark.parametrize("name", WRONG)
def test_each_check_finds_what_it_is_for(name: str) -> None:
    number, expected, change = WRONG[name]
    found = rows(change(bag()))
    assert found[number].verdict == expected
    assert verdict(list(found.values())) in {expected, "fail"}
    others = {row.number for row in found.values() if row.verdict != "pass"} - {number}
    assert others <= ALSO.get(name, set())


def test_a_category_knows_how_large_its_goods_are() -> None:
    assert rows(moved(scale=3)(bag()), stated=(None, None, None))[6].verdict == "warn"
    assert rows(bag(), category="eyewear", stated=(None, None, None))[6].verdict == "warn"
    assert rows(bag(), category=None, stated=(None, None, None))[6].verdict == "pass"


def edited(change: Callable[[dict[str, Any]], object]) -> bytes:
    tree, binary = unpack(write_glb(bag()))
    change(tree)
    return pack(tree, binary)


def using(name: str, *, required: bool = False) -> bytes:
    more: dict[str, Any] = {"extensionsUsed": [name]} | ({"extensionsRequired": [name]} if required else {})
    return edited(lambda tree: tree.update(more))


@pytest.mark.requirement("three-d:gate")
def test_extensions_are_known_ones() -> None:
    assert rows(using("KHR_materials_sheen"))[9].verdict == "pass"
    assert rows(using("ACME_scripts"))[9].verdict == "warn"
    assert rows(using("ACME_scripts", required=True))[9].verdict == "fail"


@pytest.mark.parametrize("mode", ["universal", "compact"])
def test_what_was_made_small_passes(mode: Literal["universal", "compact"]) -> None:
    model = replace(handbag(40), extras={"method": "modelled"})
    small = optimise_as(write_glb(model), (mode,), 2048, None).results[0].content
    assert [row for row in rows(small, stated=(None, None, None)).values() if row.verdict != "pass"] == []
    assert rows(small, merchant=True)[9].verdict == ("pass" if mode == "universal" else "fail")


def test_google_merchant_brings_no_decoders() -> None:
    webp = textured(cloth(64, "image/webp"))(bag())
    assert rows(webp)[9].verdict == "pass"
    assert rows(webp, merchant=True)[9].verdict == "fail"


@pytest.mark.parametrize(
    "content",
    [b"", b"glTF", write_glb(bag())[:-100], edited(lambda tree: tree["accessors"][0].update(count=10**9))],
    ids=["empty", "magic alone", "cut off", "lies"],
)
def test_what_cant_be_opened_fails_and_says_so(content: bytes) -> None:
    found = rows(content)
    assert found[1].verdict == "fail"
    assert {found[number].verdict for number in range(3, 12)} == {"fail"}
    assert found[3].figure.startswith("not measured")


def test_normals_are_unit_ones() -> None:
    tree, binary = unpack(write_glb(bag()))
    stored = bytearray(binary)
    view = tree["bufferViews"][
        tree["accessors"][tree["meshes"][0]["primitives"][0]["attributes"]["NORMAL"]]["bufferView"]
    ]
    stored[view["byteOffset"] : view["byteOffset"] + 12] = np.array((0, 0, 1.2), np.float32).tobytes()
    assert rows(pack(tree, bytes(stored)))[8].verdict == "fail"


def test_large_files_are_told() -> None:
    padded = Texture(cloth(64).content + bytes(6_000_000), "image/png")
    found = check(given(textured(padded)(bag())))
    assert found[1].verdict == "warn"
    huge = Texture(cloth(64).content + bytes(16_000_000), "image/png")
    assert check(given(textured(huge)(bag())))[1].verdict == "fail"
    assert check(given(bag(), usdz=bytes(11_000_000)))[1].verdict == "warn"


def _picture(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_posters_show_something_and_are_described() -> None:
    assert rows(bag(), poster=None)[10].verdict == "warn"
    assert rows(bag(), alt="")[10].verdict == "warn"
    assert rows(bag(), poster=_picture(Image.new("RGB", (64, 64), "white")))[10].verdict == "fail"
    assert rows(bag(), poster=_picture(Image.new("RGBA", (64, 64))))[10].verdict == "fail"


def test_pictures_that_cant_be_read_fail_their_own_check_alone() -> None:
    for broken in ({"poster": POSTER[:60]}, {"cutout": b"no picture"}):
        found = rows(bag(), **broken)
        assert [row.number for row in found.values() if row.verdict == "fail"] == [10]
        assert found[10].figure.startswith("not measured")


def silhouette(width: int, height: int) -> bytes:
    photo = Image.new("RGBA", (400, 400))
    photo.paste((90, 90, 90, 255), (200 - width // 2, 200 - height // 2, 200 + width // 2, 200 + height // 2))
    return _picture(photo)


@pytest.mark.requirement("three-d:gate")
def test_reliefs_look_like_their_photo_and_stay_off_google_merchant() -> None:
    relief = bag(method="relief", reconstruction=False)
    alike = rows(relief, cutout=silhouette(300, 200))
    assert alike[10].verdict == "pass"
    assert alike[11].verdict == "pass"
    assert "not a reconstruction" in alike[11].figure
    round_one = Image.open(io.BytesIO(silhouette(300, 200)))
    disc = Image.new("L", (400, 400))
    disc.paste(255, mask=Image.radial_gradient("L").resize((400, 400)).point([255] * 80 + [0] * 176))
    round_one.putalpha(disc)
    assert rows(relief, cutout=_picture(round_one))[10].verdict == "fail"
    assert rows(relief, merchant=True)[11].verdict == "fail"
    assert rows(bag(), merchant=True)[11].verdict == "pass"


def test_where_it_came_from_is_known() -> None:
    anonymous = replace(bag(), extras={})
    assert rows(anonymous)[11].verdict == "warn"
    assert rows(anonymous, made={"provider": "tripo"})[11].verdict == "pass"


def test_the_record_is_of_these_bytes() -> None:
    assert rows(bag(), sha256="0" * 64)[12].verdict == "fail"
    assert rows(bag(), content_type="application/octet-stream")[12].verdict == "fail"
