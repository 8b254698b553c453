"""A provider of the port that says what a test tells it to, and a tool that asks models inside a job.

told = Told()
app = asking_app(settings, told)
told.say("openai", said("Hello"))
answer = await asked(app, lambda ctx: ctx.get(Gateway).ask(ctx, "draft", Want(), hello()))
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from pydantic import BaseModel

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.capability import JobPolicy, Pack, Toolset
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.jobs.worker import Worker
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import (
    NAMES,
    Caps,
    Event,
    LLMError,
    Message,
    Model,
    Name,
    Native,
    Provider,
    Request,
    Start,
    Stop,
    Text,
    TextDelta,
    Usage,
    Used,
)

ME = local_principal()
Step = Event | LLMError | anyio.Event | Callable[[], None]
"""What an answer consists of: an event; an error, raised; something that is waited for; something that is done."""
KEYS: dict[str, Any] = {f"{name}_api_key": "key" for name in NAMES}


def said(text: str = "Hello", *, usage: Usage | None = None, native: Any = None) -> list[Step]:
    """A whole answer."""
    found: list[Step] = [Start("answered-by", "req_1"), *(TextDelta(part) for part in text.split(" "))]
    found.append(Used(usage or Usage(input=1000, output=100)))
    return [*found, *([] if native is None else [native]), Stop("end")]


def forever() -> anyio.Event:
    """What never comes: only the deadline, or giving up, ends the wait."""
    return anyio.Event()


def hello(words: str = "Say hello.", **more: Any) -> Request:
    return Request("", (Message("user", (Text(words),)),), **more)


@dataclass
class Told:
    """All six providers, each with its script; ``asked`` is what came to them, in order."""

    scripts: defaultdict[Name, list[Sequence[Step]]] = field(default_factory=lambda: defaultdict(list))
    always: Sequence[Step] | None = None
    asked: list[tuple[Name, Request]] = field(default_factory=list[tuple[Name, Request]])
    given_up: int = 0
    loaded: list[Name] = field(default_factory=list[Name])

    def say(self, name: Name, *answers: Sequence[Step]) -> None:
        """What this provider's next answers are."""
        self.scripts[name] += answers

    def say_always(self, answer: Sequence[Step]) -> None:
        """What any provider says that has nothing else to say."""
        self.always = answer

    async def load(self, name: Name, _settings: Settings) -> Provider:
        self.loaded.append(name)
        return _Scripted(name, self)

    @property
    def models(self) -> list[str]:
        """Names of the models that were asked."""
        return [f"{name}/{request.model}" for name, request in self.asked]


class _Scripted:
    def __init__(self, name: Name, told: Told) -> None:
        self.name: Name = name
        self._told = told

    def caps(self, model: str) -> Caps:  # as the port names it
        return Caps()

    async def stream(self, request: Request, deadline: float) -> AsyncGenerator[Event]:
        told = self._told
        told.asked.append((self.name, request))
        script = told.scripts[self.name].pop(0) if told.scripts[self.name] else told.always
        assert script is not None, f"{self.name} was asked and has nothing to say"
        try:
            for step in script:
                if isinstance(step, LLMError):
                    raise step
                if isinstance(step, anyio.Event):
                    with anyio.CancelScope(deadline=deadline) as waiting:
                        await step.wait()
                    if waiting.cancelled_caught:
                        raise LLMError("timeout", "It did not answer in time.", provider=self.name)
                elif callable(step):
                    step()
                else:
                    yield step
        except BaseException as error:
            told.given_up += not isinstance(error, LLMError)
            raise

    async def count(self, request: Request, deadline: float) -> int | None:  # the same
        return None

    async def models(self, deadline: float) -> Sequence[Model]:  # the same
        return [Model("model-of-the-script")]

    async def aclose(self) -> None:
        pass


def native(name: Name, turn: Any) -> Native:
    return Native(name, turn)


class Asked(BaseModel):
    said: dict[str, Any]


Handler = Callable[[Context], Awaitable[Any]]


class Hand:
    """What the tool does in its job: the test's own."""

    def __init__(self) -> None:
        self.handler: Handler | None = None


asking = Toolset("asking", timeout=5)


@asking.tool("generate", scopes="asking:write", job=JobPolicy(deadline=60, attempts=100))
async def asking_do(ctx: Context, number: int = 0) -> Asked:
    """Do what the test does."""
    handler = ctx.get(Hand).handler
    assert handler is not None
    found = await handler(ctx)
    return Asked(said={"number": number, "found": found if isinstance(found, dict) else None})


def asking_app(settings: Settings, told: Told, hand: Hand | None = None, *packs: Pack) -> App:
    """An app whose models are the told ones."""
    app = build(settings, [Pack("asking", [asking]), *packs])
    app.services.put(Hand, hand or Hand())
    app.services.put(Gateway, Gateway(app.services, told.load))
    return app


_numbers = iter(range(10**9))


async def started(app: App) -> tuple[str, int]:
    """A job that waits to be run, and the token that it is to be run under."""
    result = await app.road.invoke(Call(ME, "asking_do", {"number": next(_numbers)}, "cli"))
    job = result.data["job"]
    async with app.services.get(Database).begin() as conn:
        return job, await runs.hand(conn, [job])


async def run(app: App, job: str, token: int, handler: Handler) -> JobView:
    """Run the job once more, from its start."""
    app.services.get(Hand).handler = handler
    worker = Worker(app.services)
    worker.executor = "test"
    await worker.run_job(job, token)
    return await app.services.get(Jobs).get(ME, job)


async def asked(app: App, handler: Handler) -> Any:
    """What the handler gives, or raises, in a job of its own."""
    job, token = await started(app)
    found: list[Any] = []

    async def noted(ctx: Context) -> None:
        try:
            found.append(await handler(ctx))
        except Exception as error:
            found.append(error)

    view = await run(app, job, token, noted)
    assert found, view
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]
