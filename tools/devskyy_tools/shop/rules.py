"""Which rules hold for which collection: checks see the body as asked, ``FORESEE`` sees what really differs."""

from __future__ import annotations

from . import collections as at
from . import rules_content as content
from . import rules_orders as orders
from . import rules_products as products
from . import rules_store as store
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
    **{term.name: (products.term_name,) for term in (at.PRODUCT_CATEGORIES, at.PRODUCT_TAGS, at.CATEGORIES, at.TAGS)},
    at.PRODUCT_REVIEWS.name: (products.never_binned_here, products.review),
    at.ORDERS.name: (products.never_binned_here, orders.order_lines, orders.order_coupons, orders.order_customer),
    at.REFUNDS.name: (orders.refund,),
    at.ORDER_NOTES.name: (orders.note,),
    at.COUPONS.name: (products.never_binned_here, content.coupon),
    at.CUSTOMERS.name: (content.customer,),
    at.POSTS.name: (products.never_binned_here, content.content),
    at.PAGES.name: (products.never_binned_here, content.content),
    at.COMMENTS.name: (products.never_binned_here,),
    at.GATEWAYS.name: (store.gateway,),
    at.SHIPPING_ZONES.name: (store.zone,),
    at.ZONE_LOCATIONS.name: (store.places,),
    at.ZONE_METHODS.name: (store.zone_method,),
    at.TAXES.name: (store.tax,),
    at.TAX_CLASSES.name: (store.tax_class,),
    at.WEBHOOKS.name: (store.webhook,),
}
FORESEE: dict[str, tuple[Rule, ...]] = {
    at.PRODUCTS.name: (products.foresee,),
    at.VARIATIONS.name: (products.foresee,),
    at.ORDERS.name: (orders.order_foresee,),
    at.POSTS.name: (content.content_foresee,),
    at.PAGES.name: (content.content_foresee,),
    at.MEDIA.name: (content.media_foresee,),
    at.COUPONS.name: (content.coupon_foresee,),
    at.SETTINGS.name: (store.setting_foresee,),
    at.GATEWAYS.name: (store.gateway_foresee,),
    at.ZONE_LOCATIONS.name: (store.places_foresee,),
    at.ZONE_METHODS.name: (store.zone_method_foresee,),
    at.TAXES.name: (store.tax_foresee,),
    at.WEBHOOKS.name: (store.webhook_foresee,),
    **{
        term.name: (products.term_foresee,)
        for term in (
            *(at.PRODUCT_CATEGORIES, at.PRODUCT_TAGS, at.ATTRIBUTES, at.ATTRIBUTE_TERMS, at.CATEGORIES, at.TAGS),
            *(at.PRODUCT_REVIEWS, at.COMMENTS),
        )
    },
}
DELETING: dict[str, tuple[Rule, ...]] = {
    at.PRODUCTS.name: (products.deleting,),
    at.ORDERS.name: (orders.order_foresee,),
    at.ATTRIBUTES.name: (products.attribute_delete,),
    at.MEDIA.name: (content.media_foresee,),
    at.SHIPPING_ZONES.name: (store.zone_delete,),
    at.TAX_CLASSES.name: (store.tax_class_delete,),
    at.WEBHOOKS.name: (store.webhook_delete,),
    **{
        term.name: (products.term_delete,)
        for term in (at.PRODUCT_CATEGORIES, at.PRODUCT_TAGS, at.ATTRIBUTE_TERMS, at.CATEGORIES, at.TAGS)
    },
}


def of(table: dict[str, tuple[Rule, ...]], collection: Collection) -> tuple[Rule, ...]:
    return table.get(collection.name, ())
