"""A real server and a headless Chromium that walks through its pages."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from tests.fakes.served import Site, served

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    """A server that people sign in to."""
    async with served(tmp_path, auth_mode="embedded") as site:
        yield site


@asynccontextmanager
async def chromium(**options: Any) -> AsyncGenerator[Page]:
    """A page of a fresh browser. Scripts are off, as the pages promise to need none."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            context = await browser.new_context(**options)
            yield await context.new_page()
        finally:
            await browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: DEVSKYY_PICTURES, or a folder of this test run."""
    folder = Path(os.environ.get("DEVSKYY_PICTURES", tmp_path / "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
