"""Uploads: ``POST /api/v1/assets`` keeps a picture and gives its id for tools that take one."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from ...assets.store import Assets
from ...config import UPLOAD_LIMIT
from ...errors import Code, Refused
from .calls import app_of, body_of, json_response, principal_of

SCOPE = "media:write"
NAME_LIMIT = 200


async def upload(request: Request) -> Response:
    """Keep the body, a picture of at most 25 MiB; ``?name=`` is its file name. 201 with {asset, name, type, size}.

    Raises:
        Refused: TOO_LARGE; INVALID_ARGUMENTS when the body is no picture; FORBIDDEN without the scope media:write.
    """
    principal = principal_of(request)
    if not principal.may(SCOPE):
        raise Refused(
            Code.FORBIDDEN, f"Uploading needs {SCOPE}.", details={"missing_scopes": [SCOPE], "needed_scopes": [SCOPE]}
        )
    name = unquote(request.query_params.get("name", ""))[:NAME_LIMIT]
    content = await body_of(request, UPLOAD_LIMIT)
    kept = await app_of(request).services.get(Assets).put(content, name or "picture", "upload")
    return json_response({"asset": kept.id, "name": kept.name, "type": kept.content_type, "size": kept.size}, 201)
