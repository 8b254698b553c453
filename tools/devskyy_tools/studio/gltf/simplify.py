"""Fewer triangles by quadric error, of places and texture coordinates (Garland and Heckbert 1998).

An edge is taken away by moving one end to the other, so that what is left keeps its texture coordinates and normals
exactly. Borders and seams of the texture stay as they are. Edges are taken in rounds of many that don't touch, cheapest
first, which numpy does in a few milliseconds each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDS = 200
TEXTURE = 0.5
"""How much a shift by the whole texture counts beside one by the whole model."""
PASSES = 4
"""In each round, edges between those that were taken are looked at again so often."""
_FLIPPED = 0.2
"""Cosine of how far a triangle may turn when an edge goes."""
_SLIVER = 0.01
"""Height of a triangle over its longest edge, at least."""


def simplify(
    positions: NDArray[Any], uvs: NDArray[Any] | None, triangles: NDArray[np.uint32], wanted: int
) -> NDArray[np.uint32]:
    """The triangles that are left, over the same vertices; more than ``wanted`` where borders and seams hold them.

    Args:
        positions: (n, 3), of any unit.
        uvs: (n, 2), of any unit, if the surface has a texture.
        triangles: (m, 3), of welded vertices.
        wanted: how many to come down to.
    """
    points = _scaled(positions)
    places = points if uvs is None else np.hstack([points, TEXTURE * _scaled(uvs)])
    faces = triangles.astype(np.int64)
    fixed = _fixed(points, faces)
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], _normals(points, faces))
    normals, _ = _unit(normals)
    quadrics = _quadrics(places, faces)
    barred = np.zeros(0, np.int64)
    for _ in range(ROUNDS):
        over = len(faces) - wanted
        if over <= 0:
            break
        gone, left = _candidates(places, faces, quadrics, fixed, barred)
        taken = _apart(faces, gone, left, max(1, over // 2), len(points))
        if not len(taken):
            break
        moved, done = _moved(points, normals, faces, gone[taken], left[taken])
        np.add.at(quadrics, left[taken][done], quadrics[gone[taken][done]])
        stuck = np.delete(taken, done)
        barred = np.concatenate([barred, gone[stuck] * len(points) + left[stuck]])
        faces = moved
    return faces.astype(np.uint32)


def _edges(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every edge of every triangle, in its direction."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def _fixed(points: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Vertices of borders, and of seams, where several lie in one place: their edges have one triangle."""
    edges = np.sort(_edges(faces), axis=1)
    _, place, count = np.unique(edges[:, 0] * len(points) + edges[:, 1], return_inverse=True, return_counts=True)
    fixed = np.zeros(len(points), np.bool_)
    fixed[edges[count[place] != 2]] = True
    return fixed


def _scaled(values: NDArray[Any]) -> NDArray[np.float64]:
    """From 0 to 1 along the largest extent."""
    wide = values.astype(np.float64)
    return (wide - wide.min(axis=0)) / max(float(np.ptp(wide, axis=0).max()), 1e-12)


