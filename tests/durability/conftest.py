"""The demo shop as a server, a proxy before it, and DevSkyy processes over one data folder."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_tools import sandbox
from tests.fakes.proxy import FaultProxy

from .driver import Job
from .processes import Journal, Running, ShopServer, free_port

SETTLE_AFTER = 0.2
SHOP_MAX_SECONDS = 1


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[ShopServer]:
    server = ShopServer(tmp_path_factory.mktemp("shop") / "shop.sqlite", free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that all processes share, as on a person's machine."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
async def proxy(shop: ShopServer) -> AsyncGenerator[FaultProxy]:
    async with FaultProxy(shop.port) as before:
        yield before
        before.clear()


@dataclass
class Floor:
    """Where DevSkyy processes are started: on one folder, before one proxy."""

    shop: ShopServer
    proxy: FaultProxy
    folder: Path
    settings: dict[str, Any]

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "devskyy.db")

    def start(self, tool: str = "", arguments: dict[str, Any] | None = None, **more: Any) -> Running:
        settings = {**self.settings, **more.pop("settings", {})}
        return Running(Job(settings, tool, arguments or {}, **more))

    async def call(self, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
        """One whole process that makes one call."""
        return await self.start(tool, arguments, **more).answer()

    async def settle(self) -> None:
        """A server that starts and runs until nothing is open; then audit and locks must be in order."""
        answer = await self.start(settle=True).answer()
        assert answer == {"data": {"audit_ok": True}}
        assert self.journal.locks() == []

    async def sent(self, number: int, path: str = "") -> None:
        """Wait until so many write requests have reached the shop."""
        with anyio.fail_after(20):
            while len(self.writes(path)) < number:
                await anyio.sleep(0.02)

    def writes(self, path: str = "") -> list[str]:
        """The write requests that reached the shop."""
        return [
            f"{one.method} {one.path}" for one in self.proxy.seen("*", path) if one.method != "GET" and one.forwarded
        ]


@pytest.fixture
def floor(shop: ShopServer, proxy: FaultProxy, folder: Path) -> Floor:
    settings = {
        "data_dir": folder,
        "wordpress_url": proxy.url,
        "wordpress_environment": "local",
        "wordpress_username": sandbox.DEMO_USER,
        "wordpress_app_password": sandbox.DEMO_APP_PASSWORD,
        "confirm_writes": "risky",
        "catalogue_texts": "own",
        "upload_folders": [str(folder)],
        "settle_after": SETTLE_AFTER,
        "shop_max_seconds": SHOP_MAX_SECONDS,
    }
    return Floor(shop, proxy, folder, settings)


def refuse(floor: Floor) -> None:
    """From now on connections to the shop are refused; those that are open live on."""
    server = floor.proxy._server  # pyright: ignore[reportPrivateUsage] # the harm that the proxy does not do by rule
    assert server is not None
    server.close()
