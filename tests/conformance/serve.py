"""Serve MCP over HTTP for the suite: ``python -m tests.conformance.serve fixtures|catalogue``; prints its port."""

from __future__ import annotations

import socket
import sys
import tempfile
from pathlib import Path

import uvicorn

from devskyy_mcp.app import App, build
from devskyy_mcp.config import Settings

from .hosting import http_app


def make(kind: str, folder: str, port: int = 8000) -> App:
    """An app with the fixtures' pack, or with what is installed."""
    values = {"ENVIRONMENT": "test", "DEVSKYY_DATA_DIR": Path(folder), "DEVSKYY_PORT": port}
    settings = Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue, reportArgumentType] # by the variables' names
    if kind == "catalogue":
        return build(settings)
    from .fixtures import pack

    return build(settings, [pack])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(http_app(make(sys.argv[1], folder, port)), log_level="warning"))
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
