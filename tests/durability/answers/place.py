"""Processes whose jobs ask models, and a provider that writes down on disk how often it was asked."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from devskyy_mcp.app import App
from devskyy_mcp.changes import commit
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.llm.asking import Want
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import Caps, Event, Model, Name, Provider, Request, Start, Stop, Text, TextDelta, Usage, Used
from tests.fakes.llm.scripted import Hand, Told, asking_app, hello

FENCE = 0.5
USED = Usage(input=1000, output=100)
WANT = Want(only=("openai/gpt-6.1-terra",))


class Noting:
    """A provider: each request is a line on disk before it is answered, with its words. While the file ``dying`` says
    those words, its process dies in the middle of the answer.
    """

    name: Name = "openai"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def caps(self, model: str) -> Caps:  # as the port names it
        return Caps()

    async def stream(self, request: Request, deadline: float) -> AsyncGenerator[Event]:  # the same
        words = cast("Text", request.messages[0].blocks[0]).text
        note(self.folder, words)
        yield Start("noting")
        yield TextDelta("Half, ")
        dying = self.folder / "dying"
        if dying.exists() and dying.read_text() == words:
            dying.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        yield TextDelta(f"whole of {words}")
        yield Used(USED)
        yield Stop("end")

    async def count(self, request: Request, deadline: float) -> int | None:  # the same
        return None

    async def models(self, deadline: float) -> Sequence[Model]:  # the same
        return []

    async def aclose(self) -> None:
        pass


def note(folder: Path, words: str) -> None:
    with (folder / "asked").open("a") as file:
        file.write(words + "\n")
        file.flush()
        os.fsync(file.fileno())


def noted(folder: Path) -> list[str]:
    """The words of each request, in order."""
    file = folder / "asked"
    return file.read_text().splitlines() if file.exists() else []


@dataclass(frozen=True)
class Place:
    """Where the processes meet. The handler asks twice; what is lost it asks again, under another name."""

    folder: Path
    settings: dict[str, Any]
    asks: int = 2

    def app(self, **more: Any) -> App:
        commit.FENCE = FENCE
        settings = Settings(_env_file=None, **{**self.settings, **more})  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
        app = asking_app(settings, Told())

        async def load(_name: Name, _settings: Settings) -> Provider:
            return Noting(self.folder)

        app.services.put(Gateway, Gateway(app.services, load))
        app.services.get(Hand).handler = self.work
        return app

    async def work(self, ctx: Context) -> dict[str, Any]:
        from devskyy_mcp.jobs.model import Job

        job, gateway = ctx.get(Job).id, ctx.get(Gateway)
        said: list[Any] = []
        for number in range(self.asks):
            request = hello(f"{job} {number}")
            answer = await gateway.ask(ctx, f"step-{number}", WANT, request)
            if answer.state == "lost":
                said.append("lost")
                answer = await gateway.ask(ctx, f"step-{number}-again", WANT, request)
            said.append(answer.turn.text)
        return {"said": said}


def place(folder: Path, database_url: str, *, asks: int = 2, **more: Any) -> Place:
    settings = {
        "environment": "test",
        "data_dir": folder,
        "database_url": database_url,
        "openai_api_key": "key",
        "settle_after": 0.5,
        "calls_per_second": 1e6,
        "calls_burst": 1_000_000,
        **more,
    }
    return Place(folder, settings, asks)
