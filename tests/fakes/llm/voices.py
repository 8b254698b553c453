"""Six providers that draft, judge and compare by rules a test sets: a round's other side.

voices = Voices()
voices.drafts["mistral"] = "A velvet dress."
voices.marks = lambda text: 5 if "velvet" in text else 3
app = table_app(settings, voices)
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import anyio

from devskyy_mcp.app import App
from devskyy_mcp.capability import Pack
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs import runs
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.jobs.worker import Worker
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import (
    Caps,
    Event,
    LLMError,
    Model,
    Name,
    Provider,
    Request,
    Start,
    Stop,
    Text,
    TextDelta,
    Usage,
    Used,
)

from .scripted import ME, Hand, Told, asking_app

Asked = Literal["draft", "scores", "better", "answer"]
_ANSWER = re.compile(
    r"^(Answer [A-Z]|First|Second):\n\[([0-9a-f]{8}) [^\n]*\n(.*?)\n\[\2 end\]", re.MULTILINE | re.DOTALL
)


@dataclass
class Voices:
    """What the providers say. ``asked`` is who was asked for what, in order.

    Args:
        drafts: per provider its draft, an error, or an event that never comes.
        marks: what any judge gives a text, from 1 to 5.
        judges: per provider what it says as a judge, instead of by the marks; an error is raised, an event awaited.
        told: called with provider and kind before anything is said.
        first: of two answers the judges hold the one shown first for better.
    """

    drafts: dict[Name, str | LLMError | anyio.Event] = field(default_factory=dict[Name, "str | LLMError | anyio.Event"])
    marks: Callable[[str], int] = lambda _text: 3
    judges: dict[Name, str | LLMError | anyio.Event] = field(default_factory=dict[Name, "str | LLMError | anyio.Event"])
    told: Callable[[Name, Asked, Request], None] = lambda _name, _kind, _request: None
    first: bool = False
    asked: list[tuple[Name, Asked, Request]] = field(default_factory=list[tuple[Name, Asked, Request]])

    async def load(self, name: Name, _settings: Settings) -> Provider:
        return _Voice(name, self)

    def times(self, kind: Asked) -> int:
        return sum(one == kind for _, one, _ in self.asked)


class _Voice:
    def __init__(self, name: Name, voices: Voices) -> None:
        self.name: Name = name
        self._voices = voices

    def caps(self, model: str) -> Caps:  # as the port names it
        return Caps()

    async def stream(self, request: Request, deadline: float) -> AsyncGenerator[Event]:
        kind = cast("Asked", "draft" if request.output is None else request.output.name)
        self._voices.asked.append((self.name, kind, request))
        self._voices.told(self.name, kind, request)
        said = self._said(kind, request)
        if isinstance(said, anyio.Event):
            with anyio.CancelScope(deadline=deadline):
                await said.wait()
            raise LLMError("timeout", "It did not answer in time.", provider=self.name)
        if isinstance(said, LLMError):
            raise said
        yield Start("voice", "req_1")
        yield TextDelta(said)
        yield Used(Usage(input=500, output=200))
        yield Stop("end")

    def _said(self, kind: Asked, request: Request) -> str | LLMError | anyio.Event:
        if kind in {"draft", "answer"}:
            return self._voices.drafts.get(self.name, f"A dress of silk, number {len(self.name)}, for long evenings.")
        if self.name in self._voices.judges:
            return self._voices.judges[self.name]
        shown = answers_in(request)
        if kind == "better":
            if self._voices.first:
                return '{"better": "first"}'
            first, second = self._voices.marks(shown["First"]), self._voices.marks(shown["Second"])
            return json.dumps({"better": "tie" if first == second else "first" if first > second else "second"})
        return self._sheet(request, {label.removeprefix("Answer "): text for label, text in shown.items()})

    def _sheet(self, request: Request, shown: dict[str, str]) -> str:
        assert request.output is not None
        schema: Any = request.output.schema
        marks = {label: self._voices.marks(text) for label, text in shown.items()}
        answers = {
            label: {name: {"score": marks[label], "evidence": shown[label][:40]} for name in one["properties"]}
            for label, one in schema["properties"]["answers"]["properties"].items()
        }
        ranking = sorted(marks, key=lambda label: -marks[label]) if len(set(marks.values())) > 1 else []
        return json.dumps({"answers": answers, "ranking": ranking})

    async def count(self, request: Request, deadline: float) -> int | None:  # the same
        return None

    async def models(self, deadline: float) -> Sequence[Model]:  # the same
        return []

    async def aclose(self) -> None:
        pass


def answers_in(request: Request) -> dict[str, str]:
    """What a judge was shown, by its label."""
    return answers_of(cast("Text", request.messages[0].blocks[0]).text)


def answers_of(words: str) -> dict[str, str]:
    """The same, of the words that it was asked in."""
    return {found[1]: found[3] for found in _ANSWER.finditer(words)}


def table_app(settings: Settings, voices: Voices, *packs: Pack) -> App:
    from devskyy_tools.platform.pack import pack

    app = asking_app(settings, Told(), Hand(), pack, *packs)
    app.services.put(Gateway, Gateway(app.services, voices.load))
    return app


async def begun(app: App, **arguments: Any) -> tuple[str, int]:
    """A round that waits to be run, and the token that it is to be run under."""
    given = {"kind": "product-copy", "prompt": "Write a line about a silk dress.", **arguments}
    job = (await app.road.invoke(Call(ME, "round_table_start", given, "cli"))).data["job"]
    async with app.services.get(Database).begin() as conn:
        return job, await runs.hand(conn, [job])


async def played(app: App, **arguments: Any) -> JobView:
    """The job of a round, once it has ended."""
    job, token = await begun(app, **arguments)
    worker = Worker(app.services)
    worker.executor = "test"
    await worker.run_job(job, token)
    return await app.services.get(Jobs).get(ME, job)


async def shown(app: App, job: str) -> dict[str, Any]:
    return (await app.road.invoke(Call(ME, "round_table_show", {"round": job}, "cli"))).data
