"""Clients of servers that do what a test says."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from devskyy_mcp.http import Upstream, UpstreamError
from tests.fakes.proxy import FaultProxy
from tests.fakes.site import a_site, answer

BODY = b'{"path": "here", "items": [1, 2, 3]}'
PAGE = b"<!DOCTYPE html><html><body>Briefly unavailable for scheduled maintenance.</body></html>"
ANSWER = answer(BODY, "application/json")
Handler = Callable[[httpx2.Request], httpx2.Response]


@asynccontextmanager
async def behind_proxy(**settings: Any) -> AsyncGenerator[tuple[Upstream, FaultProxy]]:
    async with a_site(ANSWER) as site, FaultProxy(site.port) as proxy:
        shop = Upstream("The shop", proxy.url, **settings)
        try:
            yield shop, proxy
        finally:
            await shop.aclose()


def mocked(handler: Handler, base_url: str = "https://shop.example", **settings: Any) -> Upstream:
    return Upstream("The shop", base_url, transport=httpx2.MockTransport(handler), **settings)


def scripted(*steps: httpx2.Response | Exception) -> tuple[list[httpx2.Request], Handler]:
    """A handler that goes through these answers, repeating the last, and the list of what it was asked."""
    asked: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        step = steps[min(len(asked), len(steps)) - 1]
        if isinstance(step, Exception):
            raise step
        return httpx2.Response(step.status_code, headers=step.headers, content=step.content)

    return asked, handler


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def refused(shop: Upstream, method: str = "GET", path: str = "products", **arguments: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await shop.send(method, path, **arguments)
    return caught.value


def sign(request: httpx2.Request) -> None:
    request.headers["Authorization"] = "Basic cs_secret"
