"""A TCP proxy before any server that can refuse, freeze and slow down, and be well again.

async with Line(target) as line:     # ("127.0.0.1", 6379), or the path of a Unix socket
    await line.freeze()              # clients of 127.0.0.1:line.port hear nothing, and their connections stay
    await line.heal()
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

Target = tuple[str, int] | str


class Line:
    """Listens on a free port of 127.0.0.1, which it keeps."""

    def __init__(self, target: Target) -> None:
        self.port = 0
        self._target = target
        self._delay = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.heal()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    async def refuse(self) -> None:
        """Nobody listens, and all connections are cut."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def freeze(self) -> None:
        """As a stopped machine: connections are taken and kept, and nothing goes through them."""
        self._open.clear()

    async def slow(self, seconds: float = 0.3) -> None:
        """What the server sends comes that much later, as over a long line: what follows does not wait for it."""
        self._delay = seconds

    async def heal(self) -> None:
        self._delay = 0.0
        self._open.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # an end that went away, or was cut: both are what this is for
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        if isinstance(self._target, str):
            far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        else:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        ways = {
            asyncio.create_task(self._carry(reader, far_writer, late=False)),
            asyncio.create_task(self._carry(far_reader, writer, late=True)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.close()
            with contextlib.suppress(OSError):
                await far_writer.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, late: bool) -> None:
        loop, under_way = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

        async def arrive() -> None:
            while (what := await under_way.get())[1]:
                await asyncio.sleep(max(0.0, what[0] - loop.time()))
                await self._open.wait()
                writer.write(what[1])
                await writer.drain()

        arriving = asyncio.create_task(arrive())
        try:
            data = b"-"
            while data:
                data = await reader.read(65536)
                under_way.put_nowait((loop.time() + (self._delay if late else 0.0), data))
            await arriving
        finally:
            arriving.cancel()
