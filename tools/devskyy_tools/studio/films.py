"""Films: pictures that fade into each other and move a little, or a turntable's frames, as MP4 for every browser.

Frames are drawn here, so that movement is smooth below the pixel, and handed to ffmpeg one by one.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFilter

from devskyy_mcp.errors import Code, Refused

from .photos.decode import check_size, decode
from .pictures.subject import ground_of
from .pictures.texts import check_text, font, width_of
from .pictures.writing import encoded, flat, scaled

Shape = Literal["square", "portrait", "landscape"]
SHAPES: dict[Shape, tuple[int, int]] = {"square": (1080, 1080), "portrait": (1080, 1920), "landscape": (1920, 1080)}
"""Pixels, as the places ask for it that show such films."""
FPS = 25
FADE = 0.6
"""Seconds in which one picture becomes the next."""
ZOOM = 1.08
"""How much nearer a picture comes, or goes away."""
LONGEST = 120.0
"""Seconds of a film."""
MOST_FRAMES = 240
"""Of a turntable."""
_MOVING = {"image/webp": "WEBP", "image/gif": "GIF"}
_COLOURS = "scale=out_color_matrix=bt709:out_range=tv," + ":".join(
    ("setparams=colorspace=bt709", "color_primaries=bt709", "color_trc=bt709", "range=tv")
)
SECONDS = 300
"""How long ffmpeg may compute."""
LARGEST = 64 << 20
"""Bytes of a film."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a film: its file, and the words under it or none."""

    content: bytes
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A film that was written.

    Args:
        frames: how many it has, at ``FPS``.
        poster: its first picture, as JPEG.
    """

    frames: int
    poster: bytes


def from_pictures(
    shots: Sequence[Shot], shape: Shape, seconds: float, file: Path, *, moving: bool = True, burnt: bool = True
) -> Made:
    """Write a film of pictures, each shown for so many seconds, fades included.

    Args:
        shots: in their order.
        shape: decides its size.
        seconds: of each picture, more than two ``FADE``.
        file: where it is written.
        moving: whether pictures come nearer and go away.
        burnt: whether captions are drawn into it.

    Raises:
        Refused: INVALID_ARGUMENTS for a film that is too long, or for letters that can't be drawn; as ``decode`` does.
    """
    if length(len(shots), seconds) > LONGEST:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The film would be longer than {LONGEST:g} seconds.",
            "Take fewer pictures or seconds.",
        )
    size = SHAPES[shape]
    captions = [caption_over(shot.caption, size) if burnt and shot.caption else None for shot in shots]
    drawn = _Reel(shots, captions, size, seconds, ZOOM if moving else 1.0)
    poster = encoded(drawn.frame(0), "jpeg")
    count = round(length(len(shots), seconds) * FPS)
    write((drawn.frame(number) for number in range(count)), size, FPS, file)
    return Made(count, poster)


def length(shots: int, seconds: float) -> float:
    """Seconds of a film of so many pictures."""
    return shots * seconds - (shots - 1) * FADE


class _Reel:
    """Draws any frame of a film; holds the pictures that are in view, so that memory does not grow with the film."""

    def __init__(
        self,
        shots: Sequence[Shot],
        captions: Sequence[Image.Image | None],
        size: tuple[int, int],
        seconds: float,
        zoom: float,
    ) -> None:
        self.shots, self.captions, self.size, self.seconds, self.zoom = shots, captions, size, seconds, zoom
        self._stages: dict[int, Image.Image] = {}

    def frame(self, number: int) -> Image.Image:
        moment, every = number / FPS, self.seconds - FADE
        at = min(int(moment / every), len(self.shots) - 1)
        since = moment - at * every
        if not at or since >= FADE:
            self._stages.pop(at - 1, None)
            return self._with_caption(self._shot(at, since), at, 1.0)
        share = since / FADE
        out = Image.blend(self._shot(at - 1, since + every), self._shot(at, since), share * share * (3 - 2 * share))
        # One caption goes before the next one comes: words over words can't be read.
        return self._with_caption(out, at if share > 0.5 else at - 1, abs(2 * share - 1))

    def _shot(self, at: int, since: float) -> Image.Image:
        stage = self._stages.get(at)
        if stage is None:
            whole = (round(self.size[0] * self.zoom), round(self.size[1] * self.zoom))
            stage = self._stages[at] = staged(decode(self.shots[at].content, longest=2 * max(whole)).image, whole)
        share = since / self.seconds
        zoom = 1 + (self.zoom - 1) * (share if at % 2 == 0 else 1 - share)
        wide, high = stage.width / zoom, stage.height / zoom
        left, top = (stage.width - wide) / 2, (stage.height - high) / 2
        return stage.resize(self.size, Image.Resampling.BICUBIC, (left, top, left + wide, top + high))

    def _with_caption(self, frame: Image.Image, at: int, strength: float) -> Image.Image:
        caption = self.captions[at]
        if caption is not None:
            mask = scaled(caption.getchannel("A"), strength)
            frame.paste(caption, (0, self.size[1] - caption.height), mask)
        return frame


def staged(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture filling a frame of that size: whole, on a ground that goes on to the edges where it has a plain one,
    and cut at its sides where it has none.
    """
    ground, spread = ((255, 255, 255), 0.0) if image.mode == "RGBA" else ground_of(image)
    plain = spread < 12
    pick = min if plain else max
    scale = pick(size[0] / image.width, size[1] / image.height)
    fitted = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))),
        Image.Resampling.LANCZOS,
        reducing_gap=3,
    )
    at = ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2)
    drawn_out = plain and image.mode == "RGB"
    out = _goes_on(fitted, at, size, ground) if drawn_out else Image.new("RGB", size, ground)
    fitted = flat(fitted, ground)
    out.paste(fitted, at)
    return out


