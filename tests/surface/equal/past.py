"""A demo shop with a past: objects of every kind and changes in several states, to call every tool on."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devskyy_mcp.app import App, local_principal
from devskyy_mcp.assets.links import KeptFile, kept_file
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs.events import Events
from devskyy_tools.playbooks.launch import Launch, play_product_launch
from devskyy_tools.playbooks.launch_copy import Facts, drafted
from tests.fakes.elsewhere import Hands
from tests.fakes.models3d import textured
from tests.fakes.photos import draw
from tests.specimens.insights import STEPS, TICKETS

from .inputs import ABSENT, Case, Choices
from .pictures import known_pictures, picture_cases
from .rounds import ROUND, note_round
from .ways import Site

FEW = 2
JOBS = {
    name: f"job_{name}" for name in ("running", "asking", "answered", "waiting", "review", "parked", "ended", "failed")
}
LAUNCH = "job_launch"
RUN = "job_run"
RESOLVING: list[dict[str, Any]] = [
    {"action": "attach"},
    {"action": "abandon", "task": "task_9"},
    {"action": "forget"},
    {"action": "resubmit"},
    {"action": "resubmit"},
]
DRAWN: dict[str, dict[str, Any]] = {
    "three_d_models_check": {"category": "bag"},
    "three_d_models_optimize": {"mode": "universal"},
    "three_d_models_render": {},
    "three_d_reliefs_create": {"category": "top"},
    "three_d_usdz_create": {},
    "three_d_variants_create": {"looks": [{"name": "Navy", "color": "#1b2a55"}]},
}
EXPERIMENT = "title"
DESIGN: dict[str, Any] = {
    "name": EXPERIMENT, "hypothesis": "A shorter title sells more", "mde": 0.2, "owner": "Ada",
    "variants": [{"key": "old", "percent": 50.0}, {"key": "new", "percent": 50.0}],
    "metric": {"name": "order", "kind": "rate", "base": 0.03},
}  # fmt: skip
TESTED: Choices = {"experiment": [EXPERIMENT, "titel"], "units": ["ada"], "metric": ["order", "oder"]}
TOLD: dict[str, dict[str, Any]] = {
    "experiments_assign": {"units": ["ada", "bob"]},
    "experiments_expose": {"units": ["ada", "bob"]},
    "experiments_convert": {"metric": "order", "events": [{"unit": "ada", "key": "61"}]},
    "experiments_results": {},
    "experiments_stop": {"reason": "The season is over.", "preview": True},
}
KEPT = ("assets_get", "three_d_models_view", "three_d_models_read")
"""Tools that take a model from the store."""
ANSWERS: list[dict[str, Any]] = [{}, {"size": {"size": "XL"}}, {"size": {"size": "M"}}, {"size": None}]
_LISTED = [
    *("woo_categories", "woo_coupons", "woo_customers", "woo_orders", "woo_products"),
    *("woo_attributes", "woo_brands", "woo_reviews", "woo_tags"),
    *("wp_comments", "wp_fonts", "wp_media", "wp_menus", "wp_pages", "wp_posts", "wp_redirects", "wp_users"),
]


@dataclass(frozen=True)
class Past:
    """What is there: per list tool's prefix (``woo_products``) the ids; values for arguments, of some tools
    their own; a proposal that may be applied and one for which a person must be asked.
    """

    ids: Mapping[str, list[int]]
    known: Choices
    own: Mapping[str, Choices]
    proposed: str
    risky: str

    def known_to(self, tool: str) -> Choices:
        """Values for the tool's arguments, its own ``id`` included."""
        prefix = "_".join(tool.split("_")[:2])
        return {**self.known, "id": self.ids.get(prefix, [ABSENT]), **self.own.get(tool, {})}

    def special(self) -> list[Case]:
        """Calls of the tools that call others or carry out: their schemas do not say what makes sense."""
        named: list[tuple[str, dict[str, Any]]] = [
            ("woo_products_list", {"limit": 2}),
            ("woo_products_list", {"limit": 0}),
            ("wp_posts_create", {"title": "Proxied", "preview": True}),
            ("no_such_tool", {}),
            ("tools_read", {"name": "wp_site_get", "arguments": {}}),
        ]
        order = {"line_items": [{"product_id": self.own["woo_orders_create"]["product_id"][0], "quantity": 1}]}
        batches: list[tuple[str, dict[str, Any]]] = [
            ("woo_catalog_bulk", {"noun": "tags", "create": [{"name": "Boxy"}], "delete": self.ids["woo_tags"][:1]}),
            ("woo_catalog_bulk", {"noun": "tags", "create": [{}], "update": [{"id": ABSENT}], "delete": ["abc", "-5"]}),
            ("woo_orders_bulk", {"noun": "orders", "create": [order, order]}),
            ("woo_settings_bulk", {"noun": "taxes", "create": [{"rate": "5", "name": "T", "country": "PT"}] * 2}),
            ("woo_settings_bulk", {"noun": "webhooks", "update": [{"id": 1, "name": "Stock"}], "delete": [2]}),
        ]
        found = [
            Case(tool, {"name": name, "arguments": arguments}, True)
            for tool in ("tools_read", "tools_call")
            for name, arguments in named
        ]
        applied = (self.risky, self.proposed, self.proposed, self.risky, "chg_none")
        found += [Case("changes_apply", {"change": change}, True) for change in applied]
        found += [Case("woo_products_get", {"id": number}, True) for number in (2**63 - 1, 2**63, -(10**40))]
        ways: list[dict[str, Any]] = [
            {"items": [{"id": self.known["product_ids"][0], "name": "Named alike"}]},
            {"filter": {"ids": list(self.known["product_ids"][:2])}, "set": {"status": "draft"}},
        ]
        found += [Case("woo_products_bulk_update", {**way, "preview": True}, True) for way in ways]
        found += [Case(tool, {**arguments, "preview": True}, True) for tool, arguments in batches]
        found.append(Case("insights_funnel_analyze", {"rows": STEPS, "order_value": "120.00"}, True))
        found.append(Case("insights_tickets_group", {"asset": self.own["insights_tickets_group"]["asset"][0]}, True))
        plays: list[tuple[str, dict[str, Any]]] = [
            ("play_reprice", {"filter": {}, "move": "-5%", "cost_field": "cost"}),
            ("play_stock_reconcile", {"rows": [{"sku": "MS-LVH-12", "counted": 3}]}),
            *(("woo_catalog_import", {"asset": asset}) for asset in self.known["asset"][:2]),
        ]
        found += [Case(tool, {**arguments, "preview": True}, True) for tool, arguments in plays]
        found += [Case(tool, {"asset": self.own[tool]["asset"][0], **more}, True) for tool, more in DRAWN.items()]
        found += [Case("jobs_resolve", {"job": JOBS["review"], **how}, True) for how in RESOLVING]
        found += [Case(tool, {"asset": self.own[tool]["asset"][0]}, True) for tool in KEPT]
        for answers in ANSWERS:
            found.append(Case("jobs_answer", {"job": JOBS["answered"], "answers": answers}, True))
        found += [Case("jobs_cancel", {"job": JOBS[name]}, True) for name in ("running", "running", "asking", "asking")]
        found += picture_cases(self.own)
        asked: list[dict[str, Any]] = [{"scope": "coats", "goal": "margin"}, {"scope": "coats", "gaol": "x"}, {}]
        found += [Case("agents_brief", {"agent": "price-strategist", "arguments": given}, True) for given in asked]
        found += [Case("agents_transcript", {"run": run}, True) for run in (RUN, LAUNCH)]
        found.append(Case("agents_find", {"request": "the coats should cost more"}, True))
        found += [Case(tool, {"experiment": EXPERIMENT, **more}, True) for tool, more in TOLD.items()]
        found += [
            Case("round_table_standings", more, True) for more in ({}, {"kind": "product-copy"}, {"kind": "No Slug"})
        ]
        found += [Case("round_table_show", {"round": one}, True) for one in (ROUND, "job_none")]
        picks = ((ROUND, 1), (ROUND, 9), ("job_none", 1))
        found += [Case("round_table_pick", {"round": one, "number": number}, True) for one, number in picks]
        handed = {"name": "handed", "preview": True, "from_round": ROUND}
        found += [
            Case("experiments_create", {**DESIGN, **handed, **more}, True) for more in ({}, {"from_round": "job_none"})
        ]
        found.append(Case("experiments_create", {**DESIGN, "name": "another", "preview": True}, True))
        found.append(Case("play_launch_draft", {"launch": LAUNCH, "preview": True}, True))
        model = {"glb": self.own["three_d_models_check"]["asset"][0], "kind": "generated", "preview": True}
        found.append(Case("three_d_products_attach", {"id": self.known["product_ids"][0], **model}, True))
        return [*found, Case("no_such_tool", {}, False)]


