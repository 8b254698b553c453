from __future__ import annotations

from typing import Any

import anyio
import httpx2
import pytest

from tests.fakes.served import Site

API = "/api/v1"


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)
    assert document["title"]
    assert document["detail"]
    assert document["type"] == f"urn:devskyy:problem:{code}"
    return document


@pytest.mark.requirement("rest:tools:list")
async def test_the_list_names_each_tool_with_its_policy_and_links(shop: Site) -> None:
    tools = {tool["name"]: tool for tool in (await shop.http.get(f"{API}/tools")).json()["tools"]}
    assert set(tools) == set(shop.app.registry.tools)
    assert tools["notes_burn"] == {
        "name": "notes_burn",
        "title": "Notes burn",
        "summary": "Delete a note for good.",
        "noun": "notes",
        "effect": "destroy",
        "scopes": ["notes:write"],
        "links": {"call": f"{API}/tools/notes_burn", "schema": f"{API}/tools/notes_burn/schema"},
    }
    core = (await shop.http.get(f"{API}/tools", params={"profile": "default"})).json()["tools"]
    assert {tool["name"] for tool in core} == {
        tool.name for tool in shop.app.registry.tools.values() if tool.policy.core
    }
    refused(await shop.http.get(f"{API}/tools", params={"profile": "wide"}), 422, "invalid_arguments")


@pytest.mark.requirement("rest:tools:list")
async def test_a_tools_schema_is_that_of_the_registry(shop: Site) -> None:
    described = (await shop.http.get(f"{API}/tools/notes_list/schema")).json()
    assert described["input_schema"] == shop.app.registry.tools["notes_list"].input_schema
    assert described["output_schema"] == shop.app.registry.tools["notes_list"].output_schema


@pytest.mark.requirement("rest:tools:call")
async def test_the_body_is_the_arguments(shop: Site) -> None:
    answer = await shop.call("notes_list", limit=1)
    assert answer.status_code == 200
    assert answer.json() == {"notes": [{"id": 1, "title": "first", "text": "", "status": "draft"}], "total": 2}
    empty = await shop.http.post(f"{API}/tools/notes_list")
    assert empty.json()["total"] == 2


@pytest.mark.requirement("rest:tools:get")
async def test_a_read_takes_its_arguments_from_the_query(shop: Site) -> None:
    answer = await shop.http.get(f"{API}/tools/notes_echo", params={"text": "12", "ids": ["1", "2", "3"]})
    assert answer.json() == {"text": "12 3"}
    assert (await shop.http.get(f"{API}/tools/notes_list?limit=1&status=draft")).json()["total"] == 2
    proxied = await shop.http.get(f"{API}/tools/tools_read", params={"name": "notes_show", "arguments": '{"note":2}'})
    assert proxied.json()["title"] == "second"
    refused(await shop.http.get(f"{API}/tools/notes_list?limit=many"), 422, "invalid_arguments")
    refused(await shop.http.get(f"{API}/tools/notes_list?limt=1"), 422, "invalid_arguments")


