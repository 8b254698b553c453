"""What DevSkyy adds to a shop's own answers: on the demo shop, or on the shop that WORDPRESS_URL names."""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from devskyy_mcp.app import App, build, installed_packs, local_principal
from devskyy_mcp.config import Settings
from devskyy_mcp.errors import Refused
from devskyy_mcp.http import Upstream
from devskyy_mcp.invoke import Call, Result
from devskyy_mcp.surfaces.mcp.files import Files
from devskyy_mcp.surfaces.mcp.results import of_result
from devskyy_tools.shop.client import ShopClient

from .catalogue import ME
from .measure import Row, Work, cpu, p95, wall

ITEMS = 100
ROUNDS = 7


class Counting:
    """Counts the requests that leave for the shop. ``unseen`` has the seconds from each look to the write after it, in
    which wp-admin may change the object unseen.
    """

    def __init__(self, upstream: Upstream) -> None:
        self.number = 0
        self.unseen: list[float] = []
        looked, send = time.perf_counter(), upstream.send

        async def counted(method: str, *given: Any, **named: Any) -> Any:
            nonlocal looked
            self.number += 1
            if method != "GET":
                self.unseen.append(time.perf_counter() - looked)
            answer = await send(method, *given, **named)
            looked = time.perf_counter()
            return answer

        upstream.send = counted  # type: ignore[method-assign] # the one place all requests pass

    def since(self, start: int) -> int:
        return self.number - start


@asynccontextmanager
async def opened() -> AsyncGenerator[App]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate(
            {"data_dir": Path(folder), "calls_per_second": 1e9, "calls_burst": 10**9, "confirm_writes": "risky"}
        )
        app = build(settings, installed_packs())
        async with app.running(eager=False):
            yield app


async def call(app: App, name: str, **arguments: Any) -> Result:
    return await app.road.invoke(Call(ME, name, arguments, "bench"))


async def run() -> list[Row]:
    """Requests, sizes, and the time beside raw requests."""
    async with opened() as app:
        client = app.services.get(ShopClient)
        rows = (await call(app, "woo_products_list", limit=100, status="publish", type="simple")).data["items"]
        counting = Counting(client.upstream)
        return [
            *await _sizes(app),
            *await _single(app, client, counting, rows[0]["id"]),
            *await _bulk(app, client, counting, [row["id"] for row in rows[:ITEMS]]),
        ]


async def _sizes(app: App) -> list[Row]:
    result = await call(app, "woo_products_list", limit=20)
    structured = len(json.dumps(result.data, separators=(",", ":"), ensure_ascii=False).encode())
    wire = await of_result(result, Files(app.services), local_principal())
    size = len(json.dumps(wire, separators=(",", ":"), ensure_ascii=False).encode())
    return [
        Row("list of 20 products, structuredContent", f"{structured / 1000:.1f} KB", "≤ 3.6 KB", structured <= 3600),
        Row("list of 20 products, whole result", f"{size / 1000:.1f} KB", "≤ 5.5 KB", size <= 5500),
    ]


