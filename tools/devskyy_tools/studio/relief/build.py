"""From a cut-out photo to a relief: an outline that both sides share, thickness, folds, colours.

What comes out looks like the product from the front and up to some 40° beside it. Its depth is assumed, and without a
photo of the back so is the back: ``extras`` say so in the file itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from devskyy_mcp.errors import Code, Refused

from ..gltf.model import Material, Model, Part
from ..goods import Category
from ..photos.cutout import Cutout, cut_out
from ..photos.decode import decode
from ..photos.filters import box, lab, resized
from .inflate import inflated
from .outline import Sheet, sheet
from .textures import guessed_back, photo_texture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..photos.filters import Floats

LONGEST = 1600
"""Pixels at which photos are worked on; the texture has fewer."""
_CELLS = 7_500
_LONGEST_CELLS = 190
_SAME = 0.9
_FOLDS = 0.04
"""How far folds stand out or in at the most, as a share of the thickness."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is assumed of a kind of product.

    Args:
        height: centimetres, where none is stated.
        depth: thickness of the whole as a share of its shorter side.
        fullness: how soon it reaches that thickness from the outline: 1 a balloon, 3 a box.
    """

    height: float
    depth: float
    fullness: float


SHAPES: Mapping[Category, Shape] = {
    "top": Shape(70, 0.18, 1.9),
    "dress": Shape(105, 0.22, 1.7),
    "trousers": Shape(102, 0.2, 1.5),
    "outerwear": Shape(80, 0.24, 1.9),
    "bag": Shape(32, 0.32, 2.4),
    "hat": Shape(18, 0.6, 1.3),
    "shoe": Shape(12, 0.7, 1.5),
    "skirt": Shape(60, 0.2, 1.7),
    "eyewear": Shape(5, 0.3, 1.7),
    "jewellery": Shape(5, 0.25, 1.7),
    "accessory": Shape(30, 0.25, 1.7),
}
OTHER = Shape(40, 0.25, 1.7)


@dataclass(frozen=True, slots=True)
class Relief:
    """The model, how its photo was cut out, its extent in metres (x, y, z), and what to know of it."""

    model: Model
    cutout: Cutout
    size: tuple[float, float, float]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One photo, cropped to the product and a margin: colours and coverage of the same size."""

    rgb: Floats
    alpha: Floats
    cutout: Cutout


def relief(
    front: bytes, back: bytes | None = None, *, category: Category | None = None, height_cm: float | None = None
) -> Relief:
    """Make a relief.

    Args:
        front: a photo of the product alone, as a file.
        back: one of its back, from behind.
        category: what it is: how deep and how full such goods are.
        height_cm: of the product; assumed where not stated.

    Raises:
        Refused: INVALID_ARGUMENTS for a photo that can't work, with the reason; as ``decode`` otherwise.
    """
    shape = SHAPES[category] if category else OTHER
    seen = _side(front, "photo")
    behind = _from_behind(back, seen) if back else None
    tall = (height_cm or shape.height) / 100
    mesh, heights = _surface(seen, shape)
    parts, size = _shells(mesh, heights, tall, seen.alpha.shape)
    materials = (
        Material("front", texture=photo_texture(seen.rgb, seen.alpha)),
        Material(
            "back", texture=photo_texture(behind.rgb, behind.alpha) if behind else guessed_back(seen.rgb, seen.alpha)
        ),
    )
    extras: dict[str, Any] = {
        "method": "relief",
        "reconstruction": False,
        "back": "photo" if behind else "synthetic",
        "depth": "assumed",
        "source_sha256": [hashlib.sha256(one).hexdigest() for one in (front, back) if one],
        "dimensions_source": "user" if height_cm else "assumed",
    }
    return Relief(
        Model("relief", parts, materials, extras), seen.cutout, size, _warnings(seen.cutout, height_cm, shape)
    )


