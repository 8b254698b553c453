"""What our adapters of language models add to the bare calls of the official clients, side by side in one process.

The models are served on loopback by a process of its own (``python -m benchmarks.llm PORT``), so that only the callers'
CPU is counted. The bare call sends what the adapter's request came to on the wire, and reads the whole stream.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2

from devskyy_mcp.app import installed_packs
from devskyy_mcp.capability import Registry
from devskyy_mcp.config import Settings
from devskyy_mcp.llm.folding import fold
from devskyy_mcp.llm.port import NAMES, Message, Name, Provider, Request, Text, Tool
from devskyy_mcp.llm.providers import load
from tests.fakes.llm.server import Answer, Asked, Models

from .bulk import listening
from .measure import Costs, Row, cpu

FEW, MANY = 1, 101
TOOLS = ("woo_orders_list", "woo_products_list", "woo_customers_get", "wp_posts_list", "woo_coupons_list", "jobs_list")
Call = Callable[[], Awaitable[object]]

_IMPORT = """
import resource, sys, time
from devskyy_mcp.llm.providers import calling, chat
def resident():
    return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize() / 2**20
before, started = resident(), time.process_time()
import importlib
importlib.import_module('devskyy_mcp.llm.providers.' + sys.argv[1]).adapter('key', 'http://127.0.0.1:9/v1')
print(time.process_time() - started, resident() - before)
"""


async def run() -> list[Row]:
    """The figures of this file's subject."""
    rows: list[Row] = []
    async with serving() as address:
        for name in NAMES:
            rows += await _provider(name, address)
    return rows + [await _import(name) for name in NAMES]


async def _provider(name: Name, address: str) -> list[Row]:
    models = Models(address)
    adapter = await load(name, Settings(_env_file=None, **models.settings(name)))  # pyright: ignore[reportCallIssue]
    try:
        works: dict[str, Call] = {}
        for count in (FEW, MANY):
            request = _request(count)
            turn = await _answered(adapter, request)()
            assert len(turn.text) == count * len("word "), turn
            works[f"ours {count}"] = _answered(adapter, request)
            works[f"bare {count}"] = BARE[name](adapter, await _sent(address), f"say-{count}")
            await works[f"bare {count}"]()
        few = await cpu({key: work for key, work in works.items() if key.endswith(f" {FEW}")}, 20, rounds=7)
        many = await cpu({key: work for key, work in works.items() if key.endswith(f" {MANY}")}, 4, rounds=7)
    finally:
        await adapter.aclose()
    return _rows(name, few, many)


def _rows(name: Name, few: Costs, many: Costs) -> list[Row]:
    ours, bare = few.us(f"ours {FEW}") / 1000, few.us(f"bare {FEW}") / 1000
    added, ratio = few.added(f"ours {FEW}", f"bare {FEW}"), few.ratio(f"ours {FEW}", f"bare {FEW}")
    for_all = many.added(f"ours {MANY}", f"bare {MANY}")
    each = (for_all - added) / (MANY - FEW)
    its = (many.us(f"bare {MANY}") / 1000 - bare) / (MANY - FEW)
    return [
        Row(
            f"{name}: a streamed call with {len(TOOLS)} tools, beside its bare client's",
            f"{ours:.2f} / {bare:.2f} ms = {ratio:.2f}×, {added:+.2f} ms",
            "≤ 1 ms more",
            added <= 1,
        ),
        Row(
            f"{name}: each event of the stream, beside its bare client's",
            f"{each:+.3f} ms to {its:.3f} ms",
            "≤ 0.1 ms more",
            each <= 0.1,
        ),
    ]


def _request(count: int) -> Request:
    known = Registry(installed_packs()).tools
    tools = tuple(Tool(one, known[one].description, known[one].input_schema) for one in TOOLS)
    said = Message("user", (Text("Which five products sold best last week?"),))
    return Request(f"say-{count}", (said,), system=(Text("You help a fashion shop."),), tools=tools)


