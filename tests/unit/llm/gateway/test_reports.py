"""What people see of models: the list, the bill, /health, the doctor, and OpenTelemetry's spans and metrics."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import App
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context, Principal
from devskyy_mcp.invoke import Call
from devskyy_mcp.llm import telemetry
from devskyy_mcp.llm.asking import Answer, Want
from devskyy_mcp.llm.checks import findings
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import LLMError, Model, Provider, TextDelta, Usage
from devskyy_mcp.ops.doctor import examine
from devskyy_mcp.ops.health import HealthChecks
from tests.fakes.llm.scripted import KEYS, ME, Told, asked, asking_app, hello, said

from .conftest import Apps


@pytest.fixture
def app(apps: Apps, told: Told) -> App:
    from devskyy_tools.platform.pack import pack

    settings = apps().settings
    made = asking_app(settings, told, None, pack)
    made.road.changes = made.changes
    return made


async def tool(app: App, name: str, by: Principal = ME, /, **given: Any) -> dict[str, Any]:
    try:
        return (await app.road.invoke(Call(by, name, given, "cli"))).data
    finally:
        await app.close()


async def ask(ctx: Context, step: str, **want: Any) -> Answer:
    return await ctx.get(Gateway).ask(ctx, step, Want(**want), hello())


async def _some_calls(app: App, told: Told) -> list[Answer]:
    told.say("openai", said(usage=Usage(input=1000, cache_read=500, output=100)), [LLMError("server", "x", status=500)])
    told.say("openai", said(usage=Usage(input=1000, output=100)))
    told.say("anthropic", said(usage=Usage(input=3000, output=300)))
    answers: list[Answer] = []

    async def steps(ctx: Context) -> None:
        answers.append(await ask(ctx, "a", only=("openai/gpt-6.1-terra",), agent="one", kind="copy"))
        answers.append(await ask(ctx, "b", only=("openai/gpt-6.1-terra",), agent="two"))
        answers.append(await ask(ctx, "c", only=("anthropic/claude-sonnet-5-5",), agent="two"))

    await asked(app, steps)
    return answers


@pytest.mark.requirement("llm:reports")
async def test_the_bill_by_everything(app: App, told: Told) -> None:
    answers = await _some_calls(app, told)
    whole = sum(answer.total_usd or 0 for answer in answers)
    since = {"since": "2020-01-01T00:00:00Z"}
    for by, names in {
        "model": {"openai/gpt-6.1-terra", "anthropic/claude-sonnet-5-5"},
        "provider": {"openai", "anthropic"},
        "agent": {"one", "two"},
        "kind": {"copy", "general"},
        "principal": {ME.id},
        "day": None,
    }.items():
        told_ = await tool(app, "llm_usage_report", by=by, **since)
        rows = {row["name"]: row for row in told_["rows"]}
        if names is not None:
            assert set(rows) == names
        assert sum(row["cost_usd"] for row in rows.values()) == pytest.approx(whole)
        assert told_["total"]["cost_usd"] == pytest.approx(whole)
        assert (told_["total"]["calls"], told_["total"]["errors"]) == (4, 1)
        assert (told_["total"]["tokens_in"], told_["total"]["tokens_cached"]) == (5500, 500)
        costs = [row["cost_usd"] for row in told_["rows"]]
        assert costs == sorted(costs, reverse=True)
    empty = await tool(app, "llm_usage_report", since="2020-01-01T00:00:00Z", until="2020-01-02T00:00:00Z")
    assert empty["rows"] == []
    assert empty["total"]["cost_usd"] == 0


@pytest.mark.requirement("llm:reports")
async def test_whose_calls_they_were_is_for_those_who_may_see_the_audit(app: App, told: Told) -> None:
    await _some_calls(app, told)
    analyst = Principal("user:eve", "user", frozenset({"usage:read"}))
    since = {"since": "2020-01-01T00:00:00Z"}
    assert (await tool(app, "llm_usage_report", analyst, by="principal", **since))["rows"] == []
    assert len((await tool(app, "llm_usage_report", analyst, by="agent", **since))["rows"]) == 2


@pytest.mark.requirement("llm:reports")
async def test_calls_without_a_price_are_told_apart(app: App, told: Told) -> None:
    told.say("openai", said())
    await asked(app, lambda ctx: ask(ctx, "a", only=("openai/gpt-6.2-sol",)))
    report = await tool(app, "llm_usage_report", since="2020-01-01T00:00:00Z")
    (row,) = report["rows"]
    assert (row.get("cost_usd"), row["unpriced"], row["calls"]) == (None, 1, 1)


@pytest.mark.requirement("llm:reports")
async def test_the_list_of_models(apps: Apps, told: Told) -> None:
    from devskyy_tools.platform.pack import pack

    app = asking_app(apps(groq_api_key=None, enable_cohere=False).settings, told, None, pack)
    await _some_calls(app, told)
    told.say("mistral", [LLMError("auth", "No.", status=401)])
    told.say_always(said())
    await asked(app, lambda ctx: ask(ctx, "d", prefer=("mistral", "google")))
    listed = {one["model"]: one for one in (await tool(app, "llm_models_list"))["models"]}
    used = listed["openai/gpt-6.1-terra"]
    assert (used["state"], used["input_usd"], used["output_usd"]) == ("ready", 1.0, 5.0)
    assert (used["calls"], used["errors"]) == (3, 1)
    assert used["p50_s"] <= used["p95_s"]
    assert "input_usd" not in listed["openai/gpt-6.2-sol"]
    assert "GROQ_API_KEY" in listed["groq/openai/gpt-oss-20b"]["why"]
    assert "ENABLE_COHERE" in listed["cohere/command-a-03-2025"]["why"]
    assert listed["mistral/mistral-large-4"]["state"] == "resting"
    assert "its key is not accepted" in listed["mistral/mistral-large-4"]["why"]
    some = (await tool(app, "llm_models_list", provider="google", tier="best"))["models"]
    assert [one["model"] for one in some] == ["google/gemini-4-argon"]


# ---- health and doctor -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("llm:health")
async def test_health_names_each_provider(app: App, told: Told) -> None:
    health = app.services.get(HealthChecks)
    state = await health.state("language_models")
    assert state.ok
    assert "openai: ok" in state.words
    told.say("openai", [LLMError("auth", "No.", status=401)])
    told.say("anthropic", said())
    await asked(app, lambda ctx: ask(ctx, "a", prefer=("openai", "anthropic")))
    health.clock = lambda: 1e12
    state = await health.state("language_models")
    assert not state.ok
    assert "openai: its key is not accepted" in state.words
    await app.close()


@pytest.mark.requirement("llm:health")
async def test_health_without_providers(app_settings: Settings, told: Told) -> None:
    app = asking_app(app_settings, told)
    state = await app.services.get(HealthChecks).state("language_models")
    assert (state.ok, state.words) == (True, "none is set up")
    (only,) = await findings(app.services.get(Gateway))
    assert only[0] == "ok"
    assert "ANTHROPIC_API_KEY" in only[1]
    await app.close()


class _Lists:
    """Adapters that list models, or refuse to."""

    def __init__(self, told: dict[str, list[str] | LLMError]) -> None:
        self.told = told

    async def load(self, name: Any, _settings: Settings) -> Provider:
        adapter: Any = await Told().load(name, _settings)
        answer = self.told[name]

        async def models(_deadline: float) -> Sequence[Model]:
            if isinstance(answer, LLMError):
                raise answer
            return [Model(one) for one in answer]

        adapter.models = models
        return adapter


@pytest.mark.requirement("llm:health")
async def test_the_doctor_tries_each_key(app_settings: Settings) -> None:
    lists = _Lists(
        {
            "openai": ["gpt-6.1-terra", "other"],
            "anthropic": LLMError("auth", "No.", status=401),
            "google": LLMError("connection", "The connection failed."),
            "mistral": ["something-else"],
        }
    )
    keys = {name: key for name, key in KEYS.items() if name not in {"cohere_api_key", "groq_api_key"}}
    settings = app_settings.model_copy(update=Settings(**keys).model_dump(include=set(keys)))
    app = asking_app(settings, Told())
    app.services.put(Gateway, Gateway(app.services, lists.load))
    found = {what.split(" ")[0]: (level, what, do) for level, what, do in await findings(app.services.get(Gateway))}
    assert found["OpenAI"][:2] == ("ok", "OpenAI accepts OPENAI_API_KEY and lists 2 models.")
    assert found["Anthropic"][0] == "problem"
    assert "platform.claude.com" in found["Anthropic"][2]
    assert found["Google"][0] == "warning"
    assert "LLM_MODELS_FILE" in found["Mistral"][2]
    assert "COHERE_API_KEY" in found["Not"][1]
    with anyio.fail_after(60):
        told = await examine(app.services)
    assert len(told["language models"]) == 5
    await app.close()


# ---- telemetry -------------------------------------------------------------------------------------------------------


def test_names_are_those_of_the_conventions() -> None:
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as names  # pyright: ignore[reportMissingTypeStubs]
    from opentelemetry.semconv._incubating.metrics import gen_ai_metrics  # pyright: ignore[reportMissingTypeStubs]
    from opentelemetry.semconv.attributes import error_attributes

    assert telemetry.OPERATION == names.GEN_AI_OPERATION_NAME
    assert telemetry.REQUEST_MODEL == names.GEN_AI_REQUEST_MODEL
    assert telemetry.MAX_TOKENS == names.GEN_AI_REQUEST_MAX_TOKENS
    assert telemetry.RESPONSE_MODEL == names.GEN_AI_RESPONSE_MODEL
    assert telemetry.RESPONSE_ID == names.GEN_AI_RESPONSE_ID
    assert telemetry.FINISH_REASONS == names.GEN_AI_RESPONSE_FINISH_REASONS
    assert telemetry.INPUT_TOKENS == names.GEN_AI_USAGE_INPUT_TOKENS
    assert telemetry.OUTPUT_TOKENS == names.GEN_AI_USAGE_OUTPUT_TOKENS
    assert telemetry.CONVERSATION == names.GEN_AI_CONVERSATION_ID
    assert telemetry.AGENT == names.GEN_AI_AGENT_NAME
    assert telemetry.TOKEN_TYPE == names.GEN_AI_TOKEN_TYPE
    assert telemetry.ERROR_TYPE == error_attributes.ERROR_TYPE
    assert telemetry.TOKEN_USAGE == gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE
    assert telemetry.DURATION == gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION


@pytest.mark.requirement("llm:telemetry")
async def test_a_call_is_a_span_and_two_metrics_without_its_words(
    app: App, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans, recorded = _listening(monkeypatch)
    told.say("openai", [TextDelta("secretword"), LLMError("server", "x", status=500)], said("secretword"))
    await asked(app, lambda ctx: ask(ctx, "a", only=("openai/gpt-6.1-terra",), agent="one"))
    await app.close()
    first, second = spans
    assert first[0] == second[0] == "chat gpt-6.1-terra"
    assert first[1]["gen_ai.provider.name"] == "openai"
    assert first[1]["error.type"] == "server"
    assert second[1]["gen_ai.usage.output_tokens"] == 100
    assert second[1]["gen_ai.response.finish_reasons"] == ["end"]
    assert second[1]["gen_ai.agent.name"] == "one"
    by_name = {name for name, _value, _labels in recorded}
    assert by_name == {"gen_ai.client.token.usage", "gen_ai.client.operation.duration"}
    assert {value for _name, value, labels in recorded if labels.get("gen_ai.token.type") == "input"} == {1000}
    assert "secretword" not in str(spans) + str(recorded)


def _listening(monkeypatch: pytest.MonkeyPatch) -> tuple[list[tuple[str, dict[str, Any]]], list[Any]]:
    """OpenTelemetry's API with ears: spans as (name, attributes), metrics as (name, value, attributes)."""
    from contextlib import contextmanager

    from opentelemetry import metrics, trace

    spans: list[tuple[str, dict[str, Any]]] = []
    recorded: list[Any] = []

    class Span:
        def __init__(self, attributes: dict[str, Any]) -> None:
            self.attributes = attributes

        def is_recording(self) -> bool:
            return True

        def set_attributes(self, more: dict[str, Any]) -> None:
            self.attributes.update(more)

        def set_status(self, status: Any) -> None:
            pass

    class Tracer:
        @contextmanager
        def start_as_current_span(self, name: str, *, attributes: dict[str, Any], **_more: Any) -> Any:
            span = Span(dict(attributes))
            spans.append((name, span.attributes))
            yield span

    class Histogram:
        def __init__(self, name: str) -> None:
            self.name = name

        def record(self, value: float, attributes: dict[str, Any]) -> None:
            recorded.append((self.name, value, attributes))

    class Meter:
        def create_histogram(self, name: str, *_given: Any, **_more: Any) -> Histogram:
            return Histogram(name)

    def tracer(_name: str) -> Tracer:
        return Tracer()

    def meter(_name: str) -> Meter:
        return Meter()

    monkeypatch.setattr(trace, "get_tracer", tracer)
    monkeypatch.setattr(metrics, "get_meter", meter)
    telemetry._metrics.cache_clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(telemetry, "_metrics", telemetry._metrics.__wrapped__)  # pyright: ignore[reportPrivateUsage]
    return spans, recorded


def test_nothing_of_it_is_loaded_before_it_is_used(tmp_path: Any) -> None:
    code = """
import sys
from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from devskyy_mcp.llm.gateway import Gateway
app = build(Settings(environment="test", data_dir=%r), [])
app.services.get(Gateway)
heavy = {"anthropic", "openai", "google.genai", "mistralai", "cohere", "groq", "genai_prices", "opentelemetry",
         "sqlalchemy"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code % str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
