"""What of a file is seen: nodes walked without recursion, meshes brought into world space, skins at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from devskyy_mcp.errors import Code, Refused

from . import geometry
from .accessors import at, extension
from .container import unsound
from .model import Material, Model, Part, Texture
from .schema import Mappings, Mesh, Moved, Node, Primitive, Skin, TextureInfo, Webp
from .schema import Material as Surface
from .write import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .read import Glb

ELEMENTS_LIMIT = 8_000_000
"""Vertices and indices that are drawn, those of a mesh as often as it is there."""
VARIANTS = "KHR_materials_variants"
TRANSFORM = "KHR_texture_transform"
_DEFAULT = Surface()


def walk(nodes: list[Node], roots: list[int]) -> list[tuple[int, int | None]]:
    """Nodes below the roots, each with its parent, parents first.

    Raises:
        Refused: INVALID_ARGUMENTS when a node is its own descendant or has two parents.
    """
    order: list[tuple[int, int | None]] = [(root, None) for root in roots]
    seen: set[int] = set()
    for index, _ in order:
        node = at(nodes, index, "node")
        if index in seen:
            raise unsound(f"node {index} is in the tree twice")
        seen.add(index)
        order.extend((child, index) for child in node.children or [])
        if len(order) > len(nodes):
            raise unsound("its nodes go round in a circle")
    return order


class Scene:
    """One way to look at a file: its default scene with the materials of one variant."""

    def __init__(self, glb: Glb, variant: str | None) -> None:
        self._glb = glb
        self._tree = glb.typed
        self._variant: int | None = None
        if variant is not None:
            if variant not in glb.variants:
                raise Refused(
                    Code.NOT_FOUND,
                    "The model has no such variant.",
                    details={"variants": glb.variants[:50]},
                )
            self._variant = glb.variants.index(variant)
        self._materials: list[Material] = []
        self._placed: dict[int | None, int] = {}

    def model(self) -> Model:
        """Everything in it that has triangles."""
        world = self._world()
        nodes = self._tree.nodes or []
        if sum(self._elements(nodes[index].mesh) for index in world) > ELEMENTS_LIMIT:
            raise unsound(f"it has more than {ELEMENTS_LIMIT} vertices and indices")
        parts: list[Part] = []
        name = ""
        for index, matrix in world.items():
            node = nodes[index]
            if node.mesh is None:
                continue
            mesh = at(self._tree.meshes, node.mesh, "mesh")
            name = name or node.name or mesh.name
            for primitive in mesh.primitives:
                part = self._part(node, mesh, primitive, matrix, world)
                if part is not None:
                    parts.append(part)
        extras = self._tree.asset.extras
        about = cast("dict[str, Any]", extras) if isinstance(extras, dict) else {}
        return Model(name, tuple(parts), tuple(self._materials), about)

    def _elements(self, mesh: int | None) -> int:
        """Vertices and indices of a mesh, as it says."""
        accessors = self._tree.accessors
        named = () if mesh is None else at(self._tree.meshes, mesh, "mesh").primitives
        return sum(
            at(accessors, index, "accessor").count
            for primitive in named
            for index in (primitive.indices, primitive.attributes.get("POSITION"))
            if index is not None
        )

    def _world(self) -> dict[int, NDArray[np.float64]]:
        nodes = self._tree.nodes or []
        if self._tree.scenes:
            roots = at(self._tree.scenes, self._tree.scene or 0, "scene").nodes or []
        else:
            below = {child for node in nodes for child in node.children or []}
            roots = [index for index in range(len(nodes)) if index not in below]
        world: dict[int, NDArray[np.float64]] = {}
        for index, parent in walk(nodes, roots):
            own = geometry.local(nodes[index])
            world[index] = own if parent is None else world[parent] @ own
        return world

    def _part(
        self,
        node: Node,
        mesh: Mesh,
        primitive: Primitive,
        matrix: NDArray[np.float64],
        world: dict[int, NDArray[np.float64]],
    ) -> Part | None:
        if primitive.mode < 4 or "POSITION" not in primitive.attributes:
            return None
        positions = self._triples(primitive.attributes["POSITION"])
        triangles = self._triangles(primitive, len(positions))
        if not len(triangles):
            return None
        normals = None
        if "NORMAL" in primitive.attributes:
            normals = self._triples(primitive.attributes["NORMAL"])
            self._same(normals, positions)
        weights = node.weights or mesh.weights or []
        for weight, target in zip(weights, primitive.targets or [], strict=False):
            if weight and "POSITION" in target:
                moved = self._triples(target["POSITION"])
                self._same(moved, positions)
                positions = (positions + weight * moved).astype(np.float32)
        index = self._chosen(primitive)
        surface = _DEFAULT if index is None else at(self._tree.materials, index, "material")
        uvs = self._uvs(primitive, surface.pbrMetallicRoughness.baseColorTexture, positions)
        if node.skin is not None and "JOINTS_0" in primitive.attributes:
            skin = at(self._tree.skins, node.skin, "skin")
            positions, normals = self._skinned(skin, primitive, positions, normals, world)
        else:
            positions, normals = geometry.moved(positions, normals, matrix)
            if np.linalg.det(matrix[:3, :3]) < 0:
                triangles = triangles[:, ::-1]
        if normals is None:
            positions, normals, uvs, triangles = geometry.flat(positions, uvs, triangles)
        if not np.isfinite(positions).all():
            raise unsound("its positions leave every bound")
        return Part(
            node.name or mesh.name,
            positions,
            unit(normals),
            uvs,
            np.ascontiguousarray(triangles, np.uint32),
            self._material(index, surface),
        )

    def _triples(self, index: int) -> NDArray[np.float32]:
        values = self._glb.numbers.floats(index)
        if values.shape[1] != 3:
            raise unsound(f"accessor {index} should be of triples")
        return values

    def _same(self, values: NDArray[Any], positions: NDArray[Any]) -> None:
        if len(values) != len(positions):
            raise unsound("a primitive's attributes have different counts")

    def _triangles(self, primitive: Primitive, vertices: int) -> NDArray[np.uint32]:
        if primitive.indices is None:
            flat = np.arange(vertices, dtype=np.uint32)
        else:
            stored = self._glb.numbers.raw(primitive.indices)
            if stored.shape[1] != 1 or stored.dtype.kind != "u":
                raise unsound("its indices are no whole numbers")
            flat = stored[:, 0].astype(np.uint32)
        if len(flat) and int(flat.max()) >= vertices:
            raise unsound("an index names a vertex that isn't there")
        return geometry.listed(flat, primitive.mode)

    def _uvs(
        self, primitive: Primitive, info: TextureInfo | None, positions: NDArray[Any]
    ) -> NDArray[np.float32] | None:
        moved = None if info is None else extension(info, TRANSFORM, Moved)
        which = 0 if info is None else info.texCoord
        if moved is not None and moved.texCoord is not None:
            which = moved.texCoord
        index = primitive.attributes.get(f"TEXCOORD_{which}")
        if index is None:
            return None
        uvs = self._glb.numbers.floats(index)
        if uvs.shape[1] != 2:
            raise unsound("its texture coordinates are no pairs")
        self._same(uvs, positions)
        return uvs if moved is None else geometry.transformed(uvs, moved)

    def _chosen(self, primitive: Primitive) -> int | None:
        if self._variant is None:
            return primitive.material
        stated = extension(primitive, VARIANTS, Mappings)
        mappings = [] if stated is None else stated.mappings
        return next((one.material for one in mappings if self._variant in one.variants), primitive.material)

    def _material(self, index: int | None, surface: Surface) -> int:
        if index not in self._placed:
            self._placed[index] = len(self._materials)
            look = surface.pbrMetallicRoughness
            texture: Texture | None = None
            if look.baseColorTexture is not None:
                texture = self._texture(look.baseColorTexture.index)
            red, green, blue, alpha = look.baseColorFactor
            self._materials.append(
                Material(
                    surface.name,
                    (red, green, blue, alpha),
                    texture,
                    look.metallicFactor,
                    look.roughnessFactor,
                    surface.doubleSided,
                    surface.alphaMode,
                    surface.alphaCutoff,
                )
            )
        return self._placed[index]

    def _texture(self, index: int) -> Texture | None:
        textured = at(self._tree.textures, index, "texture")
        webp = extension(textured, "EXT_texture_webp", Webp)
        source = textured.source if webp is None else webp.source
        return None if source is None else self._glb.image(source)

    def _skinned(
        self,
        skin: Skin,
        primitive: Primitive,
        positions: NDArray[np.float32],
        normals: NDArray[np.float32] | None,
        world: dict[int, NDArray[np.float64]],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Positions as the joints hold them; the node's own transform doesn't count (section 3.7.3)."""
        numbers = self._glb.numbers
        joints = numbers.raw(primitive.attributes["JOINTS_0"])
        held_by = primitive.attributes.get("WEIGHTS_0")
        if held_by is None:
            raise unsound("its joints have no weights")
        weights = numbers.floats(held_by).astype(np.float64)
        self._same(joints, positions)
        self._same(weights, positions)
        if joints.shape[1] != 4 or weights.shape[1] != 4 or joints.dtype.kind != "u":
            raise unsound("its joints are malformed")
        if int(joints.max()) >= len(skin.joints):
            raise unsound("a vertex names a joint that isn't there")
        palette = np.stack([world.get(joint, np.eye(4)) for joint in skin.joints])
        if skin.inverseBindMatrices is not None:
            inverse = numbers.floats(skin.inverseBindMatrices)
            if inverse.shape[1] != 16 or len(inverse) < len(skin.joints):
                raise unsound("its inverse bind matrices are malformed")
            palette = palette @ inverse[: len(skin.joints)].reshape(-1, 4, 4).transpose(0, 2, 1)
        total = weights.sum(axis=1, keepdims=True)
        weights = weights / np.where(total > 0, total, 1)
        held = np.einsum("vj,vjab->vab", weights, palette[joints])
        placed = np.einsum("vab,vb->va", held[:, :3, :3], positions) + held[:, :3, 3]
        turned = None if normals is None else np.einsum("vab,vb->va", held[:, :3, :3], normals).astype(np.float32)
        return placed.astype(np.float32), turned
