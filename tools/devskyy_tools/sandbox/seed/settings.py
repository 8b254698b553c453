"""Settings, default categories and what else a fresh WordPress with WooCommerce has."""

from __future__ import annotations

from devskyy_tools.sandbox import clock
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
            "site_logo": 0,
            "site_icon": 0,
        },
    )