def _shop_wide() -> dict[str, Choices]:
    """Names for ids, and addresses that need no name to be looked up."""
    city = {"group": "general", "id": "woocommerce_store_city", "value": "Lyon"}
    groups = {"group": ["general", "email_new_order", "none"], "id": ["woocommerce_store_city", "enabled", ""]}
    gateway = {"id": ["stripe", "bacs", "none"], "settings": [{"secret_key": "sk_test_another"}, {"none": "x"}]}
    hook = {"topic": ["order.created", "order.none"], "delivery_url": ["https://203.0.113.9/x", "nonsense"]}
    return {
        "woo_settings_list": groups,
        "woo_settings_update": {"items": [city, {**city, "id": "none"}, {**city, "group": "none"}]},
        "woo_gateways_get": {"id": gateway["id"]},
        "woo_gateways_update": gateway,
        "woo_tax_classes_delete": {"id": ["zero-rate", "standard", "none"]},
        "woo_system_tools_run": {"id": ["clear_transients", "none"]},
        "woo_taxes_create": {"rate": ["5.5", "7"], "country": ["PT", "FR"], "tax_class": ["zero-rate", "none"]},
        "woo_zone_methods_create": {
            "kind": ["flat_rate", "none"],
            "settings": [{"cost": "5"}],
            "cost": ["5.00", "abc"],
        },
        "woo_webhooks_create": hook,
        "woo_webhooks_update": hook,
    }