def _quadrics(places: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Squared distances from the triangles around each vertex, weighed by their area.

    Each is a symmetric matrix over (place, 1), of which the upper half is kept.
    """
    count, size = places.shape
    first, along, over = places[faces[:, 0]], places[faces[:, 1]], places[faces[:, 2]]
    along, long = _unit(along - first)
    over = over - first
    over, high = _unit(over - np.einsum("ij,ij->i", over, along)[:, None] * along)
    matrices = np.zeros((len(faces), size + 1, size + 1))
    matrices[:, :size, :size] = np.eye(size) - along[:, :, None] * along[:, None] - over[:, :, None] * over[:, None]
    away, up = np.einsum("ij,ij->i", first, along)[:, None], np.einsum("ij,ij->i", first, over)[:, None]
    matrices[:, :size, size] = away * along + up * over - first
    matrices[:, size, size] = np.einsum("ij,ij->i", first, first) - (away**2 + up**2)[:, 0]
    rows, columns = np.triu_indices(size + 1)
    each = matrices[:, rows, columns] * (long * high)
    found = np.zeros((count, len(rows)))
    for corner in range(3):
        for term in range(len(rows)):
            found[:, term] += np.bincount(faces[:, corner], each[:, term], count)
    return found


def _unit(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vectors at unit length, and the lengths they had."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1), lengths


def _candidates(
    points: NDArray[np.float64],
    faces: NDArray[np.int64],
    quadrics: NDArray[np.float64],
    fixed: NDArray[np.bool_],
    barred: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges as (vertex that goes, vertex that stays), cheapest first. Long ones cost more, so that shapes stay good.

    ``barred`` are those that would turn a triangle over.
    """
    edges = _edges(faces)
    edges = np.concatenate([edges, edges[:, ::-1]])
    edges = edges[~fixed[edges[:, 0]]]
    keys = np.setdiff1d(edges[:, 0] * len(points) + edges[:, 1], barred)
    gone, left = keys // len(points), keys % len(points)
    rows, columns = np.triu_indices(points.shape[1] + 1)
    at = np.hstack([points[left], np.ones((len(left), 1))])
    terms = at[:, rows] * at[:, columns] * np.where(rows == columns, 1.0, 2.0)
    cost = np.einsum("ij,ij->i", quadrics[gone] + quadrics[left], terms)
    cost = np.maximum(cost, 0) + 1e-9 * ((points[gone] - points[left]) ** 2).sum(axis=1)
    order = np.lexsort((left, gone, cost))
    return gone[order], left[order]


def _apart(
    faces: NDArray[np.int64], gone: NDArray[np.int64], left: NDArray[np.int64], most: int, count: int
) -> NDArray[np.int64]:
    """Places of the cheapest edges of which no two have a triangle in common around the vertex that goes.

    Each vertex that goes has one bid, its cheapest; a bid wins where it is the cheapest in all triangles around it.
    """
    first = np.sort(np.unique(gone, return_index=True)[1])[: most * 4]
    rank = np.full(count, len(gone), np.int64)
    np.minimum.at(rank, gone[first], first)
    np.minimum.at(rank, left[first], first)
    busy = np.zeros(len(faces), np.bool_)
    winners: list[NDArray[np.int64]] = []
    for _ in range(PASSES):
        best = np.where(busy, -1, rank[faces].min(axis=1))
        around = np.full(count, len(gone), np.int64)
        for corner in range(3):
            np.minimum.at(around, faces[:, corner], best)
        won = (around[gone[first]] == first) & (around[left[first]] == first)
        winners.append(first[won])
        ends = np.zeros(count, np.bool_)
        ends[gone[first[won]]] = ends[left[first[won]]] = True
        busy |= ends[faces].any(axis=1)
        rank[:] = len(gone)
        first = first[~won & (around[gone[first]] >= 0) & (around[left[first]] >= 0)]
        np.minimum.at(rank, gone[first], first)
        np.minimum.at(rank, left[first], first)
    return np.sort(np.concatenate(winners))[:most]


def _moved(
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    faces: NDArray[np.int64],
    gone: NDArray[np.int64],
    left: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The triangles after those edges went, and which of them did: one that would turn a triangle over stays.

    ``normals`` are those that the vertices had at first: many small turns don't add up to a whole one.
    """
    to = np.arange(len(points))
    to[gone] = left
    which = np.full(len(points), -1)
    which[gone] = np.arange(len(gone))
    touched = which[faces].max(axis=1)
    moved = to[faces]
    a, b, c = moved.T
    solid = (a != b) & (b != c) & (c != a)
    held = np.flatnonzero((touched >= 0) & solid)
    before, after = _normals(points, faces[held]), _normals(points, moved[held])
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    turned = np.einsum("ij,ij->i", before, after) <= _FLIPPED * size
    corners = points[moved[held]]
    longest = ((corners - corners[:, [1, 2, 0]]) ** 2).sum(axis=2).max(axis=1)
    turned |= np.linalg.norm(after, axis=1) < _SLIVER * longest
    outward, _ = _unit(normals[moved[held]].sum(axis=1))
    turned |= np.einsum("ij,ij->i", outward, after) <= _FLIPPED * np.linalg.norm(after, axis=1)
    flat = np.zeros(len(gone), np.int64)
    np.add.at(flat, touched[(touched >= 0) & ~solid], 1)
    bad = np.zeros(len(gone), np.bool_)
    bad[touched[held[turned]]] = True
    bad |= flat > 2  # two triangles go with an edge; more would tear or fold the surface
    bad |= _doubles(moved[solid], touched[solid], len(gone), len(points))
    to[gone[bad]] = gone[bad]
    faces = to[faces]
    a, b, c = faces.T
    return faces[(a != b) & (b != c) & (c != a)], np.flatnonzero(~bad)


def _normals(points: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    corners = points[faces]
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _doubles(faces: NDArray[np.int64], touched: NDArray[np.int64], edges: int, count: int) -> NDArray[np.bool_]:
    """Which moves would leave two triangles with the same directed edge: the surface would lie on itself."""
    directed = _edges(faces)
    keys = directed[:, 0] * count + directed[:, 1]
    _, place, often = np.unique(keys, return_inverse=True, return_counts=True)
    owner = np.tile(touched, 3)
    wrong = owner[(often[place] > 1) & (owner >= 0)]
    found = np.zeros(edges, np.bool_)
    found[wrong] = True
    return found
