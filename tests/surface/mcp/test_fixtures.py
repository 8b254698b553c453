"""The conformance suite's fixtures, whose answers go past DevSkyy's own results: in tests, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError

from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.surfaces.mcp.caller import Caller, fixed
from devskyy_mcp.surfaces.mcp.server import Surface
from tests.conformance.fixtures import MISSING_CAPABILITY, pack
from tests.fakes.jobs import Press
from tests.fakes.notes import Notes
from tests.fakes.packs import Waiting, notes_pack

from .world import ADA, World, data_of, error_of, host

pytestmark = pytest.mark.requirement("mcp:hook")
MEMORY = ("memory", "modern")


def world_of(folder: Path) -> World:
    notes, waiting = Notes("one"), Waiting()
    settings = Settings(environment="test", data_dir=folder)
    return World(build(settings, [notes_pack(notes, waiting), pack]), notes, waiting, Press())


def test_a_server_outside_of_tests_does_not_start_with_them(tmp_path: Path) -> None:
    settings = Settings(environment="development", data_dir=tmp_path)
    with pytest.raises(Refused) as refused:
        Surface(build(settings, [pack]), fixed(Caller(ADA, "full", "stdio")))
    assert refused.value.code is Code.NOT_CONFIGURED
    assert "ENVIRONMENT=test" in refused.value.hint


async def test_their_answers_go_out_as_they_are_and_other_tools_beside_them_as_ever(tmp_path: Path) -> None:
    async with host(world_of(tmp_path), MEMORY) as client:
        [picture] = (await client.call_tool("test_image_content", {})).content
        assert isinstance(picture, types.ImageContent)
        refused = await client.call_tool("test_error_handling", {})
        assert error_of(refused)["code"] == "upstream_refused"
        with pytest.raises(MCPError) as caught:
            await client.call_tool("test_missing_capability", {})
        assert caught.value.error.code == MISSING_CAPABILITY
        assert data_of(await client.call_tool("notes_echo", {"text": "as ever"})) == {"text": "as ever"}


async def test_their_prompts_and_resources_are_read_like_all_others(tmp_path: Path) -> None:
    async with host(world_of(tmp_path), MEMORY) as client:
        shown = await client.get_prompt("test_prompt_with_image")
        assert [message.content.type for message in shown.messages] == ["image", "text"]
        plain = await client.get_prompt("test_simple_prompt")
        said: Any = plain.messages[0].content
        assert said.text == "This is a simple prompt for testing."
