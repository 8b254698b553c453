"""The numbers of a glTF file as arrays: bounds are checked before anything is touched (glTF 2.0, section 3.6)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from .container import unsound
from .schema import Accessor, Component, Item, Kind, Packed, Sparse, Tree, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
MESHOPT = "EXT_meshopt_compression"
WIDTHS: dict[Kind, int] = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
DTYPES: dict[Component, str] = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
UNPACKED_LIMIT = 64 * 1024 * 1024
"""Bytes that compressed and empty views may become, all together."""


def at(items: Sequence[T] | None, index: int | None, what: str) -> T:
    """The item of that index.

    Raises:
        Refused: INVALID_ARGUMENTS when there is none.
    """
    if items is None or index is None or not 0 <= index < len(items):
        raise unsound(f"it names {what} {index}, which isn't there")
    return items[index]


def element_bytes(component: Component, kind: Kind) -> int:
    """Bytes of one element; columns of matrices begin at multiples of 4."""
    size, width = int(DTYPES[component][-1]), WIDTHS[kind]
    if not kind.startswith("MAT"):
        return size * width
    rows = int(kind[-1])
    return rows * (-(-size * rows // 4) * 4)


def extension(item: Item, name: str, kind: type[M]) -> M | None:
    """What an extension says of an item, if it has it.

    Raises:
        Refused: INVALID_ARGUMENTS.
    """
    if name not in item.extensions:
        return None
    try:
        return kind.model_validate(item.extensions[name])
    except ValidationError:
        raise unsound(f"an {name} is malformed") from None


class Numbers:
    """Views and accessors of one file. Everything raises ``Refused`` with INVALID_ARGUMENTS where the file lies."""

    def __init__(self, tree: Tree, binary: bytes) -> None:
        self._tree = tree
        self._views: dict[int, memoryview] = {}
        self._inline: set[int] = set()
        self._buffers: dict[int, bytes] = {0: binary}
        self._unpacked = 0

    def view(self, index: int) -> memoryview:
        """The bytes of a view, uncompressed."""
        if index not in self._views:
            view = at(self._tree.bufferViews, index, "buffer view")
            how = extension(view, MESHOPT, Packed)
            self._views[index] = self._plain(view) if how is None else self._unpack(view, how)
        return self._views[index]

    def raw(self, index: int, *, finite: bool = True) -> NDArray[Any]:
        """An accessor as it is stored: (count, components), of its own type; ``finite`` refuses NaN and infinity."""
        accessor = at(self._tree.accessors, index, "accessor")
        if accessor.type in {"MAT2", "MAT3"} and accessor.componentType != 5126:
            raise unsound("its matrices are of a rare type")
        width, dtype = WIDTHS[accessor.type], np.dtype(DTYPES[accessor.componentType])
        if accessor.bufferView is None:
            self.room(accessor.count * width * dtype.itemsize)
            values = np.zeros((accessor.count, width), dtype)
        else:
            values = self._strided(accessor, accessor.bufferView, width, dtype)
        if accessor.sparse is not None:
            values = self._sparse(values, accessor.sparse)
        if finite and dtype.kind == "f" and not np.isfinite(values).all():
            raise unsound(f"accessor {index} has numbers that are none")
        return values

    def floats(self, index: int) -> NDArray[np.float32]:
        """An accessor as floats; normalised integers become 0 to 1, or -1 to 1."""
        values = self.raw(index)
        wide = values.astype(np.float32)
        if at(self._tree.accessors, index, "accessor").normalized and values.dtype.kind in "iu":
            wide = np.maximum(wide / np.float32(np.iinfo(values.dtype).max), np.float32(-1))
        return wide

    def _plain(self, view: View) -> memoryview:
        return self._slice(view.buffer, view.byteOffset, view.byteLength)

    def _slice(self, index: int, start: int, size: int) -> memoryview:
        buffer = at(self._tree.buffers, index, "buffer")
        if index not in self._buffers and buffer.uri is None:
            raise unsound(f"buffer {index} is not in the file")
        if buffer.uri is not None and index not in self._inline:
            self._buffers[index] = inline(buffer.uri)
            self._inline.add(index)
        content = self._buffers[index]
        if start + size > min(len(content), buffer.byteLength):
            raise unsound("a buffer view ends behind its buffer")
        return memoryview(content)[start : start + size]

    def _unpack(self, view: View, how: Packed) -> memoryview:
        """Decode ``EXT_meshopt_compression``."""
        size = how.count * how.byteStride
        if size != view.byteLength:
            raise unsound("a compressed buffer view has another length than it says")
        self.room(size)
        content = self._slice(how.buffer, how.byteOffset, how.byteLength)
        from .packing import codec

        try:
            decoded = codec().decode_gltf_buffer(bytes(content), how.count, how.byteStride, how.mode, how.filter)
        except (ValueError, RuntimeError, MemoryError):
            raise unsound("a compressed buffer view can't be decoded") from None
        return memoryview(decoded.tobytes())

    def room(self, size: int) -> None:
        """Take that many bytes of what may be unpacked."""
        self._unpacked += size
        if self._unpacked > UNPACKED_LIMIT:
            raise unsound(f"it unpacks to more than {UNPACKED_LIMIT >> 20} MiB")

    def _strided(self, accessor: Accessor, index: int, width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        view = at(self._tree.bufferViews, index, "buffer view")
        element = width * dtype.itemsize
        stride = view.byteStride or element
        content = self.view(index)
        if accessor.byteOffset + stride * (accessor.count - 1) + element > len(content):
            raise unsound("an accessor ends behind its buffer view")
        return np.ndarray(
            (accessor.count, width), dtype, content, accessor.byteOffset, strides=(stride, dtype.itemsize)
        )

    def _sparse(self, values: NDArray[Any], sparse: Sparse) -> NDArray[Any]:
        """The values with some of them replaced (section 3.6.2.3)."""
        places = self._tight(sparse.indices.bufferView, sparse.indices.byteOffset, sparse.count, 1,
                             np.dtype(DTYPES[sparse.indices.componentType]))  # fmt: skip
        width = values.shape[1]
        fresh = self._tight(sparse.values.bufferView, sparse.values.byteOffset, sparse.count, width, values.dtype)
        if int(places.max()) >= len(values):
            raise unsound("a sparse accessor names an element that isn't there")
        self.room(values.nbytes)
        values = values.copy()
        values[places[:, 0]] = fresh
        return values

    def _tight(self, view: int, offset: int, count: int, width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        content = self.view(view)
        if offset + count * width * dtype.itemsize > len(content):
            raise unsound("a sparse accessor ends behind its buffer view")
        return np.frombuffer(content, dtype, count * width, offset).reshape(count, width)


def inline(uri: str) -> bytes:
    """What a ``data:`` URI holds.

    Raises:
        Refused: INVALID_ARGUMENTS for every other address: nothing outside the file is read.
    """
    head, comma, text = uri.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        raise unsound("it points to a file outside of it")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise unsound("an inline file can't be read") from None
