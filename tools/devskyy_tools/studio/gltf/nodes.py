"""Rules of scenes, nodes, skins and animations (glTF 2.0, sections 3.5, 3.7.3 and 3.11)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .schema import Animation, Channel, Node, Tree

if TYPE_CHECKING:
    from .links import Links

_OUTPUTS = {"translation": "VEC3", "rotation": "VEC4", "scale": "VEC3", "weights": "SCALAR"}


def check_nodes(links: Links) -> list[int]:
    """Nodes, their tree, and scenes. Gives the root above each node, -1 where the way up goes round."""
    tree, issues = links.tree, links.issues
    nodes = tree.nodes or []
    for number, node in enumerate(nodes):
        _node(links, node, f"/nodes/{number}")
    parents = _parents(links, nodes)
    roots = _roots(len(nodes), parents)
    for number, root in enumerate(roots):
        if root < 0:
            issues.add("NODE_LOOP", f"/nodes/{number}")
    links.ref(tree.scenes, tree.scene, "/scene")
    for number, scene in enumerate(tree.scenes or []):
        links.unique(scene.nodes, f"/scenes/{number}/nodes")
        for place, index in enumerate(scene.nodes or []):
            pointer = f"/scenes/{number}/nodes/{place}"
            if links.ref(nodes, index, pointer) is not None and index in parents:
                issues.add("SCENE_NON_ROOT_NODE", pointer)
    return roots


def _node(links: Links, node: Node, pointer: str) -> None:
    tree, issues = links.tree, links.issues
    mesh = links.ref(tree.meshes, node.mesh, f"{pointer}/mesh")
    skin = links.ref(tree.skins, node.skin, f"{pointer}/skin")
    links.ref(tree.cameras, node.camera, f"{pointer}/camera")
    links.unique(node.children, f"{pointer}/children")
    moved = [one for one in (node.translation, node.rotation, node.scale) if one is not None]
    if node.matrix is not None:
        if moved:
            issues.add("NODE_MATRIX_TRS", f"{pointer}/matrix")
        if not _decomposable(node.matrix):
            issues.add("NODE_MATRIX_NON_TRS", f"{pointer}/matrix")
    if node.rotation is not None and abs(math.hypot(*node.rotation) - 1) > 0.00769:
        issues.add("ROTATION_NON_UNIT", f"{pointer}/rotation")
    if node.skin is not None and node.mesh is None:
        issues.add("UNSATISFIED_DEPENDENCY", f"{pointer}/skin")
    if node.weights is not None and node.mesh is None:
        issues.add("UNSATISFIED_DEPENDENCY", f"{pointer}/weights")
    if mesh is None:
        return
    held = ["JOINTS_0" in primitive.attributes for primitive in mesh.primitives]
    if skin is not None and not all(held):
        issues.add("NODE_SKIN_WITH_NON_SKINNED_MESH", pointer)
    if skin is None and node.skin is None and any(held):
        issues.add("NODE_SKINNED_MESH_WITHOUT_SKIN", pointer)
    if node.weights is not None and len(node.weights) != len(mesh.primitives[0].targets or []):
        issues.add("NODE_WEIGHTS_INVALID", f"{pointer}/weights")


def _decomposable(matrix: list[float]) -> bool:
    """Whether it is a translation, a rotation and a scale, without shear."""
    square = np.array(matrix, np.float64).reshape(4, 4).T
    if not np.allclose(square[3], (0, 0, 0, 1)):
        return False
    lengths = np.linalg.norm(square[:3, :3], axis=0)
    if not np.isfinite(lengths).all() or (lengths < 1e-12).any():
        return False
    axes = square[:3, :3] / lengths
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() < 1e-3)


def _parents(links: Links, nodes: list[Node]) -> dict[int, int]:
    parents: dict[int, int] = {}
    for number, node in enumerate(nodes):
        for place, child in enumerate(node.children or []):
            pointer = f"/nodes/{number}/children/{place}"
            if links.ref(nodes, child, pointer) is None:
                continue
            if child in parents:
                links.issues.add("NODE_PARENT_OVERRIDE", pointer)
            else:
                parents[child] = number
    return parents


def _roots(count: int, parents: dict[int, int]) -> list[int]:
    """The root above each node, each step up gone once; -1 where one comes back to where one was."""
    unknown, here = -2, -3
    roots = [unknown] * count
    for start in range(count):
        path: list[int] = []
        at = start
        while roots[at] == unknown:
            roots[at] = here
            path.append(at)
            at = parents.get(at, at)
        root = roots[at]
        if root == here:
            root = at if at not in parents else -1
        for index in path:
            roots[index] = root
    return roots


def check_skins(links: Links, roots: list[int]) -> None:
    """Joints and inverse bind matrices; each skin's joints are below one root, in the scene that shows its mesh."""
    tree, issues = links.tree, links.issues
    nodes = tree.nodes or []
    for number, skin in enumerate(tree.skins or []):
        pointer = f"/skins/{number}"
        links.unique(skin.joints, f"{pointer}/joints")
        links.ref(nodes, skin.skeleton, f"{pointer}/skeleton")
        found = [links.ref(nodes, joint, f"{pointer}/joints/{place}") for place, joint in enumerate(skin.joints)]
        if None not in found and len({roots[joint] for joint in skin.joints}) > 1:
            issues.add("SKIN_NO_COMMON_ROOT", f"{pointer}/joints")
        matrices = skin.inverseBindMatrices
        accessor = links.ref(tree.accessors, matrices, f"{pointer}/inverseBindMatrices")
        if accessor is None or matrices is None:
            continue
        links.use(matrices, "IBM", "ibm", f"{pointer}/inverseBindMatrices")
        if (accessor.type, accessor.componentType) != ("MAT4", 5126):
            issues.add("SKIN_IBM_INVALID_FORMAT", f"{pointer}/inverseBindMatrices")
            links.broken.add(matrices)
        if accessor.count < len(skin.joints):
            issues.add("INVALID_IBM_ACCESSOR_COUNT", f"{pointer}/inverseBindMatrices")
    _shown(links, nodes, roots)


