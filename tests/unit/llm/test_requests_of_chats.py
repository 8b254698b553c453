"""What OpenAI, Mistral and Groq are sent, field by field, and what they say beside the answer."""

from __future__ import annotations

import base64
import json
from typing import Any

import anyio
import pytest

from devskyy_mcp.llm.port import Caps, Image, Kind, Message, Name, Output, Text, Tool, ToolCall, ToolResult, Usage
from devskyy_mcp.llm.providers import calling
from tests.fakes.llm.server import Answer, Called, Fault, Spoken, event, wire
from tests.fakes.made import png

from .asking import FAR, ORDERS, SCHEMA, Desk, request

PICTURE = png(width=2, height=2)
URL = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
LOOK = Message("user", (Text("What is this?"), Image(PICTURE, "image/png")))
SYSTEM = (Text("You keep a shop.", cache=True), Text("Be brief."))
CHAT = [
    {"role": "system", "content": "You keep a shop.\n\nBe brief."},
    {
        "role": "user",
        "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": URL}}],
    },
]
STRICT = {
    "type": "object",
    "properties": {"limit": {"type": "integer"}, "status": {"type": ["string", "null"]}},
    "required": ["limit", "status"],
    "additionalProperties": False,
}
FREE = Tool("products_update", "Changes a product.", {"type": "object", "properties": {"fields": {"type": "object"}}})
OPTIONAL: dict[str, Any] = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "note": {"type": "string"}},
    "required": ["title"],
}


async def sent(desk: Desk, name: Name, **more: Any) -> Any:
    await desk.turn(name, Answer("Yes."), **more)
    return desk.body


async def test_openai_gets_all_of_it(desk: Desk) -> None:
    body = await sent(
        desk,
        "openai",
        system=SYSTEM,
        messages=(LOOK,),
        tools=(ORDERS, FREE),
        tool_choice="orders_list",
        output=Output("product", SCHEMA),
        effort="max",
        max_output=777,
        cache_key="run-1",
        extra={"openai": {"service_tier": "flex"}, "groq": {"ignored": 1}},
    )
    form = {"type": "json_schema", "name": "product", "schema": SCHEMA, "strict": True}
    head = {"type": "function", "name": "orders_list", "description": "Lists orders."}
    free = {"type": "function", "name": "products_update", "description": "Changes a product."}
    assert body == {
        "model": "gpt-5.4",
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "instructions": "You keep a shop.\n\nBe brief.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": URL, "detail": "auto"},
                ],
            }
        ],
        "tools": [head | {"parameters": STRICT, "strict": True}, free | {"parameters": FREE.schema, "strict": False}],
        "tool_choice": {"type": "function", "name": "orders_list"},
        "text": {"format": form},
        "reasoning": {"effort": "xhigh"},
        "max_output_tokens": 777,
        "prompt_cache_key": "run-1",
        "service_tier": "flex",
    }


async def test_mistral_gets_all_of_it(desk: Desk) -> None:
    body = await sent(
        desk,
        "mistral",
        system=SYSTEM,
        messages=(LOOK,),
        tools=(ORDERS,),
        tool_choice="orders_list",
        effort="low",
        max_output=777,
        cache_key="run-1",
        extra={"mistral": {"random_seed": 7}},
    )
    function = {"name": "orders_list", "description": "Lists orders.", "parameters": ORDERS.schema, "strict": True}
    assert body == {
        "model": "mistral-small-latest",
        "stream": True,
        "messages": CHAT,
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": "orders_list"}},
        "reasoning_effort": "high",
        "max_tokens": 777,
        "prompt_cache_key": "run-1",
        "random_seed": 7,
    }
    form = (await sent(desk, "mistral", output=Output("product", SCHEMA)))["response_format"]
    assert form == {"type": "json_schema", "json_schema": {"name": "product", "schema": SCHEMA, "strict": True}}


async def test_groq_gets_all_of_it(desk: Desk) -> None:
    body = await sent(
        desk,
        "groq",
        system=SYSTEM,
        messages=(LOOK,),
        tools=(ORDERS,),
        tool_choice="required",
        effort="max",
        max_output=777,
        extra={"groq": {"service_tier": "flex"}},
    )
    function = {"name": "orders_list", "description": "Lists orders.", "parameters": ORDERS.schema}
    assert body == {
        "model": "openai/gpt-oss-120b",
        "stream": True,
        "messages": CHAT,
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
        "reasoning_effort": "high",
        "max_completion_tokens": 777,
        "service_tier": "flex",
    }


