"""A run of an agent that is followed from outside while its server is killed: as an MCP task, over REST and WebSocket.

The server dies in the middle of a model's answer, and while a person is asked. Nothing that was answered is asked for
again.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from websockets import Subprotocol
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from devskyy_mcp.guard.local_key import local_key
from tests.durability.paid.processes import Running
from tests.durability.processes import free_port
from tests.fakes.llm.server import Answer, Asked, Fault, speaking
from tests.surface.mcp.taking import TakesTasks, ask, begin, until
from tests.surface.mcp.world import Person
from tests.unit.agents.runs.bed import calls

from .place import Place, place

AGENT = "review-responder"
REQUEST = "Take the newest review off the page until we have looked at it."
DELIVERABLE = {
    "reviews_read": 1,
    "waiting": 1,
    "average_rating": None,
    "items": [],
    "pattern": [],
    "unknown": ["Whether the buyer was asked."],
}
WITHIN = 90
"""Seconds for what takes two on a machine with nothing else to do."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@dataclass
class Moderator:
    """The model: looks, hides the review that it has seen, delivers. Its second answer never ends the first time."""

    asked: Counter[int] = field(default_factory=Counter[int])
    """How often it was asked, by the number of results that the question held."""
    stuck: anyio.Event = field(default_factory=anyio.Event)

    def __call__(self, asked: Asked) -> Answer:
        step = len(asked.results)
        self.asked[step] += 1
        match step:
            case 0:
                return calls(("woo_reviews_list", {"limit": 1}))
            case 1:
                found = re.search(r'"id": ?(\d+)', asked.results[0])
                assert found, asked.results
                hides = calls(("woo_reviews_update", {"id": int(found[1]), "status": "hold"}), text="I hide it. " * 20)
                if self.asked[step] > 1:
                    return hides
                self.stuck.set()
                return Answer(hides.text, hides.calls, fault=Fault("silence", 2))
            case _:
                return calls(("deliver", DELIVERABLE))


@dataclass
class Server:
    """A process of the whole server on a port, which can be killed and started again."""

    place: Place
    port: int
    model: Moderator
    process: Running = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.process = Running(self.place, True, self.port)  # pyright: ignore[reportArgumentType] # of a place it needs the app only
        self.process.start()
        with anyio.fail_after(WITHIN):
            while True:
                with anyio.move_on_after(5):
                    try:
                        async with self.http() as http:
                            await http.get("/health/live")
                        return
                    except httpx2.TransportError:
                        await anyio.sleep(0.05)

    async def killed(self) -> None:
        """Kill -9, and start anew."""
        self.process.kill()
        await self.start()

    @asynccontextmanager
    async def http(self) -> AsyncGenerator[httpx2.AsyncClient]:
        async with httpx2.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
            yield client

    async def get(self, path: str) -> dict[str, Any]:
        async with self.http() as http:
            answer = await http.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def job(self, job: str, *states: str) -> dict[str, Any]:
        """The job, once it is in one of the states: as a program polls it."""
        with anyio.fail_after(WITHIN):
            while (view := await self.get(f"/jobs/{job}"))["state"] not in states:
                await anyio.sleep(0.1)
        return view

    async def asked_in_vain(self) -> None:
        """Wait until the model is in the middle of the answer that does not end."""
        with anyio.fail_after(WITHIN):
            await self.model.stuck.wait()
        await anyio.sleep(0.5)  # the answer's first words are there

    async def right(self, run: dict[str, Any], job: str, where: str) -> None:
        """What a run gives at its end, and what became of its one change."""
        assert (run["outcome"], run["output"], run["spent"]["steps"]) == ("delivered", DELIVERABLE, 3)
        assert run["done"] == ["woo_reviews_list: ok", "woo_reviews_update: applied"]
        (change,) = run["changes"]
        shown = await self.get(f"/changes/{change}")
        assert (shown["state"], shown["approved_by"].endswith(f"({where})")) == ("applied", True)
        listed = (await self.get("/changes?limit=20"))["changes"]
        assert [one["change"] for one in listed if one["tool"] == "woo_reviews_update"] == [change]
        assert self.model.asked == {0: 1, 1: 2, 2: 1}, "only the answer that a kill broke off was asked for again"
        used = await self.get("/tools/llm_usage_report?by=agent&since=2020-01-01T00:00:00Z")
        assert [(one["name"], one["calls"]) for one in used["rows"]] == [(AGENT, 4)], used
        text = (await self.get(f"/tools/agents_transcript?run={job}"))["text"]
        assert [text.count(f"## Step {number}:") for number in (1, 2, 3)] == [1, 1, 1]
        assert f"A person was asked to agree to {change}." in text


@pytest.fixture
async def server(tmp_path: Path, database_url: str) -> AsyncGenerator[Server]:
    async with speaking() as models:
        models.always = model = Moderator()
        port = free_port()
        here = await place(tmp_path, database_url, models, agents_dir=None)
        made = Server(here, port, model)
        await made.start()
        try:
            yield made
        finally:
            made.process.kill()


