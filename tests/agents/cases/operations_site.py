"""Those who build pages, run connections and look after what can be brought back, at work."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.agents.cases.counted import of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago

PICTURE = (
    '<!-- wp:image {{"id":{id}}} --><figure class="wp-block-image">'
    '<img src="{url}" alt="{alt}" class="wp-image-{id}"/></figure><!-- /wp:image -->'
)
TEXT = "<!-- wp:paragraph --><p>We mend what we made.</p><!-- /wp:paragraph -->"


def _markup(seen: Seen) -> str:
    picture = seen("wp_media_list")["items"][0]
    return f"{TEXT}\n{PICTURE.format(**pick(picture, 'id', 'url', 'alt'))}"


def _page(seen: Seen) -> Json:
    made, links, picture = seen("wp_pages_get"), seen("wp_links_check"), seen("wp_media_list")["items"][0]
    parent = next(one["id"] for one in seen("wp_pages_list")["items"] if one["title"] == seen.arguments["below"])
    return {
        "page_id": made["id"],
        "title": seen.arguments["page"],
        "slug": seen("wp_pages_create")["changes"][0]["fields"]["slug"],
        "status": made["status"],
        "parent": parent,
        "blocks": re.findall(r"<!-- wp:([\w/-]+)", _markup(seen)),
        "pictures": [{"media_id": picture["id"], "alt": picture["alt"]}],
        "links": {"checked": links["links"], "broken": [one["url"] for one in links["broken"]]},
        "menu_entries": [],
        "changes": [
            {"tool": "wp_pages_create", "change_id": seen.changes[-1], "state": seen("wp_pages_create")["state"]}
        ],
        "checklist": [{"check": "alt_texts", "passes": bool(picture["alt"]), "note": "One picture."}],
        "ready": False,
        "unknown": [],
    }


def _built(facts: Facts, told: Json) -> Json:
    number = facts.one("SELECT id FROM objects WHERE kind = 'page' ORDER BY id DESC")
    [media] = re.findall(r"wp-image-(\d+)", of(facts, "page", number, "content"))
    texts = facts.column(
        "SELECT json_extract(body, '$.content') FROM objects WHERE kind IN ('page', 'post') AND status = 'publish'"
    )
    return {
        "page_id": number,
        "slug": of(facts, "page", number, "slug"),
        "status": of(facts, "page", number, "status"),
        "parent": of(facts, "page", number, "parent"),
        "pictures": [{"media_id": int(media), "alt": of(facts, "attachment", int(media), "alt_text")}],
        "links": {"checked": len({link for text in texts for link in re.findall(r'href="([^"]+)"', text)})},
    }


PAGE = Case(
    agent="site-builder",
    arguments={"page": "Repairs", "goal": "Send a piece in for repair.", "action": "new_page", "below": "Contact"},
    steps=[
        Step("wp_pages_list", {"limit": 100}),
        Step("wp_blocks_list", {"kind": "pattern"}),
        Step("wp_media_list", {"media_type": "image", "limit": 5}),
        Step("brand_guide_get"),
        Step(
            "wp_pages_create",
            lambda seen: {
                "title": seen.arguments["page"],
                "slug": "repairs",
                "status": "draft",
                "content": _markup(seen),
                "parent": next(
                    one["id"] for one in seen("wp_pages_list")["items"] if one["title"] == seen.arguments["below"]
                ),
            },
        ),
        Step("wp_pages_get", lambda seen: {"id": int(seen("wp_pages_create")["changes"][0]["id"])}),
        Step("wp_links_check", {"external": False}),
    ],
    deliver=_page,
    checks=[Check("", _built)],
    falsify=["wp_links_check:links", "wp_pages_list:id"],
)


def _connections(seen: Seen) -> Json:
    return {
        "kind": "webhook",
        "webhooks": [
            {
                **pick(one, "id", "topic", "status"),
                "host": str(urlsplit(str(one["delivery_url"])).hostname),
                "verdict": "fine",
            }
            for one in seen("woo_webhooks_list")["items"]
        ],
        "jobs": [],
        "transfer": None,
        "access": None,
        "changes": [
            {"tool": "woo_webhooks_update", "change_id": one["change"], "state": one["state"]}
            for one in seen.all("woo_webhooks_update")
        ],
        "next_steps": ["Look at the next delivery."],
        "unknown": [one["summary"] for one in seen("jobs_list")["jobs"] if one["state"] == "failed"],
    }


def _webhook(facts: Facts, row: Json) -> Json:
    place = facts.one(
        "SELECT json_extract(body, '$.delivery_url') FROM objects WHERE kind = 'webhook' AND id = ?", row["id"]
    )
    return {
        "id": facts.one(
            "SELECT id FROM objects WHERE kind = 'webhook' AND json_extract(body, '$.topic') = ?", row["topic"]
        ),
        "status": of(facts, "webhook", row["id"], "status"),
        "host": urlsplit(str(place)).hostname,
    }


CONNECTIONS = Case(
    agent="integration-operator",
    arguments={"job": "The warehouse has mended its receiver: switch its webhook on.", "kind": "webhook"},
    steps=[
        Step("server_health_get"),
        Step("woo_webhooks_list", {"limit": 100}),
        Step("jobs_list"),
        Step(
            "woo_webhooks_update",
            lambda seen: [
                {"id": one["id"], "status": "active"}
                for one in seen("woo_webhooks_list")["items"]
                if one["status"] == "disabled"
            ],
        ),
        Step("woo_webhooks_list", {"limit": 100}),
    ],
    deliver=_connections,
    checks=[
        Check("webhooks[]", _webhook),
        Check("webhooks[].status", lambda facts, value: "active"),
    ],
    falsify=["woo_webhooks_list:id"],
)


def _coverage(seen: Seen) -> Json:
    kinds = ("products", "orders", "customers")
    return {
        "kind": "review",
        "coverage": [
            {
                "thing": thing,
                "way_back": way,
                "proven": "not_tested",
                "loss_at_most": "unknown",
                "time_to_restore": "unknown",
            }
            for thing, way in (("pages", "revisions"), ("changes_by_this_server", "undo"), ("orders", "none"))
        ],
        "last_export": None,
        "totals": [
            {"of": kind} | pick(row, "slug", "total")
            for kind, page in zip(kinds, seen.all("woo_reports_totals"), strict=True)
            for row in page["rows"]
        ],
        "drill": None,
        "restored": [],
        "host_backup": "unknown",
        "gaps": ["No known full backup." if not seen("assets_list")["assets"] else "The export is old."],
        "next_drill_on": None,
        "unknown": [],
    }


def _total(facts: Facts, row: Json) -> Json:
    counts = {
        "orders": "SELECT count(*) FROM objects WHERE kind = 'order' AND status = ?",
        "products": "SELECT count(*) FROM objects WHERE kind = 'product' AND status = 'publish' AND type = ?",
        "customers": "SELECT count(*) FROM objects u WHERE kind = 'user' AND"
        " json_extract(body, '$.roles[0]') = 'customer' AND (EXISTS (SELECT 1 FROM objects o WHERE o.kind = 'order'"
        " AND json_extract(o.body, '$.customer_id') = u.id"
        " AND o.status IN ('processing', 'on-hold', 'completed'))) = (? = 'paying')",
    }
    return {"total": facts.one(counts[row["of"]], row["slug"])}


BACKUP = Case(
    agent="backup-warden",
    arguments={"kind": "review"},
    steps=[
        Step("wp_plugins_list"),
        Step("server_health_get"),
        Step("assets_list", {"kind": "table"}),
        Step("woo_reports_totals", [{"of": kind} for kind in ("products", "orders", "customers")]),
        Step("changes_report", {"since": f"{ago(30)}T00:00:00Z"}),
    ],
    deliver=_coverage,
    checks=[Check("totals[]", _total)],
    falsify=["woo_reports_totals"],
)

CASES = [PAGE, CONNECTIONS, BACKUP]
