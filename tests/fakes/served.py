"""A whole HTTP server for tests: in process without a socket, or on a real loopback port."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import uvicorn
from pydantic_settings import SettingsConfigDict
from starlette.applications import Starlette

from devskyy_mcp.app import App, build
from devskyy_mcp.config import Settings
from devskyy_mcp.guard.local_key import local_key
from devskyy_mcp.surfaces.http import create_http
from devskyy_mcp.surfaces.serving import LARGEST_HEAD
from devskyy_mcp.surfaces.together import Protocol

from .notes import Notes
from .packs import Waiting, changes_pack, notes_pack


@dataclass
class Site:
    """One server over some notes. ``http`` speaks to it as a program on this machine does."""

    app: App
    asgi: Starlette
    notes: Notes
    waiting: Waiting
    http: httpx2.AsyncClient
    url: str

    @property
    def key(self) -> str:
        return local_key(self.app.settings.data_dir)

    async def call(self, tool: str, **arguments: Any) -> httpx2.Response:
        return await self.http.post(f"/api/v1/tools/{tool}", json=arguments)

    async def call_with(self, headers: dict[str, str], tool: str, **arguments: Any) -> httpx2.Response:
        return await self.http.post(f"/api/v1/tools/{tool}", json=arguments, headers=headers)


class _Settings(Settings):
    model_config = SettingsConfigDict(env_file=None)


def settings_for(folder: Path, **given: Any) -> Settings:
    """Settings for a test: nothing comes from the environment's ``.env``."""
    values: dict[str, Any] = {
        "data_dir": folder / "data",
        "environment": "test",
        "port": 8000,
        "address_burst": 100_000,
        **given,
    }
    return _Settings(**values)


def _make(settings: Settings) -> tuple[App, Starlette, Notes, Waiting]:
    notes, waiting = Notes("first", "second"), Waiting()
    app = build(settings, [notes_pack(notes, waiting), changes_pack()])
    return app, create_http(app), notes, waiting


def make_asgi(folder: str) -> Starlette:
    """The same server for a process of its own."""
    return _make(settings_for(Path(folder), port=0))[1]


@asynccontextmanager
async def site(folder: Path, **given: Any) -> AsyncGenerator[Site]:
    """The server in process: requests go straight into the ASGI app."""
    app, asgi, notes, waiting = _make(settings_for(folder, **given))
    async with asgi.router.lifespan_context(asgi):
        transport = httpx2.ASGITransport(app=asgi)
        url = "http://127.0.0.1:8000"
        async with httpx2.AsyncClient(transport=transport, base_url=url, trust_env=False) as http:
            yield Site(app, asgi, notes, waiting, http, url)


@asynccontextmanager
async def served(folder: Path, **given: Any) -> AsyncGenerator[Site]:
    """The server on a loopback port that the system has chosen; the settings say port 0, or one that is free."""
    app, asgi, notes, waiting = _make(settings_for(folder, **{"port": 0, **given}))
    async with listening(asgi, app.settings.port) as http:
        yield Site(app, asgi, notes, waiting, http, str(http.base_url))


@asynccontextmanager
async def listening(asgi: Starlette, port: int = 0, **options: Any) -> AsyncGenerator[httpx2.AsyncClient]:
    """The app under uvicorn on a loopback port, by default one that the system chooses, and a client for it."""
    listener = socket.create_server(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    given: dict[str, Any] = {"http": Protocol, "h11_max_incomplete_event_size": LARGEST_HEAD, **options}
    server = uvicorn.Server(uvicorn.Config(asgi, log_config=None, access_log=False, lifespan="on", **given))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        try:
            async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=20) as http:
                await http.get("/health/live")
                yield http
        finally:
            server.should_exit = True
