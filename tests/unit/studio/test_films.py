"""Films that ffmpeg reads back: size, length, pixel format, head first; captions as cues; bounds."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio import films
from devskyy_tools.studio.films import Shot, from_pictures, from_turntable, length, moves, webvtt

from .pictures.making import file, moving, plain

pytestmark = pytest.mark.requirement("media:films")
RED, BLUE = file(plain((200, 30, 40))), file(plain((30, 40, 200)))


def probed(film: Path) -> str:
    done = subprocess.run([films.program(), "-hide_banner", "-i", str(film)], capture_output=True, text=True)
    return done.stderr


def frame(film: Path, at: float) -> np.ndarray:
    """One frame as RGB, small."""
    command = [films.program(), "-v", "error", "-ss", str(at), "-i", str(film), "-frames:v", "1", "-vf", "scale=16:16"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(16, 16, 3).astype(int)


@pytest.mark.parametrize(
    ("shape", "size"), [("square", "1080x1080"), ("portrait", "1080x1920"), ("landscape", "1920x1080")]
)
def test_pictures_fade_into_each_other(tmp_path: Path, shape: films.Shape, size: str) -> None:
    film = tmp_path / "film.mp4"
    made = from_pictures([Shot(RED), Shot(BLUE)], shape, 1.5, film)
    about = probed(film)
    assert re.search(rf"h264 \(High\).*yuv420p\(tv, bt709.*{size}.*25 fps", about)
    assert made.frames == 60
    assert "00:00:02.40" in about
    assert film.read_bytes().find(b"moov") < film.read_bytes().find(b"mdat"), "browsers start before all is there"
    for at, color in ((0.2, (200, 30, 40)), (1.2, (115, 35, 120)), (2.2, (30, 40, 200))):
        assert np.abs(frame(film, at).mean(axis=(0, 1)) - color).max() < 12


def test_the_same_pictures_give_the_same_film(tmp_path: Path) -> None:
    one, two = tmp_path / "1.mp4", tmp_path / "2.mp4"
    for film in (one, two):
        from_pictures([Shot(RED, "In red")], "square", 1.5, film)
    assert one.read_bytes() == two.read_bytes()


def test_captions_are_drawn_and_fade_with_their_picture(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    from_pictures([Shot(RED, "The long coat"), Shot(RED)], "square", 2, film, moving=False)
    lower = [frame(film, at)[14:, :].mean() for at in (0.5, 3.0)]
    assert lower[0] < lower[1] - 15


def test_a_turntable_turns_for_as_long_as_is_asked(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    content = moving()
    assert moves(content)
    assert not moves(RED)
    made = from_turntable(content, "square", 2, film)
    about = probed(film)
    assert made.frames == 50
    assert "25 fps" in about
    assert "00:00:02.00" in about
    assert np.abs(frame(film, 0.1) - frame(film, 0.1 + 12 / 25)).max() < 12, "round once"
    assert np.abs(frame(film, 0.1) - frame(film, 0.1 + 6 / 25)).max() > 60


def test_what_is_too_long_or_does_not_fit_is_refused(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    for shots, seconds, words in (
        ([Shot(RED)] * 30, 10.0, "longer than 120 seconds"),
        ([Shot(RED, "word " * 60)], 2.0, "does not fit"),
        ([Shot(b"\x89PNG\r\n\x1a\n")], 2.0, "damaged"),
    ):
        with pytest.raises(Refused, match=words):
            from_pictures(shots, "square", seconds, film)
    with pytest.raises(Refused, match="does not move"):
        from_turntable(RED, "square", 2, film)


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(Refused) as caught:
        from_pictures([Shot(RED)], "square", 1.5, tmp_path / "film.mp4")
    assert caught.value.code is Code.NOT_CONFIGURED
    assert "[video]" in caught.value.hint


def test_cues_last_as_long_as_their_pictures() -> None:
    text = webvtt(["First", "", "Third <b> & --> more"], 3)
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.400\nFirst\n\n")
    assert "00:00:04.800 --> 00:00:07.800\nThird &lt;b> &amp; → more" in text
    assert length(3, 3) == pytest.approx(7.8)
