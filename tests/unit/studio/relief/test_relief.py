"""Photos become reliefs: sound files, small, of the stated height and the photo's outline; the others are refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.gltf.read import read_glb
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.studio.relief.build import SHAPES, relief
from devskyy_tools.studio.relief.inflate import inflated
from devskyy_tools.studio.relief.outline import sheet
from tests.fakes import photos
from tests.fakes.photos import NEGATIVES, back_of, draw

from .judging import judge


@pytest.mark.requirement("relief:good")
def test_nine_of_ten_photos_become_a_sound_relief() -> None:
    failed = judge([draw(seed) for seed in photos.SEEDS])
    assert len(failed) <= 1, failed


@pytest.mark.requirement("relief:refused")
@pytest.mark.parametrize("name", NEGATIVES)
def test_what_can_not_work_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(Refused) as refused:
        relief(NEGATIVES[name](4).content, category="top")
    assert refused.value.message
    assert refused.value.hint


@pytest.mark.requirement("relief:honest")
def test_the_file_says_what_it_is() -> None:
    photo = draw(23)
    extras = relief(photo.content, category="top").model.extras
    assert extras["method"] == "relief"
    assert extras["reconstruction"] is False
    assert (extras["back"], extras["depth"], extras["dimensions_source"]) == ("synthetic", "assumed", "assumed")
    assert len(extras["source_sha256"]) == 1
    read = read_glb(write_glb(relief(photo.content, category="top", height_cm=66).model))
    assert read.tree["asset"]["extras"]["dimensions_source"] == "user"


def test_a_photo_of_the_back_is_its_back() -> None:
    front = draw(23, color=(40, 90, 160), print="none")
    behind = back_of(front, 77)
    red = back_of(draw(23, color=(190, 40, 40), print="none"), 77)
    made = relief(front.content, red.content, category="top")
    assert made.model.extras["back"] == "photo"
    assert len(made.model.extras["source_sha256"]) == 2
    texture = made.model.materials[1].texture
    assert texture is not None
    middle = np.asarray(Image.open(io.BytesIO(texture.content)))[512, 512]
    assert middle[0] > 120 > middle[2]
    assert relief(front.content, behind.content).model.extras["back"] == "photo"


def test_a_back_of_something_else_is_refused() -> None:
    with pytest.raises(Refused, match="outline") as refused:
        relief(draw(23).content, draw(24, color=(60, 70, 140)).content)
    assert refused.value.details["overlap"] < 0.9


def test_a_guessed_back_keeps_blocks_of_colour_and_drops_the_print() -> None:
    photo = draw(23, print="contrast", color=(50, 90, 150))
    texture = relief(photo.content, category="top").model.materials[1].texture
    assert texture is not None
    pixels = np.asarray(Image.open(io.BytesIO(texture.content))).astype(int)
    inner = pixels[90:170, 100:156].reshape(-1, 3)
    assert (inner[:, 2] > inner[:, 0] + 40).all()


def test_front_and_back_share_their_outline_and_are_smooth_across_it() -> None:
    front, back = relief(draw(22).content, category="bag").model.parts
    rim = front.positions[:, 2] == 0
    assert rim.sum() > 300
    assert (front.positions[rim] == back.positions[rim]).all()
    assert np.allclose(front.normals[rim], back.normals[rim])
    assert np.abs(front.normals[rim, 2]).max() < 1e-6
    assert np.allclose(np.linalg.norm(front.normals, axis=1), 1, atol=1e-4)
    assert front.normals[~rim, 2].mean() > 0.5 > -0.5 > back.normals[~rim, 2].mean()


def test_each_kind_of_product_has_its_own_thickness() -> None:
    content = draw(22).content
    depths = {name: relief(content, category=name).size[2] for name in ("top", "bag", "shoe")}
    assert depths["top"] * 100 / SHAPES["top"].height < depths["bag"] * 100 / SHAPES["bag"].height
    assert depths["bag"] * 100 / SHAPES["bag"].height < depths["shoe"] * 100 / SHAPES["shoe"].height


def test_a_strip_inflates_to_an_ellipse_and_begins_at_its_edge() -> None:
    x = np.arange(61) - 30.0
    field = np.minimum(20.4 - np.abs(x), 2)[None, :].repeat(400, 0).astype(np.float32)
    field[[0, -1]] = -1
    middle = inflated(field)[200]
    expected = np.sqrt(np.clip(1 - (x / 20.4) ** 2, 0, None))
    assert np.abs(middle - expected).max() < 0.02


def test_the_cut_grid_follows_a_circle_without_slivers() -> None:
    y, x = np.mgrid[:40, :40]
    field = ((14.3 - np.hypot(x - 19.6, y - 19.2)).clip(-1.5, 1.5)).astype(np.float32)
    found = sheet(field)
    one, two, three = (found.points[found.triangles[:, corner]] for corner in range(3))
    across = (two - one)[:, 0] * (three - one)[:, 1] - (two - one)[:, 1] * (three - one)[:, 0]
    assert (across < 0).all()  # counter-clockwise where rows go up
    assert np.abs(across).min() > 0.1
    assert abs(-across.sum() / 2 - np.pi * 14.3**2) < 0.005 * np.pi * 14.3**2
    assert np.abs(np.hypot(*(found.points[found.rim] - [19.6, 19.2]).T) - 14.3).max() < 0.02