async def test_groq_is_asked_in_one_piece_where_it_streams_none(desk: Desk) -> None:
    answer = Answer(json.dumps({"title": "Coat", "note": None}), reasoning=("Hm.",))
    turn = await desk.turn("groq", answer, output=Output("product", OPTIONAL))
    assert desk.body["stream"] is False
    assert desk.body["response_format"]["json_schema"]["strict"] is True
    assert json.loads(turn.text) == {"title": "Coat"}, "what is null was left out"
    assert (turn.reasoning, turn.request_id) == ("Hm.", f"req_{len(desk.models.asked)}")
    kimi = await sent(desk, "groq", model="moonshotai/kimi-k2-instruct", output=Output("product", OPTIONAL))
    assert kimi["response_format"]["json_schema"] == {"name": "product", "schema": OPTIONAL, "strict": False}
    for harm in ("truncated", "garbage"):
        wrong = Answer("Coat", fault=Fault(harm))  # pyright: ignore[reportArgumentType]
        assert (await desk.error("groq", wrong, output=Output("product", SCHEMA))).kind == "protocol"


@pytest.mark.parametrize(("name", "model"), [("mistral", None), ("groq", None), ("groq", "llama-3.3-70b-versatile")])
async def test_a_schema_is_told_in_words_where_there_is_no_field(desk: Desk, name: Name, model: str | None) -> None:
    more: dict[str, Any] = {"model": model} if model else {"tools": (ORDERS,)}
    body = await sent(desk, name, output=Output("product", SCHEMA), system=(Text("Hi."),), **more)
    assert "response_format" not in body
    assert body["messages"][0]["content"].startswith("Hi.\n\nAnswer with JSON alone")


@pytest.mark.parametrize(
    ("name", "model", "effort", "field", "value"),
    [
        ("openai", "gpt-4.1-mini", "high", "reasoning", None),
        ("openai", "gpt-5.4", "none", "reasoning", {"effort": "none"}),
        ("openai", "gpt-5.4", None, "reasoning", None),
        ("openai", "gpt-6.1-sol", "max", "reasoning", {"effort": "xhigh"}),
        ("openai", "gpt-5", "none", "reasoning", {"effort": "minimal"}),
        ("openai", "o4-mini", "max", "reasoning", {"effort": "high"}),
        ("openai", "gpt-5.2-chat-latest", "high", "reasoning", None),
        ("openai", "gpt-4.1-mini", None, "include", None),
        ("mistral", "mistral-small-latest", "none", "reasoning_effort", "none"),
        ("mistral", "magistral-medium-latest", "high", "reasoning_effort", None),
        ("mistral", "mistral-large-latest", "high", "reasoning_effort", None),
        ("groq", "qwen/qwen3-32b", "high", "reasoning_effort", "default"),
        ("groq", "qwen/qwen3-32b", None, "reasoning_format", "parsed"),
        ("groq", "qwen/qwen3.8-27b", "low", "reasoning_effort", "low"),
        ("groq", "openai/gpt-oss-20b", "none", "reasoning_effort", "low"),
        ("groq", "openai/gpt-oss-20b", "none", "reasoning_format", None),
        ("groq", "llama-3.3-70b-versatile", "high", "reasoning_effort", None),
    ],
)
async def test_models_think_as_they_can(
    desk: Desk, name: Name, model: str, effort: Any, field: str, value: Any
) -> None:
    assert (await sent(desk, name, model=model, effort=effort)).get(field) == value


async def test_openai_is_asked_for_no_fewer_tokens_than_it_takes(desk: Desk) -> None:
    assert (await sent(desk, "openai", max_output=1))["max_output_tokens"] == 16


async def test_null_of_a_strict_model_is_what_was_left_out(desk: Desk) -> None:
    """The tool gets what it takes, and the turn goes back as it came."""
    said = Called("orders_list", {"limit": 5, "status": None})
    turn = await desk.turn("openai", Answer(calls=(said,)), tools=(ORDERS,))
    assert turn.calls[0].arguments == {"limit": 5}
    assert turn.native["openai"][0]["arguments"] == said.text
    text = json.dumps({"title": "Coat", "note": None})
    turn = await desk.turn("openai", Answer((text[:9], text[9:])), output=Output("product", OPTIONAL))
    assert json.loads(turn.text) == {"title": "Coat"}
    cut = Answer((text[:9], text[9:]), fault=Fault("truncated", 5))
    error = await desk.error("openai", cut, output=Output("product", OPTIONAL))
    assert error.partial is not None
    assert error.partial.text == text[:9]


async def test_openai_gets_no_reasoning_that_led_to_nothing(desk: Desk) -> None:
    cut = await desk.turn("openai", Answer((), reasoning=("Hm.",), stop="length"))
    assert (cut.reasoning, cut.native) == ("Hm.", {})
    body = await sent(desk, "openai", messages=(LOOK, cut.message(), Message("user", (Text("Well?"),))))
    assert [item["role"] for item in body["input"]] == ["user", "user"]


