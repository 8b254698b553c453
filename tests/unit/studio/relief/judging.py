"""What makes a relief good, measured on its mesh and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.gltf.model import Model
from devskyy_tools.studio.gltf.optimise import optimise_glb
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.studio.relief.build import relief
from tests.fakes.khronos import khronos
from tests.fakes.photos import CATEGORIES, Photo

HEIGHT = 0.7


@dataclass(frozen=True)
class Made:
    photo: Photo
    model: Model
    plain: bytes
    compact: bytes


def make(photo: Photo) -> Made:
    model = relief(photo.content, category=CATEGORIES[photo.parameters["garment"]], height_cm=HEIGHT * 100).model
    plain = write_glb(model)
    return Made(photo, model, plain, optimise_glb(plain, "compact").content)


def likeness(made: Made) -> float:
    """Intersection over union of the mesh from the front, without perspective, and the photo's true mask.

    They are laid over each other by their areas and centres: an extreme point that is off by a pixel moves neither.
    """
    mask, front = made.photo.mask, made.model.parts[0]
    flat = front.positions[:, :2].astype(np.float64) * [1, -1]
    corners = flat[front.triangles]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2
    center = (corners.mean(1) * areas[:, None]).sum(0) / areas.sum()
    rows, columns = np.nonzero(mask)
    at = (corners - center) * np.sqrt(mask.sum() / areas.sum()) + [columns.mean(), rows.mean()]
    image = Image.new("1", (mask.shape[1], mask.shape[0]))
    pen = ImageDraw.Draw(image)
    for triangle in at:
        pen.polygon([(float(x), float(y)) for x, y in triangle], fill=1)
    seen = np.asarray(image)
    return float((seen & mask).sum() / (seen | mask).sum())


def judged(made: Made, findings: list[str]) -> list[str]:
    """What keeps it from being good."""
    points = np.concatenate([part.positions for part in made.model.parts])
    triangles = sum(len(part.triangles) for part in made.model.parts)
    wrong = {
        "validator": bool(findings),
        "size": len(made.compact) > 300_000 or len(made.plain) > 1_000_000,
        "triangles": triangles > 50_000,
        "height": abs(float(np.ptp(points[:, 1])) - HEIGHT) > 0.01 * HEIGHT,
        "base": abs(float(points[:, 1].min())) > 1e-3,
        "outline": likeness(made) < 0.97,
    }
    return [name for name, bad in wrong.items() if bad]


def judge(photos: Sequence[Photo]) -> dict[str, list[str]]:
    """What keeps each photo's relief from being good; those that are good are left out."""
    made: list[Made] = []
    failed: dict[str, list[str]] = {}
    for photo in photos:
        try:
            made.append(make(photo))
        except Refused as refused:
            failed[photo.name] = [refused.message]
    reports = khronos([file for one in made for file in (one.plain, one.compact)])
    for number, one in enumerate(made):
        found = [f.code for report in reports[2 * number : 2 * number + 2] for f in report if f.severity == "error"]
        if wrong := judged(one, found):
            failed[one.photo.name] = [*wrong, *found[:3]]
    return failed
