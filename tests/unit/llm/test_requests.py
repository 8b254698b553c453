"""What Anthropic, Google and Cohere are sent, field by field."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from devskyy_mcp.llm.port import Image, Message, Output, Text, Tool, ToolCall, ToolResult, Usage
from tests.fakes.llm.server import Answer, Refusal
from tests.fakes.made import png

from .asking import ORDERS, SCHEMA, Desk

PICTURE = png(width=2, height=2)
DATA = base64.b64encode(PICTURE).decode()
LOOK = Message("user", (Text("What is this?"), Image(PICTURE, "image/png")))
URLSAFE = base64.urlsafe_b64encode(PICTURE).decode()
"""In base64's other alphabet, which protocol buffers take alike; their names in snake case, too."""
KEYS_OF_ANOTHER = (
    "OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
    "GOOGLE_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY", "CO_API_KEY", "GROQ_API_KEY",
)  # fmt: skip
LOOSE: dict[str, Any] = {"type": "object", "properties": {"any": {}}, "additionalProperties": True}
"""A schema that no provider can hold its model to."""


async def sent(desk: Desk, name: Any, **more: Any) -> Any:
    await desk.turn(name, Answer("Yes."), **more)
    return desk.body


async def test_anthropic_gets_all_of_it(desk: Desk) -> None:
    body = await sent(
        desk,
        "anthropic",
        system=(Text("You keep a shop.", cache=True), Text("Be brief.")),
        messages=(LOOK,),
        tools=(ORDERS,),
        tool_choice="none",
        output=Output("product", SCHEMA),
        effort="max",
        max_output=777,
        extra={"anthropic": {"service_tier": "standard_only"}, "openai": {"ignored": 1}},
    )
    assert body == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 777,
        "stream": True,
        "system": [
            {"type": "text", "text": "You keep a shop.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be brief."},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
                ],
            }
        ],
        "tools": [{"name": "orders_list", "description": "Lists orders.", "input_schema": ORDERS.schema}],
        "tool_choice": {"type": "none"},
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "max"},
        "thinking": {"type": "adaptive", "display": "summarized"},
        "service_tier": "standard_only",
    }


async def test_google_gets_all_of_it(desk: Desk) -> None:
    body = await sent(
        desk,
        "google",
        system=(Text("You keep a shop.", cache=True), Text("Be brief.")),
        messages=(LOOK,),
        tools=(ORDERS,),
        tool_choice="orders_list",
        output=Output("product", SCHEMA),
        effort="medium",
        max_output=777,
        extra={"google": {"safetySettings": []}},
    )
    assert desk.models.asked[-1].path == "/v1/models/gemini-3.8-flash:streamGenerateContent"
    assert desk.models.asked[-1].query == "alt=sse"
    assert body == {
        "systemInstruction": {"parts": [{"text": "You keep a shop."}, {"text": "Be brief."}]},
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "What is this?"}, {"inlineData": {"mime_type": "image/png", "data": URLSAFE}}],
            }
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {"name": "orders_list", "description": "Lists orders.", "parameters_json_schema": ORDERS.schema}
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["orders_list"]}},
        "generationConfig": {
            "maxOutputTokens": 777,
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
            "thinkingConfig": {"include_thoughts": True, "thinking_level": "MEDIUM"},
        },
        "safetySettings": [],
    }


