"""A content-addressed store of files in the data folder: the same bytes are kept once, under an id made of their hash.

A file is written beside its place and moved there whole, so that a crash leaves no half file. Beside it lies its sheet,
whose time of change is when somebody last put or asked for the file; ``collect`` deletes only what nobody did for long.
Both are held against each other by a lock per folder, over all processes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio.to_thread

from ..config import UPLOAD_LIMIT
from ..context import Principal
from ..db.vault.files import replace as replace_file
from ..errors import Code, Refused
from ..guard.ssrf import media_type
from .provenance import Provenance
from .tables import is_json, is_table, no_table

_ID = re.compile(r"^ast_[0-9a-f]{64}$")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
PICTURES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
}
MODELS = {"model/gltf-binary": "glb", "model/vnd.usdz+zip": "usdz"}
MEDIA = PICTURES | MODELS
CSV = "text/csv"
TABLES = {CSV: "csv"}
JSON, MBOX = "application/json", "application/mbox"
EXPORTS = {JSON: "json", MBOX: "mbox"}
"""What other systems write of their own: help desks, analytics, mail boxes."""
ENDINGS = MEDIA | TABLES | EXPORTS
FBX = "application/vnd.autodesk.fbx"
MADE = ENDINGS | {
    "video/mp4": "mp4",
    "application/pdf": "pdf",
    "text/vtt": "vtt",
    FBX: "fbx",
}
"""What is kept, by media type, with the ending that its name gets."""
HOUR = 3600.0
LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Asset:
    """One stored file. ``size`` in bytes; ``name`` is safe as a file name; ``source`` says where it came from, and
    ``provenance`` how it was made, where it was. ``added_at`` is when it first came, in microseconds since 1970;
    ``published`` lets anybody read it.
    """

    id: str
    sha256: str
    name: str
    content_type: str
    size: int
    source: str
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])
    added_at: int = 0
    published: bool = False


def _safe(name: str, ending: str) -> str:
    return f"{_UNSAFE.sub('-', Path(name).stem).strip('-.')[:60] or 'file'}.{ending}"


def kind_of(content: bytes) -> str | None:
    """The media type, told by what the file holds; None for what is not kept."""
    kind = media_type(content)
    if kind is None and content.startswith(b"From "):
        return MBOX
    return kind or (CSV if is_table(content) else JSON if is_json(content) else None)


def unwelcome(content: bytes, kinds: Mapping[str, str]) -> Refused:
    """The refusal of a file of another kind than is asked for."""
    if not content:
        return Refused(Code.INVALID_ARGUMENTS, "The file is empty.", "Send its bytes as the body, or choose it again.")
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
    if kinds is not ENDINGS:
        wanted = " or ".join(ending.upper() for ending in kinds.values())
        return Refused(Code.INVALID_ARGUMENTS, f"The file is no {wanted}.", "assets_list tells what each file is.")
    return Refused(
        Code.INVALID_ARGUMENTS,
        "The file is no picture, 3D model, CSV table, JSON or mbox of a known kind.",
        "PNG, JPEG, GIF, WebP, AVIF, GLB, USDZ, CSV, JSON and mbox can be uploaded.",
    )


def may_read(principal: Principal, asset: Asset) -> bool:
    """Whether the principal's scopes let it read files of that kind: tables hold what the catalogue does, uploaded
    exports what customers wrote.
    """
    if asset.content_type == MBOX or (asset.content_type == JSON and not asset.provenance):
        return principal.may("orders:read")
    return principal.may("catalog:read" if asset.content_type in TABLES else "media:read")


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
        return await anyio.to_thread.run_sync(self._write, asset, content)

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
        return await anyio.to_thread.run_sync(self._write, asset, content)

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

    async def get(self, asset_id: str) -> Asset:
        """The asset of that id, which is then kept for as long as one that has just come.

        Raises:
            Refused: NOT_FOUND.
        """
        found = await anyio.to_thread.run_sync(self._asked_for, asset_id) if _ID.match(asset_id) else None
        if found is None:
            raise Refused(
                Code.NOT_FOUND, "There is no such asset.", "POST the file to /api/v1/assets; the answer has its id."
            )
        return found

    async def of_hashes(self, hashes: Iterable[str]) -> list[Asset]:
        """The files with these SHA-256 that are here."""
        ids = [f"ast_{one}" for one in hashes if _ID.match(f"ast_{one}")]
        return [one for one in await anyio.to_thread.run_sync(lambda: list(map(self._read, ids))) if one]

    async def all(self) -> list[Asset]:
        """Every file, the newest first."""
        return await anyio.to_thread.run_sync(self._all)

    async def publish(self, asset_id: str) -> Asset:
        """Let anybody read the file at its address, for good.

        Raises:
            Refused: NOT_FOUND.
        """
        return await self._publish(asset_id, published=True)

    async def unpublish(self, asset_id: str) -> Asset:
        """Let only those read it who sign in; who has a copy keeps it.

        Raises:
            Refused: NOT_FOUND.
        """
        return await self._publish(asset_id, published=False)

    async def drop(self, asset_id: str) -> None:
        """Delete the asset of that id, if there is one."""
        if _ID.match(asset_id):
            await anyio.to_thread.run_sync(self._drop, asset_id)

    async def collect(self, asset_id: str, before: float) -> bool:
        """Delete a file that is not published, and that nobody put or asked for since ``before`` (seconds since 1970).

        Returns:
            Whether it is gone.
        """
        return await anyio.to_thread.run_sync(self._collect, asset_id, before)

    async def sweep(self, before: float) -> int:
        """Delete what writes that were cut off left before that time, files without a sheet; how many there were."""
        return await anyio.to_thread.run_sync(self._sweep, before)

    def last_used(self, asset_id: str) -> float:
        """When somebody last put or asked for the file, to an hour; seconds since 1970, 0 for what is not there."""
        try:
            return self._sheet(asset_id).stat().st_mtime
        except FileNotFoundError:
            return 0

    # ---- on disk, in a thread --------------------------------------------------------------------------------------

    def _file(self, asset_id: str) -> Path:
        return self.folder / asset_id[4:6] / asset_id

    def _sheet(self, asset_id: str) -> Path:
        return self._file(asset_id).with_suffix(".json")

    @contextmanager
    def _held(self, asset_id: str) -> Generator[None]:
        """The only one to change or delete files of this folder, among all processes, while the block runs."""
        from filelock import FileLock

        folder = self._file(asset_id).parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / LOCK, mode=0o600):
            yield

    def _read(self, asset_id: str) -> Asset | None:
        try:
            sheet = self._sheet(asset_id)
            found = Asset(**json.loads(sheet.read_text("utf-8")))
            return found if found.added_at else replace(found, added_at=int(sheet.stat().st_mtime * 1_000_000))
        except FileNotFoundError:
            return None

    def _all(self) -> list[Asset]:
        ids = (sheet.stem for sheet in self.folder.glob("??/ast_*.json"))
        found = [asset for asset in map(self._read, ids) if asset is not None]
        return sorted(found, key=lambda asset: (asset.added_at, asset.id), reverse=True)

    def _asked_for(self, asset_id: str) -> Asset | None:
        if time.time() - self.last_used(asset_id) < HOUR:
            return self._read(asset_id)
        if not self._sheet(asset_id).exists():
            return None
        with self._held(asset_id):  # else it could be collected between these two
            found = self._read(asset_id)
            if found is not None:
                os.utime(self._sheet(asset_id))
            return found

    def _write(self, asset: Asset, content: bytes) -> Asset:
        def place(target: Path) -> None:
            if not target.exists() or target.stat().st_size != len(content):
                replace_file(target, content)

        return self._enter(asset, place)

    def _keep(self, file: Path, name: str, content_type: str, source: str) -> Asset:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            os.fsync(content.fileno())
        asset = Asset(f"ast_{digest}", digest, name, content_type, file.stat().st_size, source)
        file.chmod(0o600)
        kept = self._enter(asset, lambda target: file.replace(target))
        shutil.rmtree(file.parent)
        return kept

    def _enter(self, asset: Asset, place: Callable[[Path], object]) -> Asset:
        """Put the file in its place, and write its sheet. What was known of the same bytes stays: since when they are
        here, whether they are published, and how they were made where the new sheet does not say.
        """
        with self._held(asset.id):
            known = self._read(asset.id)
            if known is None:
                asset = replace(asset, added_at=int(time.time() * 1_000_000))
            else:
                asset = replace(asset, added_at=known.added_at, published=known.published)
                if known.provenance and not asset.provenance:
                    asset = replace(asset, provenance=known.provenance, source=known.source)
            place(self._file(asset.id))
            replace_file(self._sheet(asset.id), json.dumps(asdict(asset)).encode())
        return asset

    async def _publish(self, asset_id: str, *, published: bool) -> Asset:
        await self.get(asset_id)
        return await anyio.to_thread.run_sync(self._set_published, asset_id, published)

    def _set_published(self, asset_id: str, published: bool) -> Asset:
        with self._held(asset_id):
            found = self._read(asset_id)
            if found is None:
                raise Refused(Code.NOT_FOUND, "The asset was deleted just now.")
            asset = replace(found, published=published)
            replace_file(self._sheet(asset_id), json.dumps(asdict(asset)).encode())
        return asset

    def _drop(self, asset_id: str) -> None:
        with self._held(asset_id):
            self._unlink(asset_id)

    def _collect(self, asset_id: str, before: float) -> bool:
        with self._held(asset_id):
            found = self._read(asset_id)
            if found is None or found.published or self.last_used(asset_id) >= before:
                return False
            self._unlink(asset_id)
            return True

    def _sweep(self, before: float) -> int:
        gone = 0
        for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
            with self._held(f"ast_{folder.name}"):
                for file in folder.iterdir():
                    left = file.name != LOCK and file.suffix != ".json" and not file.with_suffix(".json").exists()
                    if (left or file.name.startswith(".ast_")) and file.stat().st_mtime < before:
                        file.unlink()
                        gone += 1
        return gone

    def _unlink(self, asset_id: str) -> None:
        for file in (self._sheet(asset_id), self._file(asset_id)):
            file.unlink(missing_ok=True)
