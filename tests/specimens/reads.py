"""Valid arguments for the tools that only read, where these can't be found without help."""

from __future__ import annotations

from typing import Any, cast

from devskyy_mcp.capability import Capability
from tests.fakes.demo import Desk

from . import agents, asking, experiments, generators, insights, kept, media, models3d, site, three_d
from .making import Arguments, carry_out, create, given
from .writes import ARGUMENTS as WRITES
from .writes import (
    FURTHER,
    TAXONOMIES,
    a_picture,
    an_order,
    mailed,
    seo_of,
    somebody,
    there,
    undone,
)  # fmt: skip

ASKED_ELSEWHERE = {
    "changes_apply": "every round applies with it",
    "jobs_answer": "reaches no shop",
    "jobs_cancel": "reaches no shop",
    "jobs_resolve": "reaches no shop",
    "round_table_pick": "reaches no shop",
    "round_table_show": "needs a round: tests/surface/equal has one, tests/unit/llm/round_table plays them",
}
"""Tools that are neither staged nor read, and which tests of their own call."""


async def a_product_with_variations(desk: Desk) -> dict[str, Any]:
    return {"product_id": await desk.some("woo_products_list", type="variable", status="publish")}


async def terms_of_an_attribute(desk: Desk) -> dict[str, Any]:
    return {"attribute_id": await desk.some("woo_attributes_list")}


def a_product(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await desk.some("woo_products_list", type="simple", status="publish"), **arguments}

    return build


REFERENCES = {
    "continents": "EU",
    "countries": "FR",
    "currencies": "EUR",
    "current_currency": "",
    "shipping_methods": "flat_rate",
    "tax_classes": "zero-rate",
}
KINDS = (("types", "post"), ("taxonomies", "category"), ("statuses", "publish"))


def items_of(kind: str) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        return {"type": await there(desk, "types", kind, "post")}

    return build


def terms_of(taxonomy: str) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        return {"taxonomy": await there(desk, "taxonomies", taxonomy, "post_tag")}

    return build


def revisions(kind: str, *, one: bool) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        found = await site.revision_of(kind)(desk)
        return found if one else {"type": found["type"], "of": found["of"]}

    return build


async def a_receipt(desk: Desk) -> dict[str, Any]:
    order = (await mailed(desk))["order_id"]
    await carry_out(desk, "woo_receipts_create", {"order_id": order})
    return {"order_id": order}


async def a_job(desk: Desk) -> dict[str, Any]:
    found = (await desk.do("jobs_list", limit=1))["jobs"]
    return {"job": (found or [await desk.do("woo_catalog_export")])[0]["job"]}


async def a_job_now(desk: Desk) -> dict[str, Any]:
    return {**await a_job(desk), "seconds": 0}


ARGUMENTS: dict[str, list[Arguments]] = {
    **agents.READS,
    **asking.READS,
    **experiments.READS,
    **generators.READS,
    **site.READS,
    **kept.READS,
    **models3d.READS,
    **media.READS,
    **insights.READS,
    "changes_report": [given(since="2020-01-01T00:00:00Z")],
    **three_d.READS,
    "changes_show": [undone],
    "jobs_get": [a_job],
    "jobs_wait": [a_job_now],
    "tools_call": [given(name="wp_site_get", arguments={})],
    "tools_describe": [given(name="wp_site_get")],
    "tools_find": [given(query="posts")],
    "tools_read": [given(name="wp_site_get", arguments={})],
    "woo_attribute_terms_list": [terms_of_an_attribute],
    "woo_order_mails_list": [an_order("order_id")],
    "woo_order_notes_list": [an_order("order_id")],
    "woo_products_related": [a_product(basis=basis) for basis in ("related", "suggested")],
    "woo_gateways_get": [given(id="cheque")],
    "woo_receipts_get": [a_receipt],
    "woo_reference_list": [
        *(given(kind=kind) for kind in REFERENCES),
        *(given(kind=kind, code=code) for kind, code in REFERENCES.items() if code),
    ],
    "woo_refunds_list": [given(), an_order("order_id")],
    "woo_shipments_list": [an_order("order_id")],
    "woo_settings_list": [
        given(),
        given(group="general"),
        given(group="general", id="woocommerce_currency"),
    ],
    "woo_system_status_get": [given(), given(detail="theme")],
    "woo_variations_list": [given(), a_product_with_variations],
    "woo_zones_get": [given(id=0)],
    "wp_items_list": [items_of("product")],
    "wp_media_get": [a_picture()],
    "wp_privacy_export": [somebody],
    "wp_revisions_list": [revisions(kind, one=one) for kind in site.REVISED for one in (False, True)],
    "wp_search": [given(query="a")],
    "wp_seo_get": [seo_of("page", "wp_pages_create", {"title": "Old"})],
    "wp_terms_list": [terms_of(taxonomy) for taxonomy in ("post_tag", *TAXONOMIES)],
    "wp_types_list": [given(), *(given(of=of, name=name) for of, name in KINDS), *(given(of=of) for of, _ in KINDS)],
}
"""Each list is called one by one: a tool that leads to several routes needs several."""


def given_by_itself(tool: Capability) -> list[Arguments]:
    """Arguments that need no line here: none where none is required; each value of a required enum; the id of the
    first object that the tool's sibling lists or, where it lists none, makes.
    """
    schema = tool.whole_input_schema
    required: list[str] = schema.get("required", [])
    if not required:
        return [given()]
    if len(required) > 1:
        return []
    name = required[0]
    choices = cast("list[Any]", schema["properties"][name].get("enum", ()))
    if choices:
        return [given(**{name: value}) for value in choices]
    return [_first_of(tool.name.rpartition("_")[0])] if name == "id" else []


def _first_of(prefix: str) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        found = (await desk.do(f"{prefix}_list", limit=1))["items"]
        if found:
            return {"id": found[0]["id"]}
        return {"id": await create(desk, f"{prefix}_create", await WRITES[f"{prefix}_create"](desk))}

    return build


def specimens_of(tool: Capability) -> list[Arguments]:
    """How to call the tool, each way once; empty where nobody said how."""
    if tool.name in WRITES:
        return [WRITES[tool.name], *FURTHER.get(tool.name, [])]
    return ARGUMENTS.get(tool.name) or given_by_itself(tool)
