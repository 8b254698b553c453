"""Uploads: ``POST /api/v1/assets`` keeps a picture or a CSV table and gives its id for tools that take one."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from ...assets.store import PICTURES, TABLES, Assets
from ...config import UPLOAD_LIMIT
from ...errors import Code, Refused
from .calls import app_of, body_of, json_response, principal_of

SCOPES = {"media:write": PICTURES, "catalog:write": TABLES}
"""What may be uploaded by whom."""
NAME_LIMIT = 200


async def upload(request: Request) -> Response:
    """Keep the body, a picture or a CSV table of at most 25 MiB; ``?name=`` is its file name. 201 with {asset, name,
    type, size}.

    Raises:
        Refused: TOO_LARGE; INVALID_ARGUMENTS when the body is neither; FORBIDDEN without the scope media:write, for
            tables catalog:write.
    """
    principal = principal_of(request)
    kinds = {kind: ending for scope, of in SCOPES.items() if principal.may(scope) for kind, ending in of.items()}
    if not kinds:
        raise Refused(
            Code.FORBIDDEN,
            "Uploading needs media:write for pictures, catalog:write for tables.",
            details={"missing_scopes": sorted(SCOPES)},
        )
    name = unquote(request.query_params.get("name", ""))[:NAME_LIMIT]
    content = await body_of(request, UPLOAD_LIMIT)
    kept = await app_of(request).services.get(Assets).put(content, name or "file", "upload", kinds)
    return json_response({"asset": kept.id, "name": kept.name, "type": kept.content_type, "size": kept.size}, 201)
