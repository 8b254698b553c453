"""MCP over standard input and output, for hosts that start DevSkyy themselves: the caller is the system's user."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import anyio
import anyio.from_thread
from anyio.lowlevel import EventLoopToken, current_token
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.stdio import stdio_server

from ...app import App, local_principal
from .caller import Caller, fixed
from .server import Surface

READ_BYTES = 64 * 1024
LINE_LIMIT = 8 * 1024 * 1024
"""Bytes; the rest of a longer line is dropped, and what is left is answered as broken JSON."""


async def serve_stdio(app: App, profile: str = "default") -> None:
    """Serve one host until it closes its end or the process is told to stop; a write under way is finished first.

    Args:
        app: what is served.
        profile: ``default`` or ``full``.
    """
    surface = Surface(app, fixed(Caller(local_principal(), profile, "stdio")))
    async with app.running(eager=False), surface.announcer.running(), anyio.create_task_group() as tasks:
        tasks.start_soon(_stop_when_told, tasks.cancel_scope)
        async with _stdin() as lines, stdio_server(stdin=lines) as (read, write):  # pyright: ignore[reportArgumentType] # it only iterates over the lines
            await surface.server.run(read, write, surface.server.create_initialization_options())
        tasks.cancel_scope.cancel()


async def _stop_when_told(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


@asynccontextmanager
async def _stdin() -> AsyncGenerator[MemoryObjectReceiveStream[str]]:
    """The lines of standard input, read by a thread that nobody has to wait for.

    The SDK's own reader can't be cancelled while the host is silent: SIGTERM would wait for the host's next line.
    Meanwhile fd 0 is empty for handlers and child processes, since what the host says is not theirs to read.
    """
    private = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    send, receive = anyio.create_memory_object_stream[str](16)
    threading.Thread(target=_pump, args=(private, send, current_token()), name="stdin", daemon=True).start()
    try:
        async with receive:
            yield receive
    finally:
        os.dup2(private, 0)


def _pump(fd: int, send: MemoryObjectSendStream[str], token: EventLoopToken) -> None:
    try:
        for line in _lines(fd):
            anyio.from_thread.run(send.send, line, token=token)
        anyio.from_thread.run_sync(send.close, token=token)
    except (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.RunFinishedError):
        return  # the server has stopped


def _lines(fd: int) -> Iterator[str]:
    """Lines as they come; the last one may lack its end."""
    rest = bytearray()
    while block := os.read(fd, READ_BYTES):
        *whole, last = block.split(b"\n")
        for part in whole:
            rest += part[: LINE_LIMIT - len(rest)]
            yield rest.decode("utf-8", "replace")
            rest.clear()
        rest += last[: LINE_LIMIT - len(rest)]
    if rest:
        yield rest.decode("utf-8", "replace")
