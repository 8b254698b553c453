"""Every kind of write: how its object comes to be, which tool writes it, and how the shop shows whether it was done."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .processes import ShopServer

_numbers = itertools.count(1)


@dataclass
class Case:
    """One write to be carried out.

    Args:
        tool: the write tool.
        arguments: its arguments.
        method: of its write request.
        writes: the path of its write requests, a regular expression.
        done: whether the shop has it done, by its objects.
        times: how often the shop has it done, for creates.
        undo: what undoing gives: ``applied``, or ``impossible``.
        undone: whether the shop has it as it was before.
    """

    tool: str
    arguments: dict[str, Any]
    method: str
    writes: str
    done: Callable[[], bool]
    times: Callable[[], int] | None = None
    undo: str = "applied"
    undone: Callable[[], bool] | None = None


def _name(word: str) -> str:
    return f"{word} {next(_numbers)}"


def product(shop: ShopServer, **fields: Any) -> dict[str, Any]:
    """A new product, made past DevSkyy."""
    return shop.ask("POST", "wc/v3/products", json={"name": _name("Dress"), "regular_price": "80.00", **fields})


def order(shop: ShopServer, status: str = "processing") -> dict[str, Any]:
    """A new order of two pieces of a new product."""
    lines = [{"product_id": product(shop)["id"], "quantity": 2}]
    return shop.ask("POST", "wc/v3/orders", json={"status": status, "line_items": lines, "set_paid": True})


def create_keyed(shop: ShopServer, folder: Path) -> Case:
    sku = f"KILL-{next(_numbers)}"

    def found() -> list[Any]:
        return shop.ask("GET", "wc/v3/products", params={"sku": sku, "status": "any"})

    return Case(
        "woo_products_create",
        {"name": _name("Coat"), "sku": sku, "regular_price": "120.00"},
        "POST",
        "/wc/v3/products",
        lambda: len(found()) == 1,
        lambda: len(found()),
        undone=lambda: not found(),
    )


def create_order(shop: ShopServer, folder: Path) -> Case:
    made = product(shop)
    note = _name("Gift for")

    def found() -> list[Any]:
        listed = shop.ask("GET", "wc/v3/orders", params={"per_page": 50})
        return [one for one in listed if one["customer_note"] == note]

    return Case(
        "woo_orders_create",
        {"lines": [{"product_id": made["id"], "quantity": 1}], "customer_note": note},
        "POST",
        "/wc/v3/orders",
        lambda: len(found()) == 1,
        lambda: len(found()),
        undone=lambda: not found(),
    )


def create_note(shop: ShopServer, folder: Path) -> Case:
    made = order(shop)
    path = f"wc/v3/orders/{made['id']}/notes"
    text = _name("Called the customer,")

    def found() -> list[Any]:
        return [one for one in shop.ask("GET", path) if one["note"] == text]

    return Case(
        "woo_order_notes_create",
        {"order_id": made["id"], "note": text},
        "POST",
        f"/{path}",
        lambda: len(found()) == 1,
        lambda: len(found()),
        undone=lambda: not found(),
    )


def create_post(shop: ShopServer, folder: Path) -> Case:
    title = _name("Lookbook")

    def found() -> list[Any]:
        return shop.ask("GET", "wp/v2/posts", params={"search": title, "status": "any"})

    return Case(
        "wp_posts_create",
        {"title": title, "content": "<p>New in.</p>"},
        "POST",
        "/wp/v2/posts",
        lambda: len(found()) == 1,
        lambda: len(found()),
        undone=lambda: not found(),
    )


def update(shop: ShopServer, folder: Path) -> Case:
    made = product(shop)
    path = f"wc/v3/products/{made['id']}"
    return Case(
        "woo_products_update",
        {"id": made["id"], "regular_price": "90.00", "name": made["name"] + " & Co"},
        "PUT",
        f"/{path}",
        lambda: (shop.find(path) or {})["regular_price"] == "90.00",
        undone=lambda: (
            (shop.find(path) or {})["name"] == made["name"] and (shop.find(path) or {})["regular_price"] == "80.00"
        ),
    )


def bulk(shop: ShopServer, folder: Path) -> Case:
    made = many(shop, 100)
    ids = [one["id"] for one in made]
    return Case(
        "woo_products_bulk_update",
        {"items": [{"id": one, "regular_price": "85.00"} for one in ids]},
        "POST",
        "/wc/v3/products/batch",
        lambda: prices(shop, ids) == {"85.00"},
        undone=lambda: prices(shop, ids) == {"80.00"},
    )


def many(shop: ShopServer, number: int) -> list[dict[str, Any]]:
    """New products in one request."""
    items = [{"name": _name("Shirt"), "regular_price": "80.00"} for _ in range(number)]
    return shop.ask("POST", "wc/v3/products/batch", json={"create": items})["create"]


def prices(shop: ShopServer, ids: list[int]) -> set[str]:
    params = {"include": ",".join(map(str, ids)), "per_page": 100, "_fields": "regular_price"}
    return {one["regular_price"] for one in shop.ask("GET", "wc/v3/products", params=params)}


def delete_to_bin(shop: ShopServer, folder: Path) -> Case:
    path = f"wc/v3/products/{product(shop)['id']}"

    def status() -> Any:
        return (shop.find(path) or {}).get("status")

    return Case(
        "woo_products_delete",
        {"id": int(path.rsplit("/", 1)[1])},
        "DELETE",
        f"/{path}",
        lambda: status() == "trash",
        undone=lambda: status() == "publish",
    )


def delete_for_good(shop: ShopServer, folder: Path) -> Case:
    made = shop.ask("POST", "wc/v3/products/categories", json={"name": _name("Line")})
    path = f"wc/v3/products/categories/{made['id']}"
    return Case(
        "woo_categories_delete",
        {"id": made["id"]},
        "DELETE",
        f"/{path}",
        lambda: shop.find(path) is None,
        undo="impossible",
    )


def refund(shop: ShopServer, folder: Path) -> Case:
    path = f"wc/v3/orders/{order(shop)['id']}/refunds"
    return Case(
        "woo_refunds_create",
        {"order_id": int(path.split("/")[3]), "amount": "10.00", "reason": "Stain"},
        "POST",
        f"/{path}",
        lambda: len(shop.ask("GET", path)) == 1,
        lambda: len(shop.ask("GET", path)),
        undo="impossible",
    )


def status_change(shop: ShopServer, folder: Path) -> Case:
    path = f"wc/v3/orders/{order(shop)['id']}"

    def status() -> Any:
        return (shop.find(path) or {}).get("status")

    return Case(
        "woo_orders_set_status",
        {"id": int(path.rsplit("/", 1)[1]), "status": "on-hold"},
        "PUT",
        f"/{path}",
        lambda: status() == "on-hold",
        undone=lambda: status() == "processing",
    )


def setting(shop: ShopServer, folder: Path) -> Case:
    mail, field = _TEXTS[next(_numbers) % len(_TEXTS)]
    path = f"wc/v3/settings/email_{mail}/{field}"
    before, after = (shop.find(path) or {})["value"], _name("Thank you")

    def value() -> Any:
        return (shop.find(path) or {})["value"]

    return Case(
        "woo_settings_update",
        {"items": [{"group": f"email_{mail}", "id": field, "value": after}]},
        "PUT",
        f"/{path}",
        lambda: value() == after,
        undone=lambda: value() == before,
    )


_TEXTS = [
    (mail, field)
    for mail in ("new_order", "cancelled_order", "customer_processing_order", "customer_completed_order")
    for field in ("subject", "heading", "additional_content")
] + [("customer_new_account", "subject")]
"""Texts of mails, one for each process that dies: another may not write what the one before has left open."""


def shipping_zone(shop: ShopServer, folder: Path) -> Case:
    name = _name("Zone")

    def found() -> list[Any]:
        return [one for one in shop.ask("GET", "wc/v3/shipping/zones") if one["name"] == name]

    return Case(
        "woo_zones_create",
        {"name": name},
        "POST",
        "/wc/v3/shipping/zones",
        lambda: len(found()) == 1,
        lambda: len(found()),
        undone=lambda: not found(),
    )


def upload(shop: ShopServer, folder: Path) -> Case:
    number = next(_numbers)
    (folder / f"picture{number}.png").write_bytes(picture(number))
    title = f"Picture {number}."

    def found() -> list[Any]:
        listed = shop.ask("GET", "wp/v2/media", params={"context": "edit", "per_page": 50})
        return [one for one in listed if one["title"]["raw"] == title]

    return Case(
        "wp_media_upload",
        {"path": str(folder / f"picture{number}.png"), "title": title},
        "POST",
        "/wp/v2/media",
        lambda: len(found()) == 1,
        lambda: len(found()),
        undone=lambda: not found(),
    )


def picture(number: int) -> bytes:
    """A PNG of one pixel of its own colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0" + number.to_bytes(3, "big"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


KINDS: dict[str, Callable[[ShopServer, Path], Case]] = {
    "create with sku": create_keyed,
    "create order": create_order,
    "create note": create_note,
    "create post": create_post,
    "update": update,
    "delete to the bin": delete_to_bin,
    "delete for good": delete_for_good,
    "refund": refund,
    "upload": upload,
    "setting": setting,
    "shipping zone": shipping_zone,
    "status change": status_change,
}
"""Those of one request; the bulk of four has tests of its own."""
