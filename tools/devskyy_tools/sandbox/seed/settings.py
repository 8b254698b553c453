"""Settings, default categories and what else a fresh WordPress with WooCommerce has."""

from __future__ import annotations

from functools import cache

from devskyy_tools.sandbox import clock, schema
from devskyy_tools.sandbox.envelope import Json
from devskyy_tools.sandbox.nouns import terms
from devskyy_tools.sandbox.store import Store

TITLE = "Maison Skyy"


def sow(store: Store) -> None:
    blog = terms.insert(store, "category", "Uncategorized")
    shop = terms.insert(store, "product_cat", "Uncategorized")
    store.set_option("default_product_cat", shop["id"])
    store.set_option(
        "site",
        {
            "title": TITLE,
            "description": "Limited collections, made to be kept",
            "timezone": clock.TIMEZONE,
            "email": "hello@maison-skyy.example.com",
            "date_format": "F j, Y",
            "time_format": "g:i a",
            "start_of_week": 1,
            "language": "en_US",
            "use_smilies": True,
            "default_category": blog["id"],
            "default_post_format": "0",
            "posts_per_page": 10,
            "show_on_front": "posts",
            "page_on_front": 0,
            "page_for_posts": 0,
            "default_ping_status": "open",
            "default_comment_status": "open",
            "site_logo": None,
            "site_icon": 0,
            "pickup_location_settings": [],
            "pickup_locations": [],
            "woocommerce_default_catalog_orderby": "menu_order",
            "woocommerce_checkout_phone_field": "optional",
            "woocommerce_checkout_company_field": "hidden",
            "woocommerce_checkout_address_2_field": "optional",
        },
    )


GROUPS = {
    "general": "General",
    "products": "Products",
    "tax": "Tax",
    "shipping": "Shipping",
    "checkout": "Payments",
    "account": "Accounts & Privacy",
    "email": "Emails",
    "integration": "Integration",
    "advanced": "Advanced",
}
_CURRENCIES = {
    "CHF": ("Swiss franc", "&#67;&#72;&#70;"),
    "EUR": ("Euro", "&euro;"),
    "GBP": ("Pound sterling", "&pound;"),
    "JPY": ("Japanese yen", "&yen;"),
    "PLN": ("Polish z&#x142;oty", "&#122;&#322;"),
    "SEK": ("Swedish krona", "&#107;&#114;"),
    "USD": ("United States (US) dollar", "&#36;"),
}
COUNTRIES = {
    "AT": "Austria", "BE": "Belgium", "CA": "Canada", "CH": "Switzerland", "DE": "Germany", "ES": "Spain",
    "FR": "France", "GB": "United Kingdom (UK)", "IE": "Ireland", "IT": "Italy", "JP": "Japan", "NL": "Netherlands",
    "PL": "Poland", "PT": "Portugal", "SE": "Sweden", "US": "United States (US)",
}  # fmt: skip
STATES = {
    "CA": {"AB": "Alberta", "BC": "British Columbia", "ON": "Ontario", "QC": "Quebec"},
    "IT": {"FI": "Firenze", "MI": "Milano", "NA": "Napoli", "RM": "Roma", "TO": "Torino"},
    "US": {"CA": "California", "FL": "Florida", "IL": "Illinois", "NY": "New York", "TX": "Texas"},
}
_MONEY = {"CA": "CAD", "CH": "CHF", "GB": "GBP", "JP": "JPY", "PL": "PLN", "SE": "SEK", "US": "USD"}


def currency_of(country: str) -> str:
    return _MONEY.get(country, "EUR")


CONTINENTS = {
    "AS": ("Asia", ("JP",)),
    "EU": ("Europe", ("AT", "BE", "CH", "DE", "ES", "FR", "GB", "IE", "IT", "NL", "PL", "PT", "SE")),
    "NA": ("North America", ("CA", "US")),
}


@cache
def currencies() -> dict[str, tuple[str, str]]:
    """Return name and symbol of every currency that the shop knows; most are shown by their code alone."""
    codes = schema.properties("order")["currency"]["enum"]
    return {code: _CURRENCIES.get(code, (code, code)) for code in codes}


