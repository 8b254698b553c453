"""Three servers behind nginx and two workers, over one Postgres and one Valkey: each a process of its own."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect

from devskyy_mcp.guard.local_key import local_key
from tests.durability.paid.processes import Place, ProviderServer, Running, place
from tests.durability.processes import free_port
from tests.fakes.nginx import nginx
from tests.fakes.valkey import Valkey

SERVERS, WORKERS = 3, 2
UP_WITHIN = 60
"""Seconds that a process may take to start on a busy machine."""


@dataclass
class Cluster:
    """The processes, and the address that their users know."""

    place: Place
    provider: ProviderServer
    valkey: Valkey
    url: str
    servers: list[Running]
    workers: list[Running] = field(default_factory=list[Running])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {local_key(self.place.settings['data_dir'])}"}

    @asynccontextmanager
    async def http(self) -> AsyncGenerator[httpx2.AsyncClient]:
        """A client of nginx."""
        async with httpx2.AsyncClient(
            base_url=self.url, headers=self.headers, trust_env=False, timeout=UP_WITHIN
        ) as client:
            yield client

    @asynccontextmanager
    async def socket(self) -> AsyncGenerator[ClientConnection]:
        """A WebSocket through nginx."""
        address = self.url.replace("http:", "ws:") + "/api/v1/ws"
        async with connect(
            address, subprotocols=[Subprotocol("devskyy.v1")], proxy=None, additional_headers=self.headers
        ) as socket:
            yield socket

    async def start(self, tool: str, **arguments: Any) -> str:
        """Start a job through nginx; asked again, under the same key, where a server died meanwhile."""
        key = {"Idempotency-Key": f"{time.time_ns()}"}
        async with self.http() as http:
            answer = await http.post(f"/api/v1/tools/{tool}", json=arguments, headers=key)
            while answer.status_code == 502:
                answer = await http.post(f"/api/v1/tools/{tool}", json=arguments, headers=key)
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]

    async def until_up(self, server: Running) -> None:
        """Wait until that server answers."""
        give_up = time.monotonic() + UP_WITHIN
        async with httpx2.AsyncClient(trust_env=False, headers=self.headers, timeout=UP_WITHIN) as http:
            while True:
                try:
                    if (await http.get(f"http://127.0.0.1:{server.port}/health/ready")).is_success:
                        return
                except httpx2.TransportError:
                    pass
                assert time.monotonic() < give_up, "a server does not start"
                await anyio.sleep(0.05)

    @contextmanager
    def more_workers(self, number: int) -> Generator[list[Running]]:
        """So many workers besides."""
        added = [Running(self.place) for _ in range(number)]
        with _all_running(added):
            yield added


@contextmanager
def _all_running(processes: list[Running]) -> Generator[None]:
    """Started, and whatever became of them meanwhile, gone at the end."""
    try:
        for one in processes:
            one.start()
        yield
    finally:
        for one in processes:
            if one.process is not None:
                one.kill()


@asynccontextmanager
async def cluster(folder: Path, database_url: str) -> AsyncGenerator[Cluster]:
    """All of it, over a database that has its tables."""
    port, ports = free_port(), [free_port() for _ in range(SERVERS)]
    valkey, provider = Valkey(), ProviderServer()
    with ExitStack() as stack:
        valkey.start()
        stack.callback(valkey.close)
        provider.start()
        stack.callback(provider.stop)
        url = f"http://127.0.0.1:{port}"
        here = place(
            folder / "data",
            database_url,
            provider.url,
            redis_url=valkey.url,
            public_url=url,
            auth_mode="none",  # every server is bound to loopback; what is tested here is not who calls
            database_pool_size=8,
            settle_after=30,
        )
        made = Cluster(
            here,
            provider,
            valkey,
            url,
            [Running(here, False, port) for port in ports],
            [Running(here) for _ in range(WORKERS)],
        )
        stack.enter_context(_all_running(made.servers))
        stack.enter_context(_all_running(made.workers))
        stack.enter_context(nginx(folder / "nginx", port, ports))
        for server in made.servers:
            await made.until_up(server)
        yield made


@dataclass
class Follower:
    """Reads a job's events over WebSockets, a new one after each that breaks, from behind the last event it has."""

    cluster: Cluster
    job: str
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    sockets: int = 0

    async def run(self) -> None:
        """Read to the job's end."""
        from websockets.exceptions import ConnectionClosed, InvalidHandshake

        while True:
            try:
                async with self.cluster.socket() as socket:
                    self.sockets += 1
                    await socket.send(json.dumps({"resume": {self.job: self.cursor}}))
                    async for text in socket:
                        event = json.loads(text)
                        if event.get("event") != "job":
                            continue
                        self.events.append(event)
                        if event["kind"] == "state" and event["data"]["state"] in {"succeeded", "failed", "cancelled"}:
                            return
            except (ConnectionClosed, InvalidHandshake, OSError):
                await anyio.sleep(0.05)

    @property
    def cursor(self) -> int:
        return self.events[-1]["seq"] if self.events else 0
