"""What the adapter takes from the SDK that the SDK does not promise to keep."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Any

import mcp_types as types
import pytest
from mcp import Client
from mcp.server.connection import Connection
from mcp.shared.inbound import X_MCP_HEADER_KEY as X
from opentelemetry import trace
from pydantic import BaseModel, Field

from devskyy_mcp.app import build, installed_packs
from devskyy_mcp.capability import Capability, Pack, Policy
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Refused
from devskyy_mcp.surfaces.mcp import listing, raw
from devskyy_mcp.surfaces.mcp.caller import Caller, fixed
from devskyy_mcp.surfaces.mcp.sdk import MOST_ANSWERS, RequestContext, add_ready_answers, connection_of, make_server
from devskyy_mcp.surfaces.mcp.server import Surface

from .world import ADA, World, host


class Thing(BaseModel):
    name: str


ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@ERAS
@pytest.mark.requirement("mcp:sdk-contract")
async def test_a_middleware_may_answer_with_what_went_out_before(mode: str) -> None:
    made = 0

    async def list_tools(ctx: RequestContext, params: types.PaginatedRequestParams) -> dict[str, object]:
        nonlocal made
        made += 1
        return {"resultType": "complete", "tools": [{"name": "one", "inputSchema": {"type": "object"}}]}

    server = make_server("t", version="1", title="T", instructions="", input_schema=lambda _: None)
    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    key = ["a"]
    add_ready_answers(server, lambda _: key[0])
    async with Client(server, mode=mode, cache=None) as client:
        first, second = await client.list_tools(), await client.list_tools()
        assert (first, made) == (second, 1)
        key[0] = "b"
        await client.list_tools()
        await client.list_tools(cursor="x")
    assert made == 3


@pytest.mark.requirement("mcp:sdk-contract")
async def test_a_connection_outlives_its_request_and_tells_when_it_closes() -> None:
    found: list[Connection] = []
    closed: list[bool] = []

    async def ping(ctx: RequestContext, params: types.RequestParams) -> dict[str, object]:
        connection = connection_of(ctx)
        if connection not in found:
            found.append(connection)
            connection.exit_stack.callback(closed.append, True)
        return {}

    server = make_server("t", version="1", title="T", instructions="", input_schema=lambda _: None)
    server.add_request_handler("ping", types.RequestParams, ping)
    async with Client(server, mode="legacy") as client:
        await client.session.send_request(types.PingRequest(), types.EmptyResult)
        await client.session.send_request(types.PingRequest(), types.EmptyResult)
        assert len(found) == 1
        assert closed == []
    assert closed == [True]


class _Recording(trace.TracerProvider):
    """Notes the names of the spans that are started."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def get_tracer(self, *_given: Any, **_named: Any) -> trace.Tracer:
        names = self.names

        class Noting(trace.NoOpTracer):
            def start_as_current_span(self, name: str, *given: Any, **named: Any) -> Any:
                names.append(name)
                return super().start_as_current_span(name, *given, **named)

        return Noting()


@pytest.mark.requirement("mcp:sdk-contract")
async def test_spans_are_made_where_someone_collects_them_or_a_trace_is_continued(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    traces: list[int] = []

    async def list_tools(ctx: RequestContext, params: types.PaginatedRequestParams) -> dict[str, object]:
        traces.append(trace.get_current_span().get_span_context().trace_id)
        return {"resultType": "complete", "tools": []}

    server = make_server("t", version="1", title="T", instructions="", input_schema=lambda _: None)
    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    async with Client(server, cache=None) as client:
        await client.list_tools()
        meta: Any = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
        await client.list_tools(meta=meta)
        assert traces == [0, 0x0AF7651916CD43DD8448EB211C80319C]
        provider = _Recording()
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
        monkeypatch.setattr("mcp.shared._otel._tracer", trace.ProxyTracer("test"))
        await client.list_tools()
    assert "tools/list" in provider.names


@pytest.mark.requirement("mcp:sdk-contract")
def test_only_schemas_with_headers_of_their_own_are_walked_at_each_call() -> None:
    async def noop_one_run(ctx: Context, region: Annotated[str, Field(json_schema_extra={X: "Region"})]) -> Thing:
        """Do nothing."""
        return Thing(name=region)

    async def noop_two_run(ctx: Context, region: Annotated[str, Field(description=f"No {X}")]) -> Thing:
        """Do nothing."""
        return Thing(name=region)

    policy = Policy("read", frozenset(), 5)
    with_header, without = (Capability(handler, policy, "noop") for handler in (noop_one_run, noop_two_run))
    assert listing.routed_schema(with_header) == with_header.input_schema
    assert listing.routed_schema(without) is None


@pytest.mark.requirement("mcp:hook")
def test_the_conformance_hook_is_refused_outside_of_tests(world: World) -> None:
    settings = world.app.settings.model_copy(update={"environment": "production"})
    app = build(settings, [Pack(raw.PACK)])
    with pytest.raises(Refused, match="tests only"):
        Surface(app, fixed(Caller(ADA, "full", "stdio")))


@pytest.mark.requirement("mcp:hook")
async def test_no_other_pack_gets_the_hook(world: World) -> None:
    surface = Surface(world.app, fixed(Caller(ADA, "full", "stdio")))
    assert surface.raw is None


@pytest.mark.requirement("mcp:lists")
async def test_the_real_default_list_is_small_and_ready_made(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings(environment="test", data_dir=tmp_path_factory.mktemp("data"))
    app = build(settings, installed_packs())
    found = app.registry.visible(ADA, "default")
    assert 10 < len(found) <= 25
    surface = Surface(app, fixed(Caller(ADA, "default", "stdio")))
    async with surface.announcer.running(), Client(surface.server, cache=None) as client:
        listed = await client.list_tools()
        wire = listed.model_dump_json(by_alias=True, exclude_none=True)
        assert len(wire.encode()) <= 32 * 1024
        spent: list[float] = []
        for _ in range(10):
            started = time.process_time()
            await client.list_tools()
            spent.append(time.process_time() - started)
    # The client's own half is in it, which parses every schema: the server's bound (1.5 ms) is the benchmarks' to keep.
    assert min(spent) < 0.02
    assert all(listing.tool(tool)["inputSchema"]["type"] == "object" for tool in found)


@pytest.mark.requirement("mcp:both-eras")
async def test_the_server_names_itself_and_its_version(world: World) -> None:
    async with host(world, ("memory", "modern")) as client:
        info = client.server_info
    assert info is not None
    assert (info.name, info.title) == ("devskyy", "DevSkyy")


@pytest.mark.requirement("mcp:lists")
async def test_kept_lists_follow_the_tools_and_are_not_kept_for_ever(world: World) -> None:
    async with host(world, ("memory", "modern")) as client:
        for number in range(MOST_ANSWERS + 2):
            late = replace(world.app.registry.resources["devskyy://notes"], uri=f"devskyy://late/{number}")
            world.app.registry.add(Pack("late", resources=[late]))
            listed = [str(item.uri) for item in (await client.list_resources()).resources]
            assert len([uri for uri in listed if uri.startswith("devskyy://late/")]) == number + 1
