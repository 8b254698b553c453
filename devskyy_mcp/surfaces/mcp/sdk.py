"""What the SDK calls provisional or keeps private: used here and nowhere else.

``tests/surface/mcp/test_sdk.py`` pins what is relied on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, cast

from mcp.server.caching import CacheHint
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp_types import CLIENT_CAPABILITIES_META_KEY
from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider

RequestContext = ServerRequestContext[Any, Any]
LISTS = frozenset({"tools/list", "prompts/list", "resources/list", "resources/templates/list"})
MOST_ANSWERS = 128
QUESTION_SECONDS = 900.0
LIST_SECONDS = 60


class AnnouncingServer(Server[Any]):
    """A server that says in the handshake that its lists may change, on every transport."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        changing = NotificationOptions(prompts_changed=True, resources_changed=True, tools_changed=True)
        return super().create_initialization_options(
            notification_options or changing, experimental_capabilities, extensions
        )


def make_server(
    name: str,
    *,
    version: str,
    title: str,
    instructions: str,
    input_schema: Callable[[str], dict[str, Any] | None],
) -> AnnouncingServer:
    """A server without handlers. ``input_schema`` finds the schema for the check of ``Mcp-Param-*`` headers.

    It gives None where there is nothing to check; without this function each call would list all tools.
    """
    lists = CacheHint(ttl_ms=LIST_SECONDS * 1000, scope="private")
    server = AnnouncingServer(
        name,
        version=version,
        title=title,
        instructions=instructions,
        get_tool_input_schema=input_schema,
        cache_hints={
            "tools/list": lists,
            "prompts/list": lists,
            "resources/list": lists,
            "resources/templates/list": lists,
            "resources/read": CacheHint(),
        },
    )
    server.middleware[:] = [_WhereTraced(spans) for spans in server.middleware]
    return server


def add_ready_answers(server: AnnouncingServer, key: Callable[[RequestContext], Hashable]) -> None:
    """Answer lists from memory: the first answer per method, protocol version and ``key`` is kept as it went out."""
    server.middleware.append(_ReadyAnswers(key))


def add_sealing(server: AnnouncingServer, secret: bytes, principal: Callable[[RequestContext], str]) -> None:
    """Seal requestState, so that only the same principal's same call can bring it back, for 15 minutes."""
    security = RequestStateSecurity(keys=[secret], ttl=QUESTION_SECONDS, bind_principal=principal)
    server.middleware.append(RequestStateBoundary(security, default_audience=server.name))


class _WhereTraced:
    """The SDK's own middleware, which makes OpenTelemetry spans, left out where nobody collects or continues them."""

    def __init__(self, spans: ServerMiddleware[Any]) -> None:
        self._spans = spans

    async def __call__(self, ctx: RequestContext, call_next: CallNext) -> HandlerResult:
        if isinstance(get_tracer_provider(), ProxyTracerProvider) and "traceparent" not in (ctx.meta or ()):
            return await call_next(ctx)
        return await self._spans(ctx, call_next)


class _ReadyAnswers:
    def __init__(self, key: Callable[[RequestContext], Hashable]) -> None:
        self._key = key
        self._answers: dict[Hashable, HandlerResult] = {}

    async def __call__(self, ctx: RequestContext, call_next: CallNext) -> HandlerResult:
        # A client without capabilities has not shaken hands yet, and cursors are the handler's to refuse.
        plain = not ctx.params or set(ctx.params) == {"_meta"}
        if ctx.method not in LISTS or not plain or ctx.session.client_capabilities is None:
            return await call_next(ctx)
        key = (ctx.method, ctx.protocol_version, self._key(ctx))
        answer = self._answers.get(key)
        if answer is None:
            answer = await call_next(ctx)
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            self._answers[key] = answer
        return answer


def connection_of(ctx: RequestContext) -> Connection:
    """The client's connection, which outlives the request: the only way to reach handshake-era clients later."""
    return ctx.session._connection  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # no public way in mcp 2.3


def declared_extensions(ctx: RequestContext) -> Mapping[str, Any]:
    """The extensions that this one request declares; what the host declared elsewhere does not count."""
    found: Any = ctx.params or {}
    for name in ("_meta", CLIENT_CAPABILITIES_META_KEY, "extensions"):  # hosts may send anything under each
        found = cast("dict[str, Any]", found).get(name) if isinstance(found, dict) else None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def named_in_header(ctx: RequestContext) -> str | None:
    """What a request over HTTP says in its Mcp-Name header: the SDK compares it for its own methods only."""
    assert ctx.request is not None
    return decode_header_value(ctx.request.headers.get(MCP_NAME_HEADER))
