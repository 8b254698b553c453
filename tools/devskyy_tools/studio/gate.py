"""The gate before a 3D model goes to a shop: twelve checks, each a number beside its bound.

Bounds follow Google Merchant's rules for virtual_model_link (15 MB, textures of 2048), Khronos' 3D Commerce guidelines
(metres, floor, few materials) and what Scene Viewer and Quick Look open without waiting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from devskyy_mcp.errors import Code, Refused

from .gltf.model import Model
from .gltf.read import Glb, read_glb
from .gltf.validate import Issue, errors, validate_glb
from .goods import ANY, LONGEST, Category
from .photos.decode import decode
from .render.draw import Studio

Verdict = Literal["pass", "warn", "fail"]
MB = 1_000_000
ALLOWED = frozenset({
    "KHR_mesh_quantization", "EXT_meshopt_compression", "EXT_texture_webp", "KHR_texture_basisu",
    "KHR_materials_variants", "KHR_materials_clearcoat", "KHR_materials_sheen", "KHR_materials_specular",
    "KHR_materials_ior", "KHR_materials_transmission", "KHR_texture_transform", "KHR_draco_mesh_compression",
})  # fmt: skip
PACKED = frozenset({
    "EXT_meshopt_compression", "EXT_texture_webp", "KHR_texture_basisu", "KHR_draco_mesh_compression",
})  # fmt: skip
"""Need decoders that Google Merchant, Scene Viewer and Quick Look don't bring."""
SILHOUETTE = 256


class Row(NamedTuple):
    """One check: ``figure`` is what was found, ``hint`` what to do about it, empty where nothing is."""

    number: int
    check: str
    verdict: Verdict
    figure: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What is to be published.

    Args:
        model: the GLB.
        poster, usdz: files that go with it; None where there are none.
        alt: the poster's alternative text.
        category: of the goods.
        stated: width, height and depth in metres as the product says them, None where it doesn't.
        cutout: the cut-out photo that a relief was made of, with alpha.
        made: how the store knows it was made.
        merchant: it is to be sent to Google Merchant too.
        sha256, content_type: as the store has them.
    """

    model: bytes
    poster: bytes | None = None
    usdz: bytes | None = None
    alt: str = ""
    category: Category | None = None
    stated: tuple[float | None, float | None, float | None] = (None, None, None)
    cutout: bytes | None = None
    made: Mapping[str, Any] = field(default_factory=dict[str, Any])
    merchant: bool = False
    sha256: str = ""
    content_type: str = ""


class Opened(NamedTuple):
    """What is given, and the model in it."""

    given: Given
    glb: Glb
    model: Model

    @property
    def points(self) -> NDArray[np.float32]:
        return np.concatenate([part.positions for part in self.model.parts])

    @property
    def relief(self) -> bool:
        return self.model.extras.get("method") == "relief" or self.model.extras.get("reconstruction") is False


def check(given: Given) -> list[Row]:
    """The twelve rows, in their order. What can't be opened fails the checks that look inside."""
    issues = validate_glb(given.model)
    rows = [_structure(issues), _bytes(given)]
    try:
        opened = _opened(given)
        rows += [one(opened) for one in _INSIDE.values()]
    except Refused as why:
        rows += [
            Row(number, name, "fail", f"not measured: {why.message}", "Mend what check 1 names.")
            for number, name in enumerate(_INSIDE, 3)
        ]
    rows.append(_record(given))
    return rows


def _opened(given: Given) -> Opened:
    glb = read_glb(given.model)
    model = glb.scene()
    if not model.parts:
        raise Refused(Code.INVALID_ARGUMENTS, "The model has no triangles.")
    return Opened(given, glb, model)


def verdict(rows: list[Row]) -> Verdict:
    """The worst of them."""
    found = {row.verdict for row in rows}
    return "fail" if "fail" in found else "warn" if "warn" in found else "pass"


def _graded(number: int, name: str, figure: str, hint: str, *, warn: bool, fail: bool) -> Row:
    grade: Verdict = "fail" if fail else "warn" if warn else "pass"
    return Row(number, name, grade, figure, "" if grade == "pass" else hint)


def _structure(issues: list[Issue]) -> Row:
    wrong = errors(issues)
    warned = sum(issue.severity == "warning" for issue in issues)
    first = f" First: {wrong[0].code} at {wrong[0].pointer or 'the container'}." if wrong else ""
    return _graded(
        1, "structure", f"{len(wrong)} errors, {warned} warnings", "Export it again as glTF 2.0 binary." + first,
        warn=warned > 0, fail=bool(wrong),
    )  # fmt: skip


