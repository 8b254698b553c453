"""The shop's collections, each declared once: where it is, what it can do, what the shop does to it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Literal, cast

from devskyy_mcp.capability import Texts
from devskyy_mcp.errors import Code, Refused

_NOTHING: frozenset[str] = frozenset()
NO_WORDS: Mapping[str, str] = {}
NO_DRAGS: Mapping[str, tuple[str, ...]] = {}

NOISE = frozenset(
    {
        "_links", "class_list", "date_modified", "date_modified_gmt", "generated_slug", "modified", "modified_gmt",
        "permalink_template", "price_html", "related_ids",
    }
)  # fmt: skip
"""Fields that move by themselves and say nothing."""
NOISY_META = ("_devskyy_", "_edit_", "_wp_desired_post_slug", "_wp_old_", "_wp_trash_meta_")
STAMP = "_devskyy_change"


@dataclass(frozen=True, slots=True)
class Collection:
    """One REST collection.

    Args:
        name: ours, unique; also the name of its field schema in ``schemas/``.
        api: ``wc`` (wc/v3) or ``wp`` (wp/v2).
        path: below the API's root; ``{product_id}`` and the like are parents.
        noun: what people call one of them.
        batch: most items in one ``/batch`` request; 0 where the shop has none.
        trash: whether a delete goes to the bin, from where it can come back.
        key: field that the shop keeps unique, empty where there is none.
        stamp: whether a create can carry our mark in ``meta_data``.
        title: field that names an object in labels; empty where that would be personal data.
        raw: fields that are read as ``{raw, rendered}`` and written as text.
        lines: list fields whose items have ids of their own and are changed one by one.
        unordered: list fields whose order the shop does not keep.
        derived: fields the shop computes; recorded, never written back.
        volatile: fields that others move at any time (a sale takes stock); written back only when touched or implied.
        clears_with_empty: fields that null does not clear, "" does.
        implies: touching the one drags the others.
        every: list parameters that show objects in all states but the bin.
        lean: whether to name the fields that are wanted when many are read or written: the shop then leaves out what
            is noise to us and work to it, in each item of a batch too.
        texts: whose texts its objects hold, after ``Policy.texts``.
        cannot_undo: per kind (``create``, ``delete``) or ``force`` why it can't be undone.
    """

    name: str
    api: Literal["wc", "wp"]
    path: str
    noun: str
    batch: int = 0
    trash: bool = False
    key: str = ""
    stamp: bool = False
    title: str = ""
    raw: frozenset[str] = _NOTHING
    lines: frozenset[str] = _NOTHING
    unordered: frozenset[str] = _NOTHING
    derived: frozenset[str] = _NOTHING
    volatile: frozenset[str] = _NOTHING
    clears_with_empty: frozenset[str] = _NOTHING
    implies: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NO_DRAGS)
    every: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    lean: bool = False
    texts: Texts = "catalogue"
    cannot_undo: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of the enclosing ids, in the path's order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    def url(self, parent: Mapping[str, Any] | None = None, target: object = None, *rest: str) -> str:
        """Path below ``/wp-json``: of the collection, of one object, or of something below it.

        Raises:
            Refused: INVALID_ARGUMENTS when an id is no positive whole number.
        """
        path = self.path
        for name in self.parents:
            path = path.replace(f"{{{name}}}", str(_id((parent or {}).get(name), name)))
        parts = [f"/{self.api}/{'v3' if self.api == 'wc' else 'v2'}", path]
        if target is not None:
            parts.append(str(_id(target, "id")))
        return "/".join([*parts, *rest])

    def label(self, target: object, obj: Mapping[str, Any] | None = None) -> str:
        """How people call it, without personal data: ``product 12 "Silk dress"``, ``order 61``."""
        name = (obj or {}).get(self.title) if self.title else None
        if isinstance(name, dict):
            texts = cast("dict[str, Any]", name)
            name = texts.get("raw") or texts.get("rendered")
        start = f"new {self.noun}" if target is None else f"{self.noun} {target}"
        return f'{start} "{unescape(str(name))[:60]}"' if name else start


def _id(value: object, name: str) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or not text.isascii() or int(text) < 1:
        raise Refused(Code.INVALID_ARGUMENTS, f"{name} must be a positive whole number.", details={"field": name})
    return int(text)


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


_STOCK = ("manage_stock", "stock_quantity", "stock_status", "backorders")
_SALE = ("date_on_sale_from", "date_on_sale_to")
_GMT = ("date_on_sale_from_gmt", "date_on_sale_to_gmt", "date_created_gmt")
_PRICED = {
    "manage_stock": _STOCK,
    "stock_quantity": _STOCK,
    "backorders": _STOCK,
    "regular_price": ("sale_price", *_SALE),
    "sale_price": ("sale_price", *_SALE),
}
_NO_TERM = "the shop gives it a new id when it is made again, and its objects lose it"

PRODUCTS = Collection(
    "products", "wc", "products", "product", batch=100, trash=True, key="sku", stamp=True, title="name",
    unordered=_set("categories", "tags", "brands"),
    derived=_set("price", "on_sale", "purchasable", "permalink", "has_options", "parent_id", *_GMT),
    volatile=_set("stock_quantity", "stock_status", "total_sales"),
    clears_with_empty=_set(*_SALE, "regular_price", "sale_price"),
    implies={**_PRICED, "type": ("regular_price", "sale_price", *_SALE, *_STOCK), "status": ("date_created",)},
    every={"status": "any"}, lean=True, cannot_undo={"force": "the product is gone for good"},
)  # fmt: skip
VARIATIONS = Collection(
    "variations", "wc", "products/{product_id}/variations", "variation", batch=100, trash=True, key="sku", stamp=True,
    title="sku", derived=_set("price", "on_sale", "purchasable", "permalink", *_GMT),
    volatile=_set("stock_quantity", "stock_status"),
    clears_with_empty=_set(*_SALE, "regular_price", "sale_price"), implies=_PRICED,
    every={"status": "any"}, lean=True, cannot_undo={"force": "the variation is gone for good"},
)  # fmt: skip
PRODUCT_CATEGORIES = Collection(
    "product_categories", "wc", "products/categories", "product category", batch=100, key="slug", title="name",
    derived=_set("count"), cannot_undo={"delete": _NO_TERM},
)  # fmt: skip
PRODUCT_TAGS = Collection(
    "product_tags", "wc", "products/tags", "product tag", batch=100, key="slug", title="name",
    derived=_set("count"), cannot_undo={"delete": _NO_TERM},
)  # fmt: skip
ATTRIBUTES = Collection(
    "attributes", "wc", "products/attributes", "attribute", batch=100, key="slug", title="name",
    cannot_undo={"delete": "its terms are gone and products lose it"},
)  # fmt: skip
ATTRIBUTE_TERMS = Collection(
    "attribute_terms", "wc", "products/attributes/{attribute_id}/terms", "attribute term", batch=100, key="slug",
    title="name", derived=_set("count"), cannot_undo={"delete": _NO_TERM},
)  # fmt: skip
PRODUCT_REVIEWS = Collection(
    "product_reviews", "wc", "products/reviews", "review", batch=100, trash=True,
    derived=_set("product_name", "product_permalink"), every={"status": "all"},
    texts="outside", cannot_undo={"force": "the review is gone for good"},
)  # fmt: skip
ORDERS = Collection(
    "orders", "wc", "orders", "order", batch=100, trash=True, stamp=True,
    lines=_set("line_items", "fee_lines", "shipping_lines"),
    derived=_set("total", "needs_payment", "needs_processing", "is_editable", "set_paid", "manual_update", "tax_lines"),
    implies=dict.fromkeys(("line_items", "fee_lines", "shipping_lines", "coupon_lines"), ("total",)),
    every={"status": "any"},
    texts="outside", cannot_undo={"force": "the order is gone for good"},
)  # fmt: skip
ORDER_NOTES = Collection(
    "order_notes", "wc", "orders/{order_id}/notes", "order note",
    texts="outside", cannot_undo={"delete": "the note is gone for good"},
)  # fmt: skip
REFUNDS = Collection(
    "refunds", "wc", "orders/{order_id}/refunds", "refund", stamp=True,
    texts="outside",
    cannot_undo={"create": "money given back stays given", "delete": "the record of the refund is gone for good"},
)  # fmt: skip
CUSTOMERS = Collection(
    "customers", "wc", "customers", "customer", batch=100, key="email", stamp=True,
    derived=_set("is_paying_customer"), every={"role": "all"}, texts="outside",
    cannot_undo={"delete": "the account is gone for good"},
)  # fmt: skip
COUPONS = Collection(
    "coupons", "wc", "coupons", "coupon", batch=100, trash=True, key="code", stamp=True, title="code",
    unordered=_set("product_ids", "excluded_product_ids", "product_categories", "excluded_product_categories",
                   "email_restrictions"),
    derived=_set("date_expires_gmt", "usage_count"), clears_with_empty=_set("date_expires"),
    cannot_undo={"force": "the coupon is gone for good"},
)  # fmt: skip

_CONTENT_RAW = _set("title", "content", "excerpt")
_CONTENT_DERIVED = _set("link", "guid", "date_gmt", "password")
POSTS = Collection(
    "posts", "wp", "posts", "post", trash=True, title="title", raw=_CONTENT_RAW, derived=_CONTENT_DERIVED,
    unordered=_set("categories", "tags"), volatile=_set("date"), implies={"status": ("date", "slug")},
    every={"status": "any"}, cannot_undo={"force": "the post is gone for good"},
)  # fmt: skip
PAGES = Collection(
    "pages", "wp", "pages", "page", trash=True, title="title", raw=_CONTENT_RAW, derived=_CONTENT_DERIVED,
    volatile=_set("date"), implies={"status": ("date", "slug")}, every={"status": "any"},
    cannot_undo={"force": "the page is gone for good"},
)  # fmt: skip
MEDIA = Collection(
    "media", "wp", "media", "media file", title="title", raw=_set("title", "caption", "description"),
    derived=_CONTENT_DERIVED, texts="outside", cannot_undo={"delete": "the file is gone, and what shows it loses it"},
)  # fmt: skip
CATEGORIES = Collection(
    "categories", "wp", "categories", "category", key="slug", title="name", derived=_set("count", "link"),
    cannot_undo={"delete": _NO_TERM},
)  # fmt: skip
TAGS = Collection(
    "tags", "wp", "tags", "tag", key="slug", title="name", derived=_set("count", "link"),
    cannot_undo={"delete": _NO_TERM},
)  # fmt: skip
COMMENTS = Collection(
    "comments", "wp", "comments", "comment", trash=True, raw=_set("content"), derived=_set("link", "date_gmt"),
    every={"status": "all"}, texts="outside", cannot_undo={"force": "the comment is gone for good"},
)  # fmt: skip

ALL: dict[str, Collection] = {
    collection.name: collection
    for collection in (
        PRODUCTS, VARIATIONS, PRODUCT_CATEGORIES, PRODUCT_TAGS, ATTRIBUTES, ATTRIBUTE_TERMS, PRODUCT_REVIEWS, ORDERS,
        ORDER_NOTES, REFUNDS, CUSTOMERS, COUPONS, POSTS, PAGES, MEDIA, CATEGORIES, TAGS, COMMENTS,
    )
}  # fmt: skip
