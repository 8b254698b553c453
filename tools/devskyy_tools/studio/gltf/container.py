"""The container of binary glTF: a header, a chunk of JSON, a chunk of bytes (glTF 2.0, section 4.4)."""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple, NoReturn, cast

from devskyy_mcp.errors import Code, Refused

JSON_LIMIT = 4 * 1024 * 1024
ITEMS_LIMIT = 30_000
"""Lists and objects in the JSON: each takes a few hundred bytes of memory once it is read."""
HEADER = struct.Struct("<4sII")
CHUNK = struct.Struct("<I4s")


class Parsed(NamedTuple):
    """The JSON as it stands in the file, and the bytes of its buffer."""

    tree: dict[str, Any]
    binary: bytes


class Malformed(Exception):
    """A container that can't be read. ``code`` is the Khronos validator's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unsound(message: str) -> Refused:
    """The refusal of a GLB that breaks the format, or our bounds."""
    return Refused(
        Code.INVALID_ARGUMENTS, f"The GLB can't be used: {message}.", "Export the model again as glTF 2.0 binary."
    )


def pack(tree: dict[str, Any], binary: bytes) -> bytes:
    """The file of that JSON and that buffer; ``buffers[0].byteLength`` is the caller's to set."""
    text = json.dumps(tree, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    chunks = CHUNK.pack(len(text), b"JSON") + text
    if binary:
        filled = binary + b"\0" * (-len(binary) % 4)
        chunks += CHUNK.pack(len(filled), b"BIN\0") + filled
    return HEADER.pack(b"glTF", 2, HEADER.size + len(chunks)) + chunks


def unpack(content: bytes) -> Parsed:
    """The JSON and the buffer of a file. Nothing is read twice, nor anything before its length is known to be true.

    Raises:
        Malformed: not a GLB 2.0, lengths that lie, JSON above 4 MiB or that is none.
    """
    chunks = _chunks(content)
    if not chunks or chunks[0][0] != b"JSON":
        raise Malformed("GLB_UNEXPECTED_FIRST_CHUNK", "its first chunk is no JSON")
    kinds = [kind for kind, _ in chunks]
    if kinds.count(b"JSON") > 1 or kinds.count(b"BIN\0") > 1:
        raise Malformed("GLB_DUPLICATE_CHUNK", "it has a chunk twice")
    if b"BIN\0" in kinds and kinds[1] != b"BIN\0":
        raise Malformed("GLB_UNEXPECTED_BIN_CHUNK", "its bytes are not the second chunk")
    return Parsed(_tree(chunks[0][1]), dict(chunks).get(b"BIN\0", b""))


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    if len(content) < HEADER.size:
        raise Malformed("GLB_UNEXPECTED_END_OF_HEADER", "its header is cut off")
    magic, version, length = HEADER.unpack_from(content)
    if magic != b"glTF":
        raise Malformed("GLB_INVALID_MAGIC", "it is no binary glTF")
    if version != 2:
        raise Malformed("GLB_INVALID_VERSION", "only version 2 is known")
    if length != len(content):
        raise Malformed("GLB_LENGTH_MISMATCH", f"its header says {length} bytes, and it has {len(content)}")
    chunks: list[tuple[bytes, bytes]] = []
    at = HEADER.size
    while at < length:
        if at + CHUNK.size > length:
            raise Malformed("GLB_UNEXPECTED_END_OF_CHUNK_HEADER", "a chunk's header is cut off")
        size, kind = CHUNK.unpack_from(content, at)
        at += CHUNK.size
        if size % 4:
            raise Malformed("GLB_CHUNK_LENGTH_UNALIGNED", "a chunk's length is no multiple of 4")
        if at + size > length:
            raise Malformed("GLB_CHUNK_TOO_BIG", "a chunk is longer than the file")
        if kind == b"JSON" and size > JSON_LIMIT:
            raise Malformed("IO_ERROR", f"its JSON has more than {JSON_LIMIT >> 20} MiB")
        chunks.append((kind, content[at : at + size]))
        at += size
        if len(chunks) > 16:
            raise Malformed("GLB_UNKNOWN_CHUNK_TYPE", "it has more than 16 chunks")
    return chunks


def _tree(text: bytes) -> dict[str, Any]:
    if not text:
        raise Malformed("GLB_EMPTY_CHUNK", "its JSON is empty")
    if text.count(b"{") + text.count(b"[") > ITEMS_LIMIT:
        raise Malformed("IO_ERROR", f"its JSON has more than {ITEMS_LIMIT} lists and objects")
    try:
        tree: object = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Malformed("INVALID_JSON", "its JSON can't be read") from None
    if not isinstance(tree, dict):
        raise Malformed("TYPE_MISMATCH", "its JSON is no object")
    return cast("dict[str, Any]", tree)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
