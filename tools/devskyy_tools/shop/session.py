"""The shop as one call sees it: reads go out, writes are staged into the unit of work, reads show what is staged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from devskyy_mcp.changes.model import TO_BIN, Leaving, ObjectId, Op, Ref
from devskyy_mcp.changes.stage import Unit
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.redact import redactor
from devskyy_mcp.guard.trust import UNTRUSTED

from . import collections as at
from . import compare, rules
from .abreast import abreast
from .client import Page, ShopClient
from .collections import Collection
from .draft import Draft, bare
from .fields import check_params, cut, schema_of
from .hidden import SECRETS, shown
from .likeness import digest, overlay
from .names import Taken

Json = dict[str, Any]
SYSTEM = "shop"
PAGE = 100
MAKES = "makes"
"""Note of an action: the collection of what it makes."""
HALF = 25
"""Objects for which reading them in two halves is not worth a second request."""
_EDIT = {"context": "edit"}


class Shop:
    """One call's session. What may be written is read with ``context=edit``: rendered texts are not what is stored."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.client = ctx.get(ShopClient)
        self._seen: dict[str, Json] = {}
        self._staged: dict[str, Op] = {}
        self._there: set[str] = set()
        self._skus: dict[str, Json | None] = {}
        self._coupons: dict[str, Json | None] = {}
        self.taken = Taken(self)

    @property
    def unit(self) -> Unit:
        if self.ctx.unit is None:
            raise Refused(Code.INTERNAL, "A tool that only reads may not change anything.")
        return self.ctx.unit

    # Reading

    async def list(
        self, collection: Collection, *, fields: Sequence[str] | None = None, context: str = "view", **params: Any
    ) -> Page:
        """One page of a collection, with what is staged shown in it.

        Args:
            collection: what to list.
            fields: only these top-level fields.
            context: ``edit`` where texts are to be compared or written.
            params: the collection's own list parameters, and its parents' ids.

        Raises:
            Refused: INVALID_ARGUMENTS for a parameter that the collection does not know.
        """
        parent = {name: params.pop(name) for name in collection.parents if name in params}
        if not pages(collection):
            return await self._whole_list(collection, parent, params, fields)
        query = check_params(collection, params)
        if context != "view":
            query["context"] = context
        if fields:
            query["_fields"] = ",".join(fields)
        page = await self.client.page(collection.url(parent), query)
        _met(collection, page.items)
        for number, item in enumerate(page.items):
            known = collection.id_of(item) if self._staged else None
            inside = within(collection, parent, item) if known is not None else None
            op = self._staged.get(collection.url(inside, known)) if inside is not None else None
            if op is not None:
                page.items[number] = overlay(collection, item, op.body)
        return page

    async def _whole_list(
        self, collection: Collection, parent: Json, params: Json, fields: Sequence[str] | None
    ) -> Page:
        """A page cut from a list that the shop only gives whole (attributes, order notes)."""
        number, size = int(params.pop("page", 1)), int(params.pop("per_page", PAGE))
        query = check_params(collection, params)
        if fields:
            query["_fields"] = ",".join(fields)
        items = (await self.client.page(collection.url(parent), query)).items
        return Page(items[(number - 1) * size : number * size], len(items), -(-len(items) // size))

    async def get(
        self, collection: Collection, target: ObjectId, *, fields: Sequence[str] | None = None, **parent: Any
    ) -> Json:
        """One object, with what is staged shown in it; what the shop would compute from that is absent.

        Raises:
            Refused: NOT_FOUND when there is none.
        """
        if isinstance(target, Ref):
            return self._created(target)
        if _unmade(parent):
            return {}
        url = collection.url(parent, target)
        found = self._seen.get(url)
        if found is None:
            query: Json = {**_EDIT, "_fields": ",".join(fields)} if fields else _EDIT
            found = cast("Json", collection.read(await self.client.get(url, query, collection.label(target))))
            _met(collection, [found])
            if not fields:
                self._seen[url] = found
        op = self._staged.get(url)
        return overlay(collection, found, op.body) if op is not None else found

    async def find(self, collection: Collection, target: ObjectId, **parent: Any) -> Json | None:
        """The object, or None when there is none."""
        try:
            return await self.get(collection, target, **parent)
        except Refused as refused:
            if refused.code is Code.NOT_FOUND:
                return None
            raise

    async def prefetch(self, collection: Collection, ids: Iterable[Any], **parent: Any) -> None:
        """Read many objects with one list per 100, so that updates of them ask no more; halved, the two at once, where
        a plan is about to be sent. Where a list can't be asked for ids, each is read when it is needed. Without the
        parents' ids the list across all parents is read, where the shop has one.
        """
        if "include" not in schema_of(collection)["list"]:
            return
        across = bool(collection.everywhere) and not parent
        wanted = [one for one in dict.fromkeys(ids) if across or collection.url(parent, one) not in self._seen]
        size = min(PAGE, max(HALF, -(-len(wanted) // 2))) if self.unit.soon else PAGE

        async def read(some: list[Any]) -> None:
            query = {**_EDIT, **collection.every, **cut(collection), "include": some, "per_page": PAGE}
            page = await self.client.page(collection.url(parent), query)
            _met(collection, page.items)
            for item in page.items:
                self.keep(collection, item, **(within(collection, parent, item) or {}))

        await abreast(read, [(wanted[start : start + size],) for start in range(0, len(wanted), size)])

    def keep(self, collection: Collection, obj: Json, **parent: Any) -> None:
        """Take an object that was just read with ``context=edit``, so that an update of it asks no more."""
        self._seen[collection.url(parent, collection.id_of(obj))] = obj

    def forget(self) -> None:
        """Let go of what was read, where thousands of objects are staged one after the other, each once."""
        self._seen.clear()
        self._staged.clear()

    async def missing(
        self, collection: Collection, ids: Iterable[Any], *, context: str = "view", **parent: Any
    ) -> list[int]:
        """Those of the ids that the shop does not have; one request per 100, each id asked once per call.

        With ``context="edit"`` the shop refuses who may not see all, instead of leaving out what is hidden.
        """
        wanted = [one for one in dict.fromkeys(ids) if isinstance(one, int)]
        asked = [one for one in wanted if collection.url(parent, one) not in self._there]
        for start in range(0, len(asked), PAGE):
            query = {"include": asked[start : start + PAGE], "per_page": PAGE, "_fields": "id", "context": context}
            query |= collection.every
            page = await self.client.page(collection.url(parent), query)
            self._there.update(collection.url(parent, item["id"]) for item in page.items)
        return [one for one in asked if collection.url(parent, one) not in self._there]

    async def holder_of_sku(self, sku: str) -> Json | None:
        """``{id, status, type, parent_id}`` of the product or variation with this SKU, the bin included."""
        if sku not in self._skus:
            await self.prefetch_skus([sku])
        return self._skus[sku]

    async def prefetch_skus(self, skus: Iterable[str]) -> None:
        """Find the holders of many SKUs with two lists per 100, before many creates; capitals count for nothing."""
        wanted = [sku for sku in dict.fromkeys(skus) if sku and sku not in self._skus]
        for start in range(0, len(wanted), PAGE):
            some = wanted[start : start + PAGE]
            self._skus.update(dict.fromkeys(some))
            asked = {sku.casefold(): sku for sku in some}
            for status in ("trash", "any"):
                query = {"status": status, "sku": some, "per_page": PAGE, "_fields": "id,status,sku,type,parent_id"}
                for item in (await self.client.page(at.PRODUCTS.url(), query)).items:
                    if sku := asked.get(str(item.get("sku")).casefold()):
                        self._skus[sku] = item

    async def coupon(self, code: str) -> Json | None:
        """The coupon of this code, or None."""
        code = code.lower()
        if code not in self._coupons:
            page = await self.client.page(at.COUPONS.url(), {"code": code, "per_page": 1}) if code else Page([], 0, 0)
            self._coupons[code] = page.items[0] if page.items else None
        return self._coupons[code]

    async def prefetch_coupons(self, codes: Iterable[str]) -> None:
        """Find the holders of many codes in the whole list, where that is less than a request for each."""
        wanted = [code.lower() for code in codes]
        number, pages, found = 1, 1, dict[str, Json | None].fromkeys(wanted)
        while number <= pages and pages < len(wanted):
            page = await self.list(at.COUPONS, fields=("id", "code"), page=number, per_page=PAGE)
            found.update((one["code"], one) for one in page.items if one.get("code") in found)
            number, pages = number + 1, page.pages
        if pages < len(wanted):
            self._coupons.update(found)

    # Staging

    async def create(self, collection: Collection, fields: Mapping[str, Any], **parent: Any) -> Op:
        """Stage a new object; the op's ``ref`` stands for its id."""
        draft = Draft(self, collection, "create", None, parent, bare(fields))
        await self._run(rules.CHECKS, draft)
        if collection.key == "sku" and draft.body.get("sku"):
            self._skus[str(draft.body["sku"])] = {"id": 0, "status": "staged"}  # the next one may not have it too
        await self._run(rules.FORESEE, draft)
        draft.undo = draft.undo or collection.cannot_undo.get("create", "")
        return self._add(draft, {})

    async def update(
        self, collection: Collection, target: ObjectId, fields: Mapping[str, Any], **parent: Any
    ) -> Op | None:
        """Stage a change of the fields that really differ; None when all is as asked already.

        Raises:
            Refused: NOT_FOUND; CONFLICT for an object in the bin; INVALID_ARGUMENTS for what the shop would garble.
        """
        present = await self.get(collection, target, **parent)
        if present.get("status") == "trash":
            label = collection.label(target, present)
            details = {"id": str(target), **self.trust_of(collection)}
            raise Refused(Code.CONFLICT, f"{label} is in the bin.", "Restore it first.", details=details)
        return await self._update(collection, target, fields, parent, present)

    async def update_new(
        self, collection: Collection, target: Ref, fields: Mapping[str, Any], present: Mapping[str, Any]
    ) -> Op | None:
        """Stage a change of what comes with an object that is only staged, and is ``present`` from the beginning."""
        return await self._update(collection, target, fields, {}, dict(present))

    async def restore(
        self, collection: Collection, target: ObjectId, status: str, *, slug: str | None = None, **parent: Any
    ) -> Op | None:
        """Stage bringing an object back from the bin, in the given status and under the slug it had."""
        present = await self.get(collection, target, **parent)
        if present.get("status") != "trash":
            return None
        fields = {"status": status} if slug is None else {"status": status, "slug": slug}
        return await self._update(collection, target, fields, parent, present)

    async def write_back(
        self, collection: Collection, target: ObjectId, body: Mapping[str, Any], **parent: Any
    ) -> Op | None:
        """Stage fields as they were once: no repairs and no checks, since the shop had them so."""
        present = await self.get(collection, target, **parent)
        return await self._update(collection, target, body, parent, present, checked=False)

    async def delete(
        self, collection: Collection, target: ObjectId, *, force: bool = False, reassign: int | None = None,
        **parent: Any,
    ) -> Op | None:  # fmt: skip
        """Stage a delete: into the bin where there is one, for good with ``force`` or where there is none."""
        present = await self.get(collection, target, **parent)
        for_good = force or not collection.trash
        if present.get("status") == "trash" and not for_good:
            return None
        draft = Draft(self, collection, "delete", target, parent, {"force": True} if for_good else {}, present)
        if reassign is not None:
            draft.body["reassign"] = reassign
        if for_good:
            draft.undo = collection.cannot_undo.get("force") or collection.cannot_undo.get("delete", "")
        else:
            draft.note[TO_BIN] = True
        await self._run(rules.DELETING, draft)
        before = {"digest": digest(collection, present)}
        before |= {name: present[name] for name in ("status", "slug") if name in present}
        return self._add(draft, before)

    def act(
        self, collection: Collection, target: ObjectId, action: str, body: Mapping[str, Any] | None = None, *,
        undo: str = "", makes: Collection | None = None, effects: Sequence[str] = (), asks: Sequence[str] = (),
        leaves: Sequence[Leaving] = (), **parent: Any,
    ) -> Op:  # fmt: skip
        """Stage an action below an object, ``POST …/{id}/{action}``, or of the object itself where ``action`` is empty:
        it has no before, only effects.

        What it ``makes`` carries our mark, by which it is found again: an undo takes that away.
        """
        draft = Draft(self, collection, "act", target, parent, bare(body or {}), undo=undo)
        draft.effects += effects
        draft.asks += asks
        draft.leaves += leaves
        draft.note["action"] = action
        if makes is not None:
            draft.note[MAKES] = makes.name
        elif not undo:
            draft.undo = "an action can't be taken back"
        return self._add(draft, {})

    async def _update(
        self, collection: Collection, target: ObjectId, fields: Mapping[str, Any], parent: dict[str, ObjectId],
        present: Json, *, checked: bool = True,
    ) -> Op | None:  # fmt: skip
        url = "" if isinstance(target, Ref) or _unmade(parent) else collection.url(parent, target)
        earlier = self._staged.get(url)
        if earlier is not None:
            present = self._seen[url]
            fields = compare.body_of(
                {**compare.leaves(collection, earlier.body), **compare.leaves(collection, bare(fields))}
            )
        draft = Draft(self, collection, "update", target, parent, bare(fields), present)
        if checked:
            await self._run(rules.CHECKS, draft)
        names = draft.body.keys() | compare.implied(collection, ((name,) for name in draft.body))
        was = compare.leaves(collection, {name: present[name] for name in names if name in present})
        asked = compare.differs(collection, compare.leaves(collection, draft.body), was)
        if not asked and earlier is None:
            return None
        draft.body = compare.body_of(asked)
        await self._run(rules.FORESEE, draft)
        names = compare.implied(collection, asked)
        before = {path: was.get(path) for path in asked if path in was or path[0] not in collection.lines}
        before |= {path: value for path, value in was.items() if path[0] in names}
        op = self._add(draft, compare.body_of(before), earlier)
        if url:
            self._staged[url] = op
            self.client.originals.put(url, present)
        return op

    async def _run(self, table: dict[str, tuple[rules.Rule, ...]], draft: Draft) -> None:
        for rule in rules.of(table, draft.collection):
            await rule(draft)

    def _add(self, draft: Draft, before: Json, earlier: Op | None = None) -> Op:
        op = Op(
            SYSTEM, draft.kind, draft.collection.name, draft.target, draft.body, before, draft.parent,
            draft.label, draft.undo, draft.effects, draft.asks, draft.warnings, draft.note,
            leaves=list(dict.fromkeys(draft.leaves)),
        )  # fmt: skip
        if op.note.get(SECRETS):
            op.note["shown"] = shown(op)
        if draft.kind != "create":
            self.shows_texts_of(draft.collection)
        if earlier is None:
            return self.unit.add(op)
        op.seq = earlier.seq
        self.unit.ops[op.seq - 1] = op
        return op

    def shows_texts_of(self, collection: Collection) -> None:
        """Say that the plan shows what objects of this collection hold."""
        if self.trust_of(collection):
            self.unit.untrusted = True

    def trust_of(self, collection: Collection) -> dict[str, str]:
        """What a result or a refusal says that holds texts of this collection's objects."""
        return {"trust": UNTRUSTED} if collection.texts in self.ctx.get(Settings).outside_texts else {}

    def _created(self, ref: Ref) -> Json:
        """What the object that an op will create would be, as far as it is staged."""
        ops = self.unit.ops
        obj = dict(ops[ref.seq - 1].body)
        for op in ops[ref.seq :]:
            if op.target == ref and op.kind == "update":
                obj = overlay(at.ALL[op.collection], obj, op.body)
        return obj


def _unmade(parent: Mapping[str, Any]) -> bool:
    """Whether it belongs to an object that is only staged, so that there is nothing of it yet."""
    return any(isinstance(one, Ref) for one in parent.values())


def within(collection: Collection, parent: Mapping[str, Any], item: Json) -> Mapping[str, Any] | None:
    """Ids of what the object is in: as given, or as it says itself in a list across all parents; None where neither."""
    if parent or not collection.parents:
        return parent
    return {collection.parents[0]: item["parent_id"]} if item.get("parent_id") else None


def _met(collection: Collection, items: Sequence[Json]) -> None:
    """Have the customers that an answer told of recognised in the log."""
    if collection in (at.ORDERS, at.CUSTOMERS):
        for item in items:
            redactor.learn_person(item)


def pages(collection: Collection) -> bool:
    """Whether the shop lists the collection by pages."""
    return "page" in schema_of(collection)["list"]
