"""wp/v2 templates and template-parts: the theme's files, and what was changed of them or added."""

from __future__ import annotations

from typing import Any

from devskyy_tools.sandbox import clock, schema
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns.content import CURIES, raw
from devskyy_tools.sandbox.routing import CONTEXT, FORCE, Endpoint, Route, edits
from devskyy_tools.sandbox.store import Store, Where

_LOOKUP: Json = {
    "slug": {"type": "string", "required": True},
    "is_custom": {"type": "boolean"},
    "template_prefix": {"type": "string"},
}
_FALLBACK = ("single", "page", "archive", "search", "404", "home")


def routes() -> list[Route]:
    return [*Templates("template", "templates").routes(), *Templates("template_part", "template-parts").routes()]


def theme(store: Store) -> Json:
    """The active theme."""
    return next(one for one in store.option("themes", []) if one["status"] == "active")


def require(call: Call, code: str = "rest_cannot_manage_templates") -> None:
    if not call.user.can("edit_theme_options"):
        raise denied(call, code, "Sorry, you are not allowed to access the templates on this site.")


class Templates:
    """The routes of templates, or of parts; ids are ``theme//slug``."""

    def __init__(self, noun: str, plural: str) -> None:
        self.noun = noun
        self.kind = f"wp_{noun}"
        self.base = f"/wp/v2/{plural}"

    def routes(self) -> list[Route]:
        kept = f"{self.base}/{{parent:n}}/revisions"
        many = {
            "GET": Endpoint(self.items, schema.list_args(self.noun)),
            "POST": Endpoint(self.create, schema.create_args(self.noun)),
        }
        single = {
            "GET": Endpoint(self.item, CONTEXT),
            **edits(self.update, schema.edit_args(self.noun)),
            "DELETE": Endpoint(self.delete, FORCE),
        }
        revision = {"GET": Endpoint(self.revision, CONTEXT), "DELETE": Endpoint(self.delete_revision, FORCE)}
        return [
            Route(self.base, self.noun, many),
            Route(f"{self.base}/lookup", self.noun, {"GET": Endpoint(self.lookup, _LOOKUP)}),
            Route(kept, self.noun, {"GET": Endpoint(self.revisions, CONTEXT)}, nested=False),
            Route(f"{kept}/{{id}}", self.noun, revision, nested=False),
            Route(f"{self.base}/{{id:n}}", self.noun, single),
        ]

    def _all(self, store: Store) -> list[Json]:
        own = {body["slug"]: body for body in store.find(Where(self.kind)) if body["status"] != "trash"}
        files = {one["slug"]: one for one in store.option(f"{self.kind}_files", [])}
        found = [own.get(slug) or {**one, "source": "theme", "id": 0} for slug, one in files.items()]
        return [*found, *(body for slug, body in own.items() if slug not in files)]

    def _load(self, call: Call) -> Json:
        name, _, slug = str(call["parent"] or call["id"]).partition("//")
        found = next((one for one in self._all(call.store) if one["slug"] == slug), None)
        if found is None or name != theme(call.store)["stylesheet"]:
            raise RestError("rest_template_not_found", "No templates exist with that id.", 404)
        return found

    def items(self, call: Call) -> Reply:
        require(call)
        rows = self._all(call.store)
        if call["area"]:
            rows = [one for one in rows if one.get("area") == call["area"]]
        if call["wp_id"]:
            rows = [one for one in rows if one["id"] == call["wp_id"]]
        return Reply([self.show(call, one).whole() for one in rows])

    def item(self, call: Call) -> Reply:
        require(call)
        return self.show(call, self._load(call))

    def lookup(self, call: Call) -> Reply:
        """Answer with what WordPress falls back to; parts are looked for among the templates, too."""
        require(call)
        templates = Templates("template", "templates")
        known = {one["slug"]: one for one in templates._all(call.store)}
        slug = str(call["slug"])
        parts = slug.split("-")
        order = ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]
        found = next((known[one] for one in order if one in known), known.get("index"))
        return templates.show(call, found) if found else Reply({})

    def show(self, call: Call, body: Json, **more: Any) -> Reply:
        files = {one["slug"] for one in call.store.option(f"{self.kind}_files", [])}
        active, own = theme(call.store), body["source"] == "custom"
        has_file = body["slug"] in files
        of_theme = has_file and body.get("origin") == "theme"
        version = {"block_version": 1 if "<!-- wp:" in body["content"] else 0} if call.edit else {}
        name = f"{active['stylesheet']}//{body['slug']}"
        data: Json = {
            "id": name,
            "theme": active["stylesheet"],
            "content": {"raw": body["content"], **version},
            "slug": body["slug"],
            "source": body["source"],
            "origin": body.get("origin"),
            "type": self.kind,
            "description": body["description"],
            "title": {"raw": body["title"], "rendered": body["title"]},
            "status": body.get("status", "publish"),
            "wp_id": body["id"],
            "has_theme_file": has_file,
        }
        if self.noun == "template":
            data["is_custom"] = not has_file
        data["author"] = body.get("author", 0)
        if self.noun == "template_part":
            data["area"] = body.get("area") or "uncategorized"
        data["modified"] = clock.local(body["modified"]) if own else False
        data["author_text"] = active["name"] if of_theme or not own else "admin"
        data["original_source"] = "theme" if of_theme or not own else "user"
        site = call.site
        place = f"{self.base}/{name}"
        links_more: Json = {"about": [{"href": site.rest(f"/wp/v2/types/{self.kind}")}]}
        if own:
            count = len(self._revisions(call.store, body["id"]))
            links_more["version-history"] = [{"count": count, "href": site.rest(f"{place}/revisions")}]
        links_more |= {f"wp:action-{one}": [{"href": site.rest(place)}] for one in ("publish", "unfiltered-html")}
        return Reply({**data, **more}, links=links(call, place, self.base, **links_more, curies=CURIES))

    def create(self, call: Call) -> Reply:
        require(call)
        body: Json = {"id": call.store.new_id(self.kind), "slug": call["slug"], "source": "custom", "origin": None}
        body |= {"title": "", "content": "", "description": "", "area": "", "author": call.user.id, "status": "publish"}
        self._save(call, body)
        call.params["context"] = "view"
        reply = self.show(call, body)
        reply.status = 201
        return reply

    def update(self, call: Call) -> Reply:
        require(call)
        body = self._load(call)
        if body["source"] == "theme":
            body = {**body, "id": call.store.new_id(self.kind), "source": "custom", "origin": "theme"}
            body |= {"author": call.user.id, "status": "publish"}
            self._save(call, body)
        else:
            self._save(call, body)
            self._keep_revision(call, body)
        call.params["context"] = "edit"
        return self.show(call, body)

    def _save(self, call: Call, body: Json) -> None:
        for name in ("title", "content", "description", "area"):
            if name in call.sent and call[name] is not None:
                body[name] = raw(call[name])
        body["created"] = body["modified"] = clock.now()
        call.store.put(self.kind, body)

    def _keep_revision(self, call: Call, body: Json) -> None:
        own = call.store.new_id("revision")
        texts = {name: body[name] for name in ("title", "content", "description", "slug")}
        more = {"excerpt": "", "author": call.user.id, "created": body["modified"], "modified": body["modified"]}
        call.store.put("revision", {"id": own, "parent": body["id"], **texts, **more})

    def _revisions(self, store: Store, parent: int) -> list[Json]:
        where = Where("revision")
        where.add("parent = ?", parent)
        return store.find(where, "created DESC, id DESC")

    def delete(self, call: Call) -> Reply:
        """Take one's own away, or what was changed of the theme's file; that itself stays."""
        require(call)
        body = self._load(call)
        if body["source"] == "theme":
            raise RestError("rest_invalid_template", "Templates based on theme files can't be removed.", 400)
        call.params["context"] = "edit"
        before = self.show(call, body)
        if call["force"]:
            for revision in self._revisions(call.store, body["id"]):
                call.store.delete("revision", revision["id"])
            call.store.delete(self.kind, body["id"])
            return Reply({"deleted": True, "previous": before.data})
        body["status"] = "trash"
        call.store.put(self.kind, body)
        if before.data["has_theme_file"]:
            return before
        return self.show(call, body)

    # --- revisions ---

    def revisions(self, call: Call) -> Reply:
        body = self._changed(call)
        rows = [self._show_revision(call, body, one).whole() for one in self._revisions(call.store, body["id"])]
        return Reply(rows, headers={"X-WP-Total": str(len(rows)), "X-WP-TotalPages": "1" if rows else "0"})

    def _changed(self, call: Call) -> Json:
        require(call)
        body = self._load(call)
        if body["source"] == "theme":
            raise RestError("rest_invalid_template", "Templates based on theme files can't have revisions.", 400)
        return body

    def _show_revision(self, call: Call, body: Json, one: Json) -> Reply:
        texts = {name: one[name] for name in ("title", "content", "description")}
        reply = self.show(call, {**body, **texts, "modified": one["modified"]}, wp_id=one["id"], status="inherit")
        own = f"{self.base}/{reply.data['id']}"
        reply.data["parent"] = body["id"]
        reply.links = {
            "self": [{"href": call.site.rest(f"{own}/revisions/{one['id']}")}],
            "parent": [{"href": call.site.rest(own)}],
        }
        return reply

    def _revision(self, call: Call) -> tuple[Json, Json]:
        body = self._changed(call)
        found = next((one for one in self._revisions(call.store, body["id"]) if one["id"] == call["id"]), None)
        if found is None:
            raise RestError("rest_post_invalid_id", "Invalid revision ID.", 404)
        return body, found

    def revision(self, call: Call) -> Reply:
        return self._show_revision(call, *self._revision(call))

    def delete_revision(self, call: Call) -> Reply:
        """Delete for good, which WordPress allows with templates alone."""
        body, found = self._revision(call)
        if not call["force"]:
            message = "Revisions do not support trashing. Set 'force=true' to delete."
            raise RestError("rest_trash_not_supported", message, 501)
        before = self._show_revision(call, body, found)
        call.store.delete("revision", found["id"])
        return Reply({"deleted": True, "previous": before.data})
