"""DevSkyy over a demo shop in memory, in this process, whose request log and faults the test holds."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.app import App, build, local_principal
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Refused
from devskyy_mcp.http import Upstream
from devskyy_mcp.invoke import Call
from devskyy_tools import sandbox
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.signing import Credentials, signer

LOGIN = Credentials(sandbox.DEMO_USER, sandbox.DEMO_APP_PASSWORD)


@dataclass
class Desk:
    """Calls tools as a surface does."""

    app: App

    async def do(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return (await self.app.road.invoke(Call(local_principal(), tool, arguments, "cli"))).data

    async def refused(self, tool: str, **arguments: Any) -> Refused:
        with pytest.raises(Refused) as caught:
            await self.do(tool, **arguments)
        return caught.value

    async def agree(self, change: str) -> dict[str, Any]:
        """A person's yes at a terminal, and what became of it."""
        ctx = Context(local_principal(), self.app.services, surface="cli")
        view = await self.app.changes.decided(ctx, change, Person("Grace", "terminal"), agreed=True)
        return view.model_dump(mode="json", exclude_none=True)

    async def carry_out(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Do it, with a person's yes where one must agree."""
        done = await self.do(tool, **arguments)
        return await self.agree(done["change"]) if done["state"] == "waits_for_person" else done

    async def some(self, tool: str, **arguments: Any) -> int:
        """The id of the first of a list."""
        return (await self.do(tool, limit=1, **arguments))["items"][0]["id"]


@dataclass
class Demo(Desk):
    """``shop`` is the demo shop behind the tools."""

    shop: sandbox.Sandbox

    @property
    def writes(self) -> list[str]:
        """The write requests in the shop's own log."""
        return [f"{one.method} {one.path}" for one in self.shop.requests if one.method != "GET"]


@asynccontextmanager
async def desk_over(
    folder: Path, url: str, login: Credentials, transport: httpx2.AsyncBaseTransport | None
) -> AsyncGenerator[Desk]:
    """A DevSkyy over a shop that is there already."""
    values: dict[str, Any] = {"data_dir": folder, "confirm_writes": "risky", "calls_burst": 10_000}
    app = build(Settings(_env_file=None, **values))  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
    app.services.put(ShopClient, ShopClient(Upstream("The shop", url, transport=transport, auth=signer(login))))
    try:
        yield Desk(app)
    finally:
        await app.close()


@asynccontextmanager
async def demo(folder: Path, login: Credentials = LOGIN, **settings: Any) -> AsyncGenerator[Demo]:
    """A fresh demo shop and a DevSkyy over it."""
    box = sandbox.create_sandbox()
    values: dict[str, Any] = {
        "data_dir": folder,
        "confirm_writes": "risky",
        "upload_folders": [str(folder)],
        **settings,
    }
    app = build(Settings(_env_file=None, **values))  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
    transport = httpx2.ASGITransport(app=box)
    upstream = Upstream("The shop", "http://sandbox.test", transport=transport, auth=signer(login))
    app.services.put(ShopClient, ShopClient(upstream))
    shop: sandbox.Sandbox = box.state.sandbox
    try:
        yield Demo(app, shop)
    finally:
        await app.close()
        shop.store.close()
