"""MCP Apps (the extension ``io.modelcontextprotocol/ui``, 2026-01-26): which hosts show pages beside results."""

from __future__ import annotations

from typing import Any, cast

from .asking import modern
from .sdk import RequestContext, declared_extensions

EXTENSION = "io.modelcontextprotocol/ui"
MIME_TYPE = "text/html;profile=mcp-app"


def shows_pages(ctx: RequestContext) -> bool:
    """Whether the host says that it shows pages of this kind: with each request, or in the older handshake."""
    if modern(ctx):
        found: Any = declared_extensions(ctx).get(EXTENSION)
    else:
        capabilities = ctx.session.client_capabilities
        found = (capabilities.extensions or {}).get(EXTENSION) if capabilities is not None else None
    kinds: Any = cast("dict[str, Any]", found).get("mimeTypes") if isinstance(found, dict) else None
    return isinstance(kinds, list) and MIME_TYPE in kinds
