"""wc/v3 system status, and the tools by which a shop mends itself."""

from __future__ import annotations

from typing import Any

from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route, edits
from devskyy_tools.sandbox.seed.maintenance import PAGES as _PAGES
from devskyy_tools.sandbox.seed.maintenance import TOOLS
from devskyy_tools.sandbox.site import CURRENCY, SYMBOL, WOOCOMMERCE_VERSION, WORDPRESS_VERSION
from devskyy_tools.sandbox.store import Where

BASE = "/wc/v3/system_status"
_VISIBILITY = (
    "exclude-from-catalog", "exclude-from-search", "featured", "outofstock", "rated-1", "rated-2", "rated-3", "rated-4",
    "rated-5",
)  # fmt: skip


def routes() -> list[Route]:
    get = "GET"
    return [
        Route(BASE, "", {get: Endpoint(system_status, CONTEXT)}),
        Route(f"{BASE}/tools", "system_tool", {get: Endpoint(tools, CONTEXT)}, nested=False),
        Route(f"{BASE}/tools/{{id:s}}", "system_tool", {get: Endpoint(tool, CONTEXT), **edits(run, {})}, nested=False),
    ]


def system_status(call: Call) -> Reply:
    """Return the parts of the status report that clients read: versions, environment and money format."""
    require_shop(call, "list")
    environment: Json = {
        "home_url": call.site.url, "site_url": call.site.url, "version": WOOCOMMERCE_VERSION,
        "wp_version": WORDPRESS_VERSION, "wp_multisite": False, "wp_memory_limit": 536870912, "wp_debug_mode": False,
        "wp_cron": True, "wp_environment_type": call.site.environment, "language": "en_US", "server_info": "sandbox",
        "php_version": "8.2.36", "php_post_max_size": 67108864, "php_max_execution_time": 60,
        "max_upload_size": 67108864, "default_timezone": "UTC", "mysql_version_string": "SQLite",
        "log_directory_writable": True, "fsockopen_or_curl_enabled": True, "domdocument_enabled": True,
        "gzip_enabled": True, "mbstring_enabled": True, "remote_post_successful": True, "remote_get_successful": True,
    }  # fmt: skip
    money: Json = {
        "currency": CURRENCY, "currency_symbol": SYMBOL, "currency_position": "left", "thousand_separator": ",",
        "decimal_separator": ".", "api_enabled": True, "force_ssl": False, "geolocation_enabled": False,
        "taxonomies": {kind: kind for kind in ("external", "grouped", "simple", "variable")},
        "product_visibility_terms": {name: name for name in _VISIBILITY}, "woocommerce_com_connected": "no",
        "enforce_approved_download_dirs": True, "order_datastore": "OrdersTableDataStore",
        "enabled_features": ["custom_order_tables"], "number_of_decimals": 2, "HPOS_enabled": True,
        "HPOS_sync_enabled": False,
    }  # fmt: skip
    plugin = {"plugin": "woocommerce/woocommerce.php", "name": "WooCommerce", "version": WOOCOMMERCE_VERSION}
    plugin |= {"version_latest": WOOCOMMERCE_VERSION}
    data: dict[str, Any] = {
        "environment": environment,
        "database": {"wc_database_version": WOOCOMMERCE_VERSION, "database_prefix": "wp_"},
        "active_plugins": [plugin],
        "inactive_plugins": [],
        "dropins_mu_plugins": {"dropins": [], "mu_plugins": []},
        "theme": {
            "name": "Twenty Twenty-Four",
            "version": "1.1",
            "version_latest": 0,
            "is_block_theme": True,
            "is_child_theme": False,
            "has_outdated_templates": False,
            "overrides": [],
        },
        "settings": money,
        "security": {"secure_connection": call.site.secure, "hide_errors": True},
        "pages": [_page(*page) for page in _PAGES],
        "post_type_counts": _post_types(call),
        "logging": {"logging_enabled": True},
    }
    return Reply(data)


def _post_types(call: Call) -> list[Json]:
    sql = (
        "SELECT kind, count(*) FROM objects WHERE kind IN ('post','page','product','variation','attachment') GROUP BY 1"
    )
    return [{"type": kind, "count": str(count)} for kind, count in call.store.rows(sql)]


def _page(name: str, block: str) -> Json:
    return {
        "page_name": name, "page_id": "1", "page_set": True, "page_exists": True, "page_visible": True,
        "shortcode": "", "block": block, "shortcode_required": False, "shortcode_present": False,
        "block_present": bool(block), "block_required": bool(block),
    }  # fmt: skip


# --- tools -----------------------------------------------------------------------------------------------------------


def _shown_tool(call: Call, key: str, **more: Any) -> Reply:
    name, action, about = TOOLS[key]
    item = {"embeddable": True, "href": call.site.rest(f"{BASE}/tools/{key}")}
    return Reply({"id": key, "name": name, "action": action, "description": about, **more}, links={"item": [item]})


def tools(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([_shown_tool(call, key).whole() for key in TOOLS])


def _key(call: Call) -> str:
    if call["id"] not in TOOLS:
        raise RestError("woocommerce_rest_system_status_tool_invalid_id", "Invalid tool ID.", 404)
    return str(call["id"])


def tool(call: Call) -> Reply:
    require_shop(call, "read")
    return _shown_tool(call, _key(call))


def run(call: Call) -> Reply:
    """Run a tool; of those here only delete_taxes finds something to do."""
    require_shop(call, "edit")
    key = _key(call)
    if key == "delete_taxes":
        for number in call.store.ids(Where("tax")):
            call.store.delete("tax", number)
    message = {"clear_transients": "Product transients cleared", "delete_taxes": "Tax rates successfully deleted"}
    return _shown_tool(call, key, success=True, message=message.get(key, f"{TOOLS[key][0]}: done."))
