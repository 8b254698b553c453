"""Which rules hold for which collection: checks see the body as asked, ``FORESEE`` sees what really differs."""

from __future__ import annotations

from . import collections as at
from . import rules_admin as admin
from . import rules_companion as companion
from . import rules_content as content
from . import rules_markup as markup
from . import rules_orders as orders
from . import rules_people as people
from . import rules_products as products
from . import rules_site as site
from . import rules_store as store
from . import rules_terms as terms
from .collections import Collection
from .draft import Rule

_TERMS = (
    *(at.PRODUCT_CATEGORIES, at.PRODUCT_TAGS, at.BRANDS, at.SHIPPING_CLASSES, at.ATTRIBUTE_TERMS),
    at.TERMS,
)

CHECKS: dict[str, tuple[Rule, ...]] = {
    at.PRODUCTS.name: (
        products.no_variation,
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
        terms.one_combination,
        products.prices,
        products.sale_dates,
        products.stock,
        products.sku,
        products.pictures,
    ),
    **{term.name: (terms.term_name,) for term in (at.PRODUCT_TAGS, at.ATTRIBUTE_TERMS)},
    **{term.name: (terms.term_name, terms.term_parent) for term in (at.PRODUCT_CATEGORIES, at.BRANDS, at.TERMS)},
    at.SHIPPING_CLASSES.name: (terms.term_name, terms.shipping_slug),
    at.ATTRIBUTES.name: (terms.attribute,),
    at.PRODUCT_REVIEWS.name: (products.never_binned_here, terms.review),
    at.ORDERS.name: (products.never_binned_here, orders.order_lines, orders.order_coupons, orders.order_customer),
    at.REFUNDS.name: (orders.refund,),
    at.ORDER_NOTES.name: (orders.note,),
    at.COUPONS.name: (products.never_binned_here, content.coupon),
    at.CUSTOMERS.name: (content.customer,),
    at.POSTS.name: (products.never_binned_here, content.content),
    at.PAGES.name: (products.never_binned_here, content.content),
    at.GATEWAYS.name: (store.gateway,),
    at.SHIPPING_ZONES.name: (store.zone,),
    at.ZONE_LOCATIONS.name: (store.places,),
    at.ZONE_METHODS.name: (store.zone_method,),
    at.TAXES.name: (store.tax,),
    at.TAX_CLASSES.name: (store.tax_class,),
    at.WEBHOOKS.name: (store.webhook,),
    at.ITEMS.name: (products.never_binned_here, content.content),
    at.COMMENTS.name: (products.never_binned_here, content.comment),
    at.USERS.name: (people.user,),
    at.APP_PASSWORDS.name: (people.app_password,),
    at.REDIRECTS.name: (companion.redirect,),
    at.SEO.name: (companion.seo,),
    at.VARIANT_TESTS.name: (companion.variant_test,),
    at.BLOCKS.name: (products.never_binned_here,),
    at.NAVIGATION.name: (products.never_binned_here,),
    at.TEMPLATES.name: (site.template,),
    at.TEMPLATE_PARTS.name: (site.template,),
    at.MENUS.name: (site.menu,),
    at.MENU_ITEMS.name: (site.menu_item,),
    at.GLOBAL_STYLES.name: (site.styles,),
    at.FONT_FAMILIES.name: (site.font_family,),
    at.FONT_FACES.name: (site.font_face,),
    at.WIDGETS.name: (site.widget,),
    at.SIDEBARS.name: (site.sidebar,),
    at.PLUGINS.name: (admin.plugin,),
    at.SITE_SETTINGS.name: (admin.settings,),
}
FORESEE: dict[str, tuple[Rule, ...]] = {
    at.PRODUCTS.name: (products.foresee,),
    at.VARIATIONS.name: (products.foresee,),
    at.ORDERS.name: (orders.order_foresee,),
    at.POSTS.name: (content.content_foresee,),
    at.PAGES.name: (content.content_foresee,),
    at.ITEMS.name: (content.content_foresee,),
    at.MEDIA.name: (content.media_foresee,),
    at.MEDIA_EDITS.name: (content.media_foresee,),
    at.USERS.name: (people.user_foresee,),
    at.COUPONS.name: (content.coupon_foresee,),
    at.SETTINGS.name: (store.setting_foresee,),
    at.GATEWAYS.name: (store.gateway_foresee,),
    at.ZONE_LOCATIONS.name: (store.places_foresee,),
    at.ZONE_METHODS.name: (store.zone_method_foresee,),
    at.TAXES.name: (store.tax_foresee,),
    at.WEBHOOKS.name: (store.webhook_foresee,),
    at.ATTRIBUTES.name: (terms.attribute_foresee,),
    at.REDIRECTS.name: (companion.redirect_foresee,),
    at.SEO.name: (companion.seo_foresee,),
    at.MODELS.name: (companion.model_foresee,),
    at.VARIANT_TESTS.name: (companion.variant_test_foresee,),
    **{term.name: (terms.term_foresee,) for term in (*_TERMS, at.PRODUCT_REVIEWS, at.COMMENTS)},
    at.BLOCKS.name: (site.blocks_foresee,),
    at.NAVIGATION.name: (site.blocks_foresee,),
    at.TEMPLATES.name: (site.template_foresee,),
    at.TEMPLATE_PARTS.name: (site.template_foresee,),
    at.MENUS.name: (site.menu_foresee,),
    at.MENU_ITEMS.name: (site.menu_item_foresee,),
    at.GLOBAL_STYLES.name: (site.styles_foresee,),
    at.WIDGETS.name: (site.widget_foresee,),
    at.PLUGINS.name: (admin.plugin_switch,),
    at.SITE_SETTINGS.name: (admin.settings_foresee,),
}
DELETING: dict[str, tuple[Rule, ...]] = {
    at.PRODUCTS.name: (products.deleting,),
    at.ORDERS.name: (orders.order_foresee,),
    at.ATTRIBUTES.name: (terms.attribute_delete,),
    at.MEDIA.name: (content.media_foresee,),
    at.SHIPPING_ZONES.name: (store.zone_delete,),
    at.TAX_CLASSES.name: (store.tax_class_delete,),
    at.WEBHOOKS.name: (store.webhook_delete,),
    **{term.name: (terms.term_delete,) for term in _TERMS},
    at.REVISIONS.name: (content.revision_delete,),
    at.USERS.name: (people.user_delete,),
    at.REDIRECTS.name: (companion.redirect_foresee,),
    at.APP_PASSWORDS.name: (people.app_password_delete,),
    at.APP_PASSWORD_SETS.name: (people.app_passwords_delete,),
    at.BLOCKS.name: (site.blocks_foresee,),
    at.NAVIGATION.name: (site.blocks_foresee,),
    at.TEMPLATES.name: (site.template_delete,),
    at.TEMPLATE_PARTS.name: (site.template_delete,),
    at.MENUS.name: (site.menu_foresee,),
    at.MENU_ITEMS.name: (site.menu_item_foresee,),
    at.WIDGETS.name: (site.widget_foresee,),
    at.PLUGINS.name: (admin.plugin_delete,),
}


def of(table: dict[str, tuple[Rule, ...]], collection: Collection) -> tuple[Rule, ...]:
    """The rules of a collection; texts that are shown as HTML are cleaned before anything else looks at them."""
    found = table.get(collection.name, ())
    return (markup.clean_texts, *found) if table is CHECKS and collection.html else found
