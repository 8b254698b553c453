"""Terms, and as wc/v3 serves them: product categories, tags, brands, shipping classes, terms of attributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, cast

from devskyy_tools.sandbox import text
from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links, pages
from devskyy_tools.sandbox.nouns import goods, lists
from devskyy_tools.sandbox.routing import Endpoint, Route, collection
from devskyy_tools.sandbox.store import Store, Where


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """A kind of term: where it is served, the products' or posts' field that holds it, whether terms nest."""

    kind: str
    base: str
    field: str
    of: str = "product"
    nests: bool = False
    pictures: bool = False


CATEGORIES = Taxonomy("product_cat", "/wc/v3/products/categories", "categories", nests=True, pictures=True)
BRANDS = Taxonomy("product_brand", "/wc/v3/products/brands", "brands", nests=True, pictures=True)
TAGS = Taxonomy("product_tag", "/wc/v3/products/tags", "tags")
SHIPPING = Taxonomy("shipping_class", "/wc/v3/products/shipping_classes", "shipping_class_id")
OPTIONS = Taxonomy("attribute_term", "/wc/v3/products/attributes/{attribute_id}/terms", "attributes")
BLOG_CATEGORIES = Taxonomy("category", "/wp/v2/categories", "categories", of="post", nests=True)
BLOG_TAGS = Taxonomy("post_tag", "/wp/v2/tags", "tags", of="post")


def routes() -> list[Route]:
    out: list[Route] = []
    for taxonomy in (CATEGORIES, BRANDS, TAGS, SHIPPING, OPTIONS):
        out += ShopTerms(taxonomy).routes()
    named: Json = {"name": {"type": "string"}}
    out.append(Route(f"{SHIPPING.base}/slug-suggestion", "", {"GET": Endpoint(suggest_slug, named)}))
    return out


def suggest_slug(call: Call) -> Reply:
    require_shop(call, "read")
    wanted = text.slugify(str(call["name"] or ""))
    return Reply(_free_slug(call.store, SHIPPING.kind, wanted, 0) if wanted else "")


def insert(store: Store, kind: str, name: str, *, parent: int = 0, slug: str = "", **more: Any) -> Json:
    """Save a new term and return it."""
    body: Json = {
        "id": store.new_id(kind), "name": name, "slug": _free_slug(store, kind, slug or text.slugify(name), parent),
        "parent": parent, "description": "", "display": "default", "image": 0, "menu_order": 0, **more,
    }  # fmt: skip
    store.put(kind, body)
    return body


def ensure_term(store: Store, kind: str, name: str, parent: int = 0) -> Json:
    """Return the term of that name, made if it is missing."""
    cleaned = text.entities(text.plain(name))
    return _same_name(store, kind, cleaned, parent) or insert(store, kind, cleaned, parent=parent)


def _same_name(store: Store, kind: str, name: str, parent: int) -> Json | None:
    where = Where(kind)
    where.add("name = ? COLLATE NOCASE AND parent = ?", name, parent)
    return next(iter(store.find(where)), None)


def _free_slug(store: Store, kind: str, wanted: str, parent: int, own: int = 0) -> str:
    """Return a slug of its own: a child takes its parent's slug along before numbers are tried."""

    def taken(slug: str) -> bool:
        sql = "SELECT 1 FROM objects WHERE kind = ? AND slug = ? AND id <> ?"
        values: list[Any] = [kind, slug, own]
        if kind == "attribute_term":
            sql, values = f"{sql} AND parent = ?", [*values, parent]
        return bool(store.rows(sql, values))

    slug, number = wanted or "term", 1
    if taken(slug) and parent and kind != "attribute_term" and (above := store.get(kind, parent)):
        slug = wanted = f"{wanted}-{above['slug']}"
    while taken(slug):
        number += 1
        slug = f"{wanted}-{number}"
    return slug