@contextmanager
def _notebook(folder: Path) -> Generator[Callable[[str], None]]:
    """Notes one line durably: a bare commit on the same disk."""
    with closing(sqlite3.connect(folder / "notes.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("CREATE TABLE notes (text)")

        def note(text: str) -> None:
            conn.execute("INSERT INTO notes VALUES (?)", (text,))

        yield note


async def _single(app: App, client: ShopClient, counting: Counting, product: int) -> list[Row]:
    path = f"/wc/v3/products/{product}"
    names = iter(range(10**6))

    async def raw_write() -> None:
        """What a careful caller does without DevSkyy: note the intent durably, look, write, note the outcome."""
        await client.get(path, {"context": "edit"})
        note("intent")
        await client.write("PUT", path, json={"menu_order": next(names) % 50}, params={"context": "edit"})
        note("outcome")

    async def write() -> None:
        await call(app, "woo_products_update", id=product, more={"menu_order": next(names) % 50})

    reads: dict[str, Work] = {
        "raw": lambda: client.get(path, {"context": "edit"}),
        "ours": lambda: call(app, "woo_products_get", id=product),
    }
    writes: dict[str, Work] = {"raw": raw_write, "ours": write}
    read = (await cpu(reads, 20, app.road.audit.flush, 11)).added("ours", "raw")
    with _notebook(app.settings.data_dir) as note:
        busy = (await cpu(writes, 10, app.road.audit.flush, 11)).added("ours", "raw")
        waited = (await wall(writes, 10, rounds=11)).added("ours", "raw")
    start = counting.number
    await write()
    requests = counting.since(start)
    counting.unseen.clear()
    for _ in range(50):
        await write()
    unseen = [seconds * 1000 for seconds in counting.unseen]
    return [
        Row(
            "from the look at an object to the write that follows, p50 / p95",
            f"{statistics.median(unseen):.1f} / {p95(unseen):.1f} ms",
            "",
            None,
        ),
        Row("added to a read", f"{read:.2f} ms CPU", "≤ 5 ms", read <= 5),
        Row(
            "added to a write, beside the same requests and two durable commits",
            f"{waited:.1f} ms ({busy:.1f} ms CPU)",
            "≤ 5 ms",
            waited <= 5,
        ),
        Row("requests of a single update", str(requests), "2", requests == 2),
    ]


async def _bulk(app: App, client: ShopClient, counting: Counting, ids: list[int]) -> list[Row]:
    at = [int(time.time())]

    def items() -> list[dict[str, Any]]:
        at[0] += 1
        return [{"id": one, "name": f"Bench {at[0]}"} for one in ids]

    start = counting.number
    shown = await call(app, "woo_products_bulk_update", items=items(), preview=True)
    preview = counting.since(start)
    start = counting.number
    from devskyy_mcp.changes.asking import Person
    from devskyy_mcp.context import Context

    ctx = Context(ME, app.services, surface="bench")
    person = Person("bench", "terminal")

    async def apply(change: str) -> None:
        view = await app.changes.decided(ctx, change, person, agreed=True)
        assert view.state == "applied", view

    await apply(shown.data["change"])
    applied = counting.since(start)

    whole: list[float] = []
    alone: list[float] = []
    for number in range(ROUNDS + 1):  # the first warms up
        started = time.perf_counter()
        await client.write("POST", "/wc/v3/products/batch", json={"update": items()}, deadline=60)
        raw = time.perf_counter() - started
        started = time.perf_counter()
        change = (await call(app, "woo_products_bulk_update", items=items(), preview=True)).data["change"]
        shown_after = time.perf_counter() - started
        await apply(change)
        took = time.perf_counter() - started
        if number:
            whole.append(took / raw)
            alone.append((took - shown_after) / raw)
    count, ratio = len(ids), statistics.median(alone)
    real = bool(app.settings.wordpress_url) and count == ITEMS
    return [
        Row(
            f"requests of {count} objects, preview / apply",
            f"{preview} / {applied}",
            "1 / ≤ 5",
            preview == 1 and applied <= 5,
        ),
        Row(
            f"{count} objects, apply beside one raw batch of them",
            f"{ratio:.2f}× ({statistics.median(whole):.2f}× with the preview before)",
            f"≤ 0.65× on a real shop, {ITEMS} objects",
            ratio <= 0.65 if real else None,
        ),
    ]


async def dead() -> list[Row]:
    """A shop that refuses the connection, and one that accepts and never answers."""
    import anyio

    rows: list[Row] = []
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as silent:
        port = silent.extra(anyio.abc.SocketAttribute.local_port)
        for what, number, goal in (("refused connection", 1, 0.5), ("a shop that never answers", port, 10.0)):
            with tempfile.TemporaryDirectory() as folder:
                values = {
                    "data_dir": Path(folder),
                    "wordpress_url": f"http://127.0.0.1:{number}",
                    "wordpress_username": "x",
                    "wordpress_app_password": "x",
                    "wordpress_environment": "local",
                }
                app = build(Settings.model_validate(values), installed_packs())
                async with app.running(eager=False):
                    started, code = time.perf_counter(), "none"
                    try:
                        await call(app, "woo_products_list")
                    except Refused as refused:
                        code = str(refused.code)
                    took = time.perf_counter() - started
            rows.append(Row(f"{what}: answered", f"{took:.2f} s, {code}", f"≤ {goal} s", took <= goal))
    return rows
