"""Routes as the shop registers them: a pattern, methods with their arguments, the noun whose fields are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from devskyy_tools.sandbox import schema
from devskyy_tools.sandbox.envelope import EDITS, Call, Json, Reply, RestError, filtered
from devskyy_tools.sandbox.store import LARGEST

Handler = Callable[[Call], Reply]
FORCE: Json = {"force": {"type": "boolean", "default": False}}
CONTEXT: Json = {"context": {"type": "string", "enum": ["view", "embed", "edit"], "default": "view"}}
BATCH_LIMIT = 100


@dataclass(slots=True)
class Endpoint:
    handler: Handler
    args: Json


@dataclass(slots=True)
class Route:
    """`path` has {id} for digits, {name:s} for words, {id:n} for names such as `theme//slug` and `akismet/akismet`;
    `nested` says whether `_fields=a.b` works here.
    """

    path: str
    noun: str
    methods: dict[str, Endpoint]
    nested: bool = True
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        source = re.sub(r"\{([a-z_]+):s\}", r"(?P<\1>[\\w.-]+)", self.path)
        source = re.sub(r"\{([a-z_]+):n\}", r"(?P<\1>[\\w.-]+(?://?[\\w.-]+)*)", source)
        self.pattern = re.compile(re.sub(r"\{([a-z_]+)\}", r"(?P<\1>\\d+)", source))


class Router:
    """Finds the route of a path, by namespace and first noun."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = list(routes)
        self._by_head: dict[str, list[Route]] = {}
        for route in self.routes:
            self._by_head.setdefault(_head(route.path), []).append(route)

    def find(self, path: str) -> tuple[Route, Json] | None:
        """Return the route and the parameters in its path."""
        for route in self._by_head.get(_head(path), ()):
            if found := route.pattern.fullmatch(path):
                return route, {k: whole_number(v) if v.isdigit() else v for k, v in found.groupdict().items()}
        return None


def whole_number(digits: str) -> int:
    """As PHP casts: what does not fit is the largest number that does."""
    return min(int(digits), LARGEST) if len(digits) < 20 else LARGEST


def _head(path: str) -> str:
    return "/".join(path.split("/", 4)[:4])


def edits(handler: Handler, args: Json) -> dict[str, Endpoint]:
    return {method: Endpoint(handler, args) for method in EDITS}


def collection(
    base: str,
    noun: str,
    *,
    items: Handler,
    item: Handler,
    create: Handler | None = None,
    update: Handler | None = None,
    delete: Handler | None = None,
    batch: bool = False,
    nested: bool = False,
) -> list[Route]:
    """Return the routes that nearly every noun has: its list, one object, and on wc/v3 the batch."""
    many = {"GET": Endpoint(items, schema.list_args(noun))}
    one = {"GET": Endpoint(item, CONTEXT)}
    if create:
        many["POST"] = Endpoint(create, schema.create_args(noun))
    if update:
        one |= edits(update, schema.edit_args(noun))
    if delete:
        one["DELETE"] = Endpoint(delete, FORCE)
    out = [Route(base, noun, many, nested), Route(f"{base}/{{id}}", noun, one, nested)]
    if batch and create and update and delete:
        handler = batch_handler(noun, create, update, delete)
        out.append(Route(f"{base}/batch", noun, edits(handler, {}), nested))
    return out


def batch_handler(noun: str, create: Handler, update: Handler, delete: Handler) -> Handler:
    """Return WooCommerce's batch: items are neither validated nor atomic, and deletes are for good.

    An item's own `_fields` cut its answer.
    """
    defaults = {name: arg["default"] for name, arg in schema.create_args(noun).items() if "default" in arg}

    def run(call: Call) -> Reply:
        from devskyy_tools.sandbox.auth import require_shop

        require_shop(call, "batch")
        wanted: dict[str, list[Any]] = {verb: call.body.get(verb) or [] for verb in ("create", "update", "delete")}
        if sum(len(items) for items in wanted.values()) > BATCH_LIMIT:
            message = f"Unable to accept more than {BATCH_LIMIT} items for this request."
            raise RestError("woocommerce_rest_request_entity_too_large", message, 413)
        parents = {k: v for k, v in call.params.items() if k.endswith("_id") and k not in call.sent}
        out: Json = {}
        for body in wanted["create"]:
            inner = call.derive("POST", body, {**defaults, **body, **parents})
            out.setdefault("create", []).append(_one(inner, create, 0))
        for body in wanted["update"]:
            inner = call.derive("PUT", body, {**body, **parents})
            out.setdefault("update", []).append(_one(inner, update, body.get("id", 0)))
        for target in wanted["delete"]:
            if not str(target).isdigit() or whole_number(str(target)) == 0:
                continue
            inner = call.derive("DELETE", {}, {"id": whole_number(str(target)), "force": True, **parents})
            out.setdefault("delete", []).append(_one(inner, delete, whole_number(str(target))))
        return Reply(out or [])

    return run


def _one(call: Call, handler: Handler, object_id: int) -> Json:
    try:
        with call.store.item():
            reply = handler(call)
            fields = call.body.get("_fields")  # a product's brands are added after it was cut
            return filtered(reply, f"{fields},brands" if fields else None, nested=False)
    except RestError as error:
        return {"id": object_id, "error": error.body()}
