"""What an object would be with what is staged in it, and what a person saw of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from . import compare
from .collections import Collection

Json = dict[str, Any]
_FLUID = ("stock_quantity", "stock_status", "total_sales", "average_rating", "rating_count", "count")


def overlay(collection: Collection, obj: Mapping[str, Any], body: Mapping[str, Any]) -> Json:
    """The object as it would be; computed fields are absent rather than stale."""
    merged = {name: value for name, value in obj.items() if name not in collection.derived and name != "price_html"}
    for name, value in body.items():
        old = merged.get(name)
        if name in collection.raw:
            merged[name] = {"raw": value}
        elif name in collection.whole:
            merged[name] = value
        elif isinstance(value, dict) and isinstance(old, dict):
            merged[name] = {**cast("Json", old), **cast("Json", value)}
        elif name == "meta_data" or name in collection.lines:
            merged[name] = _merged(old, value, "key" if name == "meta_data" else "id")
        else:
            merged[name] = value
    return merged


def _merged(old: Any, new: Any, key: str) -> list[Json]:
    items = [dict(item) for item in cast("list[Json]", old or [])]
    for entry in cast("list[Json]", new or []):
        held = next((item for item in items if key in entry and item.get(key) == entry[key]), None)
        if held is None:
            items.append(dict(entry))
        else:
            held.update(entry)
    return items


def digest(collection: Collection, obj: Mapping[str, Any]) -> str:
    """SHA-256 of the object without noise and what others move, such as stock: what a person saw when deleting it."""
    kept = [
        (str(path), value)
        for path, value in compare.leaves(collection, obj).items()
        if path[0] not in _FLUID and compare.can_write(collection, path)
    ]
    text = json.dumps(sorted(kept, key=lambda pair: pair[0]), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
