"""A year of trade before the latest orders: customers who come back, sizes that don't fit, fees of a card processor.

The same in every shop but for its dates. Stock is not touched: it is as it stands today.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate

from devskyy_tools.sandbox import clock
from devskyy_tools.sandbox.envelope import Json
from devskyy_tools.sandbox.nouns import goods, orders
from devskyy_tools.sandbox.seed.catalogue import COLLECTIONS, PIECES
from devskyy_tools.sandbox.seed.people import ADDRESS
from devskyy_tools.sandbox.store import Store, Where

OLDEST, NEWEST = 424, 61
"""Days ago."""
COST_FIELD = "_unit_cost"
"""Custom field of products that holds what a piece costs; bags have none, so that some costs are unknown."""
_GUESTS = (
    ("Nina", "Lindqvist", "Malmö", "SE"), ("Oskar", "Berg", "Oslo", "NO"), ("Hélène", "Roux", "Bordeaux", "FR"),
    ("Marta", "Silva", "Porto", "PT"), ("Klara", "Vogel", "Hamburg", "DE"), ("Ugo", "Conti", "Torino", "IT"),
    ("Fatou", "Diop", "Paris", "FR"), ("Elif", "Kaya", "Köln", "DE"), ("Ines", "Navarro", "Valencia", "ES"),
    ("Bram", "Janssen", "Utrecht", "NL"), ("Zofia", "Lis", "Kraków", "PL"), ("Paul", "Lambert", "Lille", "FR"),
    ("Greta", "Huber", "Wien", "AT"), ("Luca", "Ferri", "Bologna", "IT"), ("Maud", "Claes", "Gent", "BE"),
    ("Yara", "Haddad", "Nantes", "FR"), ("Emil", "Koch", "Leipzig", "DE"), ("Rosa", "Molina", "Sevilla", "ES"),
    ("Aino", "Virtanen", "Helsinki", "FI"), ("Théo", "Girard", "Nice", "FR"), ("Iris", "Bakker", "Rotterdam", "NL"),
    ("Dana", "Kovač", "Ljubljana", "SI"), ("Omar", "Benali", "Paris", "FR"), ("Lotte", "Maier", "München", "DE"),
)  # fmt: skip
_LIKED = {"tee": 6, "hoodie": 6, "cap": 4, "trousers": 3, "scarf": 3, "dress": 2, "bag": 2}
_SIZES = {"S": 2, "M": 4, "L": 3}
_REASONS = (
    "Too small, I need one size up", "Runs small", "Too large", "Arrived damaged, a seam is open", "Changed my mind",
    "Colour is not as pictured", "Arrived too late for the wedding", "",
)  # fmt: skip
_CENT = Decimal("0.01")
_SHIPPING = Decimal("6.90")


@dataclass(frozen=True, slots=True)
class _Good:
    """What can be ordered: a simple product or one variation."""

    product: Json
    variation: Json | None
    weight: int

    @property
    def price(self) -> Decimal:
        return Decimal(goods.price(self.variation or self.product))


def sow(store: Store, today: datetime) -> None:
    products = store.find(Where("product"), "id")
    past = _Past(store, today, products)
    past.make()
    for body in products:
        body["total_sales"] += past.sold[body["id"]]
        if _shapes().get(body["sku"]) != "bag":
            cost = (past.price_of(body) * Decimal("0.36")).quantize(Decimal("0.1"), ROUND_HALF_UP)
            body["meta"].append({"id": store.new_id("meta"), "key": COST_FIELD, "value": f"{cost}0"})
    store.put_many("product", products)


def _shapes() -> dict[str, str]:
    return {
        f"MS-{code}-{number:02d}": piece.shape
        for title, (code, _) in COLLECTIONS.items()
        for number, piece in enumerate(PIECES[title], 1)
    }


class _Past:
    """One shop's orders of the year, oldest first."""

    def __init__(self, store: Store, today: datetime, products: list[Json]) -> None:
        self.store, self.today = store, today
        self.chance = random.Random("maison-skyy")  # noqa: S311 # the same in every shop; it guards nothing
        self.variations: dict[int, list[Json]] = {}
        for one in store.find(Where("variation"), "id"):
            self.variations.setdefault(one["parent"], []).append(one)
        public = sorted((body for body in products if body["status"] == "publish"), key=lambda one: one["created"])
        self.goods = [good for body in public for good in self._sold_as(body)]
        self.since = [good.product["created"] for good in self.goods]
        self.weights = list(accumulate(good.weight for good in self.goods))
        where = Where("user")
        where.holds("roles", ["customer"])
        self.registered = store.find(where, "id")
        self.guests = [_guest(*one) for one in _GUESTS]
        self.met: list[Json] = []
        self.sold = Counter[int]()
        self.orders: list[Json] = []
        self.refunds: list[Json] = []

    def price_of(self, body: Json) -> Decimal:
        found = goods.price(self.variations[body["id"]][0] if body["type"] == "variable" else body)
        return Decimal(found or "0")

    def make(self) -> None:
        for ago in range(OLDEST, NEWEST - 1, -1):
            busy = 0.6 - 0.25 * (OLDEST - ago) / (OLDEST - NEWEST)
            if self.chance.random() < busy:
                self._order(self.today - timedelta(days=ago) + timedelta(hours=9 + ago % 11, minutes=ago % 60))
        self.store.put_many("order", self.orders)
        self.store.put_many("refund", self.refunds)

    def _sold_as(self, body: Json) -> list[_Good]:
        liked = _LIKED.get(_shapes()[body["sku"]], 1)
        if body["type"] != "variable":
            return [_Good(body, None, 2 * liked)]
        return [_Good(body, one, liked * _SIZES[one["attributes"][0]["option"]]) for one in self.variations[body["id"]]]

    def _order(self, created: datetime) -> None:
        at, who, store = created.strftime(clock.FORMAT), self._buyer(created), self.store
        there = bisect_right(self.since, at)
        pieces = self.chance.choice((1, 1, 1, 2, 2, 3))
        chosen = self.chance.choices(self.goods[:there], cum_weights=self.weights[:there], k=pieces)
        off = self.chance.random() < 0.12
        lines = [self._line(good, off) for good in {id(good): good for good in chosen}.values()]
        subtotal = sum((Decimal(line["subtotal"]) for line in lines), Decimal(0))
        total = sum((Decimal(line["total"]) for line in lines), Decimal(0))
        by_card = self.chance.random() < 0.6
        paid, done = (created + timedelta(hours=hours) for hours in (1, 48))
        body = orders.blank(
            store, customer_id=who.get("id", 0), billing=dict(who["billing"]), shipping=dict(who["shipping"]),
            created=at, modified=done.strftime(clock.FORMAT), date_paid=paid.strftime(clock.FORMAT),
            date_completed=done.strftime(clock.FORMAT), status="completed", created_via="checkout", line_items=lines,
            payment_method="stripe" if by_card else "bacs", coupons_counted=True, stock_reduced=True,
            payment_method_title="Credit card" if by_card else "Direct bank transfer",
            order_key=f"wc_order_skyy{len(self.orders):04d}past", discount_total=f"{subtotal - total}",
            shipping_total=f"{_SHIPPING}", total=f"{total + _SHIPPING}",
        )  # fmt: skip
        body["shipping_lines"] = [
            {"id": store.new_id("item"), "meta": [], "method_title": "Standard delivery", "method_id": "flat_rate",
             "instance_id": "1", "total": f"{_SHIPPING}"}
        ]  # fmt: skip
        if off:
            body["coupon_lines"] = [
                {"id": store.new_id("item"), "code": "friends10", "discount": f"{subtotal - total}", "meta": [],
                 "discount_type": "percent", "nominal_amount": 10, "free_shipping": False}
            ]  # fmt: skip
        if by_card:
            fee = ((total + _SHIPPING) * Decimal("0.015") + Decimal("0.25")).quantize(_CENT, ROUND_HALF_UP)
            body["meta"] = [self._meta("_stripe_fee", f"{fee}"), self._meta("_stripe_currency", body["currency"])]
        self.orders.append(body)
        self._outcome(body, created)

    def _outcome(self, body: Json, created: datetime) -> None:
        """Most orders are kept; some are called off before they are paid, some pieces come back."""
        drawn = self.chance.random()
        if drawn < 0.04:
            body |= {
                "status": "cancelled",
                "date_paid": None,
                "date_completed": None,
                "stock_reduced": False,
                "meta": [],
            }
            return
        for line in body["line_items"]:
            self.sold[line["product_id"]] += line["quantity"]
        at = (created + timedelta(days=self.chance.randint(5, 14))).strftime(clock.FORMAT)
        if drawn < 0.07:
            body["status"] = "refunded"
            self._refund(body, at, body["total"], "Order fully refunded.", [])
        elif drawn < 0.17:
            line = self.chance.choice(body["line_items"])
            back = f"-{line['total']}"
            meta = [self._meta("_refunded_item_id", str(line["id"]))]
            given = {**line, "id": self.store.new_id("item"), "quantity": -line["quantity"], "subtotal": back,
                     "total": back, "meta": [*meta, *line["meta"]]}  # fmt: skip
            self._refund(body, at, line["total"], self.chance.choice(_REASONS), [given])

    def _refund(self, order: Json, at: str, amount: str, reason: str, lines: list[Json]) -> None:
        full = "full" if amount == order["total"] else "partial"
        self.refunds.append(
            {"id": self.store.new_id("refund"), "parent": order["id"], "amount": amount, "reason": reason,
             "refunded_by": 1, "refunded_payment": False, "line_items": lines, "created": at, "modified": at,
             "meta": [self._meta("_refund_type", full)]}
        )  # fmt: skip

    def _buyer(self, created: datetime) -> Json:
        """Somebody who has bought before, or somebody new; accounts not before they were opened."""
        if self.met and self.chance.random() < 0.55:
            return self.chance.choice(self.met)
        open_now = [one for one in self.registered if one["created"] <= created.strftime(clock.FORMAT)]
        known = {one["billing"]["email"] for one in self.met}
        new = [one for one in (*open_now, *self.guests) if one["billing"]["email"] not in known]
        found = self.chance.choice(new or self.met)
        self.met.append(found)
        return found

    def _line(self, good: _Good, off: bool) -> Json:
        quantity = 2 if self.chance.random() < 0.08 else 1
        full = good.price * quantity
        total = (full * Decimal("0.9")).quantize(_CENT, ROUND_HALF_UP) if off else full
        line: Json = {
            "id": self.store.new_id("item"), "meta": [], "product_id": good.product["id"], "quantity": quantity,
            "variation_id": good.variation["id"] if good.variation else 0, "name": good.product["name"],
            "tax_class": "", "subtotal": f"{full:.2f}", "total": f"{total:.2f}",
        }  # fmt: skip
        if good.variation:
            choices = good.variation["attributes"]
            line["name"] = f"{good.product['name']} - {', '.join(choice['option'] for choice in choices)}"
            line["parent_name"] = good.product["name"]
            line["meta"] = [self._meta(choice["slug"], choice["option"]) for choice in choices]
        return line

    def _meta(self, key: str, value: str) -> Json:
        return {"id": self.store.new_id("meta"), "key": key, "value": value}


def _guest(first: str, last: str, city: str, country: str) -> Json:
    login = f"{first}.{last}".lower().encode("ascii", "ignore").decode()
    address = {**dict.fromkeys(ADDRESS, ""), "first_name": first, "last_name": last, "city": city, "country": country}
    return {"billing": {**address, "email": f"{login}@example.com", "phone": ""}, "shipping": {**address, "phone": ""}}
