"""devskyy/v1/models: a product's 3D model as DevSkyy's own plugin keeps it, in meta that WooCommerce shows as well."""

from __future__ import annotations

import re
from typing import Any, cast

from devskyy_tools.sandbox import text
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError
from devskyy_tools.sandbox.nouns import goods
from devskyy_tools.sandbox.nouns.revisions import may_edit
from devskyy_tools.sandbox.routing import Endpoint, Route, edits

_META = "_devskyy_model_"
_FILES = {"glb": "model/gltf-binary", "usdz": "model/vnd.usdz+zip", "poster": "image/"}
_SIZES = ("width", "height", "depth")
_FIELDS = (*_FILES, "alt", "kind", "sha256", *_SIZES, "ar")
_FILE: Json = {"type": ["integer", "string"]}
_SIZE: Json = {"type": "number", "minimum": 0, "maximum": 50}
_ARGS: Json = {
    **dict.fromkeys(_FILES, _FILE),
    "alt": {"type": "string", "maxLength": 1000},
    "kind": {"type": "string", "enum": ["", "relief", "reconstruction", "generated"]},
    "sha256": {"type": "string", "pattern": "^([0-9a-f]{64})?$"},
    **dict.fromkeys(_SIZES, _SIZE),
    "ar": {"type": "boolean"},
}
_OTHERS = {"post": "edit_posts", "page": "edit_pages"}


def routes() -> list[Route]:
    one = {"GET": Endpoint(get, {}), **edits(put, _ARGS), "DELETE": Endpoint(delete, {})}
    return [Route("/devskyy/v1/models/{id}", "", one)]


def _load(call: Call) -> tuple[str, Json]:
    """The kind of object and the object, which the user may edit."""
    found = call.store.get("product", int(call["id"]))
    if found is not None:
        may, kind = call.user.can("edit_products"), "product"
    else:
        kind = next((kind for kind in _OTHERS if call.store.get(kind, int(call["id"]))), "")
        found = call.store.get(kind, int(call["id"])) if kind else None
        may = found is not None and may_edit(call, found, _OTHERS[kind])
    if found is None:
        raise RestError("rest_post_invalid_id", "Invalid post ID.", 404)
    if not may:
        raise denied(call, "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
    return kind, found


def _kept(call: Call, kind: str, found: Json) -> Json:
    if kind == "product":
        return {meta["key"]: meta["value"] for meta in found["meta"]}
    return call.store.peek("model_post", found["id"]) or {}


def _model(call: Call, kind: str, found: Json) -> Json:
    kept = _kept(call, kind, found)
    model: Json = {}
    for name in _FIELDS:
        value = str(kept.get(_META + name) or "")
        if name in _FILES and re.fullmatch(r"[0-9]{1,19}", value):
            model[name] = int(value)
        elif name in _SIZES:
            number = float(value or 0)
            model[name] = int(number) if number.is_integer() else number  # as PHP's JSON has it
        else:
            model[name] = bool(value) if name == "ar" else value
    return model


def _url(call: Call, name: str, file: int | str) -> str:
    if isinstance(file, str):
        return file if re.fullmatch(r"https?://[^\s<>\"']+", file, re.I) else ""
    held = call.store.get("attachment", file)
    good = held is not None and str(held["mime_type"]).startswith(_FILES[name])
    return call.site.upload(held["file"]) if held and good else ""


def _shown(call: Call, kind: str, found: Json) -> Reply:
    model = _model(call, kind, found)
    urls = {name: _url(call, name, model[name]) for name in _FILES}
    held = call.store.get("attachment", model["glb"]) if isinstance(model["glb"], int) else None
    stored = call.store.file(held["file"]) if held else None
    more: Json = {"urls": urls, "bytes": len(stored[1]) if stored else 0}
    return Reply({"id": found["id"], **model, **more, "json_ld": _json_ld(model, urls, _title(kind, found))})


def _title(kind: str, found: Json) -> str:
    return text.plain(text.texturized(str(found["name" if kind == "product" else "title"])))


def _json_ld(model: Json, urls: Json, title: str) -> Json | None:
    if not urls["glb"] or model["kind"] == "relief":
        return None
    files = [
        {"@type": "MediaObject", "contentUrl": urls[name], "encodingFormat": _FILES[name]}
        for name in ("glb", "usdz")
        if urls[name]
    ]
    told: Json = {"@type": "3DModel", "name": title, "description": model["alt"], "thumbnailUrl": urls["poster"]}
    return {name: value for name, value in {**told, "encoding": files}.items() if value}


def get(call: Call) -> Reply:
    return _shown(call, *_load(call))


def put(call: Call) -> Reply:
    kind, found = _load(call)
    asked = {name: call.params[name] for name in _FIELDS if call.params.get(name) is not None}
    model = _model(call, kind, found) | asked
    model["alt"] = " ".join(text.plain(model["alt"]).split())
    if model["glb"] and (wrong := _wrong(call, model)):
        raise RestError("devskyy_model_invalid", wrong, 400)
    return _save(call, kind, found, model if model["glb"] else {})


def delete(call: Call) -> Reply:
    return _save(call, *_load(call), {})


def _wrong(call: Call, model: Json) -> str:
    for name in _FILES:
        if model[name] and not _url(call, name, model[name]):
            return f"{name} is neither a file of that kind in the media library nor an address."
    if not model["kind"]:
        return "kind says how the model was made: relief, reconstruction or generated."
    if model["kind"] == "relief" and model["ar"]:
        return "A relief has no true depth, so it is not shown in a room: ar must be false."
    return ""


def _save(call: Call, kind: str, found: Json, model: Json) -> Reply:
    """Empty values are not kept; numbers and truth come back as text, as from the database."""
    values: Json = {_META + name: model.get(name) or None for name in _FIELDS}
    if kind == "product":
        sent = cast("list[Any]", [{"key": key, "value": value} for key, value in values.items()])
        goods.apply_meta(call.store, found, {"meta_data": sent})
        call.store.put("product", found)
    else:
        kept = {key: goods.stored_value(value) for key, value in values.items() if value}
        call.store.put("model_post", {"id": found["id"], **kept})
    return _shown(call, kind, found)
