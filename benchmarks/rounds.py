"""What a round of six providers costs itself beside its calls: CPU of seating, checking, deciding and keeping."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from devskyy_mcp.config import Settings
from devskyy_mcp.jobs.worker import Worker
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.trying import Trying
from tests.fakes.llm.scripted import KEYS
from tests.fakes.llm.voices import Voices, begun, table_app

from .databases import databases
from .measure import Row

ROUNDS = 12
GOAL = 25.0


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, databases() as new:
        return [
            row for kind in ("sqlite", "postgresql") for row in await _rounds(Path(folder, kind), kind, await new(kind))
        ]


async def _rounds(folder: Path, name: str, url: str) -> list[Row]:
    """Whole rounds, with the gateway's own asks apart: they are measured in ``asking``."""
    given: dict[str, Any] = {**KEYS, "data_dir": folder, "database_url": url, "worker": "off", "environment": "test"}
    voices = Voices(marks=lambda text: 5 if "number 7" in text else 2)
    app = table_app(Settings(_env_file=None, **given), voices)  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
    spent, asking = list[float](), list[float]()
    inside, since = 0, 0.0

    class Timed(Gateway):
        """Counts the CPU that goes by while some ask is under way."""

        async def ask(self, *args: Any, **more: Any) -> Any:  # takes what the gateway takes
            nonlocal inside, since
            if not inside:
                since = time.process_time()
            inside += 1
            try:
                ctx, step, want, request = args
                return await Trying(self, ctx, step, want, request, more.get("sink")).run()
            finally:
                inside -= 1
                if not inside:
                    asking[-1] += (time.process_time() - since) * 1000

    app.services.put(Gateway, Timed(app.services, voices.load))
    async with app.running(eager=False):
        for number in range(ROUNDS):
            job, token = await begun(app, k=6, budget_usd=5.0, prompt=f"A line about dress {number}.")
            worker = Worker(app.services)
            worker.executor = "bench"
            asking.append(0.0)
            started = time.process_time()
            await worker.run_job(job, token)
            spent.append((time.process_time() - started) * 1000)
    own = statistics.median(whole - asks for whole, asks in zip(spent[2:], asking[2:], strict=True))
    whole = statistics.median(spent[2:])
    return [
        Row(
            f"a round's own part, six drafts and three judges, {name}",
            f"{own:.1f} ms of CPU",
            f"≤ {GOAL:g} ms",
            own <= GOAL,
        ),
        Row(f"the whole round with its nine asks, {name}", _ms(whole), "", None),
    ]


def _ms(ms: float) -> str:
    return f"{ms:.1f} ms of CPU"
