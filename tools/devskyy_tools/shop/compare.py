"""Objects as leaves, so that only what really differs is sent, and only what moved is written back.

A leaf's path begins with the field. Objects are followed down; ``meta_data`` is one leaf per key; lines (an order's
items) are leaves per line id; any other list is one leaf, cut to what can be written.
"""

from __future__ import annotations

import html
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from .collections import NOISE, NOISY_META, Collection
from .fields import schema_of

Path = tuple[str | int, ...]
Leaves = dict[Path, Any]
Json = dict[str, Any]

_AMOUNTS = frozenset(
    {"amount", "discount", "height", "length", "maximum_amount", "minimum_amount", "price", "regular_price",
     "sale_price", "subtotal", "total", "weight", "width"}
)  # fmt: skip
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_SPACES = re.compile(r"\s+")
_PARAGRAPH = re.compile(r"</?p>|<br ?/?>")
_GONE: dict[str, Json] = {
    "line_items": {"quantity": 0},
    "fee_lines": {"name": None},
    "shipping_lines": {"method_id": None},
}


def leaves(collection: Collection, obj: Mapping[str, Any]) -> Leaves:
    """The object, or a body for it, as leaves without noise."""
    found: Leaves = {}
    fields = schema_of(collection)["fields"]
    for name, value in obj.items():
        if name in NOISE:
            continue
        if name == "meta_data" and isinstance(value, list):
            for entry in cast("list[Json]", value):
                if not str(entry.get("key", "")).startswith(NOISY_META):
                    found["meta_data", str(entry.get("key"))] = entry.get("value")
        elif name in collection.lines and isinstance(value, list):
            _line_leaves(found, name, cast("list[Json]", value), fields.get(name, {}))
        elif name in collection.raw and isinstance(value, dict):
            found[(name,)] = cast("Json", value).get("raw", cast("Json", value).get("rendered"))
        else:
            _value_leaves(found, (name,), value, fields.get(name, {}))
    return found


def _value_leaves(found: Leaves, path: Path, value: Any, schema: Json) -> None:
    if isinstance(value, dict) and "$ref" not in value:
        for key, item in cast("Json", value).items():
            _value_leaves(found, (*path, key), item, schema.get("properties", {}).get(key, {}))
    elif isinstance(value, list):
        found[path] = [_writable_item(item, schema.get("items", {}), path[0]) for item in cast("list[Any]", value)]
    else:
        found[path] = value


def _line_leaves(found: Leaves, name: str, lines: list[Json], schema: Json) -> None:
    for number, line in enumerate(lines):
        cut = _writable_item(line, schema.get("items", {}), name)
        key = cast("int | None", cut.pop("id", None))
        if key is None:
            found[name, f"+{number}"] = cut
        for sub, value in cut.items() if key is not None else ():
            found[(name, cast("int", key), sub)] = value


def _writable_item(item: Any, schema: Json, name: object) -> Any:
    """A list's item with only what can be written; its id stays."""
    if not isinstance(item, dict) or "properties" not in schema:
        return cast("Any", item)
    given = cast("Json", item)
    if name == "coupon_lines":
        return {"code": given.get("code")}
    known = schema["properties"]
    cut = {
        key: value
        for key, value in given.items()
        if key == "id" or not known.get(key, {"readonly": True}).get("readonly")
    }
    if given.get("id"):
        cut.pop("meta_data", None)
    if name == "images" and cut.get("id"):
        cut.pop("src", None)
    if name in ("categories", "tags", "brands"):
        cut = {"id": given.get("id")}
    if name == "attributes" and cut.get("id") and isinstance(cut.get("options"), list):
        options = cast("list[Any]", cut["options"])
        cut["options"] = sorted(options, key=_plain)  # of a shared attribute the shop orders them itself
    return cut


def body_of(found: Mapping[Path, Any]) -> Json:
    """The leaves put together again as a body."""
    body: Json = {}
    lines: dict[str, dict[Any, Json]] = {}
    for path, value in found.items():
        name = str(path[0])
        if name == "meta_data":
            body.setdefault(name, []).append({"key": path[1], "value": value})
        elif len(path) > 1 and isinstance(path[1], int):
            lines.setdefault(name, {}).setdefault(path[1], {"id": path[1]})[str(path[2])] = value
        elif len(path) > 1 and str(path[1]).startswith("+"):
            lines.setdefault(name, {})[path[1]] = value
        else:
            inner = body
            parts = [str(part) for part in path]
            for part in parts[:-1]:
                inner = inner.setdefault(part, {})
            inner[parts[-1]] = value
    for name, by_id in lines.items():
        body[name] = list(by_id.values())
    return body


