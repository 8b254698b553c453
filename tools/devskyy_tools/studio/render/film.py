"""Turntables as files: an animated WebP by Pillow, and an MP4 by ffmpeg where the machine has it."""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

SECONDS = 120
"""How long ffmpeg may take."""
LIMIT = 16 << 20
"""Bytes of a film at most."""


def webp(frames: Sequence[Image.Image], *, fps: int, quality: int = 60) -> bytes:
    """An animated WebP that turns for ever."""
    out = io.BytesIO()
    first, *others = frames
    first.save(
        out, "WEBP", save_all=True, append_images=others, duration=round(1000 / fps), loop=0, quality=quality, method=2,
        allow_mixed=False,
    )  # fmt: skip
    return out.getvalue()


def mp4(frames: Sequence[Image.Image], *, fps: int) -> bytes:
    """H.264 in yuv420p, which every browser plays, its head first.

    Raises:
        ImportError: without the extra [video].
        OSError: when ffmpeg can't be run, fails, or takes too long.
    """
    import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]

    width, height = frames[0].size
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "turntable.mp4"
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-f", "rawvideo", "-pix_fmt", "rgb24",
            "-s", f"{width}x{height}", "-r", str(fps), "-i", "pipe:0", "-an", "-c:v", "libx264", "-preset", "medium",
            "-crf", "25", "-pix_fmt", "yuv420p", "-threads", "2", "-movflags", "+faststart", "-fs", str(LIMIT),
            "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", str(film),
        ]  # fmt: skip
        raw = b"".join(frame.convert("RGB").tobytes() for frame in frames)
        try:
            # A program of a package of ours, with arguments of ours.
            subprocess.run(command, input=raw, capture_output=True, timeout=SECONDS, check=True)  # noqa: S603
        except subprocess.SubprocessError as failed:
            raise OSError("ffmpeg made no film") from failed
        return film.read_bytes()