def _warnings(cutout: Cutout, height_cm: float | None, shape: Shape) -> tuple[str, ...]:
    said: list[str] = []
    if cutout.confidence < 0.7:
        said.append(f"Where the product ends is not sure everywhere ({cutout.confidence:.0%}); look at the outline.")
    if cutout.method == "border":
        said.append("The background was told by its colour alone; with the extra [cutout] a network does it better.")
    if height_cm is None:
        said.append(f"No height was stated: {shape.height:g} cm were assumed.")
    return tuple(said)


def _side(content: bytes, name: str) -> _Side:
    image = decode(content, longest=LONGEST).image
    cutout = cut_out(image)
    if cutout.problems:
        worst = cutout.problems[0]
        message = worst.message if name == "photo" else f"The photo of the back: {worst.message}"
        raise Refused(
            Code.INVALID_ARGUMENTS,
            message,
            worst.hint,
            details={"reasons": [problem.reason for problem in cutout.problems], "confidence": cutout.confidence},
        )
    box_ = _bounds(cutout.alpha)
    rgb = np.asarray(image.convert("RGB").crop(box_), np.float32) / 255
    alpha = np.asarray(Image.fromarray(cutout.alpha).crop(box_), np.float32) / 255
    return _Side(rgb, alpha, cutout)


