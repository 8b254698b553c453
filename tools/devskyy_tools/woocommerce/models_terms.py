"""What the tools of terms, attributes and reviews answer with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.refusals import plain_text

from .models import pick


class Attribute(ShopModel):
    """An attribute that products share. ``order_by`` is how its terms are ordered."""

    id: int
    name: str
    slug: str
    order_by: str
    has_archives: bool = False

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            name=plain_text(obj["name"]),
            slug=obj["slug"],
            order_by=obj["order_by"],
            has_archives=bool(obj.get("has_archives")),
        )


class Counted(ShopModel):
    """A term; ``count`` is the number of products that have it."""

    id: int
    name: str
    slug: str
    count: int
    description: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            name=plain_text(obj["name"]),
            slug=obj["slug"],
            count=obj.get("count", 0),
            **pick(obj, "description"),
        )


class ProductTag(Counted):
    """A product tag."""


class ShippingClass(Counted):
    """A shipping class."""


class Brand(Counted):
    """A brand; ``parent`` is the one above."""

    parent: int | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        made = super().of(obj)
        made.parent = obj.get("parent") or None
        return made


class AttributeTerm(Counted):
    """An option of an attribute, at its place among the others."""

    menu_order: int | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        made = super().of(obj)
        made.menu_order = obj.get("menu_order") or None
        return made


class Review(ShopModel):
    """A customer's review; ``verified`` says that they bought the product. Dates in the site's time zone."""

    id: int
    product_id: int
    product: str
    rating: int
    status: str
    reviewer: str
    verified: bool
    date: str
    review: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            product_id=obj["product_id"],
            product=plain_text(obj.get("product_name", "")),
            rating=obj["rating"],
            status=obj["status"],
            reviewer=plain_text(obj["reviewer"]),
            verified=bool(obj.get("verified")),
            date=obj["date_created"],
            review=plain_text(obj["review"]),
        )


class OfferedProduct(ShopModel):
    """A product shown beside another."""

    id: int
    name: str
    price: str | None = None
    stock_status: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(id=obj["id"], name=plain_text(obj["name"]), **pick(obj, "price", "stock_status"))


class OfferedProducts(ShopModel):
    """Products beside ``product_id``; prices in the shop's currency."""

    product_id: int
    items: list[OfferedProduct]


class FieldNames(ShopModel):
    """Names of products' own fields (``meta_data`` keys)."""

    items: list[str]
    total: int
    page: int
    pages: int
    note: str | None = None
