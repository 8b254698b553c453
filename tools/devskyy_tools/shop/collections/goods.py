"""The catalogue: products, variations and what they are sorted by."""

from __future__ import annotations

from .base import NO_TERM, Collection, fields

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

PRODUCTS = Collection(
    "products", "wc", "products", "product", batch=100, trash=True, key="sku", stamp=True, title="name",
    html=fields("name", "description", "short_description", "purchase_note"),
    unordered=fields("categories", "tags", "brands"),
    derived=fields("price", "on_sale", "purchasable", "permalink", "has_options", "parent_id", *_GMT),
    volatile=fields("stock_quantity", "stock_status", "total_sales"),
    clears_with_empty=fields(*_SALE, "regular_price", "sale_price"),
    implies={**_PRICED, "type": ("regular_price", "sale_price", *_SALE, *_STOCK), "status": ("date_created",)},
    every={"status": "any"}, lean=True, cannot_undo={"force": "the product is gone for good"},
)  # fmt: skip
VARIATIONS = Collection(
    "variations", "wc", "products/{product_id}/variations", "variation", everywhere="variations", batch=100,
    trash=True, key="sku", stamp=True, title="sku", html=fields("description"),
    derived=fields("price", "on_sale", "purchasable", "permalink", *_GMT),
    volatile=fields("stock_quantity", "stock_status"),
    clears_with_empty=fields(*_SALE, "regular_price", "sale_price"), implies=_PRICED,
    every={"status": "any"}, lean=True, cannot_undo={"force": "the variation is gone for good"},
)  # fmt: skip
PRODUCT_CATEGORIES = Collection(
    "product_categories", "wc", "products/categories", "product category", batch=100, key="slug", title="name",
    html=fields("description"), derived=fields("count"), cannot_undo={"delete": NO_TERM},
)  # fmt: skip
PRODUCT_TAGS = Collection(
    "product_tags", "wc", "products/tags", "product tag", batch=100, key="slug", title="name",
    html=fields("description"), derived=fields("count"), cannot_undo={"delete": NO_TERM},
)  # fmt: skip
BRANDS = Collection(
    "brands", "wc", "products/brands", "brand", batch=100, key="slug", title="name",
    html=fields("description"), derived=fields("count"), cannot_undo={"delete": NO_TERM},
)  # fmt: skip
SHIPPING_CLASSES = Collection(
    "shipping_classes", "wc", "products/shipping_classes", "shipping class", batch=100, key="slug", title="name",
    derived=fields("count"), cannot_undo={"delete": NO_TERM},
)  # fmt: skip
ATTRIBUTES = Collection(
    "attributes", "wc", "products/attributes", "attribute", batch=100, key="slug", title="name",
    cannot_undo={"delete": "its terms are gone and products lose it"},
)  # fmt: skip
ATTRIBUTE_TERMS = Collection(
    "attribute_terms", "wc", "products/attributes/{attribute_id}/terms", "attribute term", batch=100, key="slug",
    title="name", html=fields("description"), derived=fields("count"), cannot_undo={"delete": NO_TERM},
)  # fmt: skip
PRODUCT_REVIEWS = Collection(
    "product_reviews", "wc", "products/reviews", "review", batch=100, trash=True, html=fields("review"),
    derived=fields("product_name", "product_permalink"), every={"status": "all"},
    texts="outside", cannot_undo={"force": "the review is gone for good"},
)  # fmt: skip
