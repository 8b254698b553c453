"""Jobs as tasks: for hosts of the modern era that declare the extension."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import HEADER_MISMATCH, INVALID_PARAMS, METHOD_NOT_FOUND, MISSING_REQUIRED_CLIENT_CAPABILITY

from devskyy_mcp.changes import commit
from devskyy_mcp.changes.view import ChangeView
from devskyy_mcp.context import Principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.surfaces.mcp.tasks import EXTENSION

from .taking import Answer, Created, TakesTasks, TaskRequest, ask, begin, end_job, long_change, until, wire
from .world import Person, World, data_of, host, make_world

every_transport = pytest.mark.parametrize("transport", ["memory", "http"])
MEMORY = ("memory", "modern")
HTTP = ("http", "modern")
BOB = Principal("user:bob", "user", frozenset({"notes:write", "audit:read"}), "bob")
EVE = Principal("user:eve", "user", frozenset({"*"}), "eve")


def taking() -> list[Any]:
    return [TakesTasks()]


@every_transport
@pytest.mark.requirement("mcp:tasks")
async def test_a_job_is_a_task_from_its_call_to_its_result(world: World, transport: str) -> None:
    async with host(world, (transport, "modern"), extensions=taking()) as client:
        capabilities: Any = client.server_capabilities
        assert capabilities.extensions == {EXTENSION: {}}
        created = await begin(client, "prints_make", {"title": "news"})
        task = created["taskId"]
        assert created["resultType"] == "task"
        assert created["status"] == "working"
        assert not {"result", "error", "inputRequests", "requestState", "task"} & set(created)
        assert (created["ttlMs"], created["pollIntervalMs"]) == (None, 1000)
        await world.press.started.wait()
        working = await ask(client, "get", task)
        assert working["status"] == "working"
        assert "result" not in working
        world.press.go.set()
        done = await until(client, task)
        again = await ask(client, "get", task)
    assert (done["resultType"], done["status"], done["taskId"]) == ("complete", "completed", task)
    view = done["result"]["structuredContent"]
    assert view["job"] == task
    assert view["result"] == {"title": "news"}
    assert "title news" in done["result"]["content"][0]["text"]
    assert done["ttlMs"] >= world.app.settings.keep_jobs_days * 86_400_000
    assert datetime.fromisoformat(done["lastUpdatedAt"]) > datetime.fromisoformat(created["createdAt"])
    assert again == done


@pytest.mark.requirement("mcp:tasks")
async def test_a_task_says_how_far_it_is(world: World) -> None:
    async with host(world, MEMORY, extensions=taking()) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        with anyio.fail_after(10):
            while "inked" not in (await ask(client, "get", task))["statusMessage"]:
                await anyio.sleep(0.05)
        world.press.go.set()


@pytest.mark.requirement("mcp:tasks")
async def test_the_proxy_leads_to_a_task_too_and_ordinary_tools_do_not(world: World) -> None:
    world.press.go.set()
    async with host(world, MEMORY, profile="default", extensions=taking()) as client:
        created = await begin(client, "tools_call", {"name": "prints_make", "arguments": {"title": "news"}})
        assert (await until(client, created["taskId"]))["status"] == "completed"
        assert data_of(await client.call_tool("notes_echo", {"text": "a"})) == {"text": "a"}


@pytest.mark.requirement("mcp:tasks")
async def test_what_is_done_already_is_answered_at_once(world: World) -> None:
    async with host(world, MEMORY, extensions=taking()) as client:
        created = await begin(client, "prints_shout", {"words": "sale"})
        await until(client, created["taskId"])
        again = data_of(await client.call_tool("prints_shout", {"words": "sale"}))
    assert (again["job"], again["state"]) == (created["taskId"], "succeeded")
    assert world.notes.shouted == ["sale"]


@pytest.mark.requirement("mcp:tasks-errors")
async def test_a_refusal_completes_the_task_and_a_crash_fails_it(world: World) -> None:
    async with host(world, MEMORY, extensions=taking()) as client:
        refused = await until(client, (await begin(client, "prints_refuse"))["taskId"])
        broken = await until(client, (await begin(client, "prints_break"))["taskId"])
    assert refused["status"] == "completed"
    assert refused["result"]["isError"] is True
    error = refused["result"]["structuredContent"]["error"]
    assert (error["code"], error["message"], error["hint"]) == ("upstream_refused", "There is no ink.", "Buy some.")
    assert broken["status"] == "failed"
    assert broken["error"]["code"] == -32603
    assert "result" not in broken
    assert "hunter2" not in str(broken)


@every_transport
@pytest.mark.requirement("mcp:tasks-cancel")
async def test_cancelling_is_acknowledged_and_ends_the_task(world: World, transport: str) -> None:
    async with host(world, (transport, "modern"), extensions=taking()) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        await world.press.started.wait()
        assert await ask(client, "cancel", task) == {"resultType": "complete"}
        ended = await until(client, task)
        assert ended["status"] == "cancelled"
        assert not {"result", "error"} & set(ended)
        assert await ask(client, "cancel", task) == {"resultType": "complete"}
        world.press.go.set()
        done = (await begin(client, "prints_make", {"title": "more"}))["taskId"]
        await until(client, done)
        assert await ask(client, "cancel", done) == {"resultType": "complete"}
        assert (await ask(client, "get", done))["status"] == "completed"


@every_transport
@pytest.mark.requirement("mcp:tasks-input")
async def test_a_task_asks_and_goes_on_with_the_answer(world: World, transport: str) -> None:
    async with host(world, (transport, "modern"), person=Person(), extensions=taking()) as client:
        task = (await begin(client, "prints_ask"))["taskId"]
        asking = await until(client, task, "input_required")
        [(key, request)] = asking["inputRequests"].items()
        assert request["method"] == "elicitation/create"
        assert request["params"]["message"] == "What shall be printed?"
        assert request["params"]["requestedSchema"]["required"] == ["title"]
        assert await ask(client, "update", task, inputResponses={"other": 5}) == {"resultType": "complete"}
        for wrong in (5, {"action": "dance"}, {"action": "accept", "content": {"title": 5}}, {"action": "accept"}):
            with pytest.raises(MCPError) as caught:
                await ask(client, "update", task, inputResponses={key: wrong})
            assert caught.value.error.code == INVALID_PARAMS
        assert (await ask(client, "get", task))["inputRequests"] == asking["inputRequests"]
        answer = {key: {"action": "accept", "content": {"title": "poem"}}}
        assert await ask(client, "update", task, inputResponses=answer) == {"resultType": "complete"}
        done = await until(client, task)
        late = await ask(client, "update", task, inputResponses=answer)
    assert done["result"]["structuredContent"]["result"]["title"] == "poem"
    assert late == {"resultType": "complete"}


@pytest.mark.parametrize("action", ["decline", "cancel"])
@pytest.mark.requirement("mcp:tasks-input")
async def test_a_task_goes_on_when_its_question_is_declined(world: World, action: str) -> None:
    async with host(world, MEMORY, person=Person(), extensions=taking()) as client:
        task = (await begin(client, "prints_ask"))["taskId"]
        [key] = (await until(client, task, "input_required"))["inputRequests"]
        await ask(client, "update", task, inputResponses={key: {"action": action}})
        done = await until(client, task)
    assert done["result"]["structuredContent"]["result"] == {"title": "nothing"}


@pytest.mark.requirement("mcp:tasks-input")
async def test_two_forms_are_answered_one_at_a_time(world: World) -> None:
    async with host(world, MEMORY, person=Person(), extensions=taking()) as client:
        task = (await begin(client, "prints_ask_both"))["taskId"]
        both = (await until(client, task, "input_required"))["inputRequests"]
        assert sorted(both) == ["both/how", "both/what"]
        said: dict[str, Any] = {"both/how": {"action": "accept", "content": {"bold": True}}}
        await ask(client, "update", task, inputResponses=said)
        left = await ask(client, "get", task)
        assert (left["status"], list(left["inputRequests"])) == ("input_required", ["both/what"])
        other = {"both/how": {"action": "decline"}, "both/what": {"action": "decline"}}
        await ask(client, "update", task, inputResponses=other)
        done = await until(client, task)
    assert done["result"]["structuredContent"]["result"]["said"] == {"how": {"bold": True}, "what": None}


@pytest.mark.requirement("mcp:tasks-input")
async def test_a_host_that_cannot_ask_sees_a_task_at_work(world: World) -> None:
    async with host(world, MEMORY, extensions=taking()) as client:
        task = (await begin(client, "prints_ask"))["taskId"]
        with anyio.fail_after(10):
            while "waits for an answer" not in (found := await ask(client, "get", task))["statusMessage"]:
                await anyio.sleep(0.05)
    assert found["status"] == "working"
    assert "inputRequests" not in found


@pytest.mark.requirement("mcp:tasks-review")
async def test_a_person_says_in_the_task_what_became_of_a_paid_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "FENCE", 0.2)
    world.notes.faults = ["lost_before", "lost"]
    world.notes.proves_absence, world.notes.quiet_after = False, 0.0
    async with host(world, MEMORY, person=Person(), extensions=taking()) as client:
        task = (await begin(client, "prints_shout", {"words": "sale"}))["taskId"]
        [(first, request)] = (await until(client, task, "input_required"))["inputRequests"].items()
        assert request["params"]["requestedSchema"]["properties"]["action"]["enum"] == ["attach", "resubmit", "abandon"]
        await ask(client, "update", task, inputResponses={first: {"action": "cancel"}})
        for wrong in ("attach", "guess"):  # to attach, the provider's own id is needed
            with pytest.raises(MCPError) as caught:
                await ask(client, "update", task, inputResponses={first: _resolution(wrong)})
            assert caught.value.error.code == INVALID_PARAMS
        await ask(client, "update", task, inputResponses={first: _resolution("resubmit")})
        with anyio.fail_after(20):
            while first in (second := (await until(client, task, "input_required"))["inputRequests"]):
                await anyio.sleep(0.05)
        [key] = second
        await ask(client, "update", task, inputResponses={key: _resolution("attach", "t-7")})
        done = await until(client, task)
    assert done["result"]["structuredContent"]["result"] == {"title": "sale", "said": {"task": "t-7"}}
    assert world.notes.shouted == ["sale"]


def _resolution(action: str, task: str | None = None) -> dict[str, Any]:
    return {"action": "accept", "content": {"action": action, **({"task": task} if task else {})}}


@pytest.mark.requirement("mcp:tasks-input")
async def test_of_two_answers_at_once_one_counts_and_both_are_acknowledged(world: World) -> None:
    said: list[dict[str, Any]] = []
    async with host(world, MEMORY, person=Person(), extensions=taking()) as client:
        task = (await begin(client, "prints_ask"))["taskId"]
        [key] = (await until(client, task, "input_required"))["inputRequests"]

        async def answer(title: str) -> None:
            given = {key: {"action": "accept", "content": {"title": title}}}
            said.append(await ask(client, "update", task, inputResponses=given))

        async with anyio.create_task_group() as tasks:
            for title in ("one", "other"):
                tasks.start_soon(answer, title)
        done = await until(client, task)
    assert said == [{"resultType": "complete"}] * 2
    assert done["result"]["structuredContent"]["result"]["title"] in {"one", "other"}


@pytest.mark.requirement("mcp:tasks-cancel")
async def test_what_could_not_be_cancelled_is_not_acknowledged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cancel(*_: Any) -> None:
        raise Refused(Code.UPSTREAM_UNREACHABLE, "The database does not answer.")

    async with host(world, MEMORY, extensions=taking()) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        with monkeypatch.context() as patch:
            patch.setattr(world.app.road.jobs, "cancel", cancel)
            with pytest.raises(MCPError, match="does not answer"):
                await ask(client, "cancel", task)
        assert (await ask(client, "get", task))["status"] == "working"
        world.press.go.set()
        await until(client, task)


# ---- who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["get", "update", "cancel"])
@pytest.mark.requirement("mcp:tasks-own")
async def test_an_unknown_task_and_somebody_elses_look_the_same(world: World, action: str) -> None:
    more: dict[str, Any] = {"inputResponses": {}} if action == "update" else {}
    async with host(world, MEMORY, extensions=taking()) as client:
        task = (await begin(client, "prints_make", {"title": "mine"}))["taskId"]
        await world.press.started.wait()
        said: set[str] = set()
        for principal in (BOB, EVE):
            async with host(world, MEMORY, principal=principal, extensions=taking()) as stranger:
                for asked in (task, "job_22222222222222222222", "x", "job_" + "2" * 5000):
                    with pytest.raises(MCPError) as caught:
                        await ask(stranger, action, asked, **more)
                    assert caught.value.error.code == INVALID_PARAMS
                    said.add(caught.value.error.message.replace(asked[:40], "…"))
        assert len(said) == 1
        assert (await ask(client, "get", task))["status"] == "working"
        world.press.go.set()
        await until(client, task)


@pytest.mark.parametrize("action", ["get", "update", "cancel"])
@pytest.mark.requirement("mcp:tasks-without")
async def test_without_the_extension_there_are_no_tasks(world: World, action: str) -> None:
    more: dict[str, Any] = {"inputResponses": {}} if action == "update" else {}
    async with host(world, MEMORY) as client:
        with pytest.raises(MCPError) as caught:
            await ask(client, action, "job_22222222222222222222", **more)
    assert caught.value.error.code == MISSING_REQUIRED_CLIENT_CAPABILITY
    assert caught.value.error.data == {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
    async with host(world, ("memory", "legacy"), extensions=taking()) as client:
        with pytest.raises(MCPError) as caught:
            await ask(client, action, "job_22222222222222222222", **more)
    assert caught.value.error.code == METHOD_NOT_FOUND


@pytest.mark.requirement("mcp:tasks")
async def test_the_methods_of_older_drafts_are_gone(world: World) -> None:
    async with host(world, MEMORY, extensions=taking()) as client:
        for method in ("tasks/result", "tasks/list"):
            with pytest.raises(MCPError) as caught:
                await ask(client, method.removeprefix("tasks/"), "job_22222222222222222222")
            assert caught.value.error.code == METHOD_NOT_FOUND


@pytest.mark.requirement("mcp:tasks-headers")
async def test_over_http_the_header_must_name_the_task(world: World) -> None:
    class Unnamed(TaskRequest):
        name_param = None

    class Misnamed(TaskRequest):
        name_param = "other"

    async with host(world, HTTP, extensions=taking()) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        for kind in (Unnamed, Misnamed):
            request = kind(method="tasks/get", params={"taskId": task, "other": "elsewhere"})
            with pytest.raises(MCPError) as caught:
                await client.session.send_request(request, Answer)
            assert caught.value.error.code == HEADER_MISMATCH
        world.press.go.set()
        await until(client, task)


@pytest.mark.requirement("audit:every-call")
async def test_what_is_done_to_a_task_is_audited(world: World) -> None:
    async with host(world, MEMORY, extensions=taking()) as client:
        task = (await begin(client, "prints_make", {"title": "news"}))["taskId"]
        await world.press.started.wait()
        await ask(client, "cancel", task)
        with pytest.raises(MCPError):
            await ask(client, "cancel", "ada@example.com")
        await until(client, task)
    rows = await _audit(world)
    assert [row for row in rows if row[0] == "task:cancel"] == [
        ("task:cancel", "write", "ok", task),
        ("task:cancel", "write", "not_found", None),
    ]
    assert ("task:get", "read", "ok", None) in rows


async def _audit(world: World) -> list[tuple[Any, ...]]:
    from sqlalchemy import text

    db = Database(world.app.settings.database)
    try:
        async with db.read() as conn:
            found = await conn.execute(text("SELECT capability, effect, code, change_id FROM audit ORDER BY seq"))
            return [tuple(row) for row in found]
    finally:
        await db.close()


# ---- long changes ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("mcp:tasks-changes")
async def test_a_change_that_is_carried_out_by_a_job_is_a_task(tmp_path: Path) -> None:
    world = make_world(tmp_path, worker="off")
    async with host(world, MEMORY, extensions=taking()) as client:
        job = await long_change(world, client)
        created = await begin(client, "prints_change")
        assert (created["taskId"], created["status"]) == (job, "working")
        look = await client.session.call_tool("prints_look", {}, allow_claimed=True)
        assert not isinstance(look, Created)
        await end_job(world, job)
        ended = await until(client, job)
    view = ended["result"]["structuredContent"]
    assert (view["change"], view["state"]) == (wire(look)["structuredContent"]["change"], "applied")
    assert ended["result"]["content"][0]["text"].startswith(view["summary"])
    assert datetime.fromisoformat(ended["lastUpdatedAt"]) <= datetime.now(UTC)


@pytest.mark.requirement("mcp:tasks-changes")
async def test_only_calls_that_write_become_tasks_of_changes(tmp_path: Path) -> None:
    world = make_world(tmp_path, worker="off")
    world.press.change = ChangeView(state="applying", summary="no job of its own", change="chg_222222222222")
    async with host(world, MEMORY, extensions=taking()) as client:
        answer = await client.session.call_tool("prints_change", {}, allow_claimed=True)
    assert not isinstance(answer, Created)
    assert wire(answer)["structuredContent"]["summary"] == "no job of its own"
