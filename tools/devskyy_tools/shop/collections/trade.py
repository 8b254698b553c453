"""Orders and what belongs to them, customers, coupons."""

from __future__ import annotations

from .base import Collection, fields

ORDERS = Collection(
    "orders", "wc", "orders", "order", batch=100, trash=True, stamp=True,
    lines=fields("line_items", "fee_lines", "shipping_lines"),
    derived=fields("total", "needs_payment", "needs_processing", "is_editable", "set_paid", "manual_update",
                   "tax_lines"),
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
ALL_REFUNDS = Collection("all_refunds", "wc", "refunds", "refund", texts="outside")
CUSTOMERS = Collection(
    "customers", "wc", "customers", "customer", batch=100, key="email", stamp=True,
    derived=fields("is_paying_customer"), every={"role": "all"}, texts="outside",
    cannot_undo={"delete": "the account is gone for good"},
)  # fmt: skip
COUPONS = Collection(
    "coupons", "wc", "coupons", "coupon", batch=100, trash=True, key="code", stamp=True, title="code",
    unordered=fields("product_ids", "excluded_product_ids", "product_categories", "excluded_product_categories",
                   "email_restrictions"),
    derived=fields("date_expires_gmt", "usage_count"), clears_with_empty=fields("date_expires"),
    cannot_undo={"force": "the coupon is gone for good"},
)  # fmt: skip
