"""What the conformance suite wants to find on a server, as an ordinary pack through the same registry and road.

What DevSkyy's own results can't be (images, sampling, three rounds of questions) goes through the adapter's ``Raw``
hook, which exists for this pack only.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import struct
import warnings
import wave
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import anyio
import mcp_types as types
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Pack, Prompt, PromptArgument, Registry, Resource, Toolset
from devskyy_mcp.context import Context, Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.surfaces.mcp.raw import KEY, PACK, Raw, RawParts
from devskyy_mcp.surfaces.mcp.sdk import AnnouncingServer, RequestContext

from . import tasks

PAUSE = 0.05
MISSING_CAPABILITY = -32021
numbers = itertools.count(1)


class Given(BaseModel):
    """Stands where a result would be; the answer is in the ``Raw``."""

    model_config = ConfigDict(extra="allow")


def raw_of(ctx: Context) -> Raw:
    return ctx.extras[KEY]


def give(ctx: Context, *content: dict[str, Any]) -> Given:
    raw_of(ctx).answer = {"resultType": "complete", "content": list(content)}
    return Given()


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def _png() -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + body).decode()


def _wav() -> str:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 80)
    return base64.b64encode(out.getvalue()).decode()


IMAGE = {"type": "image", "data": _png(), "mimeType": "image/png"}
tools = Toolset("conformance", timeout=20)
Handler = Callable[..., Awaitable[Given]]


def fixture(name: str) -> Callable[[Handler], Handler]:
    """Declare a tool under the suite's name for it: two of those are longer than ours may be."""

    def declare(handler: Handler) -> Handler:
        tools.tool("read", scopes=(), core=True)(handler)
        capability = tools.tools[-1]
        capability.name, capability.title, capability.output_schema = name, name, {}
        return handler

    return declare


# ---- content ---------------------------------------------------------------------------------------------------------


@fixture("test_simple_text")
async def simple_text(ctx: Context) -> Given:
    """Answer with text."""
    return give(ctx, text("This is a simple text response for testing."))


@fixture("test_image_content")
async def image_content(ctx: Context) -> Given:
    """Answer with an image."""
    return give(ctx, IMAGE)


@fixture("test_audio_content")
async def audio_content(ctx: Context) -> Given:
    """Answer with a sound."""
    return give(ctx, {"type": "audio", "data": _wav(), "mimeType": "audio/wav"})


@fixture("test_embedded_resource")
async def embedded_resource(ctx: Context) -> Given:
    """Answer with a resource."""
    said = "This is an embedded resource content."
    resource = {"uri": "test://embedded-resource", "mimeType": "text/plain", "text": said}
    return give(ctx, {"type": "resource", "resource": resource})


@fixture("test_multiple_content_types")
async def multiple_content_types(ctx: Context) -> Given:
    """Answer with text, an image and a resource."""
    body = json.dumps({"test": "data", "value": 123})
    resource = {"uri": "test://mixed-content-resource", "mimeType": "application/json", "text": body}
    return give(ctx, text("Multiple content types test:"), IMAGE, {"type": "resource", "resource": resource})


@fixture("test_error_handling")
async def error_handling(ctx: Context) -> Given:
    """Refuse."""
    raise Refused(Code.UPSTREAM_REFUSED, "This tool intentionally returns an error for testing.")


@fixture("json_schema_2020_12_tool")
async def schema_tool(ctx: Context) -> Given:
    """Tool with JSON Schema 2020-12 features."""
    return give(ctx, text("valid"))


tools.tools[-1].input_schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


@fixture("test_x_mcp_header")
async def x_mcp_header(
    ctx: Context, region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]
) -> Given:
    """Take an argument that also travels in a header."""
    return give(ctx, text(f"region {region}"))


# ---- while it runs ---------------------------------------------------------------------------------------------------


async def _log(ctx: Context, words: str) -> None:
    sdk = raw_of(ctx).ctx
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated since 2026-07-28, and still part of the suite
        await sdk.session.send_log_message("info", words, related_request_id=sdk.request_id)  # pyright: ignore[reportDeprecated] # see above


@fixture("test_tool_with_logging")
async def tool_with_logging(ctx: Context) -> Given:
    """Log three times."""
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await _log(ctx, words)
        await anyio.sleep(PAUSE)
    return give(ctx, text("logged"))


@fixture("test_logging_tool")
async def logging_tool(ctx: Context) -> Given:
    """Log if the request asks for it."""
    await _log(ctx, "a word")
    return give(ctx, text("logged"))


