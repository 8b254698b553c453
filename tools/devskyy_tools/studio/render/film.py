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
"""Bytes of a film at which ffmpeg stops."""
ANIMATION, MOVIE = 400_000, 250_000
"""Bytes of a turntable as WebP and as MP4."""


def webp(frames: Sequence[Image.Image], *, fps: int) -> bytes:
    """An animated WebP that turns for ever, of the best quality that keeps it within ``ANIMATION`` bytes."""
    first, *others = frames
    content = b""
    for quality in (60, 40, 25, 10):
        out = io.BytesIO()
        first.save(
            out, "WEBP", save_all=True, append_images=others, duration=round(1000 / fps), loop=0, quality=quality,
            method=2, allow_mixed=False,
        )  # fmt: skip
        content = out.getvalue()
        if len(content) <= ANIMATION:
            break
    return content


def mp4(frames: Sequence[Image.Image], *, fps: int) -> bytes:
    """H.264 in yuv420p, which every browser plays, its head first; within ``MOVIE`` bytes where quality allows it.

    Raises:
        ImportError: without the extra [video].
        OSError: when ffmpeg can't be run, fails, or takes too long.
    """
    content = b""
    for factor in (25, 30, 36):
        content = _mp4(frames, fps, factor)
        if len(content) <= MOVIE:
            break
    return content


def _mp4(frames: Sequence[Image.Image], fps: int, factor: int) -> bytes:
    import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]

    width, height = frames[0].size
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "turntable.mp4"
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-f", "rawvideo", "-pix_fmt", "rgb24",
            "-s", f"{width}x{height}", "-r", str(fps), "-i", "pipe:0", "-an", "-c:v", "libx264", "-preset", "medium",
            "-crf", str(factor), "-pix_fmt", "yuv420p", "-threads", "2", "-movflags", "+faststart", "-fs", str(LIMIT),
            "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", str(film),
        ]  # fmt: skip
        raw = b"".join(frame.convert("RGB").tobytes() for frame in frames)
        try:
            # A program of a package of ours, with arguments of ours.
            subprocess.run(command, input=raw, capture_output=True, timeout=SECONDS, check=True)  # noqa: S603
        except subprocess.SubprocessError as failed:
            raise OSError("ffmpeg made no film") from failed
        return film.read_bytes()