def _bytes(given: Given) -> Row:
    size, apple = len(given.model), len(given.usdz or b"")
    figure = f"GLB {size / MB:.2f} MB" + (f", USDZ {apple / MB:.2f} MB" if apple else "")
    hint = "At most 5 MB of GLB and 10 MB of USDZ; three_d_models_optimize makes it smaller."
    return _graded(2, "bytes", figure, hint, warn=size > 5 * MB or apple > 10 * MB, fail=size > 15 * MB)


def _triangles(opened: Opened) -> Row:
    count = sum(len(part.triangles) for part in opened.model.parts)
    hint = "At most 50,000 open without waiting on a phone; three_d_models_optimize makes it lighter."
    return _graded(3, "triangles", f"{count:,}", hint, warn=count > 50_000, fail=count > 200_000)


def _textures(opened: Opened) -> Row:
    sizes = [image.size for image in opened.glb.images]
    longest = max((max(size) for size in sizes), default=0)
    memory = sum(width * height * 4 * 4 / 3 for width, height in sizes)
    odd = sum(1 for size in sizes if any(side & (side - 1) for side in size))
    figure = f"{len(sizes)} textures, longest side {longest} px, {memory / MB:.0f} MB decoded"
    figure += f", {odd} with sides that are no powers of two" if odd else ""
    hint = "Textures of at most 2048 px with sides that are powers of two, at most 64 MB decoded."
    return _graded(
        4, "textures", figure, hint, warn=longest > 2048 or memory > 64 * MB or odd > 0, fail=longest >= 4096
    )


def _materials(opened: Opened) -> Row:
    used, calls = len({part.material for part in opened.model.parts}), len(opened.model.parts)
    hint = "Join parts that share a material, and materials that look alike."
    return _graded(
        5, "materials", f"{used} materials, {calls} draw calls", hint,
        warn=used > 5 or calls > 20, fail=used > 25 or calls > 100,
    )  # fmt: skip


def _size(opened: Opened) -> Row:
    sides = [float(side) for side in np.ptp(opened.points, axis=0)]
    longest, category = max(sides), opened.given.category
    off = [
        abs(side / wanted - 1) for side, wanted in zip(sides, opened.given.stated, strict=True) if wanted is not None
    ]
    figure = " x ".join(f"{side:.3f}" for side in sides) + " m"
    figure += f", {max(off):.1%} off what is stated" if off else ""
    low, high = LONGEST[category] if category else ANY
    hint = f"In metres a {category or 'product'} is {low:g} to {high:g} long, and within 5 % of its stated dimensions."
    return _graded(
        6, "size", figure, hint, warn=not low <= longest <= high,
        fail=not ANY[0] <= longest <= ANY[1] or any(one > 0.05 for one in off),
    )  # fmt: skip


def _origin(opened: Opened) -> Row:
    low, high = opened.points.min(0), opened.points.max(0)
    floor, (x, _, z) = abs(float(low[1])), (float(side) for side in (low + high) / 2)
    aside = max(abs(x), abs(z))
    figure = f"{floor * 1000:.1f} mm off the floor, {aside * 1000:.1f} mm off the middle"
    hint = "Put its base at y = 0 and its middle at x = z = 0, or it floats in AR."
    return _graded(7, "origin", figure, hint, warn=floor > 0.001 or aside > 0.01, fail=floor > 0.1 or aside > 0.5)


def _geometry(opened: Opened) -> Row:
    parts = opened.model.parts
    textured = [part.uvs for part in parts if part.uvs is not None and opened.model.materials[part.material].texture]
    outside = sum(int(((uvs < -0.001) | (uvs > 1.001)).any(1).sum()) for uvs in textured)
    bare = sum(1 for part in parts if part.uvs is None and opened.model.materials[part.material].texture)
    flat = sum(_degenerate(part.positions[part.triangles]) for part in parts)
    share = flat / sum(len(part.triangles) for part in parts)
    longest = _normals(opened.glb)
    figure = f"{outside} UVs outside 0 to 1, normals within {longest:.2%} of unit length, {share:.2%} degenerate"
    figure += f", {bare} textured parts without UVs" if bare else ""
    hint = "UVs within 0 to 1, unit normals, and no triangles without an area (merge vertices by distance)."
    return _graded(
        8, "geometry", figure, hint, warn=outside > 0 or share > 0.001, fail=longest > 0.005 or bare > 0 or share > 0.05
    )


def _degenerate(corners: NDArray[np.float32]) -> int:
    wide = corners.astype(np.float64)
    one, two = wide[:, 1] - wide[:, 0], wide[:, 2] - wide[:, 0]
    return int((np.linalg.norm(np.cross(one, two), axis=1) < 1e-14).sum())


def _normals(glb: Glb) -> float:
    """How far the worst stored normal is from unit length."""
    worst = 0.0
    for mesh in glb.typed.meshes or []:
        for primitive in mesh.primitives:
            if "NORMAL" in primitive.attributes:
                lengths = np.linalg.norm(glb.numbers.floats(primitive.attributes["NORMAL"]), axis=1)
                worst = max(worst, float(np.abs(lengths - 1).max()))
    # What is quantised to a byte is as near as it can be.
    return 0.0 if worst <= 0.02 and "KHR_mesh_quantization" in (glb.typed.extensionsUsed or []) else worst


