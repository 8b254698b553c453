"""The entry people look for: ``uvicorn server:app``, ``python server.py`` (HTTP) and ``python server.py --stdio``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.applications import Starlette


def __getattr__(name: str) -> Starlette:
    """``server.app``, made when somebody asks for it: stdio never does."""
    if name != "app":
        raise AttributeError(name)
    from devskyy_mcp.surfaces.http import create_http

    return create_http()


def main(arguments: list[str] | None = None) -> Any:
    from devskyy_mcp.cli import main as command

    given = sys.argv[1:] if arguments is None else arguments
    return command(["stdio", *given[1:]] if given[:1] == ["--stdio"] else ["serve", *given])


if __name__ == "__main__":
    sys.exit(main())
