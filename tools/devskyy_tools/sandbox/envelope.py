"""What goes in and out: the call, the reply, errors, `_fields`, `_envelope` and the headers of lists."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from devskyy_tools.sandbox.auth import User
    from devskyy_tools.sandbox.site import Site
    from devskyy_tools.sandbox.store import Store

Json = dict[str, Any]
EDITS = ["POST", "PUT", "PATCH"]
_KEY = re.compile(r"\[([^\]]*)\]")


class RestError(Exception):
    """An answer with code, message and data; `keep` commits what the request had already done."""

    def __init__(self, code: str, message: str, status: int = 400, *, keep: bool = False, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.keep = keep
        self.data: Any = {"status": status, **more}
        self.more: Json = {}

    def body(self) -> Json:
        return {"code": self.code, "message": self.message, "data": self.data, **self.more}


class Abrupt(RestError):
    """The old errors of refunds: the shop's data is a bare number, which WordPress then answers as a 500."""

    def __init__(self, code: str, message: str, number: int = 500) -> None:
        super().__init__(code, message, 500)
        self.data = number


@dataclass(slots=True)
class Call:
    """One request after routing: checked parameters, the user, the open transaction."""

    method: str
    path: str
    query: Json
    body: Json
    params: Json
    headers: dict[str, str]
    raw: bytes
    files: dict[str, Upload]
    store: Store
    site: Site
    user: User

    def __getitem__(self, name: str) -> Any:
        return self.params.get(name)

    @property
    def edit(self) -> bool:
        return self.params.get("context") == "edit"

    @property
    def sent(self) -> Json:
        """The body's fields and the query's, without what came from defaults."""
        return {**self.query, **self.body}

    def derive(self, method: str, body: Json, params: Json) -> Call:
        """Return the call of one item inside a batch."""
        return Call(method, self.path, {}, body, params, {}, b"", {}, self.store, self.site, self.user)


@dataclass(slots=True)
class Upload:
    filename: str
    content: bytes
    mime: str


@dataclass(slots=True)
class Reply:
    """An answer before filtering; `links` belong to a single object and stay out of `_fields` on wc/v3."""

    data: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    links: Json | None = None

    def whole(self) -> Any:
        """Return the data with its links, as it stands inside a list or a batch."""
        return {**self.data, "_links": self.links} if self.links else self.data


def parse_query(pairs: Iterable[tuple[str, Any]]) -> Json:
    """Read names as PHP does: `a[]=1&a[]=2` is a list, `a[b]=1` an object, the last of repeated names wins."""
    out: Json = {}
    for name, value in pairs:
        head, _, _ = name.partition("[")
        keys = _KEY.findall(name[len(head) :])
        if not keys:
            out[head] = value
            continue
        at: Json = out.setdefault(head, {}) if isinstance(out.get(head, {}), dict) else {}
        out[head] = at
        for key in keys[:-1]:
            at = at.setdefault(key or str(len(at)), {})
        at[keys[-1] or str(len(at))] = value
    return {name: _listed(value) for name, value in out.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = cast("Json", value)
    if items and all(key.isdigit() for key in items):
        return [_listed(item) for item in items.values()]
    return {key: _listed(item) for key, item in items.items()}


def pages(call: Call, items: list[Any], total: int, *, strict: bool = False) -> Reply:
    """Return one page of a list with its counts and neighbours.

    `strict` is how wp/v2 posts behave: a page past the end is an error there, and an empty list on wc/v3.
    """
    per_page = int(call["per_page"] or 10)
    page = int(call["page"] or 1)
    last = math.ceil(total / per_page)
    if strict and page > max(last, 1) and total and call["offset"] is None:
        message = "The page number requested is larger than the number of pages available."
        raise RestError("rest_post_invalid_page_number", message, 400)
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(last)}
    links: list[str] = []
    if page > 1:
        links.append(f'<{_page_url(call, min(page - 1, last))}>; rel="prev"')
    if last > page:
        links.append(f'<{_page_url(call, page + 1)}>; rel="next"')
    if links:
        headers["Link"] = ", ".join(links)
    return Reply(items, headers=headers)


def _page_url(call: Call, page: int) -> str:
    pairs = [(name, value) for name, value in flatten({**call.query, "page": page})]
    return f"{call.site.rest(call.path)}?{urlencode(pairs, quote_via=quote)}"


def flatten(values: Json, prefix: str = "") -> list[tuple[str, str]]:
    """Return nested query values as PHP's names: include[0]=1."""
    out: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}[{key}]" if prefix else key
        if isinstance(value, dict):
            out += flatten(cast("Json", value), name)
        elif isinstance(value, list):
            out += flatten({str(i): item for i, item in enumerate(cast("list[Any]", value))}, name)
        else:
            out.append((name, str(value)))
    return out


def links(call: Call, path: str, collection: str, **more: Any) -> Json:
    """Return the `_links` of an object: itself, its list and what the noun adds."""
    allow = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
    self_link: Json = {"href": call.site.rest(path)}
    if call.user.id:
        self_link["targetHints"] = allow
    return {"self": [self_link], "collection": [{"href": call.site.rest(collection)}], **more}


def filtered(reply: Reply, fields: Any, *, nested: bool = True) -> Any:
    """Return the reply's data cut to `_fields`; an object left without fields is PHP's empty array.

    `nested` is false where the shop's controllers compare whole names only (all of wc/v3, revisions):
    there `dimensions.length` selects nothing.
    """
    wanted = cast("list[Any]", fields) if isinstance(fields, list) else re.split(r"[\s,]+", str(fields or ""))
    names = [str(name).strip() for name in wanted if str(name).strip()]
    if not names:
        return reply.whole()
    if not nested:
        names = [name for name in names if "." not in name]
    data: Any = reply.data
    if isinstance(data, list):
        return [_pick(item, names) for item in cast("list[Any]", data)]
    if nested or not isinstance(data, dict):
        return _pick(reply.whole(), names)
    kept = _pick(data, names)
    return {**cast("Json", kept or {}), "_links": reply.links} if reply.links else kept


def _pick(item: Any, names: list[str]) -> Any:
    if not isinstance(item, dict):
        return item
    source = cast("Json", item)
    out: Json = {}
    for name in names:
        head, _, rest = name.partition(".")
        if head not in source:
            continue
        if not rest:
            out[head] = source[head]
            continue
        inner = _pick(source[head], [rest])
        if isinstance(inner, dict):
            out[head] = {**out.get(head, {}), **cast("Json", inner)}
    return {key: out[key] for key in source if key in out} or []
