"""Looking after jobs over MCP, REST, WebSocket and the command line, while another process works on them."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from devskyy_mcp.config import Settings
from devskyy_mcp.context import ALL_SCOPES, Principal
from devskyy_mcp.guard import loopback
from devskyy_mcp.surfaces import commands
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.elsewhere import There, elsewhere

from .equal.inputs import Case
from .equal.ways import Way, cli_over, legacy_over, modern_over, opened, over, rest_over, socket_to

ADA = Principal("user:ada", "user", ALL_SCOPES - {"*"} | {"jobs:write", "changes:read"}, "Ada")
TIMES = {"created_at", "started_at", "finished_at"}
UNKNOWN = "job_23456789abcdefghijkm"
OTHER_CURSOR = base64.urlsafe_b64encode(json.dumps([1, "chg_abcdefghijkl"]).encode()).decode()


@dataclass
class Office:
    """One app on all its surfaces for one signed-in person; ``there`` works on the jobs."""

    ways: dict[str, Way]
    http: httpx2.AsyncClient
    there: There
    url: str


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Office]:
    # Who uses this machine may see everybody's jobs: here all of it is used by one person among others.
    monkeypatch.setattr(loopback, "LOCAL", ADA)
    monkeypatch.setattr(commands, "local_principal", lambda: ADA)
    folder = tmp_path / "data"
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(opened(folder))
        asgi = create_http(site.app())
        http = await stack.enter_async_context(over(asgi))
        url = f"sqlite:///{Settings(data_dir=folder).database}"
        there = await stack.enter_async_context(elsewhere(url))
        ways = {
            "modern": modern_over(http),
            "legacy": await legacy_over(http),
            "rest": rest_over(http),
            "ws": await stack.enter_async_context(socket_to(asgi)),
            "cli": cli_over(site.app),
        }
        yield Office(ways, http, there, url)


def calls(way: str) -> list[tuple[str, dict[str, Any], str]]:
    """Tool, arguments and the code that they lead to, in this order."""
    found: list[tuple[str, dict[str, Any], str]] = []
    for job in (UNKNOWN, f"job_{way}_bobs", "job", "", "job_a'; --", "job_ä"):
        found += [
            ("jobs_get", {"job": job}, "not_found"),
            ("jobs_wait", {"job": job, "seconds": 10}, "not_found"),
            ("jobs_cancel", {"job": job}, "not_found"),
            ("jobs_answer", {"job": job, "answers": {"size": {"size": "S"}}}, "not_found"),
            ("jobs_resolve", {"job": job, "action": "abandon"}, "not_found"),
            ("jobs_resolve", {"job": job, "action": "attach", "task": "task_9"}, "not_found"),
        ]
    ended, asking, consent, running, review = (
        f"job_{way}_{name}" for name in ("ended", "asking", "consent", "running", "review")
    )
    return [
        *found,
        ("jobs_get", {"job": "job_\0"}, "invalid_arguments"),
        ("jobs_get", {"job": "j" * 41}, "invalid_arguments"),
        ("jobs_get", {}, "invalid_arguments"),
        ("jobs_wait", {"job": ended, "seconds": 51}, "invalid_arguments"),
        ("jobs_wait", {"job": ended, "seconds": -1}, "invalid_arguments"),
        ("jobs_wait", {"job": ended, "seconds": 10}, "ok"),
        ("jobs_cancel", {"job": ended}, "conflict"),
        ("jobs_resolve", {"job": ended, "action": "abandon"}, "conflict"),
        ("jobs_resolve", {"job": asking, "action": "resubmit"}, "conflict"),
        ("jobs_answer", {"job": ended, "answers": {"size": {"size": "S"}}}, "conflict"),
        ("jobs_answer", {"job": asking, "answers": {}}, "invalid_arguments"),
        ("jobs_answer", {"job": asking}, "invalid_arguments"),
        ("jobs_answer", {"job": asking, "answers": "S"}, "invalid_arguments"),
        ("jobs_answer", {"job": asking, "answers": {"colour": {"size": "S"}}}, "invalid_arguments"),
        ("jobs_answer", {"job": asking, "answers": {"size": {"size": "XXL"}}}, "invalid_arguments"),
        ("jobs_answer", {"job": asking, "answers": {"size": {"size": "S"}}}, "ok"),
        ("jobs_answer", {"job": asking, "answers": {"size": {"size": "S"}}}, "conflict"),
        ("jobs_answer", {"job": consent, "answers": {"size": {"size": "S"}}}, "forbidden"),
        ("jobs_answer", {"job": consent, "answers": {"size": None}}, "forbidden"),
        ("jobs_cancel", {"job": consent}, "ok"),
        ("jobs_answer", {"job": consent, "answers": {"size": None}}, "conflict"),
        ("jobs_cancel", {"job": asking}, "ok"),
        ("jobs_cancel", {"job": asking}, "ok"),
        ("jobs_cancel", {"job": running}, "ok"),
        ("jobs_cancel", {"job": running}, "ok"),
        ("jobs_resolve", {"job": running, "action": "abandon"}, "conflict"),
        ("jobs_resolve", {"job": review, "action": "attach"}, "invalid_arguments"),
        ("jobs_resolve", {"job": review, "action": "attach", "task": ""}, "invalid_arguments"),
        ("jobs_resolve", {"job": review, "action": "abandon", "task": "task_9"}, "invalid_arguments"),
        ("jobs_resolve", {"job": review, "action": "forget"}, "invalid_arguments"),
        ("jobs_resolve", {"job": review}, "invalid_arguments"),
        ("jobs_resolve", {"job": review, "action": "attach", "task": "task_9"}, "ok"),
        ("jobs_resolve", {"job": review, "action": "attach", "task": "task_9"}, "conflict"),
        ("jobs_list", {"cursor": OTHER_CURSOR}, "invalid_arguments"),
        ("jobs_list", {"cursor": "x"}, "invalid_arguments"),
        ("jobs_list", {"cursor": "c" * 201}, "invalid_arguments"),
        ("jobs_list", {"state": "lost"}, "invalid_arguments"),
        ("jobs_list", {"limit": 0}, "invalid_arguments"),
        ("jobs_list", {"tool": "no_such_tool"}, "ok"),
    ]


@pytest.mark.requirement("jobs:bad-input")
@pytest.mark.requirement("jobs:consent")
@pytest.mark.requirement("jobs:not-found")
async def test_bad_input_is_refused_alike_on_every_surface(office: Office) -> None:
    told: dict[str, list[Any]] = {}
    for way, call in office.ways.items():
        for name in ("ended", "asking", "consent", "running", "review", "bobs"):
            await office.there.do("add", f"job_{way}_{name}", "user:bob" if name == "bobs" else ADA.id)
        await office.there.do("end", f"job_{way}_ended")
        await office.there.do("ask", f"job_{way}_asking")
        await office.there.do("ask", f"job_{way}_consent", True)
        await office.there.do("start", f"job_{way}_running")
        await office.there.do("review", f"job_{way}_review")
        told[way] = []
        for tool, arguments, code in calls(way):
            with anyio.fail_after(8):  # what is not there is not waited for
                answer = await call(Case(tool, arguments, False))
            assert answer.get("error", {"code": "ok"})["code"] == code, (way, tool, arguments, answer)
            told[way].append(comparable(answer, way))
    for way, answers in told.items():
        for mine, other in zip(answers, told["rest"], strict=True):
            assert mine == other, way


def comparable(answer: dict[str, Any], way: str) -> Any:
    given = answer.get("result")
    if given is not None and "job" in given:
        answer = {"result": {name: value for name, value in given.items() if name not in TIMES}}
    return json.loads(json.dumps(answer).replace(f"job_{way}_", "job_"))


@pytest.mark.requirement("jobs:bad-input")
async def test_rest_has_addresses_for_jobs_and_their_own_statuses(office: Office) -> None:
    http, there = office.http, office.there
    for job in ("job_mine", "job_review"):
        await there.do("add", job, ADA.id)
    await there.do("add", "job_bobs", "user:bob")
    await there.do("ask", "job_mine")
    await there.do("review", "job_review")
    for job in ("job_bobs", UNKNOWN, "%00", "job_%ff"):
        assert (await http.get(f"/api/v1/jobs/{job}")).status_code in {404, 422}
        assert (await http.post(f"/api/v1/jobs/{job}/cancel", json={})).status_code in {404, 422}
    assert (await http.get("/api/v1/jobs/job_mine")).json()["state"] == "input_required"
    assert {view["job"] for view in (await http.get("/api/v1/jobs")).json()["jobs"]} == {"job_mine", "job_review"}
    assert (await http.get("/api/v1/jobs?cursor=x")).status_code == 422
    assert (await http.post("/api/v1/jobs/job_review/resolve", json={"action": "attach"})).status_code == 422
    resolved = await http.post("/api/v1/jobs/job_review/resolve", json={"action": "abandon"})
    assert (resolved.status_code, resolved.headers["location"]) == (202, "/api/v1/jobs/job_review")
    assert (await http.post("/api/v1/jobs/job_review/resolve", json={"action": "abandon"})).status_code == 409
    for _ in range(2):
        cancelled = await http.post("/api/v1/jobs/job_mine/cancel", json={})
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    await there.do("add", "job_asking", ADA.id)
    await there.do("ask", "job_asking")
    address, given = "/api/v1/jobs/job_asking/answers", {"answers": {"size": {"size": "M"}}}
    assert (await http.post(address, json={"answers": {"size": {"size": "XXL"}}})).status_code == 422
    answered = await http.post(address, json=given)
    assert (answered.status_code, answered.headers["location"]) == (202, "/api/v1/jobs/job_asking")
    assert (await http.post(address, json=given)).status_code == 409
    await there.do("ask", "job_asking", True)
    assert (await http.post(address, json=given)).status_code == 403
    await there.do("add", "job_done", ADA.id)
    await there.do("end", "job_done", "failed")
    assert (await http.post("/api/v1/jobs/job_done/cancel", json={})).status_code == 409


@pytest.mark.requirement("jobs:waiting")
async def test_a_wait_on_any_surface_ends_when_the_other_process_ends_the_job(office: Office) -> None:
    for way, call in office.ways.items():
        job = f"job_{way}"
        await office.there.do("add", job, ADA.id)
        await office.there.do("start", job)

        async def work(job: str = job) -> None:
            await anyio.sleep(0.3)
            await office.there.do("progress", job, 1, 2)
            await office.there.do("end", job)

        with anyio.fail_after(4):  # less than the look that needs no wake-up
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work)
                answer = await call(Case("jobs_wait", {"job": job, "seconds": 20}, False))
                assert answer["result"]["state"] == "succeeded", (way, answer)
