"""Files of this server that anybody may read: publishing one is an operation like any other, so that it is previewed,
done with its change set, and taken back with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.changes.model import JournalOp, LeftAlone, Op, Outcome
from devskyy_mcp.changes.stage import Unit
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Refused
from devskyy_tools.shop.collections import PRODUCTS
from devskyy_tools.shop.session import Shop

SYSTEM = "assets"
_DONE = frozenset({"done", "not_taken"})


def stage(unit: Unit, asset: Asset, *, published: bool = True) -> Op | None:
    """Stage that anybody may read the file, or nobody any more; None where that is so already."""
    if asset.published is published:
        return None
    before, body = {"published": asset.published}, {"published": published}
    op = Op(SYSTEM, "update", "files", asset.id, body, before, label=f"file {asset.name}")
    if published:
        op.leaves.append("public")
        op.effects.append(f"Anybody can read {asset.name} at its address on this server.")
    return unit.add(op)


class PublishedFiles:
    """Implements ``devskyy_mcp.changes.model.System`` over the asset store."""

    name = SYSTEM
    quiet_after = 0.0
    in_flight = 2
    proves_absence = True

    def __init__(self, assets: Assets) -> None:
        self.assets = assets

    def groups(self, ops: Sequence[Op]) -> list[list[Op]]:
        return [[op] for op in ops]

    def object_keys(self, op: Op) -> list[str]:
        return [f"assets/{op.target}"]

    async def check(self, ops: Sequence[Op]) -> list[Outcome | None]:
        return [await self._gone(op) for op in ops]

    async def _gone(self, op: Op) -> Outcome | None:
        try:
            await self.assets.get(str(op.target))
        except Refused:
            return Outcome("skipped", notes=["The file is no longer there."])
        return None

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:  # noqa: ARG002 # the port's own
        return [await self._set(op) for op in ops]

    async def _set(self, op: Op) -> Outcome:
        try:
            act = self.assets.publish if op.body["published"] else self.assets.unpublish
            await act(str(op.target))
        except Refused as refused:
            return Outcome("failed", error={"code": str(refused.code), "message": refused.message})
        return _done(op)

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        """Setting it again does nothing twice, so what was lost is simply read."""
        found: list[Outcome] = []
        for item in ops:
            try:
                is_now = (await self.assets.get(str(item.op.target))).published
            except Refused:
                found.append(Outcome("failed", error={"code": "NOT_FOUND", "message": "The file is no longer there."}))
                continue
            found.append(_done(item.op) if is_now is item.op.body["published"] else Outcome("not_sent"))
        return found

    async def stage_undo(self, ctx: Context, ops: Sequence[JournalOp]) -> None:
        assert ctx.unit is not None
        for item in reversed(ops):
            if item.state not in _DONE:
                continue
            try:
                asset = await self.assets.get(str(item.op.target))
            except Refused:
                ctx.unit.leave(LeftAlone(item.op.label, "impossible", "The file is no longer there."))
                continue
            if await _linked(ctx.get(Shop), asset.id) > 1:
                ctx.unit.leave(LeftAlone(item.op.label, "left_alone", "Other products link it by now."))
                continue
            stage(ctx.unit, asset, published=bool(item.op.before["published"]))


async def _linked(shop: Shop, asset: str) -> int:
    """How many products name the file in their metadata."""
    number, pages, found = 1, 1, 0
    while number <= pages:
        page = await shop.list(PRODUCTS, fields=("id", "meta_data"), per_page=100, page=number, status="any")
        found += sum(any(asset in str(one.get("value")) for one in item.get("meta_data") or ()) for item in page.items)
        number, pages = number + 1, page.pages
    return found


def _done(op: Op) -> Outcome:
    return Outcome("done", str(op.target), dict(op.body), dict(op.before))
