"""Files that this server keeps: which there are, where they came from, and deleting what nothing uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

import anyio
from pydantic import BaseModel, Field

from devskyy_mcp.assets.cleaning import Cleaning
from devskyy_mcp.assets.links import MOST_SHOWN, KeptFile, Links, kept_file
from devskyy_mcp.assets.store import MODELS, PICTURES, TABLES, Asset, Assets, may_read
from devskyy_mcp.capability import Content, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.paging import cursor_of, position

from .models import Cursor

assets = Toolset("assets", timeout=60)

MOST_READ = 8 * 1024 * 1024
MOST_NAMED = 50
MOST_SOURCES = 100
Kind = Literal["picture", "model", "film", "table", "other"]
_KINDS: Mapping[str, Iterable[str]] = {"picture": PICTURES, "model": MODELS, "film": ("video/mp4",), "table": TABLES}


class AssetRow(BaseModel):
    asset: str
    name: str
    content_type: str
    size: int = Field(description="Bytes.")
    added_at: str
    by: str = Field(description="The tool that made it, or upload, folder, or the host that it is from.")
    published: bool


class AssetRows(BaseModel):
    assets: list[AssetRow]
    next_cursor: str | None = Field(default=None, description="For the next page; absent on the last.")


class AssetSource(BaseModel):
    """A file that another one was made of."""

    sha256: str
    asset: str | None = Field(default=None, description="Absent where it is not kept any more.")
    name: str | None = None
    by: str | None = None
    used_for: str = Field(description="SHA-256 of what was made of it.")


class AssetView(BaseModel):
    """One file, and how it came to be."""

    file: KeptFile
    added_at: str
    published: bool
    link: str = Field(description="For people and pages that don't sign in; for a day, unless it is published.")
    by: str = Field(description="The tool that made it, or upload, folder, or the host that it is from.")
    provider: str | None = None
    model: str | None = None
    prompt: str | None = None
    cost_usd: float | None = None
    licence: str | None = None
    parameters: dict[str, object] | None = None
    sources: list[AssetSource] = Field(description="What it was made of, and what these were made of.")


class AssetsCleaned(BaseModel):
    """What is, or would be, deleted."""

    deleted: bool = Field(description="False: nothing was; confirm does it.")
    files: int
    size: int = Field(description="Bytes.")
    names: list[AssetRow] = Field(description="The oldest of them.")
    kept: dict[str, int] = Field(description="How many files stay, by why or by who uses them.")
    confirm: str | None = Field(default=None, description="Give it back to delete these files.")


def _time(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="seconds")


def _row(one: Asset) -> AssetRow:
    return AssetRow(
        asset=one.id,
        name=one.name,
        content_type=one.content_type,
        size=one.size,
        added_at=_time(one.added_at),
        by=one.source,
        published=one.published,
    )


def _kind(content_type: str) -> str:
    return next((kind for kind, types in _KINDS.items() if content_type in types), "other")


@assets.tool("read", scopes="media:read", open_world=False)
async def assets_list(
    ctx: Context,
    kind: Kind | None = None,
    name: Annotated[str, Field(max_length=100, description="Part of its name.")] = "",
    tool: Annotated[str, Field(max_length=60, description="That made it; or upload.")] | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor | None = None,
) -> AssetRows:
    """List kept files, newest first: uploads and what tools made. Their ids go into calls that take an asset."""
    behind = position(cursor, str, ("ast_",)) if cursor else None
    found = [
        one
        for one in await ctx.get(Assets).all()
        if may_read(ctx.principal, one)
        and (kind is None or _kind(one.content_type) == kind)
        and name.lower() in one.name.lower()
        and (tool is None or one.source == tool)
        and (behind is None or (one.added_at, one.id) < behind)
    ]
    rows = found[:limit]
    more = cursor_of(rows[-1].added_at, rows[-1].id) if len(found) > limit else None
    return AssetRows(assets=[_row(one) for one in rows], next_cursor=more)


@assets.tool("read", scopes="media:read", open_world=False)
async def assets_get(ctx: Context, asset: Annotated[str, Field(max_length=80)]) -> AssetView:
    """Show one kept file: where it came from, what it was made of and by what, and a link to it."""
    found = await _readable(ctx, asset)
    made, links = found.provenance, ctx.get(Links)
    return AssetView(
        file=kept_file(found, shown=found.content_type in PICTURES and found.size <= MOST_SHOWN),
        added_at=_time(found.added_at),
        published=found.published,
        link=links.public(found) if found.published else links.lent(found),
        by=found.source,
        provider=made.get("provider") or None,
        model=made.get("model") or None,
        prompt=made.get("prompt") or None,
        cost_usd=made.get("cost_usd"),
        licence=made.get("licence") or None,
        parameters=made.get("parameters") or None,
        sources=await _chain(ctx.get(Assets), found),
    )


@assets.tool("destroy", scopes="media:write", open_world=False, privileged=True)
async def assets_clean(
    ctx: Context,
    days: Annotated[int, Field(ge=1, le=3650, description="Only what nobody used for so long.")] = 30,
    confirm: Annotated[str, Field(max_length=16, description="From the call that showed what would go.")] | None = None,
) -> AssetsCleaned:
    """Delete kept files that no product, change, job or published link uses; the first call only shows which."""
    cleaning = ctx.get(Cleaning)
    if confirm is None:
        plan = await cleaning.plan(days)
        files, token = plan.files, plan.token if plan.files else None
    else:
        plan, files = await cleaning.carry_out(days, confirm)
        token = None
    return AssetsCleaned(
        deleted=confirm is not None,
        files=len(files),
        size=sum(one.size for one in files),
        names=[_row(one) for one in files[:MOST_NAMED]],
        kept=plan.kept,
        confirm=token,
    )


async def read_asset(ctx: Context, values: Mapping[str, str]) -> Content:
    """What the file holds, in its own media type.

    Raises:
        Refused: NOT_FOUND; FORBIDDEN; TOO_LARGE above 8 MiB, which a link gives.
    """
    found = await _readable(ctx, values["id"])
    if found.size > MOST_READ:
        raise Refused(
            Code.TOO_LARGE,
            f"The file has {found.size:,} bytes; {MOST_READ >> 20} MiB at most are read this way.",
            "assets_get gives a link to it.",
        )
    return Content(await anyio.Path(ctx.get(Assets).path(found)).read_bytes(), found.content_type)


async def asset_ids(ctx: Context, _variable: str, prefix: str) -> list[str]:
    """Ids of the newest files that begin with the prefix."""
    found = await ctx.get(Assets).all()
    return [one.id for one in found if one.id.startswith(prefix) and may_read(ctx.principal, one)][:100]


async def _readable(ctx: Context, asset: str) -> Asset:
    found = await ctx.get(Assets).get(asset)
    if not may_read(ctx.principal, found):
        raise Refused(Code.NOT_FOUND, "There is no such asset.", "assets_list has those that you may read.")
    return found


async def _chain(store: Assets, made: Asset) -> list[AssetSource]:
    """What it was made of, and so on, the nearest first; each file once."""
    chain: list[AssetSource] = []
    todo, seen = [made], {made.sha256}
    while todo and len(chain) < MOST_SOURCES:
        one = todo.pop(0)
        hashes = [source for source in one.provenance.get("sources", ()) if source not in seen]
        here = {found.sha256: found for found in await store.of_hashes(hashes)}
        for source in hashes:
            seen.add(source)
            found = here.get(source)
            known = {"asset": found.id, "name": found.name, "by": found.source} if found else {}
            chain.append(AssetSource(sha256=source, used_for=one.sha256, **known))
            if found:
                todo.append(found)
    return chain
