"""A real server process: it starts, answers, and ends when it is told to."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.abc
import httpx2
import pytest
from websockets import Subprotocol
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

START = """
import sys
from tests.fakes.served import make_asgi
import uvicorn
uvicorn.run(make_asgi(sys.argv[1]), fd=int(sys.argv[2]), log_level="warning", timeout_graceful_shutdown=5)
"""


@asynccontextmanager
async def process(folder: Path) -> AsyncGenerator[tuple[anyio.abc.Process, str]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, number = listener.getsockname()[1], listener.fileno()
        command = [sys.executable, "-W", "error::ResourceWarning", "-c", START, str(folder), str(number)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([".", "tools"])}
        async with await anyio.open_process(command, env=environment, pass_fds=[number], stdout=None) as running:
            try:
                yield running, f"127.0.0.1:{port}"
            finally:
                if running.returncode is None:
                    running.kill()


@pytest.mark.slow
@pytest.mark.requirement("http:stop")
async def test_a_server_that_is_told_to_end_ends_although_hosts_are_connected(tmp_path: Path) -> None:
    with anyio.fail_after(60):
        async with process(tmp_path) as (running, address):
            async with httpx2.AsyncClient(base_url=f"http://{address}", trust_env=False, timeout=30) as http:
                assert (await http.get("/health/ready")).status_code == 200
                url = f"ws://{address}/api/v1/ws"
                async with connect(url, subprotocols=[Subprotocol("devskyy.v1")], proxy=None) as ws:
                    await ws.send('{"id": 1, "call": "notes_wait"}')
                    assert "progress" in str(await ws.recv())
                    running.send_signal(signal.SIGTERM)
                    with pytest.raises(ConnectionClosed):
                        await ws.recv()
            assert await running.wait() in {0, -signal.SIGTERM}
            assert running.stderr
            said = b"".join([chunk async for chunk in running.stderr])
            assert b"Traceback" not in said
    assert (tmp_path / "data" / "devskyy.db").exists()
