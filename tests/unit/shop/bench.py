"""A demo shop, sessions on it, and a small stand-in for the road that commits: what the tests of the library share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx2

from devskyy_mcp.changes.model import JournalOp, Op, Outcome, fill, refs
from devskyy_mcp.changes.stage import Unit
from devskyy_mcp.config import Settings
from devskyy_mcp.context import ALL_SCOPES, Context, Principal, Services
from devskyy_mcp.http import Upstream
from devskyy_tools import sandbox
from devskyy_tools.shop import Credentials, Shop, ShopClient, ShopSystem
from devskyy_tools.shop import collections as at
from devskyy_tools.shop.collections import NOISE, NOISY_META, Collection
from devskyy_tools.shop.signing import signer

Json = dict[str, Any]


@dataclass
class Bench:
    """One demo shop and a client of it."""

    app: sandbox.Sandbox
    client: ShopClient
    system: ShopSystem

    @property
    def faults(self) -> sandbox.Faults:
        return self.app.faults

    def requests(self) -> list[str]:
        """Method and path of each request since the last call of this."""
        found = [f"{seen.method} {seen.path}" for seen in self.app.requests]
        self.app.requests.clear()
        return found

    def call(self) -> tuple[Shop, Unit]:
        """A session of a new call that may write, and its unit of work."""
        services = Services()
        services.put(ShopClient, self.client)
        services.put(Settings, Settings())
        services.per_call(Shop, Shop)
        ctx = Context(Principal("test", "os", ALL_SCOPES), services)
        ctx.unit = Unit()
        return ctx.get(Shop), ctx.unit

    async def commit(self, unit: Unit, change: str = "chg_test") -> list[JournalOp]:
        """Send what is staged, wave by wave."""
        outcomes: dict[int, Outcome] = {}
        done: list[JournalOp] = []
        waiting = list(unit.ops)
        while waiting:
            open_seqs = {op.seq for op in waiting}
            wave = [op for op in waiting if not refs(op) & open_seqs]
            waiting = [op for op in waiting if op not in wave]
            for group in self.system.groups([_filled(op, outcomes) for op in wave]):
                sent_at = int(time.time() * 1_000_000)
                for op, outcome in zip(group, await self.system.send(change, group), strict=True):
                    outcomes[op.seq] = outcome
                    done.append(JournalOp(change, op, outcome.state, sent_at, outcome))
        return sorted(done, key=lambda item: item.op.seq)

    async def undo(self, done: Sequence[JournalOp], change: str = "chg_undo") -> tuple[list[JournalOp], Unit]:
        """Stage and send the inverses."""
        shop, unit = self.call()
        await self.system.stage_undo(shop.ctx, done)
        return await self.commit(unit, change), unit

    async def update(self, collection: Collection, target: int, fields: Json, **parent: int) -> JournalOp:
        """Change one object as a tool would; there must be something to change."""
        shop, unit = self.call()
        await shop.update(collection, target, fields, **parent)
        return (await self.commit(unit))[0]

    async def create(self, collection: Collection, fields: Json, **parent: int) -> tuple[int, JournalOp]:
        shop, unit = self.call()
        await shop.create(collection, fields, **parent)
        item = (await self.commit(unit))[0]
        assert item.outcome.object_id, item.outcome
        return int(item.outcome.object_id), item

    async def raw(self, collection: Collection, target: int, **parent: int) -> Json:
        """The object as the shop has it, without noise."""
        obj = cast("Json", await self.client.get(collection.url(parent, target), {"context": "edit"}))
        if "meta_data" in obj:
            kept = [entry for entry in obj["meta_data"] if not entry["key"].startswith(NOISY_META)]
            obj["meta_data"] = [
                (entry["key"], entry["value"]) for entry in kept
            ]  # written again, an entry has a new id
        return {name: value for name, value in obj.items() if name not in NOISE}

    async def first(self, **params: Any) -> Json:
        """The first product that the parameters find."""
        return (await self.client.page(at.PRODUCTS.url(), {"per_page": 1, **params})).items[0]


def _filled(op: Op, outcomes: dict[int, Outcome]) -> Op:
    ids = {seq: outcome.object_id for seq, outcome in outcomes.items() if outcome.object_id}
    op.target, op.parent, op.body = fill(op.target, ids), fill(op.parent, ids), fill(op.body, ids)
    return op


def make_bench(credentials: Credentials | None = None, base: str = "http://sandbox.test", **options: Any) -> Bench:
    app = sandbox.create_sandbox(**options)
    login = credentials or Credentials(sandbox.DEMO_USER, sandbox.DEMO_APP_PASSWORD)
    upstream = Upstream("The shop", base, transport=httpx2.ASGITransport(app=app), auth=signer(login))
    client = ShopClient(upstream)
    return Bench(cast("sandbox.Sandbox", app.state.sandbox), client, ShopSystem(client, Path("secrets")))
