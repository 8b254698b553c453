"""Whose word counts on where a request comes from."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn

from devskyy_mcp.surfaces.serving import config_of
from tests.fakes.served import settings_for

CLAIMED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Forwarded": "for=203.0.113.9"}


async def _told(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = json.dumps([scope["client"][0], scope["scheme"]]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.requirement("auth:proxies")
@pytest.mark.parametrize(
    ("trusted", "told"),
    [
        ([], ["127.0.0.1", "http"]),
        (["10.0.0.0/8"], ["127.0.0.1", "http"]),
        (["127.0.0.1"], ["203.0.113.9", "https"]),
    ],
)
async def test_only_a_proxy_in_the_settings_is_believed(tmp_path: Path, trusted: list[str], told: list[str]) -> None:
    server = uvicorn.Server(config_of(settings_for(tmp_path, trusted_proxies=trusted), _told))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
                assert (await http.get("/", headers=CLAIMED)).json() == told
            server.should_exit = True
