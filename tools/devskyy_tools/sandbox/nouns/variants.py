"""devskyy/v1/tests and exposures: tests of variants as DevSkyy's own plugin keeps and counts them."""

from __future__ import annotations

import hashlib
import time
from typing import cast

from devskyy_tools.sandbox import text
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError
from devskyy_tools.sandbox.routing import Endpoint, Route, edits
from devskyy_tools.sandbox.store import Where

_KIND, _UNIT = "variant_test", "variant_unit"
_GOALS = ("add_to_cart", "order", "refund", "revenue", "revenue_squares")
_BUCKETS = 10_000
_PER_MINUTE = 600
_KEY: Json = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,39}$", "required": True}
_VARIANT: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "key": _KEY,
        "weight": {"type": "integer", "minimum": 0, "maximum": 10000},
        "content": {"type": "string", "maxLength": 2000},
    },
}
_NEW: Json = {
    "key": _KEY,
    "salt": {"type": "string", "maxLength": 80},
    "place": {"type": "string", "enum": ["name", "short_description", "picture", "model"], "required": True},
    "product_ids": {
        "type": "array", "minItems": 1, "maxItems": 500, "items": {"type": "integer", "minimum": 1}, "required": True,
    },
    "layer": {"type": "string", "maxLength": 40, "default": ""},
    "slice": {
        "type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer", "minimum": 0, "maximum": _BUCKETS},
        "default": [0, _BUCKETS],
    },
    "variants": {"type": "array", "minItems": 2, "maxItems": 10, "items": _VARIANT, "required": True},
}  # fmt: skip
_EXPOSE: Json = {"test": _KEY, "unit": {"type": "string", "pattern": "^[a-f0-9]{32}$", "required": True}}
_LIVE: Json = {"live": {"type": "boolean", "required": True}}


def routes() -> list[Route]:
    base = "/devskyy/v1"
    one = {"GET": Endpoint(get, {}), **edits(update, _LIVE), "DELETE": Endpoint(delete, {})}
    return [
        Route(f"{base}/tests", "", {"GET": Endpoint(items, {}), "POST": Endpoint(create, _NEW)}),
        Route(f"{base}/tests/{{key:s}}", "", one),
        Route(f"{base}/exposures", "", {"POST": Endpoint(expose, _EXPOSE)}),
    ]


def _allow(call: Call) -> None:
    if not call.user.can("edit_others_pages"):
        raise denied(call, "rest_forbidden", "Sorry, you are not allowed to do that.")


def _shown(call: Call, body: Json) -> Json:
    """With its numbers. The demo shop has no cart, so that nobody in it does what is counted."""
    where = Where(_UNIT)
    where.add("parent = ?", body["id"])
    units = call.store.find(where)
    variants: list[Json] = []
    for one in cast("list[Json]", body["variants"]):
        mine = [unit for unit in units if unit["variant"] == one["key"]]
        numbers = {"shown": len(mine), **{goal: sum(unit[goal] for unit in mine) for goal in _GOALS}}
        variants.append({name: one[name] for name in ("key", "weight", "content")} | numbers)
    return _public(body) | {"variants": variants}


def _public(body: Json) -> Json:
    shown = ("key", "salt", "place", "product_ids", "live", "layer", "slice")
    variants = [{name: one[name] for name in ("key", "weight", "content")} for one in body["variants"]]
    return {**{name: body[name] for name in shown}, "variants": variants}


def _find(call: Call, key: str) -> Json | None:
    where = Where(_KIND)
    where.add("slug = ?", key)
    return next(iter(call.store.find(where)), None)


def _load(call: Call) -> Json:
    _allow(call)
    body = _find(call, call["key"])
    if body is None:
        raise RestError("devskyy_test_invalid_key", "There is no such test.", 404)
    return body


def items(call: Call) -> Reply:
    _allow(call)
    found = sorted(call.store.find(Where(_KIND)), key=lambda body: int(body["id"]))
    return Reply([_public(body) for body in found])


def _apart(call: Call, body: Json) -> None:
    """Another test that runs has none of the products, or other visitors."""
    for other in call.store.find(Where(_KIND)):
        both = [one for one in body["product_ids"] if one in other["product_ids"]]
        same = body["layer"] and body["layer"] == other["layer"]
        apart = same and (body["slice"][1] <= other["slice"][0] or other["slice"][1] <= body["slice"][0])
        if other["live"] and other["slug"] != body["slug"] and both and not apart:
            message = f"The test {other['key']} runs on product {both[0]}, for the same visitors."
            raise RestError("devskyy_test_collides", message, 409)


