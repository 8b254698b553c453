"""What has happened in the shop: coupons, orders in every state, refunds, notes and reviews."""

from __future__ import annotations

from datetime import datetime, timedelta

from devskyy_tools.sandbox import clock
from devskyy_tools.sandbox.envelope import Json
from devskyy_tools.sandbox.nouns import comments, coupons, order_lines, order_states, orders
from devskyy_tools.sandbox.seed.people import DEMO_USER
from devskyy_tools.sandbox.store import Store, Where

# days ago, customer, status, ((SKU, quantity), …), coupon, payment
_ORDERS: tuple[tuple[int, int, str, tuple[tuple[str, int], ...], str, str], ...] = (
    (58, 0, "completed", (("MS-SIG-01-BLK-M", 1), ("MS-SIG-10", 1)), "", "bacs"),
    (51, 1, "completed", (("MS-BRS-02-ROS-S", 1),), "WELCOME10", "bacs"),
    (44, 2, "completed", (("MS-SIG-06", 1),), "", "bacs"),
    (40, 3, "refunded", (("MS-LVH-05-CRM-M", 1),), "", "bacs"),
    (33, 4, "completed", (("MS-SIG-03-IVO-L", 2), ("MS-SIG-08", 1)), "", "cod"),
    (29, 0, "completed", (("MS-BRS-08", 1),), "", "bacs"),
    (26, 5, "cancelled", (("MS-LVH-01-BLK-L", 1),), "", "bacs"),
    (21, 6, "completed", (("MS-LVH-02-IVO-S", 1), ("MS-LVH-09", 1)), "LOVE15", "bacs"),
    (17, 7, "completed", (("MS-SIG-04-GLD-M", 1),), "", "cod"),
    (13, 8, "failed", (("MS-BRS-13", 1),), "", "bacs"),
    (10, 1, "completed", (("MS-SIG-12", 1), ("MS-BRS-11", 1)), "", "bacs"),
    (8, 2, "processing", (("MS-BRS-01-BLK-L", 1),), "", "bacs"),
    (6, 3, "processing", (("MS-LVH-03-STN-M", 1), ("MS-LVH-10", 1)), "", "bacs"),
    (4, 9, "on-hold", (("MS-BRS-04-CRM-S", 1),), "", "bacs"),
    (3, 5, "processing", (("MS-SIG-02-MID-M", 2),), "WELCOME10", "bacs"),
    (2, 4, "pending", (("MS-LVH-08", 1),), "", "bacs"),
    (1, 6, "processing", (("MS-BRS-05-MID-S", 1), ("MS-BRS-10", 1)), "", "cod"),
    (0, 0, "processing", (("MS-SIG-11", 1),), "", "bacs"),
)
_PAYMENTS = {"bacs": "Direct bank transfer", "cod": "Cash on delivery"}
_REVIEWS = (
    ("MS-SIG-01", 5, "Heavy, soft, perfectly cut. My third one.", 0),
    ("MS-SIG-01", 4, "Runs a little large, still lovely.", 4),
    ("MS-SIG-06", 5, "A coat for ten winters.", 2),
    ("MS-BRS-02", 5, "The embroidery is even better in person.", 1),
    ("MS-LVH-02", 3, "Good print, the collar could be tighter.", 6),
    ("MS-BRS-08", 4, "Small but very well made.", 0),
    ("MS-SIG-04", 5, "Gold that does not look cheap.", 7),
    ("MS-LVH-05", 2, "Beautiful, but it did not fit me.", 3),
)


def sow(store: Store, today: datetime) -> None:
    _coupons(store, today)
    people = _customers(store)
    for entry in _ORDERS:
        _order(store, today, people, *entry)
    _reviews(store, today, people)


def _customers(store: Store) -> list[Json]:
    where = Where("user")
    where.holds("roles", ["customer"])
    return store.find(where, "id")


