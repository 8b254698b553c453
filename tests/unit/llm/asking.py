"""Asking the providers' adapters on loopback."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from devskyy_mcp.llm.folding import fold
from devskyy_mcp.llm.port import Event, LLMError, Message, Name, Provider, Request, Text, Tool, Turn
from devskyy_mcp.llm.providers import load
from tests.fakes.llm.server import Models, Step, speaking
from tests.fakes.served import settings_for

MODELS: dict[Name, str] = {
    "openai": "gpt-5.4",
    "anthropic": "claude-sonnet-5-5",
    "google": "gemini-3.8-flash",
    "mistral": "mistral-small-latest",
    "cohere": "command-a-plus-05-2026",
    "groq": "openai/gpt-oss-120b",
}
"""All whose adapters are tried, each with a model that can do most."""
PROVIDERS = tuple(MODELS)
FAR = 30.0
"""Seconds for an answer that comes."""
NEAR = 0.3
"""For one that does not."""
ORDERS = Tool(
    "orders_list",
    "Lists orders.",
    {
        "type": "object",
        "properties": {"limit": {"type": "integer"}, "status": {"type": "string"}},
        "required": ["limit"],
        "additionalProperties": False,
    },
)
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "price": {"type": "number"}},
    "required": ["title", "price"],
    "additionalProperties": False,
}


class Desk:
    """The server, and an adapter for each provider that is made when it is first asked."""

    def __init__(self, models: Models, folder: Path) -> None:
        self.models = models
        self.folder = folder
        self._adapters: dict[Name, Provider] = {}

    async def adapter(self, name: Name) -> Provider:
        if name not in self._adapters:
            self._adapters[name] = await load(name, settings_for(self.folder, **self.models.settings(name)))
        return self._adapters[name]

    async def events(self, name: Name, *steps: Step, left: float = FAR, **more: Any) -> list[Event]:
        """The events of the answer that is said next. What was left of a script by a test that failed is gone."""
        self.models.script[:] = steps
        stream = (await self.adapter(name)).stream(request(name, **more), anyio.current_time() + left)
        return [event async for event in stream]

    async def turn(self, name: Name, *steps: Step, left: float = FAR, **more: Any) -> Turn:
        self.models.script[:] = steps
        return await fold((await self.adapter(name)).stream(request(name, **more), anyio.current_time() + left))

    async def error(self, name: Name, *steps: Step, left: float = FAR, **more: Any) -> LLMError:
        try:
            turn = await self.turn(name, *steps, left=left, **more)
        except LLMError as error:
            return error
        raise AssertionError(f"no error, but {turn}")

    @property
    def body(self) -> Any:
        """Of the last request."""
        return self.models.asked[-1].body

    async def aclose(self) -> None:
        for adapter in self._adapters.values():
            await adapter.aclose()


@asynccontextmanager
async def a_desk(folder: Path) -> AsyncGenerator[Desk]:
    async with speaking() as models:
        desk = Desk(models, folder)
        try:
            yield desk
        finally:
            await desk.aclose()


def request(name: Name, text: str = "How many orders?", *, messages: Sequence[Message] = (), **more: Any) -> Request:
    said = tuple(messages) or (Message("user", (Text(text),)),)
    return Request(more.pop("model", MODELS[name]), said, **more)
