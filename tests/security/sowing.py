"""Puts texts into the demo shop wherever somebody outside the brand can write: as they would, without DevSkyy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from devskyy_tools.sandbox.store import Store, Where

Text = Callable[[str], str]
"""Gives the text for a place such as ``order 12 customer_note``."""

ADDRESS = ("first_name", "last_name", "company", "address_1", "address_2", "city")
CUSTOMERS: dict[str, tuple[str, ...]] = {
    "order": ("customer_note", *(f"{part}.{name}" for part in ("billing", "shipping") for name in ADDRESS)),
    "order_note": ("note",),
    "review": ("author", "content", "url"),
    "comment": ("author", "content", "url"),
    "user": (
        *("name", "first_name", "last_name", "nickname", "description", "url"),
        *(f"{part}.{name}" for part in ("billing", "shipping") for name in ADDRESS),
    ),
    "refund": ("reason",),
    "attachment": ("title", "caption"),  # WordPress takes them from the file itself
}
"""What customers, guests and files from outside fill, per kind of the demo shop's objects."""
CATALOGUE: dict[str, tuple[str, ...]] = {
    "product": ("name", "description", "short_description"),
    "variation": ("description",),
    "post": ("title", "content", "excerpt"),
    "page": ("title", "content", "excerpt"),
    "product_cat": ("name", "description"),
    "product_tag": ("name", "description"),
    "category": ("name", "description"),
    "post_tag": ("name", "description"),
    "coupon": ("description",),
    "attachment": ("alt_text", "description"),
}
"""What a supplier's file or a guest author fills, where a brand takes such."""


def sow(store: Store, places: dict[str, tuple[str, ...]], text: Text) -> int:
    """Write a text into each place; how many there were."""
    written = 0
    with store.transaction(write=True):
        for kind, names in places.items():
            for body in store.find(Where(kind), "id"):
                if kind == "user" and body["roles"] != ["customer"]:
                    continue
                for name, holder, key in _fields(body, names):
                    holder[key] = text(f"{kind} {body['id']} {name}")
                    written += 1
                store.put(kind, body)
    return written


def _fields(body: dict[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any], str]]:
    for name in names:
        holder, key = body, name
        if "." in name:
            part, key = name.split(".")
            holder = body[part]
        if key in holder:
            yield name, holder, key
