"""A person must agree: by elicitation in both eras, or elsewhere when the host can't ask."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError
from pydantic import SecretStr

from devskyy_mcp.surfaces.mcp.secret import state_secret
from devskyy_mcp.surfaces.mcp.server import QUESTIONS
from tests.fakes.served import settings_for

from .world import WAYS, Person, World, data_of, error_of, host, make_world, text_of

every_way = pytest.mark.parametrize("way", WAYS, ids="-".join)
MODERN = ("http", "modern")
NO: list[dict[str, Any]] = [
    {"action": "decline"},
    {"action": "cancel"},
    {"action": "accept", "content": {"agree": False}},
    {"action": "accept", "content": {}},
    {"action": "accept", "content": {"agree": "yes"}},
]


@every_way
@pytest.mark.requirement("mcp:elicitation")
async def test_what_a_person_agrees_to_is_done_once_in_their_name(world: World, way: tuple[str, str]) -> None:
    person = Person()
    async with host(world, way, person=person) as client:
        done = data_of(await client.call_tool("notes_burn", {"note": 2}))
    assert (done["state"], done["approved_by"]) == ("applied", "ada (elicitation)")
    assert world.notes.requests == [("delete", 2)]
    [question] = person.asked
    assert 'note 2 "two"' in question
    assert "Can't be undone" in question


@every_way
@pytest.mark.parametrize("answer", NO, ids=lambda answer: f"{answer['action']}{answer.get('content', '')}")
@pytest.mark.requirement("mcp:elicitation")
async def test_anything_but_a_yes_sends_nothing(world: World, way: tuple[str, str], answer: dict[str, Any]) -> None:
    async with host(world, way, person=Person([answer])) as client:
        result = await client.call_tool("notes_burn", {"note": 2})
    assert error_of(result)["code"] == "declined"
    assert world.notes.requests == []


@every_way
@pytest.mark.requirement("mcp:elicitation")
async def test_who_agrees_to_a_stale_plan_is_asked_again_with_the_new_one(world: World, way: tuple[str, str]) -> None:
    person = Person()

    def edited() -> None:
        if len(person.asked) == 1:
            world.notes.rows[2]["title"] = "edited meanwhile"

    person.before = edited
    async with host(world, way, person=person) as client:
        done = data_of(await client.call_tool("notes_burn", {"note": 2}))
    assert done["state"] == "applied"
    assert len(person.asked) == 2
    assert "edited meanwhile" in person.asked[1]
    assert world.notes.requests == [("delete", 2)]


@every_way
@pytest.mark.requirement("mcp:elicitation")
async def test_whose_plan_is_stale_each_time_is_not_asked_for_ever(world: World, way: tuple[str, str]) -> None:
    person = Person()

    def edited() -> None:
        world.notes.rows[2]["title"] = f"edited {len(person.asked)} times meanwhile"

    person.before = edited
    async with host(world, way, person=person) as client:
        if way[1] == "modern":  # its host has a limit of its own
            with pytest.raises(RuntimeError, match="rounds"):
                await client.call_tool("notes_burn", {"note": 2})
        else:
            result = await client.call_tool("notes_burn", {"note": 2})
            assert len(person.asked) == QUESTIONS
            assert error_of(result)["code"] == "stale"
            assert f"edited {QUESTIONS} times" in text_of(result)
    assert world.notes.requests == []


@every_way
@pytest.mark.requirement("mcp:elicitation")
async def test_a_preview_is_applied_after_a_question(world: World, way: tuple[str, str]) -> None:
    async with host(world, way, person=Person()) as client:
        proposed = data_of(await client.call_tool("notes_shout", {"words": "sale!", "preview": True}))
        assert world.notes.shouted == []
        done = data_of(await client.call_tool("changes_apply", {"change": proposed["change"]}))
    assert (proposed["state"], done["state"]) == ("proposed", "applied")
    assert world.notes.shouted == ["sale!"]


@every_way
@pytest.mark.requirement("mcp:waits-for-person")
async def test_a_host_that_cannot_ask_gets_the_way_to_a_person(world: World, way: tuple[str, str]) -> None:
    async with host(world, way) as client:
        result = await client.call_tool("notes_burn", {"note": 2})
        again = data_of(await client.call_tool("notes_burn", {"note": 2}))
    view = data_of(result)
    assert view["state"] == "waits_for_person"
    assert view["approve"]["page"].endswith(f"/approvals/{view['change']}")
    assert view["approve"]["command"] == f"devskyy approve {view['change']}"
    assert view["approve"]["page"] in text_of(result)
    assert again["change"] == view["change"]
    assert world.notes.requests == []


@pytest.mark.requirement("mcp:waits-for-person")
async def test_a_host_whose_question_fails_falls_back_to_a_person_elsewhere(world: World) -> None:
    async def broken(context: object, params: types.ElicitRequestParams) -> types.ErrorData:
        return types.ErrorData(code=types.INTERNAL_ERROR, message="no window")

    async with host(world, ("memory", "legacy"), person=broken) as client:
        view = data_of(await client.call_tool("notes_burn", {"note": 2}))
    assert view["state"] == "waits_for_person"
    assert world.notes.requests == []


@pytest.mark.requirement("mcp:sealed-state")
async def test_the_state_between_rounds_is_bound_to_the_call(world: World) -> None:
    # A host's elicitation callback would answer by itself: here the rounds are made by hand, on a session below it.
    agreed: Any = {"agree": types.ElicitResult(action="accept", content={"agree": True})}
    async with host(world, MODERN, person=Person()) as client:

        async def call(note: int, **more: Any) -> Any:
            return await client.session.call_tool("notes_burn", {"note": note}, allow_input_required=True, **more)

        first = await call(2)
        state: str = first.request_state
        assert state
        assert "chg_" not in state
        forged = [(3, state), (2, state[:-2] + "xx"), (2, "chg_AAAAAAAAAAAA")]
        for note, sent in forged:
            with pytest.raises(MCPError) as caught:
                await call(note, input_responses=agreed, request_state=sent)
            assert caught.value.error.code == types.INVALID_PARAMS
        assert world.notes.requests == []
        done = await call(2, input_responses=agreed, request_state=state)
        replayed = await call(2, input_responses=agreed, request_state=state)
    assert done.structured_content["state"] == "applied"
    assert replayed.structured_content["repeated"] is True
    assert world.notes.requests == [("delete", 2)]


@pytest.mark.requirement("mcp:sealed-state")
async def test_an_answer_without_its_state_decides_nothing(world: World) -> None:
    agreed: Any = {"agree": types.ElicitResult(action="accept", content={"agree": True})}
    async with host(world, MODERN, person=Person()) as client:
        again = await client.session.call_tool(
            "notes_burn", {"note": 2}, input_responses=agreed, allow_input_required=True
        )
    assert isinstance(again, types.InputRequiredResult)
    assert world.notes.requests == []


@pytest.mark.requirement("mcp:sealed-state")
async def test_another_process_on_the_data_folder_can_take_the_answer(tmp_path: Path) -> None:
    agreed: Any = {"agree": types.ElicitResult(action="accept", content={"agree": True})}
    first, second = make_world(tmp_path), make_world(tmp_path)
    async with host(first, MODERN, person=Person()) as client:
        asked: Any = await client.session.call_tool("notes_burn", {"note": 2}, allow_input_required=True)
    async with host(second, MODERN, person=Person()) as client:
        done: Any = await client.session.call_tool(
            "notes_burn",
            {"note": 2},
            input_responses=agreed,
            request_state=asked.request_state,
            allow_input_required=True,
        )
    assert done.structured_content["state"] == "applied"
    assert (first.notes.requests, second.notes.requests) == ([], [("delete", 2)])


@pytest.mark.requirement("mcp:sealed-state")
def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    folder = settings.data_dir
    first = state_secret(settings)
    assert state_secret(settings) == first
    assert len(first) == 32
    assert stat.S_IMODE((folder / "state.key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["state.key"]


@pytest.mark.requirement("mcp:sealed-state")
def test_servers_with_one_jwt_secret_key_agree_without_a_file(tmp_path: Path) -> None:
    one, other = (settings_for(tmp_path / name, jwt_secret_key=SecretStr("x" * 40)) for name in "ab")
    assert state_secret(one) == state_secret(other)
    assert state_secret(one) != state_secret(settings_for(tmp_path / "c", jwt_secret_key=SecretStr("y" * 40)))
    assert not one.data_dir.exists()
