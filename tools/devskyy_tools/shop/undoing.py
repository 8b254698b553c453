"""Stages what brings the objects of a change set back, as far as they are still as that set left them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from devskyy_mcp.changes.model import JournalOp, LeftAlone, ObjectId, Op
from devskyy_mcp.context import Context

from . import collections as at
from . import compare
from .abreast import abreast
from .collections import Collection
from .hidden import MASK, hides
from .lookup import marked
from .names import plain
from .rules_site import RESETS
from .session import MAKES, Shop

Json = dict[str, Any]
PARENTS = {
    "product_id": "products", "order_id": "orders", "attribute_id": "attributes", "zone_id": "shipping_zones",
    "user_id": "users", "font_family_id": "font_families",
}  # fmt: skip
_HELD_IN = {
    "product_categories": "categories", "product_tags": "tags", "brands": "brands", "attribute_terms": "attributes",
}  # fmt: skip
"""Fields of products that hold terms."""
_MODEL_FILES = ("glb", "usdz", "poster")
WINDOW = 400
"""Objects that are held at once while thousands are brought back."""
_NOTHING_DONE = frozenset({"failed", "not_sent", "skipped", "staged"})


async def stage_undo(ctx: Context, ops: Sequence[JournalOp]) -> None:
    """Stage the inverses into ``ctx.unit``, newest first; what can't come back is left with its reason."""
    shop = ctx.get(Shop)
    undoing = _Undoing(shop, ops)
    backwards = [item for item in reversed(ops) if item.state not in _NOTHING_DONE]
    for start in range(0, len(backwards), WINDOW):
        some = backwards[start : start + WINDOW]
        await undoing.read_ahead(some)
        for item in some:
            await undoing.one(item)
        if len(backwards) > WINDOW:
            shop.forget()


async def restore_variations(shop: Shop, product: ObjectId, restored: Op, **only: Any) -> None:
    """Stage bringing a product's binned variations back behind ``restored``, the op that brings back the product.

    Args:
        shop: this call's session.
        product: the product's id.
        restored: that op; the variations wait for it.
        only: further list parameters, such as ``include``.
    """
    page = await shop.list(at.VARIATIONS, product_id=product, status="trash", per_page=100, context="edit", **only)
    for child in page.items:
        back = await shop.restore(at.VARIATIONS, child["id"], _status_before_bin(child), product_id=product)
        if back is not None:  # after its parent: the parent's price range is worked out from what is there
            back.parent = {"product_id": restored.ref}


