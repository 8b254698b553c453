"""What kind of picture some bytes are and how large it is, by its header alone: nothing is decoded."""

from __future__ import annotations

import struct
from typing import NamedTuple

SIDE_LIMIT = 8192
"""Pixels. Larger textures are refused before they are decoded."""
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Size(NamedTuple):
    """Media type, and size in pixels."""

    mime: str
    width: int
    height: int


def measure(content: bytes | memoryview) -> Size | None:
    """The kind and size of a PNG, JPEG, WebP or KTX2 picture; None for anything else, and for a header cut off."""
    head = bytes(content[:32])
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
            return _png(content)
        if head.startswith(b"\xff\xd8\xff"):
            return _jpeg(content)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(head)
        if head.startswith(b"\xabKTX 20\xbb\r\n\x1a\n"):
            return Size("image/ktx2", *struct.unpack_from("<II", head, 20))
    except (struct.error, IndexError):
        pass
    return None


def _png(content: bytes | memoryview) -> Size | None:
    """The first chunk, where pixels follow in a later one (W3C PNG, section 5)."""
    at = 8
    while bytes(content[at + 4 : at + 8]) != b"IDAT":
        at += 12 + struct.unpack_from(">I", content, at)[0]
    return Size("image/png", *struct.unpack_from(">II", content, 16))


def _jpeg(content: bytes | memoryview) -> Size | None:
    """The frame header, found by going from marker to marker (ITU T.81, B.1)."""
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _SOF:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return Size("image/jpeg", width, height)
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return None


def _webp(content: bytes) -> Size | None:
    """The first chunk of the container (RFC 9649)."""
    kind = content[12:16]
    if kind == b"VP8X":
        wide, high = content[24:27], content[27:30]
        return Size("image/webp", 1 + int.from_bytes(wide, "little"), 1 + int.from_bytes(high, "little"))
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", content, 21)[0]
        return Size("image/webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return Size("image/webp", width & 0x3FFF, height & 0x3FFF)
    return None
