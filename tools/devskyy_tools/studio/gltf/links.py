"""References and rules between the parts of a file: what the format demands beyond types (glTF 2.0, section 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from devskyy_mcp.errors import Refused

from .accessors import DTYPES, MESHOPT, WIDTHS, element_bytes, extension
from .issues import Issues
from .schema import Accessor, Image, Mappings, Material, Primitive, TextureInfo, Tree, Variants, View

T = TypeVar("T")
Format = tuple[str, int, bool]
VARIANTS = "KHR_materials_variants"
QUANTIZED = "KHR_mesh_quantization"
_COLOURS = {(kind, *how) for kind in ("VEC3", "VEC4") for how in ((5126, False), (5121, True), (5123, True))}
_FORMATS: dict[str, set[Format]] = {
    "POSITION": {("VEC3", 5126, False)},
    "NORMAL": {("VEC3", 5126, False)},
    "TANGENT": {("VEC4", 5126, False)},
    "TEXCOORD": {("VEC2", 5126, False), ("VEC2", 5121, True), ("VEC2", 5123, True)},
    "COLOR": _COLOURS,
    "JOINTS": {("VEC4", 5121, False), ("VEC4", 5123, False)},
    "WEIGHTS": {("VEC4", 5126, False), ("VEC4", 5121, True), ("VEC4", 5123, True)},
}
_SMALL = [(component, normal) for component in (5120, 5121, 5122, 5123) for normal in (False, True)]
_MORE: dict[str, set[Format]] = {
    "POSITION": {("VEC3", *how) for how in _SMALL},
    "NORMAL": {("VEC3", 5120, True), ("VEC3", 5122, True)},
    "TANGENT": {("VEC4", 5120, True), ("VEC4", 5122, True)},
    "TEXCOORD": {("VEC2", *how) for how in _SMALL},
}
_SEMANTIC = re.compile(r"POSITION|NORMAL|TANGENT|(?:TEXCOORD|COLOR|JOINTS|WEIGHTS)_(?:0|[1-9][0-9]*)")


class Links:
    """Looks at everything that refers to something; ``usage`` says afterwards what accessors are for."""

    def __init__(self, tree: Tree, binary: int, issues: Issues) -> None:
        self.tree = tree
        self.binary = binary
        self.issues = issues
        self.usage: dict[int, set[str]] = {}
        self.broken: set[int] = set()
        self._roles: dict[int, str] = {}
        self._view_roles: dict[int, str] = {}
        self._shared: dict[int, set[int]] = {}

    def check(self) -> None:
        """All of it."""
        from .nodes import check_animations, check_nodes, check_skins

        major, _, minor = self.tree.asset.version.partition(".")
        if major != "2":
            self.issues.add("UNKNOWN_ASSET_MAJOR_VERSION", "/asset/version")
        elif minor != "0":
            self.issues.add("UNKNOWN_ASSET_MINOR_VERSION", "/asset/version")
        self._extensions()
        self._buffers()
        for number, view in enumerate(self.tree.bufferViews or []):
            self._view(view, f"/bufferViews/{number}")
        for number, accessor in enumerate(self.tree.accessors or []):
            before = self.issues.errors
            self._accessor(accessor, f"/accessors/{number}")
            if self.issues.errors > before:
                self.broken.add(number)
        for number, image in enumerate(self.tree.images or []):
            self._image(image, f"/images/{number}")
        self._textures()
        for number, material in enumerate(self.tree.materials or []):
            self._material(material, f"/materials/{number}")
        self._meshes()
        check_skins(self, check_nodes(self))
        check_animations(self)

    def _meshes(self) -> None:
        for number, mesh in enumerate(self.tree.meshes or []):
            for place, primitive in enumerate(mesh.primitives):
                self._primitive(primitive, f"/meshes/{number}/primitives/{place}")
            counts = {len(primitive.targets or []) for primitive in mesh.primitives}
            if len(counts) > 1:
                self.issues.add("MESH_PRIMITIVES_UNEQUAL_TARGETS_COUNT", f"/meshes/{number}/primitives")
            elif mesh.weights is not None and counts != {len(mesh.weights)}:
                self.issues.add("MESH_INVALID_WEIGHTS_COUNT", f"/meshes/{number}/weights")
        for view, users in self._shared.items():
            if len(users) > 1 and (self.tree.bufferViews or [])[view].byteStride is None:
                self.issues.add("MESH_PRIMITIVE_ACCESSOR_WITHOUT_BYTESTRIDE", f"/bufferViews/{view}")

    def ref(self, items: Sequence[T] | None, index: int | None, pointer: str) -> T | None:
        """The item of that index; an issue where there is none."""
        if index is None:
            return None
        if items is None or index >= len(items):
            self.issues.add("UNRESOLVED_REFERENCE", pointer, f"There is no {index}.")
            return None
        return items[index]

    def unique(self, items: Iterable[int] | None, pointer: str) -> None:
        listed = list(items or [])
        if len(set(listed)) < len(listed):
            self.issues.add("DUPLICATE_ELEMENTS", pointer)

    def use(self, index: int, semantic: str, role: str, pointer: str) -> None:
        """Note what an accessor and its view are for: vertices, indices, or something else."""
        self.usage.setdefault(index, set()).add(semantic)
        if self._roles.setdefault(index, role) != role:
            self.issues.add("ACCESSOR_USAGE_OVERRIDE", pointer)
        view = (self.tree.accessors or [])[index].bufferView
        if view is None or view >= len(self.tree.bufferViews or []):
            return
        held = (self.tree.bufferViews or [])[view]
        target = {34962: "vertex", 34963: "index", None: None}[held.target]
        before = self._view_roles.setdefault(view, target or role)
        if before != role:
            self.issues.add("BUFFER_VIEW_TARGET_OVERRIDE", pointer, f"Its view is for {before} data already.")
        if target is None and role in {"vertex", "index"}:
            self.issues.add("BUFFER_VIEW_TARGET_MISSING", pointer)
        if held.byteStride is not None and role != "vertex":
            code = {
                "index": "MESH_PRIMITIVE_INDICES_ACCESSOR_WITH_BYTESTRIDE",
                "ibm": "SKIN_IBM_ACCESSOR_WITH_BYTESTRIDE",
                "animation": "ANIMATION_SAMPLER_ACCESSOR_WITH_BYTESTRIDE",
            }[role]
            self.issues.add(code, pointer)

    def _extensions(self) -> None:
        used = self.tree.extensionsUsed or []
        required = self.tree.extensionsRequired or []
        for name in ("extensionsUsed", "extensionsRequired"):
            listed: list[str] = getattr(self.tree, name) or []
            if len(set(listed)) < len(listed):
                self.issues.add("DUPLICATE_ELEMENTS", f"/{name}")
        for number, name in enumerate(required):
            if name not in used:
                self.issues.add("UNUSED_EXTENSION_REQUIRED", f"/extensionsRequired/{number}")
        if QUANTIZED in used and QUANTIZED not in required:
            self.issues.add("NON_REQUIRED_EXTENSION", "/extensionsUsed")
        for place, held in self._extended():
            for name in held:
                if name not in used:
                    self.issues.add("UNDECLARED_EXTENSION", f"{place}/extensions/{name}"[:200])

    def _extended(self) -> Iterable[tuple[str, Iterable[str]]]:
        tree = self.tree
        yield "", tree.extensions
        groups = {
            "nodes": tree.nodes, "meshes": tree.meshes, "materials": tree.materials, "textures": tree.textures,
            "images": tree.images, "bufferViews": tree.bufferViews, "buffers": tree.buffers, "scenes": tree.scenes,
            "accessors": tree.accessors, "skins": tree.skins, "animations": tree.animations,
        }  # fmt: skip
        for name, items in groups.items():
            for number, item in enumerate(items or []):
                yield f"/{name}/{number}", item.extensions
        for number, mesh in enumerate(tree.meshes or []):
            for place, primitive in enumerate(mesh.primitives):
                yield f"/meshes/{number}/primitives/{place}", primitive.extensions
        for number, material in enumerate(tree.materials or []):
            for name, info in textures_of(material):
                yield f"/materials/{number}/{name}", info.extensions

    def _buffers(self) -> None:
        from .accessors import inline

        for number, buffer in enumerate(self.tree.buffers or []):
            pointer = f"/buffers/{number}"
            if buffer.uri is not None:
                self.issues.add("DATA_URI_GLB" if buffer.uri.startswith("data:") else "URI_GLB", f"{pointer}/uri")
                try:
                    size = len(inline(buffer.uri))
                except Refused:
                    if buffer.uri.startswith("data:"):
                        self.issues.add("INVALID_URI", f"{pointer}/uri")
                    continue
                if size < buffer.byteLength:
                    self.issues.add("BUFFER_BYTE_LENGTH_MISMATCH", pointer)
            elif number == 0:
                if not self.binary:
                    self.issues.add("BUFFER_MISSING_GLB_DATA", pointer)
                elif self.binary < buffer.byteLength:
                    self.issues.add("BUFFER_BYTE_LENGTH_MISMATCH", f"{pointer}/byteLength")
                elif self.binary > buffer.byteLength + 3:
                    self.issues.add("BUFFER_GLB_CHUNK_TOO_BIG", pointer)

    def _view(self, view: View, pointer: str) -> None:
        buffer = self.ref(self.tree.buffers, view.buffer, f"{pointer}/buffer")
        if buffer is not None and view.byteOffset + view.byteLength > buffer.byteLength:
            self.issues.add("BUFFER_VIEW_TOO_LONG", f"{pointer}/byteLength")
        if view.byteStride is not None and view.byteStride > view.byteLength:
            self.issues.add("BUFFER_VIEW_TOO_BIG_BYTE_STRIDE", f"{pointer}/byteStride")
        if view.byteStride is not None and view.target == 34963:
            self.issues.add("BUFFER_VIEW_INVALID_BYTE_STRIDE", f"{pointer}/byteStride")

    def _accessor(self, accessor: Accessor, pointer: str) -> None:
        size = int(DTYPES[accessor.componentType][-1])
        element = element_bytes(accessor.componentType, accessor.type)
        if accessor.normalized and accessor.componentType in {5125, 5126}:
            self.issues.add("ACCESSOR_NORMALIZED_INVALID", f"{pointer}/normalized")
        for name in ("min", "max"):
            bound: list[float] | None = getattr(accessor, name)
            if bound is not None and len(bound) != WIDTHS[accessor.type]:
                self.issues.add("ARRAY_LENGTH_NOT_IN_LIST", f"{pointer}/{name}")
        if accessor.byteOffset % size:
            self.issues.add("ACCESSOR_OFFSET_ALIGNMENT", f"{pointer}/byteOffset")
        if accessor.bufferView is None:
            if accessor.byteOffset:
                self.issues.add("UNSATISFIED_DEPENDENCY", f"{pointer}/byteOffset")
        else:
            self._fits(accessor, element, size, pointer)
        sparse = accessor.sparse
        if sparse is not None:
            if sparse.count > accessor.count:
                self.issues.add("ACCESSOR_SPARSE_COUNT_OUT_OF_RANGE", f"{pointer}/sparse/count")
            width = int(DTYPES[sparse.indices.componentType][-1])
            for name, part, needed in (("indices", sparse.indices, width), ("values", sparse.values, element)):
                view = self.ref(self.tree.bufferViews, part.bufferView, f"{pointer}/sparse/{name}/bufferView")
                if view is not None and part.byteOffset + needed * sparse.count > view.byteLength:
                    self.issues.add("ACCESSOR_TOO_LONG", f"{pointer}/sparse/{name}")

    def _fits(self, accessor: Accessor, element: int, size: int, pointer: str) -> None:
        view = self.ref(self.tree.bufferViews, accessor.bufferView, f"{pointer}/bufferView")
        if view is None:
            return
        if view.byteStride is not None and view.byteStride < element:
            self.issues.add("ACCESSOR_SMALL_BYTESTRIDE", pointer)
        stride = view.byteStride or element
        if accessor.byteOffset + stride * (accessor.count - 1) + element > view.byteLength:
            self.issues.add("ACCESSOR_TOO_LONG", pointer)
        if (accessor.byteOffset + view.byteOffset) % size and MESHOPT not in view.extensions:
            self.issues.add("ACCESSOR_TOTAL_OFFSET_ALIGNMENT", f"{pointer}/byteOffset")

    def _image(self, image: Image, pointer: str) -> None:
        if (image.uri is None) == (image.bufferView is None):
            self.issues.add("ONE_OF_MISMATCH", pointer)
        if image.uri is not None:
            self.issues.add("DATA_URI_GLB" if image.uri.startswith("data:") else "URI_GLB", f"{pointer}/uri")
        if image.bufferView is not None:
            view = self.ref(self.tree.bufferViews, image.bufferView, f"{pointer}/bufferView")
            if image.mimeType is None:
                self.issues.add("UNSATISFIED_DEPENDENCY", f"{pointer}/bufferView")
            if view is not None and view.byteStride is not None:
                self.issues.add("IMAGE_BUFFER_VIEW_WITH_BYTESTRIDE", f"{pointer}/bufferView")
            if view is not None and self._view_roles.setdefault(image.bufferView, "image") != "image":
                self.issues.add("BUFFER_VIEW_TARGET_OVERRIDE", f"{pointer}/bufferView")

    def _textures(self) -> None:
        for number, texture in enumerate(self.tree.textures or []):
            pointer = f"/textures/{number}"
            self.ref(self.tree.samplers, texture.sampler, f"{pointer}/sampler")
            image = self.ref(self.tree.images, texture.source, f"{pointer}/source")
            if image is not None and image.mimeType not in {None, "image/png", "image/jpeg"}:
                self.issues.add("TEXTURE_INVALID_IMAGE_MIME_TYPE", f"{pointer}/source")

    def _material(self, material: Material, pointer: str) -> None:
        for name, info in textures_of(material):
            self.ref(self.tree.textures, info.index, f"{pointer}/{name}/index")
        if material.alphaMode != "MASK" and "alphaCutoff" in material.model_fields_set:
            self.issues.add("MATERIAL_ALPHA_CUTOFF_INVALID_MODE", f"{pointer}/alphaCutoff")

    def _primitive(self, primitive: Primitive, pointer: str) -> None:
        accessors = self.tree.accessors
        counts: set[int] = set()
        for name, index in primitive.attributes.items():
            place = f"{pointer}/attributes/{name}"[:200]
            accessor = self.ref(accessors, index, place)
            if not name.startswith("_") and not _SEMANTIC.fullmatch(name):
                self.issues.add("MESH_PRIMITIVE_INVALID_ATTRIBUTE", place)
            if accessor is not None:
                counts.add(accessor.count)
                self.use(index, name, "vertex", place)
                self._attribute(accessor, index, name, place)
        if len(counts) > 1:
            self.issues.add("MESH_PRIMITIVE_UNEQUAL_ACCESSOR_COUNT", f"{pointer}/attributes")
        self._sets(primitive, f"{pointer}/attributes")
        indices = self.ref(accessors, primitive.indices, f"{pointer}/indices")
        if indices is not None and primitive.indices is not None:
            self.use(primitive.indices, "INDICES", "index", f"{pointer}/indices")
            if indices.type != "SCALAR" or indices.componentType not in {5121, 5123, 5125} or indices.normalized:
                self.issues.add("MESH_PRIMITIVE_INDICES_ACCESSOR_INVALID_FORMAT", f"{pointer}/indices")
                self.broken.add(primitive.indices)
        total = indices.count if indices is not None else max(counts, default=0)
        if total and _uneven(total, primitive.mode):
            self.issues.add("MESH_PRIMITIVE_INCOMPATIBLE_MODE", pointer)
        material = self.ref(self.tree.materials, primitive.material, f"{pointer}/material")
        for name, info in textures_of(material) if material is not None else []:
            moved = info.extensions.get("KHR_texture_transform")
            if f"TEXCOORD_{info.texCoord}" not in primitive.attributes and not moved:
                self.issues.add("MESH_PRIMITIVE_TOO_FEW_TEXCOORDS", f"{pointer}/material", name)
        self._variants(primitive, pointer)
        for number, target in enumerate(primitive.targets or []):
            self._target(primitive, target, counts, f"{pointer}/targets/{number}")

    def _variants(self, primitive: Primitive, pointer: str) -> None:
        """KHR_materials_variants: its mappings name materials and variants that are there, each variant once."""
        try:
            stated = extension(primitive, VARIANTS, Mappings)
            listed = extension(self.tree, VARIANTS, Variants)
        except Refused:
            self.issues.add("TYPE_MISMATCH", f"{pointer}/extensions/{VARIANTS}")
            return
        seen: set[int] = set()
        for number, mapping in enumerate([] if stated is None else stated.mappings):
            place = f"{pointer}/extensions/{VARIANTS}/mappings/{number}"
            self.ref(self.tree.materials, mapping.material, f"{place}/material")
            for at, variant in enumerate(mapping.variants):
                self.ref([] if listed is None else listed.variants, variant, f"{place}/variants/{at}")
                if variant in seen:
                    self.issues.add("KHR_MATERIALS_VARIANTS_NON_UNIQUE_VARIANT", f"{place}/variants/{at}")
                seen.add(variant)

    def _attribute(self, accessor: Accessor, index: int, name: str, pointer: str) -> None:
        family = name.partition("_")[0]
        wanted = set(_FORMATS.get(family, ()))
        if QUANTIZED in (self.tree.extensionsUsed or []):
            wanted |= _MORE.get(family, set())
        if wanted and (accessor.type, accessor.componentType, accessor.normalized) not in wanted:
            self.issues.add("MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT", pointer)
            self.broken.add(index)
        elif not wanted and accessor.componentType == 5125:
            self.issues.add("MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_UNSIGNED_INT", pointer)
        if name == "POSITION" and (accessor.min is None or accessor.max is None):
            self.issues.add("MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS", pointer)
        if accessor.bufferView is None or accessor.bufferView >= len(self.tree.bufferViews or []):
            return
        view = (self.tree.bufferViews or [])[accessor.bufferView]
        stride = view.byteStride or element_bytes(accessor.componentType, accessor.type)
        start = 0 if MESHOPT in view.extensions else view.byteOffset
        if accessor.byteOffset % 4 or (start + accessor.byteOffset) % 4 or stride % 4:
            self.issues.add("MESH_PRIMITIVE_ACCESSOR_UNALIGNED", pointer)
        self._shared.setdefault(accessor.bufferView, set()).add(index)

    def _sets(self, primitive: Primitive, pointer: str) -> None:
        """``TEXCOORD_0``, ``_1``… have no holes; joints and weights come in pairs."""
        held: dict[str, set[int]] = {}
        for name in primitive.attributes:
            family, _, number = name.partition("_")
            if family in {"TEXCOORD", "COLOR", "JOINTS", "WEIGHTS"} and number.isdigit():
                held.setdefault(family, set()).add(int(number[:9]))
        for family, numbers in held.items():
            if numbers != set(range(len(numbers))):
                self.issues.add("MESH_PRIMITIVE_INDEXED_SEMANTIC_CONTINUITY", pointer, family)
        if len(held.get("JOINTS", ())) != len(held.get("WEIGHTS", ())):
            self.issues.add("MESH_PRIMITIVE_JOINTS_WEIGHTS_MISMATCH", pointer)
        if "POSITION" not in primitive.attributes:
            self.issues.add("MESH_PRIMITIVE_NO_POSITION", pointer)
        if "TANGENT" in primitive.attributes and "NORMAL" not in primitive.attributes:
            self.issues.add("MESH_PRIMITIVE_TANGENT_WITHOUT_NORMAL", pointer)

    def _target(self, primitive: Primitive, target: dict[str, int], counts: set[int], pointer: str) -> None:
        for name, index in target.items():
            place = f"{pointer}/{name}"[:200]
            accessor = self.ref(self.tree.accessors, index, place)
            if name not in primitive.attributes:
                self.issues.add("MESH_PRIMITIVE_MORPH_TARGET_NO_BASE_ACCESSOR", place)
            if accessor is None:
                continue
            self.use(index, f"TARGET_{name}", "vertex", place)
            if accessor.count not in counts:
                self.issues.add("MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT", place)
            if name == "POSITION" and (accessor.min is None or accessor.max is None):
                self.issues.add("MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS", place)
            if name in {"POSITION", "NORMAL", "TANGENT"} and accessor.type != "VEC3":
                self.issues.add("MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT", place)


def textures_of(material: Material) -> list[tuple[str, TextureInfo]]:
    """Every texture that a material names, with where it does."""
    look = material.pbrMetallicRoughness
    named = {
        "pbrMetallicRoughness/baseColorTexture": look.baseColorTexture,
        "pbrMetallicRoughness/metallicRoughnessTexture": look.metallicRoughnessTexture,
        "normalTexture": material.normalTexture,
        "occlusionTexture": material.occlusionTexture,
        "emissiveTexture": material.emissiveTexture,
    }
    return [(name, info) for name, info in named.items() if info is not None]


def _uneven(total: int, mode: int) -> bool:
    if mode == 1:
        return total % 2 != 0
    if mode == 4:
        return total % 3 != 0
    return total < {2: 2, 3: 2, 5: 3, 6: 3}.get(mode, 1)
