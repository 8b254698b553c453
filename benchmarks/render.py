"""What a poster, a sheet and a turntable of a 3D model cost, by each renderer, and how alike they are."""

from __future__ import annotations

import io
import resource
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from PIL import Image

from devskyy_tools.studio.gltf.model import Model
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.studio.render import film, stages
from devskyy_tools.studio.render.draw import Engine, Studio
from tests.unit.studio.render.likeness import likeness
from tests.unit.studio.render.things import handbag

from .measure import Row

T = TypeVar("T")
GOALS: list[tuple[Engine, float]] = [("egl", 6), ("numpy", 20)]
FRAMES, SIZE = 36, 512


async def run() -> list[Row]:
    model = handbag()
    rows: list[Row] = []
    sheets: dict[Engine, Image.Image] = {}
    for engine, goal in GOALS:
        try:
            studio = Studio(model, engine)
            sheets[engine] = Image.open(io.BytesIO(studio.sheet(768)))
        except (ImportError, OSError):
            rows.append(Row(f"3D by {engine}", "this machine has none", "", None))
            continue
        (animation, movie), spent = _spent(partial(_all, model, engine))
        what = f"3D by {engine}: {FRAMES} frames of {SIZE} px, poster, sheet, WebP, MP4"
        rows.append(Row(what, f"{spent:.1f} s of CPU time", f"≤ {goal:g} s", spent <= goal))
        rows.append(Row(f"its MP4 ({engine})", f"{movie / 1000:.0f} kB", "≤ 250 kB", movie <= film.MOVIE))
        rows.append(Row(f"its WebP ({engine})", f"{animation / 1000:.0f} kB", "≤ 400 kB", animation <= film.ANIMATION))
    if len(sheets) == 2:
        alike = likeness(sheets["egl"], sheets["numpy"])
        rows.append(Row("SSIM of both renderers' sheets", f"{alike:.3f}", "≥ 0.9", alike >= 0.9))
    content = write_glb(model)
    _, spent = _spent(lambda: stages.sheet(content, None, 768))
    rows.append(Row("a sheet of a GLB of 25,000 triangles, read and drawn", f"{spent:.2f} s of CPU time", "", None))
    return rows


def _all(model: Model, engine: Engine) -> tuple[int, int]:
    """The sizes of both films."""
    studio = Studio(model, engine)
    studio.poster(768)
    studio.sheet(768)
    frames = list(studio.turntable(SIZE, FRAMES))
    return len(film.webp(frames, fps=stages.FPS)), len(film.mp4(frames, fps=stages.FPS))


def _spent(work: Callable[[], T]) -> tuple[T, float]:
    """What the work gives, and the CPU seconds of this process and those it ran."""
    before = time.process_time() + _others()
    found = work()
    return found, time.process_time() + _others() - before


def _others() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
