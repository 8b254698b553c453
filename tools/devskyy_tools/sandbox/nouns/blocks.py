"""wp/v2 blocks (the site's own patterns) and navigation: block markup that stands in many places."""

from __future__ import annotations

from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.envelope import Call, Json, Reply, links
from devskyy_tools.sandbox.nouns import revisions
from devskyy_tools.sandbox.nouns.content import CURIES, FLOATING, Content, PostType
from devskyy_tools.sandbox.nouns.revisions import shown_text
from devskyy_tools.sandbox.routing import Route, collection

PATTERNS = PostType("wp_block", "/wp/v2/blocks", "edit_posts", (("wp_pattern_category", "wp_pattern_category"),))
NAVIGATION = PostType("wp_navigation", "/wp/v2/navigation", "edit_theme_options")
_SCHEMAS = {"wp_block": "block", "wp_navigation": "navigation"}


def routes() -> list[Route]:
    out: list[Route] = []
    for kind in (PATTERNS, NAVIGATION):
        noun = Markup(kind)
        out += collection(
            kind.base, _SCHEMAS[kind.kind], items=noun.items, item=noun.item, create=noun.create, update=noun.update,
            delete=noun.delete, nested=True,
        )  # fmt: skip
        out += revisions.Revisions(kind.kind, kind.base, kind.capability).routes()
    return out


class Markup(Content):
    """Patterns are read raw by everybody, as the editor needs them; navigations are rendered."""

    def show(self, call: Call, body: Json) -> Reply:
        kind, edit, pattern = self.of.kind, call.edit, self.of is PATTERNS
        body.setdefault("wp_pattern_category", [])
        created = body["created"] if body["dated"] or body["status"] not in FLOATING else body["modified"]
        guid = call.site.page(f"{body['slug'] or '?p=' + str(body['id'])}/")
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
            "title": {"raw": body["title"]} if pattern else shown_text(call, body["title"], body["title"]),
        }
        content = {"protected": False, **({"block_version": 1 if "<!-- wp:" in body["content"] else 0} if edit else {})}
        if pattern:
            data["content"] = {"raw": body["content"], **content}
            data["excerpt"] = shown_text(call, body["excerpt"], text.excerpt(body["content"]), protected=False)
        else:
            data["content"] = shown_text(call, body["content"], text.rendered(body["content"]), **content)
        data["template"] = body["template"]
        if pattern:
            data["meta"] = {"footnotes": body["footnotes"]}
            data["wp_pattern_category"] = body["wp_pattern_category"]
            data["wp_pattern_sync_status"] = body.get("sync", "")
        return Reply(data, links=self._own_links(call, body))

    def _own_links(self, call: Call, body: Json) -> Json:
        site, own = call.site, f"{self.of.base}/{body['id']}"
        more: Json = {
            "about": [{"href": site.rest(f"/wp/v2/types/{self.of.kind}")}],
            "version-history": [
                {"count": len(revisions.of(call.store, body["id"])), "href": site.rest(f"{own}/revisions")}
            ],
            "wp:attachment": [{"href": f"{site.rest('/wp/v2/media')}?parent={body['id']}"}],
        }
        actions = ["publish", "unfiltered-html"]
        if self.of is PATTERNS:
            href = f"{site.rest('/wp/v2/wp_pattern_category')}?post={body['id']}"
            more["wp:term"] = [{"taxonomy": "wp_pattern_category", "embeddable": True, "href": href}]
            actions += ["create-wp_pattern_category", "assign-wp_pattern_category"]
        if call.edit:
            more |= {f"wp:action-{name}": [{"href": site.rest(own)}] for name in actions}
        return links(call, own, self.of.base, **more, curies=CURIES)

    def _apply(self, call: Call, body: Json) -> None:
        super()._apply(call, body)
        meta: Any = call.sent.get("meta")
        if isinstance(meta, dict) and "wp_pattern_sync_status" in meta:
            body["sync"] = cast("Json", meta)["wp_pattern_sync_status"]
