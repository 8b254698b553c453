"""wp/v2 plugins and block-directory, wp-site-health/v1: what a shop without a way to wordpress.org answers."""

from __future__ import annotations

from devskyy_tools.sandbox import schema
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route, edits

PLUGINS, HEALTH = "/wp/v2/plugins", "/wp-site-health/v1"
_OFFLINE = (
    "An unexpected error occurred. Something may be wrong with WordPress.org or this server&#8217;s configuration. If "
    "you continue to have problems, please try the <a href=\"https://wordpress.org/support/forums/\">support "
    "forums</a>."
)  # fmt: skip
TESTS: dict[str, tuple[str, str, str]] = {
    "background-updates": ("good", "Security", "Background updates are working"),
    "loopback-requests": ("good", "Performance", "Your site can perform loopback requests"),
    "dotorg-communication": ("critical", "Security", "Could not reach WordPress.org"),
    "https-status": ("recommended", "Security", "Your website does not use HTTPS"),
    "authorization-header": ("good", "Security", "The Authorization header is working as expected"),
    "page-cache": ("recommended", "Performance", "Page cache is not detected but the server response time is good"),
}


def routes() -> list[Route]:
    status: Json = {"status": {"type": "string", "enum": ["inactive", "active"]}}
    create = {**schema.create_args("plugin"), "status": {**status["status"], "default": "inactive"}}
    one = {"GET": Endpoint(plugin, CONTEXT), **edits(update, status), "DELETE": Endpoint(delete, {})}
    search: Json = {"term": {"type": "string", "required": True, "minLength": 1}}
    return [
        Route(PLUGINS, "plugin", {"GET": Endpoint(plugins, _listing()), "POST": Endpoint(install, create)}),
        Route(f"{PLUGINS}/{{plugin:n}}", "plugin", one),
        Route("/wp/v2/block-directory/search", "", {"GET": Endpoint(directory, search)}),
        *(Route(f"{HEALTH}/tests/{name}", "", {"GET": Endpoint(test, {})}) for name in TESTS),
        Route(f"{HEALTH}/directory-sizes", "", {"GET": Endpoint(sizes, {})}),
    ]


def _listing() -> Json:
    listed = {"type": "array", "items": {"type": "string", "enum": ["inactive", "active"]}}
    return {**schema.list_args("plugin"), "status": listed}


def _require(call: Call, code: str, capability: str = "activate_plugins") -> None:
    if not call.user.can(capability):
        raise denied(call, code, "Sorry, you are not allowed to manage plugins for this site.")


def _all(call: Call) -> list[Json]:
    return call.store.option("plugins", [])


def plugins(call: Call) -> Reply:
    _require(call, "rest_cannot_view_plugins")
    rows = _all(call)
    if call["status"]:
        rows = [one for one in rows if one["status"] in call["status"]]
    if word := str(call["search"] or "").lower():
        rows = [one for one in rows if word in f"{one['name']} {one['about']} {one['author']}".lower()]
    return Reply([_show(call, one).whole() for one in rows])


def _load(call: Call) -> Json:
    _require(call, "rest_cannot_view_plugin")
    for one in _all(call):
        if one["plugin"] == call["plugin"]:
            return one
    raise RestError("rest_plugin_not_found", "Plugin not found.", 404)


def _show(call: Call, one: Json) -> Reply:
    about, by = one["about"], one["author"]
    data: Json = {
        "plugin": one["plugin"], "status": one["status"], "name": one["name"], "plugin_uri": one["uri"], "author": by,
        "author_uri": one["uri"], "description": {"raw": about, "rendered": f"{about} <cite>By {by}.</cite>"},
        "version": one["version"], "network_only": False, "requires_wp": "6.8", "requires_php": "7.4",
        "textdomain": one["plugin"].split("/")[0],
    }  # fmt: skip
    found = links(call, f"{PLUGINS}/{one['plugin']}", PLUGINS)
    del found["collection"]
    return Reply(data, links=found)


def plugin(call: Call) -> Reply:
    return _show(call, _load(call))


def install(call: Call) -> Reply:
    """Refuse as a site does that wordpress.org can't be reached from."""
    _require(call, "rest_cannot_install_plugin", "install_plugins")
    error = RestError("plugins_api_failed", _OFFLINE, 500)
    error.more = {"additional_data": ["The demo shop makes no requests."]}
    raise error


def update(call: Call) -> Reply:
    one = _load(call)
    if call.sent.get("status"):
        one = {**one, "status": call["status"]}
        _keep(call, [one if other["plugin"] == one["plugin"] else other for other in _all(call)])
    return _show(call, one)


def _keep(call: Call, rows: list[Json]) -> None:
    call.store.set_option("plugins", rows)


def delete(call: Call) -> Reply:
    one = _load(call)
    if one["status"] != "inactive":
        message = "Cannot delete an active plugin. Please deactivate it first."
        raise RestError("rest_cannot_delete_active_plugin", message, 400)
    _keep(call, [other for other in _all(call) if other["plugin"] != one["plugin"]])
    return Reply({"deleted": True, "previous": _show(call, one).data})


def directory(call: Call) -> Reply:
    _require(call, "rest_block_directory_cannot_view", "install_plugins")
    error = RestError("plugins_api_failed", _OFFLINE, 500)
    error.more = {"additional_data": ["The demo shop makes no requests."]}
    raise error


# --- site health ---


def _require_health(call: Call) -> None:
    if not call.user.can("manage_options"):
        raise denied(call, "rest_forbidden", "Sorry, you are not allowed to do that.")


def test(call: Call) -> Reply:
    _require_health(call)
    name = call.path.rsplit("/", 1)[1]
    status, badge, label = TESTS[name]
    about: Json = {"label": badge, "color": "blue"}
    data: Json = {"label": label, "status": status, "badge": about, "description": f"<p>{label}.</p>", "actions": ""}
    return Reply({**data, "test": name.replace("-", "_")})


def sizes(call: Call) -> Reply:
    _require_health(call)
    raise RestError("not_available", "Directory sizes could not be returned.", 500)
