"""What WooCommerce's tools answer with. Amounts are text as the shop states them, in the shop's currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.refusals import plain_text


def pick(obj: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The fields of these names that say something."""
    return {name: obj[name] for name in names if obj.get(name) not in (None, "", [])}


def named(items: list[dict[str, Any]] | None) -> list[str] | None:
    """The names of terms, as people read them."""
    return [plain_text(item["name"]) for item in items or []] or None


class ProductRow(ShopModel):
    """A product in a list. ``stock`` is the counted quantity, absent where the shop does not count."""

    id: int
    name: str
    sku: str | None = None
    type: str
    status: str
    price: str | None = None
    regular_price: str | None = None
    stock: int | None = None
    stock_status: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        sale = obj.get("sale_price") not in (None, "")
        status = obj.get("stock_status")
        return cls(
            id=obj["id"],
            name=plain_text(obj["name"]),
            type=obj["type"],
            status=obj["status"],
            stock=obj.get("stock_quantity"),
            stock_status=None if status == "instock" else status,
            **pick(obj, "sku", "price", *(["regular_price"] if sale else [])),
        )


class Product(ShopModel):
    """A product in full. Weight and dimensions in the shop's units; dates in the site's time zone."""

    id: int
    name: str
    slug: str
    type: str
    status: str
    link: str | None = None
    sku: str | None = None
    price: str | None = None
    regular_price: str | None = None
    sale_price: str | None = None
    date_on_sale_from: str | None = None
    date_on_sale_to: str | None = None
    manage_stock: bool = False
    stock_quantity: int | None = None
    stock_status: str | None = None
    backorders: str | None = None
    description: str | None = None
    short_description: str | None = None
    categories: list[dict[str, Any]] | None = None
    tags: list[str] | None = None
    images: list[dict[str, Any]] | None = None
    attributes: list[dict[str, Any]] | None = None
    variations: list[int] | None = None
    weight: str | None = None
    dimensions: dict[str, str] | None = None
    featured: bool = False
    catalog_visibility: str | None = None
    total_sales: int | None = None
    date_modified: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        measures: dict[str, str] = obj.get("dimensions") or {}
        size = {name: value for name, value in measures.items() if value}
        return cls(
            id=obj["id"],
            name=plain_text(obj["name"]),
            slug=obj["slug"],
            type=obj["type"],
            status=obj["status"],
            link=obj.get("permalink"),
            manage_stock=bool(obj.get("manage_stock")),
            featured=bool(obj.get("featured")),
            categories=[{"id": item["id"], "name": plain_text(item["name"])} for item in obj["categories"]] or None,
            tags=named(obj.get("tags")),
            images=[pick(item, "id", "src", "alt") for item in obj["images"]] or None,
            attributes=[pick(item, "name", "options", "variation") for item in obj["attributes"]] or None,
            dimensions=size or None,
            **pick(
                obj,
                *("sku", "price", "regular_price", "sale_price", "date_on_sale_from", "date_on_sale_to"),
                *("stock_quantity", "stock_status", "backorders", "description", "short_description", "variations"),
                *("weight", "catalog_visibility", "total_sales", "date_modified"),
            ),
        )


class Variation(ShopModel):
    """A variation. ``options`` are its attributes, e.g. ``{"Size": "M"}``."""

    id: int
    product_id: int | None = None
    options: dict[str, str]
    status: str
    sku: str | None = None
    price: str | None = None
    regular_price: str | None = None
    sale_price: str | None = None
    stock: int | None = None
    stock_status: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            product_id=obj.get("parent_id"),
            options={item["name"]: item["option"] for item in obj.get("attributes", [])},
            status=obj["status"],
            stock=obj.get("stock_quantity"),
            **pick(obj, "sku", "price", "regular_price", "sale_price", "stock_status"),
        )


class ProductCategory(ShopModel):
    """A product category. ``count`` is the number of products in it."""

    id: int
    name: str
    slug: str
    count: int
    parent: int | None = None
    description: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            name=plain_text(obj["name"]),
            slug=obj["slug"],
            count=obj.get("count", 0),
            parent=obj.get("parent") or None,
            **pick(obj, "description"),
        )


class Collections(ShopModel):
    """The brand's collections. ``defined_by`` says which categories count as one."""

    items: list[ProductCategory]
    defined_by: str


class StockLine(ShopModel):
    """One thing with counted stock; ``product_id`` is the parent where it is a variation."""

    id: int
    product_id: int | None = None
    name: str
    sku: str | None = None
    stock: int | None = None
    stock_status: str


class StockLines(ShopModel):
    items: list[StockLine]
    total: int
    page: int
    pages: int
    note: str | None = None


class CouponRow(ShopModel):
    """A coupon in a list. ``amount`` is money, or percent when ``type`` is percent."""

    id: int
    code: str
    type: str
    amount: str
    used: int
    status: str | None = None
    expires: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            code=obj["code"],
            type=obj["discount_type"],
            amount=obj["amount"],
            used=obj["usage_count"],
            status=obj.get("status"),
            expires=obj.get("date_expires"),
        )


class Coupon(CouponRow):
    """A coupon in full."""

    description: str | None = None
    usage_limit: int | None = None
    usage_limit_per_user: int | None = None
    minimum_amount: str | None = None
    maximum_amount: str | None = None
    individual_use: bool = False
    free_shipping: bool = False
    exclude_sale_items: bool = False
    product_ids: list[int] | None = None
    product_categories: list[int] | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        row = CouponRow.of(obj).model_dump()
        flags = {name: bool(obj.get(name)) for name in ("individual_use", "free_shipping", "exclude_sale_items")}
        rest = ("description", "usage_limit", "usage_limit_per_user", "minimum_amount", "maximum_amount")
        return cls(**row, **flags, **pick(obj, *rest, "product_ids", "product_categories"))


class SalesDay(ShopModel):
    """One day, or one month where the period is longer than 62 days."""

    day: str
    sales: str
    orders: int
    items: int


class SalesReport(ShopModel):
    """Sales of a period in the shop's currency; days are the site's. ``net`` is without tax, shipping and refunds."""

    first: str
    last: str
    currency: str
    sales: str
    net: str
    orders: int
    items: int
    refunded: str
    average_order: str | None = None
    days: list[SalesDay]
    counted: str


class TopSeller(ShopModel):
    """``sold`` pieces, variations counted with their product; ``sales`` is the lines' total."""

    product_id: int
    name: str
    sold: int
    sales: str


class TopSellers(ShopModel):
    first: str
    last: str
    items: list[TopSeller]
    counted: str


class ReportTotals(ShopModel):
    """Counts as the shop gives them, ``{slug, name, total}`` a row; ``currency`` where rows hold amounts."""

    of: str
    rows: list[dict[str, Any]]
    currency: str | None = None
    note: str | None = None
