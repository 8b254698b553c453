"""What the tools of generated pictures and films have in common: who does it, what goes out, what results show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio.to_process

from devskyy_mcp.assets.links import KeptFile, kept_file
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import PICTURES, Asset, Assets
from devskyy_mcp.assets.taking import Source, content_of
from devskyy_mcp.changes.model import Op
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job
from devskyy_tools.studio.providers.port import Provider
from devskyy_tools.studio.providers.registry import Providers

LOCAL = "Without a key, pictures that are there are edited, cut out and put together on this machine (media_*)."


async def chosen(ctx: Context, asked: str, able: Sequence[str]) -> Provider:
    """The provider of that name, or with ``auto`` the first with a key; the same one however often the job starts.

    Raises:
        Refused: NOT_CONFIGURED with the settings that would hold a key.
    """

    async def choose() -> str:
        providers = ctx.get(Providers)
        names = able if asked == "auto" else (asked,)
        ready = [name for name in names if providers.get(name).configured]
        if ready:
            return ready[0]
        abouts = [providers.get(name).about for name in names]
        if len(abouts) == 1:
            raise abouts[0].not_configured(LOCAL)
        titles, keys = " or ".join(one.title for one in abouts), " or ".join(one.key for one in abouts)
        message = f"This server has no key of {titles}. Nothing was sent."
        raise Refused(Code.NOT_CONFIGURED, message, f"Set {keys} and start the server again. {LOCAL}")

    return ctx.get(Providers).get(await ctx.get(Job).step("provider", choose))


async def prepared(ctx: Context, sources: Sequence[Source]) -> list[dict[str, str]]:
    """The pictures as they may leave this machine, kept as assets: ``{"asset", "sha256" of the original}`` each.

    Raises:
        Refused: as ``Source.take`` and ``photos.decode`` do.
    """

    async def prepare() -> list[dict[str, str]]:
        return [await _prepared(ctx, await source.take(ctx, PICTURES)) for source in sources]

    return await ctx.get(Job).step("pictures", prepare)


async def _prepared(ctx: Context, picture: Asset) -> dict[str, str]:
    from devskyy_tools.studio.pictures.outgoing import outgoing

    content, kind = await anyio.to_process.run_sync(outgoing, await content_of(ctx, picture), cancellable=True)
    made = Provenance(ctx.tool, (picture.sha256,), parameters={"for": "a provider"})
    kept = await ctx.get(Assets).add(content, picture.name, f"image/{kind}", made)
    return {"asset": kept.id, "sha256": picture.sha256}


def in_dollars(op: Op, title: str) -> Op:
    """An op of a provider that counts in US dollars, said so."""
    assert op.estimate is not None
    op.effects = [f"{title} takes about ${op.estimate / 1_000_000:.3f}."]
    return op


async def shown(ctx: Context, step: str, assets: Sequence[str]) -> list[KeptFile]:
    """The pictures as a result names and shows them, each followed by a preview where it is too large to be shown."""

    async def look() -> list[dict[str, Any]]:
        found: list[KeptFile] = []
        for asset in assets:
            found += await _shown(ctx, await ctx.get(Assets).get(asset))
        return [one.model_dump() for one in found]

    return [KeptFile(**one) for one in await ctx.get(Job).step(step, look)]


async def _shown(ctx: Context, picture: Asset) -> list[KeptFile]:
    from devskyy_tools.studio.pictures.outgoing import looked

    try:
        seen = await anyio.to_process.run_sync(looked, await content_of(ctx, picture), cancellable=True)
    except Refused:  # it is paid for and kept; what can't be looked at is not shown
        return [kept_file(picture)]
    whole = kept_file(picture, width=seen.width, height=seen.height, shown=seen.preview is None)
    if seen.preview is None:
        return [whole]
    made = replace(Provenance(ctx.tool), **{**picture.provenance, "sources": (picture.sha256,)})
    preview = await ctx.get(Assets).add(seen.preview, f"{picture.name}-preview", "image/webp", made)
    return [whole, kept_file(preview, width=seen.preview_width, height=seen.preview_height, shown=True)]


def name_of(words: str) -> str:
    """What files made of these words are called."""
    return "-".join(words.split()[:6]) or "picture"
