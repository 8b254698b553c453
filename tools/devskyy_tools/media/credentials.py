"""Content credentials of files: signed, and read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
from pydantic import Field

from devskyy_mcp.assets.store import PICTURES, Asset, Assets
from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source, content_of
from devskyy_mcp.capability import Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.apart import apart
from devskyy_tools.studio.keeping import kept, stem

from .files import taken
from .models import SignedFile, SignedWords

if TYPE_CHECKING:
    from devskyy_tools.studio.credentials import Origin

credentials = Toolset("credentials", timeout=60)

_DEEPEST = 10
"""Files made of files, up to which it is looked whether a model made one."""


@credentials.tool("generate", scopes="media:write", open_world=False, idempotent=True)
async def media_credentials_sign(
    ctx: Context, asset: Annotated[str, Field(max_length=80, description="A picture or film made here.")]
) -> SignedFile:
    """Sign into a picture or film how it was made (C2PA), a model's share included. Needs the brand's certificate."""
    from devskyy_tools.studio.credentials import sign

    settings = ctx.get(Settings)
    if settings.c2pa_certificate_file is None or settings.c2pa_key_file is None:
        raise Refused(
            Code.NOT_CONFIGURED,
            "There is no certificate to sign with.",
            "Name its files in C2PA_CERTIFICATE_FILE and C2PA_KEY_FILE.",
        )
    found = await ctx.get(Assets).get(asset)
    origin = await _origin(ctx, found)
    pair = [await _pem(settings.c2pa_certificate_file), await _pem(settings.c2pa_key_file)]
    signed = await apart(sign, await content_of(ctx, found), found.content_type, found.name, origin, *pair)
    file = await kept(ctx, signed, f"{stem(found)}-signed", found.content_type, [found], {"origin": origin})
    return SignedFile(file=file, made_by_ai=origin != "program")


async def _pem(file: Path) -> str:
    try:
        return await anyio.Path(file).read_text("ascii")
    except (OSError, UnicodeDecodeError):
        raise Refused(
            Code.NOT_CONFIGURED, f"{file.name} can't be read.", "It must be PEM, readable by this server."
        ) from None


async def _origin(ctx: Context, asset: Asset) -> Origin:
    """What made the file; only for files made here is that known.

    Raises:
        Refused: INVALID_ARGUMENTS for a file that came from elsewhere.
    """
    if not asset.provenance:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            "How this file was made is not known here.",
            "Sign what a tool of DevSkyy has made, not what was uploaded.",
        )
    if asset.provenance.get("provider"):
        return "model"
    return "with_model" if await _holds_a_models(ctx, asset, _DEEPEST) else "program"


async def _holds_a_models(ctx: Context, asset: Asset, deep: int) -> bool:
    for sha256 in asset.provenance.get("sources", ()):
        try:
            source = await ctx.get(Assets).get(f"ast_{sha256}")
        except Refused:  # it was deleted meanwhile
            continue
        if source.provenance.get("provider") or (deep and await _holds_a_models(ctx, source, deep - 1)):
            return True
    return False


@credentials.tool("read", scopes="media:read", texts="outside")
async def media_credentials_read(
    ctx: Context, asset: AssetId = None, url: FileUrl = None, path: FilePath = None
) -> SignedWords:
    """Read a file's content credentials (C2PA): who signed, whether it was changed since, whether a model made it."""
    from devskyy_tools.studio.credentials import read

    found, content = await taken(ctx, Source(url, asset, path), PICTURES | {"video/mp4": "mp4"})
    said = await apart(read, content, found.content_type)
    if said is None:
        return SignedWords(state="none")
    return SignedWords(
        state=said.state, issuer=said.issuer or None, made_by_ai=said.made_by_ai, actions=list(said.actions),
        problems=list(said.problems),
    )  # fmt: skip
