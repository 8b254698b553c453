"""Those who keep the site and the shop running, at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from tests.agents.cases.counted import pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.fakes.demo import Demo
from tests.unit.insights.conftest import ago

SINCE = f"{ago(7)}T00:00:00Z"
PLUGINS = "SELECT {what} FROM options, json_each(options.value) p WHERE options.name = 'plugins'"


def done(seen: Seen, tool: str) -> list[Json]:
    """The last write of a tool, as deliverables list it."""
    return [{"tool": tool, "change_id": seen(tool)["change"], "state": seen(tool)["state"]}]


def _plugins(seen: Seen) -> Json:
    before, after = seen.all("wp_plugins_list")
    status, health = seen("woo_system_status_get"), seen("wp_health_check")["checks"]
    gone = {one["id"] for one in before["items"]} - {one["id"] for one in after["items"]}
    active = sum(one["status"] == "active" for one in after["items"])
    return {
        **pick(status, "wordpress", "woocommerce", "php"),
        "plugins": [
            {
                **pick(one, "id", "status", "version"),
                "latest": None,
                "needed_by_tools": "needed" in one,
                "verdict": "remove" if one["id"] in gone else "keep" if one["status"] == "active" else "look_into",
                "why": one.get("needed", one["status"]),
            }
            for one in before["items"]
        ],
        "counts": {"all": len(after["items"]), "active": active, "inactive": len(after["items"]) - active, "behind": 0},
        "health": {
            state: [one["test"] for one in health if one["status"] == state] for state in ("critical", "recommended")
        },
        "plan": [],
        "changes": [one | {"id": seen.arguments["plugin"]} for one in done(seen, "wp_plugins_delete")],
        "unknown": ["Whether updates wait: WordPress.org does not answer."],
    }


def _plugin_counts(facts: Facts, _: Json) -> Json:
    [(count, active)] = facts.sql(PLUGINS.format(what="count(*), sum(json_extract(p.value, '$.status') = 'active')"))
    assert facts.arguments["plugin"] not in facts.column(PLUGINS.format(what="json_extract(p.value, '$.plugin')"))
    return {"all": count, "active": active, "inactive": count - active, "behind": 0}


PLUGIN = Case(
    agent="plugin-steward",
    arguments={"goal": "remove", "plugin": "akismet/akismet"},
    steps=[
        Step("wp_plugins_list"),
        Step("woo_system_status_get"),
        Step("wp_health_check"),
        Step("wp_plugins_delete", lambda seen: {"id": seen.arguments["plugin"]}),
        Step("wp_plugins_list"),
    ],
    deliver=_plugins,
    checks=[
        Check("counts", _plugin_counts),
        Check(
            "plugins[]",
            lambda facts, row: {
                name: facts.was(
                    PLUGINS.format(what=f"json_extract(p.value, '$.{name}')")
                    + " AND json_extract(p.value, '$.plugin') = ?",
                    row["id"],
                )
                for name in ("version", "status")
            },
        ),
    ],
    falsify=["wp_plugins_list:version"],
)


def _staff(seen: Seen, role: str) -> list[int]:
    return sorted(one["id"] for one in seen("wp_users_list")["items"] if role in one["roles"])


def _staff_ids(seen: Seen) -> list[int]:
    return [one["id"] for one in seen("wp_users_list")["items"] if one["roles"] not in (["customer"], [])]


def _security(seen: Seen) -> Json:
    hooks = seen("woo_webhooks_list")["items"]
    admins, managers = _staff(seen, "administrator"), _staff(seen, "shop_manager")
    states = [one["status"] for one in hooks]
    return {
        "since": SINCE,
        "until": f"{ago(0)}T23:59:59Z",
        "accounts": {
            "total": seen("wp_users_list")["total"],
            "administrators": admins,
            "shop_managers": managers,
            "other_staff": sorted(set(_staff_ids(seen)) - {*admins, *managers}),
        },
        "app_passwords": sum(len(one["items"]) for one in seen.all("wp_app_passwords_list")),
        "webhooks": {
            **{state: states.count(state) for state in ("active", "paused", "disabled")},
            "hosts": sorted({str(urlsplit(str(one["delivery_url"])).hostname) for one in hooks}),
        },
        "audit_rows": len(seen("audit_list")["rows"]),
        "findings": [
            {
                "severity": "low",
                "what": "A webhook is switched off.",
                "evidence": [{"kind": "webhook_id", "ref": str(one["id"])}],
                "confidence": "certain",
                "remedy": "Mend its receiver.",
                "by": "person",
            }
            for one in hooks
            if one["status"] == "disabled"
        ],
        "contained": True,
        "verdict": "clean_as_far_as_seen",
        "changes": [],
        "unknown": ["Who works here."],
    }


def _rights(facts: Facts, _: Json) -> Json:
    query = "SELECT o.id FROM objects o, json_each(o.body, '$.roles') r WHERE kind = 'user' AND r.value"
    states = "SELECT count(*) FROM objects WHERE kind = 'webhook' AND status = ?"
    return {
        "accounts": {
            "total": facts.one("SELECT count(*) FROM objects WHERE kind = 'user'"),
            "administrators": facts.column(f"{query} = 'administrator' ORDER BY 1"),
            "shop_managers": facts.column(f"{query} = 'shop_manager' ORDER BY 1"),
            "other_staff": facts.column(f"{query} NOT IN ('administrator', 'shop_manager', 'customer') ORDER BY 1"),
        },
        "app_passwords": facts.one(
            "SELECT count(*) FROM objects o, json_each(o.body, '$.app_passwords') WHERE kind = 'user' AND"
            " json_extract(o.body, '$.roles[0]') <> 'customer'"
        ),
        "webhooks": {state: facts.one(states, state) for state in ("active", "paused", "disabled")},
    }


SECURITY = Case(
    agent="security-sentinel",
    arguments={"since": SINCE, "suspicion": "Just to be sure."},
    steps=[
        Step("wp_users_list", {"limit": 100}),
        Step("wp_app_passwords_list", lambda seen: [{"user_id": one} for one in _staff_ids(seen)]),
        Step("woo_webhooks_list", {"limit": 100}),
        Step("audit_list", {"since": SINCE, "limit": 100}),
    ],
    deliver=_security,
    checks=[
        Check("", _rights),
        Check(
            "findings[].evidence[].ref",
            "SELECT id FROM objects WHERE kind = 'webhook' AND status = 'disabled' ORDER BY id DESC",
        ),
    ],
    falsify=["wp_users_list:total"],
    own={"audit_rows": "the audit goes on while it is read: how many rows had been written by then"},
)


async def _card_off(shop: Demo) -> Json:
    """Cards were switched off by mistake."""
    await shop.carry_out("woo_gateways_update", id="stripe", enabled=False)
    return {"noticed_at": datetime.now(UTC).replace(microsecond=0).isoformat()}


def _suspect(seen: Seen) -> str:
    rows = seen("changes_list")["changes"]
    return next(one["change"] for one in rows if one["tool"] == "woo_gateways_update")


def _incident(seen: Seen) -> Json:
    before, after = ({one["id"]: one["enabled"] for one in page["items"]} for page in (seen.all("woo_gateways_list")))
    back = [one for one, on in after.items() if on and not before[one]]
    pages = dict(zip(("failed", "pending", "processing"), seen.all("woo_orders_list"), strict=True))
    paid = pages["processing"]["items"][0]
    return {
        "severity": "sev2",
        "began_at": None,
        "noticed_at": seen.arguments["noticed_at"],
        "ended_at": None,
        "symptom": seen.arguments["symptom"],
        "affected": {
            "failed_orders": pages["failed"]["total"],
            "pending_orders": pages["pending"]["total"],
            "last_paid_order_id": paid["id"],
            "last_paid_at": paid["date"],
        },
        "checks": [
            {"tool": "server_health_get", "says": seen("server_health_get")["status"], "state": "good"},
            {"tool": "woo_gateways_list", "says": f"switched off: {', '.join(back)}", "state": "bad"},
        ],
        "cause": {"what": "Cards were switched off.", "confidence": "certain", "evidence": back},
        "timeline": [],
        "mitigation": [
            {
                "tool": "changes_undo",
                "effect": f"{one} is offered again.",
                "change_id": seen.changes[-1],
                "state": "applied",
                "worked": after[one],
            }
            for one in back
        ],
        "message": "Cards work again.",
        "actions_after": [],
        "unknown": [],
    }


def _affected(facts: Facts, _: Json) -> Json:
    day = (datetime.fromisoformat(facts.arguments["noticed_at"]) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    count = "SELECT count(*) FROM objects WHERE kind = 'order' AND status = ? AND created >= ?"
    newest = (
        "SELECT id, created FROM objects WHERE kind = 'order' AND status = 'processing' ORDER BY created DESC LIMIT 1"
    )
    return {
        "failed_orders": facts.one(count, "failed", day),
        "pending_orders": facts.one(count, "pending", day),
        "last_paid_order_id": facts.sql(newest)[0][0],
    }


def _a_day(status: str) -> Json:
    return {"status": status, "after": f"{ago(1)}T00:00:00", "limit": 100}


async def _cards_are_back(facts: Facts) -> None:
    ways = (await facts.shop.do("woo_gateways_list"))["items"]
    assert next(one["enabled"] for one in ways if one["id"] == "stripe")
    [mended] = facts.delivered["mitigation"]
    assert mended["worked"]


INCIDENT = Case(
    agent="incident-responder",
    arguments={"symptom": "Nobody can pay by card.", "phase": "first_aid"},
    arrange=_card_off,
    steps=[
        Step("server_health_get"),
        Step("woo_orders_list", [_a_day("failed"), _a_day("pending"), {"status": "processing", "limit": 1}]),
        Step("woo_gateways_list"),
        Step("changes_list"),
        Step("changes_undo", lambda seen: {"change": _suspect(seen)}),
        Step("woo_gateways_list"),
    ],
    deliver=_incident,
    checks=[Check("affected", _affected)],
    falsify=["woo_orders_list"],
    after=_cards_are_back,
)


CASES = [PLUGIN, SECURITY, INCIDENT]