@asynccontextmanager
async def host(server: Server) -> AsyncGenerator[Client]:
    """A host with a person, which takes tasks."""
    async with Client(
        f"{server.url}/mcp/full", extensions=[TakesTasks()], elicitation_callback=Person(), cache=None
    ) as client:
        yield client


@pytest.mark.requirement("runs:followed")
async def test_as_an_mcp_task(server: Server) -> None:
    async with host(server) as client:
        created = await begin(client, "agents_run", {"agent": AGENT, "request": REQUEST})
        task = created["taskId"]
        await server.asked_in_vain()
        assert (await ask(client, "get", task))["status"] == "working"
    await server.killed()
    async with host(server) as client:
        asking = await until(client, task, "input_required", seconds=WITHIN)
    await server.killed()
    async with host(server) as client:
        assert (await until(client, task, "input_required", seconds=WITHIN))["inputRequests"] == asking["inputRequests"]
        [(key, request)] = asking["inputRequests"].items()
        for words in ("review", "hold", f"The agent {AGENT} may call woo_reviews_update only when a person agrees."):
            assert words in request["params"]["message"], request
        answer = {"action": "accept", "content": {"agree": True}}
        assert await ask(client, "update", task, inputResponses={key: answer}) == {"resultType": "complete"}
        done = await until(client, task, seconds=WITHIN)
    assert done["status"] == "completed", done
    await server.right(done["result"]["structuredContent"]["result"], task, "elicitation")


@dataclass
class Follower:
    """Reads a job's events over WebSocket; when the socket breaks, over a new one from behind the last event it has."""

    server: Server
    job: str
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    sockets: int = 0

    async def run(self) -> None:
        address = self.server.url.replace("http:", "ws:") + "/api/v1/ws"
        while True:
            try:
                async with connect(address, subprotocols=[Subprotocol("devskyy.v1")], proxy=None) as socket:
                    self.sockets += 1
                    cursor = self.events[-1]["seq"] if self.events else 0
                    await socket.send(json.dumps({"resume": {self.job: cursor}}))
                    async for text in socket:
                        event = json.loads(text)
                        if event.get("event") != "job":
                            continue
                        self.events.append(event)
                        if event["data"].get("state") in {"succeeded", "failed", "cancelled"}:
                            return
            except (ConnectionClosed, InvalidHandshake, OSError):
                await anyio.sleep(0.05)

    @property
    def logged(self) -> list[dict[str, Any]]:
        return [event["data"] for event in self.events if event["kind"] == "log"]


async def agree(server: Server, job: str) -> None:
    """A person opens the job's page, which leads to the change, and agrees there."""
    key = local_key(server.place.settings["data_dir"])
    async with server.http() as http:
        opened = await http.post(f"/approvals/{job}/open", data={"key": key})
        assert opened.status_code == 303
        page = await http.get(opened.headers["location"], follow_redirects=True)
        change = page.url.path.removeprefix("/approvals/")
        assert change.startswith("chg_"), page.url
        assert "hold" in page.text
        csrf = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert csrf
        done = await http.post(f"/approvals/{change}/decide", data={"csrf": csrf[1], "answer": "approve"})
        assert done.status_code == 303, done.text


@pytest.mark.requirement("runs:followed")
@pytest.mark.requirement("runs:live")
async def test_over_rest_and_websocket(server: Server) -> None:
    async with server.http() as http:
        answer = await http.post(f"/api/v1/agents/{AGENT}/runs", json={"request": REQUEST})
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/v1/jobs/{job}"
    follower = Follower(server, job)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follower.run)
        await server.asked_in_vain()
        await server.killed()
        view = await server.job(job, "input_required")
        assert "A person must agree to" in view["question"]["message"]
        await server.killed()
        await agree(server, job)
    view = await server.job(job, "succeeded", "failed")
    assert view["state"] == "succeeded", view
    await server.right(view["result"], job, "page")

    assert follower.sockets == 3
    assert [event["seq"] for event in follower.events] == list(range(1, len(follower.events) + 1))
    logged = follower.logged
    (change,) = view["result"]["changes"]
    for told in (
        {"step": 1, "asks": "a model"},
        {"step": 1, "calls": ["woo_reviews_list"]},
        {"step": 2, "asks": "a model"},
        {"step": 2, "calls": ["woo_reviews_update"]},
        {"step": 2, "waits": change},
        {"step": 3, "asks": "a model"},
        {"step": 3, "outcome": "delivered"},
    ):
        assert told in logged, (told, logged)
    said = "".join(one["text"] for one in logged if one["step"] == 2 and "text" in one)
    assert said.endswith("I hide it. " * 20)
    states = [event["data"]["state"] for event in follower.events if event["kind"] == "state"]
    assert states[0] == "queued"
    assert states[-1] == "succeeded"
    assert "input_required" in states
