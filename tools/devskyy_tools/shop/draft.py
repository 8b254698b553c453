"""One staged operation while it is being made: what the rules of each noun check, repair and add to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn, cast

from devskyy_mcp.changes.model import Leaving, ObjectId, OpKind
from devskyy_mcp.errors import Code, Refused

from . import money
from .collections import Collection

if TYPE_CHECKING:
    from .session import Shop

Json = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """What is asked (``body``) of an object as it is (``present``, empty for a create)."""

    shop: Shop
    collection: Collection
    kind: OpKind
    target: ObjectId | None
    parent: dict[str, Any]
    body: Json
    present: Json = field(default_factory=dict[str, Any])
    undo: str = ""
    effects: list[str] = field(default_factory=list[str])
    asks: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    note: Json = field(default_factory=dict[str, Any])
    leaves: list[Leaving] = field(default_factory=list[Leaving])

    @property
    def label(self) -> str:
        label = self.collection.label(self.target, self.present or self.body)
        apart = self.kind == "create" or self.collection.single  # its own name does not tell it from others
        places = [
            f" of {name.removesuffix('_id')} {at}"
            for name, at in self.parent.items()
            if name in self.collection.text_ids or (apart and isinstance(at, int))
        ]
        return label + "".join(places)

    def was(self, name: str) -> Any:
        """The field as it is now; raw text for texts that have both forms."""
        value = self.present.get(name)
        if name in self.collection.raw and isinstance(value, dict):
            return cast("Json", value).get("raw")
        return value

    def will(self, name: str) -> Any:
        """The field as it would be."""
        return self.body[name] if name in self.body else self.was(name)

    def refuse(self, message: str, hint: str = "", code: Code = Code.INVALID_ARGUMENTS, **details: Any) -> NoReturn:
        """Refuse the whole call because of this object."""
        trust = self.shop.trust_of(self.collection) if self.present else {}
        raise Refused(code, f"{self.label}: {message}", hint, details={**details, **trust})

    def lines(self, name: str) -> list[Json]:
        """A list field of the body, only its objects."""
        value = self.body.get(name)
        items = cast("list[Any]", value) if isinstance(value, list) else []
        return [cast("Json", item) for item in items if isinstance(item, dict)]

    def times(self, *names: str) -> None:
        """Put the body's moments into the shop's form; what is none the shop takes for 1970. Empty means: no date."""
        for name in names:
            value = self.body.get(name)
            if value in (None, ""):
                continue
            try:
                moment = datetime.fromisoformat(str(value))
            except ValueError:
                moment = None
            if moment is None or moment.tzinfo is not None:
                self.refuse(f"{name} must be a time of the site's own time zone, such as 2027-01-31T09:00:00.")
            self.body[name] = moment.isoformat(timespec="seconds")

    async def amounts(self, *names: str) -> None:
        """Put the body's amounts into the shop's form; refuse what is none. Null means: no amount."""
        for name in names:
            if name not in self.body:
                continue
            value = self.body[name]
            if value is None or value == "":
                self.body[name] = ""
                continue
            amount = money.parse(value, name)
            known = self.shop.client.known
            if money.places(amount) > 2 or (known is not None and money.places(amount) > known.decimals):
                money.parse(value, name, (await self.shop.client.info()).decimals)
            self.body[name] = money.text(amount)


Rule = Callable[[Draft], Awaitable[None]]


def number(value: Any) -> Decimal:
    """A quantity or amount as the shop states it; zero for empty."""
    return money.amount_or_none(value) or Decimal(0)


def plural(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeo" else f"{count} {noun}s"


def bare(value: Any) -> Any:
    """The value as JSON: amounts as strings, tuples as lists."""
    if isinstance(value, Decimal):
        return money.text(value)
    if isinstance(value, Mapping):
        return {str(key): bare(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [bare(item) for item in cast("list[Any]", value)]
    return value
