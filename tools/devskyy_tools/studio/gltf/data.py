"""The numbers and the pictures themselves: bounds, units, indices, headers of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from devskyy_mcp.errors import Refused

from .accessors import Numbers, inline
from .images import measure
from .schema import Accessor, Image, Tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .issues import Issues
    from .links import Links

LOOKED_AT_LIMIT = 128 * 1024 * 1024
"""Bytes of numbers that are looked at, all accessors together: many may share a view."""

VERTICES_LIMIT = 4_000_000
"""Vertices whose joints are looked at."""


def check_numbers(tree: Tree, binary: bytes, links: Links, issues: Issues) -> None:
    """Everything that needs the bytes. What references spoil was told already, and is left out."""
    numbers = Numbers(tree, binary)
    left = LOOKED_AT_LIMIT
    for index, accessor in enumerate(tree.accessors or []):
        if index in links.broken:
            continue
        try:
            values = numbers.raw(index, finite=False)
        except Refused as refused:
            if not issues.errors:
                issues.add("IO_ERROR", f"/accessors/{index}", refused.message)
            continue
        left -= values.nbytes
        if left < 0:
            issues.add("IO_ERROR", "/accessors", "Its accessors share too much to be looked at")
            return
        _accessor(accessor, values, links.usage.get(index, set()), f"/accessors/{index}", issues)
    _indices(tree, numbers, links, issues)
    _joints(tree, numbers, issues)
    for index, image in enumerate(tree.images or []):
        _image(image, numbers, f"/images/{index}", tree, issues)


def _accessor(accessor: Accessor, values: NDArray[Any], usage: set[str], pointer: str, issues: Issues) -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        issues.add("ACCESSOR_INVALID_FLOAT", pointer)
        return
    _bounds(accessor, values, pointer, issues)
    if values.dtype.kind == "f":
        lengths = np.linalg.norm(values[:, :3].astype(np.float64), axis=1)
        if usage & {"NORMAL", "TANGENT"} and (np.abs(lengths - 1) > 0.00674).any():
            issues.add("ACCESSOR_VECTOR3_NON_UNIT", pointer, _first(np.abs(lengths - 1) > 0.00674))
        if "TANGENT" in usage and values.shape[1] == 4 and (np.abs(values[:, 3]) != 1).any():
            issues.add("ACCESSOR_INVALID_SIGN", pointer)
        if any(name.startswith("COLOR_") for name in usage) and ((values < 0) | (values > 1)).any():
            issues.add("ACCESSOR_NON_CLAMPED", pointer)
    if "TIMES" in usage:
        if (values < 0).any():
            issues.add("ACCESSOR_ANIMATION_INPUT_NEGATIVE", pointer)
        if (np.diff(values[:, 0]) <= 0).any():
            issues.add("ACCESSOR_ANIMATION_INPUT_NON_INCREASING", pointer)
    if (
        "IBM" in usage
        and values.shape[1] == 16
        and not np.array_equal(
            values[:, [3, 7, 11, 15]], np.broadcast_to(np.array([0, 0, 0, 1], np.float32), (len(values), 4))
        )
    ):
        issues.add("ACCESSOR_INVALID_IBM", pointer)


def _bounds(accessor: Accessor, values: NDArray[Any], pointer: str, issues: Issues) -> None:
    """``min`` and ``max`` are exactly those of the numbers as they are stored."""
    for name, bound, actual in (("min", accessor.min, values.min(axis=0)), ("max", accessor.max, values.max(axis=0))):
        if bound is None or len(bound) != len(actual):
            continue
        with np.errstate(over="ignore"):
            stated = np.array(bound, np.float64)
            stated = stated.astype(np.float32) if values.dtype.kind == "f" else stated
        if not np.array_equal(stated, actual):
            issues.add(f"ACCESSOR_{name.upper()}_MISMATCH", f"{pointer}/{name}", f"It is {actual.tolist()}.")


def _first(wrong: NDArray[np.bool_]) -> str:
    return f"{int(wrong.sum())} of them, the first is {int(np.argmax(wrong))}."


def _indices(tree: Tree, numbers: Numbers, links: Links, issues: Issues) -> None:
    """Indices name vertices that are there. Each accessor is looked at once, against the fewest vertices."""
    accessors = tree.accessors or []
    least: dict[int, int] = {}
    listed: set[int] = set()
    for mesh in tree.meshes or []:
        for primitive in mesh.primitives:
            index, position = primitive.indices, next(iter(primitive.attributes.values()))
            if index is None or index >= len(accessors) or position >= len(accessors):
                continue
            count = accessors[position].count
            least[index] = min(least.get(index, count), count)
            if primitive.mode == 4:
                listed.add(index)
    for index, count in least.items():
        if index in links.broken:
            continue
        try:
            values = numbers.raw(index)[:, 0]
        except Refused:
            continue
        pointer = f"/accessors/{index}"
        top = int(values.max())
        if top == np.iinfo(values.dtype).max:
            issues.add("ACCESSOR_INDEX_PRIMITIVE_RESTART", pointer)
        elif top >= count:
            issues.add("ACCESSOR_INDEX_OOB", pointer, f"{top} of {count} vertices.")
        if index in listed:
            threes = values[: len(values) // 3 * 3].reshape(-1, 3)
            same = (threes[:, 0] == threes[:, 1]) | (threes[:, 1] == threes[:, 2]) | (threes[:, 2] == threes[:, 0])
            if same.any():
                issues.add("ACCESSOR_INDEX_TRIANGLE_DEGENERATE", pointer, f"{int(same.sum())} of {len(threes)}.")


def _joints(tree: Tree, numbers: Numbers, issues: Issues) -> None:
    """Joints are in the skin; weights are not negative and add up to 1."""
    skins, accessors = tree.skins or [], tree.accessors or []
    left = VERTICES_LIMIT
    for joints, weights, skin in sorted(_held(tree)):
        if max(joints, weights) >= len(accessors) or skin >= len(skins):
            continue
        left -= accessors[joints].count
        if left < 0:
            return
        try:
            held, shares = numbers.raw(joints), numbers.floats(weights)
        except Refused:
            continue
        if held.shape != shares.shape:
            continue
        if int(held.max()) >= len(skins[skin].joints):
            issues.add("ACCESSOR_JOINTS_INDEX_OOB", f"/accessors/{joints}")
        if ((shares == 0) & (held != 0)).any():
            issues.add("ACCESSOR_JOINTS_USED_ZERO_WEIGHT", f"/accessors/{joints}")
        if (shares < 0).any():
            issues.add("ACCESSOR_WEIGHTS_NEGATIVE", f"/accessors/{weights}")
        allowed = 2e-7 * np.maximum(np.count_nonzero(shares, axis=1), 1)
        if accessors[weights].componentType == 5126 and (np.abs(shares.sum(axis=1) - 1) > allowed).any():
            issues.add("ACCESSOR_WEIGHTS_NON_NORMALIZED", f"/accessors/{weights}")


def _held(tree: Tree) -> set[tuple[int, int, int]]:
    """Accessors of joints and of weights, with the skin that they are for."""
    meshes = tree.meshes or []
    return {
        (primitive.attributes["JOINTS_0"], primitive.attributes["WEIGHTS_0"], node.skin)
        for node in tree.nodes or []
        if node.mesh is not None and node.skin is not None and node.mesh < len(meshes)
        for primitive in meshes[node.mesh].primitives
        if {"JOINTS_0", "WEIGHTS_0"} <= set(primitive.attributes)
    }


def _image(image: Image, numbers: Numbers, pointer: str, tree: Tree, issues: Issues) -> None:
    try:
        if image.bufferView is not None:
            content = numbers.view(image.bufferView)
        elif image.uri is not None and image.uri.startswith("data:"):
            content = inline(image.uri)
        else:
            return
    except Refused:
        return
    size = measure(content)
    if size is None:
        known = bytes(content[:4]).startswith((b"\x89PNG", b"\xff\xd8\xff", b"RIFF"))
        issues.add("IMAGE_UNEXPECTED_EOS" if known else "IMAGE_UNRECOGNIZED_FORMAT", pointer)
        return
    if image.mimeType is not None and size.mime != image.mimeType:
        issues.add("IMAGE_MIME_TYPE_INVALID", pointer, f"It is {size.mime}.")
    if not size.width or not size.height:
        issues.add("IMAGE_DATA_INVALID", pointer, "It has no pixels")
    if size.mime == "image/webp" and "EXT_texture_webp" not in (tree.extensionsUsed or []):
        issues.add("IMAGE_NON_ENABLED_MIME_TYPE", pointer)
    if size.width & (size.width - 1) or size.height & (size.height - 1):
        issues.add("IMAGE_NPOT_DIMENSIONS", pointer, f"{size.width} × {size.height}.")
