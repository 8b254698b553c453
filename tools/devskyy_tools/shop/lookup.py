"""Finds out what became of operations whose answer was lost, by reading only."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.errors import Code, Refused

from . import collections as at
from . import compare, outcomes, uploads
from .client import ShopClient
from .collections import STAMP, Collection
from .session import MAKES

Json = dict[str, Any]
SKEW = timedelta(seconds=120)
"""How far the shop's clock may be from ours."""
PAGES = 3
_AGES = ("date_created_gmt", "modified_gmt", "date_gmt")


async def look(client: ShopClient, ops: Sequence[JournalOp], quiet_after: float) -> list[Outcome]:
    """What became of each op: done, not_taken, not_sent (not there so far), failed (can't be known) or unknown."""
    finder = _Finder(client, ops, quiet_after)
    found: list[Outcome] = []
    for item in ops:
        try:
            found.append(await finder.one(item))
        except Refused:
            found.append(Outcome("unknown", error=outcomes.UNCLEAR))
    return found


class _Finder:
    """Looks with few requests: one list per collection for all updates, or all creates, of it."""

    def __init__(self, client: ShopClient, ops: Sequence[JournalOp], quiet_after: float) -> None:
        self.client = client
        self.ops = ops
        self.quiet_after = quiet_after
        self._read: dict[str, Json] = {}
        self._newest: dict[str, list[Json]] = {}
        self._claimed: set[str] = set()

    async def one(self, item: JournalOp) -> Outcome:
        op = item.op
        if op.kind == "create":
            return await self._created(item)
        if op.kind == "act" and MAKES in op.note:
            return await self._made(item)
        if op.kind == "act":
            return self._given_up(item, "An action leaves no trace; look at the shop before doing it again.")
        collection = at.ALL[op.collection]
        present = await self._object(collection, op)
        if op.kind == "delete":
            gone = present is None or (present.get("status") == "trash" and "force" not in op.body)
            return outcomes.of_answer(op, {collection.id_field: op.target}) if gone else Outcome("not_sent")
        if present is None:
            return lost_object(op)
        return self._updated(item, present)

    def _updated(self, item: JournalOp, present: Json) -> Outcome:
        op = item.op
        collection = at.ALL[op.collection]
        is_now = compare.leaves(collection, present)
        asked = compare.leaves(collection, op.body)
        before = {path: value for path, value in compare.leaves(collection, op.before).items() if path in asked}
        left = compare.differs(collection, asked, is_now)
        if not compare.differs(collection, before, is_now) and left:
            return Outcome("not_sent")
        if len(left) == len(asked):  # neither as asked nor as it was: someone else wrote meanwhile
            return self._given_up(item, "Someone else has changed it meanwhile.")
        return outcomes.of_answer(op, present)

    async def _object(self, collection: Collection, op: Op) -> Json | None:
        url = collection.url(op.parent, op.target)
        if not self._read and len(self.ops) > 1 and op.kind == "update" and "include" in at_params(collection):
            await self._read_many(collection, op.parent)
        if url not in self._read:
            try:
                self._read[url] = collection.read(await self.client.get(url, {"context": "edit"}))
            except Refused as refused:
                if refused.code is Code.NOT_FOUND:
                    return None
                raise
        return self._read[url]

    async def _read_many(self, collection: Collection, parent: Mapping[str, Any]) -> None:
        ids = [one.op.target for one in self.ops if one.op.collection == collection.name and one.op.target is not None]
        query = {**collection.every, "context": "edit", "include": ids[:100], "per_page": 100}
        for obj in (await self.client.page(collection.url(parent), query)).items:
            self._read[collection.url(parent, collection.id_of(obj))] = obj

    async def _created(self, item: JournalOp) -> Outcome:
        op = item.op
        collection = at.ALL[op.collection]
        if collection.made_in:
            return self._given_up(item, "What it made carries no mark; look at the shop before doing it again.")
        stamp = f"{item.change}/{op.seq}"
        for obj in await self._recent(collection, item):
            key = collection.url(op.parent, collection.id_of(obj))
            is_it = _has_stamp(obj, stamp) if collection.stamp else key not in self._claimed and _twin(op, obj, item)
            if is_it:
                self._claimed.add(key)
                found = outcomes.of_answer(op, obj)
                found.state = "done"  # later ops of its set may have changed it already
                return found
        return Outcome("not_sent")

    async def _made(self, item: JournalOp) -> Outcome:
        found = await marked(self.client, item.op, f"{item.change}/{item.op.seq}")
        if not found:
            return Outcome("not_sent")
        one = found[0] if at.ALL[item.op.note[MAKES]] is at.ALL[item.op.collection] else {"count": len(found)}
        return outcomes.of_answer(item.op, one)

    async def _recent(self, collection: Collection, item: JournalOp) -> list[Json]:
        url = collection.url(item.op.parent)
        if url not in self._newest:
            self._newest[url] = await self._list_recent(collection, url)
        return self._newest[url]

    async def _list_recent(self, collection: Collection, url: str) -> list[Json]:
        known = at_params(collection)
        since = min((_sent(item) for item in self.ops), default=datetime.now(UTC)) - SKEW
        wanted: Json = {
            **collection.every,
            "context": "edit",
            "per_page": 100,
            "orderby": "registered_date" if collection is at.CUSTOMERS else "id",
            "order": "desc",
            "dates_are_gmt": True,
            # wp/v2 takes the date in the site's own time: a day more covers every time zone
            "modified_after": (since if collection.api == "wc" else since - timedelta(days=1)).strftime(
                "%Y-%m-%dT%H:%M:%S"
            ),
        }
        query = {name: value for name, value in wanted.items() if name in known or name == "context"}
        found: list[Json] = []
        for page in range(1, PAGES + 1):
            listed = await self.client.page(url, {**query, "page": page} if "page" in known else query)
            found += listed.items
            if page >= listed.pages or "page" not in known:
                break
        return found

    def _given_up(self, item: JournalOp, why: str) -> Outcome:
        """Unknown for as long as the shop may still be at work, then told as such for good."""
        if time.time() - (item.sent_at or 0) / 1_000_000 <= self.quiet_after:
            return Outcome("unknown", error=outcomes.UNCLEAR)
        message = "Whether the shop did this can't be found out."
        return Outcome("failed", error=Refused(Code.OUTCOME_UNKNOWN, message, why).as_dict())


