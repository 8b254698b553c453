"""What is drawn: by numpy everywhere, by EGL where the machine has it, and that both show the same."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.gltf.model import Material, Model, Part, Texture
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.studio.render import by_egl, film, stages
from devskyy_tools.studio.render.draw import SHOWN, Engine, Studio
from devskyy_tools.studio.render.scene import View, cameras, scene_of

from .likeness import likeness
from .things import box, cloth, handbag

EGL = pytest.param("egl", marks=pytest.mark.debian("libegl1 libgl1-mesa-dri"))
ENGINES: list[Any] = ["numpy", EGL]
NEEDS_EGL = pytest.mark.debian("libegl1 libgl1-mesa-dri")


def first(studio: Studio, view: View, size: int = 128, **options: Any) -> Any:
    return np.asarray(next(iter(studio.pictures((view,), size, **options)))).astype(int)


def tweed(edge: int = 1024) -> Texture:
    """Noise, which is the worst that a picture or a film can be of."""
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(7).integers(0, 255, (edge, edge, 3), np.uint8)).save(out, "PNG")
    return Texture(out.getvalue(), "image/png")


def card(left: tuple[int, int, int], right: tuple[int, int, int], **material: Any) -> Model:
    """A square that looks to +Z, of a texture with one colour on its left and one on its right."""
    texture = Image.new("RGBA", (64, 64), (*left, 255))
    texture.paste((*right, 255 if material.get("alpha", "OPAQUE") == "OPAQUE" else 0), (32, 0, 64, 64))
    out = io.BytesIO()
    texture.save(out, "PNG")
    points = np.array([(-1, 0, 0), (1, 0, 0), (1, 2, 0), (-1, 2, 0)], np.float32) * 0.1
    uvs = np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float32)
    normals = np.tile(np.array([(0, 0, 1)], np.float32), (4, 1))
    part = Part("Card", points, normals, uvs, np.array([(0, 1, 2), (0, 2, 3)], np.uint32), 0)
    return Model("Card", (part,), (Material("Print", texture=Texture(out.getvalue(), "image/png"), **material),))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_front_is_seen_from_the_front(engine: Engine) -> None:
    """Left is left and right is right; colours are nine tenths as bright as they are; nothing is seen from behind."""
    studio = Studio(card((200, 0, 0), (0, 0, 200)), engine)
    picture = first(studio, View(0, 0))
    left, right = picture[64, 40], picture[64, 88]
    assert (left[0] > 150, left[2] < 40, left[3]) == (True, True, 255)
    assert (right[2] > 150, right[0] < 40, right[3]) == (True, True, 255)
    assert not first(studio, View(180, 0))[:, :, 3].any()


@pytest.mark.parametrize("engine", ENGINES)
def test_both_sides_are_seen_of_what_has_both(engine: Engine) -> None:
    studio = Studio(card((200, 0, 0), (0, 0, 200), double_sided=True), engine)
    behind = first(studio, View(180, 0))
    assert behind[64, 40][2] > 150, "its right is at the left from behind"
    assert behind[64, 88][0] > 150


@pytest.mark.parametrize("engine", ENGINES)
def test_holes_show_what_is_behind(engine: Engine) -> None:
    studio = Studio(card((200, 0, 0), (0, 0, 200), alpha="MASK"), engine)
    picture = first(studio, View(0, 0))
    assert picture[64, 40][3] == 255
    assert picture[64, 88][3] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_nearer_covers(engine: Engine) -> None:
    near, far = card((200, 0, 0), (200, 0, 0)), card((0, 0, 200), (0, 0, 200))
    behind = replace(far.parts[0], positions=far.parts[0].positions - np.array((0, 0, 0.05), np.float32), material=1)
    for parts in ((near.parts[0], behind), (behind, near.parts[0])):
        picture = first(Studio(Model("Two", parts, (*near.materials, *far.materials)), engine), View(0, 0))
        assert picture[64, 64][0] > 150


@NEEDS_EGL
@pytest.mark.requirement("three-d:renderers-agree")
@pytest.mark.parametrize("model", [handbag(60), box()], ids=["handbag", "box"])
@pytest.mark.parametrize("view", [View(0, 3), View(28, 8), View(90, 3), View(215, 20)], ids=str)
def test_both_renderers_show_the_same(model: Model, view: View) -> None:
    one, two = (next(iter(Studio(model, engine).pictures((view,), 256))) for engine in ("egl", "numpy"))
    white = [Image.alpha_composite(Image.new("RGBA", one.size, "white"), picture) for picture in (one, two)]
    assert likeness(white[0], white[1]) >= 0.9
    assert likeness(one.getchannel("A"), two.getchannel("A")) >= 0.95


@pytest.mark.parametrize("engine", ENGINES)
def test_the_model_fits_the_picture_from_everywhere(engine: Engine) -> None:
    studio = Studio(handbag(30), engine)
    views = tuple(View(yaw, pitch) for yaw in range(0, 360, 45) for pitch in (0, 30))
    for picture in studio.pictures(views, 96, shadow=False):
        left, top, right, bottom = picture.getchannel("A").getbbox() or (0, 0, 0, 0)
        assert 3 <= left < right <= 93
        assert 3 <= top < bottom <= 93


def test_the_shadow_lies_under_the_model_and_nowhere_else() -> None:
    studio = Studio(box(), "numpy")
    with_it, without = (first(studio, View(28, 8), 256, shadow=shadow) for shadow in (True, False))
    dark = (with_it[:, :, 3] > 8) & (without[:, :, 3] == 0)
    rows, _ = np.nonzero(dark)
    assert dark.sum() > 500
    assert with_it[dark][:, :3].max() == 0
    assert rows.min() > 128
    assert (with_it[without[:, :, 3] == 255] == without[without[:, :, 3] == 255]).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_posters_and_sheets_are_small_enough_to_be_shown(engine: Engine) -> None:
    studio = Studio(handbag(40), engine)
    poster, clear, sheet = studio.poster(512), studio.poster(512, transparent=True), studio.sheet(768)
    assert max(map(len, (poster, clear, sheet))) <= SHOWN
    corners = [Image.open(io.BytesIO(content)).convert("RGBA").getpixel((2, 2)) for content in (poster, clear)]
    assert corners[0] == (255, 255, 255, 255)
    assert corners[1] is not None
    assert isinstance(corners[1], tuple)
    assert corners[1][3] == 0
    assert Image.open(io.BytesIO(sheet)).size == (768, 768)
    assert studio.engine == engine


def test_what_would_be_too_large_to_be_shown_is_made_smaller() -> None:
    drawn = stages.sheet(write_glb(handbag(20, tweed(64))), None, 512)
    assert drawn.size == (512, 512)
    noisy = Studio(handbag(20, tweed(1024)), "numpy")
    assert len(noisy.poster(1024)) <= SHOWN


def test_without_egl_numpy_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise OSError("no EGL")

    monkeypatch.setattr(by_egl, "EglRenderer", missing)
    studio = Studio(box())
    assert studio.poster(64)
    assert studio.engine == "numpy"
    with pytest.raises(OSError, match="no EGL"):
        Studio(box(), "egl").poster(64)


@pytest.mark.parametrize("problem", [ImportError("no ffmpeg"), OSError("ffmpeg made no film")], ids=["away", "fails"])
def test_without_ffmpeg_there_is_the_webp(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    def missing(*_: object, **__: object) -> bytes:
        raise problem

    monkeypatch.setattr(film, "mp4", missing)
    turned = stages.turntable(write_glb(box()), None, 64, 8)
    assert turned.movie is None
    assert turned.animation[:4] == b"RIFF"


@pytest.mark.requirement("three-d:turntable")
def test_turntables_turn_once_around_and_stay_small() -> None:
    frames = list(Studio(handbag(60), "numpy").turntable(256, 12))
    assert len(frames) == 12
    assert likeness(frames[0], frames[3]) < likeness(frames[0], frames[1])
    animation = Image.open(io.BytesIO(film.webp(frames, fps=12)))
    assert getattr(animation, "n_frames", 0) == 12
    assert animation.info["loop"] == 0
    movie = film.mp4(frames, fps=12)
    assert movie[4:8] == b"ftyp"
    assert movie.index(b"moov") < movie.index(b"mdat"), "its head comes first"


@NEEDS_EGL
@pytest.mark.slow
@pytest.mark.requirement("three-d:turntable")
@pytest.mark.parametrize("texture", [cloth(), tweed()], ids=["check", "tweed"])
def test_36_frames_of_512_pixels_keep_within_their_bytes(texture: Texture) -> None:
    frames = list(Studio(handbag(texture=texture), "egl").turntable(512, 36))
    assert len(film.webp(frames, fps=12)) <= 400_000
    assert len(film.mp4(frames, fps=12)) <= 250_000


@pytest.mark.parametrize(
    "model",
    [Model("Empty", (), ()), Model("Bad", box().parts, (Material("x", texture=Texture(b"no", "image/png")),))],
    ids=["empty", "bad texture"],
)
def test_what_cant_be_drawn_is_refused(model: Model) -> None:
    with pytest.raises(Refused) as refused:
        scene_of(model)
    assert refused.value.code is Code.INVALID_ARGUMENTS


def test_many_layers_over_all_of_the_picture_are_refused() -> None:
    """A thousand sheets, each as large as the picture, would take minutes and say nothing."""
    sheet = card((9, 9, 9), (9, 9, 9)).parts[0]
    triangles = np.tile(sheet.triangles, (1000, 1))
    many = Model("Stack", (replace(sheet, triangles=triangles),), (Material("Paper"),))
    with pytest.raises(Refused) as refused:
        Studio(many, "numpy").poster(512)
    assert refused.value.code is Code.TOO_LARGE


def test_too_many_triangles_are_refused() -> None:
    sheet = box().parts[0]
    many = replace(sheet, triangles=np.tile(sheet.triangles, (50_000, 1)))
    with pytest.raises(Refused) as refused:
        scene_of(Model("Dense", (many,), box().materials))
    assert refused.value.code is Code.TOO_LARGE


def test_a_flat_or_tiny_model_is_drawn_all_the_same() -> None:
    point = box(1e-9, 1e-9, 1e-9)
    assert cameras(scene_of(point), [View(0)])[0].distance > 0
    assert Studio(box(0.3, 1e-7, 0.3), "numpy").poster(64)


def test_uvs_of_any_size_are_drawn() -> None:
    """A file may say them: they repeat the texture, and mean nothing that far out."""
    far = card((200, 0, 0), (0, 0, 200), alpha="MASK")
    wild = replace(far.parts[0], uvs=np.array([(-1e30, 3e38), (1e30, 0), (7, -3e38), (0, 0)], np.float32))
    assert first(Studio(replace(far, parts=(wild,)), "numpy"), View(0, 0)).shape == (128, 128, 4)


def test_large_textures_are_drawn_small() -> None:
    studio = Studio(handbag(20, cloth(2048, "image/jpeg")), "numpy")
    assert first(studio, View(0, 0), 64)[:, :, 3].any()
