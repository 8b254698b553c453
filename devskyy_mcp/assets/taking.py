"""Files that a call names: one that was uploaded, one of this machine, or one at a public address or the shop's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import anyio
from pydantic import Field

from ..config import UPLOAD_LIMIT, Settings
from ..context import Context
from ..errors import Code, Refused
from ..guard.taint import Taints
from .own import OwnFiles
from .store import CSV, TABLES, Asset, Assets, kind_of, unwelcome

AssetId = Annotated[str | None, Field(description="Id from POST /api/v1/assets.", max_length=80)]
FilePath = Annotated[str | None, Field(description="File in an allowed folder (stdio).")]
FileUrl = Annotated[str | None, Field(max_length=2000)]
"""A public https address, or one of the shop's own pictures."""
_SENT_AS = (*TABLES, "text/plain", "text/tab-separated-values", "application/csv", "application/vnd.ms-excel")


class Source(NamedTuple):
    """Where a call has its file from: one of three."""

    url: str | None = None
    asset: str | None = None
    path: str | None = None

    def check(self) -> None:
        """Refuse none and several.

        Raises:
            Refused: INVALID_ARGUMENTS.
        """
        if sum(1 for given in self if given) != 1:
            raise Refused(Code.INVALID_ARGUMENTS, "Give exactly one of url, asset and path.")

    async def take(self, ctx: Context, kinds: Mapping[str, str]) -> Asset:
        """The file, kept in the store; nothing above 25 MiB is read.

        Args:
            ctx: the call's.
            kinds: the media types that are welcome, ``PICTURES`` or ``TABLES``.

        Raises:
            Refused: INVALID_ARGUMENTS when none or several are given, or it is of another kind; NOT_FOUND; TOO_LARGE;
                FORBIDDEN for files of this machine from elsewhere, and for addresses right after customers' texts.
        """
        self.check()
        store = ctx.get(Assets)
        if self.asset:
            return await self._kept(store, self.asset, kinds)
        if self.url:
            return await store.put(*await _fetch(ctx, self.url, kinds), kinds)
        return await store.put(*await _of_this_machine(ctx, str(self.path)), kinds)

    async def read(self, ctx: Context, kinds: Mapping[str, str]) -> bytes:
        """What the file holds, which is not kept unless it is kept already: it may tell of people.

        Raises:
            Refused: as ``take``.
        """
        self.check()
        if self.asset:
            return await content_of(ctx, await self._kept(ctx.get(Assets), self.asset, kinds))
        content, *_ = await (_fetch(ctx, self.url, kinds) if self.url else _of_this_machine(ctx, str(self.path)))
        if kind_of(content) not in kinds:
            raise unwelcome(content, kinds)
        return content

    @staticmethod
    async def _kept(store: Assets, asset: str, kinds: Mapping[str, str]) -> Asset:
        found = await store.get(asset)
        if found.content_type not in kinds:
            head = await anyio.Path(store.path(found)).read_bytes()
            raise unwelcome(head, kinds)
        return found


async def content_of(ctx: Context, asset: Asset) -> bytes:
    """What a stored file holds."""
    return await anyio.Path(ctx.get(Assets).path(asset)).read_bytes()


async def _fetch(ctx: Context, url: str, kinds: Mapping[str, str]) -> tuple[bytes, str, str]:
    """Content, name and host."""
    from ..guard.ssrf import fetch_public

    try:
        parts = urlsplit(url)
        host = parts.hostname or "url"
    except ValueError:
        raise Refused(Code.INVALID_ARGUMENTS, "This is no address of the web.", "Give one like https://…") from None
    name = Path(parts.path).name or "file"
    own = await ctx.get(OwnFiles).picture(url)  # nothing leaves the shop by it, whoever has named the address
    if own is not None:
        return own, name, host
    if not ctx.agreed and await ctx.get(Taints).marked(ctx.principal.id):
        raise Refused(
            Code.FORBIDDEN,
            "Text from customers or the web was read shortly before, which may have named this address.",
            "Have a person download the file, and give it as an asset or a path.",
        )
    types: Collection[str] = {*_SENT_AS, *kinds} if CSV in kinds else kinds
    download = await fetch_public(url, max_bytes=UPLOAD_LIMIT, content_types=types)
    return download.content, name, host


async def _of_this_machine(ctx: Context, path: str) -> tuple[bytes, str, str]:
    """Content and name of a file from a folder that the person has allowed, for hosts on this machine only."""
    folders = [Path(await anyio.Path(folder).resolve()) for folder in ctx.get(Settings).upload_folders]
    if ctx.surface not in {"stdio", "cli"}:
        raise Refused(
            Code.FORBIDDEN, "Files of this machine can only be named over stdio.", "POST the file to /api/v1/assets."
        )
    target = Path(await anyio.Path(path).expanduser())
    target = Path(await anyio.Path(target).resolve())
    if not any(target.is_relative_to(folder) for folder in folders):
        raise Refused(
            Code.FORBIDDEN,
            "That file is in no allowed folder.",
            "Name the folder in DEVSKYY_UPLOAD_FOLDERS and start the server again.",
            details={"allowed": [str(folder) for folder in folders]},
        )
    file = anyio.Path(target)
    try:
        size = (await file.stat()).st_size
        content = await file.read_bytes() if size <= UPLOAD_LIMIT else b""
    except OSError:
        raise Refused(Code.NOT_FOUND, "There is no readable file of that name.") from None
    if size > UPLOAD_LIMIT:
        raise Refused(Code.TOO_LARGE, f"The file has more than {UPLOAD_LIMIT >> 20} MiB.")
    return content, target.name, "folder"