def get(call: Call) -> Reply:
    return Reply(_shown(call, _load(call)))


def create(call: Call) -> Reply:
    _allow(call)
    asked: list[Json] = call["variants"]
    keys = [one.get("key", "") for one in asked]
    if "" in keys or len(set(keys)) < len(keys) or sum(int(one.get("weight", 0)) for one in asked) < 1:
        message = "Each variant has a key of its own, and at least one a weight above 0."
        raise RestError("devskyy_test_invalid_variants", message, 400)
    part, whole = list(call["slice"]), [0, _BUCKETS]
    if part[0] >= part[1] or (not call["layer"] and part != whole):
        raise RestError("devskyy_test_invalid_slice", "A slice is of a layer, and not empty.", 400)
    if _find(call, call["key"]) is not None:
        raise RestError("devskyy_test_exists", "There is a test of that key.", 409)
    variants = [
        {
            "key": one["key"],
            "weight": int(one.get("weight", 0)),
            "content": _content(call["place"], one.get("content", "")),
        }
        for one in asked
    ]
    body: Json = {"id": call.store.new_id(_KIND), "key": call["key"], "slug": call["key"], "place": call["place"]}
    body |= {"salt": call["salt"] or call["key"], "layer": call["layer"], "slice": part}
    body |= {
        "product_ids": list(dict.fromkeys(call["product_ids"])),
        "live": True,
        "variants": variants,
        "minute": [0, 0],
    }
    _apart(call, body)
    call.store.put(_KIND, body)
    return Reply(_shown(call, body), 201)


def _content(place: str, given: str) -> str:
    if place != "picture":
        return " ".join(text.plain(given).split())
    if given and not given.lower().startswith(("http://", "https://")):
        raise RestError("devskyy_test_invalid_picture", "A picture is an address of http or https.", 400)
    return given


def update(call: Call) -> Reply:
    body = _load(call)
    if call["live"] and not body["live"]:
        raise RestError("devskyy_test_ended", "A test that has ended does not go on.", 409)
    body["live"] = call["live"]
    call.store.put(_KIND, body)
    return Reply(_shown(call, body))


def delete(call: Call) -> Reply:
    body = _load(call)
    previous = _shown(call, body)
    call.store.delete(_KIND, body["id"])
    return Reply({"deleted": True, "previous": previous})


def expose(call: Call) -> Reply:
    """Count a visitor once, whoever asks: a page from a cache holds no nonce."""
    if call.headers.get("sec-fetch-site") == "cross-site":
        raise RestError("rest_forbidden", "Only pages of this site tell what they show.", 403)
    body = _find(call, call["test"])
    if body is None or not body["live"] or not _takes_part(body, call["unit"]):
        raise RestError("devskyy_test_invalid_key", "No such test is shown.", 404)
    digest = hashlib.sha256(f"{body['salt']}:{call['unit']}".encode()).hexdigest()
    found = variant_of(body["variants"], digest)
    where = Where(_UNIT)
    where.add("parent = ?", body["id"])
    where.add("slug = ?", digest[:32])
    if call.store.find(where):
        return Reply(None, 204)
    minute = int(time.time() // 60)
    before = body["minute"][1] if body["minute"][0] == minute else 0
    if before >= _PER_MINUTE:
        return Reply({"code": "devskyy_too_many", "message": "Too many at once."}, 429, {"Retry-After": "60"})
    body["minute"] = [minute, before + 1]
    call.store.put(_KIND, body)
    unit: Json = {"id": call.store.new_id(_UNIT), "parent": body["id"], "slug": digest[:32]}
    call.store.put(_UNIT, unit | {"variant": found["key"], **dict.fromkeys(_GOALS, 0)})
    return Reply(None, 204)


def _takes_part(body: Json, unit: str) -> bool:
    digest = hashlib.sha256(f"layer:{body['layer']}:{unit}".encode()).digest()
    bucket = int.from_bytes(digest[:4], "big") * _BUCKETS >> 32
    return not body["layer"] or body["slice"][0] <= bucket < body["slice"][1]


def variant_of(variants: list[Json], digest: str) -> Json:
    """As the plugin's own function of that name."""
    at = int(digest[:8], 16) * sum(int(one["weight"]) for one in variants) >> 32
    for one in variants:
        at -= int(one["weight"])
        if at < 0:
            return one
    return variants[-1]
