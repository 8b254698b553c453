"""A demo shop, a DevSkyy over it, and providers on loopback that say what the test tells them to: for runs of agents,
driven by hand.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devskyy_mcp.app import local_principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.jobs.worker import Worker
from devskyy_mcp.llm.port import Name, Usage
from tests.fakes.demo import Demo, demo
from tests.fakes.llm.server import Answer, Asked, Called, Models, Refusal, speaking

FILES = Path(__file__).with_name("files")
ME = local_principal()


@dataclass
class Bed:
    """``models`` says what the providers say."""

    desk: Demo
    models: Models
    numbers: dict[str, int] = field(default_factory=dict[str, int])

    async def start(self, request: str = "Do it.", agent: str = "shop-hand", **more: Any) -> str:
        """A run that waits to be run."""
        given = {"agent": agent, "request": request, **more}
        result = await self.desk.app.road.invoke(Call(ME, "agents_run", given, "cli"))
        return result.data["job"]

    async def go(self, job: str) -> JobView:
        """Run it until it ends or waits for a person."""
        async with self.desk.app.services.get(Database).begin() as conn:
            token = await runs.hand(conn, [job])
        worker = Worker(self.desk.app.services)
        worker.executor = "test"
        await worker.run_job(job, token)
        return await self.view(job)

    async def view(self, job: str) -> JobView:
        return await self.desk.app.services.get(Jobs).get(ME, job)

    async def run(self, *steps: Answer | Refusal, **more: Any) -> dict[str, Any]:
        """A run from its start to its end with these answers; what it gave."""
        self.models.say(*steps)
        view = await self.go(await self.start(**more))
        assert view.state == "succeeded", view
        assert view.result is not None
        return view.result

    async def transcript(self, job: str) -> str:
        return (await self.desk.do("agents_transcript", run=job))["text"]

    def results(self, at: int = -1) -> list[str]:
        """The results of tools in the question that was asked as the ``at``-th."""
        return [one for one in self.models.asked if one.asking == "answer"][at].results


@asynccontextmanager
async def bed(folder: Path, *names: Name, **settings: Any) -> AsyncGenerator[Bed]:
    async with speaking() as models:
        given: dict[str, Any] = {
            "worker": "off",
            "agents_dir": str(FILES),
            **models.settings(*(names or ("anthropic",))),
            **settings,
        }
        async with demo(folder, **given) as desk:
            yield Bed(desk, models)


def calls(*wanted: tuple[str, dict[str, Any] | str], text: str = "", usage: Usage | None = None) -> Answer:
    """An answer that calls tools."""
    called = tuple(Called(name, given, f"call_{number}") for number, (name, given) in enumerate(wanted, 1))
    return Answer(text, called, usage=usage or Usage(input=100, output=20))


def delivers(answer: str = "Done.", **more: Any) -> Answer:
    return calls(("deliver", {"answer": answer, **more}))


Scripted = Callable[[Asked], Answer]
