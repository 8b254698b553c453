"""What is taken already: names of terms and attributes, and a product's combinations of options, for one call."""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape
from typing import TYPE_CHECKING, Any, cast

from devskyy_mcp.changes.model import ObjectId, Ref

from . import collections as at
from .collections import Collection
from .fields import cut, schema_of

if TYPE_CHECKING:
    from .session import Shop

Json = dict[str, Any]
Combination = frozenset[tuple[str, str]]
PAGE = 100
MOST = 50
"""Pages of terms that are read whole before many are made."""
HERE = "this call"
"""Stands for the id of what this call itself makes."""


def plain(text: Any) -> str:
    """The text as people compare names: without entities, outer spaces and capitals."""
    return unescape(str(text)).strip().casefold()


def combination(attributes: Any) -> Combination:
    """A variation's options, in no order; an option that is any is left out."""
    lines = cast("list[Json]", attributes or [])
    return frozenset((plain(one.get("name")), plain(one["option"])) for one in lines if one.get("option"))


class Taken:
    """Looks names up one by one, or in the whole list where that was read before."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._lists: dict[str, list[Json]] = {}
        self._combinations: dict[ObjectId, dict[Combination, Any]] = {}

    async def read(self, collection: Collection, **parent: Any) -> list[Json]:
        """All of a collection with id, name and slug, read once; for attributes, and before many terms are made."""
        url = collection.url(parent)
        if url not in self._lists:
            names = ("id", "name", "slug", *(["parent"] if _nests(collection) else []))
            found: list[Json] = []
            number, pages = 1, 1
            while number <= min(pages, MOST):
                page = await self.shop.list(collection, fields=names, page=number, per_page=PAGE, **parent)
                found += page.items
                number, pages = number + 1, page.pages
            self._lists[url] = found
        return self._lists[url]

    def was_read(self, collection: Collection, parent: Mapping[str, ObjectId]) -> bool:
        """Whether the whole list is here."""
        return not _new(parent) and collection.url(parent) in self._lists

    async def holder(self, collection: Collection, name: Any, above: int, parent: Mapping[str, ObjectId]) -> Any:
        """Id of the term that has the name below ``above``, or HERE; None where it is free."""
        wanted, held = plain(name), self._here(collection, parent)
        if (wanted, above) in held:
            return HERE
        if _new(parent):
            return None
        rows = self._lists.get(collection.url(parent))
        if rows is None:
            query: Json = {"search": unescape(str(name)), "per_page": PAGE, **parent}
            if _nests(collection):
                query["parent"] = above
            rows = (await self.shop.list(collection, fields=("id", "name"), **query)).items
        else:
            rows = [row for row in rows if (row.get("parent") or 0) == above]
        return next((row["id"] for row in rows if plain(row.get("name")) == wanted), None)

    def _here(self, collection: Collection, parent: Mapping[str, ObjectId]) -> set[tuple[str, Any]]:
        return {
            (plain(op.body.get("name")), op.body.get("parent") or 0)
            for op in self.shop.unit.ops
            if op.kind == "create" and op.collection == collection.name and op.parent == parent
        }

    async def combinations(self, product: ObjectId) -> dict[Combination, Any]:
        """The combinations that a product has variations of, with their ids; those of this call are to be added."""
        if product not in self._combinations:
            rows = [] if isinstance(product, Ref) else await self.variations(product)
            self._combinations[product] = {combination(row.get("attributes")): row["id"] for row in rows}
        return self._combinations[product]

    async def variations(self, product: ObjectId) -> list[Json]:
        """All variations of a product but those in the bin."""
        found: list[Json] = []
        number, pages = 1, 1
        while number <= pages:
            page = await self.shop.list(
                at.VARIATIONS, product_id=product, context="edit", per_page=PAGE, page=number, orderby="id",
                order="asc", **at.VARIATIONS.every, **cut(at.VARIATIONS),
            )  # fmt: skip
            found += page.items
            number, pages = number + 1, page.pages
        return found


def _nests(collection: Collection) -> bool:
    return "parent" in schema_of(collection)["fields"]


def _new(parent: Mapping[str, ObjectId]) -> bool:
    return any(isinstance(one, Ref) for one in parent.values())