async def _forget_reading(app: App) -> None:
    """Nobody has read customers' texts yet: what a call asks a person for must not depend on who made this past."""
    from devskyy_mcp.db.tables import taints

    async with app.services.get(Database).begin() as conn:
        await conn.execute(taints.delete())


async def _work(hands: Hands) -> None:
    """Jobs in every state."""
    for job in JOBS.values():
        await hands.add(job, "local")
    await hands.start(JOBS["running"])
    await hands.progress(JOBS["running"], 1, 2)
    await hands.ask(JOBS["asking"])
    await hands.ask(JOBS["answered"])
    await hands.ask(JOBS["waiting"], consent=True)
    await hands.review(JOBS["review"])
    await hands.review(JOBS["parked"])
    await hands.end(JOBS["ended"])
    await hands.end(JOBS["failed"], "failed")


async def _launch(hands: Hands, picture: KeptFile) -> None:
    """A launch that has ended, without a model."""
    made = Launch(
        name="Coat", made_by="none", pictures=[picture], responsive=[], warnings=[], next="",
        texts=drafted("Coat", Facts(kind="coat"), ["front"], None),
    )  # fmt: skip
    await hands.add(RUN, "local", "agents_run")
    await hands.end(RUN)
    await hands.add(LAUNCH, "local", play_product_launch.__name__)
    result = made.model_dump(mode="json", exclude_none=True)
    await hands.move(LAUNCH, "succeeded", finished_at=time.time_ns() // 1000, result=result)


async def make_past(folder: Path) -> Past:
    """Fill the folder: a database with a journal, and a demo shop."""
    site = Site(folder)
    app = site.app()
    try:
        return await _live(app)
    finally:
        await app.close()
        site.close()


async def _site(ids: Callable[..., Awaitable[list[int]]]) -> dict[str, Choices]:
    """What the tools for the site around the content are called with."""
    patterns = [*await ids("wp_blocks_list", kind="pattern"), ABSENT]
    templates = ["maison-skyy//index", "maison-skyy//header", "maison-skyy//none", "../x"]
    plugins = ["akismet/akismet", "woocommerce/woocommerce", "none/none"]
    own_template = {"kind": ["template"], "id": ["maison-skyy//lookbook"]}
    widgets = ["block-2", "block-9", "../x"]
    menus = [*await ids("wp_menus_list"), ABSENT]
    return {
        **{f"wp_blocks_{verb}": {"id": patterns} for verb in ("get", "update", "delete")},
        **{f"wp_templates_{verb}": {"id": templates} for verb in ("get", "update")},
        "wp_templates_delete": own_template,
        "wp_widgets_create": {"type": ["block"], "sidebar": ["wp_inactive_widgets"], "settings": [{"content": "x"}]},
        **{f"wp_plugins_{verb}": {"id": plugins} for verb in ("set_status", "delete")},
        **{f"wp_widgets_{verb}": {"id": widgets} for verb in ("update", "delete")},
        **{f"wp_menu_items_{verb}": {"menus": menus} for verb in ("list", "create")},
        **{
            f"wp_menu_items_{verb}": {"id": [*await ids("wp_menu_items_list"), ABSENT]} for verb in ("update", "delete")
        },
        "wp_library_list": {"of": ["blocks", "themes", "patterns"], "name": ["", "core", "none"], "search": [""]},
        "wp_settings_update": {"timezone": ["Europe/Paris", "Nope"], "email": ["ada@example.com"]},
    }


async def _live(app: App) -> Past:
    async def do(tool: str, /, **arguments: Any) -> dict[str, Any]:
        return (await app.road.invoke(Call(local_principal(), tool, arguments, "internal"))).data

    async def ids(tool: str, **arguments: Any) -> list[int]:
        return [item["id"] for item in (await do(tool, limit=FEW, **arguments))["items"]]

    made = await do("woo_categories_create", name="Autumn")
    category = int(made["changes"][0]["id"])
    await do("woo_shipping_classes_create", name="Bulky")
    size = {"name": "Size", "variation": True, "visible": True, "options": ["S", "M"]}
    bare = await do("woo_products_create", name="Cape", type="variable", more={"attributes": [size]})
    cape = int(bare["changes"][0]["id"])
    await do("wp_terms_create", taxonomy="post_tag", name="wool")
    binned = (await ids("wp_posts_list"))[0]
    await do("wp_posts_delete", id=binned)
    post = (await ids("wp_posts_list", status="publish"))[0]
    for words in ("One.", "Two."):
        await do("wp_posts_update", id=post, content=words)
    revisions = await ids("wp_revisions_list", type="posts", of=str(post))
    await do("woo_coupons_create", code="past10", discount_type="percent", amount="10")
    await do("wp_redirects_create", source="/old-coats", target="/coats")
    variable = await ids("woo_products_list", type="variable", status="publish")
    tables = [b"SKU,Name\nPAST-1,Cap\n", b"SKU,Regular price\nPAST-1,abc\n"]
    assets = [(await app.services.get(Assets).put(one, "goods.csv", "upload")).id for one in tables]
    export = (await app.services.get(Assets).put(TICKETS, "tickets.json", "upload")).id
    box = await app.services.get(Assets).put(textured(), "box.glb", "upload")
    model = await app.services.get(Assets).put(textured(), "model.glb", "upload")
    photo = await app.services.get(Assets).put(draw(23).content, "tee.jpg", "upload")
    await do("experiments_create", **DESIGN)
    proposed = await do("woo_categories_update", id=category, description="Warm things.", preview=True)
    risky = await do("woo_categories_delete", id=category, preview=True)
    listed = {name: [*await ids(f"{name}_list"), ABSENT] for name in _LISTED}
    attribute = listed["woo_attributes"][0]
    listed["woo_attribute"] = await ids("woo_attribute_terms_list", attribute_id=attribute)
    listed["woo_shipping"] = [*await ids("woo_shipping_classes_list"), ABSENT]
    tag = listed["woo_tags"][0]
    order = listed["woo_orders"][0]
    await do("woo_order_notes_create", order_id=order, note="Called.")
    note = (await do("woo_order_notes_list", order_id=order))["items"][0]["id"]
    refund = (await do("woo_refunds_list", limit=1))["items"][0]
    known: Choices = {
        "change": [made["change"], proposed["change"], "chg_none"],
        "product_id": [*variable, ABSENT],
        "order_id": listed["woo_orders"],
        "attribute_id": [attribute, ABSENT],
        "job": [*JOBS.values(), "job_none"],
        "zone_id": [1, 0, ABSENT],
        "sku": ["MS-LVH-12", "NEW-1"],
        "asset": [*assets, "0" * 64],
        "categories": listed["woo_categories"],
        "product_ids": listed["woo_products"],
        "featured_media": listed["wp_media"],
        "taxonomy": ["post_tag", "product_cat", "none_such"],
        "of": [str(one) for one in listed["wp_posts"]],
        "user_id": listed["wp_users"],
    }
    variations = [item["id"] for item in (await do("woo_variations_list", product_id=variable[0]))["items"]]
    own: dict[str, Choices] = {
        "changes_undo": {
            "change": [made["change"]],
            "changes": [made["change"]],
            "report": [(await do("changes_report", since="2020-01-01T00:00:00Z", tool="wp_terms_create"))["report"]],
        },
        "woo_order_notes_delete": {"order_id": [order], "id": [note, ABSENT]},
        "woo_refunds_delete": {"order_id": [refund["order_id"]], "id": [refund["id"], ABSENT]},
        "woo_reports_totals": {"of": ["orders", "sales", "nothing"]},
        "tools_describe": {"name": ["woo_products_update", "woo_products_lst"]},
        "woo_orders_create": {"product_id": await ids("woo_products_list", type="simple", stock_status="instock")},
        "woo_shipments_save": {
            "carrier": ["DHL"],
            "number": ["JD0146", "x"],
            "shipped": ["2026-11-02", "2026-02-30"],
            "replaces": ["JD0146"],
            "link": ["https://example.com/t/1", "no address"],
        },
        "insights_sales_forecast": {"id": [*listed["woo_products"]], "of": ["product"]},
        "insights_tickets_group": {"asset": [export, assets[0], "0" * 64]},
        "woo_orders_set_status": {
            "id": await ids("woo_orders_list", status="processing"),
            "status": ["completed", "on-hold", "pending"],
        },
        "woo_variations_create": {"attributes": [{"name": "Size", "option": one} for one in ("S", "none such")]},
        **_shop_wide(),
        "agents_brief": {"agent": ["price-strategist", "commerce", "price-strategy"]},
        "brand_guide_update": {"voice": ["Warm."], "preview": [True]},
        "woo_products_duplicate": {"id": [*listed["woo_products"]]},
        "woo_products_related": {"id": [*listed["woo_products"]]},
        "woo_terms_delete": {"kind": ["tag"], "id": [tag, ABSENT]},
        "woo_variations_generate": {"product_id": [cape, variable[0]]},
        "woo_variations_matrix": {"product_id": [cape, variable[0]], "attributes": [[]], "exceptions": [[]]},
        "woo_stock_update": {"items": [{"sku": "MS-LVH-12", "adjust": 1}, {"id": ABSENT, "set": 3}, {}]},
    }
    await do("wp_templates_create", kind="template", slug="lookbook", title="Lookbook", content="<p>Look.</p>")
    own |= await _site(ids)
    own |= await known_pictures(app)
    hands = Hands(app.services.get(Database), app.services.get(Events))
    await _work(hands)
    await _launch(hands, kept_file(photo))
    await note_round(app)
    await do("agents_find", request="warm up")  # the vectors are made once, and seven servers find them
    await do("insights_customers_segment")  # makes the key that marks guests, the same on all copies
    await _forget_reading(app)
    own |= {
        "jobs_cancel": {"job": [JOBS["waiting"], JOBS["ended"], "job_none"]},
        "jobs_answer": {"job": [JOBS["waiting"], JOBS["ended"], "job_none"]},
        "jobs_resolve": {"job": [JOBS["parked"], JOBS["ended"], "job_none"], "task": ["task_9"]},
        "jobs_wait": {"job": [JOBS["ended"], JOBS["parked"], "job_none"]},  # nothing that goes on
        "play_launch_draft": {"launch": [LAUNCH, JOBS["ended"], "job_none"], "categories": [[]], "sku": ["PAST-9"]},
        "three_d_products_get": {"id": listed["woo_products"]},
        "play_product_launch": {"name": ["Coat"], "photos": [photo.id, ABSENT], "model": ["none"]},
        "experiments_list": {"state": ["running", "stopped"], "cursor": ["none of ours", ""]},
        **{f"experiments_{verb}": TESTED for verb in ("assign", "convert", "expose", "results", "stop")},
        "jobs_list": {"tool": ["woo_catalog_export", "none"], "cursor": ["none of ours", ""]},
    }
    listed |= {"woo_zones": [1, 0, ABSENT], "woo_zone": [1, ABSENT], "woo_taxes": [1, ABSENT], "woo_webhooks": [1, 2]}
    written = {"type": ["posts"], "of": [str(post)], "id": revisions[-1:]}
    own |= {"wp_revisions_restore": written, "wp_revisions_delete": written, "wp_comments_create": {"post": [post]}}
    for verb in ("create", "update"):
        own[f"wp_redirects_{verb}"] = {
            "source": ["/old-hats", "/old-coats", "no path"],
            "target": ["/hats", "/old-hats"],
        }
    own |= {
        f"wp_seo_{verb}": {"type": ["post", "posts", "none such"], "id": [post, ABSENT]} for verb in ("get", "update")
    }
    types = {"type": ["product", "post", "none such"]}
    own |= {f"wp_items_{verb}": types for verb in ("list", "create", "update", "delete")}
    own |= {"wp_types_list": {"of": ["types", "taxonomies", "statuses"], "name": ["post", "category", "none"]}}
    listed |= {
        "wp_terms": [one["id"] for one in (await do("wp_terms_list", taxonomy="post_tag"))["items"][:FEW]],
        "wp_items": listed["woo_products"],
    }
    listed |= {"woo_variations": [*variations[:FEW], ABSENT], "wp_bin": [binned, ABSENT]}
    own |= {tool: {"asset": [box.id, "0" * 64]} for tool in DRAWN}
    own |= {tool: {"asset": [model.id, f"ast_{'0' * 64}"]} for tool in KEPT}
    own["three_d_reliefs_create"] = {"asset": [photo.id, box.id]}
    return Past(listed, known, own, proposed["change"], risky["change"])
