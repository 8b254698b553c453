"""wc/v3 settings, payment gateways, currencies, countries and system status."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import schema, text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route, edits
from devskyy_tools.sandbox.seed.settings import (
    CONTINENTS,
    COUNTRIES,
    GATEWAYS,
    GROUPS,
    currencies,
    settings_of,
)
from devskyy_tools.sandbox.site import CURRENCY, SYMBOL, WOOCOMMERCE_VERSION, WORDPRESS_VERSION

BASE = "/wc/v3"
_VISIBILITY = (
    "exclude-from-catalog", "exclude-from-search", "featured", "outofstock", "rated-1", "rated-2", "rated-3", "rated-4",
    "rated-5",
)  # fmt: skip


def routes() -> list[Route]:
    get = "GET"
    value: Json = {"value": {}}
    return [
        Route(f"{BASE}/settings", "settings_group", {get: Endpoint(groups, {})}, nested=False),
        Route(f"{BASE}/settings/batch", "", edits(settings_batch, {})),
        Route(f"{BASE}/settings/{{group:s}}", "setting", {get: Endpoint(group, {})}, nested=False),
        Route(f"{BASE}/settings/{{group:s}}/batch", "", edits(settings_batch, {})),
        Route(
            f"{BASE}/settings/{{group:s}}/{{id:s}}", "setting",
            {get: Endpoint(setting, {}), **edits(change_setting, value)}, nested=False,
        ),
        Route(f"{BASE}/payment_gateways", "gateway", {get: Endpoint(gateways, {})}, nested=False),
        Route(
            f"{BASE}/payment_gateways/{{id:s}}", "gateway",
            {get: Endpoint(gateway, {}), **edits(change_gateway, schema.edit_args("gateway"))}, nested=False,
        ),
        Route(f"{BASE}/data/currencies", "currency", {get: Endpoint(all_currencies, {})}, nested=False),
        Route(f"{BASE}/data/currencies/{{code:s}}", "currency", {get: Endpoint(currency, {})}, nested=False),
        Route(f"{BASE}/data/countries", "", {get: Endpoint(countries, {})}, nested=False),
        Route(f"{BASE}/data/countries/{{code:s}}", "", {get: Endpoint(country, {})}, nested=False),
        Route(f"{BASE}/data/continents", "", {get: Endpoint(continents, {})}, nested=False),
        Route(f"{BASE}/system_status", "", {get: Endpoint(system_status, CONTEXT)}),
    ]  # fmt: skip


# --- settings --------------------------------------------------------------------------------------------------------


def groups(call: Call) -> Reply:
    require_shop(call, "list")
    out: list[Json] = []
    for key, label in GROUPS.items():
        options = [{"href": call.site.rest(f"{BASE}/settings/{key}")}]
        shown: Json = {"id": key, "label": label, "description": "", "parent_id": "", "sub_groups": []}
        out.append({**shown, "_links": {"options": options}})
    return Reply(out)


def _group(call: Call) -> list[Json]:
    if call["group"] not in GROUPS:
        raise RestError("rest_setting_setting_group_invalid", "Invalid setting group.", 404)
    changed = call.store.option("settings", {})
    found = settings_of(call["group"])
    return [{**entry, "value": changed.get(entry["id"], entry["value"])} for entry in found]


def _shown_setting(call: Call, entry: Json) -> Reply:
    base = f"{BASE}/settings/{call['group']}"
    found = links(call, f"{base}/{entry['id']}", base)
    found["self"][0]["targetHints"] = {"allow": ["GET", "POST", "PUT", "PATCH"]}
    return Reply(entry, links=found)


def group(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([_shown_setting(call, entry).whole() for entry in _group(call)])


def _setting(call: Call) -> Json:
    found = next((entry for entry in _group(call) if entry["id"] == call["id"]), None)
    if found is None:
        raise RestError("rest_setting_setting_invalid", "Invalid setting.", 404)
    return {**found, "group_id": call["group"]}


def setting(call: Call) -> Reply:
    require_shop(call, "read")
    return _shown_setting(call, _setting(call))


def change_setting(call: Call) -> Reply:
    """Store a setting; the answer shows the value as sent, what is stored has lost its tags."""
    require_shop(call, "edit")
    entry, value = _setting(call), call["value"]
    if entry["type"] == "select" and str(value) not in entry["options"]:
        raise RestError("rest_setting_value_invalid", "An invalid setting value was passed.", 400)
    if entry["type"] == "checkbox" and value not in ("yes", "no"):
        raise RestError("rest_setting_value_invalid", "An invalid setting value was passed.", 400)
    stored = text.plain(value) if isinstance(value, str) else value
    call.store.set_option("settings", {**call.store.option("settings", {}), entry["id"]: stored})
    return _shown_setting(call, {**entry, "value": value})


def settings_batch(call: Call) -> Reply:
    require_shop(call, "batch")
    out: list[Json] = []
    for given in cast("list[Json]", call.body.get("update") or []):
        group_id = call["group"] or given.get("group_id")
        inner = call.derive("PUT", given, {"group": group_id, "id": given.get("id"), "value": given.get("value")})
        try:
            out.append(change_setting(inner).whole())
        except RestError as error:
            out.append({"id": given.get("id"), "error": error.body()})
    return Reply({"update": out} if out else [])


# --- payment gateways, currencies, shipping --------------------------------------------------------------------------


def _gateways(call: Call) -> list[Json]:
    changed = call.store.option("gateways", {})
    return [{**entry, **changed.get(entry["id"], {})} for entry in GATEWAYS]


def _shown_gateway(call: Call, entry: Json) -> Reply:
    base = f"{BASE}/payment_gateways"
    tab = f"wp-admin/admin.php?page=wc-settings&tab=checkout&path=/offline/{entry['id']}"
    data: Json = {
        **entry, "needs_setup": False, "post_install_scripts": [], "settings_url": call.site.page(tab),
        "connection_url": None, "setup_help_text": None, "required_settings_keys": [],
    }  # fmt: skip
    return Reply(data, links=links(call, f"{base}/{entry['id']}", base))


def gateways(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([_shown_gateway(call, entry).whole() for entry in _gateways(call)])


def _gateway(call: Call) -> Json:
    found = next((entry for entry in _gateways(call) if entry["id"] == call["id"]), None)
    if found is None:
        raise RestError("woocommerce_rest_payment_gateway_invalid", "Resource does not exist.", 404)
    return found


def gateway(call: Call) -> Reply:
    require_shop(call, "read")
    return _shown_gateway(call, _gateway(call))


def change_gateway(call: Call) -> Reply:
    require_shop(call, "edit")
    entry, changed = _gateway(call), call.store.option("gateways", {})
    sent: Json = {n: call[n] for n in ("enabled", "title", "description", "order") if n in call.sent}
    if "title" in sent:
        sent["settings"] = {**entry["settings"], "title": {**entry["settings"]["title"], "value": sent["title"]}}
    call.store.set_option("gateways", {**changed, entry["id"]: {**changed.get(entry["id"], {}), **sent}})
    return _shown_gateway(call, {**entry, **sent})


def _shown_currency(call: Call, code: str) -> Json:
    name, symbol = currencies()[code]
    base = f"{BASE}/data/currencies"
    return {"code": code, "name": name, "symbol": symbol, "_links": links(call, f"{base}/{code}", base)}


def all_currencies(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([_shown_currency(call, code) for code in currencies()])


def currency(call: Call) -> Reply:
    require_shop(call, "read")
    code = CURRENCY if call["code"] == "current" else str(call["code"]).upper()
    if code not in currencies():
        message = "There are no currencies matching these parameters."
        raise RestError("woocommerce_rest_data_invalid_currency", message, 404)
    return Reply(_shown_currency(call, code))


def _shown_country(call: Call, code: str) -> Json:
    base = f"{BASE}/data/countries"
    return {"code": code, "name": COUNTRIES[code], "states": [], "_links": links(call, f"{base}/{code.lower()}", base)}


def countries(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([_shown_country(call, code) for code in COUNTRIES])


def country(call: Call) -> Reply:
    require_shop(call, "read")
    code = str(call["code"]).upper()
    if code not in COUNTRIES:
        message = "There are no locations matching these parameters."
        raise RestError("woocommerce_rest_data_invalid_location", message, 404)
    return Reply(_shown_country(call, code))


def continents(call: Call) -> Reply:
    require_shop(call, "list")
    out: list[Json] = []
    for code, (name, members) in CONTINENTS.items():
        base = f"{BASE}/data/continents"
        inside: list[Json] = [{"code": member, "name": COUNTRIES[member], "states": []} for member in members]
        out.append(
            {"code": code, "name": name, "countries": inside, "_links": links(call, f"{base}/{code.lower()}", base)}
        )
    return Reply(out)


# --- system status ---------------------------------------------------------------------------------------------------


def system_status(call: Call) -> Reply:
    """Return the parts of the status report that clients read: versions, environment and money format."""
    require_shop(call, "list")
    environment: Json = {
        "home_url": call.site.url, "site_url": call.site.url, "version": WOOCOMMERCE_VERSION,
        "wp_version": WORDPRESS_VERSION, "wp_multisite": False, "wp_memory_limit": 536870912, "wp_debug_mode": False,
        "wp_cron": True, "wp_environment_type": call.site.environment, "language": "en_US", "server_info": "sandbox",
        "php_version": "8.2.36", "php_post_max_size": 67108864, "php_max_execution_time": 60,
        "max_upload_size": 67108864, "default_timezone": "UTC",
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
    data: dict[str, Any] = {
        "environment": environment,
        "database": {"wc_database_version": WOOCOMMERCE_VERSION, "database_prefix": "wp_"},
        "active_plugins": [plugin],
        "inactive_plugins": [],
        "dropins_mu_plugins": {"dropins": [], "mu_plugins": []},
        "theme": {"name": "Twenty Twenty-Four", "version": "1.1", "is_block_theme": True},
        "settings": money,
        "security": {"secure_connection": call.site.secure, "hide_errors": True},
        "pages": [],
        "post_type_counts": _post_types(call),
        "logging": {"logging_enabled": True},
    }
    return Reply(data)


def _post_types(call: Call) -> list[Json]:
    sql = (
        "SELECT kind, count(*) FROM objects WHERE kind IN ('post','page','product','variation','attachment') GROUP BY 1"
    )
    return [{"type": kind, "count": str(count)} for kind, count in call.store.rows(sql)]
