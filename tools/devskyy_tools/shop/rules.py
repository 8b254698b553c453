"""Which rules hold for which collection: checks see the body as asked, ``FORESEE`` sees what really differs."""

from __future__ import annotations

from . import collections as at
from . import rules_content as content
from . import rules_orders as orders
from . import rules_products as products
from .collections import Collection
from .draft import Rule

CHECKS: dict[str, tuple[Rule, ...]] = {
    at.PRODUCTS.name: (
        products.never_binned_here,
        products.prices,
        products.sale_dates,
        products.stock,
        products.sku,
        products.terms,
        products.pictures,
    ),
    at.VARIATIONS.name: (
        products.never_binned_here,
        products.options,
        products.prices,
        products.sale_dates,
        products.stock,
        products.sku,
        products.pictures,
    ),
    **{
        term.name: (products.term_name,)
        for term in (at.PRODUCT_CATEGORIES, at.PRODUCT_TAGS, at.BRANDS, at.CATEGORIES, at.TAGS)
    },
    at.PRODUCT_REVIEWS.name: (products.never_binned_here, products.review),
    at.ORDERS.name: (products.never_binned_here, orders.order_lines, orders.order_coupons, orders.order_customer),
    at.REFUNDS.name: (orders.refund,),
    at.ORDER_NOTES.name: (orders.note,),
    at.COUPONS.name: (products.never_binned_here, content.coupon),
    at.CUSTOMERS.name: (content.customer,),
    at.POSTS.name: (products.never_binned_here, content.content),
    at.PAGES.name: (products.never_binned_here, content.content),
    at.COMMENTS.name: (products.never_binned_here,),
}
FORESEE: dict[str, tuple[Rule, ...]] = {
    at.PRODUCTS.name: (products.foresee,),
    at.VARIATIONS.name: (products.foresee,),
    at.ORDERS.name: (orders.order_foresee,),
    at.POSTS.name: (content.content_foresee,),
    at.PAGES.name: (content.content_foresee,),
    at.MEDIA.name: (content.media_foresee,),
    at.COUPONS.name: (content.coupon_foresee,),
    **{
        term.name: (products.term_foresee,)
        for term in (
            *(at.PRODUCT_CATEGORIES, at.PRODUCT_TAGS, at.BRANDS, at.ATTRIBUTES, at.ATTRIBUTE_TERMS),
            *(at.CATEGORIES, at.TAGS),
            *(at.PRODUCT_REVIEWS, at.COMMENTS),
        )
    },
}
DELETING: dict[str, tuple[Rule, ...]] = {
    at.PRODUCTS.name: (products.deleting,),
    at.ORDERS.name: (orders.order_foresee,),
    at.ATTRIBUTES.name: (products.attribute_delete,),
    at.MEDIA.name: (content.media_foresee,),
    **{
        term.name: (products.term_delete,)
        for term in (at.PRODUCT_CATEGORIES, at.PRODUCT_TAGS, at.BRANDS, at.ATTRIBUTE_TERMS, at.CATEGORIES, at.TAGS)
    },
}


def of(table: dict[str, tuple[Rule, ...]], collection: Collection) -> tuple[Rule, ...]:
    return table.get(collection.name, ())
