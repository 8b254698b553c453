"""batch/v1: several writes of wp/v2 in one request."""

from __future__ import annotations

from typing import cast

from devskyy_tools.sandbox import schema
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, parse_query
from devskyy_tools.sandbox.routing import Endpoint, Route

WP_BATCH_LIMIT = 25
_BATCH_ITEM: Json = {
    "type": "object",
    "properties": {
        "method": {"type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"], "default": "POST"},
        "path": {"type": "string", "required": True},
        "body": {"type": "object", "additionalProperties": True},
    },
}
_BATCH_ARGS: Json = {
    "validation": {"type": "string", "enum": ["require-all-validate", "normal"], "default": "normal"},
    "requests": {"type": "array", "required": True, "maxItems": WP_BATCH_LIMIT, "items": _BATCH_ITEM},
}


def routes() -> list[Route]:
    return [Route("/batch/v1", "", {"POST": Endpoint(batch, _BATCH_ARGS)})]


def batch(call: Call) -> Reply:
    """Run up to 25 writes of wp/v2; WooCommerce's routes refuse to be part of it."""
    wanted = cast("list[Json]", call["requests"])
    checked = [_prepared(call, entry) for entry in wanted]
    strict = call.body.get("validation") == "require-all-validate"
    if strict and any(isinstance(entry, RestError) for entry in checked):
        failed = [_response(entry) if isinstance(entry, RestError) else None for entry in checked]
        return Reply({"failed": "validation", "responses": failed}, 207)
    return Reply({"responses": [_run(call, entry) for entry in checked]}, 207)


def _prepared(call: Call, entry: Json) -> tuple[Endpoint, Call] | RestError:
    from devskyy_tools.sandbox.auth import query_pairs
    from devskyy_tools.sandbox.serving import find_route

    method = str(entry.get("method") or "POST").upper()
    path, _, query = str(entry.get("path") or "").partition("?")
    if path.startswith("/wc/"):
        return RestError("rest_batch_not_allowed", "The requested route does not support batch requests.", 400)
    try:
        route, in_path = find_route(call.site, path, method)
        endpoint, body = route.methods[method], cast("Json", entry.get("body") or {})
        values = parse_query(query_pairs(query))
        inner = call.derive(method, body, {})
        inner.path, inner.query = path, values
        inner.params = schema.check(endpoint.args, {**in_path, **values, **body}) | in_path
    except RestError as error:
        return error
    return endpoint, inner


def _run(call: Call, entry: tuple[Endpoint, Call] | RestError) -> Json:
    if isinstance(entry, RestError):
        return _response(entry)
    endpoint, inner = entry
    try:
        with call.store.item():
            reply = endpoint.handler(inner)
    except RestError as error:
        return _response(error)
    return {"body": reply.whole(), "status": reply.status, "headers": reply.headers or []}


def _response(error: RestError) -> Json:
    return {"body": error.body(), "status": error.status, "headers": []}
