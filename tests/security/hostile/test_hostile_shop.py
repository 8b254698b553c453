"""A shop whose answers lie in type, size, address and headers: tools answer, and the password stays where it is."""

from __future__ import annotations

import base64
import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from devskyy_mcp.app import installed_packs
from devskyy_mcp.capability import Registry
from devskyy_mcp.changes import commit
from devskyy_mcp.errors import Code, Refused
from devskyy_tools import sandbox
from tests.fakes.demo import LOGIN, Desk, desk_over
from tests.specimens.reads import ASKED_ELSEWHERE, specimens_of

from .shops import HUGE, LyingShop

TOOLS = Registry(installed_packs()).tools
SECRETS = (
    LOGIN.app_password,
    LOGIN.app_password.replace(" ", ""),
    base64.b64encode(f"{sandbox.DEMO_USER}:{LOGIN.app_password}".encode()).decode(),
)
HOST = "sandbox.test"


@asynccontextmanager
async def lying(folder: Path, seed: int) -> AsyncGenerator[tuple[Desk, LyingShop]]:
    box = sandbox.create_sandbox()
    shop = LyingShop(httpx2.ASGITransport(app=box), seed)
    try:
        async with desk_over(folder, f"http://{HOST}", LOGIN, shop) as desk:
            yield desk, shop
    finally:
        box.state.sandbox.store.close()


async def lied_to(desk: Desk, shop: LyingShop, tool: str, arguments: dict[str, object]) -> tuple[str, str]:
    """The code of what the tool answers, and all that is told."""
    shop.lies = True
    try:
        return "ok", json.dumps(
            await desk.carry_out(tool, **arguments) if TOOLS[tool].stages else await desk.do(tool, **arguments)
        )
    except Refused as refused:
        return refused.code, json.dumps(refused.as_dict(), default=str)
    finally:
        shop.lies = False


@pytest.mark.requirement("hostile:shop")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(3))
async def test_no_lie_breaks_a_tool_or_gets_the_password(
    seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "LOOKS", (0.0, 0.0))
    caplog.set_level(logging.INFO)
    codes: Counter[str] = Counter()
    async with lying(tmp_path, seed) as (desk, shop):
        for tool in sorted(TOOLS.keys() - ASKED_ELSEWHERE.keys()):
            for way in specimens_of(TOOLS[tool]):
                try:
                    arguments = await way(desk)
                except Refused:  # an earlier change, made of lies, took what it needs
                    continue
                for _ in range(2):
                    code, told = await lied_to(desk, shop, tool, arguments)
                    assert code != Code.INTERNAL, (tool, told)
                    assert not any(secret in told for secret in SECRETS), tool
                    assert len(told) < len(HUGE) / 5, tool
                    codes[code] += 1
        assert shop.hosts == {HOST}
        assert (await desk.do("woo_products_list", limit=3))["items"], "and honest answers are taken as before"
    assert codes["ok"] > 100, codes
    assert codes[Code.UPSTREAM_INVALID] > 50, codes
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert not any(secret in caplog.text for secret in SECRETS)
    assert HUGE[:1000] not in caplog.text
