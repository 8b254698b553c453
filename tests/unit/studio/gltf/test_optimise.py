from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.gltf.container import pack, unpack
from devskyy_tools.studio.gltf.model import Material, Model, Texture
from devskyy_tools.studio.gltf.optimise import Mode, optimise_glb
from devskyy_tools.studio.gltf.read import read_glb
from devskyy_tools.studio.gltf.validate import errors, validate_glb
from devskyy_tools.studio.gltf.write import write_glb
from tests.fakes import models3d, mutants
from tests.fakes.khronos import khronos
from tests.fakes.transform import transform

MODES: tuple[Mode, ...] = ("universal", "compact")
MODELS = {
    "box": models3d.textured(),
    "ball": models3d.ball(90, "PNG", 1024),
    "photo": models3d.ball(60, "JPEG", 2048),
    "variants": models3d.variants(),
    "placed": models3d.placed(),
    "skinned": models3d.skinned(),
    "triangle": models3d.glb(),
}


def _points(content: bytes) -> NDArray[np.float64]:
    """Corners of all triangles in world space, in an order that says nothing of how they are stored."""
    corners = np.concatenate([part.positions[part.triangles] for part in read_glb(content).scene().parts])
    middles: NDArray[np.float64] = np.round((corners[:, 0] + corners[:, 1] + corners[:, 2]).astype(np.float64) / 3, 3)
    return middles[np.lexsort((middles[:, 0], middles[:, 1], middles[:, 2]))]


@pytest.mark.requirement("optimise:sound")
@pytest.mark.parametrize("mode", MODES)
def test_it_is_valid_looks_the_same_and_comes_out_the_same_again(mode: Mode) -> None:
    made = {name: optimise_glb(content, mode) for name, content in MODELS.items()}
    for (name, result), findings in zip(made.items(), khronos([one.content for one in made.values()]), strict=True):
        assert [finding for finding in findings if finding.severity == "error"] == [], name
        assert errors(validate_glb(result.content)) == [], name
        assert optimise_glb(MODELS[name], mode).content == result.content, f"{name}: the same bytes"
        assert optimise_glb(result.content, mode).content == result.content, f"{name}: again, it is left alone"
        assert (result.before, result.after) == (read_count(MODELS[name]), read_count(result.content))
        before, after = read_glb(MODELS[name]).scene(), read_glb(result.content).scene()
        for was, now in zip(before.parts, after.parts, strict=True):
            assert np.allclose(was.positions.min(axis=0), now.positions.min(axis=0), atol=1e-4)
            assert np.allclose(was.positions.max(axis=0), now.positions.max(axis=0), atol=1e-4)
        assert [one.name for one in after.materials] == [one.name for one in before.materials]
        assert after.extras["made" if before.extras else "optimised"] == (
            before.extras.get("made") or after.extras["optimised"]
        )


def read_count(content: bytes) -> int:
    return sum(len(part.triangles) for part in read_glb(content).scene().parts)


@pytest.mark.parametrize("mode", MODES)
def test_triangles_stay_where_they_are(mode: Mode) -> None:
    for name in ("box", "variants", "placed", "skinned"):
        assert np.allclose(_points(MODELS[name]), _points(optimise_glb(MODELS[name], mode).content), atol=2e-3), name


def test_universal_needs_nothing_but_whole_numbers() -> None:
    webp = models3d.ball(24, "WEBP", 256)
    tree, _ = unpack(optimise_glb(webp, "universal").content)
    assert tree["extensionsRequired"] == ["KHR_mesh_quantization"]
    assert [image["mimeType"] for image in tree["images"]] == ["image/jpeg"]


def test_compact_is_compressed_with_webp() -> None:
    tree, _ = unpack(optimise_glb(MODELS["ball"], "compact").content)
    assert tree["extensionsRequired"] == ["EXT_meshopt_compression", "EXT_texture_webp", "KHR_mesh_quantization"]
    assert [image["mimeType"] for image in tree["images"]] == ["image/webp"]


@pytest.mark.requirement("optimise:small")
def test_it_is_as_small_as_gltf_transform_makes_it() -> None:
    """At the same triangles at most 1.25 times its bytes, and a third of what came in."""
    for name in ("ball", "photo"):
        ours, theirs = optimise_glb(MODELS[name], "compact"), transform(MODELS[name])
        assert ours.after == theirs.triangles, name
        assert len(ours.content) <= 1.25 * len(theirs.content), name
        assert len(ours.content) <= len(MODELS[name]) / 3, name


def test_our_reader_reads_theirs() -> None:
    made = transform(MODELS["photo"])
    assert errors(validate_glb(made.content)) == []
    (part,) = read_glb(made.content).scene().parts
    assert len(part.triangles) == made.triangles
    assert np.allclose(
        part.positions.max(axis=0), read_glb(MODELS["photo"]).scene().parts[0].positions.max(axis=0), atol=1e-3
    )


