"""DevSkyy processes that take in and run paid jobs, and the provider beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import anyio
import httpx2

from devskyy_mcp.app import App, build
from devskyy_mcp.changes import commit
from devskyy_mcp.config import Settings
from devskyy_mcp.jobs import tidy
from tests.durability.processes import ROOT, context, free_port

from . import renders

FENCE = 0.5
"""Instead of 8 s, in every process of these tests, so that settling does not wait longer."""
TIDY_EVERY = 0.5
"""Instead of 15 s and an hour."""


@dataclass(frozen=True)
class Place:
    """Where the processes meet: the settings of each and the provider's address."""

    settings: dict[str, Any]
    provider: str

    def app(self, **more: Any) -> App:
        from devskyy_tools.platform.pack import pack

        commit.FENCE, tidy.OVERDUE_EVERY, tidy.PURGE_EVERY = FENCE, TIDY_EVERY, TIDY_EVERY
        settings = Settings(_env_file=None, **{**self.settings, **more})  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
        return build(settings, [pack, renders.renders_pack(self.provider)])


def place(folder: Path, database_url: str, provider: str, **more: Any) -> Place:
    """Over one database; ``more`` are settings."""
    given = {
        "data_dir": folder,
        "database_url": database_url,
        "environment": "test",
        "settle_after": 0.5,
        "worker_concurrency": 50,
        "calls_per_second": 1e6,
        "calls_burst": 1_000_000,
        **more,
    }
    return Place(given, provider)


def work(place: Place, jobs: bool, port: int | None) -> None:
    """Entry of a process: a worker, a server on a port, or both in one."""
    if port is None:
        anyio.run(_worker, place)
    else:
        _serve(place, jobs, port)


async def _worker(place: Place) -> None:
    from devskyy_mcp.surfaces.working import work as serve_jobs

    await serve_jobs(place.app(worker="on"))


def _serve(place: Place, jobs: bool, port: int) -> None:
    import uvicorn

    from devskyy_mcp.surfaces.http import create_http

    app = place.app(worker="on" if jobs else "off", port=port)
    uvicorn.run(create_http(app), port=port, log_level="error", lifespan="on")


@dataclass
class Running:
    """A process at work. ``port`` is None for one that is only a worker."""

    place: Place
    jobs: bool = True
    port: int | None = None
    process: ForkServerProcess | None = field(default=None, init=False)

    def start(self) -> None:
        self.process = context.Process(target=work, args=(self.place, self.jobs, self.port), daemon=True)
        self.process.start()

    def signal(self, number: int) -> None:
        assert self.process is not None
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        assert self.process is not None
        self.signal(signal.SIGKILL)
        self.wait(30)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended."""
        assert self.process is not None
        self.process.join(seconds)
        assert self.process.exitcode is not None
        self.process.close()
        self.process = None


@dataclass
class ProviderServer:
    """The provider in a process of its own, which nobody kills."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.durability.paid.provider", str(self.port)]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tools"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment)
        until(self._answers, 30, "the provider does not start")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def seen(self) -> dict[str, Any]:
        return httpx2.get(f"{self.url}/_seen", trust_env=False).json()

    def _answers(self) -> bool:
        try:
            return bool(self.seen())
        except httpx2.TransportError:
            return False

    def harm(self, **faults: list[str]) -> None:
        httpx2.post(f"{self.url}/_faults", json=faults, trust_env=False)

    def finish(self, prompt: str) -> None:
        httpx2.post(f"{self.url}/_finish", json={"prompt": prompt}, trust_env=False)

    def submitted(self, prompt: str) -> int:
        return self.seen()["prompts"].count(prompt)


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, what
        time.sleep(0.05)


@asynccontextmanager
async def desk(place: Place) -> AsyncGenerator[App]:
    """An app in this process that takes jobs in and runs none."""
    async with place.app(worker="off").running(eager=False) as app:
        yield app
