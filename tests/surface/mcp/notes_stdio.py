"""``python -m tests.surface.mcp.notes_stdio FOLDER``: the world of the tests over standard input and output."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from devskyy_mcp.surfaces.mcp.stdio import serve_stdio

from .world import make_world

if __name__ == "__main__":
    anyio.run(serve_stdio, make_world(Path(sys.argv[1])).app, *sys.argv[2:3])
