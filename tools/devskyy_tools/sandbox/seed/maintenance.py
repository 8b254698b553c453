"""What a shop can do to itself, and the pages that it has."""

from __future__ import annotations

TOOLS: dict[str, tuple[str, str, str]] = {
    "clear_transients": (
        "WooCommerce transients",
        "Clear transients",
        "Empties the cache of products and of the shop.",
    ),
    "clear_expired_transients": ("Expired transients", "Clear transients", "Empties what has expired of all caches."),
    "delete_orphaned_variations": (
        "Orphaned variations",
        "Delete orphaned variations",
        "Deletes variations that have no product.",
    ),
    "clear_expired_download_permissions": (
        "Used-up download permissions",
        "Clean up download permissions",
        "Deletes rights to download that are used up.",
    ),
    "regenerate_product_lookup_tables": (
        "Product lookup tables",
        "Regenerate",
        "Fills the tables by which products are searched anew.",
    ),
    "recount_terms": ("Term counts", "Recount terms", "Counts the products of each category and tag anew."),
    "reset_roles": ("Capabilities", "Reset capabilities", "Gives the roles of the shop their usual rights back."),
    "clear_sessions": (
        "Clear customer sessions",
        "Clear",
        '<strong class="red">Note:</strong> Deletes the sessions and carts of all customers.',
    ),
    "clear_template_cache": (
        "Clear template cache",
        "Clear",
        '<strong class="red">Note:</strong> Empties the cache of templates.',
    ),
    "install_pages": (
        "Create default WooCommerce pages",
        "Create pages",
        '<strong class="red">Note:</strong> Makes the pages of the shop that are missing.',
    ),
    "delete_taxes": (
        "Delete WooCommerce tax rates",
        "Delete tax rates",
        '<strong class="red">Note:</strong> Deletes ALL tax rates; nothing brings them back.',
    ),
    "regenerate_thumbnails": ("Regenerate shop thumbnails", "Regenerate", "Makes all small pictures anew."),
    "db_update_routine": (
        "Update database",
        "Update database",
        '<strong class="red">Note:</strong> Updates the database; have a backup.',
    ),
    "verify_db_tables": ("Verify base database tables", "Verify database", "Looks whether all tables are there."),
}
"""Per tool its name, what the button says, what it does."""
PAGES = (
    ("Shop base", ""), ("Cart", "woocommerce/cart"), ("Checkout", "woocommerce/checkout"), ("My account", ""),
    ("Terms and conditions", ""),
)  # fmt: skip
