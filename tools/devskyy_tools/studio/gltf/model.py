"""A 3D model as it is built: parts of triangles with a material each, in metres, Y up, front +Z.

glTF 2.0, section 3.4 (coordinate system and units) and 3.9 (metallic-roughness materials).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .images import measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Texture:
    """An encoded picture; ``mime`` is image/png, image/jpeg or image/webp."""

    content: bytes
    mime: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels by its header, undecoded; 0 × 0 for what is no picture."""
        size = measure(self.content)
        return (0, 0) if size is None else (size.width, size.height)


@dataclass(frozen=True, slots=True)
class Material:
    """``color`` is linear RGBA, and multiplies the texture. ``alpha`` and ``cutoff``: section 3.9.4."""

    name: str
    color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    texture: Texture | None = None
    metallic: float = 0.0
    roughness: float = 0.9
    double_sided: bool = False
    alpha: Literal["OPAQUE", "MASK", "BLEND"] = "OPAQUE"
    cutoff: float = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """Triangles of one material.

    Args:
        name: what it is.
        positions: float32, (n, 3), metres.
        normals: float32, (n, 3), unit length.
        uvs: float32, (n, 2), origin at the top left.
        triangles: uint32, (m, 3), counter-clockwise seen from outside.
        material: index into the model's materials.
    """

    name: str
    positions: NDArray[np.float32]
    normals: NDArray[np.float32]
    uvs: NDArray[np.float32] | None
    triangles: NDArray[np.uint32]
    material: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """``extras`` go into ``asset.extras``: how it was made."""

    name: str
    parts: tuple[Part, ...]
    materials: tuple[Material, ...]
    extras: dict[str, Any] = field(default_factory=dict[str, Any])
