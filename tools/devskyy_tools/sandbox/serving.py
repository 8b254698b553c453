"""From a request to its answer: who asks, which route, which parameters, one transaction, the headers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from devskyy_tools.sandbox import auth, schema
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, Upload, filtered, parse_query
from devskyy_tools.sandbox.routing import Route, Router
from devskyy_tools.sandbox.site import Site
from devskyy_tools.sandbox.store import Store

_HEADERS = {
    "Content-Type": "application/json; charset=UTF-8",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
    "Access-Control-Allow-Headers": "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}
_SUB_SIZE = re.compile(r"-\d+x\d+(?=\.\w+$)")
_READS = ("GET", "HEAD", "OPTIONS")
_SHOWN = """SELECT 1 FROM objects WHERE slug = ? AND (kind IN ('post', 'page', 'product') AND status = 'publish'
OR kind IN ('category', 'post_tag', 'product_cat', 'product_tag', 'product_brand'))"""


@dataclass(slots=True)
class Asked:
    """A request as it came in; form and files are set for multipart bodies."""

    method: str
    path: str
    scheme: str
    host: str
    query: str
    headers: dict[str, str]
    body: bytes
    form: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    files: dict[str, Upload] = field(default_factory=dict[str, Upload])


@dataclass(slots=True)
class Answer:
    """Status, headers, and either JSON to encode or bytes as they are."""

    status: int
    headers: dict[str, str]
    content: Any


def router(site: Site) -> Router:
    """Return all routes of the shop."""
    return _router(plugin=site.plugin)


@cache
def _router(*, plugin: bool) -> Router:
    from devskyy_tools.sandbox.nouns import routes

    return Router(routes(plugin=plugin))


def answer(store: Store, site: Site, asked: Asked) -> Answer:
    """Answer a request to the shop."""
    site = site.seen_over(asked.scheme)
    query = auth.query_pairs(asked.query)
    if asked.path.startswith("/wp-content/uploads/"):
        return _file(store, asked.path.removeprefix("/wp-content/uploads/"))
    if asked.path in ("/", "/index.php") and (plain := dict(query).get("rest_route")):
        asked.path = f"/wp-json{plain}"
    if asked.path != "/wp-json" and not asked.path.startswith("/wp-json/"):
        return _page(store, site, asked)
    path = asked.path.removeprefix("/wp-json").rstrip("/") or "/"
    try:
        return _rest(store, site, asked, path, query)
    except RestError as error:
        status = error.status
        headers = dict(_HEADERS)
        if "_envelope" in dict(query):
            return Answer(200, headers, {"body": error.body(), "status": status, "headers": {}})
        return Answer(status, headers, error.body())


def _file(store: Store, path: str) -> Answer:
    with store.lock:
        found = store.file(path) or store.file(_SUB_SIZE.sub("", path))
    if found is None:
        return Answer(404, {"Content-Type": "text/html; charset=UTF-8"}, b"<h1>Not Found</h1>")
    return Answer(200, {"Content-Type": found[0], "Cache-Control": "public, max-age=31536000"}, found[1])


def _page(store: Store, site: Site, asked: Asked) -> Answer:
    """Stand in for the theme: a page that says where the REST API is; or where a redirect leads. Addresses without
    their last slash are sent on to the one with it, as with permalinks on.
    """
    path = asked.path
    slug = path.rstrip("/").rpartition("/")[2]
    with store.lock:
        sent_on = _redirect(store, site, path, asked.query)
        if sent_on is not None:
            return Answer(sent_on[0], {"Location": sent_on[1], "X-Redirect-By": "DevSkyy"}, b"")
        title = store.option("site", {}).get("title", "")
        there = path in ("", "/") or bool(store.rows(_SHOWN, (slug,)))
    if there and not path.endswith("/"):
        return Answer(301, {"Location": f"{site.url}{path}/", "X-Redirect-By": "WordPress"}, b"")
    status = 200 if there else 404
    html = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    headers = {"Content-Type": "text/html; charset=UTF-8", "Link": f'<{site.rest("/")}>; rel="https://api.w.org/"'}
    return Answer(status, headers, html.encode())


def _redirect(store: Store, site: Site, path: str, query: str) -> tuple[int, str] | None:
    if not site.plugin:
        return None
    from devskyy_tools.sandbox.nouns.companion import followed

    return followed(store, site, path, query)


def _rest(store: Store, site: Site, asked: Asked, path: str, query: list[tuple[str, str]]) -> Answer:
    signed = any(name.startswith("oauth_") for name, _ in query) or asked.headers.get("authorization", "").startswith(
        "OAuth"
    )
    with store.transaction(write=asked.method not in _READS or signed):
        request = auth.Request(asked.method, path, asked.host, query, asked.headers.get("authorization", ""))
        user = auth.identify(store, site, request)
        values = parse_query(query)
        route, in_path = find_route(site, path, asked.method)
        call = Call(
            asked.method, path, values, _body(asked), {}, asked.headers, asked.body, asked.files, store, site, user
        )
        if asked.method == "OPTIONS":
            return _finish(route, Reply(_describe(route)), values)
        endpoint = route.methods["GET" if asked.method == "HEAD" else asked.method]
        call.params = schema.check(endpoint.args, {**in_path, **call.sent}) | in_path
        reply = endpoint.handler(call)
        if "_embed" in values:
            _embed(call, reply, values["_embed"])
    return _finish(route, reply, values, head=asked.method == "HEAD")


def _embed(call: Call, reply: Reply, wanted: Any) -> None:
    """Put linked objects into the answer, as `_embed` or `_embed=author,wp:term` asks."""
    rels = {part for part in str(wanted).split(",") if part not in ("", "1", "true")}
    many = isinstance(reply.data, list)
    shown = cast("list[Any]", reply.data if many else [reply.whole()])
    for place, body in enumerate(shown):
        inside = _embedded(call, cast("Json", body).get("_links", {}), rels) if isinstance(body, dict) else {}
        if inside and many:
            shown[place] = {**cast("Json", body), "_embedded": inside}
        elif inside:
            reply.data = {**reply.data, "_embedded": inside}


def _embedded(call: Call, links: Json, rels: set[str]) -> Json:
    out: Json = {}
    for rel, targets in links.items():
        if rels and rel not in rels:
            continue
        found = [_linked(call, target["href"]) for target in targets if target.get("embeddable")]
        if found:
            out[rel] = found
    return out


def _linked(call: Call, href: str) -> Any:
    path, _, query = href.removeprefix(call.site.rest("")).partition("?")
    values = parse_query(auth.query_pairs(query))
    try:
        route, in_path = find_route(call.site, path, "GET")
        inner = call.derive("GET", {}, {})
        inner.path, inner.query = path, values
        inner.params = schema.check(route.methods["GET"].args, {**in_path, **values, "context": "embed"}) | in_path
        return route.methods["GET"].handler(inner).whole()
    except RestError as error:
        return error.body()


def find_route(site: Site, path: str, method: str) -> tuple[Route, Json]:
    found = router(site).find(path)
    if found is None or (method not in found[0].methods and method not in ("HEAD", "OPTIONS")):
        message = "No route was found matching the URL and request method."
        raise RestError("rest_no_route", message, 404)
    return found


def _body(asked: Asked) -> Json:
    if asked.method in _READS:
        return {}
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return parse_query(asked.form)
    if kind == "application/x-www-form-urlencoded":
        return parse_query(auth.query_pairs(asked.body.decode(errors="replace")))
    if not (kind == "application/json" or kind.endswith("+json")) or not asked.body:
        return {}
    try:
        read = json.loads(asked.body)
    except ValueError:
        message = "Invalid JSON body passed."
        error: Json = {"json_error_code": 4, "json_error_message": "Syntax error"}
        raise RestError("rest_invalid_json", message, 400, **error) from None
    if isinstance(read, list):
        return {str(i): item for i, item in enumerate(cast("list[Any]", read))}
    return cast("Json", read) if isinstance(read, dict) else {}


def _finish(route: Route, reply: Reply, query: Json, *, head: bool = False) -> Answer:
    data = filtered(reply, query.get("_fields"), nested=route.nested)
    headers = {**_HEADERS, "Allow": ", ".join(route.methods), **reply.headers}
    if head:
        return Answer(reply.status, headers, b"")
    if "_envelope" in query:
        told = {name: int(value) if value.isdigit() else value for name, value in headers.items()}
        return Answer(200, headers, {"body": data, "status": reply.status, "headers": told})
    return Answer(reply.status, headers, data)


def _describe(route: Route) -> Json:
    namespace = "/".join(route.path.split("/")[1:3])
    methods = list(route.methods)
    groups: dict[int, Json] = {}
    for method, endpoint in route.methods.items():
        group = groups.setdefault(id(endpoint.args), {"methods": [], "args": endpoint.args or []})
        group["methods"].append(method)
    out: Json = {"namespace": namespace, "methods": methods, "endpoints": list(groups.values())}
    if route.noun:
        out["schema"] = {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": schema.of(route.noun)["title"] or route.noun,
            "type": "object",
            "properties": schema.properties(route.noun),
        }
    return out
