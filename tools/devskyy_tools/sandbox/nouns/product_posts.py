"""wp/v2/product: products as WordPress itself sees them, as posts without prices and stock."""

from __future__ import annotations

from typing import Any

from devskyy_tools.sandbox.envelope import Call, Json, Reply
from devskyy_tools.sandbox.nouns import products
from devskyy_tools.sandbox.nouns.content import Content, PostType, blank
from devskyy_tools.sandbox.routing import Route, collection
from devskyy_tools.sandbox.store import Store

PRODUCTS = PostType(
    "product", "/wp/v2/product", "edit_products",
    (("product_brand", "product_brand"), ("product_cat", "product_cat"), ("product_tag", "product_tag")),
)  # fmt: skip
_FIELDS = {
    "title": "name", "content": "description", "excerpt": "short_description", "product_brand": "brands",
    "product_cat": "categories", "product_tag": "tags",
}  # fmt: skip
_ALIKE = ("id", "status", "slug", "created", "modified", "meta")


def routes() -> list[Route]:
    noun = ProductPosts(PRODUCTS)
    return collection(
        PRODUCTS.base, "product_post", items=noun.items, item=noun.item, create=noun.create, update=noun.update,
        delete=noun.delete, nested=True,
    )  # fmt: skip


class ProductPosts(Content):
    """Reads and writes the products of wc/v3 under the names that posts have."""

    def new(self, call: Call) -> Json:
        return _as_post(products.blank(call.store, status="draft"))

    def get(self, store: Store, object_id: int) -> Json | None:
        found = store.get("product", object_id)
        return _as_post(found) if found else None

    def put(self, store: Store, body: Json) -> None:
        held: Json = body.pop("product")
        pictures: list[Any] = held["images"]
        if body["featured_media"] != (pictures[0] if pictures else 0):
            held["images"] = [body["featured_media"], *pictures[1:]] if body["featured_media"] else pictures[1:]
        names = {**_FIELDS, **{name: name for name in _ALIKE}}
        held |= {stored: body[name] for name, stored in names.items()}
        store.put("product", held)
        body["product"] = held

    def stored(self, field: str) -> str:
        return _FIELDS[field]

    def show_stored(self, call: Call, body: Json) -> Reply:
        return self.show(call, _as_post(body))

    def show(self, call: Call, body: Json) -> Reply:
        reply = super().show(call, body)
        del reply.data["author"]
        reply.data["meta"] = []
        reply.data["class_list"] = _classes(body)
        assert reply.links is not None
        for name in ("author", "version-history"):
            reply.links.pop(name, None)
        return reply

    def link(self, call: Call, body: Json) -> str:
        return products.permalink(call, body)


def _classes(body: Json) -> Json:
    """A list with gaps, which PHP makes an object."""
    product = body["product"]
    first = [f"post-{body['id']}", "product", "type-product", f"status-{body['status']}"]
    rest = ["first", product["stock_status"], "shipping-taxable", f"product-type-{product['type']}"]
    return {str(at): name for at, name in [*enumerate(first), *enumerate(rest, 6)]}


def _as_post(product: Json) -> Json:
    shown = {name: product[stored] for name, stored in _FIELDS.items()} | {name: product[name] for name in _ALIKE}
    return {
        **_BLANK, **shown, "type": "product", "dated": True,
        "featured_media": product["images"][0] if product["images"] else 0, "product": product,
    }  # fmt: skip


class _NoIds:
    def new_id(self, _kind: str) -> int:
        return 0


_BLANK: Json = blank(_NoIds(), "product")  # pyright: ignore[reportArgumentType] # only ids are asked of it