async def test_mistral_takes_ids_of_nine_letters_only(desk: Desk) -> None:
    call = ToolCall("toolu_01A", "orders_list", "{}")
    back = Message("user", (ToolResult(call.id, call.name, "[]"),))
    body = await sent(desk, "mistral", messages=(LOOK, Message("assistant", (call,)), back), tools=(ORDERS,))
    made = body["messages"][1]["tool_calls"][0]["id"]
    assert made == body["messages"][2]["tool_call_id"]
    assert len(made) == 9
    assert made.isalnum()


@pytest.mark.parametrize("name", ["openai", "mistral", "groq"])
async def test_usage_is_told_apart(desk: Desk, name: Name) -> None:
    said = Usage(20, 1000, 0, 0, 3, 40) if name != "openai" else Usage(20, 1000, 300, 200, 3, 40)
    used = (await desk.turn(name, Answer("Yes.", usage=said))).usage
    assert (
        Usage(used.input, used.cache_read, used.cache_write_5m, used.cache_write_1h, used.output, used.reasoning)
        == said
    )


@pytest.mark.parametrize(
    ("name", "last", "kind", "detail"),
    [
        ("openai", {"type": "error", "code": "rate_limit_exceeded", "message": "Slow."}, "rate_limit", None),
        ("openai", {"type": "error", "code": None, "message": "sk-secret"}, "server", ""),
        ("openai", {"type": "response.failed", "response": {"error": {"code": "server_error"}}}, "server", None),
        ("openai", {"type": "response.failed", "response": {"error": {"code": "bio_policy"}}}, "content_filter", None),
        ("mistral", {"object": "error", "message": "sk-secret", "type": "oops it broke"}, "server", ""),
        ("mistral", {"error": {"message": "sk-secret", "type": "rate_limited", "code": 1300}}, "rate_limit", None),
        ("mistral", {"choices": "none"}, "protocol", ""),
        ("groq", {"error": {"message": "sk-secret", "code": "tool_use_failed"}}, "server", None),
        ("groq", {"error": {"message": "sk-secret", "type": "invalid_request_error"}}, "server", None),
    ],
)
async def test_an_error_within_a_stream_is_told_by_its_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: Name, last: dict[str, Any], kind: Kind, detail: str | None
) -> None:
    spoken = wire(name)
    if "response" in last:
        usage = {"input_tokens": 11, "output_tokens": 2, "total_tokens": 13}
        usage |= {"input_tokens_details": {"cached_tokens": 1}, "output_tokens_details": {"reasoning_tokens": 0}}
        last = last | {"response": {"id": "r", "status": "failed", "output": [], "usage": usage} | last["response"]}
    frame = event(last.get("type", "") if name == "openai" else "", last)
    real = spoken.answer

    def answer(said: Answer, asked: Any) -> Spoken:
        return Spoken([*real(said, asked).events[:-3], frame])

    monkeypatch.setattr(spoken, "answer", answer)
    error = await desk.error(name, Answer(("Five ", "orders.")))
    assert error.kind == kind
    assert "secret" not in f"{error} {error.detail} {error.__cause__}"
    assert error.detail == detail or detail is None
    assert error.partial is not None
    assert error.partial.text.startswith("Five")
    if "response" in last:
        assert error.partial.usage.total_in == 11, "what it cost goes with the error"


async def test_fields_that_a_client_does_not_know_are_refused_before_sending(desk: Desk) -> None:
    known = len(desk.models.asked)
    error = await desk.error("mistral", Answer("Yes."), extra={"mistral": {"no_such_field": 1}})
    assert (error.kind, error.detail, len(desk.models.asked)) == ("bad_request", "TypeError", known)
    desk.models.script.clear()


async def test_what_models_can_do_is_told_without_asking(desk: Desk) -> None:
    known = len(desk.models.asked)
    openai, groq = await desk.adapter("openai"), await desk.adapter("groq")
    assert openai.caps("gpt-5.4") == Caps(vision=True, reasoning=True, cache=True, count=True)
    assert not openai.caps("gpt-4.1").reasoning
    assert not openai.caps("gpt-3.5-turbo").schema
    assert groq.caps("llama-3.3-70b-versatile") == Caps(schema=False, schema_with_tools=False)
    assert (await desk.adapter("mistral")).caps("mistral-small-latest").vision
    assert len(desk.models.asked) == known


async def test_openai_counts_what_the_model_reads(desk: Desk) -> None:
    asking = request("openai", system=SYSTEM, tools=(ORDERS,), output=Output("product", SCHEMA), effort="low")
    adapter = await desk.adapter("openai")
    desk.models.script.clear()
    await adapter.count(asking, anyio.current_time() + FAR)
    assert desk.models.asked[-1].path == "/v1/responses/input_tokens"
    assert desk.body.keys() == {"model", "input", "instructions", "tools", "tool_choice", "text", "reasoning"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "-7"}, 0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert calling.retry_after(headers) == seconds
