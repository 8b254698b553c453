"""Links on the site's own pages and posts: which are broken, and which take detours.

Links to the site itself are asked of it, unsigned, as any visitor does; all others through the guard against private
networks. Links that do something when they are followed are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Annotated, Any, Literal, cast
from urllib.parse import parse_qsl, urljoin, urlsplit

import anyio
from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.ssrf import follow_public
from devskyy_mcp.guard.taint import Taints
from devskyy_tools.shop.abreast import abreast
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import PAGES, POSTS
from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import PAGE, Shop

from .models import raw

links = Toolset("links", timeout=300)

Of = Literal["pages", "posts", "all"]
REDIRECTS = 5
SECONDS = 10.0
"""For one link."""
AT_ONCE = 8
SHOWN = 60
"""Broken links, and as many redirected ones, that a result names."""
PLACES = 5
_ACTS = frozenset(
    ("action", "_wpnonce", "add-to-cart", "remove_item", "undo_item", "wc-ajax", "wc-api", "logout", "customer-logout")
)
_INSIDE = ("/wp-admin", "/wp-login.php", "/xmlrpc.php", "/wp-json/")


class LinkPlace(ShopModel):
    """Where a link stands; ``text`` is what people click on."""

    id: int
    type: str
    title: str
    text: str | None = None


class FoundLink(ShopModel):
    """``chain`` holds the addresses on the way with their statuses, where there are several."""

    url: str
    status: int | None = None
    why: str | None = None
    external: bool
    chain: list[str] | None = None
    found_in: list[LinkPlace]
    places: int


class LinkCheck(ShopModel):
    """``not_checked`` counts links by why they were not followed."""

    read: int
    of: int
    links: int
    good: int
    broken: list[FoundLink]
    redirected: list[FoundLink]
    more: int
    not_checked: dict[str, int] | None = None
    note: str | None = None


@dataclass
class _Link:
    url: str
    places: list[LinkPlace] = field(default_factory=list[LinkPlace])
    external: bool = False
    hops: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    why: str = ""
    skipped: str = ""

    @property
    def broken(self) -> bool:
        return bool(self.why) or (bool(self.hops) and self.hops[-1][1] >= 400)


@links.tool("read", scopes="content:read", texts="catalogue")
async def wp_links_check(
    ctx: Context,
    of: Of = "all",
    external: Annotated[bool, Field(description="Also links to other sites.")] = True,
    limit: Annotated[int, Field(ge=1, le=1000, description="Pages and posts, each; the latest changed first.")] = 100,
    most: Annotated[int, Field(ge=1, le=1000, description="Links.")] = 300,
) -> LinkCheck:
    """Check the links on published pages and posts: broken ones, and chains of redirects, with where they stand."""
    site = await _Site.of(ctx)
    found: dict[str, _Link] = {}
    read = total = 0
    for collection, kind in ((PAGES, "page"), (POSTS, "post")):
        if of in ("all", collection.name):
            some, count = await _objects(ctx, collection, limit)
            read, total = read + len(some), total + count
            for obj in some:
                _collect(found, obj, kind)
    wanted, skipped = _sorted(found, site, external=external, most=most)
    if external and not ctx.agreed and await ctx.get(Taints).marked(ctx.principal.id):
        for one in wanted:
            if one.external:
                one.skipped = "text from customers or the web was read shortly before, which may have named them"
        skipped += [one for one in wanted if one.skipped]
        wanted = [one for one in wanted if not one.skipped]
    await _follow(ctx, wanted, site)
    return _result(found, wanted, skipped, read, total)


async def _objects(ctx: Context, collection: Any, limit: int) -> tuple[list[dict[str, Any]], int]:
    shop, found, page, pages, total = ctx.get(Shop), list[dict[str, Any]](), 1, 1, 0
    fields = ("id", "link", "title", "content")
    while page <= pages and len(found) < limit:
        some = await shop.list(
            collection, fields=fields, status="publish", orderby="modified", order="desc", page=page,
            per_page=min(PAGE, limit),
        )  # fmt: skip
        found += some.items
        page, pages, total = page + 1, some.pages, some.total
    return found[:limit], total


class _Reader(HTMLParser):
    """Takes links and pictures out of HTML, with the words of links."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self._open: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.handle_endtag("a")
            self._open, self._words = str(given["href"]), []
        elif tag in ("img", "source", "video", "audio", "iframe") and given.get("src"):
            self.found.append((str(given["src"]), str(given.get("alt") or "")))

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open is not None:
            self.found.append((self._open, " ".join("".join(self._words).split())))
            self._open = None


def _collect(found: dict[str, _Link], obj: Mapping[str, Any], kind: str) -> None:
    reader = _Reader()
    content = cast("Mapping[str, Any]", obj.get("content") or {})
    reader.feed(str(content.get("rendered") or ""))
    reader.close()
    reader.handle_endtag("a")
    title = plain_text(raw(obj.get("title")))
    for address, words in reader.found:
        try:
            url = urljoin(str(obj.get("link") or ""), address.strip()).partition("#")[0]
        except ValueError:
            url = address.strip()
        if url:
            place = LinkPlace(id=obj["id"], type=kind, title=title, text=plain_text(words)[:80] or None)
            found.setdefault(url, _Link(url)).places.append(place)


