"""Resources, prompts and completion."""

from __future__ import annotations

import base64
import json
from typing import Any

import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError

from devskyy_mcp.context import Principal

from .world import WAYS, World, data_of, host

every_way = pytest.mark.parametrize("way", WAYS, ids="-".join)
NOBODY = Principal("client:nobody", "client", frozenset(), "nobody")


@every_way
@pytest.mark.requirement("mcp:resources")
async def test_resources_and_templates_are_listed_and_read(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        listed = [str(item.uri) for item in (await client.list_resources()).resources]
        templates = [item.uri_template for item in (await client.list_resource_templates()).resource_templates]
        note: Any = (await client.read_resource("devskyy://notes/2")).contents[0]
        words: Any = (await client.read_resource("devskyy://notes-help")).contents[0]
        picture: Any = (await client.read_resource("devskyy://notes-logo")).contents[0]
    assert listed == ["devskyy://notes", "devskyy://notes-help", "devskyy://notes-logo"]
    assert templates == ["devskyy://changes/{id}", "devskyy://notes/{id}"]
    assert json.loads(note.text)["title"] == "two"
    assert (note.uri, note.mime_type) == ("devskyy://notes/2", "application/json")
    assert (words.text, words.mime_type) == ("Notes are short.", "text/plain")
    assert (base64.b64decode(picture.blob), picture.mime_type) == (b"\x89PNG\r\n", "image/png")


@every_way
@pytest.mark.parametrize(
    "uri",
    [
        "devskyy://notes/99",
        "devskyy://notes/../shop",
        "devskyy://notes/1/2",
        "devskyy://notes/",
        "devskyy://notes/%2e%2e",
        "file:///etc/passwd",
        "devskyy://notes/{id}",
        "x" * 20_000,
    ],
    ids=lambda uri: uri[:30],
)
@pytest.mark.requirement("mcp:resources")
async def test_what_is_not_there_is_an_error_with_the_address(world: World, way: tuple[str, str], uri: str) -> None:
    async with host(world, way) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
    error = caught.value.error
    assert error.code == (types.INVALID_PARAMS if way[1] == "modern" else -32002)
    assert error.data["code"] == "not_found"
    assert uri.startswith(error.data["uri"])
    assert len(json.dumps(error.data)) < 5_000


@pytest.mark.requirement("mcp:scopes")
async def test_who_may_not_read_sees_and_gets_nothing(world: World) -> None:
    async with host(world, ("memory", "modern"), principal=NOBODY) as client:
        assert (await client.list_resources()).resources == []
        assert (await client.list_prompts()).prompts == []
        for refused in (client.read_resource("devskyy://notes/1"), client.get_prompt("notes_briefing")):
            with pytest.raises(MCPError) as caught:
                await refused
            assert caught.value.error.data["code"] == "forbidden"


@every_way
@pytest.mark.requirement("mcp:resources")
async def test_a_change_can_be_read_by_its_address(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        made = data_of(await client.call_tool("notes_create", {"title": "new"}))
        found: Any = (await client.read_resource(f"devskyy://changes/{made['change']}")).contents[0]
    assert json.loads(found.text)["state"] == "applied"


@every_way
@pytest.mark.requirement("mcp:prompts")
async def test_prompts_are_listed_and_filled_in(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        [listed] = (await client.list_prompts()).prompts
        got = await client.get_prompt("notes_briefing", {"topic": "denim"})
        for name, arguments in (("notes_brief", {}), ("notes_briefing", {"tpoic": "x"})):
            with pytest.raises(MCPError) as caught:
                await client.get_prompt(name, arguments)
            assert caught.value.error.data["code"] in {"not_found", "invalid_arguments"}
        with pytest.raises(MCPError, match=r"10,000 characters"):
            await client.get_prompt("notes_briefing", {"topic": "x" * 20_000})
    assert listed.arguments is not None
    assert [item.name for item in listed.arguments] == ["topic"]
    [message] = got.messages
    assert isinstance(message.content, types.TextContent)
    assert message.content.text == "Sum up the 3 notes about denim."


@every_way
@pytest.mark.requirement("mcp:completion")
async def test_arguments_and_variables_are_completed(world: World, way: tuple[str, str]) -> None:
    prompt = types.PromptReference(name="notes_briefing")
    note = types.ResourceTemplateReference(uri="devskyy://notes/{id}")
    async with host(world, way) as client:
        topics = await client.complete(prompt, {"name": "topic", "value": "d"})
        none = await client.complete(prompt, {"name": "other", "value": "d"})
        ids = await client.complete(note, {"name": "id", "value": ""})
        with pytest.raises(MCPError):
            await client.complete(types.PromptReference(name="nothing"), {"name": "topic", "value": ""})
        for _ in range(150):
            world.notes.put(title="more")
        many = await client.complete(note, {"name": "id", "value": ""})
    assert topics.completion.values == ["dresses", "denim"]
    assert none.completion.values == []
    assert ids.completion.values == ["1", "2", "3"]
    assert len(many.completion.values) == 100
    assert many.completion.has_more is True