def _goes_on(
    image: Image.Image, at: tuple[int, int], size: tuple[int, int], ground: tuple[int, int, int]
) -> Image.Image:
    """A ground whose colours are those of the picture's own edges, drawn out and smoothed, so that no seam shows."""
    out = Image.new("RGB", size, ground)
    wide, high = image.size
    right, below = at[0] + wide, at[1] + high
    sides = (
        ((0, 0, wide, 2), (0, 0, size[0], at[1])),
        ((0, high - 2, wide, high), (0, below, size[0], size[1])),
        ((0, 0, 2, high), (0, at[1], at[0], below)),
        ((wide - 2, 0, wide, high), (right, at[1], size[0], below)),
    )
    for edge, (left, top, end, bottom) in sides:
        if end > left and bottom > top:
            along = (end - left, 1) if edge[3] - edge[1] == 2 else (1, bottom - top)
            line = image.crop(edge).resize(along, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(12))
            out.paste(line.resize((end - left, bottom - top)), (left, top))
    return out


def caption_over(text: str, size: tuple[int, int]) -> Image.Image:
    """Words for the lower edge of a frame: white on a shade that fades upwards, on at most two lines."""
    text = check_text(text)
    height = round(min(size) * 0.046)
    lines = _lines(text, height, round(size[0] * 0.86))
    band = round(height * (1.35 * len(lines) + 3.2))
    shade = scaled(Image.linear_gradient("L").resize((size[0], band)), 0.62)
    out = Image.new("RGBA", (size[0], band), (0, 0, 0, 0))
    out.putalpha(shade)
    draw = ImageDraw.Draw(out)
    for number, line in enumerate(lines):
        top = band - round(height * (1.35 * (len(lines) - number) + 0.9))
        draw.text(((size[0] - width_of(line, height)) // 2, top), line, (255, 255, 255, 255), font(height))
    return out


def _lines(text: str, height: int, width: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, height) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > 2 or any(width_of(line, height) > width for line in lines):
        raise Refused(Code.INVALID_ARGUMENTS, "A caption does not fit on two lines.", "Make it shorter.")
    return lines


def from_turntable(content: bytes, shape: Shape, seconds: float, file: Path) -> Made:
    """Write a film of an animated picture's frames, from the beginning again until so many seconds are full.

    Raises:
        Refused: INVALID_ARGUMENTS for a picture that does not move, or that moves for too long.
    """
    frames, pause = moving(content)
    size = SHAPES[shape]
    stages = [staged(frame, size) for frame in frames]
    fps = min(60, max(1, round(1000 / pause)))
    count = max(1, round(seconds * fps))
    write(islice(cycle(stages), count), size, fps, file)
    return Made(count, encoded(stages[0].copy(), "jpeg"))


def moves(content: bytes) -> bool:
    """Whether the picture has several frames.

    Raises:
        Refused: as ``decode`` does.
    """
    return decode(content, longest=64).kind in _MOVING and _frames(content) > 1


def _frames(content: bytes) -> int:
    with Image.open(io.BytesIO(content), formats=list(_MOVING.values())) as animation:
        return int(getattr(animation, "n_frames", 1))


def moving(content: bytes) -> tuple[list[Image.Image], float]:
    """The frames of an animated WebP or GIF, and the milliseconds of each on average.

    Raises:
        Refused: INVALID_ARGUMENTS; TOO_LARGE.
    """
    if not moves(content):
        raise Refused(Code.INVALID_ARGUMENTS, "The picture does not move.", "Give several pictures, or a turntable.")
    count = _frames(content)
    if count > MOST_FRAMES:
        raise Refused(Code.TOO_LARGE, f"The turntable has {count} frames; at most {MOST_FRAMES} are taken.")
    with Image.open(io.BytesIO(content), formats=list(_MOVING.values())) as animation:
        check_size(animation.width, animation.height, 100_000_000 // count)
        frames: list[Image.Image] = []
        time = 0.0
        for number in range(count):
            animation.seek(number)
            frames.append(animation.convert("RGBA" if animation.has_transparency_data else "RGB"))
            time += float(animation.info.get("duration") or 40)
    return frames, time / count


def write(frames: Iterator[Image.Image], size: tuple[int, int], fps: int, file: Path) -> None:
    """Encode frames as H.264 in yuv420p with its head first, the same bytes for the same frames.

    Args:
        frames: RGB, of that size.
        size: even numbers of pixels.
        fps: frames a second.
        file: where it is written.

    Raises:
        Refused: NOT_CONFIGURED without the extra [video]; INTERNAL when ffmpeg fails.
    """
    command = [
        program(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}",
        "-r", str(fps), "-i", "pipe:0", "-an", "-vf", _COLOURS, "-c:v", "libx264", "-preset", "veryfast",
        "-crf", "21", "-pix_fmt", "yuv420p", "-profile:v", "high", "-threads", "2", "-movflags", "+faststart",
        "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-fs", str(LARGEST),
        "-f", "mp4", "-y", str(file),
    ]  # fmt: skip
    # A program of a package of ours, with arguments of ours, and nothing of our environment.
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={}
    ) as process:
        _bound(process.pid)
        assert process.stdin is not None
        try:
            for frame in frames:
                process.stdin.write(frame.tobytes())
            process.stdin.close()
        except BrokenPipeError:
            pass
        except BaseException:
            process.kill()
            raise
        done = process.wait()
    if done != 0:
        raise Refused(Code.INTERNAL, "ffmpeg made no film.", "Try fewer or smaller pictures.")


def program() -> str:
    """The path of ffmpeg.

    Raises:
        Refused: NOT_CONFIGURED.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise Refused(
            Code.NOT_CONFIGURED,
            "Films need ffmpeg, which comes with the extra [video].",
            "pip install 'devskyy-mcp[video]'",
        ) from None


def _bound(process: int) -> None:
    """Time and size that the program may take; it has the memory bound of who started it."""
    try:
        import resource

        limit = partial(resource.prlimit, process)
        limit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        limit(resource.RLIMIT_FSIZE, (2 * LARGEST, 2 * LARGEST))
    except (ImportError, AttributeError, OSError):  # a system without such bounds
        pass


def webvtt(captions: Sequence[str], seconds: float) -> str:
    """The captions as a WebVTT file (W3C), for a film of ``from_pictures``; each is there while its picture is."""
    cues = ["WEBVTT"]
    for number, caption in enumerate(captions):
        start = number * (seconds - FADE)
        if words := " ".join(caption.split()):
            words = words.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "→")
            end = start + seconds - (FADE if number < len(captions) - 1 else 0)
            cues.append(f"{_clock(start)} --> {_clock(end)}\n{words}")
    return "\n\n".join(cues) + "\n"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
