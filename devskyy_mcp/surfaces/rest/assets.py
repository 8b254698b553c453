"""Uploads: ``POST /api/v1/assets`` keeps a picture, a model, a table or an export, for tools that take its id."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from ...assets.store import EXPORTS, MEDIA, TABLES, Assets, kind_of
from ...config import UPLOAD_LIMIT
from ...errors import Code, Refused
from .calls import app_of, body_of, json_response, principal_of

SCOPES = {"media:write": MEDIA, "catalog:write": TABLES, "orders:write": EXPORTS}
"""What may be uploaded by whom."""
NAME_LIMIT = 200


async def upload(request: Request) -> Response:
    """Keep the body, a picture, a GLB, a USDZ, a CSV table, JSON or an mbox of at most 25 MiB; ``?name=`` is its file
    name. 201 with {asset, name, type, size}.

    Raises:
        Refused: TOO_LARGE; INVALID_ARGUMENTS when the body is none of these; FORBIDDEN without the scope media:write,
            for tables catalog:write, for JSON and mbox orders:write.
    """
    principal = principal_of(request)
    name = unquote(request.query_params.get("name", ""))[:NAME_LIMIT]
    content = await body_of(request, UPLOAD_LIMIT)
    kind = kind_of(content)
    needed = [scope for scope, kinds in SCOPES.items() if kind is None or kind in kinds]
    if not any(map(principal.may, needed)):
        raise Refused(
            Code.FORBIDDEN,
            f"Uploading needs {' or '.join(needed)}.",
            details={"missing_scopes": needed, "needed_scopes": needed},
        )
    kept = await app_of(request).services.get(Assets).put(content, name or "file", "upload")
    return json_response({"asset": kept.id, "name": kept.name, "type": kept.content_type, "size": kept.size}, 201)
