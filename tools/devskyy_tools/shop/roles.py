"""What the account at the shop may do: read from the shop once, and compared with what a tool needs.

``NEEDS`` has a line for each group of tools, by how their names begin; the longest that fits counts. WordPress decides
in the end, object by object: here stands only what the shop surely refuses without.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from devskyy_mcp.capability import Capability
from devskyy_mcp.errors import Refused
from devskyy_mcp.guard.gates import Lack

from .client import ShopClient

AGAIN_AFTER = 30.0
"""Seconds after which the account is read again before a tool is refused because of it: its role may have changed."""
_ADMIN, _SHOP, _EDITORS, _AUTHORS = (
    "Administrator",
    "Shop manager or Administrator",
    "Editor, Shop manager or Administrator",
    "Author, Editor, Shop manager or Administrator",
)
HELD_BY: dict[str, str] = {
    "activate_plugins": _ADMIN,
    "create_customers": _SHOP,
    "create_users": _ADMIN,
    "edit_others_pages": _EDITORS,
    "delete_plugins": _ADMIN,
    "edit_pages": _EDITORS,
    "edit_posts": _AUTHORS,
    "edit_products": _SHOP,
    "edit_shop_coupons": _SHOP,
    "edit_shop_orders": _SHOP,
    "edit_theme_options": _SHOP,
    "install_plugins": _ADMIN,
    "list_users": _SHOP,
    "manage_categories": _EDITORS,
    "manage_options": _ADMIN,
    "manage_product_terms": _SHOP,
    "manage_woocommerce": _SHOP,
    "moderate_comments": _EDITORS,
    "read_private_products": _SHOP,
    "read_private_shop_coupons": _SHOP,
    "read_private_shop_orders": _SHOP,
    "upload_files": _AUTHORS,
    "view_woocommerce_reports": _SHOP,
}
"""The roles that have a capability on a fresh WordPress with WooCommerce."""

_GOODS = ("read_private_products", "edit_products")
_TRADE = ("read_private_shop_orders", "edit_shop_orders")
_TERMS = ("manage_product_terms", "manage_product_terms")
_STORE = ("manage_woocommerce", "manage_woocommerce")
_DESIGN = ("edit_theme_options", "edit_theme_options")
NEEDS: dict[str, tuple[str, str]] = {
    "insights_": ("read_private_shop_orders", ""),
    "insights_funnel": ("", ""),  # what an order is worth may be given
    "insights_tickets": ("", ""),
    "play_": ("", "edit_products"),  # the brief says part by part what could not be read
    "three_d_products": _GOODS,
    "woo_": _GOODS,
    "woo_attribute": _TERMS,
    "woo_brands": _TERMS,
    "woo_categories": _TERMS,
    "woo_coupons": ("read_private_shop_coupons", "edit_shop_coupons"),
    "woo_customers": ("list_users", "create_customers"),
    "woo_gateways": _STORE,
    "woo_order": _TRADE,
    "woo_payment": _STORE,
    "woo_reference": _STORE,
    "woo_refunds": _TRADE,
    "woo_reports": ("view_woocommerce_reports", ""),
    "woo_reviews": ("moderate_comments", "edit_products"),
    "woo_settings": _STORE,
    "woo_shipments": _TRADE,
    "woo_shipping": _STORE,
    "woo_shipping_classes": _TERMS,
    "woo_store": _STORE,
    "woo_system": _STORE,
    "woo_tags": _TERMS,
    "woo_tax": _STORE,
    "woo_webhooks": _STORE,
    "woo_zone": _STORE,
    "wp_": ("", "edit_posts"),
    "wp_app_passwords": ("", ""),
    "wp_blocks": ("edit_posts", "edit_posts"),
    "wp_comments": ("", "moderate_comments"),
    "wp_fonts": _DESIGN,
    "wp_global_styles": _DESIGN,
    "wp_health": ("install_plugins", ""),
    "wp_library": ("edit_posts", ""),
    "wp_media": ("", "upload_files"),
    "wp_menu": _DESIGN,
    "wp_pages": ("edit_pages", "edit_pages"),
    "wp_plugins": ("activate_plugins", "activate_plugins"),
    "wp_plugins_delete": ("", "delete_plugins"),
    "wp_plugins_install": ("", "install_plugins"),
    "wp_posts": ("edit_posts", "edit_posts"),
    "wp_privacy": ("manage_options", "manage_options"),
    "wp_redirects": ("edit_others_pages", "edit_others_pages"),
    "wp_seo": ("edit_posts", "edit_posts"),
    "wp_settings": ("manage_options", "manage_options"),
    "wp_template": _DESIGN,
    "wp_terms": ("", "manage_categories"),
    "wp_users": ("", "list_users"),
    "wp_widgets": _DESIGN,
}
"""What reading and writing need, by how the tools' names begin; empty for nothing that a role decides."""


def need_of(tool: Capability) -> str:
    """The capability without which the shop refuses the tool; empty when there is none."""
    fitting = [start for start in NEEDS if tool.name.startswith(start)]
    if not fitting:
        return ""
    reads, writes = NEEDS[max(fitting, key=len)]
    return writes if tool.stages else reads


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the server acts as: roles and capabilities by WordPress' own names."""

    roles: tuple[str, ...]
    capabilities: frozenset[str]
    read_at: float = field(default_factory=time.monotonic)

    @property
    def named(self) -> list[str]:
        """The roles as people call them."""
        return [role.replace("_", " ").capitalize() for role in self.roles]

    @property
    def words(self) -> str:
        return " and ".join(self.named) or "a user without a role"


class Roles:
    """Knows the account; asks the shop when somebody first wants to know, and again after a 403."""

    def __init__(self, client: ShopClient) -> None:
        self.client = client
        self.known: Account | None = None
        self._not_before = -math.inf

    async def account(self, *, no_older: float = math.inf) -> Account | None:
        """The account as it was at most so many seconds ago; None where the shop does not tell, as with WooCommerce's
        keys alone.
        """
        known = self.known
        fresh = known is not None and time.monotonic() - known.read_at <= no_older and not self.client.forbidden
        if fresh or time.monotonic() < self._not_before:
            return known
        try:
            query = {"context": "edit", "_fields": "roles,capabilities"}
            found = await self.client.get("/wp/v2/users/me", query)
            held = frozenset(str(name) for name, has in dict(found["capabilities"]).items() if has)
            self.known = Account(tuple(str(role) for role in found["roles"]), held)
        except (Refused, KeyError, TypeError, ValueError):
            self._not_before = time.monotonic() + AGAIN_AFTER  # the tool itself will tell what is wrong
        self.client.forbidden = False
        return self.known

    async def lack(self, tool: Capability) -> Lack | None:
        """What the account lacks for the tool, or None: also where nobody can tell."""
        need = need_of(tool)
        if not need:
            return None
        account = await self.account()
        if account is None or need in account.capabilities:
            return None
        account = await self.account(no_older=AGAIN_AFTER) or account
        held_by = HELD_BY.get(need, "another role")
        # Where its own role should have it, the plugin is missing: the shop's answer says so better.
        if need in account.capabilities or any(role in held_by for role in account.named):
            return None
        return Lack(need, held_by, account.words)
