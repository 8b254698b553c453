"""The names in a product CSV as ids: categories by path, tags and brands, which are made where they are missing;
shipping classes, tax classes and shared attributes, which are not.

A missing category is made in the same change as the products, and goes with its undo. A shipping class, a tax class or
a shared attribute means something only with rates or terms of its own, so that one that is missing is a misspelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from devskyy_mcp.changes.model import ObjectId
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import ATTRIBUTES, BRANDS, PRODUCT_CATEGORIES, PRODUCT_TAGS, PRODUCTS, Collection
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .csv_cells import Wrong, listed, numbered, unmarked
from .csv_rows import Names, inner
from .export import all_of

Json = dict[str, Any]
Path = tuple[str, ...]
_COLUMNS: Mapping[str, tuple[str, Collection]] = {
    "Categories": ("categories", PRODUCT_CATEGORIES),
    "Tags": ("tags", PRODUCT_TAGS),
    "Brands": ("brands", BRANDS),
}
DEEPEST = 10


class Terms:
    """What one import knows of the shop's terms; each list is read when a row first needs it."""

    def __init__(self, shop: Shop, names: Names) -> None:
        self.shop = shop
        self.names = names
        self._ids: dict[str, dict[Path, ObjectId]] = {}
        self._attributes: dict[str, Json] | None = None
        self._tax_classes: dict[str, str] | None = None
        self._made: list[tuple[str, Path]] = []

    def mark(self) -> int:
        """Where to go back to when a row is rejected after all."""
        return len(self._made)

    def back_to(self, mark: int) -> None:
        """Forget what was made since: the caller takes its operations out of the plan."""
        for name, path in self._made[mark:]:
            del self._ids[name][path]
        del self._made[mark:]

    async def fields(self, cells: Mapping[str, str], present: Json) -> Json:
        """The fields of the columns that name terms and classes, of a product as it is, empty for a new one.

        Raises:
            Wrong: for a class that the shop does not have, and for no category.
        """
        found: Json = {}
        for column, (field, collection) in _COLUMNS.items():
            if column in cells:
                if column == "Categories" and present and not cells[column].strip():
                    raise Wrong(column, "A product is always in a category: name it, or leave the column out.")
                found[field] = [{"id": one} for one in await self._all(collection, column, cells[column])]
        if "Shipping class" in cells:
            found["shipping_class"] = self._shipping(unmarked(cells["Shipping class"]).strip())
        if "Tax class" in cells:
            found["tax_class"] = await self._tax_class(unmarked(cells["Tax class"]).strip())
        return found

    async def _all(self, collection: Collection, column: str, cell: str) -> list[ObjectId]:
        paths: list[Path] = []
        for text in listed(unmarked(cell)):
            nests = collection is not PRODUCT_TAGS
            path = tuple(part.strip() for part in text.split(">")) if nests else (text,)
            if "" in path or len(path) > DEEPEST:
                raise Wrong(column, f"{text[:80]!r} is no path of names, such as Women > Dresses.")
            paths.append(path)
        return [await self._term(collection, path) for path in dict.fromkeys(paths)]

    async def _term(self, collection: Collection, path: Path) -> ObjectId:
        known = await self._known(collection)
        wanted = _folded(path)
        found = known.get(wanted)
        if found is None and collection is BRANDS and len(path) == 1:  # an export names brands without their path
            found = next((one for other, one in known.items() if other[-1:] == wanted), None)
        if found is None:
            above = await self._term(collection, path[:-1]) if len(path) > 1 else None
            body: Json = {"name": path[len(path) - 1], **({"parent": above} if above is not None else {})}
            found = known[wanted] = (await self.shop.create(collection, body)).ref
            self._made.append((collection.name, wanted))
        return found

    async def _known(self, collection: Collection) -> dict[Path, ObjectId]:
        if collection.name not in self._ids:
            if collection is PRODUCT_CATEGORIES:
                paths = {int(number): path for number, path in self.names.categories.items()}
                found = {tuple(path.casefold().split(" > ")): one for one, path in paths.items()}
            else:
                found = _paths(await all_of(self.shop, collection))
            self._ids[collection.name] = {**found}
        return self._ids[collection.name]

    def _shipping(self, name: str) -> str:
        if not name:
            return ""
        wanted = name.casefold()
        for slug, label in self.names.shipping.items():
            if wanted in (slug.casefold(), label.casefold()):
                return slug
        raise Wrong("Shipping class", f"The shop has no shipping class {name[:60]!r}; make it first: it needs rates.")

    async def _tax_class(self, name: str) -> str:
        if name in ("", "parent"):
            return name
        if self._tax_classes is None:
            rows: list[Json] = (await self.shop.client.page("/wc/v3/taxes/classes")).items
            self._tax_classes = {str(row[key]).casefold(): str(row["slug"]) for row in rows for key in ("slug", "name")}
        slug = self._tax_classes.get(name.casefold())
        if slug is None:
            raise Wrong("Tax class", f"The shop has no tax class {name[:60]!r}; make it first: it needs rates.")
        return "" if slug == "standard" else slug

    # ---- attributes ----------------------------------------------------------------------------------------------

    async def attributes(self, cells: Mapping[str, str], present: Json, used: Iterable[str]) -> Json:
        """A product's attributes and default options.

        Args:
            cells: the whole row, since the columns go together.
            present: the product as it is, which says what is for variations; empty for a new one.
            used: names that its variations in the file use, without capitals.

        Raises:
            Wrong: for a shared attribute that the shop does not have, and one without values.
        """
        before = {plain_text(one["name"]).casefold(): one for one in inner(present, "attributes")}
        attributes: list[Json] = []
        defaults: list[Json] = []
        for number, parts in numbered(cells, "Attribute"):
            name = parts.get("name", "")
            if not name:
                continue
            was = before.get(name.casefold(), {})
            which = await self._which(number, parts, was)
            options = listed(parts.get("value(s)", ""))
            if which.get("id") and not options:
                raise Wrong(f"Attribute {number} value(s)", f"{name[:60]} needs at least one value.")
            default = parts.get("default", "")
            forms = name.casefold() in used or bool(default) or bool(was.get("variation"))
            visible = parts["visible"] in ("1", "yes", "true") if parts.get("visible") else was.get("visible", True)
            attributes.append(
                {**which, "position": len(attributes), "visible": visible, "variation": forms, "options": options}
            )
            if default:
                defaults.append({**which, "option": default})
        found: Json = {"attributes": attributes}
        if defaults or present.get("default_attributes"):
            found["default_attributes"] = defaults
        return found

    def options(self, cells: Mapping[str, str], product: Json) -> list[Json]:
        """A variation's options, of the attributes that its product has.

        Raises:
            Wrong: for several values of one attribute.
        """
        shared = {
            plain_text(one["name"]).casefold(): one["id"] for one in inner(product, "attributes") if one.get("id")
        }
        found: list[Json] = []
        for number, parts in numbered(cells, "Attribute"):
            if not parts.get("name"):
                continue
            values = listed(parts.get("value(s)", ""))
            if len(values) > 1:
                raise Wrong(f"Attribute {number} value(s)", "A variation has one value of each attribute.")
            if values:
                name = parts["name"]
                which = {"id": shared[name.casefold()]} if name.casefold() in shared else {}
                found.append({**which, "name": name, "option": values[0]})
        return found

    async def _which(self, number: int, parts: Mapping[str, str], was: Json) -> Json:
        """``{"id", "name"}`` of a shared attribute, ``{"name"}`` of the product's own."""
        shared = parts.get("global")
        if shared not in ("1", "yes", "true") and (shared or not was.get("id")):
            return {"name": parts["name"]}
        if self._attributes is None:
            rows = (await self.shop.list(ATTRIBUTES, fields=("id", "name"))).items
            names = {int(row["id"]): plain_text(row["name"]) for row in rows}
            self._attributes = {name.casefold(): {"id": one, "name": name} for one, name in names.items()}
        found = self._attributes.get(parts["name"].casefold())
        if found is None:
            raise Wrong(
                f"Attribute {number} name",
                f"The shop has no shared attribute {parts['name'][:60]!r}; make it first, or write 0 under "
                f"Attribute {number} global.",
            )
        return found