@pytest.mark.requirement("optimise:triangles")
@pytest.mark.parametrize("wanted", [12_000, 4_000, 1_500])
def test_fewer_triangles_keep_the_shape_and_the_texture(wanted: int) -> None:
    content = write_glb(models3d.sphere(80, Material("plain"), radius=0.25))
    result = optimise_glb(content, "universal", max_triangles=wanted)
    assert wanted * 0.98 <= result.after <= wanted
    (was,), (now,) = read_glb(content).scene().parts, read_glb(result.content).scene().parts
    assert was.uvs is not None
    assert now.uvs is not None
    middle = np.array([0, 0.25, 0])
    corners = now.positions[now.triangles]
    inside = 0.25 - np.linalg.norm(corners.mean(axis=1) - middle, axis=1)
    assert abs(inside).max() < 0.25 * 0.03, "no triangle leaves the ball by more than 3 %"
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward = np.einsum("ij,ij->i", faces, corners.mean(axis=1) - middle)
    assert (outward > 0).all(), "none is turned over"
    # A ball's coordinates follow from the place of a point, also in the middle of a triangle: down from the pole.
    across = corners.mean(axis=1) - middle
    down = np.arccos(across[:, 1] / np.linalg.norm(across, axis=1)) / np.pi
    assert np.abs(now.uvs[now.triangles][:, :, 1].mean(axis=1) - down).max() < 0.03
    edges = np.sort(
        np.concatenate([now.triangles[:, [0, 1]], now.triangles[:, [1, 2]], now.triangles[:, [2, 0]]]), axis=1
    )
    assert np.unique(edges, axis=0, return_counts=True)[1].max() <= 2, "no edge has three triangles"


def test_textures_are_capped_and_numbers_in_them_kept() -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (300, 200), (200, 10, 10, 120)).save(clear, "PNG")
    model = models3d.box(Material("glass", texture=Texture(clear.getvalue(), "image/png"), alpha="BLEND"))
    tree, binary = unpack(write_glb(model))
    tree["materials"][0]["normalTexture"] = {"index": 0}
    content = pack(tree, binary)
    (image,) = read_glb(optimise_glb(content, "universal", texture_size=128).content).images
    assert (image.mime, image.size) == ("image/png", (128, 85))
    (image,) = read_glb(optimise_glb(content, "compact", texture_size=256).content).images
    assert (image.mime, image.size) == ("image/webp", (256, 171))
    decoded = Image.open(io.BytesIO(image.content)).convert("RGBA")
    pixel = decoded.getpixel((9, 9))
    assert isinstance(pixel, tuple)
    assert np.allclose(pixel, (200, 10, 10, 120), atol=6)


@pytest.mark.parametrize("mode", MODES)
def test_what_moves_still_moves(mode: Mode) -> None:
    before, after = read_glb(MODELS["skinned"]), read_glb(optimise_glb(MODELS["skinned"], mode).content)
    was, now = (one.typed.animations for one in (before, after))
    assert was is not None
    assert now is not None
    assert now[0].channels == was[0].channels
    for key in ("input", "output"):
        old, new = getattr(was[0].samplers[0], key), getattr(now[0].samplers[0], key)
        assert np.array_equal(before.numbers.raw(old), after.numbers.raw(new))


def test_shapes_that_change_and_strips_are_kept() -> None:
    tree, binary = unpack(models3d.textured())
    primitive = tree["meshes"][0]["primitives"][0]
    primitive |= {"targets": [{"POSITION": 0}], "mode": 5}
    tree["meshes"][0]["weights"] = [0.5]
    content = pack(tree, binary)
    made = optimise_glb(content, "compact").content
    assert errors(validate_glb(made)) == []
    (was,), (now,) = read_glb(content).scene().parts, read_glb(made).scene().parts
    assert np.allclose(was.positions.max(axis=0), now.positions.max(axis=0), atol=1e-4)
    assert np.allclose(now.positions.max(axis=0) / 1.5, models3d.box().parts[0].positions.max(axis=0), atol=1e-4)


def test_small_errors_are_repaired() -> None:
    tree, binary = unpack(models3d.textured())
    held = bytearray(binary)
    mutants.write(1, 0, "3f", 2, 0, 0)(tree, held)
    mutants.put("accessors", 0, "max", 1, value=0.39)(tree, held)
    content = pack(tree, bytes(held))
    assert len(errors(validate_glb(content))) == 2
    assert errors(validate_glb(optimise_glb(content, "universal").content)) == []


def test_unknown_extensions_go() -> None:
    tree, binary = unpack(models3d.textured())
    tree["extensionsUsed"] = ["ACME_warmth", "KHR_materials_unlit"]
    tree["nodes"][0]["extensions"] = {"ACME_warmth": {"accessor": 3}}
    tree["materials"][0]["extensions"] = {"KHR_materials_unlit": {}}
    made, _ = unpack(optimise_glb(pack(tree, binary), "universal").content)
    assert made["extensionsUsed"] == ["KHR_materials_unlit", "KHR_mesh_quantization"]
    assert "extensions" not in made["nodes"][0]


def test_parts_that_are_the_same_are_there_once() -> None:
    part = models3d.box().parts[0]
    twice = Model("two", (part, part), (Material("a"),))
    once = optimise_glb(write_glb(models3d.box(Material("a"))), "universal").content
    assert len(optimise_glb(write_glb(twice), "universal").content) < len(once) + 200


def test_mutants_are_optimised_or_refused() -> None:
    outcomes: set[str] = set()
    files = list(mutants.structured().values())
    files += [make(seed) for seed in range(60) for make in (mutants.random_bytes, mutants.random_tree)]
    for content in files:
        for mode in MODES:
            try:
                made = optimise_glb(content, mode, max_triangles=6).content
                assert errors(validate_glb(made)) == []
                outcomes.add("made")
            except Refused:
                outcomes.add("refused")
    assert outcomes == {"made", "refused"}
