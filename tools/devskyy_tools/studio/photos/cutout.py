"""Takes the background off: a small network says what stands out, the colours around it say where exactly it ends.

Without the network (extra [cutout]) the colour of the picture's border decides alone, which is enough for plain
backgrounds in another colour. Each result says how it was made, how sure that is, and what speaks against its use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from .alike import look_alike, told_by_steps
from .filters import box, guided, lab, regions, resized
from .network import standing_out
from .refusals import Problem, Signs, problems_of
from .skin import looks_worn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .filters import Floats, Mask

Method = Literal["network", "border", "transparency"]
WORK = 640
"""Pixels of the longer side at which edges are found; from there they follow the picture at its own size."""
_RING = 0.03


@dataclass(frozen=True, slots=True)
class Cutout:
    """The product without its background.

    Args:
        alpha: uint8 of the picture's size; 255 on the product.
        method: what decided: the network, the border's colour, or the file's own transparency.
        confidence: 0 to 1.
        problems: what speaks against using it, the gravest first; empty when all is well.
    """

    alpha: NDArray[np.uint8]
    method: Method
    confidence: float
    problems: tuple[Problem, ...]


def cut_out(image: Image.Image) -> Cutout:
    """Find the product in a picture.

    Args:
        image: RGB or RGBA, sRGB, upright, as ``decode`` gives it.
    """
    if image.mode == "RGBA":
        own = np.asarray(image.getchannel("A"))
        if 0.03 < float((own < 128).mean()) < 0.97:
            return _judged(image, own / np.float32(255), own, "transparency", 0.0, 1.0, 0.0)
    image = image.convert("RGB")
    small = image.copy()
    small.thumbnail((WORK, WORK), Image.Resampling.BOX, reducing_gap=None)
    rgb = np.asarray(small, np.float32) / 255
    colors = lab(rgb)
    off, noise = from_border(colors)
    plain = _by_border(np.linalg.norm(off, axis=-1), noise)
    sure = standing_out(image)
    if sure is None:
        rough, method = plain.astype(np.float32), "border"
    else:
        rough, method = resized(sure, small.size).clip(0, 1), "network"
        if look_alike(off, rough > 0.5):
            rough, plain = told_by_steps(colors, off, rough)
        else:
            rough = _holes_cut(rough, off)
    alpha = _edges(rgb, rough)
    agreement = _iou(plain, alpha > 0.5)
    unsure = float((4 * rough * (1 - rough)).sum() / max(1, (rough > 0.5).sum()))
    return _judged(image, alpha, _at_full_size(image, rgb, alpha), method, noise, agreement, unsure)


def _judged(
    image: Image.Image,
    alpha: Floats,
    full: NDArray[np.uint8],
    method: Method,
    noise: float,
    agreement: float,
    unsure: float,
) -> Cutout:
    mask = alpha > 0.5
    sizes = np.sort(regions(mask)[1][1:])[::-1]
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    share = float(mask.mean())
    signs = Signs(
        noise=noise,
        coverage=share,
        rim=float(rim.mean()),
        second=float(sizes[1] / sizes[0]) if len(sizes) > 1 else 0.0,
        unsure=unsure,
        agreement=agreement,
        shorter=min(image.size),
        worn=looks_worn(image, mask),
        method=method,
    )
    return Cutout(full, method, signs.confidence, problems_of(signs))


def from_border(colors: Floats) -> tuple[Floats, float]:
    """How far each pixel is from the background, and how unquiet that is.

    A smooth surface is laid through the colours of the picture's border, so that light which falls off is no
    difference.

    Returns:
        The difference in CIE L*a*b*, and the distance from that surface that 80 % of the border stay below.
    """
    height, width = colors.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    ring = max(2, round(_RING * min(height, width)))
    border = np.ones((height, width), bool)
    border[ring:-ring, ring:-ring] = False
    at, there = terms[border], colors[border]
    kept = np.ones(len(at), bool)
    factors = np.zeros((6, 3), np.float32)
    for _ in range(4):  # what reaches into the border is left out of the fit
        factors = np.linalg.lstsq(at[kept], there[kept], rcond=None)[0].astype(np.float32)
        off = np.linalg.norm(there - at @ factors, axis=-1)
        kept = off <= np.quantile(off, 0.85)
    noise = float(np.quantile(np.linalg.norm(there - at @ factors, axis=-1), 0.8))
    return colors - terms @ factors, noise


def _by_border(distance: Floats, noise: float) -> Mask:
    """All that differs from the border and what it encloses, but for holes that show the background."""
    limit = max(7.0, 3.5 * noise)
    mask = box(distance, 1) > limit
    labels, sizes = regions(~mask)
    seen = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    open_ = np.isin(labels, seen[seen > 0])
    sums = np.bincount(labels.ravel(), distance.ravel())
    holes = (sums / np.maximum(sizes, 1) < max(1.2, 1.3 * noise)) & (sizes > 0.002 * mask.size)
    holes[0] = False
    filled = ~open_ & ~holes[labels]
    labels, sizes = regions(filled)
    if len(sizes) < 2:
        return filled
    sizes[0] = 0
    return np.isin(labels, np.nonzero(sizes > 0.02 * sizes.max())[0])


def _holes_cut(rough: Floats, off: Floats) -> Floats:
    """Where a handle or an arm leaves the background to be seen, the network often fills the hole.

    A print in the background's colour has the cloth's folds in it; the background is as even as at the border. From
    where it is, it goes on into its own shadow, unless that would take a good part of the product.
    """
    even = box((np.linalg.norm(box(off, 3), axis=-1) < 1.0).astype(np.float32), 2) > 0.9
    in_shadow = (np.linalg.norm(box(off, 2)[..., 1:], axis=-1) < 5) & (off[..., 0] < 3) & (off[..., 0] > -30)
    mask = rough > 0.5
    found = np.zeros_like(mask)
    for where, most in ((even & mask, 1.0), (in_shadow & mask, 0.2)):
        labels, sizes = regions(where)
        seeds = np.bincount(labels.ravel(), even.ravel())
        holes = (seeds > 0.0025 * rough.size) & (sizes < most * mask.sum())
        holes[0] = False
        found |= holes[labels]
    near = box(found.astype(np.float32), 4) > 0.02
    rough = np.where(near, np.minimum(rough, 0.02), rough)
    labels, sizes = regions(rough <= 0.5)
    outside = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    same = np.bincount(labels.ravel(), even.ravel()) / np.maximum(sizes, 1)
    closed = same < 0.3  # what it encloses and is not the background belongs to it
    closed[0], closed[outside] = False, False
    return np.where(closed[labels], np.float32(1), rough)


def _edges(rgb: Floats, rough: Floats) -> Floats:
    """Coverage of each pixel near the edge, from the colours of what is surely inside and outside beside it."""
    radius = 7
    soft = box((rough > 0.5).astype(np.float32), radius)
    band = (soft > 0.02) & (soft < 0.98)
    inside = ((soft >= 0.8) & (rough > 0.8)).astype(np.float32)[..., None]
    outside = ((soft <= 0.2) & (rough < 0.3)).astype(np.float32)[..., None]
    both = [box(where, 2 * radius) for where in (inside, outside)]
    colors = [
        box(rgb * where, 2 * radius) / np.maximum(weight, 1e-4)
        for where, weight in zip((inside, outside), both, strict=True)
    ]
    spread = sum(
        (
            box((rgb * rgb * where).sum(-1), 2 * radius) / np.maximum(weight[..., 0], 1e-4) - (color * color).sum(-1)
        ).clip(0)
        for where, weight, color in zip((inside, outside), both, colors, strict=True)
    )
    toward = colors[0] - colors[1]
    length = (toward * toward).sum(-1)
    alpha = ((rgb - colors[1]) * toward).sum(-1) / np.maximum(length, 1e-6)
    known = (both[0][..., 0] > 0.02) & (both[1][..., 0] > 0.02)
    # Where both sides look alike or have many colours, what was known before knows more than the colours.
    trust = np.where(known, length**2 / (length**2 + 0.05**2 + (10 * spread) ** 2), 0) * band
    mixed = trust * alpha.clip(0, 1) + (1 - trust) * rough
    a, b = guided(rgb.mean(-1), mixed.astype(np.float32), 3, 1e-3)
    smooth = (a * rgb.mean(-1) + b).clip(0, 1)
    return _without_crumbs(np.where(band, smooth, (rough > 0.5).astype(np.float32)).astype(np.float32))


def _without_crumbs(alpha: Floats) -> Floats:
    labels, sizes = regions(alpha > 0.3)
    if len(sizes) < 2:
        return alpha
    sizes[0] = 0
    kept = np.isin(labels, np.nonzero(sizes > 0.02 * sizes.max())[0]).astype(np.float32)
    return alpha * (box(kept, 1) > 0)


def _at_full_size(image: Image.Image, rgb: Floats, alpha: Floats) -> NDArray[np.uint8]:
    """The same edges on the picture's own pixels (the fast guided filter: factors are found small and used large)."""
    if max(image.size) <= WORK:
        return (alpha * 255 + 0.5).astype(np.uint8)
    a, b = guided(rgb.mean(-1), alpha, 2, 5e-4)
    bands: list[NDArray[np.uint8]] = []
    rows = max(1, 2_000_000 // image.width)
    wide = (resized(a, (image.width, a.shape[0])), resized(b, (image.width, b.shape[0])))
    for top in range(0, image.height, rows):  # in bands, so that a big picture needs little memory
        bottom = min(image.height, top + rows)
        part = np.asarray(image.crop((0, top, image.width, bottom)), np.float32).mean(-1) / 255
        at = (np.arange(top, bottom, dtype=np.float32) + 0.5) * (a.shape[0] / image.height) - 0.5
        low = np.floor(at).astype(int)
        share = (at - low)[:, None]
        upper, lower = low.clip(0, a.shape[0] - 1), (low + 1).clip(0, a.shape[0] - 1)
        factor, offset = (one[upper] * (1 - share) + one[lower] * share for one in wide)
        bands.append(((factor * part + offset).clip(0, 1) * 255 + 0.5).astype(np.uint8))
    return np.concatenate(bands)


def _iou(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))