async def test_cohere_gets_all_of_it(desk: Desk) -> None:
    body = await sent(
        desk,
        "cohere",
        system=(Text("You keep a shop."), Text("Be brief.")),
        messages=(LOOK,),
        tools=(Tool("other", "Another.", {"type": "object", "properties": {}}), ORDERS),
        tool_choice="orders_list",
        max_output=777,
        extra={"cohere": {"safety_mode": "OFF"}},
    )
    function = {"name": "orders_list", "description": "Lists orders.", "parameters": ORDERS.schema}
    assert body == {
        "model": "command-a-plus-05-2026",
        "max_tokens": 777,
        "stream": True,
        "messages": [
            {"role": "system", "content": "You keep a shop.\n\nBe brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}},
                ],
            },
        ],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "REQUIRED",
        "safety_mode": "OFF",
    }


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "output"),
    [
        ("claude-sonnet-5-5", None, None, None),
        ("claude-sonnet-5-5", "none", {"type": "disabled"}, None),
        ("claude-sonnet-5-5", "low", {"type": "adaptive", "display": "summarized"}, {"effort": "low"}),
        ("claude-fable-5-2", "none", None, {"effort": "low"}),
        ("claude-haiku-4-5-20251001", "high", None, None),
        ("claude-haiku-4-5", "none", None, None),
    ],
)
async def test_anthropic_thinks_as_its_models_can(
    desk: Desk, model: str, effort: Any, thinking: Any, output: Any
) -> None:
    body = await sent(desk, "anthropic", model=model, effort=effort)
    assert body.get("thinking") == thinking
    assert body.get("output_config") == output


async def test_anthropic_does_not_think_where_a_tool_must_be_called(desk: Desk) -> None:
    body = await sent(desk, "anthropic", tools=(ORDERS,), tool_choice="orders_list", effort="high")
    assert "thinking" not in body
    assert body["output_config"] == {"effort": "high"}
    assert body["tool_choice"] == {"type": "tool", "name": "orders_list"}


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        ("gemini-3.8-flash", "none", {"include_thoughts": False, "thinking_level": "MINIMAL"}),
        ("gemini-4-argon", "none", {"include_thoughts": False, "thinking_level": "LOW"}),
        ("gemini-4-argon", "max", {"include_thoughts": True, "thinking_level": "HIGH"}),
        ("gemini-2.5-flash", "none", {"include_thoughts": False, "thinking_budget": 0}),
        ("gemini-2.5-pro", "none", {"include_thoughts": False, "thinking_budget": 128}),
        ("gemini-2.5-pro", "low", {"include_thoughts": True, "thinking_budget": 1024}),
        ("gemini-1.5-flash", "high", None),
        ("gemini-3.8-flash", None, None),
    ],
)
async def test_google_thinks_as_its_models_can(desk: Desk, model: str, effort: Any, thinking: Any) -> None:
    body = await sent(desk, "google", model=model, effort=effort)
    assert body["generationConfig"].get("thinkingConfig") == thinking


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        ("command-a-reasoning-08-2025", "none", {"type": "disabled"}),
        ("command-a-reasoning-08-2025", "low", {"type": "enabled", "token_budget": 1024}),
        ("command-a-reasoning-08-2025", "max", {"type": "enabled"}),
        ("command-a-03-2025", "max", None),
    ],
)
async def test_cohere_thinks_as_its_models_can(desk: Desk, model: str, effort: Any, thinking: Any) -> None:
    assert (await sent(desk, "cohere", model=model, effort=effort)).get("thinking") == thinking


async def test_a_schema_that_can_not_be_kept_to_is_asked_for_in_words(desk: Desk) -> None:
    body = await sent(desk, "anthropic", output=Output("loose", LOOSE))
    assert "output_config" not in body
    assert "Answer with JSON alone" in body["system"][-1]["text"]
    beside = await sent(desk, "cohere", output=Output("product", SCHEMA), tools=(ORDERS,), system=(Text("Hi."),))
    assert "response_format" not in beside, "it takes no schema beside tools"
    assert beside["messages"][0]["content"].startswith("Hi.\n\nAnswer with JSON alone")
    old = await sent(desk, "google", model="gemini-2.5-flash", output=Output("product", SCHEMA), tools=(ORDERS,))
    assert "responseJsonSchema" not in old["generationConfig"]
    assert "Answer with JSON alone" in old["systemInstruction"]["parts"][0]["text"]
    alone = await sent(desk, "cohere", output=Output("product", SCHEMA))
    assert alone["response_format"] == {"type": "json_object", "json_schema": SCHEMA}


