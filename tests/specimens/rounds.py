"""Calls every tool on a shop: reads as they are, writes as preview, apply, undo; and records the requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx2

from devskyy_mcp.app import App
from devskyy_mcp.capability import Capability, Registry
from devskyy_mcp.changes import operations
from devskyy_mcp.changes.model import JournalOp, Op, Ref
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import ALL, NOISY_META, Collection
from devskyy_tools.shop.session import SYSTEM as SHOP
from devskyy_tools.shop.signing import Credentials
from devskyy_tools.shop.undoing import PARENTS
from tests.fakes.demo import Desk, app_over

from .exceptions import excepted
from .reads import ASKED_ELSEWHERE, specimens_of
from .routes import Pair, Routes

Json = dict[str, Any]
WITH_PLUGIN = frozenset(
    {
        "wp_privacy_erase", "wp_redirects_create", "wp_redirects_delete", "wp_redirects_list", "wp_redirects_update",
        "wp_seo_update",
    }
)  # fmt: skip
"""Tools that can do nothing without DevSkyy's plugin on the site."""
Thing = tuple[str, str, str]
"""An object by collection, path and what it is called."""


class Recording(httpx2.AsyncBaseTransport):
    """Passes every request on, and notes method, path and the tool that was being called."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self.inner = inner
        self.seen: list[tuple[str, str, str]] = []
        self.by = ""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.partition("/wp-json")[2]
        self.seen.append((request.method, path.rstrip("/") or "/", self.by))
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


@dataclass
class Recorder(Desk):
    """A desk whose requests are recorded with the tool that they were for."""

    recording: Recording

    async def do(self, tool: str, /, **arguments: Any) -> Json:
        before, self.recording.by = self.recording.by, tool
        try:
            return await super().do(tool, **arguments)
        finally:
            self.recording.by = before


@dataclass
class Round:
    """What became of one tool's calls.

    Args:
        tool: its name.
        refusals: why calls were refused; empty when all went well.
        differs: per object the fields that are not as they were before, and what was left behind.
        lasts: whether the preview said that it can't be undone.
        views: what the calls answered.
    """

    tool: str
    refusals: list[str] = field(default_factory=list[str])
    differs: dict[str, Any] = field(default_factory=dict[str, Any])
    lasts: bool = False
    views: list[Json] = field(default_factory=list[Json])

    @property
    def refused(self) -> str:
        return "; ".join(self.refusals)


class Rounds:
    """Goes a round with each tool of a site at most once."""

    def __init__(self, desk: Recorder, routes: Routes) -> None:
        self.desk = desk
        self.routes = routes
        self.registry = desk.app.services.get(Registry)
        self._done: dict[str, Round] = {}

    @property
    def client(self) -> ShopClient:
        return self.desk.app.services.get(ShopClient)

    def speaks(self, tool: Capability) -> bool:
        """Whether the site has what the tool is for."""
        listed = {pair.route for pair in self.routes.pairs}
        if tool.name.startswith("wp_items_"):  # a plain site has no type without tools of its own
            return "/wp/v2/product" in listed
        if tool.name in WITH_PLUGIN:
            return "/devskyy/v1/redirects" in listed
        trade = tool.pack in {"woocommerce", "playbooks", "insights"} or tool.name.startswith("three_d_products_")
        return not trade or any(route.startswith("/wc/v3") for route in listed)

    async def of(self, name: str) -> Round:
        """The round of this tool, gone now if it was not before."""
        if name not in self._done:
            self._done[name] = await self._go(self.registry.tool(name))
        return self._done[name]

    async def all(self) -> dict[str, Round]:
        """The rounds of all tools that the site has something for."""
        names = [name for name, tool in sorted(self.registry.tools.items()) if self.speaks(tool)]
        return {name: await self.of(name) for name in names if name not in ASKED_ELSEWHERE}

    def reached(self) -> dict[Pair, list[str]]:
        """Per pair the tools that reached it, by the recorded requests."""
        found: dict[Pair, list[str]] = {}
        for method, path, by in self.desk.recording.seen:
            pair = self.routes.pair_of(method, path) if by else None
            if pair is not None and by not in found.setdefault(pair, []):
                found[pair].append(by)
        return found

    # ---- one tool --------------------------------------------------------------------------------------------------

    async def _go(self, tool: Capability) -> Round:
        found = Round(tool.name)
        ways = specimens_of(tool)
        if not ways:
            found.refusals.append("it has no specimen: see tests/specimens")
        for way in ways:
            try:
                arguments = await way(self.desk)
                await (self._write(found, arguments) if tool.stages else self._read(found, arguments))
            except Refused as refused:
                found.refusals.append(f"{refused.message} [{refused.code}]")
        return found

    async def _read(self, found: Round, arguments: Json) -> None:
        found.views.append(await self.desk.do(found.tool, **arguments))

    async def _write(self, found: Round, arguments: Json) -> None:
        """Preview, apply, undo, and compare all that was touched with how it was."""
        shown = await self.desk.do(found.tool, **arguments, preview=True)
        assert shown["state"] == "proposed", shown
        found.lasts = any(item.op.undo for item in await self._ops(shown["change"]))
        things = await self._touched([item.op for item in await self._ops(shown["change"])])
        before = {thing: await self._look(thing) for thing in things}
        done = await self._agreed("changes_apply", change=shown["change"])
        found.views += [shown, done]
        if done["state"] != "applied":
            found.differs["applied"] = done
            return
        made = [_thing(item.op, item.outcome.object_id) for item in await self._ops(shown["change"]) if _makes(item)]
        back = await self._agreed("changes_undo", change=shown["change"])
        found.views.append(back)
        if found.lasts:
            return
        if back["state"] != "applied":
            found.differs["undone"] = back
        for thing in things:
            if differing := _differing(ALL[thing[0]], before[thing], await self._look(thing)):
                found.differs[thing[2]] = differing
        for thing in made:
            left = await self._look(thing)
            if left and left.get("status") != "trash":
                found.differs[thing[2]] = "is still there"

    async def _agreed(self, tool: str, **arguments: Any) -> Json:
        done = await self.desk.do(tool, **arguments)
        if done["state"] == "waits_for_person":
            self.desk.recording.by = tool
            done = await self.desk.agree(done["change"])
        return done

    async def _ops(self, change: str) -> list[JournalOp]:
        async with self.desk.app.services.get(Database).read() as conn:
            return await operations.read_ops(conn, change)

    async def _touched(self, ops: Sequence[Op]) -> list[Thing]:
        """The objects of the plan, what they belong to, and what an order is of; not what belongs to a new object."""
        found: dict[Thing, None] = {}
        for op in ops:
            if op.system != SHOP:  # what this server keeps itself is compared in tests of its own
                continue
            if any(isinstance(value, Ref) for value in op.parent.values()):
                continue
            if op.kind != "create" and isinstance(op.target, int | str):
                found[_thing(op, str(op.target))] = None
            for name, value in op.parent.items():
                if isinstance(value, int | str) and PARENTS.get(name) in ALL:
                    above = ALL[PARENTS[name]]
                    found[above.name, above.url(None, value), f"{above.noun} {value}"] = None
        for collection, path, _ in [*found]:
            for line in ((await self._look((collection, path, ""))) or {}).get("line_items", ()):
                product = line.get("product_id")
                if product:
                    found["products", ALL["products"].url(None, product), f"product {product}"] = None
        return [*found]

    async def _look(self, thing: Thing) -> Json | None:
        """The object as it is stored, past every tool; None when there is none."""
        before, self.desk.recording.by = self.desk.recording.by, ""
        try:
            return ALL[thing[0]].read(await self.client.get(thing[1], {"context": "edit"}))
        except Refused:
            return None
        finally:
            self.desk.recording.by = before


def _makes(item: JournalOp) -> bool:
    """Whether it has made an object of the shop's."""
    return item.op.system == SHOP and item.op.kind == "create" and item.outcome.object_id is not None


