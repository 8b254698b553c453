"""A server over notes, and hosts that speak to it: in memory or over HTTP, in either era."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp import Client
from mcp.client.extension import ClientExtension
from mcp.client.session import ElicitationFnT

from devskyy_mcp.app import App, build
from devskyy_mcp.config import Settings
from devskyy_mcp.context import ALL_SCOPES, Principal
from devskyy_mcp.surfaces.mcp.caller import Caller, fixed
from devskyy_mcp.surfaces.mcp.server import Surface
from tests.conformance.hosting import http_app
from tests.fakes.jobs import Press, prints_pack
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting, changes_pack, notes_pack

ADA = Principal("os:1000:ada", "os", ALL_SCOPES, "ada")
WAYS = [(transport, era) for transport in ("memory", "http") for era in ("modern", "legacy")]


@dataclass
class World:
    """The app and what is behind it."""

    app: App
    notes: Notes
    waiting: Waiting
    press: Press


def make_world(folder: Path, *titles: str, port: int = 8000, **more: Any) -> World:
    """Over a data folder; ``more`` are settings."""
    settings = Settings(environment="test", data_dir=folder, port=port, **more)
    notes, waiting, press = Notes(*(titles or ("one", "two", "three"))), Waiting(), Press()
    packs = [notes_pack(notes, waiting), changes_pack(), prints_pack(press)]
    return World(build(settings, packs), notes, waiting, press)


@dataclass
class Person:
    """Whom a host asks. ``answers`` are used up in order, the last one for good; ``before`` runs while they think."""

    answers: list[dict[str, Any]] = field(default_factory=lambda: [{"action": "accept", "content": {"agree": True}}])
    asked: list[str] = field(default_factory=list[str])
    before: Callable[[], object] = lambda: None

    async def __call__(self, context: object, params: types.ElicitRequestParams) -> types.ElicitResult:
        self.asked.append(params.message)
        self.before()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return types.ElicitResult(**answer)


Message = Callable[[Any], None]


@asynccontextmanager
async def host(
    world: World,
    way: tuple[str, str],
    *,
    profile: str = "full",
    person: ElicitationFnT | None = None,
    principal: Principal = ADA,
    heard: list[Any] | None = None,
    extensions: Sequence[ClientExtension] = (),
) -> AsyncGenerator[Client]:
    """A host that is connected. ``heard`` takes the notifications it gets."""
    transport, era = way

    async def listen(message: Any) -> None:
        if heard is not None:
            heard.append(message)

    async with served(world, transport, profile, principal) as target:
        mode = "legacy" if era == "legacy" else "auto"
        async with Client(
            target,
            mode=mode,
            elicitation_callback=person,
            message_handler=listen,
            extensions=extensions,
            cache=None,
        ) as connected:
            assert (connected.protocol_version >= "2026") is (era == "modern")
            yield connected


@asynccontextmanager
async def served(world: World, transport: str, profile: str, principal: Principal) -> AsyncGenerator[Any]:
    """What a client connects to: the server itself, or its address."""
    if transport == "memory":
        surface = Surface(world.app, fixed(Caller(principal, profile, "stdio")))
        async with world.app.running(eager=False), surface.announcer.running():
            yield surface.server
        return
    async with listening(world, principal) as url:
        yield url if profile == "default" else f"{url}/full"


@asynccontextmanager
async def listening(world: World, principal: Principal | None = ADA) -> AsyncGenerator[str]:
    """The world's MCP address while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        world.app.settings.port = port
        config = uvicorn.Config(http_app(world.app, principal), log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            try:
                yield f"http://127.0.0.1:{port}/mcp"
            finally:
                server.should_exit = True


def error_of(result: types.CallToolResult) -> dict[str, Any]:
    """What a refusal says, as a host reads it."""
    assert result.is_error, result
    found: Any = result.structured_content
    return found["error"]


def text_of(result: types.CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, types.TextContent)
    return content.text


def data_of(result: types.CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result
    found: Any = result.structured_content
    return found
