"""A small web server on loopback, and a network that leads every connection to it."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2


class Site:
    """What a server answers, one after the other and the last for ever, and what it saw."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.held: asyncio.Event | None = None
        """Until it is set, connections stay open behind their answer."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if length := re.search(rb"(?i)content-length: (\d+)", head):
                await reader.readexactly(int(length[1]))
            self.heads.append(head)
            writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()
            if self.held is not None:
                await self.held.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a client that has seen enough
        finally:
            writer.close()


def answer(content: bytes, content_type: str = "", *, status: int = 200, **headers: str) -> bytes:
    """An HTTP/1.1 answer; header names have underscores for dashes."""
    fields = {"connection": "close", "content-length": str(len(content)), "content-type": content_type}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + content


def redirect(location: str, status: int = 302) -> bytes:
    return answer(b"", status=status, location=location)


@asynccontextmanager
async def a_site(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Site]:
    site = Site(*answers)
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        await server.wait_closed()


class Rerouted(httpx2.AsyncHTTPTransport):
    """The network, but every connection ends at a port of loopback; ``dialled`` has where it was meant to go."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(verify=tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
        self.dialled: list[str] = []
        self._scheme = "https" if tls else "http"
        self._port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.dialled.append(request.url.host)
        request.url = request.url.copy_with(scheme=self._scheme, host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)