async def test_anthropic_keeps_at_most_four_marks(desk: Desk) -> None:
    """The first, which holds for every call, and the last ones, which hold for the next."""
    turns = tuple(Message("user", (Text(str(number), cache=True),)) for number in range(6))
    body = await sent(desk, "anthropic", system=(Text("You keep a shop.", cache=True),), messages=turns)
    assert "cache_control" in body["system"][0]
    marked = ["cache_control" in turn["content"][0] for turn in body["messages"]]
    assert marked == [False, False, False, True, True, True]


async def test_anthropic_caches_by_itself_where_a_key_asks_for_it(desk: Desk) -> None:
    assert (await sent(desk, "anthropic", cache_key="run-1"))["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in await sent(desk, "anthropic")
    marked = await sent(desk, "anthropic", cache_key="run-1", system=(Text("You keep a shop.", cache=True),))
    assert "cache_control" not in marked, "the marks say where"


async def test_anthropic_takes_results_first_and_ids_of_its_own_letters(desk: Desk) -> None:
    call = ToolCall("fc:1/2", "orders_list", "{}")
    back = Message("user", (Text("Go on."), ToolResult(call.id, call.name, "[]")))
    body = await sent(desk, "anthropic", messages=(LOOK, Message("assistant", (call,)), back), tools=(ORDERS,))
    assert body["messages"][1]["content"][0]["id"] == "fc_1_2"
    first, second = body["messages"][2]["content"]
    assert first == {"type": "tool_result", "tool_use_id": "fc_1_2", "content": "[]"}
    assert second == {"type": "text", "text": "Go on."}


async def test_usage_is_told_apart(desk: Desk) -> None:
    said = Usage(10, 1000, 200, 300, 40, 60)
    told = (await desk.turn("anthropic", Answer("Yes.", usage=said))).usage
    assert replace(told, raw={}) == said
    assert told.raw["cache_creation_input_tokens"] == 500
    told = (await desk.turn("google", Answer("Yes.", usage=replace(said, cache_write_5m=0, cache_write_1h=0)))).usage
    assert replace(told, raw={}) == Usage(10, 1000, 0, 0, 40, 60)
    assert told.raw["total_token_count"] == 1110
    told = (await desk.turn("cohere", Answer("Yes.", usage=Usage(10, 1000, 0, 0, 40)))).usage
    assert replace(told, raw={}) == Usage(10, 1000, 0, 0, 40)
    assert told.raw["tokens"]["input_tokens"] == 1506


async def test_google_says_in_its_own_words_how_long_to_wait(desk: Desk) -> None:
    assert (await desk.error("google", Refusal("rate_limit"))).retry_after == 7


async def test_no_client_is_led_by_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, addresses and profiles of whoever runs the server are not the brand's."""
    from devskyy_mcp.llm.folding import fold
    from devskyy_mcp.llm.providers import load
    from tests.fakes.served import settings_for

    from .asking import FAR, PROVIDERS, request

    settings = {name: settings_for(desk.folder, **desk.models.settings(name)) for name in PROVIDERS}
    for word in KEYS_OF_ANOTHER:
        monkeypatch.setenv(word, "sk-of-another")
    for word in ("ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "CO_API_URL", "OPENAI_BASE_URL", "GROQ_BASE_URL"):
        monkeypatch.setenv(word, "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("ANTHROPIC_PROFILE", "another")
    import anyio

    for name in PROVIDERS:
        adapter = await load(name, settings[name])
        desk.models.script[:] = [Answer("Yes.")]
        assert (await fold(adapter.stream(request(name), anyio.current_time() + FAR))).text == "Yes."
        assert "sk-of-another" not in desk.models.asked[-1].headers.values()
        await adapter.aclose()