def _folded(path: Path) -> Path:
    return tuple(part.casefold() for part in path)


def _paths(terms: Iterable[Json]) -> dict[Path, int]:
    """Ids by the names of the way down to each term, without capitals."""
    by_id = {int(term["id"]): term for term in terms}

    def path(number: int) -> Path:
        names: list[str] = []
        while number in by_id and len(names) < DEEPEST:
            names.append(plain_text(by_id[number]["name"]).casefold())
            number = int(by_id[number].get("parent") or 0)
        return tuple(reversed(names))

    return {path(number): number for number in by_id}


class Links:
    """Products that others are linked to, by SKU or id; some may only be made later in the same file."""

    def __init__(self, shop: Shop, coming: Iterable[str]) -> None:
        self.shop = shop
        self.coming = {sku.casefold() for sku in coming}
        self.made: dict[str, ObjectId] = {}

    async def ids(self, column: str, cell: str) -> list[ObjectId] | None:
        """The products; None while one of them is still to be made.

        Raises:
            Wrong: for one that there is not.
        """
        found: list[ObjectId] = []
        for text in listed(unmarked(cell)):
            if text.lower().startswith("id:"):
                number = text[3:].strip()
                missing = not number.isdecimal() or await self.shop.missing(PRODUCTS, [int(number)])
                if missing:
                    raise Wrong(column, f"There is no product {number[:20]}.")
                found.append(int(number))
                continue
            made = self.made.get(text.casefold())
            holder = None if made is not None else await self.shop.holder_of_sku(text)
            if made is None and holder is not None and holder.get("status") not in ("staged", "trash"):
                made = int(holder["id"])
            if made is None and text.casefold() in self.coming:
                return None
            if made is None:
                raise Wrong(column, f"No product has the SKU {text[:60]!r}.")
            found.append(made)
        return found


def refusal_of(refused: Refused) -> Wrong:
    """A rule's refusal of one object, as a reason to reject its row.

    Raises:
        Refused: what is not about the object: the shop is away, or does not let us.
    """
    if refused.code not in (Code.INVALID_ARGUMENTS, Code.CONFLICT, Code.NOT_FOUND):
        raise refused
    return Wrong("", refused.message if not refused.hint else f"{refused.message} {refused.hint}")
