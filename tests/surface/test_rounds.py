"""One round from everywhere: begun over REST and watched over a WebSocket; begun as an MCP task and asked about."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client

from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import Name
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.llm.server import speaking
from tests.fakes.llm.talk import Talk, draft_of, wired_app
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting
from tests.fakes.served import Site, listening, settings_for

from .mcp.taking import TakesTasks, ask, begin
from .ws.test_ws import hear, opened, say

BRIEF = {"kind": "product-copy", "prompt": "Write a line about a dress.", "budget_usd": 5.0}
ASKED: tuple[Name, ...] = ("openai", "google", "mistral")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[tuple[Site, Talk]]:
    """Three providers over the wire, each of which takes its time."""
    async with speaking() as models:
        talk = Talk(models, marks=lambda text: 5 if text == draft_of("mistral") else 2)
        talk.wait = {"draft": 0.7, "scores": 0.7}
        app = wired_app(settings_for(tmp_path, port=0, **models.settings(*ASKED)))
        for name in ASKED:
            await app.services.get(Gateway).adapter(name)  # loaded once a process, in seconds
        asgi = create_http(app)
        async with listening(asgi) as http:
            yield Site(app, asgi, Notes(), Waiting(), http, str(http.base_url)), talk


def in_order(said: list[str], *wanted: str) -> bool:
    rest = iter(said)
    return all(any(one in words for words in rest) for one in wanted)


@pytest.mark.requirement("round-table:everywhere")
async def test_over_rest_and_watched_over_a_websocket(site: tuple[Site, Talk]) -> None:
    made, _ = site
    said: list[str] = []
    async with httpx2.AsyncClient(base_url=made.url, trust_env=False) as http, opened(made) as socket:
        begun = await http.post("/api/v1/tools/round_table_start", json=BRIEF)
        assert begun.status_code == 202, begun.text
        job = begun.json()["job"]
        await say(socket, resume={job: 0})
        with anyio.fail_after(60):
            while True:
                data = (await hear(socket)).get("data", {})
                said.append(data.get("message") or data.get("state") or "")
                if data.get("state") in {"succeeded", "failed"}:
                    break
        view = (await http.get(f"/api/v1/jobs/{job}")).json()
        shown = (await http.post("/api/v1/tools/round_table_show", json={"round": job})).json()
    assert view["state"] == "succeeded", view
    assert view["result"]["answer"] == draft_of("mistral")
    assert in_order(said, "drafting", "has answered", "judging", "decided", "succeeded"), said
    assert shown["winner"] == view["result"]["number"]


@pytest.mark.requirement("round-table:everywhere")
async def test_as_an_mcp_task(site: tuple[Site, Talk]) -> None:
    made, _ = site
    said: list[str] = []
    async with Client(f"{made.url}/mcp/full", extensions=[TakesTasks()]) as client:
        task = (await begin(client, "round_table_start", BRIEF))["taskId"]
        with anyio.fail_after(60):
            while (found := await ask(client, "get", task))["status"] == "working":
                said.append(found.get("statusMessage") or "")
                await anyio.sleep(0.1)  # as hosts do
    assert found["status"] == "completed", found
    result: Any = found["result"]["structuredContent"]["result"]
    assert (result["answer"], result["how"]) == (draft_of("mistral"), "panel")
    assert in_order(said, "drafting", "judging"), said
