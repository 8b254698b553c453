"""What the gateway itself costs beside the provider: CPU of an ask, durable and booked, and of a streamed event."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.llm import models
from devskyy_mcp.llm.asking import Facts, Want
from devskyy_mcp.llm.choosing import choose, size_of
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.keeping import digest
from devskyy_mcp.llm.port import Event, Start, Stop, TextDelta, Usage, Used
from devskyy_mcp.llm.prices import estimated_tokens
from tests.fakes.llm.scripted import KEYS, Told, asked, asking_app, hello

from .databases import databases
from .measure import Row

ASKS = 60
EVENTS = 2000
WANT = Want(only=("openai/gpt-6.1-terra",))


async def run() -> list[Row]:
    rows = [_choice(), _large()]
    with tempfile.TemporaryDirectory() as folder, databases() as new:
        for kind in ("sqlite", "postgresql"):
            rows += await _asks(Path(folder, kind), kind, await new(kind))
    return rows


def _choice() -> Row:
    known, request = models.load(None), hello("Write a text for a silk dress. " * 30)
    size = size_of(request, estimated_tokens(request))
    choose(Want(), size, known, {}, Facts())  # the prices are loaded
    started = time.process_time()
    for _ in range(100):
        choose(Want(), size, known, {}, Facts())
    return _row("choosing one of 20 models", (time.process_time() - started) * 10, 1.0)


def _large() -> Row:
    request = hello("silk dress " * 190_000)
    started = time.process_time()
    estimated_tokens(request)
    digest(request)
    return _row("measuring a request of 2 MB", (time.process_time() - started) * 1000, 25.0)


async def _asks(folder: Path, name: str, url: str) -> list[Row]:
    """An ask that is chosen, reserved, sent, kept and booked; and what each event adds, with somebody watching."""
    given: dict[str, Any] = {**KEYS, "data_dir": folder, "database_url": url, "worker": "off", "environment": "test"}
    told = Told()
    app = asking_app(Settings(_env_file=None, **given), told)  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
    seen = 0

    async def sink(_event: Event) -> None:
        nonlocal seen
        seen += 1

    async def asks(ctx: Context) -> dict[str, float]:
        gateway = ctx.get(Gateway)
        told.say_always(_said(3))
        await gateway.ask(ctx, "warm", WANT, hello())
        spent: list[float] = []
        for number in range(ASKS):
            started = time.process_time()
            await gateway.ask(ctx, f"step-{number}", WANT, hello(), sink=sink)
            spent.append((time.process_time() - started) * 1000)
        told.say_always(_said(EVENTS))
        started = time.process_time()
        await gateway.ask(ctx, "long", WANT, hello(), sink=sink)
        whole = statistics.median(spent)
        streamed = ((time.process_time() - started) * 1000 - whole) / EVENTS
        started = time.process_time()
        await gateway.ask(ctx, "step-0", WANT, hello())
        return {"ask": whole, "event": streamed, "kept": (time.process_time() - started) * 1000}

    async with app.running(eager=False):
        found = await asked(app, asks)
    return [
        _row(f"an ask, chosen, reserved, kept and booked, {name}", found["ask"], 25.0),
        _row(f"an answer that an earlier run had, {name}", found["kept"], 5.0),
        _row(f"an event of its stream, {name}", max(0.0, found["event"]), 0.1),
    ]


def _said(number: int) -> list[Any]:
    usage = Usage(input=1000, output=number)
    return [Start("m"), *(TextDelta("silk ") for _ in range(number)), Used(usage), Stop("end")]


def _row(what: str, ms: float, goal: float) -> Row:
    return Row(what, f"{ms:.3f} ms of CPU", f"≤ {goal:g} ms", ms <= goal)
