"""The relief as one piece of work for a process of its own: photos in, files out."""

from __future__ import annotations

from typing import NamedTuple

from devskyy_mcp.errors import Code, Refused

from ..gltf.optimise import optimise_glb
from ..gltf.write import write_glb
from ..goods import Category
from ..photos.cutout import Method
from .build import relief


class Made(NamedTuple):
    """The files of a relief and what is to be known of it; ``compact`` is None without the extra [three-d]."""

    universal: bytes
    compact: bytes | None
    triangles: int
    size: tuple[float, float, float]
    method: Method
    confidence: float
    warnings: tuple[str, ...]


def make(front: bytes, back: bytes | None, category: Category | None, height_cm: float | None) -> Made:
    """Both GLBs: one that everything reads, and a small one.

    Raises:
        Refused: as ``relief``.
    """
    made = relief(front, back, category=category, height_cm=height_cm)
    universal = write_glb(made.model)
    warnings = made.warnings
    compact: bytes | None = None
    try:
        compact = optimise_glb(universal, "compact").content
    except Refused as refused:
        if refused.code != Code.NOT_CONFIGURED:
            raise
        warnings = (*warnings, f"There is no small file: {refused.hint or refused.message}")
    triangles = sum(len(part.triangles) for part in made.model.parts)
    cutout = made.cutout
    return Made(universal, compact, triangles, made.size, cutout.method, cutout.confidence, warnings)
