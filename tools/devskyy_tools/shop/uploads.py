"""Sends stored files to the shop's media library. A staged upload holds a file's SHA-256 and place, not its bytes."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.changes.model import Op
from devskyy_mcp.errors import Code
from devskyy_mcp.http import Answer, UpstreamError

from .client import ShopClient
from .collections import MEDIA

if TYPE_CHECKING:
    from .session import Shop

MARK = 12
"""Characters of the SHA-256 in the file's name, by which a lost upload is found again."""
DEADLINE = 60.0


async def stage(shop: Shop, asset: Asset, texts: Mapping[str, str]) -> Op:
    """Stage a stored file for the media library, with texts such as ``alt_text``."""
    path = shop.ctx.get(Assets).path(asset)
    file = {"sha256": asset.sha256, "path": str(path), "name": asset.name, "type": asset.content_type}
    op = await shop.create(MEDIA, {"file": file, **texts})
    op.note["shown"] = {"file": asset.name, "kilobytes": max(1, asset.size // 1000), **texts}
    return op


def file_name(file: dict[str, Any]) -> str:
    """``dress-0123456789ab.png``: safe in a header, and found again by its mark."""
    name = Path(str(file.get("name") or "file"))
    stem = re.sub(r"[^a-z0-9]+", "-", name.stem.lower()).strip("-")[:60] or "file"
    suffix = re.sub(r"[^a-z0-9.]", "", name.suffix.lower())
    return f"{stem}-{str(file['sha256'])[:MARK]}{suffix}"


async def send(client: ShopClient, url: str, body: dict[str, Any]) -> Answer:
    """Upload the file with its texts in one multipart request; the shop checks its MD5.

    Args:
        client: the shop's.
        url: of the media collection.
        body: ``{"file": {"sha256", "path", "name", "type"}, "title"?, "alt_text"?, …}``.

    Raises:
        UpstreamError: ``reached`` is ``no`` when the stored file is gone or is not what was staged.
    """
    file = body["file"]
    try:
        content = await anyio.Path(file["path"]).read_bytes()
    except OSError:
        raise _gone("The stored file is no longer there.") from None
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise _gone("The stored file is not the one that was staged.")
    texts = {name: str(value) for name, value in body.items() if name != "file" and value is not None}
    boundary = secrets.token_hex(16)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-MD5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }
    packed = _multipart(boundary, texts, file_name(file), str(file.get("type") or "application/octet-stream"), content)
    return await client.write(
        "POST", url, params={"context": "edit"}, content=packed, headers=headers, deadline=DEADLINE
    )


def _gone(message: str) -> UpstreamError:
    return UpstreamError(Code.NOT_FOUND, message, "Store it again and repeat the upload.", reached="no")


def _multipart(boundary: str, texts: dict[str, str], name: str, kind: str, content: bytes) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in texts.items()
    ]
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"--{boundary}\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\n"
    return b"".join([*parts, head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