def _bounds(alpha: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, upper, right and lower of the product with a margin of 3 %, which may reach beyond the picture."""
    rows, columns = np.nonzero((alpha > 127).any(1))[0], np.nonzero((alpha > 127).any(0))[0]
    margin = round(0.03 * max(np.ptp(rows), np.ptp(columns))) + 4
    return (
        int(columns[0]) - margin, int(rows[0]) - margin, int(columns[-1]) + 1 + margin, int(rows[-1]) + 1 + margin,
    )  # fmt: skip


def _from_behind(content: bytes, seen: _Side) -> _Side:
    """The back's photo, mirrored and laid over the front; refused when it can't be the same product."""
    side = _side(content, "back")
    height, width = seen.alpha.shape
    turned = _Side(
        resized(side.rgb[:, ::-1], (width, height)), resized(side.alpha[:, ::-1], (width, height)), side.cutout
    )
    one, other = seen.alpha > 0.5, turned.alpha > 0.5
    same = float((one & other).sum() / (one | other).sum())
    if same < _SAME:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The two photos don't show the same outline: mirrored, they cover each other by {same:.0%}, and "
            f"{_SAME:.0%} are needed.",
            "Photograph the back from the same distance and height, with sleeves and straps laid as in front.",
            details={"overlap": round(same, 3)},
        )
    return turned


def _surface(seen: _Side, shape: Shape) -> tuple[Sheet, Floats]:
    """The flat mesh, and how far it stands out at each of its points in front and behind, all in pixels."""
    height, width = seen.alpha.shape
    step = max(float(np.sqrt((seen.alpha > 0.5).sum() / _CELLS)), max(height, width) / _LONGEST_CELLS)
    size = (max(8, round(width / step)), max(8, round(height / step)))
    blurred = box(box(seen.alpha, max(1, round(step * 0.4))), max(1, round(step * 0.4)))
    field = np.asarray(Image.fromarray(blurred).resize(size, Image.Resampling.BILINEAR)) - 0.5
    field[[0, -1]] = field[:, [0, -1]] = -0.5
    cells = sheet(field)
    mesh = Sheet((cells.points + 0.5) * [width / size[0], height / size[1]], cells.triangles, cells.rim)
    full = np.tanh(shape.fullness * inflated(field)) / np.tanh(shape.fullness)
    short = min(np.ptp(mesh.points, axis=0))
    half = shape.depth * short / 2
    folds = _folds(resized(seen.rgb, size), field > 0) * full
    standing = np.maximum(half * (full + 2 * _FOLDS * folds), 0).astype(np.float32)
    smooth = (half * full).astype(np.float32)
    sides = [np.where(mesh.rim, 0, _at(side, cells.points)) for side in (standing, smooth)]
    return mesh, np.stack(sides).astype(np.float32)


def _folds(rgb: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Light and dark of about the size of folds, −1 to 1; what is larger is colour, what is smaller is weave.

    Where the hue changes as well it is a print, and prints are flat.
    """
    colors = lab(rgb)
    weight = inside.astype(np.float32)[..., None]
    wide = box(colors * weight, 6) / np.maximum(box(weight, 6), 1e-3)
    fine = box(colors * weight, 1) / np.maximum(box(weight, 1), 1e-3)
    light, *hue = np.moveaxis(fine - wide, -1, 0)
    printed = box(((np.hypot(*hue) > 6) | (np.abs(light) > 18)).astype(np.float32), 4).clip(0, 0.25) * 4
    return np.tanh(light / 12) * weight[..., 0] * (1 - printed)


def _at(values: Floats, points: NDArray[np.float64]) -> Floats:
    """The grid's values between its nodes."""
    height, width = values.shape
    x, y = points[:, 0].clip(0, width - 1.001), points[:, 1].clip(0, height - 1.001)
    left, up = x.astype(int), y.astype(int)
    u, v = (x - left), (y - up)
    top = values[up, left] * (1 - u) + values[up, left + 1] * u
    low = values[up + 1, left] * (1 - u) + values[up + 1, left + 1] * u
    return (top * (1 - v) + low * v).astype(np.float32)


def _shells(
    mesh: Sheet, heights: Floats, tall: float, shape: tuple[int, ...]
) -> tuple[tuple[Part, Part], tuple[float, float, float]]:
    """Front and back with the outline in common, in metres: base at y = 0, centred, front toward +Z."""
    low, high = mesh.points.min(0), mesh.points.max(0)
    scale = tall / (high[1] - low[1])
    x = (mesh.points[:, 0] - (low[0] + high[0]) / 2) * scale
    y = (high[1] - mesh.points[:, 1]) * scale
    uvs = (mesh.points / [shape[1], shape[0]]).clip(0, 1).astype(np.float32)
    front = np.stack([x, y, heights[0] * scale], 1).astype(np.float32)
    behind = np.stack([x, y, -heights[1] * scale * 0.9], 1).astype(np.float32)
    turned = mesh.triangles[:, [0, 2, 1]]
    outward = _outward(mesh, x, y)
    parts = (
        Part("front", front, _normals(front, mesh.triangles, mesh.rim, outward), uvs, mesh.triangles, 0),
        Part("back", behind, _normals(behind, turned, mesh.rim, outward), uvs, turned, 1),
    )
    extent = np.ptp(np.concatenate([front, behind]), axis=0)
    return parts, (float(extent[0]), float(extent[1]), float(extent[2]))


def _outward(mesh: Sheet, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the outline faces, at its points: across its two edges, away from the inside."""
    corners = mesh.triangles.astype(np.int64)
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    size = len(x)
    keys = edges.min(1) * size + edges.max(1)
    _, first, count = np.unique(keys, return_index=True, return_counts=True)
    border = edges[first[count == 1]]  # the edges of one triangle only, in its direction
    across = np.stack([y[border[:, 1]] - y[border[:, 0]], x[border[:, 0]] - x[border[:, 1]]], 1)
    out = np.zeros((size, 3))
    for end in (0, 1):
        for axis in (0, 1):
            out[:, axis] += np.bincount(border[:, end], across[:, axis], size)
    return out


def _normals(
    points: Floats, triangles: NDArray[np.uint32], rim: NDArray[np.bool_], outward: NDArray[np.float64]
) -> Floats:
    """Of each point, from the triangles around it by their areas; on the outline the outline's own."""
    a, b, c = (points[triangles[:, corner]].astype(np.float64) for corner in range(3))
    across = np.cross(b - a, c - a)
    normals = np.stack(
        [
            sum(np.bincount(triangles[:, corner], across[:, axis], len(points)) for corner in range(3))
            for axis in range(3)
        ],
        axis=1,
    )
    facing = np.abs(outward).sum(1) > 0
    normals[rim & facing] = outward[rim & facing]
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)).astype(np.float32)