def _coupons(store: Store, today: datetime) -> None:
    ended = (today - timedelta(days=20)).strftime(clock.FORMAT)
    love = Where("product_cat")
    love.add("slug = 'love-hurts'")
    for body in (
        coupons.blank(
            store, "welcome10", amount="10.00", discount_type="percent", description="10 % off a first order."
        ),
        coupons.blank(
            store, "love15", amount="15.00", minimum_amount="80.00", description="€15 off Love Hurts.",
            product_categories=store.ids(love),
        ),
        coupons.blank(store, "gift25", amount="25.00", discount_type="fixed_product", usage_limit=50),
        coupons.blank(store, "summer20", amount="20.00", discount_type="percent", date_expires=ended),
        coupons.blank(store, "freeship", free_shipping=True, description="Free delivery."),
    ):  # fmt: skip
        at = (today - timedelta(days=90)).strftime(clock.FORMAT)
        store.put("coupon", {**body, "created": at, "modified": at})


def _order(
    store: Store,
    today: datetime,
    people: list[Json],
    ago: int,
    who: int,
    status: str,
    lines: tuple[tuple[str, int], ...],
    coupon: str,
    payment: str,
) -> None:
    customer = people[who]
    created = today - timedelta(days=ago) + timedelta(minutes=7 * (who + 1))
    at = created.strftime(clock.FORMAT)
    body = orders.blank(
        store, customer_id=customer["id"], billing=dict(customer["billing"]), created=at, modified=at,
        shipping=dict(customer["shipping"]), payment_method=payment, payment_method_title=_PAYMENTS[payment],
        created_via="checkout", order_key=f"wc_order_skyy{ago:03d}{who:02d}demo",
    )  # fmt: skip
    for sku, quantity in lines:
        line: Json = {"id": store.new_id("item"), "meta": []}
        kind, own, parent = store.rows("SELECT kind, id, parent FROM objects WHERE code = ?", (sku,))[0]
        product, variation = (own, 0) if kind == "product" else (parent, own)
        order_lines.set_product(store, line, product, variation, quantity)
        body["line_items"].append(line)
    delivery: Json = {
        "method_title": "Standard delivery",
        "method_id": "flat_rate",
        "instance_id": "1",
        "total": "6.90",
    }
    body["shipping_lines"] = [{"id": store.new_id("item"), "meta": [], **delivery}]
    order_lines.sum_up(body)
    if coupon:
        order_lines.apply_coupons(store, body, [{"code": coupon}])
    _carry_out(store, body, status, created)
    store.put("order", body)


def _carry_out(store: Store, body: Json, status: str, created: datetime) -> None:
    """Bring a past order into its state, then date what that wrote."""
    first = store.rows("SELECT coalesce(max(id), 0) FROM objects WHERE kind = 'order_note'")[0][0]
    if status == "refunded":
        order_states.change(store, body, "completed", paid=True)
    if status != "pending":
        order_states.change(store, body, status, paid=status in ("processing", "completed"))
    else:
        order_states.count_new_coupons(store, body)
    paid = (created + timedelta(hours=2)).strftime(clock.FORMAT)
    body["date_paid"] = paid if body["date_paid"] else None
    body["date_completed"] = (created + timedelta(days=2)).strftime(clock.FORMAT) if body["date_completed"] else None
    body["modified"] = body["date_completed"] or body["date_paid"] or body["created"]
    if status == "completed":
        order_states.add_note(store, body["id"], "Packed by hand, with a handwritten card.", author=DEMO_USER)
    where = Where("order_note")
    where.add("id > ?", first)
    for note in store.find(where):
        store.put("order_note", {**note, "created": body["modified"], "modified": body["modified"]})
    for refund in order_states.refunds_of(store, body["id"]):
        store.put("refund", {**refund, "created": body["modified"], "modified": body["modified"]})


def _reviews(store: Store, today: datetime, people: list[Json]) -> None:
    for place, (sku, rating, content, who) in enumerate(_REVIEWS):
        product = store.rows("SELECT id FROM objects WHERE kind = 'product' AND code = ?", (sku,))[0][0]
        at = (today - timedelta(days=30 - 3 * place, hours=-15)).strftime(clock.FORMAT)
        customer = people[who]
        body = comments.blank(
            store, "review", product, content=content, rating=rating, author=customer["name"],
            email=customer["email"], user=customer["id"], verified=True, created=at, modified=at,
        )  # fmt: skip
        store.put("review", body)
        comments.rate(store, product)
