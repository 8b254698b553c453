from __future__ import annotations

import numpy as np
import pytest

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.gltf.container import pack, unpack
from devskyy_tools.studio.gltf.read import read_glb
from devskyy_tools.studio.gltf.write import write_glb
from tests.fakes.models3d import ball, box, glb, placed, skinned, sphere, textured, variants


def test_what_is_written_is_read_back() -> None:
    model = sphere(12)
    again = read_glb(write_glb(model)).scene()
    (was,), (now,) = model.parts, again.parts
    assert np.array_equal(was.positions, now.positions)
    assert np.array_equal(was.triangles, now.triangles)
    assert was.uvs is not None
    assert now.uvs is not None
    assert np.array_equal(was.uvs, now.uvs)
    assert np.allclose(was.normals, now.normals, atol=1e-6)
    assert again.materials == model.materials
    assert again.extras == {"made": "in code"}


def test_the_same_model_gives_the_same_bytes() -> None:
    assert write_glb(box()) == write_glb(box())


def test_nodes_are_applied() -> None:
    (part,) = read_glb(placed()).scene().parts
    assert np.allclose(part.positions.min(axis=0), (-2.1, 0, -0.3), atol=1e-6)
    assert np.allclose(part.positions.max(axis=0), (-1.9, 0.8, 0.3), atol=1e-6)
    corners = part.positions[part.triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("ij,ij->i", faces, part.normals[part.triangles[:, 0]]) > 0).all(), "mirrored, it is turned right"


def test_a_skin_holds_at_rest() -> None:
    (part,) = read_glb(skinned()).scene().parts
    assert np.allclose(part.positions, box().parts[0].positions, atol=1e-6)


def test_variants_have_their_materials() -> None:
    read = read_glb(variants())
    assert read.variants == ["plain", "red", "blue"]
    assert [read.scene(name).materials[0].name for name in read.variants] == ["cloth", "red", "blue"]
    with pytest.raises(Refused, match="no such variant"):
        read.scene("green")


def test_flat_normals_where_there_are_none() -> None:
    (part,) = read_glb(glb()).scene().parts
    assert np.array_equal(part.normals, [[0, 0, 1]] * 3)


def test_textures_are_what_they_really_are() -> None:
    tree, binary = unpack(textured())
    tree["images"][0]["mimeType"] = "image/jpeg"
    (image,) = read_glb(pack(tree, binary)).images
    assert (image.mime, image.size) == ("image/png", (64, 64))
    assert read_glb(ball(8, "WEBP", 32)).images[0].size == (32, 32)
    assert read_glb(ball(8, "JPEG", 48)).images[0].size == (48, 48)
