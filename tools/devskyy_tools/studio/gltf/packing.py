"""Buffers as they are written anew: each array once, plain or compressed (EXT_meshopt_compression)."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from devskyy_mcp.errors import Code, Refused

from .accessors import MESHOPT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .columns import Column

ARRAY, ELEMENTS = 34962, 34963
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_COMPONENTS = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
_WORTH = 160
"""Bytes that saying how a view is compressed takes in the JSON."""


def codec() -> Any:
    """The module ``meshopt``.

    Raises:
        Refused: NOT_CONFIGURED when the extra is not installed.
    """
    try:
        import meshopt  # pyright: ignore[reportMissingTypeStubs] # it has none
    except ImportError:
        raise Refused(
            Code.NOT_CONFIGURED,
            "Models are compressed and read with the package meshopt, which is not installed.",
            "pip install 'devskyy-mcp[three-d]'",
        ) from None
    module: ModuleType = meshopt
    return module


class Buffers:
    """What is written; ``compress`` turns arrays into compressed views where that saves anything."""

    def __init__(self, *, compress: bool) -> None:
        self._compress = compress
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.binary = bytearray()
        self.unpacked = 0
        self._views: dict[tuple[Any, ...], int] = {}
        self._accessors: dict[str, int] = {}

    def file(self, content: bytes) -> int:
        """A view of bytes that are something else than numbers."""
        key = (content, None)
        if key not in self._views:
            self._views[key] = self._plain(content, {})
        return self._views[key]

    def vertices(self, column: Column, *, bounds: bool, unit: bool = False) -> int:
        """An accessor of an attribute; rows begin at multiples of 4. ``unit`` vectors compress as octahedra."""
        values = np.ascontiguousarray(column.values)
        size = values.nbytes // len(values)
        rows = np.zeros((len(values), -(-size // 4) * 4), np.uint8)
        rows[:, :size] = values.view(np.uint8).reshape(len(values), size)
        octahedral = unit and values.dtype == np.int8
        view = self._view(rows, "ATTRIBUTES", {"byteStride": rows.shape[1], "target": ARRAY}, octahedral=octahedral)
        return self._accessor(view, values, column.normalized, bounds=bounds)

    def indices(self, indices: NDArray[np.uint32], vertices: int, *, triangles: bool = True) -> int:
        """An accessor of indices, as narrow as they may be."""
        narrow = indices.astype(np.uint16) if vertices <= 65535 else indices
        view = self._view(narrow.reshape(-1, 1), "TRIANGLES" if triangles else "INDICES", {"target": ELEMENTS})
        return self._accessor(view, narrow.reshape(-1, 1), normalized=False, bounds=False)

    def numbers(self, column: Column, *, bounds: bool) -> int:
        """An accessor of anything else: times, what is animated, matrices of skins."""
        values = np.ascontiguousarray(column.values)
        tight = values.nbytes // len(values) % 4 == 0
        view = self._view(values, "ATTRIBUTES" if tight else None, {})
        return self._accessor(view, values, column.normalized, bounds=bounds)

    def buffers(self) -> list[dict[str, Any]]:
        """``buffers``; the second only says how large the compressed views become."""
        held: list[dict[str, Any]] = [{"byteLength": len(self.binary)}]
        if self.unpacked:
            held.append({"byteLength": self.unpacked, "extensions": {MESHOPT: {"fallback": True}}})
        return held

    def _accessor(self, view: int, values: NDArray[Any], normalized: bool, *, bounds: bool) -> int:
        said: dict[str, Any] = {
            "bufferView": view,
            "componentType": _COMPONENTS[values.dtype.name],
            "count": len(values),
            "type": _TYPES[values.shape[1]],
        }
        if normalized:
            said["normalized"] = True
        if bounds:
            said |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        key = repr(said)
        if key not in self._accessors:
            self._accessors[key] = len(self.accessors)
            self.accessors.append(said)
        return self._accessors[key]

    def _view(self, rows: NDArray[Any], mode: str | None, said: dict[str, Any], *, octahedral: bool = False) -> int:
        content = rows.tobytes()
        key = (content, mode, said.get("byteStride"))
        if key not in self._views:
            packed = b""
            if self._compress and mode is not None and len(content) > _WORTH:
                packed = codec().encode_gltf_buffer(_octahedral(rows) if octahedral else rows, mode)
            if packed and len(packed) + _WORTH < len(content):
                self._views[key] = self._packed(packed, rows, mode, said)
                if octahedral:
                    self.views[-1]["extensions"][MESHOPT]["filter"] = "OCTAHEDRAL"
            else:
                self._views[key] = self._plain(content, said)
        return self._views[key]

    def _plain(self, content: bytes, said: dict[str, Any]) -> int:
        self.views.append({"buffer": 0, "byteOffset": self._append(content), "byteLength": len(content), **said})
        return len(self.views) - 1

    def _packed(self, packed: bytes, rows: NDArray[Any], mode: str | None, said: dict[str, Any]) -> int:
        size = rows.nbytes // len(rows)
        how = {
            "buffer": 0,
            "byteOffset": self._append(packed),
            "byteLength": len(packed),
            "byteStride": size,
            "count": len(rows),
            "mode": mode,
        }
        view = {"buffer": 1, "byteOffset": self.unpacked, "byteLength": rows.nbytes, **said}
        self.views.append(view | {"extensions": {MESHOPT: how}})
        self.unpacked += -(-rows.nbytes // 4) * 4
        return len(self.views) - 1

    def _append(self, content: bytes) -> int:
        self.binary += b"\0" * (-len(self.binary) % 4)
        at = len(self.binary)
        self.binary += content
        return at


def _octahedral(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Unit vectors of signed bytes, four to a row, as the filter OCTAHEDRAL stores them."""
    vectors = np.maximum(rows.view(np.int8).astype(np.float32) / 127, -1)
    return codec().encode_filter_oct(vectors, 4, 8)
