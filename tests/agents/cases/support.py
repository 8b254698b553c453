"""The people of the support desk at work."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.agents.cases.counted import of, pick
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.unit.insights.conftest import ago, money

MAILS = """\
m1, from la.moreau@example.com: The skirt of order 394 came with a torn seam, and I need it on Saturday!
m2, from amina.okafor@example.com: Hello, where is my order 401?
m3, from jonas.weber@example.com: Please delete all data that you have of me.
m4, from info@mills.example.com: Do you take Merino from small mills?"""
ADDRESS = re.compile(r"(m\d+), from (\S+): (.*)")
OPEN = ("pending", "on-hold", "processing")


def change_of(seen: Seen, tool: str) -> Json:
    """What a write is told as, once a person has agreed."""
    done = seen(tool)
    return {"tool": tool, "change_id": done["change"], "state": done["state"]}


def made(done: Json) -> int:
    """The id of what a write made."""
    return int(done["changes"][0]["id"])


def states(facts: Facts, kind: str, number: int) -> str | None:
    return facts.one("SELECT status FROM objects WHERE kind = ? AND id = ?", kind, number)


# --- ticket-triager --------------------------------------------------------------------------------------------------


def _triage(seen: Seen) -> Json:
    orders = {one["id"]: one for one in seen.all("woo_orders_get")}
    torn, asked = (orders[number] for number in (394, 401))
    newest = seen("woo_orders_list")["items"][0]
    account = seen("woo_customers_list")["items"][0]
    left = seen("woo_shipments_list")["items"]
    tickets = [
        _ticket("m1", "damaged_or_wrong", "p2", "distressed", torn, torn["customer_id"], "returns-specialist"),
        _ticket("m3", "privacy", "p2", "calm", newest, account["id"], "privacy-officer"),
        _ticket("m2", "where_is_order", "p3", "calm", asked, asked["customer_id"], "order-concierge"),
        _ticket("m4", "press_or_trade", "p4", "calm", {}, None, "person"),
    ]
    levels = [one["priority"] for one in tickets]
    return {
        "tickets": tickets,
        "counts": {"total": len(tickets)} | {level: levels.count(level) for level in ("p1", "p2", "p3", "p4")},
        "first_three": ["m1: decide on the torn seam.", "m3: one month from receipt."],
        "unknown": [] if left else ["No shipment is kept with the order of m2."],
    }


def _ticket(ref: str, intent: str, priority: str, mood: str, order: Json, customer: int | None, owner: str) -> Json:
    return {
        "ref": ref,
        "intent": intent,
        "priority": priority,
        "mood": mood,
        "order_id": order.get("id"),
        "order_status": order.get("status"),
        "customer_id": customer,
        "owner": owner,
        "why": "By the words of the message.",
        "ask": None,
    }


def _ticket_in_shop(facts: Facts, told: Json) -> Json:
    """The order that a message names, else the sender's newest."""
    mails = {ref: (sender, text) for ref, sender, text in ADDRESS.findall(facts.arguments["messages"])}
    sender, text = mails[told["ref"]]
    named = re.search(r"order (\d+)", text)
    rows = facts.sql(
        "SELECT id, status, json_extract(body, '$.customer_id') FROM objects WHERE kind = 'order'"
        " AND lower(json_extract(body, '$.billing.email')) = ? AND id = coalesce(?, id) ORDER BY created DESC",
        sender, named and int(named[1]),
    )  # fmt: skip
    order, status, customer = rows[0] if rows else (None, None, None)
    return {"order_id": order, "order_status": status, "customer_id": customer}


def _counted(facts: Facts, told: Json) -> Json:
    levels = [one["priority"] for one in facts.delivered["tickets"]]
    mails = len(ADDRESS.findall(facts.arguments["messages"]))
    return {"total": mails} | {level: levels.count(level) for level in ("p1", "p2", "p3", "p4")}


