"""wc/v3 settings and payment gateways."""

from __future__ import annotations

from typing import cast

from devskyy_tools.sandbox import schema
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import values
from devskyy_tools.sandbox.routing import BATCH_LIMIT, Endpoint, Route, edits
from devskyy_tools.sandbox.seed.settings import EMPTY_GROUPS, GATEWAYS, GROUPS, MAILS, settings_of

BASE = "/wc/v3"


def routes() -> list[Route]:
    get = "GET"
    value: Json = {"value": {}}
    gateway_args = {**schema.edit_args("gateway"), "settings": {"type": "object"}}
    return [
        Route(f"{BASE}/settings", "settings_group", {get: Endpoint(groups, {})}, nested=False),
        Route(f"{BASE}/settings/batch", "", edits(batch_across, {})),
        Route(f"{BASE}/settings/{{group:s}}", "setting", {get: Endpoint(group, {})}, nested=False),
        Route(f"{BASE}/settings/{{group:s}}/batch", "", edits(settings_batch, {})),
        Route(
            f"{BASE}/settings/{{group:s}}/{{id:s}}", "setting",
            {get: Endpoint(setting, {}), **edits(change_setting, value)}, nested=False,
        ),
        Route(f"{BASE}/payment_gateways", "gateway", {get: Endpoint(gateways, {})}, nested=False),
        Route(
            f"{BASE}/payment_gateways/{{id:s}}", "gateway",
            {get: Endpoint(gateway, {}), **edits(change_gateway, gateway_args)}, nested=False,
        ),
    ]  # fmt: skip


# --- settings --------------------------------------------------------------------------------------------------------


def groups(call: Call) -> Reply:
    require_shop(call, "list")
    mails = [f"email_{key}" for key in MAILS]
    rows = [(key, label, "") for key, label in GROUPS.items()]
    rows += [(key, label, "email") for key, label in zip(mails, MAILS.values(), strict=True)]
    out: list[Json] = []
    for key, label, parent in rows:
        options = [{"href": call.site.rest(f"{BASE}/settings/{key}")}]
        inside = mails if key == "email" else []
        shown: Json = {"id": key, "label": label, "description": "", "parent_id": parent, "sub_groups": inside}
        out.append({**shown, "_links": {"options": options}})
    return Reply(out)


def _group(call: Call) -> list[Json]:
    key = str(call["group"])
    found = settings_of(key)
    if not found and key not in EMPTY_GROUPS:
        raise RestError("rest_setting_setting_group_invalid", "Invalid setting group.", 404)
    changed = call.store.option("settings", {})
    return [{**entry, "value": changed.get(f"{key}/{entry['id']}", entry["value"])} for entry in found]


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
    entry = _setting(call)
    value = values.valid(entry, call["value"])
    kept = call.store.option("settings", {})
    key = f"{call['group']}/{entry['id']}"
    call.store.set_option("settings", {**kept, key: values.stored(entry, value)})
    return _shown_setting(call, {**entry, "value": value})


def _items(call: Call) -> list[Json]:
    given = cast("list[Json]", call.body.get("update") or [])
    if len(given) > BATCH_LIMIT:
        message = f"Unable to accept more than {BATCH_LIMIT} items for this request."
        raise RestError("woocommerce_rest_request_entity_too_large", message, 413)
    return given


def settings_batch(call: Call) -> Reply:
    require_shop(call, "batch")
    out: list[Json] = []
    for given in _items(call):
        inner = call.derive("PUT", given, {"group": call["group"], "id": given.get("id"), "value": given.get("value")})
        try:
            out.append(change_setting(inner).whole())
        except RestError as error:
            out.append({"id": given.get("id"), "error": error.body()})
    return Reply({"update": out} if out else [])


def batch_across(call: Call) -> Reply:
    """Refuse each item: the shop has the route, but its controller lacks a check that it asks for."""
    require_shop(call, "batch")
    message = (
        "Method 'WP_REST_Controller::update_item_permissions_check' not implemented. Must be overridden in subclass."
    )
    error = RestError("invalid-method", message, 405).body()
    out = [{"id": given.get("id"), "error": error} for given in _items(call)]
    return Reply({"update": out} if out else [])


# --- payment gateways --------------------------------------------------------------------------


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
    """Store what was sent; of a title that only its setting changes, the answer shows the one from before."""
    require_shop(call, "edit")
    entry, changed = _gateway(call), call.store.option("gateways", {})
    fields: Json = entry["settings"]
    taken = {
        name: values.valid(fields[name], value)
        for name, value in cast("Json", call.sent.get("settings") or {}).items()
        if name in fields
    }
    sent: Json = {n: call[n] for n in ("enabled", "order") if n in call.sent}
    for name in ("title", "description"):
        if call.sent.get(name) is not None:
            sent[name] = values.valid({"type": "text"}, call[name])
    if "title" in sent:
        taken["title"] = sent["title"]
    sent["settings"] = {key: {**field, "value": taken.get(key, field["value"])} for key, field in fields.items()}
    kept = {**sent, "title": taken.get("title", entry["title"])}
    call.store.set_option("gateways", {**changed, entry["id"]: {**changed.get(entry["id"], {}), **kept}})
    return _shown_gateway(call, {**entry, **sent})