Described = tuple[str, str, str, object, dict[str, str]]
"""A setting: id, label, type, value that it comes with, options."""
_WEIGHTS = {"kg": "kg", "g": "g", "lbs": "lbs", "oz": "oz"}
_LENGTHS = {"m": "m", "cm": "cm", "mm": "mm", "in": "in", "yd": "yd"}
_POSITIONS = {"left": "Left", "right": "Right", "left_space": "Left with space", "right_space": "Right with space"}
_GENERAL: tuple[Described, ...] = (
    ("woocommerce_store_address", "Address line 1", "text", "18 Rue de Turenne", {}),
    ("woocommerce_store_address_2", "Address line 2", "text", "", {}),
    ("woocommerce_store_city", "City", "text", "Paris", {}),
    ("woocommerce_default_country", "Country / State", "select", "FR", COUNTRIES),
    ("woocommerce_store_postcode", "Postcode / ZIP", "text", "75004", {}),
    ("woocommerce_allowed_countries", "Selling location(s)", "select", "all", {"all": "Sell to all countries"}),
    ("woocommerce_calc_taxes", "Enable taxes", "checkbox", "no", {}),
    ("woocommerce_enable_coupons", "Enable coupons", "checkbox", "yes", {}),
    ("woocommerce_calc_discounts_sequentially", "", "checkbox", "no", {}),
    ("woocommerce_currency", "Currency", "select", "EUR", {}),
    ("woocommerce_currency_pos", "Currency position", "select", "left", _POSITIONS),
    ("woocommerce_price_thousand_sep", "Thousand separator", "text", ",", {}),
    ("woocommerce_price_decimal_sep", "Decimal separator", "text", ".", {}),
    ("woocommerce_price_num_decimals", "Number of decimals", "number", "2", {}),
)
_PRODUCTS: tuple[Described, ...] = (
    ("woocommerce_weight_unit", "Weight unit", "select", "kg", _WEIGHTS),
    ("woocommerce_dimension_unit", "Dimensions unit", "select", "cm", _LENGTHS),
    ("woocommerce_enable_reviews", "Enable reviews", "checkbox", "yes", {}),
    ("woocommerce_manage_stock", "Enable stock management", "checkbox", "yes", {}),
    ("woocommerce_hold_stock_minutes", "Hold stock (minutes)", "number", "60", {}),
    ("woocommerce_notify_low_stock", "Enable low stock notifications", "checkbox", "yes", {}),
    ("woocommerce_notify_no_stock", "Enable out of stock notifications", "checkbox", "yes", {}),
    ("woocommerce_stock_email_recipient", "Notification recipient(s)", "text", "hello@maison-skyy.example.com", {}),
    ("woocommerce_notify_low_stock_amount", "Low stock threshold", "number", "2", {}),
    ("woocommerce_notify_no_stock_amount", "Out of stock threshold", "number", "0", {}),
    ("woocommerce_hide_out_of_stock_items", "Out of stock visibility", "checkbox", "no", {}),
)


