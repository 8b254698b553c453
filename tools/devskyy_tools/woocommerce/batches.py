"""Many creates, changes and deletes of one noun at once: checked whole, shown as one plan, undone as one change.

``NOUNS`` has a line for each noun whose collection has a ``/batch`` route. A tool is declared per area of scopes, since
who may write tags may not therefore write orders.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import collections as at
from devskyy_tools.shop.collections import Collection
from devskyy_tools.shop.fields import check_more, schema_of
from devskyy_tools.shop.nouns import function, optional
from devskyy_tools.shop.session import Shop

batches = Toolset("batches", timeout=120)

Json = dict[str, Any]
MOST = 100
ABOUT_ITEMS = frozenset({Code.INVALID_ARGUMENTS, Code.NOT_FOUND, Code.CONFLICT})
Items = Annotated[list[dict[str, Any]], Field(max_length=MOST)]
Targets = Annotated[list[int | str], Field(max_length=MOST)]


@dataclass(frozen=True)
class Batched:
    """One noun.

    Args:
        collection: where the objects are.
        scopes: area of the scopes (``catalog`` → ``catalog:write``).
        required: fields that a create can't do without.
        defaults: what a create sends where they are left out.
        never: fields that are not written here, with what to do instead.
        named: whether the names of those there are looked at before some are made.
    """

    collection: Collection
    scopes: str
    required: tuple[str, ...] = ("name",)
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    never: Mapping[str, str] = field(default_factory=dict[str, str])
    named: bool = False


_STATUS = {"status": "woo_orders_set_status moves an order on."}
_PASSWORD = {"password": "The shop gives one."}
NOUNS: dict[str, Batched] = {
    "products": Batched(at.PRODUCTS, "catalog", defaults={"status": "draft"}),
    "variations": Batched(at.VARIATIONS, "catalog", ("attributes",)),
    "attributes": Batched(at.ATTRIBUTES, "catalog", named=True),
    "attribute_terms": Batched(at.ATTRIBUTE_TERMS, "catalog", named=True),
    "categories": Batched(at.PRODUCT_CATEGORIES, "catalog", named=True),
    "tags": Batched(at.PRODUCT_TAGS, "catalog", named=True),
    "brands": Batched(at.BRANDS, "catalog", named=True),
    "shipping_classes": Batched(at.SHIPPING_CLASSES, "catalog", named=True),
    "reviews": Batched(at.PRODUCT_REVIEWS, "catalog", ("product_id", "review", "reviewer", "reviewer_email", "rating")),
    "coupons": Batched(at.COUPONS, "catalog", ("code", "discount_type", "amount")),
    "orders": Batched(at.ORDERS, "orders", ("line_items",), {"status": "pending"}, never=_STATUS),
    "customers": Batched(at.CUSTOMERS, "customers", ("email",), never=_PASSWORD),
}


class Batch:
    """One call's work: stages every item, and refuses the call with all that is wrong, item by item."""

    def __init__(self, shop: Shop, noun: str, parent: Json) -> None:
        self.shop = shop
        self.of = NOUNS[noun]
        self.parent = parent
        self.problems: list[Json] = []
        self.seen: set[str] = set()
        self.keys: set[str] = set()
        self.number = 0

    async def stage(self, create: list[Json], update: list[Json], delete: list[int | str]) -> None:
        """Stage all of it.

        Raises:
            Refused: INVALID_ARGUMENTS with ``details.items``: what is wrong with each item that can't be done.
        """
        await self._read_ahead(create, update, delete)
        for number, fields in enumerate(create):
            await self._try(f"create.{number}", self._create, fields)
        for number, fields in enumerate(update):
            await self._try(f"update.{number}", self._update, fields)
        for number, target in enumerate(delete):
            await self._try(f"delete.{number}", self._delete, target)
        if self.problems:
            number = len(self.problems)
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"{number} of {self.number} items can't be done, so nothing was: {self.problems[0]['item']}: "
                f"{self.problems[0]['problem']}",
                "details.items has each; correct or leave out these and call again.",
                details={"items": self.problems, "valid": self.number - number},
            )

    async def _read_ahead(self, create: list[Json], update: list[Json], delete: list[int | str]) -> None:
        """All that is needed of the shop, with one list for a hundred."""
        shop, collection = self.shop, self.of.collection
        ids = [int(one) for one in [*(one.get("id", "") for one in update), *delete] if _is_id(one)]
        if len(ids) > 1:
            await shop.prefetch(collection, ids, **self.parent)
        if create and (self.of.named and len(create) > 1):
            await shop.taken.read(collection, **self.parent)
        if collection is at.COUPONS:
            await shop.prefetch_coupons([str(one["code"]) for one in create if one.get("code")])
        if "sku" in schema_of(collection)["fields"]:
            await shop.prefetch_skus([str(one["sku"]) for one in [*create, *update] if one.get("sku")])

    async def _try(self, item: str, do: Callable[[Any], Awaitable[None]], given: Any) -> None:
        self.number += 1
        try:
            await do(given)
        except Refused as refused:
            if refused.code not in ABOUT_ITEMS:
                raise
            told = {"item": item, "code": str(refused.code), "problem": refused.message, "hint": refused.hint}
            self.problems.append({name: value for name, value in told.items() if value})

    def _fields(self, given: Json) -> Json:
        for name, instead in self.of.never.items():
            if name in given:
                raise Refused(Code.INVALID_ARGUMENTS, f"{name} is not written here.", instead)
        fields = {name: value for name, value in given.items() if name != "id"}
        return check_more(self.of.collection, fields)

    async def _create(self, given: Json) -> None:
        if "id" in given:
            raise Refused(Code.INVALID_ARGUMENTS, "A new object has no id yet.", "Give it in update to change it.")
        lacking = [name for name in self.of.required if given.get(name) in (None, "", [])]
        if lacking:
            raise Refused(Code.INVALID_ARGUMENTS, f"It needs {' and '.join(lacking)}.")
        fields = self._fields(given)
        self._alone(str(fields.get(self.of.collection.key) or "").lower())
        await self.shop.create(self.of.collection, {**self.of.defaults, **fields}, **self.parent)

    def _alone(self, key: str) -> None:
        """What the shop keeps unique may not be in two new objects: it sees the second too late."""
        if key and key in self.keys:
            raise Refused(Code.CONFLICT, f"Another item has the {self.of.collection.key} {key[:60]!r} already.")
        self.keys.add(key)

    async def _update(self, given: Json) -> None:
        target = self._target(given.get("id"))
        fields = self._fields(given)
        if not fields:
            raise Refused(Code.INVALID_ARGUMENTS, "It names no field to change.")
        await self.shop.update(self.of.collection, target, fields, **self.parent)

    async def _delete(self, given: int | str) -> None:
        reassign = 0 if self.of.collection is at.CUSTOMERS else None
        await self.shop.delete(self.of.collection, self._target(given), reassign=reassign, **self.parent)

    def _target(self, given: Any) -> int | str:
        if given is None:
            raise Refused(Code.INVALID_ARGUMENTS, "It needs the id of what it is to change.")
        url = self.of.collection.url(self.parent, given)  # refuses what is no id
        if url in self.seen:
            raise Refused(Code.INVALID_ARGUMENTS, f"{self.of.collection.label(given)} is named twice.", "Once is all.")
        self.seen.add(url)
        return int(given) if _is_id(given) else cast("str", given)


