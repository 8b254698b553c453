"""Every size of a 24-megapixel photo, beside sharp (libvips) in the same run: CPU time and bytes."""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from devskyy_tools.studio.pictures.sizes import WIDTHS, variants
from devskyy_tools.studio.pictures.writing import QUALITY, Format
from tests.conformance.suite import install, node

from .measure import Row

HERE = Path(__file__).parent / "sharp"
ROUNDS = 3
GOAL = 1.3
FORMATS: tuple[Format, ...] = ("webp", "avif")


def photo(width: int = 6000, height: int = 4000, seed: int = 24) -> bytes:
    """A JPEG with soft areas, edges and grain, as a photo has them."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (12, 18, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    weave = Image.fromarray(rng.integers(70, 186, (height // 8, width // 8), dtype=np.uint8)).filter(
        ImageFilter.SHARPEN
    )
    mask = Image.fromarray((rng.random((6, 9)) > 0.5).astype(np.uint8) * 110).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    textured = Image.composite(weave.resize((width, height), Image.Resampling.BICUBIC).convert("RGB"), soft, mask)
    grain = rng.integers(-5, 6, (height, width, 1), dtype=np.int16)
    pixels = np.clip(np.asarray(textured).astype(np.int16) + grain, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90)
    return out.getvalue()


def _ours(content: bytes, kind: Format) -> tuple[float, int]:
    before = time.process_time()
    made = variants(content, WIDTHS, [kind])
    return time.process_time() - before, sum(len(one.content) for one in made.files)


def _theirs(file: Path, kind: Format, rounds: int) -> list[tuple[float, int]]:
    command = [node(), HERE / "resize.mjs", file, kind, str(QUALITY[kind]), str(rounds), *map(str, WIDTHS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return [(one["us"] / 1e6, one["bytes"]) for one in map(json.loads, done.stdout.splitlines())]


async def run() -> list[Row]:
    """The medians of the rounds, ours and sharp's by turns; the first round of each, which loads code, is left out."""
    install(HERE)
    content = photo()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "photo.jpg"
        file.write_bytes(content)
        _ours(content, "webp")
        for kind in FORMATS:
            ours: list[tuple[float, int]] = []
            theirs: list[tuple[float, int]] = []
            for _ in range(ROUNDS):
                ours.append(_ours(content, kind))
                theirs.append(_theirs(file, kind, 2)[1])
            mine, its = (statistics.median(seconds for seconds, _ in some) for some in (ours, theirs))
            sizes = f"{ours[0][1] // 1000} / {theirs[0][1] // 1000} kB"
            rows.append(
                Row(
                    f"24 megapixels to {len(WIDTHS)} {kind.upper()} beside sharp, CPU",
                    f"{mine:.2f} / {its:.2f} s = {mine / its:.2f}×; {sizes}",
                    f"≤ {GOAL}×",
                    mine / its <= GOAL,
                )
            )
    return rows
