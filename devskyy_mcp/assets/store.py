"""A content-addressed store of files in the data folder: the same bytes are kept once, under an id made of their hash.

A file is written beside its place and moved there whole, so that a crash leaves no half file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import anyio.to_thread

from ..config import UPLOAD_LIMIT
from ..db.vault.files import replace
from ..errors import Code, Refused
from ..guard.ssrf import media_type
from .provenance import Provenance
from .tables import is_table, no_table

_ID = re.compile(r"^ast_[0-9a-f]{64}$")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
PICTURES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
}
MEDIA = PICTURES | {"model/gltf-binary": "glb", "model/vnd.usdz+zip": "usdz"}
CSV = "text/csv"
TABLES = {CSV: "csv"}
ENDINGS = MEDIA | TABLES
FBX = "application/vnd.autodesk.fbx"
MADE = ENDINGS | {
    "video/mp4": "mp4",
    "application/pdf": "pdf",
    "application/json": "json",
    "text/vtt": "vtt",
    FBX: "fbx",
}
"""What is kept, by media type, with the ending that its name gets."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One stored file. ``size`` in bytes; ``name`` is safe as a file name; ``source`` says where it came from, and
    ``provenance`` how it was made, where it was.
    """

    id: str
    sha256: str
    name: str
    content_type: str
    size: int
    source: str
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])


def _safe(name: str, ending: str) -> str:
    return f"{_UNSAFE.sub('-', Path(name).stem).strip('-.')[:60] or 'file'}.{ending}"


def kind_of(content: bytes) -> str | None:
    """The media type, told by what the file holds; None for what is not kept."""
    kind = media_type(content)
    return kind or (CSV if is_table(content) else None)


def unwelcome(content: bytes, kinds: Mapping[str, str]) -> Refused:
    """The refusal of a file of another kind than is asked for."""
    if kinds is TABLES:
        return no_table(content)
    if kinds is MEDIA:
        return Refused(
            Code.INVALID_ARGUMENTS,
            "The file is no picture or 3D model of a known kind.",
            "PNG, JPEG, GIF, WebP, AVIF, GLB and USDZ can be uploaded.",
        )
    if kinds is PICTURES:
        return Refused(
            Code.INVALID_ARGUMENTS,
            "The file is not a picture of a known kind.",
            "PNG, JPEG, GIF, WebP and AVIF can be uploaded.",
        )
    return Refused(
        Code.INVALID_ARGUMENTS,
        "The file is no picture, 3D model or CSV table of a known kind.",
        "PNG, JPEG, GIF, WebP, AVIF, GLB, USDZ and CSV can be uploaded.",
    )


class Assets:
    """The store. ``folder`` is made when the first file comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, asset: Asset) -> Path:
        return self._file(asset.id)

    async def put(self, content: bytes, name: str, source: str, kinds: Mapping[str, str] = ENDINGS) -> Asset:
        """Keep a picture, a 3D model or a table.

        Args:
            content: the bytes, at most 25 MiB.
            name: file name as given; made safe and given the ending of what the bytes are.
            source: ``upload``, ``folder`` or the host it was fetched from.
            kinds: media types that are welcome.

        Raises:
            Refused: TOO_LARGE, or INVALID_ARGUMENTS when the bytes are of no such kind.
        """
        if len(content) > UPLOAD_LIMIT:
            raise Refused(
                Code.TOO_LARGE, f"The file has more than {UPLOAD_LIMIT >> 20} MiB.", "Make it smaller and try again."
            )
        kind = kind_of(content)
        if kind is None or kind not in kinds:
            raise unwelcome(content, kinds)
        digest = hashlib.sha256(content).hexdigest()
        asset = Asset(f"ast_{digest}", digest, _safe(name, ENDINGS[kind]), kind, len(content), source)
        await anyio.to_thread.run_sync(self._write, asset, content)
        return asset

    async def add(self, content: bytes, name: str, content_type: str, provenance: Provenance) -> Asset:
        """Keep a file of our own making, or a provider's, whatever its size.

        Args:
            content: the bytes.
            name: made safe, and given the ending of ``content_type``.
            content_type: one of ``MADE``.
            provenance: how it was made.
        """
        digest = hashlib.sha256(content).hexdigest()
        ending = MADE[content_type]
        made = asdict(provenance)
        asset = Asset(f"ast_{digest}", digest, _safe(name, ending), content_type, len(content), provenance.tool, made)
        await anyio.to_thread.run_sync(self._write, asset, content)
        return asset

    def workshop(self, name: str) -> Path:
        """A folder for files in the making; ``keep`` takes what is ready out of it."""
        return self.folder / "making" / name

    async def keep(self, file: Path, name: str, content_type: str, source: str) -> Asset:
        """Move a file of our own making into the store, and drop the folder it was made in.

        Args:
            file: a file in a ``workshop``.
            name: what people call it; safe as a file name.
            content_type: its media type.
            source: which part made it.
        """
        return await anyio.to_thread.run_sync(self._keep, file, name, content_type, source)

    def _keep(self, file: Path, name: str, content_type: str, source: str) -> Asset:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            os.fsync(content.fileno())
        asset = Asset(f"ast_{digest}", digest, name, content_type, file.stat().st_size, source)
        target = self._file(asset.id)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.chmod(0o600)
        file.replace(target)
        replace(self._sheet(asset.id), json.dumps(asdict(asset)).encode())
        shutil.rmtree(file.parent)
        return asset

    async def get(self, asset_id: str) -> Asset:
        """The asset of that id.

        Raises:
            Refused: NOT_FOUND.
        """
        if _ID.match(asset_id):
            sheet = self._sheet(asset_id)
            if sheet.exists():
                return Asset(**json.loads(await anyio.Path(sheet).read_text("utf-8")))
        raise Refused(
            Code.NOT_FOUND, "There is no such asset.", "POST the file to /api/v1/assets; the answer has its id."
        )

    async def drop(self, asset_id: str) -> None:
        """Delete the asset of that id, if there is one."""
        if _ID.match(asset_id):
            for file in (self._sheet(asset_id), self._file(asset_id)):
                await anyio.Path(file).unlink(missing_ok=True)

    def _file(self, asset_id: str) -> Path:
        return self.folder / asset_id[4:6] / asset_id

    def _sheet(self, asset_id: str) -> Path:
        return self._file(asset_id).with_suffix(".json")

    def _write(self, asset: Asset, content: bytes) -> None:
        target = self._file(asset.id)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(target, content)
        replace(self._sheet(asset.id), json.dumps(asdict(asset)).encode())