def _is_id(value: Any) -> bool:
    text = str(value)
    return not isinstance(value, bool) and text.isascii() and text.isdecimal() and 0 < int(text) < 2**63


def declare(name: str, doc: str, *areas: str) -> None:
    """Declare the tool for the nouns of these areas of scopes."""
    nouns = tuple(noun for noun, one in NOUNS.items() if one.scopes in areas)
    parents = {noun: NOUNS[noun].collection.parents for noun in nouns if NOUNS[noun].collection.parents}

    async def body(ctx: Context, given: Json) -> None:
        noun = cast("str", given["noun"])
        create, update = (cast("list[Json]", given.get(verb) or []) for verb in ("create", "update"))
        delete = cast("list[int | str]", given.get("delete") or [])
        if not 0 < len(create) + len(update) + len(delete) <= MOST:
            raise Refused(Code.INVALID_ARGUMENTS, f"Give between one and {MOST} items in create, update and delete.")
        above = given.get("parent_id")
        if (above is None) is (noun in parents):
            which = ", ".join(f"{one} ({names[0]})" for one, names in parents.items())
            raise Refused(Code.INVALID_ARGUMENTS, f"parent_id goes with, and is needed for: {which}.")
        parent = {parents[noun][0]: above} if noun in parents else {}
        await Batch(ctx.get(Shop), noun, parent).stage(create, update, delete)

    above = Annotated[int, Field(ge=1, description="Product of variations, attribute of attribute_terms.")]
    arguments: dict[str, tuple[Any, Any]] = {
        "noun": (Literal[nouns], ...),
        "create": (optional(Items), None),
        "update": (optional(Annotated[Items, Field(description="Each with its id.")]), None),
        "delete": (optional(Annotated[Targets, Field(description="Ids.")]), None),
        **({"parent_id": (optional(above), None)} if parents else {}),
    }
    handler = function(name, doc, arguments, None, body)
    batches.tool("destroy", scopes=[f"{area}:write" for area in areas])(handler)


_DOC = "Make, change and delete up to 100 {}, checked whole, with one undo."
declare(
    "woo_catalog_bulk", f"{_DOC} Fields: devskyy://schemas.".format("products, terms, reviews or coupons"), "catalog"
)
declare("woo_orders_bulk", _DOC.format("orders or customers"), "orders", "customers")
