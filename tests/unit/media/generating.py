"""The tools of generated pictures and films, over servers that stand for FASHN, OpenAI and Google on loopback.

Jobs are run here as a worker runs them, one at a time; files are fetched from where FASHN says they lie, by the real
way out for addresses from outside, whose connections end at loopback.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.capability import Pack
from devskyy_mcp.changes import commit
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.db.database import Database
from devskyy_mcp.guard.ssrf import Download, fetch_public
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import ledger, runs
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.jobs.worker import Worker
from devskyy_tools.media.generators.fashn import Fashn as FashnClient
from devskyy_tools.media.generators.google import Google as GoogleClient
from devskyy_tools.media.generators.openai import OpenAI as OpenAIClient
from devskyy_tools.media.pack import pack
from devskyy_tools.platform.pack import pack as platform
from devskyy_tools.studio.providers.downloads import Downloads
from devskyy_tools.studio.providers.registry import Pace, Providers
from devskyy_tools.three_d.pack import pack as three_d
from tests.fakes import fashn, google_media, openai_media
from tests.fakes.made import png
from tests.fakes.served import listening
from tests.fakes.site import Rerouted

ME = local_principal()
CDN = "https://cdn.fashn.ai"
LARGEST = 3_000_000
PATIENCE = 0.4
"""Seconds for a file, and after which a lost answer counts as lost for good."""


@dataclass
class Atelier:
    """An app with the pack, and who stands for the providers."""

    app: App
    fashn: fashn.Fashn
    openai: openai_media.OpenAI
    google: google_media.Google

    async def asset(self, number: int = 0) -> str:
        """A picture that was uploaded."""
        kept = await self.app.services.get(Assets).put(png(number, 90, 120), "photo.png", "upload")
        return kept.id

    async def start(self, tool: str, **arguments: Any) -> str:
        """The job of a call, which waits to be run."""
        return (await self.app.road.invoke(Call(ME, tool, arguments, "cli"))).data["job"]

    async def run(self, job: str) -> JobView:
        """Run the job once, as a worker that was handed it."""
        async with self.app.services.get(Database).begin() as conn:
            token = await runs.hand(conn, [job])
        worker = Worker(self.app.services)
        worker.executor = "test"
        await worker.run_job(job, token)
        return await self.app.services.get(Jobs).get(ME, job)

    async def call(self, tool: str, **arguments: Any) -> JobView:
        return await self.run(await self.start(tool, **arguments))

    async def made(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a call that succeeds gives."""
        view = await self.call(tool, **arguments)
        assert view.state == "succeeded", view.error or view.question
        assert view.result is not None
        return view.result

    async def provenance(self, asset: str) -> dict[str, Any]:
        return (await self.app.services.get(Assets).get(asset)).provenance


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses of paid calls without their length."""
    monkeypatch.setattr(commit, "LOOKS", (0.01,))
    monkeypatch.setattr(commit, "FENCE", 5.0)
    monkeypatch.setattr(ledger, "PAUSE", 0.02)
    monkeypatch.setattr(ledger, "LONGEST_PAUSE", 0.05)
    for client in (FashnClient, OpenAIClient, GoogleClient):
        monkeypatch.setattr(client, "quiet_after", -5.0 + PATIENCE)


@asynccontextmanager
async def atelier(folder: Path, **given: Any) -> AsyncGenerator[Atelier]:
    """With all three keys, unless ``given`` says otherwise."""
    shops = fashn.Fashn(host=CDN), openai_media.OpenAI(), google_media.Google()
    async with AsyncExitStack() as stack:
        urls = [str((await stack.enter_async_context(listening(one.app()))).base_url).rstrip("/") for one in shops]
        keys = {"fashn_api_key": fashn.KEY, "openai_api_key": openai_media.KEY, "google_api_key": google_media.KEY}
        values = {
            "environment": "test",
            "data_dir": folder / "data",
            "worker": "off",
            "fashn_url": urls[0],
            "openai_url": f"{urls[1]}/v1",
            "google_url": urls[2],
            **keys,
            **given,
        }
        settings = Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
        port = int(urls[0].rpartition(":")[2])
        app = build(
            settings, [platform, pack, three_d, Pack("hurried", provides=lambda services: hasten(services, port))]
        )
        async with app.running(eager=False):
            yield Atelier(app, *shops)


def hasten(services: Services, port: int) -> None:
    """Short pauses, and files from the port."""
    services.get(Providers).pace = Pace(first=0.01, growth=1.0, longest=0.02, unknown=0.2, trouble=1.0)
    services.share(Downloads, lambda _: Downloads(loopback(port)))


def loopback(port: int) -> Any:
    """``fetch_public`` whose connections to public addresses end at the port."""

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14"]

    async def fetch(url: str, *, max_bytes: int, deadline: float, content_types: Collection[str] | None) -> Download:
        transport = Rerouted(port)
        try:
            return await fetch_public(
                url,
                max_bytes=min(max_bytes, LARGEST),
                deadline=min(deadline, PATIENCE),
                content_types=content_types,
                resolve=resolve,
                transport=transport,
            )
        finally:
            await transport.aclose()

    return fetch


numbers = itertools.count(1)


def words() -> str:
    """A prompt of its own."""
    return f"a linen shirt on a hanger, number {next(numbers)}"
