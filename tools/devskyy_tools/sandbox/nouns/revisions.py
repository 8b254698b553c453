"""Revisions of posts and pages: the texts as they were after each edit."""

from __future__ import annotations

from typing import Any

from devskyy_tools.sandbox import clock, schema, text
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.routing import CONTEXT, FORCE, Endpoint, Route
from devskyy_tools.sandbox.store import Store, Where

TEXTS = ("title", "content", "excerpt")


def may_edit(call: Call, body: Json, capability: str) -> bool:
    if not call.user.can(capability):
        return False
    return body.get("author") == call.user.id or call.user.can("edit_others_posts")


def shown_text(call: Call, value: str, rendered: str, **more: Any) -> Json:
    return {"raw": value, "rendered": rendered, **more} if call.edit else {"rendered": rendered, **more}


class Revisions:
    """The routes of one post type's revisions: they can be read, and neither restored nor deleted."""

    def __init__(self, kind: str, base: str, capability: str) -> None:
        self.kind = kind
        self.base = base
        self.capability = capability

    def routes(self) -> list[Route]:
        many = {"GET": Endpoint(self.revisions, schema.list_args("revision"))}
        one = {"GET": Endpoint(self.revision, CONTEXT), "DELETE": Endpoint(self.delete_revision, FORCE)}
        place = f"{self.base}/{{parent}}/revisions"
        return [Route(place, "revision", many, nested=False), Route(f"{place}/{{id}}", "revision", one, nested=False)]

    def _parent(self, call: Call) -> Json:
        body = call.store.get(self.kind, int(call["parent"]))
        if body is None:
            raise RestError("rest_post_invalid_parent", "Invalid post parent ID.", 404)
        if not may_edit(call, body, self.capability):
            raise denied(call, "rest_cannot_read", "Sorry, you are not allowed to view revisions of this post.")
        return body

    def revisions(self, call: Call) -> Reply:
        self._parent(call)
        where = Where("revision")
        where.add("parent = ?", call["parent"])
        return lists.page_of(call, where, self.show_revision, strict=False, sort="created DESC, id DESC")

    def _revision(self, call: Call) -> Json:
        self._parent(call)
        body = call.store.get("revision", int(call["id"]))
        if body is None or body["parent"] != call["parent"]:
            raise RestError("rest_post_invalid_id", "Invalid revision ID.", 404)
        return body

    def revision(self, call: Call) -> Reply:
        return self.show_revision(call, self._revision(call))

    def delete_revision(self, call: Call) -> Reply:
        """Refuse: not even administrators may delete revisions."""
        self._revision(call)
        raise denied(call, "rest_cannot_delete", "Sorry, you are not allowed to delete this revision.")

    def show_revision(self, call: Call, body: Json) -> Reply:
        guid = call.site.page(f"?p={body['id']}")
        data: Json = {
            "author": body["author"],
            "date": clock.local(body["created"]),
            "date_gmt": body["created"],
            "id": body["id"],
            "modified": clock.local(body["modified"]),
            "modified_gmt": body["modified"],
            "parent": body["parent"],
            "slug": body["slug"],
            "guid": shown_text(call, guid, guid),
            "title": shown_text(call, body["title"], text.texturized(body["title"])),
            "content": shown_text(call, body["content"], text.rendered(body["content"])),
            "excerpt": shown_text(call, body["excerpt"], text.paragraphs(body["excerpt"])),
            "meta": {"footnotes": ""},
        }
        return Reply(data, links={"parent": [{"href": call.site.rest(f"{self.base}/{body['parent']}")}]})


def of(store: Store, parent: int) -> list[Json]:
    where = Where("revision")
    where.add("parent = ?", parent)
    return store.find(where, "created DESC, id DESC")


def save(store: Store, body: Json, author: int) -> None:
    """Keep the text as it is now, unless the newest revision already has it."""
    newest = next(iter(of(store, body["id"])), None)
    if newest and all(newest[name] == body[name] for name in TEXTS):
        return
    at = clock.now()
    texts = {name: body[name] for name in TEXTS}
    own = store.new_id("revision")
    slug = f"{body['id']}-revision-v1"
    store.put(
        "revision",
        {"id": own, "parent": body["id"], "slug": slug, "author": author, "created": at, "modified": at, **texts},
    )
