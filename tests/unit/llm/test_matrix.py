"""What each provider may answer, and what becomes of it: the same for all, but where one has no such thing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import pytest

from devskyy_mcp.llm.folding import Folding
from devskyy_mcp.llm.port import (
    NAMES,
    RETRYABLE,
    Event,
    Kind,
    LLMError,
    Name,
    Native,
    Output,
    Reason,
    ReasoningDelta,
    Start,
    Stop,
    TextDelta,
    ToolDelta,
    ToolEnd,
    ToolStart,
    Turn,
    Usage,
    Used,
)
from tests.fakes.llm.server import Answer, Called, Fault, Refusal, Step, wire

from .asking import FAR, NEAR, ORDERS, PROVIDERS, SCHEMA, Desk, request

JSON = json.dumps({"title": "Coat", "price": 120.5})
CALL = Called("orders_list", {"limit": 5, "status": "on-hold"})
OTHER = Called("orders_list", {"limit": 1}, "call_2")
BROKEN = Called("orders_list", '{"limit": ')


@dataclass(frozen=True)
class Case:
    """An answer, and the reason that it ends with or the kind of the error.

    Args:
        step: what the provider says.
        ends: with ``Stop`` and this reason.
        fails: with this kind.
        but: what ends or fails in another way at a provider; None where it has no such answer.
        more: fields of the request.
        left: seconds until the deadline.
    """

    step: Step
    ends: Reason | None = None
    fails: Kind | None = None
    but: dict[Name, Reason | Kind | None] = field(default_factory=dict[Name, "Reason | Kind | None"])
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    left: float = FAR


TOOLS = {"tools": (ORDERS,)}
CASES = {
    "words": Case(Answer(("Five ", "orders", ".")), "end"),
    "one piece": Case(Answer("Five orders."), "end"),
    "thought": Case(
        Answer(("Five.",), reasoning=("Let me ", "see."), usage=Usage(11, output=7, reasoning=40)),
        "end",
        more={"effort": "low"},
    ),
    "a tool": Case(Answer(calls=(CALL,)), "tool", more=TOOLS),
    "words and a tool": Case(Answer(("I'll look.",), (CALL,)), "tool", more=TOOLS),
    "thought and two tools": Case(Answer((), (CALL, OTHER), ("Hm.",)), "tool", more=TOOLS | {"effort": "high"}),
    "no arguments": Case(Answer(calls=(Called("orders_list", {}),)), "tool", more=TOOLS),
    "arguments that are no JSON": Case(Answer(calls=(BROKEN,)), "tool", more=TOOLS, but={"google": "protocol"}),
    "a schema": Case(Answer(JSON), "end", more={"output": Output("product", SCHEMA)}),
    "a schema beside tools": Case(Answer(JSON), "end", more=TOOLS | {"output": Output("product", SCHEMA)}),
    "from the cache": Case(Answer("Yes.", usage=Usage(20, 1000, 0, 0, 3, 0)), "end"),
    "too long an answer": Case(Answer("Five o", stop="length"), "length"),
    "filtered": Case(Answer("Well, ", stop="filter"), "filter", but={"cohere": None, "mistral": None}),
    "filtered at once": Case(Answer((), stop="filter"), "filter", but={"cohere": None, "mistral": None}),
    "declined": Case(
        Answer("I'd rather not.", stop="refusal"), "refusal", but={"cohere": None, "mistral": None, "groq": None}
    ),
    "full": Case(
        Answer("Five o", stop="context"), "context", but={"openai": None, "google": None, "cohere": None, "groq": None}
    ),
    "paused": Case(Answer("Five o", stop="pause"), "pause", but=dict.fromkeys(set(NAMES) - {"anthropic"})),
    "ends too early": Case(Answer(("Five ", "orders"), fault=Fault("truncated")), fails="truncated"),
    "an error within": Case(Answer(("a", "b"), fault=Fault("error")), fails="overloaded", but={"cohere": "server"}),
    "breaks": Case(Answer(("Five ", "orders"), fault=Fault("dropped")), fails="connection"),
    "half an event": Case(Answer(("Five ", "orders"), fault=Fault("garbage")), fails="protocol"),
    "a page": Case(Answer("Five", fault=Fault("page")), fails="protocol"),
    "a gateway's page": Case(Answer("Five", fault=Fault("gateway")), fails="server"),
    "a redirect": Case(Answer("Five", fault=Fault("moved")), fails="protocol"),
    "falls silent": Case(Answer(("Five ", "orders"), fault=Fault("silence")), fails="timeout", left=NEAR),
    "never answers": Case(Answer("Five", fault=Fault("mute")), fails="timeout", left=NEAR),
    "429": Case(Refusal("rate_limit", "3"), fails="rate_limit"),
    "529": Case(Refusal("overloaded"), fails="overloaded"),
    "500": Case(Refusal("server"), fails="server"),
    "504": Case(Refusal("timeout"), fails="timeout"),
    "wrong key": Case(Refusal("auth"), fails="auth"),
    "forbidden": Case(Refusal("permission"), fails="permission"),
    "unknown model": Case(Refusal("not_found"), fails="not_found"),
    "malformed": Case(Refusal("bad_request"), fails="bad_request"),
    "too long a prompt": Case(Refusal("context_length"), fails="context_length"),
}
MATRIX = [
    pytest.param(name, case, whole, id=f"{name}-{title}-{'whole' if whole else 'stream'}")
    for name in PROVIDERS
    for title, case in CASES.items()
    if case.but.get(name, "") is not None
    for whole in (False, True)
]


@pytest.mark.requirement("llm:answers")
@pytest.mark.parametrize(("name", "case", "whole"), MATRIX)
async def test_every_answer_is_whole_or_an_error(desk: Desk, name: Name, case: Case, whole: bool) -> None:
    wanted = case.but.get(name) or case.ends or case.fails
    folding, error = Folding(), None
    desk.models.script[:] = [case.step]
    stream = (await desk.adapter(name)).stream(request(name, **case.more), anyio.current_time() + case.left)
    events: list[Event] = []
    try:
        async for event in stream:
            events.append(event)
            folding.take(event)
    except LLMError as raised:
        error = raised
    if not whole:
        check_order(events)
    if error is None:
        assert folding.turn.stop is not None
        assert folding.turn.stop.reason == wanted
        check_answer(name, folding.turn, cast("Answer", case.step))
        return
    check_error(desk, name, error, cast("Kind", wanted), case)
    assert folding.turn.stop is None
    if whole:
        assert error.partial == folding.turn, "what had come, which may cost money, goes with the error"


def check_order(events: list[Event]) -> None:
    """What the port promises of the order of events."""
    assert all(isinstance(event, Start) == (place == 0) for place, event in enumerate(events))
    assert all(not isinstance(event, Stop) for event in events[:-1])
    if not events or not isinstance(events[-1], Stop):
        return
    assert sum(isinstance(event, Native) for event in events) <= 1
    assert any(isinstance(event, Used) for event in events)
    begun: dict[str, list[str]] = {}
    for event in events:
        match event:
            case ToolStart(id=call):
                begun[call] = []
            case ToolDelta(id=call, text=text):
                begun[call].append(text)
            case ToolEnd(id=call, text=text):
                assert "".join(begun.pop(call)) in {text, ""}
            case TextDelta(text) | ReasoningDelta(text):
                assert text
            case _:
                pass
    assert not begun


def check_answer(name: Name, turn: Turn, said: Answer) -> None:
    assert turn.text == "".join(said.pieces)
    assert turn.reasoning == "".join(said.reasoning)
    assert turn.model
    assert turn.request_id
    assert [call.name for call in turn.calls] == [call.name for call in said.calls]
    assert len({call.id for call in turn.calls}) == len(said.calls)
    for call, meant in zip(turn.calls, said.calls, strict=True):
        assert call.arguments == (meant.arguments if isinstance(meant.arguments, dict) else None)
    assert turn.usage.total_in == said.usage.total_in
    assert turn.usage.cache_read == said.usage.cache_read
    assert turn.usage.reasoning in {said.usage.reasoning, 0}, "not all say how much was thought"
    if said.pieces or said.calls:
        assert turn.usage.total_out == said.usage.total_out
        assert name in turn.native
        json.dumps(turn.native)
    assert turn.usage.raw


def check_error(desk: Desk, name: Name, error: LLMError, kind: Kind, case: Case) -> None:
    assert error.kind == kind, error.detail
    assert error.provider == name
    assert error.retryable == (kind in RETRYABLE)
    if isinstance(case.step, Refusal):
        assert error.status == wire(name).refusal(case.step.kind)[0]
        assert error.message.isprintable()
        said = json.dumps(wire(name).refusal(case.step.kind)[1]).lower()
        assert error.message.lower().rstrip(".") not in said, "our words, not the provider's"
        assert wire(name).key not in f"{error} {error.detail}"
    assert not desk.models.faults, "a redirect is never followed: keys and prompts would go with it"
    if case.step == Refusal("rate_limit", "3"):
        assert error.retry_after == 3
