"""What the reports about customers, refunds, visitors and tickets answer with; nobody's name or address is in them."""

from __future__ import annotations

from pydantic import Field

from devskyy_tools.shop.nouns import ShopModel


class Segment(ShopModel):
    """``examples`` name some of them: ``customer 12`` by the shop's own id, ``guest 3fa9c2d1`` by a mark."""

    segment: str
    customers: int
    orders: int
    sales: str
    share_of_sales: str
    average_order: str
    examples: list[str]


class Cohort(ShopModel):
    """Who ordered first in that month; ``back`` counts those who ordered in the 1st, 2nd … month after it."""

    month: str
    customers: int
    back: list[int]
    sales_per_customer: str


class Customers(ShopModel):
    first: str
    last: str
    currency: str
    customers: int
    orders: int
    orders_of_nobody: int
    repeat_percent: str | None = None
    days_between_orders: int | None = Field(default=None, description="Median of those who came back.")
    lifetime_value: str | None = Field(default=None, description="Sales less refunds per customer so far.")
    churned: int
    churned_percent: str | None = None
    segments: list[Segment]
    cohorts: list[Cohort]
    rules: dict[str, str]
    counted: str
    not_seen: str | None = None


class RefundRow(ShopModel):
    """``rate`` in percent of the pieces sold."""

    key: str
    name: str | None = None
    sold: int
    back: int
    rate: str | None = None
    amount: str


class RefundCause(ShopModel):
    cause: str
    refunds: int
    amount: str
    examples: list[str] | None = None


class RefundAnalysis(ShopModel):
    """``back`` are pieces; ``unassigned`` is what no piece stands for: shipping, and refunds that name no lines."""

    first: str
    last: str
    currency: str
    orders: int
    orders_refunded: int
    orders_rate: str | None = None
    sales: str
    refunded: str
    amount_rate: str | None = None
    unassigned: str
    causes: list[RefundCause]
    products: list[RefundRow]
    sizes: list[RefundRow]
    more: int
    counted: str


class FunnelRow(ShopModel):
    """``lost`` are those who did not go on to the next step; ``worth`` is what they would have bought if they had gone
    on like the others.
    """

    step: str
    count: int
    of_first: str
    of_previous: str | None = None
    lost: int | None = None
    worth: str | None = None


class Funnel(ShopModel):
    """``leaks`` names the steps behind which most is lost, the largest first."""

    steps: list[FunnelRow]
    leaks: list[str]
    conversion: str
    order_value: str | None = None
    currency: str | None = None
    counted: str
    notes: list[str] | None = None


class Ticket(ShopModel):
    """``place`` is its line or number in the file."""

    place: int
    id: str | None = None
    date: str | None = None
    topic: str
    urgency: str
    signs: list[str] | None = None
    excerpt: str


class TicketGroup(ShopModel):
    topic: str
    tickets: int
    high: int
    normal: int
    low: int
    examples: list[Ticket]


class Tickets(ShopModel):
    """Texts are redacted: ``[email:3fa9c2d1]`` stands for the same address everywhere."""

    tickets: int
    left_out: int
    first: str | None = None
    last: str | None = None
    groups: list[TicketGroup]
    urgent: list[Ticket]
    counted: str
    problems: list[str] | None = None
