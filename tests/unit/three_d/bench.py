"""DevSkyy over loopback servers of providers' wires; jobs are run as a worker runs them, without its engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.capability import Pack
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.jobs.worker import Worker
from devskyy_tools.studio.providers.downloads import LARGEST, Downloads
from devskyy_tools.studio.providers.registry import Pace, Providers
from tests.fakes.paid_tasks import TaskServer, downloads
from tests.fakes.served import listening, settings_for

ME = local_principal()
QUICK = Pace(first=0.01, growth=1.1, longest=0.05, unknown=0.3, trouble=0.5)
QUIET = 0.1


@dataclass
class Studio:
    """A server with a provider's stand-in behind it."""

    app: App

    async def submit(self, tool: str, **arguments: Any) -> tuple[str, int]:
        """A job that waits to be run, and the token with which it was handed to this process."""
        job = (await self.app.road.invoke(Call(ME, tool, arguments, "cli"))).data["job"]
        return job, await self.hand(job)

    async def hand(self, job: str) -> int:
        async with self.app.services.get(Database).begin() as conn:
            return await runs.hand(conn, [job])

    async def go_on(self, job: str, token: int) -> JobView:
        """Run the job until it ends or waits."""
        worker = Worker(self.app.services)
        worker.executor = "test"
        await worker.run_job(job, token)
        return await self.app.services.get(Jobs).get(ME, job)

    async def run(self, tool: str, **arguments: Any) -> JobView:
        return await self.go_on(*await self.submit(tool, **arguments))

    async def made(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a job that must succeed."""
        view = await self.run(tool, **arguments)
        assert view.state == "succeeded", view
        assert view.result is not None
        return view.result

    async def failed(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The error of a job that must fail."""
        view = await self.run(tool, **arguments)
        assert view.state == "failed", view
        assert view.error is not None
        return view.error

    async def asset(self, content: bytes, name: str = "front.png") -> Asset:
        return await self.app.services.get(Assets).put(content, name, "upload")

    async def stored(self, name: str) -> tuple[Asset, bytes]:
        store = self.app.services.get(Assets)
        asset = await store.get(name)
        return asset, store.path(asset).read_bytes()


@asynccontextmanager
async def studio(
    folder: Path, servers: dict[str, TaskServer], packs: Sequence[Pack], largest: int = LARGEST, **settings: Any
) -> AsyncGenerator[Studio]:
    """DevSkyy with these packs; ``servers`` by the provider's name, whose key and address are set."""
    async with _listening(list(servers.values())) as urls:
        given: dict[str, Any] = {}
        for name, server, url in zip(servers, servers.values(), urls, strict=True):
            given |= {f"{name}_url": url, f"{name}_api_key": server.key}
        given = {"calls_per_second": 1e6, "calls_burst": 1_000_000, **given, **settings}
        app = build(settings_for(folder, **given), packs)
        app.services.get(Providers).pace = QUICK
        if urls:
            app.services.put(Downloads, downloads(urlsplit(urls[0]).port or 0, largest))
        for name in servers:
            app.services.get(Providers).get(name).quiet_after = QUIET
        try:
            yield Studio(app)
        finally:
            await app.close()


@asynccontextmanager
async def _listening(servers: list[TaskServer]) -> AsyncGenerator[list[str]]:
    if not servers:
        yield []
        return
    async with listening(servers[0].app()) as http, _listening(servers[1:]) as others:
        yield [str(http.base_url).rstrip("/"), *others]
