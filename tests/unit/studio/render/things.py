"""Models made in code: a handbag with a checked cloth and a metal handle, and a plain box."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from devskyy_tools.studio.gltf.model import Material, Model, Part, Texture


def cloth(edge: int = 1024, mime: str = "image/png") -> Texture:
    """A woven check with a stripe, so that up, down, left and right differ."""
    picture = Image.new("RGB", (edge, edge), (176, 58, 46))
    draw = ImageDraw.Draw(picture)
    step = edge // 16
    for row in range(16):
        for column in range(16):
            if (row + column) % 2:
                draw.rectangle(
                    (column * step, row * step, column * step + step - 1, row * step + step - 1), (232, 213, 183)
                )
    draw.rectangle((0, edge // 8, edge, edge // 5), (30, 60, 110))
    draw.ellipse((edge * 0.2, edge * 0.5, edge * 0.3, edge * 0.6), (240, 190, 30))
    out = io.BytesIO()
    picture.save(out, mime.partition("/")[2].upper())
    return Texture(out.getvalue(), mime)


def _grid(rows: int, columns: int) -> Any:
    """Triangles of a grid of (rows + 1) x (columns + 1) points."""
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    below = first + columns + 1
    return np.concatenate(
        (np.column_stack((first, below, first + 1)), np.column_stack((first + 1, below, below + 1)))
    ).astype(np.uint32)


def _along(points: Any) -> Any:
    """How far along a line its points are, 0 to 1: so that the cloth is not stretched."""
    way = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))))
    return way / way[-1]


def _surface(points: Any, rows: int, columns: int, name: str, material: int) -> Part:
    triangles = _grid(rows, columns)
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    solid = np.linalg.norm(faces, axis=1) > 1e-7  # the poles are points
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    grid = normals.reshape(rows + 1, columns + 1, 3)
    grid[:, 0] = grid[:, -1] = grid[:, 0] + grid[:, -1]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-20
    normals[np.linalg.norm(normals, axis=1) < 0.5] = (0, 1, 0)
    places = points.reshape(rows + 1, columns + 1, 3)
    u = np.tile(_along(places[rows // 2]), rows + 1)
    v = np.repeat(_along(places[:, columns // 2]), columns + 1)
    uvs = np.column_stack((u, v))
    return Part(name, points.astype("f4"), normals.astype("f4"), uvs.astype("f4"), triangles[solid], material)


def handbag(detail: int = 100, texture: Texture | None = None) -> Model:
    """0.30 m wide, 0.32 m high with its handle; about ``3 * detail ** 2`` triangles."""
    rows, columns = detail, detail
    theta, phi = np.meshgrid(np.linspace(0, np.pi, rows + 1), np.linspace(0, 2 * np.pi, columns + 1), indexing="ij")

    def power(value: Any, sharp: float) -> Any:
        return np.sign(value) * np.abs(value) ** sharp

    ring = power(np.sin(theta), 0.35)
    x = 0.15 * ring * power(np.sin(phi), 0.5) * (1 - 0.12 * np.cos(theta))
    z = 0.06 * ring * power(np.cos(phi), 0.5)
    y = 0.11 + 0.11 * power(np.cos(theta), 0.6)
    # the seam is at the back: column 0 looks to -Z
    body = np.column_stack((-x.ravel(), y.ravel(), -z.ravel()))
    along, around = np.meshgrid(
        np.linspace(0, np.pi, rows // 2 + 1), np.linspace(0, 2 * np.pi, columns // 2 + 1), indexing="ij"
    )
    radius = 0.09 + 0.008 * np.cos(around)
    handle = np.column_stack(
        ((radius * np.cos(along)).ravel(), (0.215 + radius * np.sin(along)).ravel(), (0.008 * np.sin(around)).ravel())
    )
    return Model(
        "Handbag",
        (
            _surface(body, rows, columns, "Body", 0),
            _surface(handle, rows // 2, columns // 2, "Handle", 1),
        ),
        (
            Material("Cloth", texture=texture or cloth()),
            Material("Brass", color=(0.75, 0.55, 0.25, 1.0), metallic=1.0, roughness=0.35),
        ),
    )


def box(width: float = 0.3, height: float = 0.2, depth: float = 0.1) -> Model:
    """Twelve triangles of one grey, standing on the floor."""
    positions: list[Any] = []
    normals: list[Any] = []
    triangles: list[Any] = []
    for axis in range(3):
        for sign in (-1, 1):
            normal = np.zeros(3)
            normal[axis] = sign
            one = np.eye(3)[(axis + 1) % 3]
            two = np.cross(normal, one)
            start = len(positions)
            positions += [normal + a * one + b * two for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            normals += [normal] * 4
            triangles += [(start, start + 1, start + 2), (start, start + 2, start + 3)]
    points = np.array(positions) * (width / 2, height / 2, depth / 2) + (0, height / 2, 0)
    part = Part("Box", points.astype("f4"), np.array(normals, "f4"), None, np.array(triangles, np.uint32), 0)
    return Model("Box", (part,), (Material("Grey", color=(0.5, 0.5, 0.5, 1.0)),))