async def marked(client: ShopClient, op: Op, stamp: str) -> list[Json]:
    """What an action made, by our mark: of the newest in its collection, or of all below the object it was done to."""
    collection = at.ALL[op.note[MAKES]]
    below = dict.fromkeys(collection.parents, op.target)
    query: Json = {**collection.every, "context": "edit", "per_page": 100, "orderby": "id", "order": "desc"}
    found: list[Json] = []
    for page in range(1, PAGES + 1):
        listed = await client.page(collection.url(below), {**query, "page": page})
        found += [obj for obj in listed.items if _has_stamp(obj, stamp)]
        if page >= listed.pages:
            break
    return found


def lost_object(op: Op) -> Outcome:
    """The outcome of a change to an object that is no longer there."""
    return Outcome("failed", error=Refused(Code.NOT_FOUND, f"{op.label} is no longer there.").as_dict())


def at_params(collection: Collection) -> frozenset[str]:
    from .fields import schema_of

    return frozenset(schema_of(collection)["list"])


def _has_stamp(obj: Json, stamp: str) -> bool:
    entries = cast("list[Json]", obj.get("meta_data") or [])
    return any(entry.get("key") == STAMP and entry.get("value") == stamp for entry in entries)


def _sent(item: JournalOp) -> datetime:
    return datetime.fromtimestamp((item.sent_at or 0) / 1_000_000, UTC)


def _twin(op: Op, obj: Json, item: JournalOp) -> bool:
    """Whether an object without our mark is what the op asked for, made no earlier than it was sent."""
    age = next((obj[name] for name in _AGES if obj.get(name)), None)
    if age is not None and datetime.fromisoformat(str(age)).replace(tzinfo=UTC) < _sent(item) - SKEW:
        return False
    if "file" in op.body and str(op.body["file"]["sha256"])[: uploads.MARK] not in str(obj.get("source_url", "")):
        return False
    collection = at.ALL[op.collection]
    is_now = compare.leaves(collection, obj)
    asked = {path: value for path, value in compare.leaves(collection, op.body).items() if path in is_now}
    return (bool(asked) or "file" in op.body) and not compare.differs(collection, asked, is_now)