@fixture("test_tool_with_progress")
async def tool_with_progress(ctx: Context) -> Given:
    """Tell the progress."""
    for done in (0, 50, 100):
        await ctx.progress(done, 100)
        await anyio.sleep(PAUSE)
    return give(ctx, text("progressed"))


@fixture("test_reconnection")
async def reconnection(ctx: Context) -> Given:
    """Close the answer's stream, then answer."""
    close = raw_of(ctx).ctx.close_sse_stream
    if close is not None:
        await close()
    await anyio.sleep(2 * PAUSE)
    return give(ctx, text("reconnected"))


@fixture("test_trigger_tool_change")
async def trigger_tool_change(ctx: Context) -> Given:
    """Add a tool while the server runs."""
    late = Toolset("late", timeout=5)

    @late.tool("read", scopes=())
    async def late_tool(ctx: Context) -> Given:
        """Do nothing."""
        return Given()

    late.tools[-1].name = f"late_tool_{next(numbers)}"
    ctx.get(Registry).add(Pack("late", [late]))
    return give(ctx, text("added"))


@fixture("test_trigger_prompt_change")
async def trigger_prompt_change(ctx: Context) -> Given:
    """Add a prompt while the server runs."""
    prompt = Prompt(f"late_prompt_{next(numbers)}", "Late", "Come late.", _simple_prompt)
    ctx.get(Registry).add(Pack("late", prompts=[prompt]))
    return give(ctx, text("added"))


# ---- asking in the handshake era -------------------------------------------------------------------------------------


@fixture("test_sampling")
async def sampling(ctx: Context, prompt: str) -> Given:
    """Let the host's model answer."""
    sdk = raw_of(ctx).ctx
    message = types.SamplingMessage(role="user", content=types.TextContent(text=prompt))
    request = types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=100))
    metadata = ServerMessageMetadata(related_request_id=sdk.request_id)
    answer = await sdk.session.send_request(request, types.CreateMessageResult, metadata=metadata)
    said = answer.content.text if isinstance(answer.content, types.TextContent) else ""
    return give(ctx, text(f"LLM response: {said}"))


async def _elicit(ctx: Context, message: str, properties: dict[str, Any], required: list[str]) -> types.ElicitResult:
    sdk = raw_of(ctx).ctx
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    return await sdk.session.elicit_form(message, schema, related_request_id=sdk.request_id)


@fixture("test_elicitation")
async def elicitation(ctx: Context, message: str) -> Given:
    """Ask the person at the host."""
    fields = {"username": {"type": "string"}, "email": {"type": "string"}}
    answer = await _elicit(ctx, message, fields, ["username", "email"])
    return give(ctx, text(f"User response: action: {answer.action}, content: {json.dumps(answer.content)}"))


@fixture("test_elicitation_sep1034_defaults")
async def elicitation_defaults(ctx: Context) -> Given:
    """Ask with default values."""
    fields = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    answer = await _elicit(ctx, "Please check", fields, [])
    return give(ctx, text(f"Elicitation completed: action={answer.action}, content={json.dumps(answer.content)}"))


