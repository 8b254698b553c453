"""What a finished task made, fetched from where the provider put it.

The address comes from outside: only public ones are followed, nothing of ours is sent there, and the file must be what
was promised.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from typing import Any, Protocol

from devskyy_mcp.assets.store import FBX
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.ssrf import MIB, Download, fetch_public, media_type

from .port import File

LARGEST = 100 * MIB
DEADLINE = 120.0
"""Seconds for one file."""
_SENT_AS = {
    "model/gltf-binary": ("model/gltf.binary", "model/gltf+binary"),
    "model/vnd.usdz+zip": ("application/zip", "application/x-zip-compressed", "model/vnd.pixar.usd"),
    FBX: ("application/x-fbx", "model/fbx", "text/plain"),
}
"""Other types that stores send these files as."""


class Fetch(Protocol):
    """``guard.ssrf.fetch_public``, or a test's stand-in for it."""

    def __call__(
        self, url: str, *, max_bytes: int, deadline: float, content_types: Collection[str] | None
    ) -> Awaitable[Download]: ...


class Downloads:
    """Fetches files. ``fetch`` and ``largest`` (bytes) are for tests, whose providers stand on loopback."""

    def __init__(self, fetch: Fetch = fetch_public, largest: int = LARGEST) -> None:
        self._fetch = fetch
        self._largest = largest

    async def get(self, title: str, file: File) -> tuple[bytes, str]:
        """The file and its media type.

        Raises:
            Refused: UNSAFE_ADDRESS, TOO_LARGE, or UPSTREAM_… when it is not there, not whole, or something else;
                retryable where another look at the task may give an address that works.
        """
        try:
            content = await self._content(file)
        except Refused as refused:
            raise _in_words(title, file, refused) from None
        kind = kind_of(content)
        if kind not in file.content_type or not is_whole(content, kind):
            wanted = " or ".join(file.content_type)
            message = f"What {title} gave as its {file.role} is not a whole file of type {wanted}."
            raise Refused(Code.UPSTREAM_INVALID, message, "The task is there still: it will be fetched again.")
        return content, kind

    async def _content(self, file: File) -> bytes:
        if file.fetch is not None:
            return await file.fetch()
        sent_as = {name for kind in file.content_type for name in (kind, *_SENT_AS.get(kind, ()))}
        welcome = sent_as | {"application/octet-stream"}
        found = await self._fetch(file.url, max_bytes=self._largest, deadline=DEADLINE, content_types=welcome)
        return found.content


def kind_of(content: bytes) -> str | None:
    """The media type by the first bytes; also of films, and of FBX."""
    if content.startswith(b"Kaydara FBX Binary"):
        return FBX
    if content[4:8] == b"ftyp" and content[8:11] != b"avi":
        return "video/mp4"
    return media_type(content)


def is_whole(content: bytes, kind: str | None) -> bool:
    """Whether nothing was cut off, as far as the file itself tells: GLB by its header, USDZ by its end."""
    if kind == "model/gltf-binary":
        return int.from_bytes(content[8:12], "little") == len(content)
    if kind == "model/vnd.usdz+zip":
        return b"PK\x05\x06" in content[-(22 + 65535) :]
    return True


def _in_words(title: str, file: File, refused: Refused) -> Refused:
    details: dict[str, Any] = dict(refused.details)
    if refused.code is Code.UNSAFE_ADDRESS:
        message = f"{title} gave an address for its {file.role} that is not a public one; it was not fetched."
        return Refused(Code.UNSAFE_ADDRESS, message, f"Report it to {title}.", details=details)
    if refused.code is Code.TOO_LARGE:
        message = f"The {file.role} that {title} made is too large to be kept. {refused.message}"
        return Refused(Code.TOO_LARGE, message, "Ask for fewer triangles or smaller textures.")
    # A signed address may have run out: the next try asks the task for a new one.
    message = f"The {file.role} that {title} made could not be fetched. {refused.message}"
    return Refused(refused.code, message, "It lies at the provider for a while still.", retryable=True)
