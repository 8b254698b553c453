"""What the tools of orders, refunds and customers answer with. Amounts are text, in the shop's currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from devskyy_tools.shop import money
from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.refusals import plain_text

from .models import pick


class OrderRow(ShopModel):
    """An order in a list. Dates in the site's time zone."""

    id: int
    status: str
    date: str
    total: str
    currency: str
    items: int
    customer_id: int | None = None
    customer: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        billing: Any = obj.get("billing") or {}
        name = " ".join(filter(None, [billing.get("first_name"), billing.get("last_name")]))
        return cls(
            id=obj["id"],
            status=obj["status"],
            date=obj.get("date_created") or "",
            total=obj["total"],
            currency=obj["currency"],
            items=sum(item["quantity"] for item in obj.get("line_items", [])),
            customer_id=obj.get("customer_id") or None,
            customer=name or None,
        )


class OrderLine(ShopModel):
    id: int
    product_id: int | None = None
    variation_id: int | None = None
    name: str
    sku: str | None = None
    quantity: int
    total: str


class Order(ShopModel):
    """An order in full. ``refunded`` is what was given back so far, ``refundable`` what is left."""

    id: int
    status: str
    date: str
    date_paid: str | None = None
    date_completed: str | None = None
    currency: str
    total: str
    total_tax: str | None = None
    shipping_total: str | None = None
    discount_total: str | None = None
    refunded: str
    refundable: str
    payment_method: str | None = None
    customer_id: int | None = None
    customer_note: str | None = None
    billing: dict[str, str]
    shipping: dict[str, str]
    lines: list[OrderLine]
    coupons: list[str] | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        from decimal import Decimal

        back = sum((abs(Decimal(str(item.get("total") or 0))) for item in obj.get("refunds", [])), Decimal(0))
        total = Decimal(obj["total"])
        return cls(
            id=obj["id"],
            status=obj["status"],
            date=obj.get("date_created") or "",
            currency=obj["currency"],
            total=obj["total"],
            refunded=money.rounded(back),
            refundable=money.rounded(total - back),
            payment_method=obj.get("payment_method_title") or None,
            customer_id=obj.get("customer_id") or None,
            billing={name: value for name, value in obj["billing"].items() if value},
            shipping={name: value for name, value in obj["shipping"].items() if value},
            lines=[
                OrderLine(
                    id=item["id"],
                    name=plain_text(item["name"]),
                    quantity=item["quantity"],
                    total=item["total"],
                    product_id=item.get("product_id") or None,
                    variation_id=item.get("variation_id") or None,
                    **pick(item, "sku"),
                )
                for item in obj["line_items"]
            ],
            coupons=[item["code"] for item in obj.get("coupon_lines", [])] or None,
            **pick(
                obj, "date_paid", "date_completed", "total_tax", "shipping_total", "discount_total", "customer_note"
            ),
        )


class OrderNote(ShopModel):
    """A note on an order; ``to_customer`` was mailed to the customer."""

    id: int
    date: str
    author: str
    note: str
    to_customer: bool

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            date=obj["date_created"],
            author=obj["author"],
            note=plain_text(obj["note"]),
            to_customer=bool(obj["customer_note"]),
        )


class OrderNotes(ShopModel):
    items: list[OrderNote]


class Refund(ShopModel):
    id: int
    order_id: int | None = None
    date: str
    amount: str
    reason: str | None = None
    lines: list[dict[str, Any]] | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        lines = [pick(item, "name", "quantity", "total") for item in obj.get("line_items", [])]
        return cls(
            id=obj["id"],
            order_id=obj.get("parent_id") or None,
            date=obj["date_created"],
            amount=obj["amount"],
            lines=lines or None,
            **pick(obj, "reason"),
        )


class Refunds(ShopModel):
    """A page of refunds; amounts in the shop's currency, dates in its time zone."""

    items: list[Refund]
    total: int
    page: int
    pages: int
    currency: str
    note: str | None = None


class Receipt(ShopModel):
    """A receipt's public address and the day until which it is there."""

    url: str
    until: str


class OrderEmail(ShopModel):
    """A mail that the shop can send about an order."""

    id: str
    title: str
    description: str | None = None


class OrderEmails(ShopModel):
    """The mails that suit an order as it stands; ``none`` says why there is none."""

    items: list[OrderEmail]
    none: str | None = None


class Download(ShopModel):
    """A file that a customer may download; ``left`` is how often yet."""

    product_id: int
    product: str
    file: str
    order_id: int
    left: str | None = None
    until: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            product_id=obj["product_id"],
            product=plain_text(obj["product_name"]),
            file=obj["download_name"],
            order_id=obj["order_id"],
            left=str(obj.get("downloads_remaining") or "") or None,
            until=obj.get("access_expires") or None,
        )


class Downloads(ShopModel):
    items: list[Download]


class OrderStatus(ShopModel):
    """A status of orders; ``next`` are those that make sense after it."""

    slug: str
    name: str
    next: list[str] | None = None


class OrderStatuses(ShopModel):
    items: list[OrderStatus]


class CustomerRow(ShopModel):
    """A customer in a list."""

    id: int
    name: str
    email: str
    date: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        name = " ".join(filter(None, [obj.get("first_name"), obj.get("last_name")])) or obj.get("username", "")
        return cls(id=obj["id"], name=name, email=obj["email"], date=obj.get("date_created"))


class Customer(ShopModel):
    """A customer in full."""

    id: int
    first_name: str
    last_name: str
    email: str
    username: str
    role: str | None = None
    date: str | None = None
    paying: bool
    billing: dict[str, str]
    shipping: dict[str, str]

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            first_name=obj["first_name"],
            last_name=obj["last_name"],
            email=obj["email"],
            username=obj["username"],
            role=obj.get("role"),
            date=obj.get("date_created"),
            paying=bool(obj.get("is_paying_customer")),
            billing={name: value for name, value in obj["billing"].items() if value},
            shipping={name: value for name, value in obj["shipping"].items() if value},
        )
