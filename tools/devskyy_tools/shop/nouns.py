"""Tools for a noun whose REST collection is regular: list, get, create, update, delete from one declaration.

Noun(coupons, COUPONS, "woo_coupons", row=CouponRow, full=Coupon, writes={"code": Code}, scope="catalog").declare()
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol, cast

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused

from .collections import Collection
from .fields import check_more
from .session import Shop

Verb = Literal["list", "get", "create", "update", "delete"]
VERBS: tuple[Verb, ...] = ("list", "get", "create", "update", "delete")

PageNumber = Annotated[int, Field(ge=1, le=100_000)]
Limit = Annotated[int, Field(ge=1, le=100)]
Id = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Search = Annotated[str, Field(max_length=200)]
Fields = list[Name]
More = Annotated[dict[str, Any], Field(description="Other fields, see devskyy://schemas.")]


class ShopModel(BaseModel):
    """A result model; its schema is built at first use."""

    model_config = ConfigDict(defer_build=True, extra="forbid")


class FromShop(Protocol):
    """A result model that can be made of the shop's JSON object."""

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> BaseModel: ...


def page_model(name: str, row: type[BaseModel]) -> type[BaseModel]:
    """A page of rows: ``{items, total, page, pages}``; made once per noun so that names stay unique."""
    return type(
        name,
        (ShopModel,),
        {
            "__annotations__": {
                "items": list[Annotated[row, _Loose()]],
                "total": int,
                "page": int,
                "pages": int,
                "note": str | None,
            },
            "__module__": row.__module__,
            "__doc__": "One page of a list.",
            "note": None,
        },
    )


