"""A first hour with DevSkyy, played by the MCP SDK's own client.

    .venv/bin/python examples/first_hour.py                  # on the demo shop, or on the shop that .env names
    .venv/bin/python examples/first_hour.py --posts          # with posts, on a WordPress without WooCommerce
    .venv/bin/python examples/first_hour.py --url http://127.0.0.1:8000/mcp     # through a server that runs already

It finds a product, drafts another with a picture, previews a change over 20, shows the question that a person is asked
and answers yes, applies the change, and takes everything back. Before and after it reads the shop's own REST API, past
DevSkyy, and compares every field: what may differ is in ``MAY_DIFFER``; any other difference ends it with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import struct
import sys
import tempfile
import zlib
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from devskyy_mcp.config import Settings
from devskyy_mcp.guard.local_key import local_key
from devskyy_tools.shop import ShopClient, connect
from devskyy_tools.shop.provide import shop_settings

Json = dict[str, Any]
NAME = "A first hour"
MANY = 20
MAY_DIFFER = {
    "date_modified": "when it was last written",
    "date_modified_gmt": "the same in UTC",
    "modified": "when it was last written",
    "modified_gmt": "the same in UTC",
    "_links.version-history": "the number of revisions",
    "_links.predecessor-version": "the latest revision",
    "related_ids": "the shop draws them anew for each answer",
}
"""What no undo can bring back, since the shop writes it itself. Beyond these, what was made and taken back lies in the
bin or is gone, and its id is used up: the end names these ids."""

LISTS = {
    False: ["/wc/v3/products?status=any", "/wc/v3/products/categories", "/wc/v3/products/tags", "/wp/v2/media"],
    True: ["/wp/v2/posts?status=any", "/wp/v2/categories", "/wp/v2/tags", "/wp/v2/media"],
}


class Hour:
    """One session with the server: the changes that were carried out, oldest first, and what they made."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.done: list[str] = []
        self.made: list[str] = []

    async def call(self, tool: str, **arguments: Any) -> Json:
        """Call a tool, print what a model would read, and give its structured content."""
        print(f"\n> {tool} {str(arguments)[:200]}")
        result = await self.client.call_tool(tool, arguments)
        print("\n".join(block.text for block in result.content if isinstance(block, TextContent)))
        data: Json = result.structured_content or {}
        if result.is_error:
            raise SystemExit(f"{tool} was refused.")
        if data.get("state") == "waits_for_person":
            raise SystemExit("This client can't ask; agree on the approval page and start again.")
        if data.get("state") == "applied" and "undoes" not in data:
            self.done.append(data["change"])
        return data

    async def make(self, tool: str, **arguments: Any) -> int:
        """Carry out a create; the new object's id."""
        [row] = (await self.call(tool, **arguments))["changes"]
        self.made.append(f"{row['object'].removeprefix('new ')} (id {row['id']})")
        return int(row["id"])

    async def with_products(self, picture: Json) -> None:
        """Find, draft with a picture, preview 20, agree, apply."""
        await self.call("woo_products_list", search="dress", limit=5)
        images = [await self.make("wp_media_upload", **picture, **TEXTS)]
        await self.make("woo_products_create", name=NAME, status="draft", regular_price="49.00", images=images)
        found = await self.call("woo_products_list", type="simple", status="publish", limit=MANY)
        # A row says the regular price only where it is not the price.
        prices = {row["id"]: Decimal(row.get("regular_price") or row["price"]) for row in found["items"]}
        items = [{"id": one, "regular_price": f"{price * Decimal('1.05'):.2f}"} for one, price in prices.items()]
        plan = await self.call("woo_products_bulk_update", items=items, preview=True)
        await self.call("changes_apply", change=plan["change"])

    async def with_posts(self, picture: Json) -> None:
        """The same with posts. There is no bulk tool for them: 20 previews, each applied by its own id."""
        found = await self.call("wp_posts_list", status="publish", limit=MANY)
        featured = {"featured_media": await self.make("wp_media_upload", **picture, **TEXTS)}
        await self.make("wp_posts_create", title=NAME, status="draft", content="<p>What a day.</p>", **featured)
        plans = [
            await self.call("wp_posts_update", id=row["id"], title=f"{row['title']} (revisited)", preview=True)
            for row in found["items"]
        ]
        for plan in plans:
            await self.call("changes_apply", change=plan["change"])

    async def undo(self) -> None:
        """Take everything back, newest first."""
        for change in reversed(self.done):
            await self.call("changes_undo", change=change)