TRIAGE = Case(
    agent="ticket-triager",
    arguments={"messages": MAILS},
    steps=[
        Step("woo_orders_get", lambda seen: [{"id": 394}, {"id": 401}]),
        Step("woo_shipments_list", {"order_id": 401}),
        Step("woo_order_notes_list", {"order_id": 401}),
        Step("woo_customers_list", {"email": "jonas.weber@example.com"}),
        Step("woo_orders_list", {"search": "jonas.weber@example.com"}),
    ],
    deliver=_triage,
    checks=[Check("tickets[]", _ticket_in_shop), Check("counts", _counted)],
    falsify=["woo_orders_get:customer_id", "woo_customers_list:id", "woo_orders_list:id"],
)

# --- order-concierge -------------------------------------------------------------------------------------------------


def _cancelled(number: int, total: str, currency: str) -> str:
    return f"Your order {number} is cancelled; a colleague sees to the {total} {currency}."


def _concierge(seen: Seen) -> Json:
    order, done = seen("woo_orders_get"), seen("woo_orders_set_status")
    now = done["changes"][0]["fields"]["status"][1]
    matches = order["billing"]["email"].lower() == seen.arguments["sender"].lower()
    return {
        "order_id": order["id"],
        "order_status": now,
        "total": order["total"],
        "currency": order["currency"],
        "sender_matches": matches,
        "situation": "cancelled" if done["state"] == "applied" else "being_prepared",
        "shipments": [
            pick(one, "carrier", "tracking_number", "shipped_on") for one in seen("woo_shipments_list")["items"]
        ],
        "answer": _cancelled(order["id"], order["total"], order["currency"]),
        "actions": [
            {"effect": effect, **change_of(seen, tool)}
            for tool, effect in (
                ("woo_orders_set_status", "Cancels the order and puts the stock back."),
                ("woo_order_notes_create", "Keeps what was asked."),
            )
        ],
        "hand_to": "returns-specialist",
        "unknown": [] if seen("wp_pages_list")["items"] else ["No page with a promise of delivery."],
    }


def _order_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["order_id"])
    total, currency = of(facts, "order", number, "total"), of(facts, "order", number, "currency")
    return {
        "order_id": number,
        "order_status": states(facts, "order", number),
        "total": total,
        "currency": currency,
        "sender_matches": of(facts, "order", number, "billing.email") == facts.arguments["sender"],
        "answer": _cancelled(number, total, currency),
    }


async def _stock_is_back(facts: Facts) -> None:
    number = int(facts.arguments["order_id"])
    assert states(facts, "order", number) == "cancelled"
    [(product, pieces)] = facts.sql(
        "SELECT json_extract(l.value, '$.product_id'), json_extract(l.value, '$.quantity') FROM objects o,"
        " json_each(o.body, '$.line_items') l WHERE o.kind = 'order' AND o.id = ?", number,
    )  # fmt: skip
    assert of(facts, "product", product, "stock_quantity") == 11 + pieces
    assert facts.one(
        "SELECT count(*) FROM objects WHERE kind = 'order_note' AND parent = ? AND body LIKE '%twice%'", number
    )


CONCIERGE = Case(
    agent="order-concierge",
    arguments={
        "order_id": "401",
        "request": "I have ordered twice by mistake, please cancel this one.",
        "sender": "amina.okafor@example.com",
    },
    steps=[
        Step("woo_orders_get", lambda seen: {"id": int(seen.arguments["order_id"])}),
        Step("woo_order_notes_list", lambda seen: {"order_id": seen("woo_orders_get")["id"]}),
        Step("woo_shipments_list", lambda seen: {"order_id": seen("woo_orders_get")["id"]}),
        Step("wp_pages_list", {"search": "delivery"}),
        Step("woo_order_statuses_list"),
        Step("woo_orders_set_status", lambda seen: {"id": seen("woo_orders_get")["id"], "status": "cancelled"}),
        Step(
            "woo_order_notes_create",
            lambda seen: {"order_id": seen("woo_orders_get")["id"], "note": "Ordered twice; cancelled as asked."},
        ),
    ],
    deliver=_concierge,
    checks=[Check("", _order_in_shop)],
    falsify=["woo_orders_get", "woo_orders_get:id"],
    after=_stock_is_back,
)

# --- returns-specialist ----------------------------------------------------------------------------------------------


def _blouse(order: Json) -> Json:
    """The line that the customer speaks of."""
    return next(line for line in order["lines"] if line["name"].startswith("Garden Blouse"))