def same(asked: Any, found: Any, path: Path = (), *, unordered: bool = False) -> bool:
    """Whether the shop's value is what was asked: amounts by value, null as "", texts without entities."""
    if asked is found or (type(asked) is str and asked == found) or (asked in _EMPTY and found in _EMPTY):
        return True
    if isinstance(asked, bool) or isinstance(found, bool):
        return asked is found
    if isinstance(asked, dict) and isinstance(found, dict):
        kept = cast("Json", found)
        return all(key in kept and same(value, kept[key], (*path, key)) for key, value in cast("Json", asked).items())
    if isinstance(asked, list) and isinstance(found, list):
        return _same_lists(cast("list[Any]", asked), cast("list[Any]", found), path, unordered)
    return _same_values(asked, found, "".join(str(part) for part in path[-1:]))


def _same_values(asked: Any, found: Any, name: str) -> bool:
    if name in _AMOUNTS or isinstance(asked, int | float | Decimal) or isinstance(found, int | float | Decimal):
        return _same_numbers(asked, found)
    if name.startswith("date"):
        return _same_dates(str(asked), str(found))
    if name == "description":  # variations' texts come back in paragraphs
        return _plain(_PARAGRAPH.sub(" ", str(asked))) == _plain(_PARAGRAPH.sub(" ", str(found)))
    return _plain(asked) == _plain(found)


def _same_lists(asked: list[Any], found: list[Any], path: Path, unordered: bool) -> bool:
    if len(asked) != len(found):
        return False
    if unordered:
        asked, found = sorted(asked, key=str), sorted(found, key=str)
    if path[:1] == ("images",):  # a picture given by address has its id from the shop
        return all("id" not in one or same(one, two, path) for one, two in zip(asked, found, strict=True))
    return all(same(one, two, path) for one, two in zip(asked, found, strict=True))


def _same_numbers(asked: Any, found: Any) -> bool:
    try:
        return Decimal(str(asked)) == Decimal(str(found))
    except ArithmeticError:
        return _plain(asked) == _plain(found)


def _same_dates(asked: str, found: str) -> bool:
    try:
        one, two = datetime.fromisoformat(asked), datetime.fromisoformat(found)
    except ValueError:
        return asked == found
    return one.replace(tzinfo=None) == two.replace(tzinfo=None)


def _plain(value: Any) -> str:
    return _SPACES.sub(" ", html.unescape(html.unescape(str("" if value is None else value)))).strip()


def differs(collection: Collection, asked: Leaves, found: Leaves) -> Leaves:
    """The asked leaves that are not so."""
    return {
        path: value
        for path, value in asked.items()
        if not same(value, found.get(path), path, unordered=path[0] in collection.unordered)
        or (path not in found and path[0] in collection.lines)
    }


def implied(collection: Collection, touched: Iterable[Path]) -> set[str]:
    """Fields that the touched ones drag, and the touched fields that are always taken whole."""
    return {name for path in touched for name in collection.implies.get(str(path[0]), ())}


def can_write(collection: Collection, path: Path) -> bool:
    """Whether the leaf can be written back."""
    field = schema_of(collection)["fields"].get(str(path[0]), {} if collection.open else None)
    if field is None or field.get("readonly") or path[0] in collection.derived:
        return False
    for part in path[1:]:
        field = field.get("properties", {}).get(str(part), {})
        if field.get("readonly"):
            return False
    return True


def moved(collection: Collection, before: Leaves, after: Leaves, fixed: set[str]) -> set[Path]:
    """Writable leaves that are not as they were. ``fixed`` are the touched and implied fields; others' volatile
    ones are left out, since a sale may have moved them meanwhile.
    """
    paths = before.keys() | after.keys()
    return {
        path
        for path in paths
        if can_write(collection, path)
        and (str(path[0]) in fixed or path[0] not in collection.volatile)
        and not same(before.get(path), after.get(path), path, unordered=path[0] in collection.unordered)
    }


def inverse(collection: Collection, before: Leaves, after: Leaves, paths: Iterable[Path]) -> Json | None:
    """The body that writes the leaves back; None when there is nothing to write.

    A line that was added is removed; one that was removed is added, with another id.
    """
    back: Leaves = {}
    there = {path[:2] for path in after}
    for path in sorted(paths, key=str):
        value = before.get(path)
        if path[0] in collection.lines and path not in before:
            back.update(_without_line(path))
        elif path[0] in collection.lines and path[:2] not in there:
            back.setdefault((path[0], f"+{path[1]}"), {})[str(path[2])] = value
        elif value is None and path[0] in collection.clears_with_empty:
            back[path] = ""
        else:
            back[path] = value
    return body_of(back) if back else None


def _without_line(path: Path) -> Leaves:
    """Leaves that remove a line that was added; nothing for one that is already gone."""
    if len(path) < 3:
        return {}
    return {(path[0], path[1], key): value for key, value in _GONE[str(path[0])].items()}


class Originals:
    """The whole objects that staged updates were made from, until they are sent: what an update moves beside what
    it touches is only seen against them. In memory only, and at most 500.
    """

    LIMIT = 500

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Json] = OrderedDict()

    def put(self, url: str, found: Json) -> None:
        self._kept[url] = found
        self._kept.move_to_end(url)
        if len(self._kept) > self.LIMIT:
            self._kept.popitem(last=False)

    def take(self, url: str) -> Json | None:
        return self._kept.pop(url, None)