class Terms(ABC):
    """The routes of one taxonomy; wc/v3 and wp/v2 differ in rights, shape and words of refusal."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.of = taxonomy
        self.kind = taxonomy.kind

    def routes(self) -> list[Route]:
        return collection(
            self.of.base, self.noun, items=self.items, item=self.item, create=self.create, update=self.update,
            delete=self.delete, batch=self.of.base.startswith("/wc/"), nested=not self.of.base.startswith("/wc/"),
        )  # fmt: skip

    @property
    def noun(self) -> str:
        """Whose fields are shown and taken."""
        return self.kind

    @abstractmethod
    def allow(self, call: Call, action: str) -> None: ...

    @abstractmethod
    def show(self, call: Call, body: Json) -> Reply: ...

    @abstractmethod
    def missing(self) -> RestError: ...

    @abstractmethod
    def no_parent(self) -> RestError: ...

    def base(self, call: Call) -> str:
        return self.of.base.replace("{attribute_id}", str(call["attribute_id"]))

    def parent(self, call: Call) -> int:
        """Return what stands in the parent column of a new term."""
        if self.kind == "attribute_term":
            return int(call["attribute_id"])
        return int(call["parent"] or 0)

    def load(self, call: Call) -> Json:
        body = call.store.get(self.kind, int(call["id"] or 0))
        if body is None or (self.kind == "attribute_term" and body["parent"] != call["attribute_id"]):
            raise self.missing()
        return body

    def items(self, call: Call) -> Reply:
        self.allow(call, "list")
        where = Where(self.kind)
        if self.kind == "attribute_term":
            where.add("parent = ?", call["attribute_id"])
        elif self.of.nests and call["parent"] is not None:
            where.add("parent = ?", call["parent"])
        if call["include"]:
            where.among("id", call["include"])
        if call["exclude"]:
            where.among("id", call["exclude"], negate=True)
        if call["slug"]:
            where.among("slug", call["slug"] if isinstance(call["slug"], list) else [call["slug"]])
        lists.words(where, call["search"], ["name", "slug"])
        counts = counted(call.store, self.of)
        if call["hide_empty"]:
            where.among("id", [found for found, count in counts.items() if count])
        self._of_object(call, where)
        if call["orderby"] == "count":
            return self._by_count(call, where, counts)
        found, total = lists.fetch(call, where, self._order(call))
        return pages(call, [self.show(call, body).whole() for body in found], total)

    def _order(self, call: Call) -> str:
        if call["orderby"] in ("name", None, "term_group"):
            way = "DESC" if call["order"] == "desc" else "ASC"
            return f"name COLLATE NOCASE {way}, id ASC"
        return lists.order(call)

    def _of_object(self, call: Call, where: Where) -> None:
        owner = call["product"] or call["post"]
        if owner:
            body = call.store.get(self.of.of, owner) or {}
            where.among("id", _terms_in(body, self.of))

    def _by_count(self, call: Call, where: Where, counts: dict[int, int]) -> Reply:
        ids = call.store.ids(where)
        ids.sort(key=lambda found: (counts.get(found, 0), found), reverse=call["order"] == "desc")
        per_page, page = int(call["per_page"]), int(call["page"])
        cut = ids[(page - 1) * per_page : page * per_page]
        shown = [self.show(call, body).whole() for found in cut if (body := call.store.peek(self.kind, found))]
        return pages(call, shown, len(ids))

    def item(self, call: Call) -> Reply:
        body = self.load(call)
        self.allow(call, "read")
        return self.show(call, body)

    def create(self, call: Call) -> Reply:
        self.allow(call, "create")
        if call["parent"] and not self.of.nests:
            raise RestError(
                "rest_taxonomy_not_hierarchical", "Cannot set parent term, taxonomy is not hierarchical.", 400
            )
        name, parent = text.entities(text.plain(call["name"])), self.parent(call)
        if self.of.nests and parent and call.store.peek(self.kind, parent) is None:
            raise self.no_parent()
        if not name:
            raise RestError("empty_term_name", "A name is required for this term.", 400)
        self._refuse_twin(call, name, parent)
        slug = text.slugify(str(call["slug"] or ""))
        body = insert(call.store, self.kind, name, parent=parent, slug=slug)
        self.apply(call, body)
        call.store.put(self.kind, body)
        call.params["context"] = "edit"
        reply = self.show(call, body)
        reply.status, reply.headers["Location"] = 201, call.site.rest(f"{self.base(call)}/{body['id']}")
        return reply

    def _refuse_twin(self, call: Call, name: str, parent: int) -> None:
        twin = _same_name(call.store, self.kind, name, parent)
        if twin is None or (call["slug"] and text.slugify(str(call["slug"])) != twin["slug"]):
            return
        place = "with this parent" if self.of.nests else "in this taxonomy"
        raise self.exists(f"A term with the name provided already exists {place}.", twin["id"])

    def exists(self, message: str, term_id: int) -> RestError:
        return RestError("term_exists", message, 400, resource_id=term_id)

    def update(self, call: Call) -> Reply:
        body = self.load(call)
        self.allow(call, "edit")
        if call["name"] is not None:
            body["name"] = text.entities(text.plain(call["name"])) or body["name"]
        if self.of.nests and call["parent"] is not None:
            body["parent"] = int(call["parent"])
        if call["slug"]:
            body["slug"] = _free_slug(call.store, self.kind, text.slugify(call["slug"]), body["parent"], body["id"])
        self.apply(call, body)
        call.store.put(self.kind, body)
        call.params["context"] = "edit"
        return self.show(call, body)

    def apply(self, call: Call, body: Json) -> None:
        if call["description"] is not None:
            body["description"] = text.kses(call["description"])
        for name in ("display", "menu_order"):
            if call[name] is not None and name in call.params:
                body[name] = call[name]
        image = call["image"]
        if self.of.pictures and isinstance(image, dict):
            body["image"] = self._picture(call, cast("Json", image))

    def _picture(self, call: Call, image: Json) -> int:
        if not image.get("id") and not image.get("src"):
            return 0
        return goods.take_image(call, image, self.kind)

    @abstractmethod
    def delete(self, call: Call) -> Reply: ...

    def remove(self, call: Call, body: Json) -> None:
        """Delete a term: its children move up, its objects lose it."""
        store, kind, own = call.store, self.kind, body["id"]
        below = Where(kind)
        below.add("parent = ?", own)
        if self.of.nests:
            for child in store.find(below):
                store.put(kind, {**child, "parent": body["parent"]})
        if self.kind not in ("attribute_term", "shipping_class"):
            self._leave(store, own)
        store.delete(kind, own)

    def _leave(self, store: Store, own: int) -> None:
        where = Where(self.of.of)
        where.holds(self.of.field, [own])
        for holder in store.find(where):
            holder[self.of.field] = [found for found in holder[self.of.field] if found != own]
            store.put(self.of.of, holder)


def _terms_in(body: Json, taxonomy: Taxonomy) -> list[int]:
    found = body.get(taxonomy.field, [])
    return [found] if isinstance(found, int) else cast("list[int]", found)


def counted(store: Store, taxonomy: Taxonomy) -> dict[int, int]:
    """Return how many published objects each term has."""
    if taxonomy.kind == "attribute_term":
        sql = (
            "SELECT t.id, count(*) FROM objects t, objects p, json_each(p.body, '$.attributes') a, "
            "json_each(a.value, '$.options') o WHERE t.kind = 'attribute_term' AND p.kind = 'product' AND "
            "p.status = 'publish' AND json_extract(a.value, '$.id') = t.parent AND o.value = t.name GROUP BY t.id"
        )
        return dict(cast("list[tuple[int, int]]", store.remembered(sql)))
    sql = (
        f"SELECT j.value, count(*) FROM objects, json_each(body, '$.{taxonomy.field}') j "  # noqa: S608 # our own field
        "WHERE kind = ? AND status = 'publish' GROUP BY j.value"
    )
    return dict(cast("list[tuple[int, int]]", store.remembered(sql, [taxonomy.of])))


class ShopTerms(Terms):
    """The terms of wc/v3."""

    def allow(self, call: Call, action: str) -> None:
        if self.kind == "attribute_term" and call.store.peek("attribute", int(call["attribute_id"])) is None:
            raise RestError("woocommerce_rest_taxonomy_invalid", "Taxonomy does not exist.", 404)
        require_shop(call, action)

    def no_parent(self) -> RestError:
        return RestError("missing_parent", "Parent term does not exist.", 400)

    def missing(self) -> RestError:
        return RestError("woocommerce_rest_term_invalid", "Resource does not exist.", 404)

    def show(self, call: Call, body: Json) -> Reply:
        base = self.base(call)
        data: Json = {"id": body["id"], "name": body["name"], "slug": body["slug"]}
        if self.of.nests:
            data["parent"] = body["parent"]
        data["description"] = body["description"]
        if self.of.pictures:
            data["display"] = body["display"]
            data["image"] = goods.image(call, body["image"]) if body["image"] else None
        if self.of.pictures or self.kind == "attribute_term":
            data["menu_order"] = body["menu_order"]
        data["count"] = counted(call.store, self.of).get(body["id"], 0)
        up: Json = (
            {"up": [{"href": call.site.rest(f"{base}/{body['parent']}")}]} if self.of.nests and body["parent"] else {}
        )
        return Reply(data, links=links(call, f"{base}/{body['id']}", base, **up))

    def delete(self, call: Call) -> Reply:
        body = self.load(call)
        self.allow(call, "delete")
        if not call["force"]:
            raise RestError("woocommerce_rest_trash_not_supported", "Resource does not support trashing.", 501)
        if self.kind == "product_cat" and body["id"] == call.store.option("default_product_cat"):
            raise RestError("woocommerce_rest_cannot_delete", "Default product category cannot be deleted.", 500)
        call.params["context"] = "edit"
        before = self.show(call, body)
        self.remove(call, body)
        return before