async def agree(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG001 # the SDK's
    """The person at the host. A real one would read and decide; this one says yes."""
    print("\n".join(f"  ? {line}" for line in params.message.splitlines()), "\n  ! yes")
    return ElicitResult(action="accept", content={"agree": True})


TEXTS = {"title": "First hour", "alt_text": "A square that turns from rose to black"}


async def handed_over(picture: Path, url: str) -> Json:
    """How the tool is told of the picture: by its path over stdio, else by the id that the server gives it."""
    if not url:
        return {"path": str(picture)}
    parts = urlsplit(url)
    async with httpx2.AsyncClient(headers=_login(url), timeout=60) as http:
        kept = await http.post(
            f"{parts.scheme}://{parts.netloc}/api/v1/assets",
            params={"name": picture.name},
            content=picture.read_bytes(),  # noqa: ASYNC240 # 1 KB
            headers={"Content-Type": "image/png"},
        )
    return {"asset": kept.raise_for_status().json()["asset"]}


def _login(url: str) -> dict[str, str]:
    """The local key, for a server on this machine only."""
    if urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"}:
        return {}
    return {"Authorization": f"Bearer {local_key(Settings().data_dir)}"}


def paint(folder: Path) -> Path:
    """A small PNG picture, made here so that nothing has to be found first."""
    side = 64
    rows = b"".join(b"\0" + bytes(v for x in range(side) for v in (200 - 3 * y, 60, 90 + x)) for y in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    target = folder / "first-hour.png"
    target.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    return target


# ---- the shop as it is, past DevSkyy -----------------------------------------------------------------------------


async def photograph(shop: ShopClient, lists: list[str]) -> dict[str, Json]:
    """Every object of these lists as the shop stores it, by ``/wc/v3/products/12``."""
    found: dict[str, Json] = {}
    for address in lists:
        path, _, query = address.partition("?")
        params = {"context": "edit", "per_page": 100, **dict(part.split("=") for part in query.split("&") if part)}
        pages, number = 1, 1
        while number <= pages:
            page = await shop.page(path, {**params, "page": number})
            found |= {f"{path}/{item['id']}": item for item in page.items}
            pages, number = page.pages, number + 1
    return found


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """The JSON tree flat: ``{"images": "list", "images.0": "dict", "images.0.id": 12, …}``."""
    if not isinstance(value, dict | list):
        return {path: value}
    tree = cast("Json | list[Any]", value)
    flat: dict[str, Any] = {path: type(tree).__name__}
    for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
        flat |= leaves(item, f"{path}.{key}" if path else str(key))
    return flat


def differences(before: dict[str, Json], after: dict[str, Json]) -> tuple[dict[str, set[str]], list[str]]:
    """Per field of ``MAY_DIFFER`` the objects where it moved, and a sentence for each difference not on that list."""
    expected: dict[str, set[str]] = {}
    wrong = [f"{name} is there now and was not before." for name in after.keys() - before.keys()]
    wrong += [f"{name} is gone." for name in before.keys() - after.keys()]
    for name in before.keys() & after.keys():
        was, now = leaves(before[name]), leaves(after[name])
        for path in sorted(was.keys() | now.keys()):
            if was.get(path) == now.get(path):
                continue
            known = next((one for one in MAY_DIFFER if path == one or path.startswith(f"{one}.")), None)
            if known:
                expected.setdefault(known, set()).add(name)
            else:
                wrong.append(f"{name}: {path} was {was.get(path)!r} and is {now.get(path)!r}.")
    return expected, wrong


# ---- all of it ---------------------------------------------------------------------------------------------------


async def connected(stack: AsyncExitStack, url: str, folder: str) -> Client:
    """A client of the running server at ``url``, or of one that is started over stdio."""
    if not url:
        environment = {**os.environ, "DEVSKYY_UPLOAD_FOLDERS": folder}
        command = StdioServerParameters(command=sys.executable, args=["-m", "devskyy_mcp", "stdio"], env=environment)
        return await stack.enter_async_context(Client(command, elicitation_callback=agree))
    http = await stack.enter_async_context(httpx2.AsyncClient(headers=_login(url), timeout=60))
    return await stack.enter_async_context(
        Client(streamable_http_client(url, http_client=http), elicitation_callback=agree)
    )


async def first_hour(url: str = "", *, posts: bool = False) -> int:
    """Play it and compare.

    Args:
        url: of a running server's MCP endpoint, with the same settings as here; empty starts one over stdio.
        posts: use posts instead of products.

    Returns:
        0 when nothing but the published list differs, else 1.
    """
    settings = Settings()
    shop = connect(shop_settings(settings), settings.data_dir)
    try:
        before = await photograph(shop, LISTS[posts])
        with tempfile.TemporaryDirectory() as folder:
            async with AsyncExitStack() as stack:
                hour = Hour(await connected(stack, url, folder))
                picture = await handed_over(paint(Path(folder)), url)
                await (hour.with_posts(picture) if posts else hour.with_products(picture))
                await hour.undo()
        expected, wrong = differences(before, await photograph(shop, LISTS[posts]))
    finally:
        await shop.aclose()
    print(f"\nMade and taken back: {', '.join(hour.made)}.\nCompared {len(before)} objects, every field:")
    for name, objects in sorted(expected.items()):
        print(f"  may differ and does: {name} ({MAY_DIFFER[name]}), in {len(objects)}")
    print("\n".join(f"  DIFFERS: {sentence}" for sentence in wrong) or "  everything else is as it was")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--url", default="", help="MCP endpoint of a running server")
    parser.add_argument("--stdio", action="store_true", help="start a server over stdio; so without --url")
    parser.add_argument("--posts", action="store_true", help="posts instead of products")
    given = parser.parse_args()
    if given.stdio and given.url:
        parser.error("give one of --stdio and --url")
    return asyncio.run(first_hour(given.url, posts=given.posts))


if __name__ == "__main__":
    sys.exit(main())
