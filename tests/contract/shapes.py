"""Names and JSON types of objects: `python -m tests.contract.shapes BED.json` records those of a real shop.

BED.json is what `python -m tests.wordpress.bed` prints. Only names and types are written, into shapes/.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from tests.contract import specimens_site  # noqa: F401 # registers its kinds  # pyright: ignore[reportUnusedImport] # the same
from tests.contract.client import Access, Json, Shop
from tests.contract.specimens import WOOCOMMERCE, WORDPRESS, Maker, compared

DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")  # reports have a key per day
FOLDER = Path(__file__).parent / "shapes"
NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
OPEN = {"_links"}  # only the relations' names are compared: their insides follow from the site's addresses


def shape(value: Json) -> Json:
    """Return names and types: an object as an object, a list as a list of one merged element, a value as its type."""
    if isinstance(value, dict):
        fields = {DAY.sub("<day>", name): inner for name, inner in cast("dict[str, Any]", value).items()}
        return {name: dict.fromkeys(inner, "links") if name in OPEN else shape(inner) for name, inner in fields.items()}
    if isinstance(value, list):
        merged: list[Json] = []
        for item in cast("list[Any]", value):
            merged = [_merge(merged[0], shape(item))] if merged else [shape(item)]
        return merged
    return NAMES[cast("type[Any]", type(value))]


def _merge(one: Json, two: Json) -> Json:
    if isinstance(one, dict) and isinstance(two, dict):
        first, second = cast("dict[str, Any]", one), cast("dict[str, Any]", two)
        both = {**first, **second}
        return {name: _merge(first.get(name, inner), second.get(name, inner)) for name, inner in both.items()}
    if isinstance(one, list) and isinstance(two, list):
        inner = cast("list[Any]", [*one, *two])
        return [_merge(inner[0], inner[-1])] if inner else []
    if isinstance(one, str) and isinstance(two, str):
        return "|".join(sorted({*one.split("|"), *two.split("|")}))
    return cast("Json", one)


def differences(found: Json, real: Json, at: str = "") -> Iterator[str]:
    """Say where a shape differs from the real shop's: keys that are missing or extra, types that it never has."""
    if isinstance(found, dict) and isinstance(real, dict):
        mine, theirs = cast("dict[str, Any]", found), cast("dict[str, Any]", real)
        yield from (f"{at}.{name} is missing" for name in theirs if name not in mine)
        yield from (f"{at}.{name} is extra" for name in mine if name not in theirs)
        for name in mine.keys() & theirs.keys():
            yield from differences(mine[name], theirs[name], f"{at}.{name}")
    elif isinstance(found, list) and isinstance(real, list):
        if found and real:
            yield from differences(found[0], real[0], f"{at}[]")
    elif not isinstance(found, str) or not isinstance(real, str):
        yield f"{at} is {_kind(found)}, not {_kind(real)}"
    elif not set(found.split("|")) <= set(real.split("|")):
        yield f"{at} is {found}, not {real}"


def _kind(value: Json) -> str:
    return value if isinstance(value, str) else "an object" if isinstance(value, dict) else "a list"


def file_of(access: Access) -> Path:
    """Return the recorded shop that `access` is compared with."""
    return FOLDER / ("woocommerce-10.5.json" if access.consumer_key else "wordpress-6.5.json")


async def specimen(shop: Shop, kind: str, make: Maker) -> Json:
    """Make one object of a kind and return its shape."""
    return shape(compared(kind, await make(shop)))


async def record(access: Access) -> None:
    kinds = WORDPRESS | (WOOCOMMERCE if access.consumer_key else {})
    found: dict[str, Json] = {}
    async with access.client() as http:
        for kind, make in sorted(kinds.items()):
            shop = Shop(access, http)
            try:
                found[kind] = await specimen(shop, kind, make)
            finally:
                await shop.clean()
    file_of(access).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text())
    known = {name: given[name] for name in Access.__dataclass_fields__ if name in given}
    asyncio.run(record(Access(name="given", **known)))


if __name__ == "__main__":
    main()