_BY = {"shipping": "Customer shipping address", "billing": "Customer billing address", "base": "Shop base address"}
_YES = {"yes": "Yes, I will enter prices inclusive of tax", "no": "No, I will enter prices exclusive of tax"}
_SHOWN = {"incl": "Including tax", "excl": "Excluding tax"}
_TO = {"shipping": "Default to customer shipping address", "billing": "Default to customer billing address"}
_TAX: tuple[Described, ...] = (
    ("woocommerce_prices_include_tax", "Prices entered with tax", "radio", "no", _YES),
    ("woocommerce_tax_based_on", "Calculate tax based on", "select", "shipping", _BY),
    ("woocommerce_tax_round_at_subtotal", "Rounding", "checkbox", "no", {}),
    ("woocommerce_tax_display_shop", "Display prices in the shop", "select", "excl", _SHOWN),
    ("woocommerce_tax_display_cart", "Display prices during cart and checkout", "select", "excl", _SHOWN),
    ("woocommerce_price_display_suffix", "Price display suffix", "text", "", {}),
)
_SHIPPING: tuple[Described, ...] = (
    ("woocommerce_enable_shipping_calc", "Calculations", "checkbox", "yes", {}),
    ("woocommerce_shipping_cost_requires_address", "", "checkbox", "no", {}),
    ("woocommerce_ship_to_destination", "Shipping destination", "radio", "billing", _TO),
)
_ACCOUNT: tuple[Described, ...] = (
    ("woocommerce_enable_guest_checkout", "Checkout", "checkbox", "yes", {}),
    ("woocommerce_enable_myaccount_registration", "Account creation", "checkbox", "no", {}),
    (
        "woocommerce_checkout_privacy_policy_text",
        "Checkout privacy policy",
        "textarea",
        "See our [privacy_policy].",
        {},
    ),
)
_EMAIL: tuple[Described, ...] = (
    ("woocommerce_email_from_name", '"From" name', "text", TITLE, {}),
    ("woocommerce_email_from_address", '"From" address', "email", "hello@maison-skyy.example.com", {}),
    ("woocommerce_email_footer_text", "Footer text", "textarea", "{site_title}<br />{store_address}", {}),
    ("woocommerce_email_base_color", "Accent", "color", "#1c1c1c", {}),
)
_INTEGRATION: tuple[Described, ...] = (
    ("woocommerce_maxmind_geolocation_license_key", "MaxMind License Key", "password", "", {}),
)
_ADVANCED: tuple[Described, ...] = (
    ("woocommerce_checkout_pay_endpoint", "Pay", "text", "order-pay", {}),
    ("woocommerce_allow_tracking", "Enable tracking", "checkbox", "no", {}),
)
MAILS = {
    "new_order": "New order", "cancelled_order": "Cancelled order", "customer_processing_order": "Processing order",
    "customer_completed_order": "Completed order", "customer_new_account": "New account",
}  # fmt: skip
_MAIL: tuple[Described, ...] = (
    ("enabled", "Enable/Disable", "checkbox", "yes", {}),
    ("subject", "Subject", "text", "", {}),
    ("heading", "Email heading", "text", "", {}),
    ("additional_content", "Additional content", "textarea", "Thank you.", {}),
    ("email_type", "Email type", "select", "html", {"plain": "Plain text", "html": "HTML", "multipart": "Multipart"}),
)
_SETTINGS = {
    "general": _GENERAL, "products": _PRODUCTS, "tax": _TAX, "shipping": _SHIPPING, "account": _ACCOUNT,
    "email": _EMAIL, "integration": _INTEGRATION, "advanced": _ADVANCED,
    **{f"email_{key}": _MAIL for key in MAILS},
}  # fmt: skip
EMPTY_GROUPS = frozenset({"checkout"})


def settings_of(group: str) -> list[Json]:
    """Return a group's settings as they come with the shop."""
    out: list[Json] = []
    for key, label, kind, value, options in _SETTINGS.get(group, ()):
        entry: Json = {"id": key, "label": label, "description": "", "type": kind, "default": value}
        if key == "woocommerce_currency":
            options = {code: f"{name} ({symbol}) — {code}" for code, (name, symbol) in currencies().items()}
        out.append(entry | ({"options": options} if options else {}) | {"tip": "", "value": value})
    return out


def _gateway(key: str, title: str, about: str, *, enabled: bool) -> Json:
    fields = {"title": ("Title", "safe_text", title), "instructions": ("Instructions", "textarea", "")}
    settings = {
        name: {
            "id": name, "label": label, "description": "", "type": kind, "value": value, "default": value, "tip": "",
            "placeholder": "",
        }
        for name, (label, kind, value) in fields.items()
    }  # fmt: skip
    if key == "stripe":
        settings |= {
            name: {**settings["title"], "id": name, "label": label, "type": "password", "value": value, "default": ""}
            for name, label, value in (
                ("publishable_key", "Publishable key", "pk_test_of_the_demo_shop"),
                ("secret_key", "Secret key", "sk_test_of_the_demo_shop"),
            )
        }  # fmt: skip
        settings["capture"] = {**settings["title"], "id": "capture", "label": "Capture"}
        settings["capture"] |= {"type": "checkbox", "value": "yes", "default": "yes"}
    return {
        "id": key, "title": title, "description": about, "order": "", "enabled": enabled, "method_title": title,
        "method_description": about, "method_supports": ["products"], "settings": settings,
    }  # fmt: skip


GATEWAYS = (
    _gateway("bacs", "Direct bank transfer", "Make your payment directly into our bank account.", enabled=True),
    _gateway("cheque", "Check payments", "Please send a check to the store.", enabled=False),
    _gateway("cod", "Cash on delivery", "Pay with cash upon delivery.", enabled=True),
    _gateway("stripe", "Card", "Pay with your card.", enabled=True),
)
