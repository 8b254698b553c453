"""wp/v2 themes, global-styles and fonts."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from devskyy_tools.sandbox import clock, schema
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links, pages
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.nouns.content import CURIES, raw
from devskyy_tools.sandbox.routing import CONTEXT, FORCE, Endpoint, Route, edits
from devskyy_tools.sandbox.store import Where

STYLES, FAMILIES, THEMES = "/wp/v2/global-styles", "/wp/v2/font-families", "/wp/v2/themes"
_SETTINGS: Json = {"theme_json_version": {"type": "integer"}}
_PLAIN_FONT = re.compile(r"[A-Za-z-]+|generic\([A-Za-z-]+\)")
_NO_TRASH = "{} do not support trashing. Set {}force=true{} to delete."


def routes() -> list[Route]:
    faces = f"{FAMILIES}/{{font_family_id}}/font-faces"
    family = {**_SETTINGS, "font_family_settings": {"type": "string", "required": True}}
    face = {**_SETTINGS, "font_face_settings": {"type": "string", "required": True}}
    listing = schema.list_args("font_family")
    style = {"GET": Endpoint(styles, CONTEXT), **edits(change_styles, schema.edit_args("global_styles"))}
    one = {"GET": Endpoint(font, CONTEXT), "DELETE": Endpoint(delete_font, FORCE)}
    return [
        Route(THEMES, "theme", {"GET": Endpoint(themes, {"status": {"type": "array", "items": {"type": "string"}}})}),
        Route(f"{THEMES}/{{name:s}}", "theme", {"GET": Endpoint(one_theme, {})}),
        Route(f"{STYLES}/{{id}}", "global_styles", style),
        Route(f"{STYLES}/{{id}}/revisions", "global_styles", {"GET": Endpoint(style_revisions, {})}, nested=False),
        Route(f"{STYLES}/{{id}}/revisions/{{revision}}", "global_styles", {"GET": Endpoint(style_revision, {})}),
        Route(f"{STYLES}/themes/{{name:s}}", "global_styles", {"GET": Endpoint(theme_styles, {})}),
        Route(f"{STYLES}/themes/{{name:s}}/variations", "global_styles", {"GET": Endpoint(variations, {})}),
        Route(FAMILIES, "font_family", {"GET": Endpoint(fonts, listing), "POST": Endpoint(create_font, family)}),
        Route(f"{FAMILIES}/{{id}}", "font_family", {**one, **edits(update_font, {**family})}),
        Route(faces, "font_face", {"GET": Endpoint(fonts, listing), "POST": Endpoint(create_font, face)}),
        Route(f"{faces}/{{id}}", "font_face", one),
        Route("/wp/v2/font-collections", "font_collection", {"GET": Endpoint(collections, {})}),
        Route("/wp/v2/font-collections/{name:s}", "font_collection", {"GET": Endpoint(one_collection, {})}),
    ]


def _require(call: Call, code: str = "rest_cannot_view", message: str = "") -> None:
    if not call.user.can("edit_theme_options"):
        raise denied(call, code, message or "Sorry, you are not allowed to do that.")


# --- themes ---


def themes(call: Call) -> Reply:
    _require(call, "rest_cannot_view_themes", "Sorry, you are not allowed to view themes.")
    wanted = cast("list[str]", call["status"] or ["active", "inactive"])
    rows = [_show_theme(call, one).whole() for one in call.store.option("themes") if one["status"] in wanted]
    return Reply(rows, headers={"X-WP-Total": str(len(rows)), "X-WP-TotalPages": "1"})


def one_theme(call: Call) -> Reply:
    _require(call, "rest_cannot_view_themes", "Sorry, you are not allowed to view themes.")
    return _show_theme(call, _theme(call))


def _theme(call: Call) -> Json:
    for one in call.store.option("themes"):
        if one["stylesheet"] == call["name"]:
            return one
    raise RestError("rest_theme_not_found", "Theme not found.", 404)


def _show_theme(call: Call, one: Json) -> Reply:
    def text(value: str) -> Json:
        return {"raw": value, "rendered": value}

    slug, active = one["stylesheet"], one["status"] == "active"
    folder = call.site.page(f"wp-content/themes/{slug}")
    data: Json = {
        "stylesheet": slug, "template": slug, "requires_php": "7.2", "requires_wp": "6.7", "textdomain": slug,
        "version": one["version"], "screenshot": "", "author": text("Maison Skyy"), "author_uri": text(""),
        "description": text(one["description"]), "name": text(one["name"]),
        "tags": {"raw": ["full-site-editing"], "rendered": "full-site-editing"}, "theme_uri": text(""),
        "status": one["status"],
    }  # fmt: skip
    if active:
        data["theme_supports"] = one["supports"]
    data |= {"is_block_theme": True, "stylesheet_uri": folder, "template_uri": folder}
    if active:
        data |= {"default_template_types": one["template_types"], "default_template_part_areas": one["areas"]}
    more: Json = {}
    if active:
        styles_at = call.site.rest(f"{STYLES}/{call.store.option('styles_id')}")
        more["wp:user-global-styles"] = [{"href": styles_at}]
        export = call.site.rest("/wp-block-editor/v1/export")
        more["wp:export-theme"] = [{"targetHints": {"allow": ["GET"]}, "href": export}]
    return Reply(data, links=links(call, f"{THEMES}/{slug}", THEMES, **more, curies=CURIES))


# --- global styles ---


def _load_styles(call: Call) -> Json:
    body = call.store.get("wp_global_styles", int(call["id"]))
    if body is None:
        raise RestError("rest_global_styles_not_found", "No global styles config exists with that ID.", 404)
    return body


def styles(call: Call) -> Reply:
    body = _load_styles(call)
    _require(call, "rest_cannot_view", "Sorry, you are not allowed to view this global style.")
    return _show_styles(call, body)


def _show_styles(call: Call, body: Json) -> Reply:
    data: Json = {
        "id": body["id"], "title": {"raw": body["title"], "rendered": body["title"]}, "settings": body["settings"],
        "styles": body["styles"],
    }  # fmt: skip
    own = f"{STYLES}/{body['id']}"
    history = {"count": len(_kept(call, body["id"])), "href": call.site.rest(f"{own}/revisions")}
    more: Json = {
        "about": [{"href": call.site.rest("/wp/v2/types/wp_global_styles")}],
        "version-history": [history],
        **{f"wp:action-{name}": [{"href": call.site.rest(own)}] for name in ("publish", "edit-css")},
    }
    found = links(call, own, STYLES, **more, curies=CURIES)
    del found["collection"]
    return Reply(data, links=found)


def change_styles(call: Call) -> Reply:
    body = _load_styles(call)
    _require(call, "rest_cannot_edit", "Sorry, you are not allowed to edit this global style.")
    for name in ("settings", "styles"):
        if name in call.sent:
            body[name] = call[name] if isinstance(call[name], dict) else {}
    css = body["styles"].get("css")
    if isinstance(css, str) and re.search(r"</?\w+", css):
        raise RestError("rest_custom_css_illegal_markup", "Markup is not allowed in CSS.", 400)
    if "title" in call.sent:
        body["title"] = raw(call["title"])
    body["modified"] = clock.now()
    call.store.put("wp_global_styles", body)
    kept = {"id": call.store.new_id("revision"), "parent": body["id"], "author": call.user.id, "slug": ""}
    kept |= {"created": body["modified"], "modified": body["modified"], **_texts(body)}
    call.store.put("revision", kept)
    return _show_styles(call, body)


def _texts(body: Json) -> Json:
    return {"settings": body["settings"], "styles": body["styles"]}


def _kept(call: Call, parent: int) -> list[Json]:
    where = Where("revision")
    where.add("parent = ?", parent)
    return call.store.find(where, "created DESC, id DESC")


def _show_revision(one: Json) -> Json:
    filled = _texts(one) if one["settings"] or one["styles"] else {}
    return {
        **filled, "author": one["author"], "date": clock.local(one["created"]), "date_gmt": one["created"],
        "id": one["id"], "modified": clock.local(one["modified"]), "modified_gmt": one["modified"],
        "parent": one["parent"],
    }  # fmt: skip


def style_revisions(call: Call) -> Reply:
    styles(call)
    rows = [_show_revision(one) for one in _kept(call, int(call["id"]))]
    return pages(call, rows, len(rows))


def style_revision(call: Call) -> Reply:
    styles(call)
    for one in _kept(call, int(call["id"])):
        if one["id"] == call["revision"]:
            return Reply(_show_revision(one))
    raise RestError("rest_post_invalid_id", "Invalid revision ID.", 404)


def theme_styles(call: Call) -> Reply:
    _require(call, "rest_cannot_read_global_styles")
    theme = _theme(call)
    own = call.site.rest(f"{STYLES}/themes/{theme['stylesheet']}")
    return Reply({"settings": theme["settings"], "styles": theme["styles"]}, links={"self": [{"href": own}]})


def variations(call: Call) -> Reply:
    _require(call, "rest_cannot_read_global_styles")
    return Reply(_theme(call)["variations"])


# --- fonts ---


def _is_face(call: Call) -> bool:
    return call["font_family_id"] is not None


def _family(call: Call) -> Json | None:
    if not _is_face(call):
        return None
    body = call.store.get("wp_font_family", int(call["font_family_id"]))
    if body is None:
        raise RestError("rest_post_invalid_parent", "Invalid post parent ID.", 404)
    return body


def _kind(call: Call) -> str:
    return "wp_font_face" if _is_face(call) else "wp_font_family"


def fonts(call: Call) -> Reply:
    _require(call, "rest_cannot_read", "Sorry, you are not allowed to access font families.")
    family = _family(call)
    where = Where(_kind(call))
    if family:
        where.add("parent = ?", family["id"])
    lists.common(call, where)
    return lists.page_of(call, where, _show_font, strict=True, sort="id DESC")


def _load_font(call: Call) -> Json:
    family = _family(call)
    body = call.store.get(_kind(call), int(call["id"]))
    if body is None or (family and body["parent"] != family["id"]):
        raise RestError("rest_post_invalid_id", "Invalid post ID.", 404)
    return body


def font(call: Call) -> Reply:
    _require(call, "rest_cannot_read", "Sorry, you are not allowed to access font families.")
    return _show_font(call, _load_font(call))


def _faces(call: Call, family: int) -> list[int]:
    where = Where("wp_font_face")
    where.add("parent = ?", family)
    return call.store.ids(where)


def _show_font(call: Call, body: Json) -> Reply:
    if not _is_face(call):
        data: Json = {"id": body["id"], "theme_json_version": 3, "font_faces": _faces(call, body["id"])}
        data["font_family_settings"] = body["said"]
        return Reply(data, links=links(call, f"{FAMILIES}/{body['id']}", FAMILIES))
    data = {"id": body["id"], "theme_json_version": 3, "parent": body["parent"], "font_face_settings": body["said"]}
    above = f"{FAMILIES}/{body['parent']}"
    more = {"parent": [{"href": call.site.rest(above)}]}
    return Reply(data, links=links(call, f"{above}/font-faces/{body['id']}", f"{above}/font-faces", **more))


def _wrong(field: str, message: str) -> RestError:
    inner: Json = {"code": "rest_invalid_param", "message": message, "data": {"status": 400}}
    return RestError(
        "rest_invalid_param", f"Invalid parameter(s): {field}", 400, params={field: message}, details={field: inner}
    )


def _said(call: Call) -> Json:
    field = "font_face_settings" if _is_face(call) else "font_family_settings"
    try:
        found: Any = json.loads(str(call[field]))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _wrong(field, f"{field} parameter must be a valid JSON string.")
    said = cast("Json", found)
    if said.get("fontFamily"):
        names = [one.strip().strip("\"'") for one in str(said["fontFamily"]).split(",")]
        said["fontFamily"] = ", ".join(one if _PLAIN_FONT.fullmatch(one) else f'"{one}"' for one in names if one)
    return said


def create_font(call: Call) -> Reply:
    _require(call, "rest_cannot_create")
    family, said = _family(call), _said(call)
    if family is None:
        slug = str(said.get("slug", ""))
        where = Where("wp_font_family")
        where.add("slug = ?", slug)
        if call.store.count(where):
            message = f'A font family with slug "{slug}" already exists.'
            raise RestError("rest_duplicate_font_family", message, 400)
        said = {"name": said.get("name", ""), "slug": slug, "fontFamily": said.get("fontFamily", ""), "preview": ""}
    else:
        slug = ""
    body = {"id": call.store.new_id(_kind(call)), "parent": (family or {}).get("id", 0), "slug": slug, "said": said}
    call.store.put(_kind(call), body)
    reply = _show_font(call, body)
    reply.status = 201
    return reply


def update_font(call: Call) -> Reply:
    _require(call, "rest_cannot_edit")
    body, said = _load_font(call), _said(call)
    if "slug" in said:
        raise _wrong("font_family_settings", "font_family_settings[slug] cannot be updated.")
    body["said"] |= said
    call.store.put("wp_font_family", body)
    return _show_font(call, body)


def delete_font(call: Call) -> Reply:
    _require(call, "rest_cannot_delete")
    body = _load_font(call)
    if not call["force"]:
        words = _NO_TRASH.format(*(("Font faces", '"', '"') if _is_face(call) else ("Font families", '"', '"')))
        raise RestError("rest_trash_not_supported", words, 501)
    before = _show_font(call, body).data
    for face in [] if _is_face(call) else _faces(call, body["id"]):
        call.store.delete("wp_font_face", face)
    call.store.delete(_kind(call), body["id"])
    return Reply({"deleted": True, "previous": before})


def collections(call: Call) -> Reply:
    """Return no collection: that of WordPress is fetched from wordpress.org, which can't be reached here."""
    _require(call, "rest_cannot_read")
    return Reply([], headers={"X-WP-Total": "1", "X-WP-TotalPages": "1"})


def one_collection(call: Call) -> Reply:
    _require(call, "rest_cannot_read")
    if call["name"] == "google-fonts":
        message = "Font collection JSON file is invalid or does not exist."
        raise RestError("font_collection_json_missing", message, 500)
    raise RestError("rest_font_collection_not_found", "Font collection not found.", 404)
