"""The product is told from its background, and what speaks against the result is said."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from devskyy_tools.studio.photos import cutout, network
from devskyy_tools.studio.photos.cutout import cut_out
from devskyy_tools.studio.photos.decode import decode
from devskyy_tools.studio.photos.filters import box, regions
from tests.fakes import photos
from tests.fakes.photos import NEGATIVES, Photo, draw


def overlap(photo: Photo, alpha: np.ndarray) -> float:
    found = alpha > 127
    return float((found & photo.mask).sum() / (found | photo.mask).sum())


@pytest.mark.requirement("cutout:right")
def test_the_mask_is_the_product() -> None:
    for seed in photos.SEEDS[::3]:
        photo = draw(seed)
        found = cut_out(decode(photo.content).image)
        assert (found.method, found.problems) == ("network", ()), (seed, found.problems)
        assert overlap(photo, found.alpha) >= 0.97, seed


def test_without_the_extra_the_borders_colour_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutout, "standing_out", lambda image: None)  # type: ignore[misc]
    photo = draw(23)
    found = cut_out(decode(photo.content).image)
    assert (found.method, found.problems) == ("border", ())
    assert overlap(photo, found.alpha) >= 0.97


@pytest.mark.parametrize("name", ["blank", "busy", "lifestyle", "several", "cut-off", "tiny"])
def test_without_the_extra_bad_photos_are_told_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutout, "standing_out", lambda image: None)  # type: ignore[misc]
    assert cut_out(decode(NEGATIVES[name](5).content).image).problems


@pytest.mark.requirement("cutout:refusals")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lifestyle", "busy"),
        ("worn", "worn"),
        ("busy", "busy"),
        ("blank", "nothing"),
        ("tiny", "tiny"),
        ("several", "several"),
        ("cut-off", "cut_off"),
    ],
)
def test_what_can_not_work_is_told(name: str, reason: str) -> None:
    problems = cut_out(decode(NEGATIVES[name](2).content).image).problems
    assert reason in {problem.reason for problem in problems}
    assert all(problem.message.endswith(".") and problem.hint for problem in problems)


def test_transparency_of_the_file_decides_where_it_has_any() -> None:
    photo = draw(23)
    image = Image.open(io.BytesIO(photo.content)).convert("RGBA")
    image.putalpha(Image.fromarray((photo.mask * 255).astype(np.uint8)))
    found = cut_out(image)
    assert (found.method, found.confidence, found.problems) == ("transparency", 1.0, ())
    assert overlap(photo, found.alpha) == 1


def test_a_big_picture_gets_edges_at_its_own_size() -> None:
    photo = draw(23)
    image = decode(photo.content).image.resize((2500, 3000), Image.Resampling.BICUBIC)
    found = cut_out(image)
    assert found.alpha.shape == (3000, 2500)
    small = np.asarray(Image.fromarray(found.alpha).resize(photos.SIZE, Image.Resampling.BOX))
    assert overlap(photo, small) >= 0.98


def test_only_the_weights_that_are_known_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert network.weights() is not None
    monkeypatch.setattr(network, "SHA256", "0" * 64)
    assert network.weights() is None


def test_regions_are_those_whose_pixels_touch_by_their_sides() -> None:
    mask = np.array([[1, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [1, 1, 1, 0]], bool)
    labels, sizes = regions(mask)
    assert sorted(sizes[1:]) == [2, 4, 4]
    assert labels[0, 2] == labels[2, 3] != labels[3, 0] == labels[2, 1]
    assert regions(np.zeros((3, 3), bool))[1].tolist() == [9]


def test_a_window_goes_on_beyond_the_edge() -> None:
    row = np.array([[0, 0, 3, 0, 6]], np.float32).repeat(3, 0)
    assert box(row, 1)[1].tolist() == pytest.approx([0, 1, 1, 3, 4])
