"""Small real pictures and films, as generators send them; each of another number is another one."""

from __future__ import annotations

import struct
import zlib


def png(number: int = 0, width: int = 64, height: int = 48) -> bytes:
    """A picture of one colour in 8-bit RGB (PNG, third edition)."""
    colour = bytes(((number * 37) % 256, (number * 91 + 40) % 256, (number * 13 + 90) % 256))
    rows = (b"\0" + colour * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def mp4(number: int = 0) -> bytes:
    """The boxes that an MP4 begins with, and some data (ISO/IEC 14496-12)."""
    brand = b"isom" + struct.pack(">I", 512) + b"isommp42"
    data = number.to_bytes(4, "big") * 64
    return _box(b"ftyp", brand) + _box(b"mdat", data)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body