def _extensions(opened: Opened) -> Row:
    tree = opened.glb.tree
    used, required = set(tree.get("extensionsUsed", [])), set(tree.get("extensionsRequired", []))
    foreign = sorted(used - ALLOWED)
    outside = [
        one
        for of in ("buffers", "images")
        for one in tree.get(of, [])
        if not one.get("uri", "data:").startswith("data:")
    ]
    packed = sorted(required & PACKED) if opened.given.merchant else []
    figure = ", ".join(sorted(used)) or "none"
    hint = (
        "Export it without " + ", ".join(foreign or packed) + "." if foreign or packed else "Embed what it refers to."
    )
    return _graded(
        9, "extensions", figure, hint, warn=bool(foreign), fail=bool(outside or packed or set(foreign) & required)
    )


def _pictures(opened: Opened) -> Row:
    given = opened.given
    if given.poster is None:
        return Row(10, "poster", "warn", "no poster", "three_d_models_render draws one.")
    try:
        share = _foreground(np.asarray(decode(given.poster, longest=1024).image.convert("RGBA")))
        like = _silhouette(opened) if given.cutout is not None else None
    except Refused as why:
        return Row(10, "poster", "fail", f"not measured: {why.message}", why.hint or "Draw it anew.")
    figure, hint = f"{share:.0%} of the poster is the product", "The product fills 10 to 90 % of a good poster."
    if like is not None:
        figure += f", silhouette {like:.3f} like the photo's"
        hint += " A relief's silhouette is at least 0.9 like its photo's."
    if not given.alt:
        figure += ", no alternative text"
        hint += " Give alt_text."
    bad = like is not None and opened.relief and like < 0.9
    return _graded(10, "poster", figure, hint, warn=not given.alt, fail=bad or not 0.1 <= share <= 0.9)


def _foreground(pixels: NDArray[np.uint8]) -> float:
    """How much of a picture is not its ground, which its corners show."""
    corners = np.concatenate([pixels[y : y + 4, x : x + 4].reshape(-1, 4) for y in (0, -4) for x in (0, -4)])
    ground = np.median(corners, axis=0)
    if ground[3] < 128:
        return float((pixels[:, :, 3] >= 128).mean())
    return float((np.abs(pixels[:, :, :3] - ground[:3]).max(2) > 24).mean())


def _silhouette(opened: Opened) -> float:
    """How alike the model from its front and the cut-out photo are: what both cover, of what either does."""
    photo = np.asarray(decode(opened.given.cutout or b"", longest=1024).image.convert("RGBA"))[:, :, 3] >= 128
    one, two = (_fitted(mask) for mask in (photo, Studio(opened.model).silhouette(512)))
    either = int((one | two).sum())
    return float((one & two).sum()) / either if either else 0.0


def _fitted(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is covered, brought to one size."""
    box = Image.fromarray(mask.astype(np.uint8) * 255).getbbox()
    if box is None:
        return np.zeros((SILHOUETTE, SILHOUETTE), np.bool_)
    cut = Image.fromarray(mask.astype(np.uint8) * 255).crop(box)
    return np.asarray(cut.resize((SILHOUETTE, SILHOUETTE), Image.Resampling.BOX)) >= 128


def _provenance(opened: Opened) -> Row:
    extras, made = opened.model.extras, opened.given.made
    how = str(extras.get("method") or made.get("provider") or made.get("tool") or "")
    if opened.relief:
        return _graded(
            11, "provenance", "a relief from photos, not a reconstruction",
            "Google Merchant wants real 3D models: keep a relief on your own pages.",
            warn=False, fail=opened.given.merchant,
        )  # fmt: skip
    hint = "Nothing says how it was made; note its origin in asset.extras."
    return _graded(11, "provenance", how or "unknown", hint, warn=not how, fail=False)


def _record(given: Given) -> Row:
    same = hashlib.sha256(given.model).hexdigest() == given.sha256
    figure = f"SHA-256 {given.sha256[:12] or 'not recorded'}, {given.content_type or 'no media type'}"
    hint = "Keep it in the asset store, which serves it under its hash as model/gltf-binary."
    return _graded(12, "record", figure, hint, warn=False, fail=not same or given.content_type != "model/gltf-binary")


_INSIDE: Mapping[str, Callable[[Opened], Row]] = {
    "triangles": _triangles,
    "textures": _textures,
    "materials": _materials,
    "size": _size,
    "origin": _origin,
    "geometry": _geometry,
    "extensions": _extensions,
    "poster": _pictures,
    "provenance": _provenance,
}
"""Checks 3 to 11."""