def _shown(links: Links, nodes: list[Node], roots: list[int]) -> None:
    """A scene that shows a skinned mesh holds its joints. Looked at in the first scenes only: files have one or two."""
    held = [{roots[joint] for joint in skin.joints if joint < len(nodes)} for skin in links.tree.skins or []]
    shown = [set(scene.nodes or []) for scene in (links.tree.scenes or [])[:16]]
    for number, node in enumerate(nodes):
        if node.skin is None or node.mesh is None or node.skin >= len(held):
            continue
        if any(roots[number] in scene and not held[node.skin] <= scene for scene in shown):
            links.issues.add("NODE_SKIN_NO_SCENE", f"/nodes/{number}")


def check_animations(links: Links) -> None:
    """Samplers and channels."""
    for number, animation in enumerate(links.tree.animations or []):
        pointer = f"/animations/{number}"
        for place, sampler in enumerate(animation.samplers):
            _sampler(links, sampler.input, sampler.output, sampler.interpolation, f"{pointer}/samplers/{place}")
        seen: set[tuple[int | None, str]] = set()
        for place, channel in enumerate(animation.channels):
            where = (channel.target.node, channel.target.path)
            if where in seen:
                links.issues.add("ANIMATION_DUPLICATE_TARGETS", f"{pointer}/channels/{place}/target")
            seen.add(where)
            _channel(links, animation, channel, f"{pointer}/channels/{place}")


def _sampler(links: Links, times: int, values: int, interpolation: str, pointer: str) -> None:
    tree, issues = links.tree, links.issues
    accessor = links.ref(tree.accessors, times, f"{pointer}/input")
    if accessor is not None:
        links.use(times, "TIMES", "animation", f"{pointer}/input")
        if (accessor.type, accessor.componentType) != ("SCALAR", 5126):
            issues.add("ANIMATION_SAMPLER_INPUT_ACCESSOR_INVALID_FORMAT", f"{pointer}/input")
            links.broken.add(times)
        if accessor.min is None or accessor.max is None:
            issues.add("ANIMATION_SAMPLER_INPUT_ACCESSOR_WITHOUT_BOUNDS", f"{pointer}/input")
        if interpolation == "CUBICSPLINE" and accessor.count < 2:
            issues.add("ANIMATION_SAMPLER_INPUT_ACCESSOR_TOO_FEW_ELEMENTS", f"{pointer}/input")
    if links.ref(tree.accessors, values, f"{pointer}/output") is not None:
        links.use(values, "VALUES", "animation", f"{pointer}/output")


def _channel(links: Links, animation: Animation, channel: Channel, pointer: str) -> None:
    tree, issues = links.tree, links.issues
    node = links.ref(tree.nodes, channel.target.node, f"{pointer}/target/node")
    sampler = links.ref(animation.samplers, channel.sampler, f"{pointer}/sampler")
    path = channel.target.path
    targets = 1
    if node is not None and path != "weights" and node.matrix is not None:
        issues.add("ANIMATION_CHANNEL_TARGET_NODE_MATRIX", f"{pointer}/target/node")
    if node is not None and path == "weights":
        targets = _targets(tree, node)
        if not targets:
            issues.add("ANIMATION_CHANNEL_TARGET_NODE_WEIGHTS_NO_MORPHS", f"{pointer}/target/node")
    accessors = tree.accessors or []
    if sampler is None or sampler.input >= len(accessors) or sampler.output >= len(accessors):
        return
    output = accessors[sampler.output]
    small = output.componentType in {5120, 5121, 5122, 5123} and output.normalized and path in {"rotation", "weights"}
    if output.type != _OUTPUTS[path] or not (small or output.componentType == 5126):
        issues.add("ANIMATION_SAMPLER_OUTPUT_ACCESSOR_INVALID_FORMAT", f"{pointer}/sampler")
        links.broken.add(sampler.output)
    wanted = accessors[sampler.input].count * (3 if sampler.interpolation == "CUBICSPLINE" else 1) * max(targets, 1)
    if output.count != wanted:
        issues.add("ANIMATION_SAMPLER_OUTPUT_ACCESSOR_INVALID_COUNT", f"{pointer}/sampler")


def _targets(tree: Tree, node: Node) -> int:
    if node.mesh is None or node.mesh >= len(tree.meshes or []):
        return 0
    return len((tree.meshes or [])[node.mesh].primitives[0].targets or [])