def _answered(adapter: Provider, request: Request) -> Callable[[], Awaitable[Any]]:
    async def call() -> object:
        return await fold(adapter.stream(request, anyio.current_time() + 60))

    return call


async def _sent(address: str) -> dict[str, Any]:
    """The body of the last request."""
    async with httpx2.AsyncClient() as http:
        return (await http.get(f"{address}/_asked")).json()["asked"][-1]["body"]


async def _read(stream: AsyncIterator[Any], text: Callable[[Any], str | None]) -> str:
    """All of a stream and its text, as any caller of the client would."""
    found = [text(event) or "" async for event in stream]
    assert found
    return "".join(found)


def _openai(adapter: Any, sent: Mapping[str, Any], model: str) -> Call:
    async def call() -> object:
        stream = await adapter._client.responses.create(**dict(sent) | {"model": model, "stream": True})
        return await _read(stream, lambda one: getattr(one, "delta", None))

    return call


def _anthropic(adapter: Any, sent: Mapping[str, Any], model: str) -> Call:
    async def call() -> object:
        stream = await adapter._client.messages.create(**dict(sent) | {"model": model, "stream": True})
        return await _read(stream, lambda one: getattr(getattr(one, "delta", None), "text", None))

    return call


def _google(adapter: Any, sent: Mapping[str, Any], model: str) -> Call:
    config = dict(sent.get("generationConfig", {})) | {"automatic_function_calling": {"disable": True}}
    config |= {key: sent[key] for key in ("systemInstruction", "tools", "toolConfig") if key in sent}

    async def call() -> object:
        stream = await adapter._client.aio.models.generate_content_stream(
            model=model, contents=sent["contents"], config=config
        )
        return await _read(stream, _text_of_google)

    return call


def _text_of_google(chunk: Any) -> str | None:
    content = chunk.candidates[0].content if chunk.candidates else None
    return content.parts[0].text if content and content.parts else None


def _mistral(adapter: Any, sent: Mapping[str, Any], model: str) -> Call:
    async def call() -> object:
        stream = await adapter._client.chat.stream_async(**dict(sent) | {"model": model}, timeout_ms=60_000)
        return await _read(stream, lambda one: one.data.choices[0].delta.content)

    return call


def _cohere(adapter: Any, sent: Mapping[str, Any], model: str) -> Call:
    rest = {key: value for key, value in sent.items() if key not in {"model", "stream"}}

    async def call() -> object:
        stream = adapter._client.v2.chat_stream(model=model, **rest)
        return await _read(stream, lambda one: one.delta.message.content.text if one.type == "content-delta" else None)

    return call


def _groq(adapter: Any, sent: Mapping[str, Any], model: str) -> Call:
    async def call() -> object:
        stream = await adapter._client.chat.completions.create(**dict(sent) | {"model": model, "stream": True})
        return await _read(stream, lambda one: one.choices[0].delta.content)

    return call


BARE: Mapping[Name, Callable[[Any, Mapping[str, Any], str], Call]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
    "mistral": _mistral,
    "cohere": _cohere,
    "groq": _groq,
}


async def _import(name: Name) -> Row:
    done = await anyio.run_process([sys.executable, "-c", _IMPORT, name])
    seconds, megabytes = map(float, done.stdout.split())
    return Row(f"{name}: its client's import, at its first call", f"{seconds:.2f} s CPU, {megabytes:.0f} MB", "", None)


@asynccontextmanager
async def serving() -> AsyncGenerator[str]:
    """The address of the models, in a process of their own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    served = subprocess.Popen([sys.executable, "-m", "benchmarks.llm", str(port)])  # noqa: ASYNC220 # before any work
    try:
        await listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        served.terminate()
        served.wait()


def _serve(port: int) -> None:
    import uvicorn

    models = Models()

    def say(asked: Asked) -> Answer:
        del models.asked[:-1]
        count = json.dumps(asked.body) + asked.path
        return Answer(("word ",) * (MANY if f"say-{MANY}" in count else FEW))

    models.always = say
    uvicorn.run(models.app(), port=port, log_level="error", lifespan="off")


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