@fixture("test_elicitation_sep1330_enums")
async def elicitation_enums(ctx: Context) -> Given:
    """Ask with every kind of choice."""
    options = ["option1", "option2", "option3"]
    titled = [{"const": f"value{number}", "title": f"Choice {number}"} for number in (1, 2, 3)]
    fields = {
        "untitledSingle": {"type": "string", "enum": options},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    answer = await _elicit(ctx, "Please choose", fields, [])
    return give(ctx, text(f"Elicitation completed: action={answer.action}, content={json.dumps(answer.content)}"))


# ---- asking in the modern era ----------------------------------------------------------------------------------------


def form(message: str, **fields: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in fields.items()}
    schema = {"type": "object", "properties": properties, "required": list(fields)}
    return {"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema}}


def sample(words: str, most: int) -> dict[str, Any]:
    message = {"role": "user", "content": {"type": "text", "text": words}}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": most}}


ROOTS: dict[str, Any] = {"method": "roots/list", "params": {}}
NAME = form("What is your name?", name="string")


def ask(ctx: Context, requests: dict[str, Any], state: str | None = None) -> Given:
    given: dict[str, Any] = {"resultType": "input_required", "inputRequests": requests}
    raw_of(ctx).answer = given if state is None else {**given, "requestState": state}
    return Given()


def answers(ctx: Context) -> Mapping[str, Any]:
    return raw_of(ctx).params.input_responses or {}


def field_of(ctx: Context, key: str, name: str) -> Any:
    answer = answers(ctx).get(key)
    return (answer.content or {}).get(name) if isinstance(answer, types.ElicitResult) else None


@fixture("test_input_required_result_elicitation")
async def input_elicitation(ctx: Context) -> Given:
    """Ask for a name."""
    name = field_of(ctx, "user_name", "name")
    return give(ctx, text(f"Hello, {name}!")) if name else ask(ctx, {"user_name": NAME})


@fixture("test_streaming_elicitation")
async def streaming_elicitation(ctx: Context) -> Given:
    """Ask without a request of its own on the stream."""
    return ask(ctx, {"user_name": NAME})


@fixture("test_input_required_result_sampling")
async def input_sampling(ctx: Context) -> Given:
    """Ask the host's model."""
    answer = answers(ctx).get("capital_question")
    if answer is None:
        return ask(ctx, {"capital_question": sample("What is the capital of France?", 100)})
    return give(ctx, text(answer.content.text))


@fixture("test_input_required_result_list_roots")
async def input_roots(ctx: Context) -> Given:
    """Ask for the host's roots."""
    answer = answers(ctx).get("client_roots")
    if answer is None:
        return ask(ctx, {"client_roots": ROOTS})
    return give(ctx, text(", ".join(str(root.uri) for root in answer.roots)))


def _confirmed(ctx: Context) -> Given:
    if raw_of(ctx).params.request_state == "round-1" and field_of(ctx, "confirm", "ok") is not None:
        return give(ctx, text("state-ok"))
    return ask(ctx, {"confirm": form("Please confirm", ok="boolean")}, "round-1")


@fixture("test_input_required_result_request_state")
async def input_state(ctx: Context) -> Given:
    """Ask and keep state with the client."""
    return _confirmed(ctx)


@fixture("test_input_required_result_tampered_state")
async def input_tampered(ctx: Context) -> Given:
    """Ask, with state that must not be tampered with."""
    return _confirmed(ctx)


@fixture("test_input_required_result_multiple_inputs")
async def input_multiple(ctx: Context) -> Given:
    """Ask for three things at once."""
    requests = {"user_name": NAME, "greeting": sample("Generate a greeting", 50), "client_roots": ROOTS}
    if set(requests) <= set(answers(ctx)):
        return give(ctx, text(f"Hello, {field_of(ctx, 'user_name', 'name')}!"))
    return ask(ctx, requests, "all")


@fixture("test_input_required_result_multi_round")
async def input_rounds(ctx: Context) -> Given:
    """Ask twice."""
    state = raw_of(ctx).params.request_state
    name = field_of(ctx, "step1", "name")
    if state == "step1" and name:
        colour = form("Step 2: What is your favorite color?", color="string")
        return ask(ctx, {"step2": colour}, f"step2:{name}")
    if state and state.startswith("step2:") and field_of(ctx, "step2", "color"):
        return give(ctx, text(f"{state[6:]} likes {field_of(ctx, 'step2', 'color')}"))
    return ask(ctx, {"step1": form("Step 1: What is your name?", name="string")}, "step1")


@fixture("test_input_required_result_capabilities")
async def input_capabilities(ctx: Context) -> Given:
    """Ask only what the host can answer."""
    able = raw_of(ctx).ctx.session.client_capabilities or types.ClientCapabilities()
    requests = {
        **({"user_name": NAME} if able.elicitation else {}),
        **({"greeting": sample("Generate a greeting", 50)} if able.sampling else {}),
    }
    return ask(ctx, requests) if requests else give(ctx, text("nothing to ask"))


@fixture("greet")
async def greet(ctx: Context, name: str) -> Given:
    """Greet at once."""
    return give(ctx, text(f"Hello, {name}!"))


@fixture("test_tool_with_task")
async def tool_with_task(ctx: Context) -> Given:
    """Ask for a name, then greet as a job."""
    name = field_of(ctx, "user_name", "name")
    if not name:
        return ask(ctx, {"user_name": NAME})
    raw_of(ctx).answer = await tasks.start(ctx, tasks.later(ctx), {"name": name})
    return Given()


@fixture("test_missing_capability")
async def missing_capability(ctx: Context) -> Given:
    """Need a host that can sample."""
    raw = raw_of(ctx)
    able = raw.ctx.session.client_capabilities
    if able is None or able.sampling is None:
        data: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        raw.answer = MCPError(code=MISSING_CAPABILITY, message="Missing required client capability", data=data)
        return Given()
    return give(ctx, text("able"))


# ---- prompts and resources -------------------------------------------------------------------------------------------


async def _simple_prompt(ctx: Context, arguments: Mapping[str, str]) -> str:
    return "This is a simple prompt for testing."


async def _prompt_with_arguments(ctx: Context, arguments: Mapping[str, str]) -> str:
    return f"Prompt with arguments: arg1='{arguments['arg1']}', arg2='{arguments['arg2']}'"


def _messages(ctx: Context, *content: dict[str, Any]) -> str:
    messages = [{"role": "user", "content": item} for item in content]
    raw_of(ctx).answer = {"resultType": "complete", "messages": messages}
    return ""


async def _prompt_with_resource(ctx: Context, arguments: Mapping[str, str]) -> str:
    said = "Embedded resource content for testing."
    resource = {"uri": arguments["resourceUri"], "mimeType": "text/plain", "text": said}
    words = text("Please process the embedded resource above.")
    return _messages(ctx, {"type": "resource", "resource": resource}, words)


async def _prompt_with_image(ctx: Context, arguments: Mapping[str, str]) -> str:
    return _messages(ctx, IMAGE, text("Please analyze the image above."))


async def _prompt_that_asks(ctx: Context, arguments: Mapping[str, str]) -> str:
    context = field_of(ctx, "user_context", "context")
    if context:
        return _messages(ctx, text(f"Context: {context}"))
    ask(ctx, {"user_context": form("What context should the prompt use?", context="string")})
    return ""


async def _complete(ctx: Context, prefix: str) -> list[str]:
    return [word for word in ("test one", "test two", "paris", "park") if word.startswith(prefix)]


def _argument(name: str) -> PromptArgument:
    return PromptArgument(name, f"The {name}", required=True, complete=_complete)


PROMPTS = [
    Prompt("test_simple_prompt", "Simple", "A simple prompt", _simple_prompt),
    Prompt(
        "test_prompt_with_arguments",
        "Arguments",
        "A prompt with arguments",
        _prompt_with_arguments,
        (_argument("arg1"), _argument("arg2")),
    ),
    Prompt(
        "test_prompt_with_embedded_resource",
        "Resource",
        "A prompt with a resource",
        _prompt_with_resource,
        (_argument("resourceUri"),),
    ),
    Prompt("test_prompt_with_image", "Image", "A prompt with an image", _prompt_with_image),
    Prompt("test_input_required_result_prompt", "Asking", "A prompt that asks", _prompt_that_asks),
]


async def _static_text(ctx: Context, values: Mapping[str, str]) -> str:
    return "This is the content of the static text resource."


async def _static_binary(ctx: Context, values: Mapping[str, str]) -> bytes:
    return base64.b64decode(_png())


async def _template(ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    return {"id": values["id"], "templateTest": True, "data": f"Data for ID: {values['id']}"}


RESOURCES = [
    Resource("test://static-text", "static-text", "Text", "Text.", _static_text, "text/plain"),
    Resource("test://static-binary", "static-binary", "Picture", "A picture.", _static_binary, "image/png"),
    Resource("test://template/{id}/data", "template", "Template", "Data by id.", _template),
    Resource("test://watched-resource", "watched", "Watched", "May change.", _static_text, "text/plain"),
]


# ---- the server's own parts ------------------------------------------------------------------------------------------


class Events(EventStore):
    """What streams carried, so that a client that lost its stream can take up the rest."""

    def __init__(self) -> None:
        self.events: list[tuple[str, types.JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: str, message: types.JSONRPCMessage | None) -> str:
        self.events.append((stream_id, message))
        return str(len(self.events))

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        last = int(last_event_id)
        if not 0 < last <= len(self.events):
            return None
        stream = self.events[last - 1][0]
        for number, (of, message) in enumerate(self.events[last:], start=last + 1):
            if of == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


async def _set_level(ctx: RequestContext, params: types.SetLevelRequestParams) -> dict[str, Any]:
    return {}


def _extend(server: AnnouncingServer) -> None:
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, _set_level)
    tasks.extend(server)


def _provides(services: Services) -> None:
    services.put(RawParts, RawParts(_extend, Events(), retry_interval=500))


pack = Pack(PACK, [tools, tasks.jobs], PROMPTS, RESOURCES, _provides)
