"""A refusal as an RFC 9457 problem document."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from ...errors import Code, Refused
from ...guard.trust import HEADER, UNTRUSTED, refusal_says

_STATUS_CODES = {404: Code.NOT_FOUND, 405: Code.INVALID_ARGUMENTS, 413: Code.TOO_LARGE}


def problem(refused: Refused, status: int | None = None) -> dict[str, Any]:
    """The document: {type, title, status, code, detail, retryable} and, where there are any, hint, retry_after, errors
    (one per field), change or job (the whole view) and details.
    """
    details = dict(refused.details)
    document: dict[str, Any] = {
        "type": f"urn:devskyy:problem:{refused.code}",
        "title": refused.code.replace("_", " ").capitalize(),
        "status": status or refused.http_status,
        "code": str(refused.code),
        "detail": refused.message,
        "hint": refused.hint,
        "retryable": bool(refused.retryable),
        "retry_after": refused.retry_after,
        "errors": details.pop("problems", None),
        "change": details.pop("change", None),
        "job": details.pop("job", None),
        "details": details,
    }
    return {name: value for name, value in document.items() if value not in (None, "", {})}


def problem_response(refused: Refused, status: int | None = None, headers: dict[str, str] | None = None) -> Response:
    status = status or refused.http_status
    headers = dict(headers or {})
    if refused.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(refused.retry_after))
    if refusal_says(refused.details):
        headers[HEADER] = UNTRUSTED
    if status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", "Bearer")
    body = json.dumps(problem(refused, status), ensure_ascii=False, separators=(",", ":"), default=str)
    # A lone surrogate in a message must not turn a refusal into a failure.
    return Response(body.encode(errors="replace"), status, headers, "application/problem+json")


def of_status(status: int, headers: dict[str, str] | None = None) -> Response:
    """The problem document for what the router itself refuses: unknown paths and methods."""
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allow = (headers or {}).get("Allow", "")
        refused = Refused(Code.INVALID_ARGUMENTS, "This address does not take that method.", f"It takes {allow}.")
    else:
        words = HTTPStatus(status).phrase if status != HTTPStatus.NOT_FOUND else "There is nothing at this address"
        refused = Refused(_STATUS_CODES.get(status, Code.INVALID_ARGUMENTS), f"{words}.", "See /api/v1/openapi.json.")
    return problem_response(refused, status, headers)
