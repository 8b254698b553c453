"""wp/v2 widgets, widget-types and sidebars; a block theme only has the place for inactive ones."""

from __future__ import annotations

import base64
import hashlib
import html
from typing import Any, cast

from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns.content import CURIES
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route, edits

WIDGETS, SIDEBARS, TYPES = "/wp/v2/widgets", "/wp/v2/sidebars", "/wp/v2/widget-types"
IDLE = "wp_inactive_widgets"
KINDS = {
    "archives": ("Archives", "A monthly archive of your site's Posts."),
    "block": ("Block", "A widget containing a block."),
    "categories": ("Categories", "A list or dropdown of categories."),
    "custom_html": ("Custom HTML", "Arbitrary HTML code."),
    "nav_menu": ("Navigation Menu", "Add a navigation menu to your sidebar."),
    "recent-posts": ("Recent Posts", "Your site's most recent Posts."),
    "search": ("Search", "A search form for your site."),
    "text": ("Text", "Arbitrary text."),
}
_ARGS: Json = {
    "id_base": {"type": "string"},
    "sidebar": {"type": "string"},
    "instance": {"type": ["object", "null"]},
    "form_data": {"type": "string"},
}


def routes() -> list[Route]:
    create = {**_ARGS, "sidebar": {"type": "string", "default": IDLE, "required": True}}
    force: Json = {"force": {"type": "boolean"}}
    one = {"GET": Endpoint(widget, CONTEXT), **edits(update, _ARGS), "DELETE": Endpoint(delete, force)}
    order: Json = {"widgets": {"type": "array", "items": {"type": ["object", "string"]}}}
    listing = {**CONTEXT, "sidebar": {"type": "string"}}
    return [
        Route(WIDGETS, "widget", {"GET": Endpoint(widgets, listing), "POST": Endpoint(create_widget, create)}),
        Route(f"{WIDGETS}/{{id:s}}", "widget", one),
        Route(SIDEBARS, "sidebar", {"GET": Endpoint(sidebars, CONTEXT)}),
        Route(f"{SIDEBARS}/{{id:s}}", "sidebar", {"GET": Endpoint(sidebar, CONTEXT), **edits(arrange, order)}),
        Route(TYPES, "widget_type", {"GET": Endpoint(types, CONTEXT)}),
        Route(f"{TYPES}/{{id:s}}", "widget_type", {"GET": Endpoint(one_type, CONTEXT)}),
    ]


def _require(call: Call) -> None:
    if not call.user.can("edit_theme_options"):
        message = "Sorry, you are not allowed to manage widgets on this site."
        raise denied(call, "rest_cannot_manage_widgets", message)


def _all(call: Call) -> dict[str, Json]:
    return call.store.option("widgets", {})


def _places(call: Call) -> dict[str, list[str]]:
    return call.store.option("sidebars", {IDLE: []})


def _put(call: Call, held: dict[str, Json], places: dict[str, list[str]]) -> None:
    call.store.set_option("widgets", held)
    call.store.set_option("sidebars", places)


def widgets(call: Call) -> Reply:
    _require(call)
    held, places = _all(call), _places(call)
    wanted = [call["sidebar"]] if call["sidebar"] else list(places)
    return Reply([_show(call, held[one]).whole() for place in wanted for one in places.get(place, []) if one in held])


def _load(call: Call) -> Json:
    found = _all(call).get(str(call["id"]))
    if found is None:
        raise RestError("rest_widget_not_found", "No widget was found with that id.", 404)
    return found


def widget(call: Call) -> Reply:
    _require(call)
    return _show(call, _load(call))


def _place_of(call: Call, name: str) -> str:
    return next((place for place, order in _places(call).items() if name in order), IDLE)


def _show(call: Call, body: Json) -> Reply:
    place, said = _place_of(call, body["id"]), cast("Json", body["raw"])
    data: Json = {"id": body["id"], "id_base": body["id_base"], "sidebar": place, "rendered": ""}
    if call.edit:
        packed = base64.b64encode(repr(said).encode()).decode()
        data["rendered_form"] = f"<p><textarea>{html.escape(str(said.get('content', '')))}</textarea></p>"
        instance: Json = {"encoded": packed, "hash": hashlib.md5(packed.encode(), usedforsecurity=False).hexdigest()}
        data["instance"] = {**instance, "raw": said}
    more: Json = {
        "about": [{"embeddable": True, "href": call.site.rest(f"{TYPES}/{body['id_base']}")}],
        "wp:sidebar": [{"href": f"{call.site.rest(f'{SIDEBARS}/{place}')}/"}],
    }
    return Reply(data, links=links(call, f"{WIDGETS}/{body['id']}", WIDGETS, **more, curies=CURIES))


