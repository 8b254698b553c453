"""OpenTelemetry's names for calls of models, and one span and two metrics per call. No content is ever recorded.

Names: semantic conventions for generative AI (status: development),
https://github.com/open-telemetry/semantic-conventions-genai. Only its API is needed; without an SDK all this goes
nowhere and costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .port import LLMError, Name, Turn

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram
    from opentelemetry.trace import Span

SCOPE = "devskyy_mcp.llm"
OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
MAX_TOKENS = "gen_ai.request.max_tokens"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CONVERSATION = "gen_ai.conversation.id"
AGENT = "gen_ai.agent.name"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 # no password
ERROR_TYPE = "error.type"
TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105 # no password
DURATION = "gen_ai.client.operation.duration"
CHAT = "chat"
PROVIDERS: dict[Name, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "cohere": "cohere",
    "groq": "groq",
}
TOKEN_BUCKETS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
SECOND_BUCKETS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]


@lru_cache(maxsize=1)
def _metrics() -> tuple[Histogram, Histogram]:
    from opentelemetry import metrics

    meter = metrics.get_meter(SCOPE)
    tokens = meter.create_histogram(TOKEN_USAGE, "{token}", "Tokens", explicit_bucket_boundaries_advisory=TOKEN_BUCKETS)
    seconds = meter.create_histogram(DURATION, "s", "Duration", explicit_bucket_boundaries_advisory=SECOND_BUCKETS)
    return tokens, seconds


def load() -> None:
    """Load the API and make the metrics; for a thread."""
    from opentelemetry import trace

    trace.get_tracer(SCOPE)
    _metrics()


class Watched:
    """A call as it is told to OpenTelemetry."""

    def __init__(self, span: Span, common: dict[str, Any]) -> None:
        self._span = span
        self._common = common

    def ended(self, turn: Turn, error: LLMError | None, seconds: float) -> None:
        """Tell how the call ended."""
        tokens, duration = _metrics()
        common = dict(self._common)
        if turn.model:
            common[RESPONSE_MODEL] = turn.model
        usage = turn.usage
        if usage.total_in or usage.total_out:
            tokens.record(usage.total_in, {**common, TOKEN_TYPE: "input"})
            tokens.record(usage.total_out, {**common, TOKEN_TYPE: "output"})
        duration.record(seconds, common if error is None else {**common, ERROR_TYPE: error.kind})
        if self._span.is_recording():
            self._tell(turn, error)

    def _tell(self, turn: Turn, error: LLMError | None) -> None:
        from opentelemetry.trace import StatusCode

        found: dict[str, Any] = {
            INPUT_TOKENS: turn.usage.total_in,
            OUTPUT_TOKENS: turn.usage.total_out,
            RESPONSE_MODEL: turn.model,
            RESPONSE_ID: turn.request_id or "",
        }
        if turn.stop is not None:
            found[FINISH_REASONS] = [turn.stop.reason]
        if error is not None:
            found[ERROR_TYPE] = error.kind
            self._span.set_status(StatusCode.ERROR)
        self._span.set_attributes(found)


@contextmanager
def watched(provider: Name, model: str, agent: str, job: str, max_output: int) -> Generator[Watched]:
    """A span around a call, as part of the trace that is under way."""
    from opentelemetry import trace

    common = {OPERATION: CHAT, PROVIDER: PROVIDERS[provider], REQUEST_MODEL: model}
    more: dict[str, Any] = {CONVERSATION: job, MAX_TOKENS: max_output, **({AGENT: agent} if agent else {})}
    tracer = trace.get_tracer(SCOPE)
    with tracer.start_as_current_span(
        f"{CHAT} {model}", kind=trace.SpanKind.CLIENT, attributes={**common, **more}, record_exception=False
    ) as span:
        yield Watched(span, common)