@dataclass(frozen=True)
class _Site:
    """The shop's own addresses, and its connection."""

    client: ShopClient
    homes: tuple[str, ...]

    @classmethod
    async def of(cls, ctx: Context) -> _Site:
        client = ctx.get(ShopClient)
        root = await client.get("/", {"_fields": "home,url"})
        known = cast("Mapping[str, Any]", root if isinstance(root, dict) else {})
        said = [str(known.get(name) or "") for name in ("home", "url")]
        homes = [_bare(one).rstrip("/") for one in (*said, str(client.upstream.base_url)) if one]
        return cls(client, tuple(dict.fromkeys(homes)))

    def path(self, url: str) -> str | None:
        """Below the shop's address, where the link leads there."""
        bare = _bare(url)
        home = next((one for one in self.homes if bare == one or bare.startswith(f"{one}/")), None)
        return None if home is None else f"/{bare[len(home) :].lstrip('/')}"

    async def visit(self, url: str) -> tuple[int, str]:
        query = urlsplit(url).query
        return await self.client.upstream.visit(self.path(url) or "/", query, deadline=SECONDS)


def _bare(url: str) -> str:
    """Host and path: a site is the same over http and https."""
    parts = urlsplit(url)
    return f"{parts.netloc.lower().removeprefix('www.')}{'' if parts.path == '/' else parts.path}"


def _sorted(found: Mapping[str, _Link], site: _Site, *, external: bool, most: int) -> tuple[list[_Link], list[_Link]]:
    """Which to follow, in their order, and which not."""
    wanted: list[_Link] = []
    for one in found.values():
        one.skipped = _why_not(one.url)
        if not one.skipped:
            one.external = site.path(one.url) is None
            if one.external and not external:
                one.skipped = "links to other sites were not asked for"
            elif len(wanted) >= most:
                one.skipped = f"beyond the {most} links of one call"
            else:
                wanted.append(one)
    return wanted, [one for one in found.values() if one.skipped]


def _why_not(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""  # is followed, and found to be no address
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme or 'other'}: is no page"
    if any(parts.path.startswith(inside) or inside in parts.path for inside in _INSIDE):
        return "the site's own inside"
    if _ACTS & {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}:
        return "does something when followed"
    return ""


async def _follow(ctx: Context, wanted: list[_Link], site: _Site) -> None:
    turns, done = anyio.CapacityLimiter(AT_ONCE), 0

    async def one(link: _Link) -> None:
        nonlocal done
        async with turns:
            try:
                link.hops = await (
                    follow_public(link.url, deadline=SECONDS) if link.external else _inside(site, link.url)
                )
            except Refused as refused:
                if refused.details.get("rule") in ("address", "name", "port", "userinfo"):
                    link.skipped = "leads into a private network, or is no address of the web"
                link.why = refused.message
            except ValueError:
                link.why = "Its path climbs out of the site."
        done += 1
        await ctx.progress(done, len(wanted), f"{done} of {len(wanted)} links followed")

    await abreast(one, [(link,) for link in wanted])


async def _inside(site: _Site, url: str) -> list[tuple[str, int]]:
    """Along the site's own redirects, and out of it where they lead out."""
    hops: list[tuple[str, int]] = []
    while len(hops) <= REDIRECTS:
        if site.path(url) is None:
            return hops + await follow_public(url, deadline=SECONDS)
        status, location = await site.visit(url)
        hops.append((url, status))
        if not (300 <= status < 400 and location):
            return hops
        url = urljoin(url, location)
    raise Refused(Code.UPSTREAM_INVALID, f"It redirects more than {REDIRECTS} times.")


def _result(found: Mapping[str, _Link], wanted: list[_Link], skipped: list[_Link], read: int, total: int) -> LinkCheck:
    followed = [one for one in wanted if not one.skipped]
    skipped += [one for one in wanted if one.skipped]
    broken = [one for one in followed if one.broken]
    redirected = [one for one in followed if not one.broken and len(one.hops) > 1]
    reasons: dict[str, int] = {}
    for one in skipped:
        reasons[one.skipped] = reasons.get(one.skipped, 0) + 1
    return LinkCheck(
        read=read,
        of=total,
        links=len(found),
        good=len(followed) - len(broken) - len(redirected),
        broken=[_shown(one) for one in broken[:SHOWN]],
        redirected=[_shown(one) for one in redirected[:SHOWN]],
        more=max(0, len(broken) - SHOWN) + max(0, len(redirected) - SHOWN),
        not_checked=reasons or None,
        note=f"{total - read} older pages and posts were not read; raise limit." if total > read else None,
    )


def _shown(link: _Link) -> FoundLink:
    status = link.hops[-1][1] if link.hops else None
    return FoundLink(
        url=link.url,
        status=status,
        why=link.why or None,
        external=link.external,
        chain=[f"{status} {url}" for url, status in link.hops] if len(link.hops) > 1 else None,
        found_in=link.places[:PLACES],
        places=len(link.places),
    )