def create_widget(call: Call) -> Reply:
    _require(call)
    kind = str(call["id_base"] or "")
    if kind not in KINDS:
        words = (
            "The provided widget type (id_base) cannot be updated." if kind else "Widget type (id_base) is required."
        )
        raise RestError("rest_invalid_widget", words, 400)
    held, places = _all(call), _places(call)
    number = call.store.new_id(f"widget {kind}") + 1
    own = f"{kind}-{number}"
    held[own] = body = {"id": own, "id_base": kind, "raw": _raw(call) or {}}
    places.setdefault(str(call["sidebar"]), []).append(own)  # any name is taken
    _put(call, held, places)
    call.params["context"] = "edit"
    reply = _show(call, body)
    reply.status = 201
    return reply


def _raw(call: Call) -> Json | None:
    instance: Any = call.sent.get("instance")
    said: Any = cast("Json", instance).get("raw") if isinstance(instance, dict) else None
    return cast("Json", said) if isinstance(said, dict) else None


def update(call: Call) -> Reply:
    _require(call)
    body, held, places = _load(call), _all(call), _places(call)
    if (said := _raw(call)) is not None:
        held[body["id"]] = body = {**body, "raw": said}
    if call.sent.get("sidebar"):
        places = {place: [one for one in order if one != body["id"]] for place, order in places.items()}
        places.setdefault(str(call["sidebar"]), []).append(str(body["id"]))
    _put(call, held, places)
    call.params["context"] = "edit"
    return _show(call, body)


def delete(call: Call) -> Reply:
    """Delete with force; without, the widget goes to the inactive ones."""
    _require(call)
    body, held = _load(call), _all(call)
    call.params["context"] = "edit"
    before = _show(call, body)
    places = {place: [one for one in order if one != body["id"]] for place, order in _places(call).items()}
    if call["force"]:
        del held[body["id"]]
        _put(call, held, places)
        return Reply({"deleted": True, "previous": before.data})
    places.setdefault(IDLE, []).append(body["id"])
    _put(call, held, places)
    return _show(call, body)


# --- sidebars ---


def sidebars(call: Call) -> Reply:
    _require(call)
    return Reply([_show_place(call, IDLE).whole()])


def sidebar(call: Call) -> Reply:
    _require(call)
    if call["id"] != IDLE:
        raise RestError("rest_sidebar_not_found", "No sidebar exists with that id.", 404)
    return _show_place(call, IDLE)


def _show_place(call: Call, place: str) -> Reply:
    empty = dict.fromkeys(("description", "class", "before_widget", "after_widget", "before_title", "after_title"), "")
    data: Json = {"id": place, "name": "Inactive widgets", **empty, "status": "inactive"}
    data["widgets"] = [one for one in _places(call).get(place, []) if one in _all(call)]
    more = {"wp:widget": [{"embeddable": True, "href": f"{call.site.rest(WIDGETS)}?sidebar={place}"}]}
    return Reply(data, links=links(call, f"{SIDEBARS}/{place}", SIDEBARS, **more, curies=CURIES))


def arrange(call: Call) -> Reply:
    """Take the order as sent; what is left out becomes inactive, what does not exist is dropped."""
    sidebar(call)
    places, held = _places(call), _all(call)
    wanted = [str(one) for one in cast("list[Any]", call["widgets"] or []) if str(one) in held]
    rest = [one for one in places.get(IDLE, []) if one not in wanted]
    places[IDLE] = [*wanted, *rest]
    call.store.set_option("sidebars", places)
    return _show_place(call, IDLE)


# --- types ---


def types(call: Call) -> Reply:
    _require(call)
    return Reply([_show_type(call, name).whole() for name in KINDS])


def one_type(call: Call) -> Reply:
    _require(call)
    if call["id"] not in KINDS:
        raise RestError("rest_widget_type_invalid", "Invalid widget type.", 404)
    return _show_type(call, str(call["id"]))


def _show_type(call: Call, name: str) -> Reply:
    title, about = KINDS[name]
    data = {"id": name, "name": title, "description": about, "is_multi": True, "classname": f"widget_{name}"}
    return Reply(data, links=links(call, f"{TYPES}/{name}", TYPES))
