"""Faults: what the client sees, and what the shop has done by then."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx2
import pytest

from devskyy_tools.sandbox import Sandbox

faults = pytest.mark.requirement("sandbox:faults")


async def _names(shop: httpx2.AsyncClient, word: str) -> list[str]:
    found = (await shop.get("wc/v3/products", params={"search": word})).json()
    return [product["name"] for product in found]


@faults
async def test_answer_lost_after_the_commit(shop: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.lost(committed=True, method="POST")
    with pytest.raises(httpx2.ReadTimeout):
        await shop.post("wc/v3/products", json={"name": "Lostandfound"})
    assert await _names(shop, "Lostandfound") == ["Lostandfound"]


@faults
async def test_request_lost_before_the_shop(shop: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.lost(committed=False, method="POST")
    with pytest.raises(httpx2.ReadTimeout):
        await shop.post("wc/v3/products", json={"name": "Lostforever"})
    assert await _names(shop, "Lostforever") == []


@faults
async def test_dropped_connection(shop: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.drop(path="/products$")
    with pytest.raises(httpx2.RemoteProtocolError):
        await shop.get("wc/v3/products")


@faults
async def test_status_with_retry_after_on_the_second_request(shop: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(429, retry_after=7, nth=2, times=2)
    answers = [await shop.get("wc/v3/products", params={"per_page": 1}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["retry-after"] == "7"


@faults
async def test_half_of_the_json(shop: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.truncated()
    answer = await shop.get("wc/v3/products")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@faults
async def test_html_page_with_200(shop: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.html(method="PUT")
    assert (await shop.get("wc/v3/products")).headers["content-type"].startswith("application/json")
    answer = await shop.put("wc/v3/products/1", json={"name": "x"})
    assert (answer.status_code, answer.text[:15]) == (200, "<!DOCTYPE html>")


@faults
async def test_latency_is_cut_by_the_clients_deadline(shop: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.latency(30)
    with anyio.move_on_after(0.05) as scope:
        await shop.get("wc/v3/products")
    assert scope.cancelled_caught


@pytest.mark.requirement("sandbox:log")
async def test_log_has_every_request_and_its_fate(shop: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.lost(committed=True, method="POST")
    await shop.get("wc/v3/products", params={"per_page": "1"})
    body: dict[str, Any] = {"name": "Logged"}
    with pytest.raises(httpx2.ReadTimeout):
        await shop.post("wc/v3/products", json=body)
    read, write = sandbox.requests
    assert (read.method, read.path, read.query, read.status, read.size) == (
        "GET",
        "/wc/v3/products",
        "per_page=1",
        200,
        0,
    )
    assert (write.method, write.status, write.size) == ("POST", 0, len(json.dumps(body, separators=(",", ":"))))
