"""Listing and calling tools, on every transport and in both eras."""

from __future__ import annotations

import json

import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError

from devskyy_mcp.context import Principal
from tests.fakes.packs import late_pack

from .world import WAYS, World, data_of, error_of, host, text_of

READER = Principal("client:reader", "client", frozenset({"notes:read"}), "reader")
MEMORY = ("memory", "modern")
every_way = pytest.mark.parametrize("way", WAYS, ids="-".join)


@every_way
@pytest.mark.requirement("mcp:both-eras")
async def test_a_host_finds_and_calls_tools(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == sorted(world.app.registry.tools)
        result = await client.call_tool("notes_list", {"limit": 2})
    page = data_of(result)
    assert [note["title"] for note in page["notes"]] == ["one", "two"]
    assert page["total"] == 3
    assert "1 | one" in text_of(result)
    assert "total: 3" in text_of(result)


@every_way
@pytest.mark.requirement("mcp:refusals")
async def test_a_refusal_reaches_the_model_with_code_and_hint(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        await client.list_tools()
        missing = await client.call_tool("notes_show", {"note": 99})
        busy = await client.call_tool("notes_busy")
    assert error_of(missing) == {
        "code": "not_found",
        "message": "There is no note 99.",
        "retryable": False,
        "hint": "notes_list lists them.",
    }
    assert text_of(missing) == "There is no note 99. notes_list lists them. [not_found]"
    assert error_of(busy)["retryable"] is True
    assert error_of(busy)["retry_after"] == 3
    assert text_of(busy) == "Too many notes. Wait a little. Try again after 3 s. [rate_limited]"


@every_way
@pytest.mark.requirement("mcp:refusals")
async def test_wrong_arguments_are_named_and_never_repeated(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        result = await client.call_tool("notes_show", {"nte": "s3cret", "note": "12"})
    error = error_of(result)
    assert error["code"] == "invalid_arguments"
    assert "did you mean note?" in error["message"]
    assert "note must be a whole number" in error["message"]
    assert "s3cret" not in json.dumps(error) + text_of(result)


@every_way
@pytest.mark.requirement("mcp:no-leaks")
async def test_what_nobody_foresaw_stays_inside(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        result = await client.call_tool("notes_break")
    assert error_of(result)["code"] == "internal"
    assert "hunter2" not in text_of(result)
    assert "RuntimeError" not in text_of(result)


@every_way
@pytest.mark.requirement("mcp:unknown-tool")
async def test_an_unknown_tool_is_a_protocol_error_that_names_the_nearest(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("notes_lists", {})
    assert caught.value.error.code == types.INVALID_PARAMS
    assert "notes_list" in caught.value.error.message


@every_way
@pytest.mark.requirement("mcp:hostile-input")
async def test_oversized_arguments_are_refused_in_words(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        long = await client.call_tool("notes_echo", {"text": "x" * 1_000_000})
        many = await client.call_tool("notes_echo", {"ids": list(range(100_000, 200_000))})
        written = await client.call_tool("notes_create", {"title": "x" * 1_000_000})
    for result in (long, many, written):
        error = error_of(result)
        assert error["code"] in {"too_large", "invalid_arguments"}
        assert error["message"]
        assert len(text_of(result)) < 1_000
    assert len(world.notes.rows) == 3


@every_way
@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "\u0000"},
        {"text": {"a": 1}},
        {"text": ["x"]},
        {"ids": {"0": 1}},
        {"ids": [1.5]},
        {"ids": [True]},
        {"__class__": "x"},
        {"": ""},
        {"text": "\U0001f457" * 100},
    ],
)
@pytest.mark.requirement("mcp:hostile-input")
async def test_strange_arguments_end_in_a_result(
    world: World, way: tuple[str, str], arguments: dict[str, object]
) -> None:
    async with host(world, way) as client:
        result = await client.call_tool("notes_echo", arguments)
        assert (await client.call_tool("notes_list")).structured_content
    assert not result.is_error or error_of(result)["code"] == "invalid_arguments"


@pytest.mark.parametrize("transport", ["memory", "http"])
@pytest.mark.requirement("mcp:profiles")
async def test_the_default_profile_lists_and_calls_core_tools_only(world: World, transport: str) -> None:
    async with host(world, (transport, "modern"), profile="default") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        refused = await client.call_tool("notes_show", {"note": 1})
        through = await client.call_tool("tools_read", {"name": "notes_show", "arguments": {"note": 1}})
    assert "notes_list" in names
    assert "notes_show" not in names
    assert error_of(refused)["code"] == "unknown_tool"
    assert "tools_read" in error_of(refused)["hint"]
    assert data_of(through)["title"] == "one"


@every_way
@pytest.mark.requirement("mcp:scopes")
async def test_lists_are_cut_by_scopes_and_so_are_calls(world: World, way: tuple[str, str]) -> None:
    async with host(world, way, principal=READER) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        refused = await client.call_tool("notes_create", {"title": "x"})
        around = await client.call_tool("tools_call", {"name": "notes_create", "arguments": {"title": "x"}})
    assert "notes_show" in names
    assert "notes_create" not in names
    for result in (refused, around):
        assert error_of(result)["code"] == "forbidden"
        assert error_of(result)["details"]["missing_scopes"] == ["notes:write"]
    assert world.notes.requests == []


@pytest.mark.requirement("mcp:annotations")
async def test_hints_follow_from_the_policy(world: World) -> None:
    async with host(world, MEMORY) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    hints = {name: tool.annotations for name, tool in tools.items() if tool.annotations}
    assert len(hints) == len(tools)
    for name in ("notes_list", "notes_show", "tools_read", "changes_show"):
        assert hints[name].read_only_hint is True
    for name in ("notes_burn", "tools_call", "changes_apply"):
        assert hints[name].read_only_hint is False
        assert hints[name].destructive_hint is True
    assert hints["notes_update"].destructive_hint is False
    assert hints["notes_update"].read_only_hint is False
    assert tools["notes_update"].title == "Notes update"


@pytest.mark.requirement("mcp:lists")
async def test_lists_are_stable_private_and_one_page(world: World) -> None:
    async with host(world, MEMORY) as client:
        first, second = await client.list_tools(), await client.list_tools()
        with pytest.raises(MCPError, match="one page"):
            await client.list_tools(cursor="next")
    assert first == second
    assert (first.cache_scope, first.ttl_ms) == ("private", 60_000)


@every_way
@pytest.mark.requirement("mcp:run-time-tools")
async def test_a_tool_added_at_run_time_is_listed_and_called(world: World, way: tuple[str, str]) -> None:
    async with host(world, way, profile="default") as client:
        before = {tool.name for tool in (await client.list_tools()).tools}
        world.app.registry.add(late_pack())
        after = {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool("late_show")
    assert after - before == {"late_show"}
    assert data_of(result) == {"text": "late"}


@pytest.mark.requirement("mcp:instructions")
async def test_instructions_say_how_to_find_tools_and_how_changes_work(world: World) -> None:
    for era in ("modern", "legacy"):
        async with host(world, ("memory", era)) as client:
            said = client.instructions or ""
        assert len(said.encode()) <= 2_048
        for word in ("tools_find", "preview", "changes_apply", "changes_undo", "waits_for_person", "notes"):
            assert word in said