def _thing(op: Op, target: str | None) -> Thing:
    collection = ALL[op.collection]
    return collection.name, collection.url(op.parent, target), f"{collection.noun} {target}"


def _differing(collection: Collection, before: Json | None, after: Json | None) -> Json:
    """Per field [before, after] where they differ; all fields but the published list."""
    was, is_now = _bare(collection, before or {}), _bare(collection, after or {})
    names = sorted(was.keys() | is_now.keys())
    return {name: [was.get(name), is_now.get(name)] for name in names if was.get(name) != is_now.get(name)}


def _bare(collection: Collection, obj: Mapping[str, Any]) -> Json:
    left_out = excepted(collection.name, obj)
    out = {name: value for name, value in obj.items() if name not in left_out}
    if isinstance(out.get("meta_data"), list):
        entries = cast("list[Json]", out["meta_data"])
        kept = [[one["key"], one["value"]] for one in entries if not str(one["key"]).startswith(NOISY_META)]
        out["meta_data"] = sorted(kept, key=str)
    return out


@asynccontextmanager
async def rounds(
    folder: Path, url: str, transport: httpx2.AsyncBaseTransport, login: Credentials
) -> AsyncGenerator[Rounds]:
    """Rounds over the shop at the address."""
    recording = Recording(transport)
    app: App = app_over(folder, url, recording, login, deadline=60, calls_burst=100_000, worker="off")
    try:
        index = await app.services.get(ShopClient).get("/")
        yield Rounds(Recorder(app, recording), Routes(index))
    finally:
        await app.close()
