"""Serve MCP for the suite: ``python -m tests.conformance.serve fixtures|catalogue http|stdio``; http says its port."""

from __future__ import annotations

import socket
import sys
import tempfile
from pathlib import Path

from devskyy_mcp.app import App, build
from devskyy_mcp.config import Settings


def make(kind: str, folder: str, port: int = 8000) -> App:
    """An app with the fixtures' pack, or with what is installed."""
    values = {"ENVIRONMENT": "test", "DEVSKYY_DATA_DIR": Path(folder), "DEVSKYY_PORT": port}
    settings = Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue, reportArgumentType] # by the variables' names
    if kind == "catalogue":
        return build(settings)
    from .fixtures import pack

    return build(settings, [pack])


def http(kind: str, folder: str) -> None:
    import uvicorn

    from devskyy_mcp.surfaces.http import create_http

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(create_http(make(kind, folder, port)), log_level="error"))
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        server.run(sockets=[listener])


def stdio(kind: str, folder: str) -> None:
    import anyio

    from devskyy_mcp.surfaces.mcp.stdio import serve_stdio

    anyio.run(serve_stdio, make(kind, folder), "full")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as data:
        {"http": http, "stdio": stdio}[sys.argv[2]](sys.argv[1], data)