@pytest.mark.requirement("rest:tools:get")
async def test_a_known_etag_is_not_sent_again_until_the_answer_changes(shop: Site) -> None:
    address = f"{API}/tools/notes_show?note=1"
    first = await shop.http.get(address)
    tag = first.headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await shop.http.get(address, headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
    shop.notes.rows[1]["title"] = "moved"
    changed = await shop.http.get(address, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["title"]) == (200, "moved")


@pytest.mark.requirement("rest:tools:get")
async def test_what_writes_is_never_done_by_get(shop: Site) -> None:
    answer = await shop.http.get(f"{API}/tools/notes_update?note=1&title=x")
    refused(answer, 405, "invalid_arguments")
    assert answer.headers["allow"] == "POST"
    assert shop.notes.requests == []


@pytest.mark.requirement("rest:errors")
async def test_every_refusal_has_its_status(shop: Site) -> None:
    refused(await shop.call("notes_nothing"), 404, "unknown_tool")
    near = refused(await shop.call("notes_lst"), 404, "unknown_tool")
    assert near["details"]["nearest"][0] == "notes_list"
    wrong = refused(await shop.call("notes_list", limit="one", colour="red"), 422, "invalid_arguments")
    assert {item["field"] for item in wrong["errors"]} == {"limit", "colour"}
    refused(await shop.call("notes_show", note=99), 404, "not_found")
    refused(await shop.http.get(f"{API}/nothing"), 404, "not_found")
    refused(await shop.http.get("/"), 404, "not_found")
    assert (await shop.http.delete(f"{API}/tools")).headers["allow"]
    refused(await shop.http.delete(f"{API}/tools"), 405, "invalid_arguments")
    shop.notes.faults = ["refused"]
    failed = refused(await shop.call("notes_update", note=1, title="x"), 502, "upstream_refused")
    assert failed["change"]["state"] == "failed"


@pytest.mark.requirement("rest:errors")
async def test_a_caller_is_told_when_to_come_back(shop: Site) -> None:
    answer = await shop.call("notes_busy")
    document = refused(answer, 429, "rate_limited")
    assert (answer.headers["retry-after"], document["retry_after"], document["retryable"]) == ("3", 3, True)
    assert document["hint"] == "Wait a little."


@pytest.mark.requirement("rest:errors")
async def test_an_unforeseen_failure_tells_only_its_number(shop: Site) -> None:
    answer = await shop.call("notes_break")
    document = refused(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert document["details"]["incident"] in document["hint"]


@pytest.mark.requirement("rest:writes")
async def test_a_write_is_done_and_its_change_can_be_followed(shop: Site) -> None:
    answer = await shop.call("notes_update", note=1, title="better")
    assert (answer.status_code, answer.json()["state"]) == (200, "applied")
    change = answer.json()["change"]
    assert (await shop.http.get(f"{API}/changes/{change}")).json()["state"] == "applied"
    undone = await shop.http.post(f"{API}/changes/{change}/undo")
    assert (undone.status_code, undone.json()["undoes"]) == (200, change)
    assert shop.notes.rows[1]["title"] == "first"
    refused(await shop.http.get(f"{API}/changes/chg_nothing"), 404, "not_found")


@pytest.mark.requirement("rest:writes")
async def test_a_preview_is_applied_by_its_id(shop: Site) -> None:
    preview = await shop.call("notes_update", note=1, title="better", preview=True)
    assert (preview.status_code, preview.json()["state"], shop.notes.requests) == (200, "proposed", [])
    applied = await shop.http.post(f"{API}/changes/{preview.json()['change']}/apply")
    assert applied.json()["state"] == "applied"
    assert shop.notes.requests == [("update", 1)]


@pytest.mark.requirement("rest:writes")
async def test_what_a_person_must_agree_to_is_accepted_but_not_done(shop: Site) -> None:
    answer = await shop.call("notes_burn", note=1)
    view = answer.json()
    assert (answer.status_code, view["state"]) == (202, "waits_for_person")
    assert view["approve"]["page"].endswith(f"/approvals/{view['change']}")
    assert (await shop.http.get(answer.headers["location"])).json()["state"] == "proposed"
    pushed = await shop.http.post(f"{API}/changes/{view['change']}/apply")
    assert (pushed.status_code, pushed.json()["state"]) == (202, "waits_for_person")
    assert shop.notes.requests == []


@pytest.mark.requirement("rest:idempotency")
async def test_the_same_key_is_carried_out_once(shop: Site) -> None:
    async def create(title: str, key: str) -> httpx2.Response:
        headers = {"Idempotency-Key": key}
        return await shop.http.post(f"{API}/tools/notes_create", json={"title": title}, headers=headers)

    first, again = await create("new", "k1"), await create("new", "k1")
    assert first.json()["change"] == again.json()["change"]
    assert again.json()["repeated"] is True
    assert len(shop.notes.requests) == 1
    refused(await create("other", "k1"), 422, "invalid_arguments")
    refused(await create("new", "k" * 201), 422, "invalid_arguments")
    assert len(shop.notes.requests) == 1


@pytest.mark.requirement("rest:cancel")
async def test_a_read_ends_when_its_caller_goes_away(port: Site) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(port.call, "notes_wait")
        with anyio.fail_after(10):
            await port.waiting.started.wait()
        tasks.cancel_scope.cancel()
    with anyio.fail_after(10):
        await port.waiting.cancelled.wait()


@pytest.mark.requirement("rest:cancel")
async def test_a_write_goes_on_when_its_caller_goes_away(port: Site) -> None:
    port.notes.gate = anyio.Event()
    async with anyio.create_task_group() as tasks:

        async def create() -> None:
            await port.call("notes_create", title="kept")

        tasks.start_soon(create)
        with anyio.fail_after(10):
            await port.notes.sending.wait()
        tasks.cancel_scope.cancel()
    written = anyio.Event()
    port.app.changes.on_written.append(lambda _change: written.set())
    port.notes.gate.set()
    with anyio.fail_after(10):
        await written.wait()
    assert "kept" in {row["title"] for row in port.notes.rows.values()}


@pytest.mark.requirement("http:headers")
@pytest.mark.parametrize(
    "path", ["/health", f"{API}/tools", f"{API}/nothing", "/approvals/chg_x", f"{API}/openapi.json"]
)
async def test_every_answer_is_hardened_and_open_to_no_other_site(shop: Site, path: str) -> None:
    headers = (await shop.http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == ("same-origin" if path.startswith("/approvals") else "no-referrer")
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] in {"no-store", "private, no-cache"}
    assert not [name for name in headers if name.startswith("access-control-")]
