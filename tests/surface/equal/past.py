"""A demo shop with a past: objects of every kind and changes in several states, to call every tool on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devskyy_mcp.app import App, local_principal
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs.events import Events
from tests.fakes.elsewhere import Hands

from .inputs import ABSENT, Case, Choices
from .ways import Site

FEW = 2
JOBS = {
    name: f"job_{name}" for name in ("running", "asking", "answered", "waiting", "review", "parked", "ended", "failed")
}
RESOLVING: list[dict[str, Any]] = [
    {"action": "attach"},
    {"action": "abandon", "task": "task_9"},
    {"action": "forget"},
    {"action": "resubmit"},
    {"action": "resubmit"},
]
ANSWERS: list[dict[str, Any]] = [{}, {"size": {"size": "XL"}}, {"size": {"size": "M"}}, {"size": None}]
_LISTED = [
    *("woo_categories", "woo_coupons", "woo_customers", "woo_orders", "woo_products"),
    *("wp_categories", "wp_media", "wp_pages", "wp_posts", "wp_tags"),
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
        found += [
            Case("play_reprice", {"filter": {}, "move": "-5%", "cost_field": "cost", "preview": True}, True),
            Case("play_stock_reconcile", {"rows": [{"sku": "MS-LVH-12", "counted": 3}], "preview": True}, True),
            Case("woo_catalog_import", {"asset": self.known["asset"][0], "preview": True}, True),
            Case("woo_catalog_import", {"asset": self.known["asset"][1], "preview": True}, True),
        ]
        found += [Case("jobs_resolve", {"job": JOBS["review"], **how}, True) for how in RESOLVING]
        for answers in ANSWERS:
            found.append(Case("jobs_answer", {"job": JOBS["answered"], "answers": answers}, True))
        found += [Case("jobs_cancel", {"job": JOBS[name]}, True) for name in ("running", "running", "asking", "asking")]
        return [*found, Case("no_such_tool", {}, False)]


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


async def make_past(folder: Path) -> Past:
    """Fill the folder: a database with a journal, and a demo shop."""
    site = Site(folder)
    app = site.app()
    try:
        return await _live(app)
    finally:
        await app.close()
        site.close()


async def _live(app: App) -> Past:
    async def do(tool: str, **arguments: Any) -> dict[str, Any]:
        return (await app.road.invoke(Call(local_principal(), tool, arguments, "internal"))).data

    async def ids(tool: str, **arguments: Any) -> list[int]:
        return [item["id"] for item in (await do(tool, limit=FEW, **arguments))["items"]]

    made = await do("woo_categories_create", name="Autumn")
    category = int(made["changes"][0]["id"])
    await do("wp_tags_create", name="wool")
    binned = (await ids("wp_posts_list"))[0]
    await do("wp_posts_delete", id=binned)
    await do("woo_coupons_create", code="past10", discount_type="percent", amount="10")
    variable = await ids("woo_products_list", type="variable", status="publish")
    tables = [b"SKU,Name\nPAST-1,Cap\n", b"SKU,Regular price\nPAST-1,abc\n"]
    assets = [(await app.services.get(Assets).put(one, "goods.csv", "upload")).id for one in tables]
    proposed = await do("woo_categories_update", id=category, description="Warm things.", preview=True)
    risky = await do("woo_categories_delete", id=category, preview=True)
    listed = {name: [*await ids(f"{name}_list"), ABSENT] for name in _LISTED}
    known: Choices = {
        "change": [made["change"], proposed["change"], "chg_none"],
        "product_id": [*variable, ABSENT],
        "order_id": listed["woo_orders"],
        "job": [*JOBS.values(), "job_none"],
        "sku": ["MS-LVH-12", "NEW-1"],
        "asset": [*assets, "0" * 64],
        "categories": listed["woo_categories"],
        "product_ids": listed["woo_products"],
        "featured_media": listed["wp_media"],
    }
    variations = [item["id"] for item in (await do("woo_variations_list", product_id=variable[0]))["items"]]
    own: dict[str, Choices] = {
        "tools_describe": {"name": ["woo_products_update", "woo_products_lst"]},
        "woo_orders_create": {"product_id": await ids("woo_products_list", type="simple", stock_status="instock")},
        "woo_orders_set_status": {
            "id": await ids("woo_orders_list", status="processing"),
            "status": ["completed", "on-hold", "pending"],
        },
        "woo_variations_create": {"attributes": [{"name": "Size", "option": one} for one in ("S", "none such")]},
        "woo_stock_update": {"items": [{"sku": "MS-LVH-12", "adjust": 1}, {"id": ABSENT, "set": 3}, {}]},
    }
    await _work(Hands(app.services.get(Database), app.services.get(Events)))
    await _forget_reading(app)
    own |= {
        "jobs_cancel": {"job": [JOBS["waiting"], JOBS["ended"], "job_none"]},
        "jobs_answer": {"job": [JOBS["waiting"], JOBS["ended"], "job_none"]},
        "jobs_resolve": {"job": [JOBS["parked"], JOBS["ended"], "job_none"], "task": ["task_9"]},
        "jobs_wait": {"job": [JOBS["ended"], JOBS["parked"], "job_none"]},  # nothing that goes on
        "jobs_list": {"tool": ["woo_catalog_export", "none"], "cursor": ["none of ours", ""]},
    }
    listed |= {"woo_variations": [*variations[:FEW], ABSENT], "wp_bin": [binned, ABSENT]}
    return Past(listed, known, own, proposed["change"], risky["change"])
