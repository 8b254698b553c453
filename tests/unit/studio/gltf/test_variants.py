"""Variants of a model's materials, as the reader gives them back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.gltf.model import Model, Texture
from devskyy_tools.studio.gltf.optimise import optimise_as
from devskyy_tools.studio.gltf.read import read_glb
from devskyy_tools.studio.gltf.variants import ORIGINAL, Variant, with_variants
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.studio.render.draw import Studio
from devskyy_tools.studio.render.scene import View
from tests.fakes.khronos import khronos
from tests.fakes.models3d import variants as with_two
from tests.unit.studio.render.things import box, cloth, handbag

NAVY, OLIVE = (0.01, 0.02, 0.15), (0.15, 0.18, 0.03)


def look(model: Model) -> NDArray[np.float64]:
    """The mean colour of what is seen from the front."""
    picture = np.asarray(next(iter(Studio(model, "numpy").pictures((View(0, 0),), 64, shadow=False)))).astype(float)
    return picture[picture[:, :, 3] == 255][:, :3].mean(0)


@pytest.mark.requirement("three-d:variants")
def test_each_variant_has_its_look_and_the_original_stays() -> None:
    content = write_glb(handbag(20))
    made = with_variants(content, [Variant("Navy", NAVY, material="Cloth"), Variant("Olive", OLIVE, material="Cloth")])
    glb = read_glb(made)
    assert glb.variants == [ORIGINAL, "Navy", "Olive"]
    before = look(read_glb(content).scene())
    assert np.allclose(look(glb.scene()), before)
    assert np.allclose(look(glb.scene(ORIGINAL)), before)
    navy, olive = look(glb.scene("Navy")), look(glb.scene("Olive"))
    assert navy[2] > navy[0] * 1.5
    assert olive[1] > olive[2] * 1.5
    brass = [material for material in glb.scene("Navy").materials if material.name == "Brass"]
    assert brass, "what was not named is as it was"


@pytest.mark.requirement("three-d:variants")
def test_geometry_is_there_once_and_the_bytes_are_stable() -> None:
    content = write_glb(handbag(40))
    looks = [Variant(f"Look {number}", (0.1 * number, 0.1, 0.1)) for number in range(8)]
    made = with_variants(content, looks)
    assert made == with_variants(content, looks)
    (before, after) = (read_glb(one).tree for one in (content, made))
    assert after["accessors"] == before["accessors"]
    assert len(after["images"]) == len(before["images"]) + 1, "light and shade, shared by all eight"


def test_a_cloth_of_its_own_replaces_the_texture() -> None:
    red = Image.new("RGB", (8, 8), (220, 10, 10))
    out = io.BytesIO()
    red.save(out, "PNG")
    texture = Texture(out.getvalue(), "image/png")
    made = read_glb(with_variants(write_glb(handbag(20)), [Variant("Red", texture=texture, material="Cloth")]))
    assert look(made.scene("Red"))[0] > 150
    assert [one.content for one in made.images].count(out.getvalue()) == 1


def test_one_look_may_change_several_materials() -> None:
    looks = [Variant("Party", NAVY, material="Cloth"), Variant("Party", OLIVE, material="Brass")]
    glb = read_glb(with_variants(write_glb(handbag(20)), looks))
    assert glb.variants == [ORIGINAL, "Party"]
    assert {material.name for material in glb.scene("Party").materials} == {"Cloth Party", "Brass Party"}


@pytest.mark.requirement("three-d:variants")
def test_the_khronos_validator_finds_nothing_wrong() -> None:
    """In a plain file, in one that is compressed, in one with cloths, and in what is made small afterwards."""
    plain = write_glb(handbag(20))
    packed = optimise_as(plain, ("compact",), 2048, None).results[0].content
    looks = [Variant("Navy", NAVY), Variant("Print", texture=cloth(64), material="Cloth")]
    files = [with_variants(content, looks) for content in (plain, packed)]
    files.append(optimise_as(files[0], ("compact",), 2048, None).results[0].content)
    for found in khronos(files):
        assert [one for one in found if one.severity in {"error", "warning"}] == []
    assert read_glb(files[2]).variants == [ORIGINAL, "Navy", "Print"]


def test_what_has_no_material_gets_one() -> None:
    bare = write_glb(Model("Bare", box().parts, ()))
    glb = read_glb(with_variants(bare, [Variant("Navy", NAVY)]))
    assert glb.scene("Navy").materials[0].color[:3] == pytest.approx(NAVY)
    assert glb.scene(ORIGINAL).materials[0].color == (1, 1, 1, 1)


def test_variants_that_are_there_stay() -> None:
    before = read_glb(with_two())
    after = read_glb(with_variants(with_two(), [Variant("Olive", OLIVE)]))
    assert after.variants == [*before.variants, "Olive"]
    for name in before.variants:
        assert [one.color for one in after.scene(name).materials] == [one.color for one in before.scene(name).materials]


@pytest.mark.parametrize(
    ("looks", "code"),
    [
        ([Variant(ORIGINAL, NAVY)], Code.INVALID_ARGUMENTS),
        ([Variant("Navy", NAVY, material="Silk")], Code.NOT_FOUND),
        ([Variant(str(number), NAVY) for number in range(65)], Code.INVALID_ARGUMENTS),
    ],
    ids=["taken name", "no such material", "too many"],
)
def test_refusals(looks: list[Variant], code: Code) -> None:
    with pytest.raises(Refused) as refused:
        with_variants(write_glb(box()), looks)
    assert refused.value.code is code