class _Undoing:
    def __init__(self, shop: Shop, ops: Sequence[JournalOp]) -> None:
        self.shop = shop
        done = [item for item in ops if item.op.kind == "create" and item.outcome.object_id]
        self.made = {(item.op.collection, str(item.outcome.object_id)) for item in done}
        self.held: dict[tuple[str, str], set[str]] = {}  # per term the products that were made with it
        for item in done:
            for terms in ("product_categories", "product_tags", "brands"):
                for line in _lines(item.op.body, _HELD_IN[terms]) if item.op.collection == at.PRODUCTS.name else []:
                    self.held.setdefault((terms, str(line.get("id"))), set()).add(str(item.outcome.object_id))

    async def read_ahead(self, ops: Sequence[JournalOp]) -> None:
        """One list for each hundred objects of a collection, where there is more than one."""
        wanted: dict[tuple[str, str], list[JournalOp]] = {}
        for item in ops:
            if item.op.kind in ("create", "update") and not self._goes_with_its_maker(item):
                wanted.setdefault((item.op.collection, str(sorted(item.op.parent.items()))), []).append(item)

        async def read(name: str, items: list[JournalOp]) -> None:
            ids = [item.op.target if item.op.kind == "update" else item.outcome.object_id for item in items]
            await self.shop.prefetch(at.ALL[name], ids, **items[0].op.parent)

        await abreast(read, [(name, items) for (name, _), items in wanted.items() if len(items) > 1])

    async def one(self, item: JournalOp) -> None:
        op = item.op
        reason = item.outcome.undo or op.undo
        target = op.target if op.kind != "create" else item.outcome.object_id
        if item.state in ("unknown", "sent") or target is None:
            self._leave(item, "left_alone", "What became of it is not known yet.")
        elif self._goes_with_its_maker(item):
            pass
        elif reason or (op.kind == "act" and MAKES not in op.note):
            self._leave(item, "impossible", reason or "An action can't be taken back.")
        elif op.kind == "act":
            await self._take_away(item)
        else:
            await self._bring_back(item, at.ALL[op.collection], target)

    async def _bring_back(self, item: JournalOp, collection: Collection, target: ObjectId) -> None:
        kind = item.op.kind
        if kind == "create" and collection.made_in:
            collection = at.ALL[collection.made_in]
        present = await self.shop.find(collection, target, **item.op.parent)
        if present is None:
            if kind != "create":
                self._leave(item, "impossible", "It is no longer there.")
        elif kind == "create":
            await self._unmake(item, collection, target, present)
        elif kind == "delete":
            await self._restore(item, collection, target)
        else:
            await self._write_back(item, collection, target, present)

    def _goes_with_its_maker(self, item: JournalOp) -> bool:
        """Whether the object, or what it belongs to, was made by the same set: it goes when that goes."""
        op = item.op
        if op.kind != "create" and (op.collection, str(op.target)) in self.made:
            return True
        return any((PARENTS.get(name, ""), str(value)) in self.made for name, value in op.parent.items())

    async def _unmake(self, item: JournalOp, collection: Collection, target: ObjectId, present: Json) -> None:
        if present.get("status") == "trash":
            return
        gone_with = self.held.get((collection.name, str(target)), set[str]())
        losing = [
            op
            for op in self.shop.unit.ops
            if _loses(op, collection, present, item.op.parent)
            or (op.kind == "delete" and op.collection == at.PRODUCTS.name and str(op.target) in gone_with)
        ]
        if int(present.get("count") or 0) > len(losing):
            self._leave(item, "left_alone", f"{present['count']} objects use it by now.")
            return
        if not collection.trash and (drift := self._drift(item, present, item.outcome.after)):
            self._leave(item, "left_alone", "It was changed since.", *drift)
            return
        reassign = 0 if collection is at.CUSTOMERS else None  # a user's heir is found when that is staged
        gone = await self.shop.delete(collection, target, reassign=reassign, **cast("Json", item.op.parent))
        if gone is not None and losing:  # when its objects have lost it
            gone.parent = {**gone.parent, **{f"loses_{op.seq}": op.ref for op in losing}}

    async def _take_away(self, item: JournalOp) -> None:
        """What an action made, as far as it is still there."""
        collection, target = at.ALL[item.op.note[MAKES]], item.outcome.object_id
        if collection.name == item.op.collection and target is not None:
            present = await self.shop.find(collection, target)
            if present is not None:
                await self._unmake(item, collection, target, present)
            return
        parent = cast("Json", dict.fromkeys(collection.parents, item.op.target))
        for obj in await marked(self.shop.client, item.op, f"{item.change}/{item.op.seq}"):
            self.shop.keep(collection, obj, **parent)
            await self.shop.delete(collection, obj["id"], **parent)

    async def _restore(self, item: JournalOp, collection: Collection, target: ObjectId) -> None:
        op = item.op
        status, slug = str(op.before.get("status", "draft")), op.before.get("slug")
        restored = await self.shop.restore(collection, target, status, slug=slug, **cast("Json", op.parent))
        if restored is None:
            return
        children = op.note.get("children")
        if children:
            await restore_variations(self.shop, target, restored, include=children)

    async def _write_back(self, item: JournalOp, collection: Collection, target: ObjectId, present: Json) -> None:
        op, back = item.op, item.outcome.inverse
        if op.before.get("status") == "trash":  # it was a restore
            await self.shop.delete(collection, target, **cast("Json", op.parent))
            return
        if not back:
            return
        if present.get("status") == "trash":
            self._leave(item, "left_alone", "It is in the bin; restore it first.")
            return
        is_now = compare.leaves(collection, present)
        if not compare.differs(collection, compare.leaves(collection, back), is_now):
            return
        if drift := self._drift(item, present, back):
            self._leave(item, "left_alone", "It was changed since.", *drift)
            return
        if op.note.get(RESETS):
            await self.shop.delete(collection, target)
            return
        await self.shop.write_back(collection, target, back, **op.parent)

    def _drift(self, item: JournalOp, present: Json, within: Json) -> tuple[Json, Json] | None:
        """What of ``within`` is no longer as we left it: (ours, now); secrets as marks."""
        collection = at.ALL[item.op.collection]
        paths = [path for path in compare.leaves(collection, within) if not str(path[-1]).startswith("+")]
        left, is_now = compare.leaves(collection, item.outcome.after), compare.leaves(collection, present)
        changed = compare.differs(collection, {path: left[path] for path in paths if path in left}, is_now)
        if not changed:
            return None
        both = ({path: source.get(path) for path in changed} for source in (changed, is_now))
        ours, now = ({path: MASK if hides(item.op, path) else one[path] for path in one} for one in both)
        return compare.body_of(ours), compare.body_of(now)

    def _leave(self, item: JournalOp, state: Any, reason: str, ours: Any = None, now: Any = None) -> None:
        label = item.op.label
        if item.op.kind == "create" and item.outcome.object_id:
            collection = at.ALL[item.op.collection]
            label = at.ALL[collection.made_in or collection.name].label(item.outcome.object_id, item.op.body)
        if now is not None:
            self.shop.shows_texts_of(at.ALL[item.op.collection])
        self.shop.unit.leave(LeftAlone(label, state, reason, ours, now))


def _loses(op: Op, collection: Collection, term: Json, parent: Mapping[str, ObjectId]) -> bool:
    """Whether a staged update of a product takes the term, or the model's file, from it."""

    def has(fields: Json) -> bool:
        if collection is at.ATTRIBUTE_TERMS:
            axes = [one for one in _lines(fields, field) if str(one.get("id")) == str(parent["attribute_id"])]
            return any(plain(term["name"]) in map(plain, cast("list[Any]", one.get("options") or [])) for one in axes)
        return any(one.get("id") == term["id"] for one in _lines(fields, field))

    if collection is at.MEDIA:
        was = [op.before.get(name) for name in _MODEL_FILES if op.collection == at.MODELS.name]
        return term["id"] in was
    field = _HELD_IN.get(collection.name, "")
    if op.collection != at.PRODUCTS.name or op.kind != "update" or field not in op.body:
        return False
    return has(op.before) and not has(op.body)


def _lines(fields: Json, name: str) -> list[Json]:
    return cast("list[Json]", fields.get(name) or [])


def _status_before_bin(child: Json) -> str:
    for entry in cast("list[Json]", child.get("meta_data") or []):
        if entry.get("key") == "_wp_trash_meta_status" and entry.get("value") in ("publish", "private", "draft"):
            return str(entry["value"])
    return "publish"