class _Loose:
    """Says in the schema that a row may lack fields, as it does when fewer are asked for."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> Any:
        schema = handler(core)
        handler.resolve_ref_schema(schema).pop("required", None)
        return schema


def optional(kind: Any) -> Any:
    """``kind | None``; type checkers refuse that for Annotated aliases."""
    return kind | None


def ids_as_objects(ids: list[int]) -> list[dict[str, int]]:
    """The shop takes lists of categories, tags and images as objects with an id."""
    return [{"id": one} for one in ids]


def past_the_end(page: int, pages: int) -> str | None:
    """What to say when a page has no rows because the list is shorter."""
    if page <= max(pages, 1):
        return None
    return "There is only 1 page." if pages == 1 else f"There are only {pages} pages."


@dataclass(frozen=True)
class Noun:
    """One noun's tools.

    Args:
        toolset: takes the tools.
        collection: where the objects are.
        tools: prefix and nouns of the tools' names (``woo_coupons``).
        row: result model of a list's item; ``_fields`` are asked for what it needs (``row_fields``).
        full: result model of one object.
        writes: writable arguments by the shop's own names, with their types.
        required: those a create can't do without.
        filters: list arguments by the shop's own names, with (type, default).
        context: ``edit`` where a list's rows show what only editors see.
        scope: area of the scopes (``catalog`` → ``catalog:read``).
        parent: path parameters and what they are called, e.g. ``{"product_id": "The product's id."}``.
        defaults: what a create sends where the argument is left out.
        wire: per argument how the shop wants its value, where that differs (ids as objects).
        more: whether create and update take further fields.
        core: verbs in the default profile.
        says: sentences of the docstrings per verb, where the ordinary ones do not say enough.
    """

    toolset: Toolset
    collection: Collection
    tools: str
    row: type[BaseModel]
    full: type[BaseModel]
    writes: Mapping[str, Any]
    scope: str
    required: tuple[str, ...] = ()
    filters: Mapping[str, tuple[Any, Any]] = field(default_factory=dict[str, tuple[Any, Any]])
    row_fields: tuple[str, ...] = ()
    parent: Mapping[str, str] = field(default_factory=dict[str, str])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    wire: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict[str, Callable[[Any], Any]])
    more: bool = False
    context: Literal["view", "edit"] = "view"
    core: frozenset[Verb] = frozenset()
    says: Mapping[str, str] = field(default_factory=dict[str, str])

    def declare(self, *verbs: Verb) -> None:
        """Declare the tools of these verbs; all five when none is named."""
        for verb in verbs or VERBS:
            getattr(self, f"_{verb}")()

    # ---- one method per verb -------------------------------------------------------------------------------------

    def _list(self) -> None:
        page_of = page_model(f"{self.row.__name__}Page", self.row)
        make = cast("type[FromShop]", self.row)

        async def body(ctx: Context, given: dict[str, Any]) -> BaseModel:
            parent = self._parent(given)
            page, limit, wanted = given.pop("page"), given.pop("limit"), self._wanted(given.pop("fields"))
            params = {name: value for name, value in given.items() if value not in (None, "", [])}
            params |= {"page": page, "per_page": limit, **parent}
            shop = ctx.get(Shop)
            found = await shop.list(self.collection, fields=self.row_fields, context=self.context, **params)
            rows = [cut_to(make.of(item), wanted, self.collection.id_field) for item in found.items]
            note = past_the_end(page, found.pages)
            return page_of(items=rows, total=found.total, page=page, pages=found.pages, note=note)

        parents = self._parents()
        if self.collection.everywhere:  # left out, all are listed whatever they are in
            parents = {name: (optional(kind), None) for name, (kind, _) in parents.items()}
        arguments = {**parents, **self.filters, "page": (PageNumber, 1), "limit": (Limit, 20)}
        arguments["fields"] = (optional(Fields), None)
        self._tool("list", "read", f"List the {self._many}.", arguments, page_of, body)

    def _get(self) -> None:
        make = cast("type[FromShop]", self.full)

        async def body(ctx: Context, given: dict[str, Any]) -> BaseModel:
            return make.of(await ctx.get(Shop).get(self.collection, self._target(given), **self._parent(given)))

        text = f"Get the {self._one}." if self.collection.single else f"Get one {self._one} in full."
        self._tool("get", "read", text, {**self._parents(), **self._id()}, self.full, body)

    def _create(self) -> None:
        async def body(ctx: Context, given: dict[str, Any]) -> None:
            parent = self._parent(given)
            await ctx.get(Shop).create(self.collection, {**self.defaults, **self._fields(given)}, **parent)

        arguments = {**self._parents(), **self._writable(self.required)}
        self._tool("create", "write", f"Make a new {self._one}.", arguments, None, body)

    def _update(self) -> None:
        async def body(ctx: Context, given: dict[str, Any]) -> None:
            parent, target = self._parent(given), self._target(given)
            await ctx.get(Shop).update(self.collection, target, self._fields(given), **parent)

        arguments = {**self._parents(), **self._id(), **self._writable(())}
        which = "the" if self.collection.single else "one"
        text = f"Change {which} {self._one}; only given fields are touched."
        self._tool("update", "write", text, arguments, None, body)

    def _delete(self) -> None:
        async def body(ctx: Context, given: dict[str, Any]) -> None:
            await ctx.get(Shop).delete(self.collection, self._target(given), **self._parent(given))

        if self.collection.trash:
            text = f"Move one {self._one} to the bin."
        else:
            text = f"Delete one {self._one} for good; a person is asked."
        effect = "write" if self.collection.trash else "destroy"
        self._tool("delete", effect, text, {**self._parents(), **self._id()}, None, body)

    # ---- parts ---------------------------------------------------------------------------------------------------

    @property
    def _one(self) -> str:
        return self.collection.noun

    @property
    def _many(self) -> str:
        noun = self.collection.noun
        if noun.endswith("y"):
            return f"{noun[:-1]}ies"
        return f"{noun}es" if noun.endswith("s") else f"{noun}s"

    def _wanted(self, names: list[str] | None) -> frozenset[str]:
        """The fields that rows are to have; empty for all.

        Raises:
            Refused: INVALID_ARGUMENTS for names that rows do not have.
        """
        known = self.row.model_fields
        unknown = [name for name in names or () if name not in known]
        if unknown:
            words = f"fields: {unknown[0][:60]!r} is none of a row's fields."
            raise Refused(Code.INVALID_ARGUMENTS, words, f"They are: {', '.join(known)}.")
        return frozenset(names or ())

    def _parents(self) -> dict[str, tuple[Any, Any]]:
        texts = self.collection.text_ids
        return {
            name: (Annotated[Name if name in texts else Id, Field(description=text)], ...)
            for name, text in self.parent.items()
        }

    def _id(self) -> dict[str, tuple[Any, Any]]:
        if self.collection.single:
            return {}
        return {"id": (Name if "id" in self.collection.text_ids else Id, ...)}

    def _target(self, given: dict[str, Any]) -> Any:
        return self.collection.name if self.collection.single else given.pop("id")

    def _parent(self, given: dict[str, Any]) -> dict[str, Any]:
        found = {name: given.pop(name) for name in self.parent}
        return {name: value for name, value in found.items() if value is not None}

    def _writable(self, required: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
        first = {name: (self.writes[name], ...) for name in required}
        rest = {name: (optional(kind), None) for name, kind in self.writes.items() if name not in required}
        return {**first, **rest, **({"more": (optional(More), None)} if self.more else {})}

    def _fields(self, given: dict[str, Any]) -> dict[str, Any]:
        """What was given, in the shop's own form."""
        more: dict[str, Any] = given.pop("more", None) or {}
        fields = {
            name: self.wire[name](value) if name in self.wire else wire_value(value)
            for name, value in given.items()
            if value is not None
        }
        return {**check_more(self.collection, more), **fields}

    def _tool(
        self,
        verb: Verb,
        effect: Literal["read", "write", "destroy"],
        text: str,
        arguments: Mapping[str, tuple[Any, Any]],
        returns: type[BaseModel] | None,
        body: Callable[[Context, dict[str, Any]], Awaitable[Any]],
    ) -> None:
        handler = function(f"{self.tools}_{verb}", self.says.get(verb, text), arguments, returns, body)
        action = "read" if effect == "read" else "write"
        texts = self.collection.texts if effect == "read" else "none"
        self.toolset.tool(effect, scopes=f"{self.scope}:{action}", core=verb in self.core, texts=texts)(handler)


def cut_to(row: BaseModel, names: frozenset[str], id_field: str) -> BaseModel:
    """The row with these fields and what names it; whole where none are named."""
    if not names:
        return row
    kept = {name: value for name, value in row if name in names or name in ("id", id_field)}
    return type(row).model_construct(**kept)


def wire_value(value: Any) -> Any:
    """The argument as the shop wants it: amounts as text, models as objects."""
    from decimal import Decimal

    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, list):
        return [wire_value(item) for item in cast("list[Any]", value)]
    return value


def function(
    name: str,
    doc: str,
    arguments: Mapping[str, tuple[Any, Any]],
    returns: type[BaseModel] | None,
    body: Callable[[Context, dict[str, Any]], Awaitable[Any]],
) -> Callable[..., Awaitable[Any]]:
    """An async function of that name and signature whose arguments reach ``body`` as one dict."""

    async def handler(ctx: Context, **given: Any) -> Any:
        return await body(ctx, given)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("ctx", kind, annotation=Context)]
    for argument, (hint, default) in arguments.items():
        usual = inspect.Parameter.empty if default is ... else default
        parameters.append(inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, default=usual, annotation=hint))
    handler.__name__ = handler.__qualname__ = name
    handler.__doc__ = doc
    handler.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": returns}
    handler.__dict__["__signature__"] = inspect.Signature(parameters, return_annotation=returns)
    return handler
