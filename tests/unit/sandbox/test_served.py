"""The shop behind a real socket, where faults are a silence or a closed connection."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator

import anyio
import httpx2
import pytest
import uvicorn

from devskyy_tools.sandbox import DEMO_APP_PASSWORD, DEMO_USER, Sandbox, create_sandbox

served = pytest.mark.requirement("sandbox:served")


@pytest.fixture
async def over_tcp() -> AsyncGenerator[tuple[httpx2.AsyncClient, Sandbox]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_sandbox(url=url, served=True)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: server.serve(sockets=[listener]))
            async with httpx2.AsyncClient(base_url=f"{url}/wp-json/", auth=(DEMO_USER, DEMO_APP_PASSWORD)) as http:
                yield http, app.state.sandbox
            server.should_exit = True


@served
async def test_products_and_their_pictures(over_tcp: tuple[httpx2.AsyncClient, Sandbox]) -> None:
    http, _ = over_tcp
    (product,) = (await http.get("wc/v3/products", params={"per_page": 1})).json()
    assert (await http.get(product["images"][0]["src"])).content.startswith(b"\x89PNG")


@served
async def test_drop_closes_the_socket(over_tcp: tuple[httpx2.AsyncClient, Sandbox]) -> None:
    http, sandbox = over_tcp
    sandbox.faults.drop(method="POST")
    with pytest.raises(httpx2.RemoteProtocolError):
        await http.post("wc/v3/products", json={"name": "Dropped"})
    assert len((await http.get("wc/v3/products", params={"search": "Dropped"})).json()) == 1


@served
async def test_lost_answer_is_silence(over_tcp: tuple[httpx2.AsyncClient, Sandbox]) -> None:
    http, sandbox = over_tcp
    sandbox.faults.lost(committed=True, method="POST")
    with pytest.raises(httpx2.ReadTimeout):
        await http.post("wc/v3/products", json={"name": "Silent"}, timeout=0.5)
    assert len((await http.get("wc/v3/products", params={"search": "Silent"})).json()) == 1
