"""The index of the REST API, wp/v2 types, statuses, taxonomies and settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from devskyy_tools.sandbox import clock, schema, text
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError
from devskyy_tools.sandbox.routing import CONTEXT, Endpoint, Route, edits

NAMESPACES = ["oembed/1.0", "wc/v3", "wp/v2", "wp-site-health/v1", "wp-block-editor/v1"]
PLUGIN = "devskyy/v1"

TYPES: dict[str, Json] = {
    "post": {"name": "Posts", "rest_base": "posts", "icon": "dashicons-admin-post",
             "taxonomies": ["category", "post_tag"]},
    "page": {"name": "Pages", "rest_base": "pages", "hierarchical": True, "icon": "dashicons-admin-page"},
    "attachment": {"name": "Media", "rest_base": "media", "icon": "dashicons-admin-media"},
    "product": {"name": "Products", "rest_base": "product", "has_archive": "shop", "icon": "dashicons-archive",
                "taxonomies": ["product_brand", "product_cat", "product_tag"]},
}  # fmt: skip
_RIGHTS = (
    "edit_post", "read_post", "delete_post", "edit_posts", "edit_others_posts", "delete_posts", "publish_posts",
    "read_private_posts", "delete_private_posts", "delete_published_posts", "delete_others_posts", "edit_private_posts",
    "edit_published_posts", "create_posts",
)  # fmt: skip
_LABELS = (
    "add_new", "add_new_item", "all_items", "archives", "attributes", "edit_item", "featured_image", "filter_by_date",
    "filter_items_list", "insert_into_item", "item_link", "item_link_description", "item_published",
    "item_published_privately", "item_reverted_to_draft", "item_scheduled", "item_trashed", "item_updated",
    "items_list", "items_list_navigation", "name_admin_bar", "new_item", "not_found", "not_found_in_trash",
    "remove_featured_image", "search_items", "set_featured_image", "uploaded_to_this_item", "use_featured_image",
    "view_item", "view_items",
)  # fmt: skip
_SUPPORTS = (
    "title", "author", "thumbnail", "excerpt", "trackbacks", "custom-fields", "comments", "revisions", "post-formats",
    "autosave",
)  # fmt: skip
STATUSES: dict[str, Json] = {
    "publish": {"name": "Published", "public": True, "queryable": True, "date_floating": False},
    "future": {"name": "Scheduled", "public": False, "queryable": False, "date_floating": False, "protected": True},
    "draft": {"name": "Draft", "public": False, "queryable": False, "date_floating": True, "protected": True},
    "pending": {"name": "Pending", "public": False, "queryable": False, "date_floating": True, "protected": True},
    "private": {"name": "Private", "public": False, "queryable": False, "date_floating": False, "private": True},
    "trash": {"name": "Trash", "public": False, "queryable": False, "date_floating": False},
}
TAXONOMIES: dict[str, Json] = {
    "category": {"name": "Categories", "types": ["post"], "hierarchical": True, "rest_base": "categories"},
    "post_tag": {"name": "Tags", "types": ["post"], "hierarchical": False, "rest_base": "tags"},
    "product_brand": {"name": "Brands", "types": ["product"], "hierarchical": True, "rest_base": "product_brand"},
    "product_cat": {
        "name": "Product categories",
        "types": ["product"],
        "hierarchical": True,
        "rest_base": "product_cat",
    },
    "product_tag": {"name": "Product tags", "types": ["product"], "hierarchical": False, "rest_base": "product_tag"},
    "wp_pattern_category": {
        "name": "Pattern Categories", "types": ["wp_block"], "hierarchical": False, "rest_base": "wp_pattern_category",
        "public": False,
    },
}  # fmt: skip
_TERM_RIGHTS = ("manage_terms", "edit_terms", "delete_terms", "assign_terms")
_TERM_LABELS = (
    "name", "singular_name", "search_items", "popular_items", "all_items", "parent_item", "parent_item_colon",
    "name_field_description", "slug_field_description", "parent_field_description", "desc_field_description",
    "edit_item", "view_item", "update_item", "add_new_item", "new_item_name", "separate_items_with_commas",
    "add_or_remove_items", "choose_from_most_used", "not_found", "no_terms", "filter_by_item",
    "items_list_navigation", "items_list", "most_used", "back_to_items", "item_link", "item_link_description",
    "menu_name", "name_admin_bar", "template_name",
)  # fmt: skip
_EMPTY_LABELS = frozenset(
    {"popular_items", "separate_items_with_commas", "add_or_remove_items", "choose_from_most_used"}
)
_NEST_ONLY = frozenset({"parent_item", "parent_item_colon", "parent_field_description", "filter_by_item"})


def routes() -> list[Route]:
    base, get = "/wp/v2", "GET"
    settings = {get: Endpoint(site, {}), **edits(change_site, schema.edit_args("site"))}
    return [
        Route("/", "", {get: Endpoint(index, {})}),
        *(Route(f"/{name}", "", {get: Endpoint(namespace, {})}) for name in NAMESPACES),
        Route(f"{base}/types", "type", {get: Endpoint(types, CONTEXT)}),
        Route(f"{base}/types/{{name:s}}", "type", {get: Endpoint(one_type, CONTEXT)}),
        Route(f"{base}/statuses", "status", {get: Endpoint(statuses, CONTEXT)}),
        Route(f"{base}/statuses/{{name:s}}", "status", {get: Endpoint(one_status, CONTEXT)}),
        Route(f"{base}/taxonomies", "taxonomy", {get: Endpoint(taxonomies, CONTEXT)}),
        Route(f"{base}/taxonomies/{{name:s}}", "taxonomy", {get: Endpoint(one_taxonomy, CONTEXT)}),
        Route(f"{base}/settings", "site", settings),
    ]


def index(call: Call) -> Reply:
    from devskyy_tools.sandbox.serving import router

    options = call.store.option("site")
    offset = datetime.now(clock.zone()).utcoffset()
    hours = offset.total_seconds() / 3600 if offset else 0
    place = {"endpoints": {"authorization": call.site.page("wp-admin/authorize-application.php")}}
    data: Json = {
        "name": options["title"],
        "description": options["description"],
        "url": call.site.url,
        "home": call.site.url,
        "gmt_offset": f"{hours:g}",
        "timezone_string": clock.TIMEZONE,
        "page_for_posts": options["page_for_posts"],
        "page_on_front": options["page_on_front"],
        "show_on_front": options["show_on_front"],
        "namespaces": [*NAMESPACES, *([PLUGIN] if call.site.plugin else [])],
        "authentication": {"application-passwords": place} if call.site.takes_app_passwords else [],
        "routes": _described(call, router(call.site).routes),
        "site_logo": options["site_logo"],
        "site_icon": options["site_icon"],
        "site_icon_url": "",
    }
    return Reply(data, links={"help": [{"href": "https://developer.wordpress.org/rest-api/"}]})


def _described(call: Call, found: list[Route]) -> Json:
    out: Json = {}
    for route in found:
        methods = list(route.methods)
        alike: dict[tuple[int, int], list[str]] = {}  # what one handler takes is listed together
        for name, endpoint in route.methods.items():
            alike.setdefault((id(endpoint.handler), id(endpoint.args)), []).append(name)
        endpoints = [{"methods": names, "args": route.methods[names[0]].args or []} for names in alike.values()]
        shown: Json = {"namespace": _namespace(route.path), "methods": methods, "endpoints": endpoints}
        if "{" not in route.path and "(" not in route.path:
            shown["_links"] = {"self": [{"href": call.site.rest(route.path)}]}
        out[route.pattern.pattern] = shown
    return out


def _namespace(path: str) -> str:
    return next((name for name in (*NAMESPACES, PLUGIN) if path.startswith(f"/{name}")), "")


def namespace(call: Call) -> Reply:
    from devskyy_tools.sandbox.serving import router

    name = call.path.strip("/")
    found = [route for route in router(call.site).routes if route.path.startswith(f"/{name}")]
    up = {"up": [{"href": call.site.rest("/")}]}
    return Reply({"namespace": name, "routes": _described(call, found)}, links=up)


# --- types, statuses, taxonomies -------------------------------------------------------------------------------------


def _links(call: Call, noun: str, rest_base: str) -> Json:
    items = [{"href": call.site.rest(f"/wp/v2/{rest_base}")}]
    curies = [{"name": "wp", "href": "https://api.w.org/{rel}", "templated": True}]
    return {"collection": [{"href": call.site.rest(f"/wp/v2/{noun}")}], "wp:items": items, "curies": curies}


def _show_type(call: Call, slug: str) -> Reply:
    kind = TYPES[slug]
    edit: Json = _edit_fields(slug, kind) if call.edit else {}
    data: Json = {
        **edit,
        "description": "",
        "hierarchical": kind.get("hierarchical", False),
        "has_archive": kind.get("has_archive", False),
        "name": kind["name"],
        "slug": slug,
        "icon": kind["icon"],
        "taxonomies": kind.get("taxonomies", []),
        "rest_base": kind["rest_base"],
        "rest_namespace": "wp/v2",
        "template": [],
        "template_lock": False,
    }
    return Reply(data, links=_links(call, "types", kind["rest_base"]))


def _edit_fields(slug: str, kind: Json) -> Json:
    rights = {name: name.replace("post", slug) for name in _RIGHTS} | {"read": "read"}
    singular = kind["name"].removesuffix("s")
    labels: Json = {name: f"{name.replace('_', ' ').capitalize()}: {singular}" for name in _LABELS}
    labels |= {"name": kind["name"], "singular_name": singular, "menu_name": kind["name"], "parent_item_colon": None}
    supports: Json = dict.fromkeys(_SUPPORTS, True) | {"editor": [{"notes": True}]}
    return {
        "capabilities": rights,
        "labels": labels,
        "supports": supports,
        "viewable": True,
        "visibility": {"show_in_nav_menus": True, "show_ui": True},
    }


def types(call: Call) -> Reply:
    _edit_only(call, "Sorry, you are not allowed to edit posts in this post type.")
    return Reply({slug: _show_type(call, slug).whole() for slug in TYPES})


def _edit_only(call: Call, message: str) -> None:
    if call.edit and not call.user.can("edit_posts"):
        raise denied(call, "rest_cannot_view", message)


def one_type(call: Call) -> Reply:
    if call["name"] not in TYPES:
        raise RestError("rest_type_invalid", "Invalid post type.", 404)
    return _show_type(call, call["name"])


def _show_status(call: Call, slug: str) -> Reply:
    status = STATUSES[slug]
    data: Json = {"name": status["name"]}
    if call.edit:
        data |= {"private": status.get("private", False), "protected": status.get("protected", False)}
    data["public"] = status["public"]
    data["queryable"] = status["queryable"]
    if call.edit:
        data["show_in_list"] = slug != "trash"
    data |= {"slug": slug, "date_floating": status["date_floating"]}
    archives = [{"href": call.site.rest("/wp/v2/posts") + ("" if slug == "publish" else f"?status={slug}")}]
    return Reply(data, links={"archives": archives})


def statuses(call: Call) -> Reply:
    _edit_only(call, "Sorry, you are not allowed to manage post statuses.")
    shown = [slug for slug in STATUSES if slug == "publish" or call.user.can("edit_posts")]
    return Reply({slug: _show_status(call, slug).whole() for slug in shown})


def one_status(call: Call) -> Reply:
    if call["name"] not in STATUSES:
        raise RestError("rest_status_invalid", "Invalid status.", 404)
    return _show_status(call, call["name"])


def _show_taxonomy(call: Call, slug: str) -> Reply:
    taxonomy = TAXONOMIES[slug]
    data: Json = {
        "name": taxonomy["name"],
        "slug": slug,
        **(_taxonomy_edit_fields(slug, taxonomy) if call.edit else {}),
        "description": "",
        "types": taxonomy["types"],
        "hierarchical": taxonomy["hierarchical"],
        "rest_base": taxonomy["rest_base"],
        "rest_namespace": "wp/v2",
    }
    return Reply(data, links=_links(call, "taxonomies", taxonomy["rest_base"]))


def _taxonomy_edit_fields(slug: str, taxonomy: Json) -> Json:
    public, nests = taxonomy.get("public", True), taxonomy["hierarchical"]
    empty = _EMPTY_LABELS if nests else _NEST_ONLY
    shown = ("public", "publicly_queryable", "show_admin_column", "show_in_nav_menus", "show_in_quick_edit", "show_ui")
    labels = {name: None if name in empty else f"{name.replace('_', ' ').capitalize()}" for name in _TERM_LABELS}
    return {
        "capabilities": {name: name.replace("terms", slug) for name in _TERM_RIGHTS},
        "labels": labels,
        "show_cloud": public,
        "visibility": dict.fromkeys(shown, public),
    }


def taxonomies(call: Call) -> Reply:
    _edit_only(call, "Sorry, you are not allowed to manage terms in this taxonomy.")
    shown = [slug for slug, found in TAXONOMIES.items() if not call["type"] or call["type"] in found["types"]]
    return Reply({slug: _show_taxonomy(call, slug).whole() for slug in shown})


def one_taxonomy(call: Call) -> Reply:
    if call["name"] not in TAXONOMIES:
        raise RestError("rest_taxonomy_invalid", "Invalid taxonomy.", 404)
    return _show_taxonomy(call, call["name"])


# --- settings --------------------------------------------------------------------------------------------------------


def site(call: Call) -> Reply:
    if not call.user.can("manage_options"):
        raise denied(call, "rest_forbidden", "Sorry, you are not allowed to do that.")
    options: Json = dict(call.store.option("site"))
    order = ["title", "description"]
    shown: Json = {name: options[name] for name in order} | {"url": call.site.url}
    return Reply({**shown, **options})


def change_site(call: Call) -> Reply:
    if not call.user.can("manage_options"):
        raise denied(call, "rest_forbidden", "Sorry, you are not allowed to do that.")
    options = call.store.option("site")
    for name in call.sent:
        if name in options and name != "url":
            value: Any = call[name]
            if name == "timezone" and value not in available_timezones():
                continue
            options[name] = _escaped(value) if name in ("title", "description") else value
    call.store.set_option("site", options)
    return site(call)


def _escaped(value: Any) -> str:
    return text.entities(str(value or "")).replace("<", "&lt;").replace(">", "&gt;")
