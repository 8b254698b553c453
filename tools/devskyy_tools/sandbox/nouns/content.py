"""wp/v2 posts and pages with their revisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import goods, lists, revisions
from devskyy_tools.sandbox.nouns.revisions import TEXTS, may_edit, shown_text
from devskyy_tools.sandbox.routing import Route, collection
from devskyy_tools.sandbox.store import Store, Where, unique_slug

_PUBLIC = ("publish", "inherit")
FLOATING = ("draft", "pending", "auto-draft")
_AS_GIVEN = (
    "featured_media",
    "comment_status",
    "ping_status",
    "sticky",
    "template",
    "format",
    "menu_order",
    "password",
)
CURIES: list[Json] = [{"name": "wp", "href": "https://api.w.org/{rel}", "templated": True}]


@dataclass(frozen=True, slots=True)
class PostType:
    """What differs between posts and pages."""

    kind: str
    base: str
    capability: str
    taxonomies: tuple[tuple[str, str], ...] = ()

    @property
    def plural(self) -> str:
        return self.base.rpartition("/")[2]


POSTS = PostType("post", "/wp/v2/posts", "edit_posts", (("categories", "category"), ("tags", "post_tag")))
PAGES = PostType("page", "/wp/v2/pages", "edit_pages")


def routes() -> list[Route]:
    out: list[Route] = []
    for kind in (POSTS, PAGES):
        noun = Content(kind)
        out += collection(
            kind.base, kind.kind, items=noun.items, item=noun.item, create=noun.create, update=noun.update,
            delete=noun.delete, nested=True,
        )  # fmt: skip
        out += revisions.Revisions(kind.kind, kind.base, kind.capability).routes()
    return out


def blank(store: Store, kind: str, **given: Any) -> Json:
    """Return a new post's or page's document."""
    at = clock.now()
    closed = "closed" if kind == "page" else "open"
    return {
        "id": store.new_id(kind), "parent": 0, "status": "draft", "type": kind, "slug": "", "title": "", "content": "",
        "excerpt": "", "created": at, "modified": at, "dated": False, "author": 1, "featured_media": 0,
        "comment_status": closed, "ping_status": closed, "sticky": False, "template": "", "format": "standard",
        "menu_order": 0, "password": "", "categories": [], "tags": [], "footnotes": "", "meta": [], **given,
    }  # fmt: skip


def raw(value: Any) -> str:
    """Return a text field that was sent as text or as {raw: …}."""
    return str(cast("Json", value).get("raw", "")) if isinstance(value, dict) else str(value or "")


class Content:
    """The routes of one post type."""

    def __init__(self, kind: PostType) -> None:
        self.of = kind

    # --- what is stored ---

    def new(self, call: Call) -> Json:
        return blank(call.store, self.of.kind, author=call.user.id)

    def get(self, store: Store, object_id: int) -> Json | None:
        return store.get(self.of.kind, object_id)

    def put(self, store: Store, body: Json) -> None:
        store.put(self.of.kind, body)

    def remove(self, store: Store, object_id: int) -> None:
        store.delete(self.of.kind, object_id)

    def stored(self, field: str) -> str:
        """What the field is called in the store."""
        return field

    def show_stored(self, call: Call, body: Json) -> Reply:
        return self.show(call, body)

    # --- reading ---

    def items(self, call: Call) -> Reply:
        may = call.user.can(self.of.capability)
        if call.edit and not may:
            message = "Sorry, you are not allowed to edit posts in this post type."
            raise denied(call, "rest_forbidden_context", message)
        chosen = cast("list[str]", call["status"] or ["publish"])
        if not may and any(status != "publish" for status in chosen):
            raise _forbidden_status(call)
        where = Where(self.of.kind)
        lists.common(call, where)
        lists.statuses(where, chosen)
        self._filter(call, where)
        return lists.page_of(call, where, self.show_stored, strict=True)

    def _filter(self, call: Call, where: Where) -> None:
        if call["author"]:
            where.among("json_extract(body, '$.author')", call["author"])
        if call["author_exclude"]:
            where.among("json_extract(body, '$.author')", call["author_exclude"], negate=True)
        for field, kind in self.of.taxonomies:
            for name, negate in ((field, False), (f"{field}_exclude", True)):
                if ids := _term_ids(call.store, call[name], kind):
                    where.holds(self.stored(field), ids, negate=negate)
        if call["sticky"] is not None:
            where.add("json_extract(body, '$.sticky') = ?", int(call["sticky"]))
        if call["menu_order"] is not None:
            where.add("json_extract(body, '$.menu_order') = ?", call["menu_order"])
        lists.words(
            where,
            call["search"],
            ["name", *(f"json_extract(body, '$.{self.stored(t)}')" for t in ("content", "excerpt"))],
        )

    def load(self, call: Call, object_id: int | None = None) -> Json:
        body = self.get(call.store, int(object_id or call["id"] or 0))
        if body is None:
            raise RestError("rest_post_invalid_id", "Invalid post ID.", 404)
        return body

    def item(self, call: Call) -> Reply:
        body = self.load(call)
        may = may_edit(call, body, self.of.capability)
        if call.edit and not may:
            raise denied(call, "rest_forbidden_context", "Sorry, you are not allowed to edit this post.")
        if body["status"] not in _PUBLIC and not may:
            raise denied(call, "rest_forbidden", "Sorry, you are not allowed to do that.")
        if body["password"] and call.query.get("password") not in (None, body["password"]):
            raise RestError("rest_post_incorrect_password", "Incorrect post password.", 403)
        reply = self.show(call, body)
        reply.headers["Link"] = f'<{reply.data["link"]}>; rel="alternate"; type="text/html"'
        return reply

    def show(self, call: Call, body: Json) -> Reply:
        """Return a post or page with the keys of the real one, in its order."""
        kind, edit = self.of.kind, call.edit
        created = body["created"] if body["dated"] or body["status"] not in FLOATING else body["modified"]
        guid = call.site.page(f"?{'page_id' if kind == 'page' else 'p'}={body['id']}")
        secret = bool(body["password"]) and not edit and call.query.get("password") != body["password"]
        content = "" if secret else text.rendered(body["content"])
        excerpt = text.paragraphs(text.texturized(body["excerpt"])) or text.excerpt(body["content"])
        data: Json = {
            "id": body["id"],
            "date": clock.local(created),
            "date_gmt": created,
            "guid": shown_text(call, guid, guid),
            "modified": clock.local(body["modified"]),
            "modified_gmt": body["modified"],
            **({"password": body["password"]} if edit else {}),
            "slug": body["slug"],
            "status": body["status"],
            "type": kind,
            "link": self.link(call, body),
            "title": shown_text(call, body["title"], text.texturized(body["title"])),
            "content": shown_text(call, body["content"], content, protected=bool(body["password"])),
            "excerpt": shown_text(call, body["excerpt"], "" if secret else excerpt, protected=bool(body["password"])),
            "author": body["author"],
            "featured_media": body["featured_media"],
        }
        if edit:
            data["content"]["block_version"] = 1 if "<!-- wp:" in body["content"] else 0
        if kind == "page":
            data |= {"parent": body["parent"], "menu_order": body["menu_order"]}
        data |= {"comment_status": body["comment_status"], "ping_status": body["ping_status"]}
        if kind == "post":
            data["sticky"] = body["sticky"]
        data["template"] = body["template"]
        if kind == "post":
            data["format"] = body["format"]
        data["meta"] = {"footnotes": body["footnotes"]}
        for field, _ in self.of.taxonomies:
            data[field] = body[field]
        if edit:
            data["permalink_template"] = call.site.page("%postname%/" if kind == "post" else "%pagename%/")
            data["generated_slug"] = unique_slug(call.store, kind, text.slugify(body["title"]), body["id"])
        data["class_list"] = self._classes(call.store, body)
        return Reply(data, links=self._links(call, body))

    def link(self, call: Call, body: Json) -> str:
        if body["status"] in (*FLOATING, "future", "trash") or not body["slug"]:
            return call.site.page(f"?{'page_id' if self.of.kind == 'page' else 'p'}={body['id']}")
        above = call.store.peek("page", body["parent"]) if body["parent"] else None
        return call.site.page(f"{above['slug']}/{body['slug']}/" if above else f"{body['slug']}/")

    def _classes(self, store: Store, body: Json) -> list[str]:
        kind = body["type"]
        out = [f"post-{body['id']}", kind, f"type-{kind}", f"status-{body['status']}"]
        if kind == "post":
            out.append(f"format-{body['format']}")
        if body["featured_media"]:
            out.append("has-post-thumbnail")
        out.append("hentry")
        for field, taxonomy in self.of.taxonomies:
            prefix = "category" if taxonomy == "category" else "tag"
            out += [f"{prefix}-{term['slug']}" for term_id in body[field] if (term := store.peek(taxonomy, term_id))]
        return out

    def _links(self, call: Call, body: Json) -> Json:
        site, own = call.site, f"{self.of.base}/{body['id']}"
        where = Where("revision")
        where.add("parent = ?", body["id"])
        more: Json = {
            "about": [{"href": site.rest(f"/wp/v2/types/{self.of.kind}")}],
            "author": [{"embeddable": True, "href": site.rest(f"/wp/v2/users/{body['author']}")}],
            "replies": [{"embeddable": True, "href": f"{site.rest('/wp/v2/comments')}?post={body['id']}"}],
            "version-history": [{"count": call.store.count(where), "href": site.rest(f"{own}/revisions")}],
        }
        if body["featured_media"]:
            more["wp:featuredmedia"] = [
                {"embeddable": True, "href": site.rest(f"/wp/v2/media/{body['featured_media']}")}
            ]
        more["wp:attachment"] = [{"href": f"{site.rest('/wp/v2/media')}?parent={body['id']}"}]
        if self.of.taxonomies:
            more["wp:term"] = [
                {"taxonomy": kind, "embeddable": True, "href": f"{site.rest(f'/wp/v2/{field}')}?post={body['id']}"}
                for field, kind in self.of.taxonomies
            ]
        if call.edit and call.user.can("publish_posts"):
            terms = [f"{verb}-{field}" for field, _ in self.of.taxonomies for verb in ("create", "assign")]
            own_only = {"post": ("sticky", "assign-author"), "page": ("assign-author",)}.get(self.of.kind, ())
            for action in ("publish", "unfiltered-html", *own_only, *terms):
                more[f"wp:action-{action}"] = [{"href": site.rest(own)}]
        return links(call, own, self.of.base, **more, curies=CURIES)

    # --- writing ---

    def create(self, call: Call) -> Reply:
        if call["id"]:
            raise RestError("rest_post_exists", "Cannot create existing post.", 400)
        if not call.user.can(self.of.capability):
            message = f"Sorry, you are not allowed to create {self.of.plural} as this user."
            raise denied(call, "rest_cannot_create", message)
        self._check(call)
        if not any(raw(call[name]).strip() for name in TEXTS):
            raise RestError("empty_content", "Content, title, and excerpt are empty.", 400)
        body = self.new(call)
        if self.of.kind == "post":
            body["categories"] = [call.store.option("site", {}).get("default_category", 0)]
        self._apply(call, body)
        if body["dated"]:
            body["modified"] = body["created"]  # a new post was last changed on the day it claims to be from
        self.put(call.store, body)
        call.params["context"] = "edit"
        reply = self.show(call, body)
        reply.status, reply.headers["Location"] = 201, call.site.rest(f"{self.of.base}/{body['id']}")
        return reply

    def update(self, call: Call) -> Reply:
        body = self.load(call)
        if not may_edit(call, body, self.of.capability):
            raise denied(call, "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
        self._check(call)
        self._apply(call, body)
        body["modified"] = clock.now()
        self.put(call.store, body)
        if any(name in call.sent for name in TEXTS):
            revisions.save(call.store, body, call.user.id)
        call.params["context"] = "edit"
        return self.show(call, body)

    def _check(self, call: Call) -> None:
        wanted = call["status"]
        if wanted in ("publish", "future", "private") and not call.user.can("publish_posts"):
            message = "Sorry, you are not allowed to publish posts in this post type."
            raise denied(call, "rest_cannot_publish", message)
        parent = call.sent.get("parent")
        if self.of.kind == "page" and parent and call.store.peek("page", int(parent)) is None:
            raise RestError("rest_post_invalid_id", "Invalid post parent ID.", 400)
        author = call.sent.get("author")
        if author is not None and call.store.peek("user", int(author)) is None:
            raise RestError("rest_invalid_author", "Invalid author ID.", 400)

    def _apply(self, call: Call, body: Json) -> None:
        sent = {name: call[name] for name in call.sent if name in call.params}
        keeps = call.user.can("unfiltered_html")
        for name in TEXTS:
            if sent.get(name) is not None:
                body[name] = raw(sent[name]) if keeps else text.kses(raw(sent[name]))
        for name in _AS_GIVEN:
            if sent.get(name) is not None:
                body[name] = sent[name]
        if body["featured_media"] and call.store.peek("attachment", body["featured_media"]) is None:
            body["featured_media"] = 0
        for name, column in (("author", "author"), ("parent", "parent")):
            if sent.get(name) is not None:
                body[column] = int(sent[name])
        for field, kind in self.of.taxonomies:
            if sent.get(field) is not None:
                body[field] = [int(i) for i in cast("list[Any]", sent[field]) if call.store.peek(kind, int(i))]
        if isinstance(sent.get("meta"), dict):
            body["footnotes"] = str(cast("Json", sent["meta"]).get("footnotes", body["footnotes"]))
        self._apply_status(call.store, body, sent)

    def _apply_status(self, store: Store, body: Json, sent: Json) -> None:
        was = body["status"]
        for name, is_gmt in (("date", False), ("date_gmt", True)):
            if sent.get(name):
                body["created"] = clock.to_gmt(str(sent[name]), is_gmt=is_gmt) or body["created"]
                body["dated"] = True
        wanted = sent.get("status") or was
        if wanted == "publish" and body["created"] > clock.now():
            wanted = "future"
        elif wanted == "publish" and was in FLOATING and not body["dated"]:
            body["created"] = clock.now()
        body["status"] = wanted
        kind = self.of.kind
        if was == "trash" and wanted != "trash" and (back := goods.from_bin(body)):
            body["slug"] = unique_slug(store, kind, back, body["id"])
        if "slug" in sent:  # an empty one empties it, until it is published
            slug = text.slugify(str(sent["slug"]))
            body["slug"] = unique_slug(store, kind, slug, body["id"]) if slug else ""
        if wanted not in (*FLOATING, "trash") and not body["slug"]:
            body["slug"] = unique_slug(store, kind, text.slugify(body["title"]) or str(body["id"]), body["id"])

    def delete(self, call: Call) -> Reply:
        body = self.load(call)
        if not may_edit(call, body, self.of.capability):
            raise denied(call, "rest_cannot_delete", "Sorry, you are not allowed to delete this post.")
        call.params["context"] = "edit"
        if call["force"]:
            before = self.show(call, body).data
            for revision in revisions.of(call.store, body["id"]):
                call.store.delete("revision", revision["id"])
            self.remove(call.store, body["id"])
            return Reply({"deleted": True, "previous": before})
        if body["status"] == "trash":
            raise RestError("rest_already_trashed", "The post has already been deleted.", 410)
        goods.to_bin(call.store, body)
        body["slug"] = body["slug"] or "__trashed"
        self.put(call.store, body)
        return self.show(call, body)


def _forbidden_status(call: Call) -> RestError:
    status = 403 if call.user.id else 401
    inner: Json = {"code": "rest_forbidden_status", "message": "Status is forbidden.", "data": {"status": status}}
    return RestError(
        "rest_invalid_param", "Invalid parameter(s): status", 400,
        params={"status": "Status is forbidden."}, details={"status": inner},
    )  # fmt: skip


def _term_ids(store: Store, given: Any, kind: str) -> list[int]:
    """Return the terms of a filter, sent as a list or as {terms, include_children}."""
    if isinstance(given, dict):
        wanted = cast("Json", given)
        ids = [int(found) for found in cast("list[Any]", wanted.get("terms") or [])]
        if wanted.get("include_children"):
            below = Where(kind)
            below.among("parent", ids)
            ids += store.ids(below)
        return ids
    return [int(found) for found in cast("list[Any]", given or []) if str(found).isdigit()]
