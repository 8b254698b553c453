"""DevSkyy over a shop: the demo shop in memory, whose request log and faults the test holds, or a real one."""

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
from devskyy_tools.shop.roles import Roles
from devskyy_tools.shop.signing import Credentials, signer

LOGIN = Credentials(sandbox.DEMO_USER, sandbox.DEMO_APP_PASSWORD)


@dataclass
class Desk:
    """Calls tools as a surface does."""

    app: App

    async def do(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        return (await self.app.road.invoke(Call(local_principal(), tool, arguments, "cli"))).data

    async def refused(self, tool: str, /, **arguments: Any) -> Refused:
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
    app = app_over(folder, url, transport, login, calls_burst=10_000)
    try:
        yield Desk(app)
    finally:
        await app.close()


@asynccontextmanager
async def demo(folder: Path, login: Credentials = LOGIN, **settings: Any) -> AsyncGenerator[Demo]:
    """A fresh demo shop and a DevSkyy over it."""
    box = sandbox.create_sandbox()
    app = app_over(folder, "http://sandbox.test", httpx2.ASGITransport(app=box), login, **settings)
    shop: sandbox.Sandbox = box.state.sandbox
    await app.services.get(Roles).account()  # the shop is asked once for what its account may do
    shop.requests.clear()
    try:
        yield Demo(app, shop)
    finally:
        await app.close()
        shop.store.close()


def app_over(
    folder: Path,
    url: str,
    transport: httpx2.AsyncBaseTransport | None,
    login: Credentials = LOGIN,
    *,
    deadline: float = 9,
    **settings: Any,
) -> App:
    """A DevSkyy over the shop at the address, which has ``deadline`` seconds for an answer."""
    values: dict[str, Any] = {
        "data_dir": folder,
        "confirm_writes": "risky",
        "upload_folders": [str(folder)],
        **settings,
    }
    app = build(Settings(_env_file=None, **values))  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
    upstream = Upstream("The shop", url, transport=transport, auth=signer(login), deadline=deadline)
    app.services.put(ShopClient, ShopClient(upstream))
    return app
