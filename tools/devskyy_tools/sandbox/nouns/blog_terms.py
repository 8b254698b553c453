"""Terms as wp/v2 serves them: of the blog, of patterns, and the shop's."""

from __future__ import annotations

from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns.terms import BLOG_CATEGORIES, BLOG_TAGS, Taxonomy, Terms, counted
from devskyy_tools.sandbox.routing import Route

CONTENT = (
    BLOG_CATEGORIES,
    BLOG_TAGS,
    Taxonomy("product_cat", "/wp/v2/product_cat", "categories", nests=True),
    Taxonomy("product_brand", "/wp/v2/product_brand", "brands", nests=True),
    Taxonomy("product_tag", "/wp/v2/product_tag", "tags"),
    Taxonomy("wp_pattern_category", "/wp/v2/wp_pattern_category", "wp_pattern_category", of="wp_block"),
)
_BLOG_REFUSALS = {
    "create": ("rest_cannot_create", "Sorry, you are not allowed to create terms in this taxonomy."),
    "edit": ("rest_cannot_update", "Sorry, you are not allowed to edit this term."),
    "delete": ("rest_cannot_delete", "Sorry, you are not allowed to delete this term."),
}


def routes() -> list[Route]:
    return [route for taxonomy in CONTENT for route in BlogTerms(taxonomy).routes()]


class BlogTerms(Terms):
    """The terms of wp/v2: everybody may read them."""

    @property
    def noun(self) -> str:
        return "category" if self.of.nests else "post_tag"

    def allow(self, call: Call, action: str) -> None:
        may = call.user.can("manage_woocommerce" if self.of.of == "product" else "manage_categories")
        if action in ("list", "read"):
            if call.edit and not may:
                message = "Sorry, you are not allowed to edit terms in this taxonomy."
                raise denied(call, "rest_forbidden_context", message)
        elif not may and not (action == "create" and self.kind == "post_tag" and call.user.can("edit_posts")):
            raise denied(call, *_BLOG_REFUSALS[action])

    def no_parent(self) -> RestError:
        return RestError("rest_term_invalid", "Parent term does not exist.", 400)

    def missing(self) -> RestError:
        return RestError("rest_term_invalid", "Term does not exist.", 404)

    def exists(self, message: str, term_id: int) -> RestError:
        error = RestError("term_exists", message, 400, term_id=term_id)
        error.more = {"additional_data": [term_id, term_id]}
        return error

    def show(self, call: Call, body: Json) -> Reply:
        taxonomy, rest = self.kind, self.of.base
        word = {"category": "category", "post_tag": "tag", "product_cat": "product-category"}.get(taxonomy, taxonomy)
        data: Json = {
            "id": body["id"],
            "count": counted(call.store, self.of).get(body["id"], 0),
            "description": body["description"],
            "link": call.site.page(f"{word}/{body['slug']}/"),
            "name": body["name"],
            "slug": body["slug"],
            "taxonomy": taxonomy,
        }
        if self.of.nests:
            data["parent"] = body["parent"]
        data["meta"] = []
        site = call.site
        more: Json = {
            "about": [{"href": site.rest(f"/wp/v2/taxonomies/{taxonomy}")}],
            **({"up": [self._up(call, body)]} if self.of.nests and body["parent"] else {}),
            "wp:post_type": [{"href": f"{site.rest(self._objects())}?{rest.rpartition('/')[2]}={body['id']}"}],
            "curies": [{"name": "wp", "href": "https://api.w.org/{rel}", "templated": True}],
        }
        return Reply(data, links=links(call, f"{rest}/{body['id']}", rest, **more))

    def _objects(self) -> str:
        return {"post": "/wp/v2/posts", "wp_block": "/wp/v2/blocks"}.get(self.of.of, f"/wp/v2/{self.of.of}")

    def _up(self, call: Call, body: Json) -> Json:
        return {"embeddable": True, "href": call.site.rest(f"{self.of.base}/{body['parent']}")}

    def delete(self, call: Call) -> Reply:
        body = self.load(call)
        self.allow(call, "delete")
        defaults = (call.store.option("site", {}).get("default_category"), call.store.option("default_product_cat"))
        if body["id"] in defaults and self.of.nests:
            raise RestError("rest_cannot_delete", _BLOG_REFUSALS["delete"][1], 403)
        if not call["force"]:
            message = "Terms do not support trashing. Set 'force=true' to delete."
            raise RestError("rest_trash_not_supported", message, 501)
        call.params["context"] = "view"
        before = self.show(call, body).data
        self.remove(call, body)
        return Reply({"deleted": True, "previous": before})
