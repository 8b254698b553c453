"""Makes models small without anything being seen of it, for viewers that are known and for those that are not.

``universal`` needs KHR_mesh_quantization and nothing else, textures are JPEG or PNG; ``compact`` adds
EXT_meshopt_compression and EXT_texture_webp. The same file gives the same bytes; what was made here is given back as it
is when it is optimised in the same way again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import numpy as np

from . import geometry
from .accessors import MESHOPT
from .columns import Column, Grid, arrange, grid, quantised, weld
from .container import pack, unsound
from .packing import Buffers
from .pictures import Wanted, roles, shrink
from .read import UNDERSTOOD, Glb, read_glb
from .schema import Mesh, Primitive
from .simplify import simplify
from .validate import Issue, errors, validate_glb

if TYPE_CHECKING:
    from numpy.typing import NDArray

Mode = Literal["universal", "compact"]
MARK = "optimised"
QUANTIZATION = "KHR_mesh_quantization"
WEBP = "EXT_texture_webp"


REPAIRED = frozenset({
    "ACCESSOR_MIN_MISMATCH", "ACCESSOR_MAX_MISMATCH", "ACCESSOR_VECTOR3_NON_UNIT", "ACCESSOR_INVALID_SIGN",
    "ACCESSOR_NON_CLAMPED", "ACCESSOR_WEIGHTS_NON_NORMALIZED", "ANIMATION_SAMPLER_INPUT_ACCESSOR_WITHOUT_BOUNDS",
    "BUFFER_VIEW_TARGET_OVERRIDE", "IMAGE_MIME_TYPE_INVALID", "IMAGE_NON_ENABLED_MIME_TYPE",
    "MESH_PRIMITIVE_ACCESSOR_UNALIGNED", "MESH_PRIMITIVE_ACCESSOR_WITHOUT_BYTESTRIDE", "NON_REQUIRED_EXTENSION",
    "MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS", "UNUSED_EXTENSION_REQUIRED",
})  # fmt: skip
"""Errors that writing the file anew takes away."""


class Optimised(NamedTuple):
    """The file, and its triangles before and after."""

    content: bytes
    before: int
    after: int


class Made(NamedTuple):
    """What several modes made, and what was found in the file that came in."""

    results: list[Optimised]
    issues: list[Issue]


def optimise_as(content: bytes, modes: Sequence[Mode], texture_size: int, max_triangles: int | None) -> Made:
    """The model made small in each of the modes; see ``optimise_glb``.

    Raises:
        Refused: as ``optimise_glb``.
    """
    results = [optimise_glb(content, mode, texture_size=texture_size, max_triangles=max_triangles) for mode in modes]
    return Made(results, validate_glb(content))


def optimise_glb(
    content: bytes, mode: Mode, *, texture_size: int = 2048, max_triangles: int | None = None
) -> Optimised:
    """The model made small.

    Args:
        content: a GLB.
        mode: for which viewers.
        texture_size: pixels a side that textures have at most.
        max_triangles: triangles to come down to; None keeps them all. Less is left than asked for where seams and
            borders hold them.

    Raises:
        Refused: INVALID_ARGUMENTS when the file has errors, but for those that writing it anew takes away;
            NOT_CONFIGURED without the extra.
    """
    read = read_glb(content)
    for issue in errors(validate_glb(content)):
        if issue.code not in REPAIRED:
            raise unsound(f"{issue.code} at {issue.pointer or 'its container'}")
    count = triangles(read)
    wanted = {"as": mode, "textures": texture_size, "triangles": max_triangles}
    if _made_so(read, wanted):
        return Optimised(content, count, count)
    work = _Work(read, mode, texture_size, _share(count, max_triangles))
    tree, binary = work.run()
    extras = tree["asset"].get("extras")
    mark = wanted | {"sha256": hashlib.sha256(binary).hexdigest()}
    tree["asset"]["extras"] = (cast("dict[str, Any]", extras) if isinstance(extras, dict) else {}) | {MARK: mark}
    made = pack(tree, binary)
    return Optimised(made, count, triangles(read_glb(made)))


def triangles(read: Glb) -> int:
    """Triangles of all meshes, each counted once."""
    accessors = read.typed.accessors or []
    total = 0
    for mesh in read.typed.meshes or []:
        for primitive in mesh.primitives:
            index = primitive.attributes.get("POSITION") if primitive.indices is None else primitive.indices
            corners = accessors[index].count if index is not None and index < len(accessors) else 0
            total += {4: corners // 3, 5: max(0, corners - 2), 6: max(0, corners - 2)}.get(primitive.mode, 0)
    return total


def _share(count: int, most: int | None) -> float:
    return 1.0 if most is None or count <= most else most / count


def _made_so(read: Glb, wanted: dict[str, Any]) -> bool:
    extras = read.tree["asset"].get("extras")
    if not isinstance(extras, dict):
        return False
    size = (read.typed.buffers or [])[0].byteLength if read.typed.buffers else 0
    digest = hashlib.sha256(read.binary[:size]).hexdigest()
    return cast("dict[str, Any]", extras).get(MARK) == wanted | {"sha256": digest}


class _Work:
    """One file on its way."""

    def __init__(self, read: Glb, mode: Mode, texture_size: int, share: float) -> None:
        self._read = read
        self._compact = mode == "compact"
        self._wanted = Wanted(self._compact, texture_size)
        self._share = share
        self._tree: dict[str, Any] = _without(deepcopy(read.tree))
        self._buffers = Buffers(compress=self._compact)
        self._quantised = False
        self._copied: dict[tuple[int, bool], int] = {}
        self._primitives: dict[str, dict[str, Any]] = {}

    def run(self) -> tuple[dict[str, Any], bytes]:
        tree = self._tree
        images = self._images()
        held = self._held()
        grids = [self._mesh(number, mesh, number in held) for number, mesh in enumerate(self._read.typed.meshes or [])]
        self._place(grids)
        self._rest()
        for image, texture in zip(tree.get("images", []), images, strict=True):
            image["bufferView"] = self._buffers.file(texture.content)
            image["mimeType"] = texture.mime
            image.pop("uri", None)
        webp = self._textures([texture.mime == "image/webp" for texture in images])
        needs = {QUANTIZATION: self._quantised, MESHOPT: self._buffers.unpacked > 0, WEBP: webp}
        _declare(tree, needs)
        tree["asset"]["generator"] = "DevSkyy"
        for name, value in (
            ("accessors", self._buffers.accessors),
            ("bufferViews", self._buffers.views),
            ("buffers", self._buffers.buffers() if self._buffers.binary else []),
        ):
            tree.pop(name, None)
            if value:
                tree[name] = value
        return tree, bytes(self._buffers.binary)

    def _images(self) -> list[Any]:
        used = roles(self._read.typed)
        return [
            shrink(texture, used.get(number, "colour"), self._wanted)
            for number, texture in enumerate(self._read.images)
        ]

    def _held(self) -> set[int]:
        """Meshes whose positions keep their own numbers: joints move them, or they change shape."""
        typed = self._read.typed
        held = {node.mesh for node in typed.nodes or [] if node.mesh is not None and node.skin is not None}
        shaped = {
            number
            for number, mesh in enumerate(typed.meshes or [])
            if any(primitive.targets or "JOINTS_0" in primitive.attributes for primitive in mesh.primitives)
        }
        return held | shaped

    def _mesh(self, number: int, mesh: Mesh, held: bool) -> Grid | None:
        """Write a mesh anew. Gives the grid that its positions are on now, if that is another."""
        numbers = self._read.numbers
        found = [numbers.raw(one.attributes["POSITION"]) for one in mesh.primitives if "POSITION" in one.attributes]
        placed = None if held or not found or any(one.dtype.kind != "f" for one in found) else grid(found)
        for primitive, raw in zip(mesh.primitives, self._tree["meshes"][number]["primitives"], strict=True):
            said = [primitive.attributes, primitive.targets, primitive.indices, primitive.mode, placed]
            key = repr(said)
            if key not in self._primitives:
                self._primitives[key] = self._primitive(primitive, placed)
            raw.pop("mode", None)
            raw.pop("indices", None)
            raw.update(deepcopy(self._primitives[key]))
        return placed

    def _primitive(self, primitive: Primitive, placed: Grid | None) -> dict[str, Any]:
        names, columns = self._columns(primitive, placed)
        count = len(columns[0].values)
        if any(len(column.values) != count for column in columns):
            raise unsound("a primitive's attributes have different counts")
        listed = primitive.mode >= 4 and "POSITION" in primitive.attributes
        indices = self._indices(primitive, count)
        written: dict[str, Any] = {}
        if listed:
            columns, faces = weld(columns, geometry.listed(indices, primitive.mode).reshape(-1))
            if self._share < 1:
                held = {
                    name: column.values for (target, name), column in zip(names, columns, strict=True) if target < 0
                }
                most = max(4, int(len(faces) * self._share))
                faces = simplify(held["POSITION"], held.get("TEXCOORD_0"), faces, most)
            if not len(faces):
                faces = np.zeros((1, 3), np.uint32)
            columns, flat = arrange(columns, faces, small=self._compact)
            written["indices"] = self._buffers.indices(flat, len(columns[0].values))
        else:
            written["mode"] = primitive.mode
            if primitive.indices is not None:
                written["indices"] = self._buffers.indices(indices, count, triangles=False)
        attributes: dict[str, int] = {}
        targets: list[dict[str, int]] = [{} for _ in primitive.targets or []]
        for (target, name), column in zip(names, columns, strict=True):
            place = attributes if target < 0 else targets[target]
            place[name] = self._buffers.vertices(
                column, bounds=name == "POSITION", unit=target < 0 and name in {"NORMAL", "TANGENT"}
            )
        written["attributes"] = attributes
        return written | ({"targets": targets} if targets else {})

    def _columns(self, primitive: Primitive, placed: Grid | None) -> tuple[list[tuple[int, str]], list[Column]]:
        """Every attribute, then those of the shapes that it changes to, as (-1 or the shape's number, name)."""
        accessors = self._read.typed.accessors or []
        names = [(-1, name) for name in sorted(primitive.attributes)]
        columns: list[Column] = []
        for _, name in names:
            index = primitive.attributes[name]
            column = Column(self._read.numbers.raw(index), accessors[index].normalized)
            fewer = quantised(name, column, placed, self._bits())
            core = name.startswith(("TEXCOORD", "COLOR", "WEIGHTS", "JOINTS", "_"))
            self._quantised |= not core and fewer.values.dtype.kind != "f"
            columns.append(fewer)
        for number, target in enumerate(primitive.targets or []):
            for name in sorted(target):
                names.append((number, name))
                column = Column(self._read.numbers.raw(target[name]), accessors[target[name]].normalized)
                self._quantised |= column.values.dtype.kind != "f"
                columns.append(column)
        return names, columns

    def _bits(self) -> int:
        """Of texture coordinates: a quarter of a pixel of the largest texture."""
        sides = [max(image.size) for image in self._read.images]
        largest = min(max(sides, default=1024), self._wanted.side)
        return min(16, max(12, (largest - 1).bit_length() + 2))

    def _indices(self, primitive: Primitive, count: int) -> NDArray[np.uint32]:
        if primitive.indices is None:
            return np.arange(count, dtype=np.uint32)
        stored = self._read.numbers.raw(primitive.indices)
        if stored.shape[1] != 1 or stored.dtype.kind != "u" or int(stored.max()) >= count:
            raise unsound("its indices name vertices that aren't there")
        return stored[:, 0].astype(np.uint32)

    def _place(self, grids: list[Grid | None]) -> None:
        """Bring what is on a grid back to its place, by the node that holds it or by one below it."""
        typed = self._read.typed
        nodes: list[dict[str, Any]] = self._tree.get("nodes", [])
        moved = {channel.target.node for one in typed.animations or [] for channel in one.channels}
        moved |= {joint for skin in typed.skins or [] for joint in skin.joints}
        for number, node in enumerate(typed.nodes or []):
            placed = None if node.mesh is None or node.mesh >= len(grids) else grids[node.mesh]
            if placed is None:
                continue
            how = {"translation": list(placed.offset), "scale": [placed.scale] * 3}
            own = {"matrix", "translation", "rotation", "scale", "children", "camera"} & node.model_fields_set
            if own or number in moved or node.extensions:
                nodes.append({"mesh": nodes[number].pop("mesh"), **how})
                nodes[number].setdefault("children", []).append(len(nodes) - 1)
            else:
                nodes[number].update(how)

    def _rest(self) -> None:
        """Animations and skins: the same numbers in the new buffer."""
        for animation in self._tree.get("animations", []):
            for sampler in animation["samplers"]:
                sampler["input"] = self._copy(sampler["input"], bounds=True)
                sampler["output"] = self._copy(sampler["output"], bounds=False)
        for skin in self._tree.get("skins", []):
            if "inverseBindMatrices" in skin:
                skin["inverseBindMatrices"] = self._copy(skin["inverseBindMatrices"], bounds=False)

    def _copy(self, index: int, *, bounds: bool) -> int:
        if (index, bounds) not in self._copied:
            values = self._read.numbers.raw(index)
            normalized = (self._read.typed.accessors or [])[index].normalized
            self._copied[index, bounds] = self._buffers.numbers(Column(values, normalized), bounds=bounds)
        return self._copied[index, bounds]

    def _textures(self, webp: list[bool]) -> bool:
        """Let textures name their images as the images are now; whether any is WebP."""
        for texture in self._tree.get("textures", []):
            extended = texture.get("extensions", {}).pop(WEBP, None)
            source = texture.pop("source", None) if extended is None else extended["source"]
            if not texture.get("extensions"):
                texture.pop("extensions", None)
            if source is None:
                continue
            if source < len(webp) and webp[source]:
                texture.setdefault("extensions", {})[WEBP] = {"source": source}
            else:
                texture["source"] = source
        return any(WEBP in texture.get("extensions", {}) for texture in self._tree.get("textures", []))


def _declare(tree: dict[str, Any], needs: dict[str, bool]) -> None:
    used = [name for name in tree.get("extensionsUsed", []) if name in UNDERSTOOD and name not in needs]
    required = [name for name in tree.get("extensionsRequired", []) if name in used]
    wanted = [name for name, needed in needs.items() if needed]
    for key, names in (("extensionsUsed", used + wanted), ("extensionsRequired", required + wanted)):
        tree.pop(key, None)
        if names:
            tree[key] = sorted(set(names))


def _without(tree: dict[str, Any]) -> dict[str, Any]:
    """Take out what extensions say that we don't know: it may point to what is about to move."""
    waiting: list[Any] = [tree]
    for item in waiting:
        if isinstance(item, dict):
            held = cast("dict[str, Any]", item)
            extensions = held.get("extensions")
            if isinstance(extensions, dict):
                known = {name: said for name, said in cast("dict[str, Any]", extensions).items() if name in UNDERSTOOD}
                held.pop("extensions")
                if known:
                    held["extensions"] = known
            waiting.extend(value for name, value in held.items() if name != "extras")
        elif isinstance(item, list):
            waiting.extend(cast("list[Any]", item))
    return tree