def _return(seen: Seen) -> Json:
    order, refund = seen("woo_orders_get"), seen("woo_refunds_create")
    fields = refund["changes"][0]["fields"]
    earlier = sum(Decimal(one["amount"]) for one in seen("woo_refunds_list")["items"])
    assert not earlier
    lines = [
        {
            "line_id": line["id"],
            "product_id": _blouse(order)["product_id"],
            "quantity": line["quantity"],
            "amount": line["refund_total"],
            "restock": False,
        }
        for line in fields["line_items"]
    ]
    return {
        "order_id": order["id"],
        "currency": order["currency"],
        "decision": "accept",
        "ground": "withdrawal",
        "policy_page_id": seen("wp_pages_get")["id"],
        "delivered_on": seen.arguments["received_on"],
        "days_since_delivery": 6,
        "lines": lines,
        "shipping_refund": "0.00",
        "deduction": "0.00",
        "refund_total": fields["amount"],
        "refundable_before": order["refundable"],
        "pay_back": "by_hand" if order["payment_method"] == "Direct bank transfer" else "through_gateway",
        "exchange": None,
        "answer": f"We give back {fields['amount']} {order['currency']} for the blouse once it is here.",
        "actions": [change_of(seen, tool) for tool in ("woo_refunds_create", "woo_order_notes_create")],
        "unknown": [],
    }


def _return_in_shop(facts: Facts, told: Json) -> Json:
    number = int(facts.arguments["order_id"])
    total = of(facts, "order", number, "total")
    refunds = facts.sql("SELECT cents, body FROM back WHERE order_id = ?", number)
    [(cents, _)] = refunds
    line = facts.sql(
        "SELECT json_extract(l.value, '$.id'), json_extract(l.value, '$.product_id'), json_extract(l.value,"
        " '$.quantity'), json_extract(l.value, '$.total') FROM objects o, json_each(o.body, '$.line_items') l"
        " WHERE o.kind = 'order' AND o.id = ? AND json_extract(l.value, '$.name') LIKE 'Garden Blouse%'", number,
    )  # fmt: skip
    [(line_id, product, pieces, paid)] = line
    return {
        "order_id": number,
        "policy_page_id": facts.one("SELECT id FROM objects WHERE kind = 'page' AND slug = 'delivery-returns'"),
        "lines": [{"line_id": line_id, "product_id": product, "quantity": pieces, "amount": paid}],
        "refund_total": money(cents),
        "refundable_before": total,
        "answer": f"We give back {money(cents)} EUR for the blouse once it is here.",
    }


RETURN = Case(
    agent="returns-specialist",
    arguments={
        "order_id": "394",
        "reason": "The Garden Blouse is too tight, I send it back.",
        "received_on": ago(6),
        "wants": "refund",
    },
    steps=[
        Step("woo_orders_get", lambda seen: {"id": int(seen.arguments["order_id"])}),
        Step("woo_refunds_list", {"order_id": 394}),
        Step("woo_order_notes_list", {"order_id": 394}),
        Step("woo_shipments_list", {"order_id": 394}),
        Step("wp_pages_list", {"search": "return"}),
        Step("wp_pages_get", lambda seen: {"id": seen("wp_pages_list")["items"][0]["id"]}),
        Step(
            "woo_refunds_create",
            lambda seen: {
                "order_id": seen("woo_orders_get")["id"],
                "lines": [{"line_id": _blouse(seen("woo_orders_get"))["id"], "quantity": 1}],
                "reason": "Withdrawal: too tight",
                "restock": False,
            },
        ),
        Step(
            "woo_order_notes_create",
            lambda seen: {
                "order_id": seen("woo_orders_get")["id"],
                "note": "Withdrawal of one line, paid back by hand.",
            },
        ),
    ],
    deliver=_return,
    checks=[Check("", _return_in_shop)],
    own={
        "days_since_delivery": "counted from the day that the person told",
        "shipping_refund": "a part of an order gives back no delivery",
        "deduction": "nothing was recorded at an inspection",
    },
    falsify=["woo_orders_get:refundable", "woo_refunds_create", "wp_pages_get:id"],
)

CASES = [TRIAGE, CONCIERGE, RETURN]
