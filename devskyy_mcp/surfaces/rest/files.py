"""Kept files over HTTP: ``GET /assets/{asset}/{name}``, whole or in ranges (RFC 9110 §14), by its bytes' own ETag.

Who may read one: whoever signs in with the scope for it; whoever has a link that was lent; and anybody, from any page,
once it is published.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ...assets.links import Links
from ...assets.store import PICTURES, Asset, Assets, may_read
from ...context import Principal
from ...errors import Code, Refused
from .calls import app_of

PUBLIC = "public, max-age=31536000, immutable"
OWN = "private, no-cache"
SHOWN = {*PICTURES, "video/mp4", "model/gltf-binary", "model/vnd.usdz+zip"}
"""What browsers may show in place: all else is saved, whatever it holds."""


async def serve(request: Request) -> Response:
    """The file, or a part of it.

    Raises:
        Refused: UNAUTHENTICATED without a sign-in, NOT_FOUND for what there is not or the caller may not read.
    """
    found, lent = await _readable(request)
    headers = _headers(request, found, shared=lent or found.published)
    if _has_it(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    way = "inline" if found.content_type in SHOWN else "attachment"
    path = app_of(request).services.get(Assets).path(found)
    return FileResponse(
        path, headers=headers, media_type=found.content_type, filename=found.name, content_disposition_type=way
    )


async def _readable(request: Request) -> tuple[Asset, bool]:
    """The file, and whether it is asked for by a link that was lent."""
    asset_id, name = request.path_params["asset"], request.path_params["name"]
    services = app_of(request).services
    principal: Principal | None = request.scope.get("devskyy.principal")
    try:
        found = await services.get(Assets).get(asset_id)
    except Refused:
        raise _sign_in() if principal is None else _not_there() from None
    lent = services.get(Links).lends(request.query_params.get("link", ""), found.id)
    if not (found.published or lent):
        if principal is None:
            raise _sign_in()  # the same whether there is such a file or not
        if not may_read(principal, found):
            raise _not_there()
    if PurePosixPath(name).suffix != PurePosixPath(found.name).suffix:
        raise _not_there()
    return found, lent


def _headers(request: Request, found: Asset, *, shared: bool) -> dict[str, str]:
    headers = {"ETag": f'"{found.sha256}"', "Cache-Control": PUBLIC if found.published else OWN}
    if shared:
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if request.headers.get("origin", "").lower().encode() not in request.app.state.rules.dashboards:
            headers["Access-Control-Allow-Origin"] = "*"  # dashboards get theirs at the door
    return headers


def _has_it(request: Request, tag: str) -> bool:
    """Whether the caller has this very file (RFC 9110 §13.1.2)."""
    known = {item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")}
    return tag in known or "*" in known


def _sign_in() -> Refused:
    return Refused(
        Code.UNAUTHENTICATED,
        "This file is not published.",
        "Sign in, or ask for a link to it: assets_get gives one that lasts a day.",
    )


def _not_there() -> Refused:
    return Refused(Code.NOT_FOUND, "There is no such file.", "assets_list has those that you may read.")
