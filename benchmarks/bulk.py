"""A bulk update of 10,000 demo products beside the same requests sent bare: same chunks, same fresh reads, two at once.

The demo shop runs as a process of its own, as a real one would, so that only what DevSkyy adds shows.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from devskyy_mcp.app import App, build, installed_packs
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_tools.sandbox import DEMO_APP_PASSWORD, DEMO_USER
from devskyy_tools.shop.client import ShopClient

from .catalogue import ME
from .measure import Row
from .shop import Counting, call

NUMBER = int(os.environ.get("BENCH_PRODUCTS", "10000"))
CHUNK = 50
ROUNDS = 3
LIMIT = 1.15
SHOP = """
import sys, uvicorn
from pathlib import Path
from devskyy_tools.sandbox import create_sandbox
shop = create_sandbox(Path(sys.argv[1]), url="http://127.0.0.1:" + sys.argv[2], served=True)
uvicorn.run(shop, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", lifespan="off")
"""


@asynccontextmanager
async def served() -> AsyncGenerator[App]:
    """A DevSkyy over a demo shop in another process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        process = _shop(Path(folder) / "shop.sqlite", port)
        try:
            settings: dict[str, Any] = {
                "data_dir": Path(folder),
                "wordpress_url": f"http://127.0.0.1:{port}",
                "wordpress_environment": "local",
                "wordpress_username": DEMO_USER,
                "wordpress_app_password": DEMO_APP_PASSWORD,
                "calls_per_second": 1e9,
                "calls_burst": 10**9,
                "confirm_writes": "risky",
            }
            await listening(port)
            app = build(Settings.model_validate(settings), installed_packs())
            try:
                yield app
            finally:
                await app.close()
        finally:
            process.kill()
            process.wait()


def _shop(file: Path, port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SHOP, str(file), str(port)])


async def listening(port: int) -> None:
    """Wait until another process serves the port."""
    with anyio.fail_after(30):
        while True:
            try:
                async with await anyio.connect_tcp("127.0.0.1", port):
                    return
            except OSError:
                await anyio.sleep(0.1)


async def run() -> list[Row]:
    """Time, memory and requests of 10,000 products by a job, and of the bare requests."""
    async with served() as app:
        client = app.services.get(ShopClient)
        ids: list[int] = []
        for start in range(0, NUMBER, 100):
            made = [{"name": f"Bench {start + one}", "regular_price": "80.00"} for one in range(100)]
            answer = await client.write("POST", "/wc/v3/products/batch", json={"create": made}, deadline=60)
            ids += [item["id"] for item in answer.json()["create"]]
        prices = iter(f"{price}.00" for price in range(81, 200))
        counting = Counting(client.upstream)
        bare_times: list[float] = []
        our_times: list[float] = []
        plan_times: list[float] = []
        memory, requests, change = 0, 0, ""
        for number in range(ROUNDS):
            change, planned = await _plan(app, ids, next(prices))
            start = counting.number
            for name in ("ours", "bare") if number % 2 else ("bare", "ours"):
                started = time.perf_counter()
                if name == "ours":
                    before = counting.number
                    await _carry_out(app, change)
                    our_times.append(time.perf_counter() - started)
                    requests = counting.since(before)
                else:
                    await _bare(client, ids)
                    bare_times.append(time.perf_counter() - started)
            plan_times.append(planned)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        pairs = zip(our_times, bare_times, strict=True)
        ratio = sorted(ours / bare for ours, bare in pairs)[ROUNDS // 2]
        shown = await _shown(app, change)
        return [
            Row(
                f"bulk of {NUMBER} beside the same {requests} requests bare",
                f"{min(our_times):.1f} / {min(bare_times):.1f} s = {ratio:.2f}×",
                f"≤ {LIMIT}×",
                ratio <= LIMIT,
            ),
            Row(f"preview of {NUMBER}", f"{min(plan_times):.1f} s", "", None),
            Row("memory at most, whole process", f"{memory} MB", "", None),
            Row("a page of its rows", f"{shown:.1f} ms", "≤ 20 ms", shown <= 20),
        ]


async def _plan(app: App, ids: list[int], price: str) -> tuple[str, float]:
    started = time.perf_counter()
    given = {"filter": {"ids": ids}, "set": {"regular_price": price}, "preview": True}
    change = (await call(app, "woo_products_bulk_update", **given)).data["change"]
    took = time.perf_counter() - started
    ctx = Context(ME, app.services, surface="bench")
    view = await app.changes.decided(ctx, change, Person("bench", "terminal"), agreed=True)
    assert view.state == "applying", view
    return change, took


async def _carry_out(app: App, change: str) -> None:
    async def alive(_conn: object) -> None:
        """No other process has the job."""

    view = await app.changes.carry_out(Context(ME, app.services, surface="bench"), change, alive)
    assert view.counts == {"done": NUMBER}, view.counts


_turns = iter(range(10**6))


async def _bare(client: ShopClient, ids: list[int]) -> None:
    """The requests that a careful program would send: each chunk read anew, then changed. Another field than the one
    the change set is about, so that neither gets in the other's way.
    """
    turn = next(_turns) % 90 + 1
    queue = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]

    async def work() -> None:
        while queue:
            some = queue.pop(0)
            query = {"context": "edit", "status": "any", "include": some, "per_page": 100}
            found = (await client.page("/wc/v3/products", query)).items
            assert len(found) == len(some)
            items = [{"id": one, "menu_order": turn} for one in some]
            answer = await client.write("POST", "/wc/v3/products/batch", json={"update": items})
            assert len(answer.json()["update"]) == len(some)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        tasks.start_soon(work)


async def _shown(app: App, change: str) -> float:
    """Median milliseconds of one page out of the middle."""
    times: list[float] = []
    for page in range(200, 211):
        started = time.perf_counter()
        await app.changes.journal.view(change, min(page, NUMBER // 40))
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[5]
