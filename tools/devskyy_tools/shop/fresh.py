"""Compares operations with their objects as they are now, right before they are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from devskyy_mcp.changes.model import Op, Outcome
from devskyy_mcp.errors import Code, Refused

from . import collections as at
from . import compare, lookup
from .abreast import abreast
from .client import ShopClient
from .collections import Collection
from .fields import cut, schema_of
from .hidden import MASK, hides
from .likeness import digest
from .session import pages

Json = dict[str, Any]


async def check(client: ShopClient, ops: Sequence[Op]) -> list[Outcome | None]:
    """None for each op that still fits its object; else what becomes of it: skipped, or failed where it is gone.

    Args:
        client: the shop's.
        ops: of one group: one collection and parent, at most 100.

    Raises:
        Refused: when the shop can't be read.
    """
    asked = [op for op in ops if op.kind in ("update", "delete")]
    if not asked:
        return [None for _ in ops]
    collection = at.ALL[asked[0].collection]
    found = await read(client, collection, asked)
    return [
        _verdict(client, collection, op, found.get(collection.url(op.parent, op.target)))
        if op.kind in ("update", "delete")
        else None
        for op in ops
    ]


async def read(client: ShopClient, collection: Collection, ops: Sequence[Op]) -> dict[str, Json]:
    """The ops' objects as they are now, by their paths; those that are gone are absent."""
    found: dict[str, Json] = {}
    parents = {str(sorted(op.parent.items(), key=str)): op.parent for op in ops}
    for parent in parents.values():
        of_it = [op for op in ops if op.parent == parent]
        listed = "include" in schema_of(collection)["list"] or not pages(collection)
        try:
            objects = await (_many if listed and len(of_it) > 1 else _each)(client, collection, of_it)
        except Refused as refused:
            if refused.code is not Code.NOT_FOUND:  # else the object is gone, or what it belonged to
                raise
        else:
            found |= objects
    return found


async def _each(client: ShopClient, collection: Collection, ops: Sequence[Op]) -> dict[str, Json]:
    found: dict[str, Json] = {}

    async def one(url: str) -> None:
        try:
            found[url] = collection.read(await client.get(url, {"context": "edit"}))
        except Refused as refused:
            if refused.code is not Code.NOT_FOUND:
                raise

    await abreast(one, [(collection.url(op.parent, op.target),) for op in ops])
    return found


async def _many(client: ShopClient, collection: Collection, ops: Sequence[Op]) -> dict[str, Json]:
    query: Json = {**collection.every, **cut(collection), "context": "edit"}
    if "include" in schema_of(collection)["list"]:  # else the shop gives all there are
        query |= {"include": [op.target for op in ops], "per_page": 100}
    parent = ops[0].parent
    page = await client.page(collection.url(parent), query)
    return {collection.url(parent, collection.id_of(obj)): obj for obj in page.items}


def _verdict(client: ShopClient, collection: Collection, op: Op, present: Json | None) -> Outcome | None:
    if present is None:
        return lookup.lost_object(op)
    drift = _drift(collection, op, present)
    if drift:
        error = Refused(Code.STALE, f"It was changed since this was planned: {drift}.", "Plan it again if need be.")
        return Outcome("skipped", error=error.as_dict())
    if op.kind == "update":
        client.originals.put(collection.url(op.parent, op.target), present)
    return None


def _drift(collection: Collection, op: Op, present: Mapping[str, Any]) -> str:
    """What is not as it was when the op was planned, in words; empty when nothing is."""
    if op.kind == "delete":
        return "" if op.before.get("digest") == digest(collection, present) else "it is not what it was"
    if present.get("status") == "trash" and op.before.get("status") != "trash":
        return "it is in the bin"
    before = compare.leaves(collection, op.before)
    touched = {str(path[0]) for path in before}
    is_now = compare.leaves(collection, {name: present[name] for name in touched if name in present})
    moved = compare.differs(collection, before, is_now)
    return ", ".join(
        f"{'.'.join(map(str, path))} is not what it was ({MASK})"
        if hides(op, path)
        else f"{'.'.join(map(str, path))} is {_short(is_now.get(path))}, was {_short(value)}"
        for path, value in list(moved.items())[:3]
    )


def _short(value: Any) -> str:
    text = "empty" if value in (None, "", []) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
