"""What makes a relief good, measured on its mesh and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
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


def silhouette(model: Model, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """What the mesh covers from the front, drawn without perspective onto a picture of that height and width."""
    image = Image.new("L", (shape[1], shape[0]))
    pen = ImageDraw.Draw(image)
    front = model.parts[0]
    low, high = front.positions.min(0), front.positions.max(0)
    scale = (shape[0] - 1) / (high[1] - low[1])
    at = np.stack([(front.positions[:, 0] - low[0]) * scale, (high[1] - front.positions[:, 1]) * scale], 1)
    for corners in at[front.triangles]:
        pen.polygon([(float(x), float(y)) for x, y in corners], fill=255, outline=255)
    return np.asarray(image) > 0


def likeness(made: Made) -> float:
    """Intersection over union of the mesh's outline and the photo's true mask."""
    rows, columns = np.nonzero(made.photo.mask.any(1))[0], np.nonzero(made.photo.mask.any(0))[0]
    true = made.photo.mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    seen = silhouette(made.model, true.shape)
    return float((seen & true).sum() / (seen | true).sum())


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
