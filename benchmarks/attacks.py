"""What a well-behaved principal notices while others attack the same server process: calm and attack by turns."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import anyio
import anyio.to_thread

from devskyy_mcp.app import build
from devskyy_mcp.auth.api_keys import ApiKeys
from devskyy_mcp.auth.people import People
from devskyy_mcp.config import Settings
from tests.fakes.people import PASSWORD

from .attackers import HOST, LIST, TOOL, Tally, Target, Wire, attacks, bearer, request
from .attackers import run as run_attacker
from .calls import META
from .logins import p99
from .measure import Row

ROUNDS = 5
CALM = 4.0
"""Seconds of each, calm and attack, in a round."""
SETTLES = 0.5
PER_SECOND = 20.0
"""Calls of the healthy principal, half over REST and half over MCP: as many as the usual settings allow."""
ANEW = 20
"""Calls on one connection; then it makes another."""
FLOOD = 10 * PER_SECOND
TIMES = 2.0
GROWS = 200.0
"""MB."""
processes = multiprocessing.get_context("spawn")


@dataclass
class Healthy:
    """Milliseconds of each call, from when it was due, and what was answered."""

    took: list[float] = field(default_factory=list[float])
    statuses: Counter[int] = field(default_factory=Counter[int])

    @property
    def failed(self) -> int:
        return self.statuses.total() - self.statuses[200]


async def run() -> list[Row]:
    """One row for each attack, and one for the memory of them all. With names in ATTACKS only those."""
    wanted = os.environ.get("ATTACKS", "")
    with tempfile.TemporaryDirectory() as folder:
        key, others = await _keys(Path(folder))
        with _server(Path(folder)) as (pid, port), _attacker(Target(port, others)) as pipe:
            await _started(port)
            async with _calls(port, key) as warm_up:
                await anyio.sleep(2)
            assert not warm_up.failed, warm_up.statuses
            before = _memory(pid)
            rows = [await _row(pipe, port, key, name) for name in attacks(FLOOD) if wanted in name]
            grown = _memory(pid) - before
    return [
        *rows,
        Row("memory of the server after all of them", f"{grown:+.0f} MB", f"< +{GROWS:.0f} MB", grown < GROWS),
    ]


async def _row(pipe: Connection, port: int, key: str, name: str) -> Row:
    calm, attacked, told = Healthy(), Healthy(), Tally()
    async with _under(pipe, name, Tally()):  # what it is the first to need is loaded, and its bursts are used up
        await anyio.sleep(CALM)
    for _ in range(ROUNDS):
        async with _calls(port, key, calm):
            await anyio.sleep(CALM)
        async with _under(pipe, name, told), _calls(port, key, attacked):
            await anyio.sleep(CALM)
    ratio = p99(attacked.took) / p99(calm.took)
    figure = (
        f"p50 {statistics.median(calm.took):.1f} → {statistics.median(attacked.took):.1f} ms, "
        f"p99 {p99(calm.took):.1f} → {p99(attacked.took):.1f} ms = {ratio:.2f}×; "
        f"{attacked.failed} of {attacked.statuses.total()} failed; {_told(told)}"
    )
    return Row(f"a call beside {name}", figure, f"≤ {TIMES:.0f}×, none failed", ratio <= TIMES and not attacked.failed)


@asynccontextmanager
async def _under(pipe: Connection, name: str, told: Tally) -> AsyncGenerator[None]:
    """Under attack while the block runs; adds how it was answered."""
    pipe.send(name)
    await anyio.sleep(SETTLES)
    yield
    pipe.send("")
    tally: Tally = await anyio.to_thread.run_sync(pipe.recv)
    told.statuses += tally.statuses
    told.opened += tally.opened
    await anyio.sleep(SETTLES)


def _told(tally: Tally) -> str:
    """How the attack was answered."""
    refused = sum(number for status, number in tally.statuses.items() if status >= 400)
    kinds = ", ".join(f"{number} × {status or 'closed'}" for status, number in sorted(tally.statuses.items()))
    return f"{tally.opened} connections, {refused} refused ({kinds or 'no answers'})"


@asynccontextmanager
async def _calls(port: int, key: str, into: Healthy | None = None) -> AsyncGenerator[Healthy]:
    """One principal's calls while the block runs."""
    found = into or Healthy()
    async with anyio.create_task_group() as tasks:
        for payload in (_rest(key), _mcp(key)):
            tasks.start_soon(_call_on, port, payload, found)
        yield found
        tasks.cancel_scope.cancel()


async def _call_on(port: int, payload: bytes, into: Healthy) -> None:
    began, every = time.perf_counter(), 2 / PER_SECOND
    wire = Wire(port, "127.0.0.1")
    try:
        for number in range(10**9):
            due = began + number * every
            await anyio.sleep(max(due - time.perf_counter(), 0))
            if number % ANEW == 0:
                wire.close()
            into.statuses[await wire.ask(payload)] += 1
            now = time.perf_counter()
            into.took.append((now - due) * 1000)
            began += max(now - due - every, 0)  # a late one delays the next, as a caller would; it counts once
    finally:
        wire.close()


def _rest(key: str) -> bytes:
    return request(TOOL, LIST, more=bearer(key))


def _mcp(key: str) -> bytes:
    name = TOOL.rpartition("/")[2]
    params = {"_meta": META, "name": name, "arguments": json.loads(LIST)}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    more = (
        "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
        f"Mcp-Method: tools/call\r\nMcp-Name: {name}\r\n"
    )
    return request("/mcp", body, more=more + bearer(key))


async def _keys(folder: Path) -> tuple[str, str]:
    """API keys of two people."""
    app = build(Settings.model_validate({"data_dir": folder, "auth_mode": "embedded"}))
    found: list[str] = []
    async with app.running(eager=False):
        for name in ("ada", "bob"):
            user = await app.services.get(People).add(f"{name}@example.com", name, "owner", PASSWORD, "bench")
            scopes = ["catalog:read", "orders:read", "tools:read", "reports:read"]
            found.append((await app.services.get(ApiKeys).create(user, name, scopes, "bench"))[1])
    return found[0], found[1]


@contextmanager
def _server(folder: Path) -> Generator[tuple[int, int]]:
    """``devskyy serve`` as an operator starts it; its process and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    env = {
        "PATH": os.environ.get("PATH", ""),
        "DEVSKYY_DATA_DIR": str(folder),
        "DEVSKYY_PORT": str(port),
        "DEVSKYY_PUBLIC_URL": f"http://{HOST}",
        "AUTH_MODE": "embedded",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "devskyy_mcp", "serve"]
    server = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        yield server.pid, port
    finally:
        server.terminate()
        server.wait()


async def _started(port: int) -> None:
    wire = Wire(port, "127.0.0.1")
    with anyio.fail_after(60):
        while await wire.ask(request("/health/ready", method="GET")) != 200:  # noqa: ASYNC110 # another process
            await anyio.sleep(0.1)
    wire.close()


@contextmanager
def _attacker(target: Target) -> Generator[Connection]:
    ours, theirs = processes.Pipe()
    one = processes.Process(target=run_attacker, args=(theirs, target, FLOOD), daemon=True)
    one.start()
    try:
        yield ours
    finally:
        ours.send(None)
        one.join()


def _memory(pid: int) -> float:
    """MB that the process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
