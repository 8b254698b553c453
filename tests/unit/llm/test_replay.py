"""Conversations: turns go back as they came, to others in common words, and what was sent once stays as it was."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import pytest

from devskyy_mcp.llm.port import Message, Name, Text, ToolCall, ToolResult, Turn
from tests.fakes.llm.server import SIGNATURE, Answer, Called

from .asking import ORDERS, PROVIDERS, Desk

LOOK = Answer(
    ("I'll ", "look."),
    (Called("orders_list", {"limit": 5}), Called("orders_list", {"limit": 2}, "call_2")),
    ("Which ", "orders?"),
)
ASKED = Message("user", (Text("How many orders?"),))
TURNS = {name: {"openai": "input", "google": "contents"}.get(name, "messages") for name in PROVIDERS}
"""The field of the request that holds the conversation."""
SIGNED: tuple[Name, ...] = ("openai", "anthropic", "google", "mistral")


def given(turn: Turn) -> Message:
    """What the tools gave, the second with an error."""
    first, second = turn.calls
    results = ToolResult(first.id, first.name, '{"count": 5}'), ToolResult(second.id, second.name, "No access.", True)
    return Message("user", results)


def text_of(value: Any) -> str:
    """JSON in one form; base64 in one of its two alphabets, which providers take alike."""
    return json.dumps(value, sort_keys=True).replace("-", "+").replace("_", "/")


async def looked(desk: Desk, name: Name) -> tuple[Turn, tuple[Message, ...]]:
    turn = await desk.turn(name, LOOK, messages=(ASKED,), tools=(ORDERS,), effort="low")
    return turn, (ASKED, turn.message(), given(turn))


@pytest.mark.requirement("llm:replay")
@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_turn_goes_back_as_it_came(desk: Desk, name: Name) -> None:
    turn, messages = await looked(desk, name)
    native = json.loads(json.dumps(turn.native[name]))  # as it lies in a database
    stored = Message("assistant", messages[1].blocks, {name: native})
    await desk.turn(name, Answer("Five."), messages=(ASKED, stored, messages[2]), tools=(ORDERS,))
    sent = text_of(native)
    assert (sent[1:-1] if isinstance(native, list) else sent) in text_of(desk.body)
    if name in SIGNED:
        assert text_of(SIGNATURE)[1:-1] in text_of(desk.body)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_what_tools_gave_goes_back(desk: Desk, name: Name) -> None:
    _, messages = await looked(desk, name)
    await desk.turn(name, Answer("Five."), messages=messages, tools=(ORDERS,))
    counted, refused = desk.models.asked[-1].results
    assert counted == '{"count": 5}'
    assert "No access." in refused


@pytest.mark.parametrize("name", PROVIDERS)
async def test_what_was_sent_once_stays_as_it_was(desk: Desk, name: Name) -> None:
    """A prompt is read from a provider's cache as far as it is the same."""
    _, messages = await looked(desk, name)
    bodies = [desk.body]
    for length in (3, 5):
        more = (*messages, Message("assistant", (Text("Five."),)), Message("user", (Text("And refunds?"),)))[:length]
        await desk.turn(name, Answer("Five."), messages=more, tools=(ORDERS,), effort="low")
        bodies.append(desk.body)
    for before, after in pairwise(bodies):
        turns = before.pop(TURNS[name])
        assert after[TURNS[name]][: len(turns)] == turns
    rest = [{key: value for key, value in body.items() if key != TURNS[name]} for body in bodies]
    assert rest[0] == rest[1] == rest[2]


@pytest.mark.parametrize("before", PROVIDERS)
@pytest.mark.parametrize("name", PROVIDERS)
async def test_another_provider_gets_the_turn_in_common_words(desk: Desk, name: Name, before: Name) -> None:
    if name == before:
        return
    _, messages = await looked(desk, before)
    turn = await desk.turn(name, Answer("Five."), messages=messages, tools=(ORDERS,))
    assert turn.text == "Five."
    assert len(desk.models.asked[-1].results) == 2
    body = json.dumps(desk.body)
    assert "I'll look." in body
    assert SIGNATURE not in body
    assert "Which orders?" not in body, "what another thought is its own"


@pytest.mark.parametrize("name", PROVIDERS)
async def test_broken_arguments_can_be_answered(desk: Desk, name: Name) -> None:
    """A call whose arguments were no JSON goes back with what was wrong about it."""
    broken = Message("assistant", (Text(""), ToolCall("call_1", "orders_list", '{"limit": ')))
    wrong = Message("user", (ToolResult("call_1", "orders_list", "The arguments are no JSON.", True),))
    turn = await desk.turn(name, Answer("I see."), messages=(ASKED, broken, wrong), tools=(ORDERS,))
    assert turn.text == "I see."
    assert ["no JSON" in result for result in desk.models.asked[-1].results] == [True]


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_turn_in_which_nothing_was_said_is_left_out(desk: Desk, name: Name) -> None:
    silent = await desk.turn(name, Answer((), stop="length"))
    await desk.turn(name, Answer("Yes."), messages=(ASKED, silent.message(), Message("user", (Text("Well?"),))))
    assert [turn["role"] for turn in desk.body[TURNS[name]]] == ["user", "user"]


async def test_google_signs_for_calls_of_others_once(desk: Desk) -> None:
    calls = ToolCall("a", "orders_list", '{"limit": 1}'), ToolCall("b", "orders_list", "{}")
    results = Message("user", tuple(ToolResult(call.id, call.name, "[]") for call in calls))
    await desk.turn("google", Answer("None."), messages=(ASKED, Message("assistant", calls), results), tools=(ORDERS,))
    first, second = desk.body["contents"][1]["parts"]
    assert base64.urlsafe_b64decode(first["thoughtSignature"]) == b"skip_thought_signature_validator"
    assert "thoughtSignature" not in second
    assert [part["functionCall"]["id"] for part in (first, second)] == ["a", "b"]
