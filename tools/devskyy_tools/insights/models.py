"""What the reports about sales, demand, stock and margins answer with. Amounts are text, in the shop's currency."""

from __future__ import annotations

from pydantic import Field

from devskyy_tools.shop.nouns import ShopModel


class SalesSum(ShopModel):
    """``sales`` are the orders' totals with taxes and shipping; ``net`` is without these and what was given back."""

    sales: str
    net: str
    tax: str
    shipping: str
    discounts: str
    refunded: str
    orders: int
    units: int
    average_order: str | None = None
    units_per_order: str | None = None


class SalesPart(ShopModel):
    """One group in both periods, and what it did to the total."""

    key: str
    name: str | None = None
    sales: str
    sales_before: str
    change: str
    orders: int
    orders_before: int
    units: int
    units_before: int


class SalesMoves(ShopModel):
    """The change of sales in two parts that add up to it: more orders, and other amounts per order."""

    by_orders: str
    by_average_order: str


class SalesAnalysis(ShopModel):
    """A period against another. ``others`` is all that ``parts`` leaves out."""

    first: str
    last: str
    against_first: str
    against_last: str
    currency: str
    now: SalesSum
    before: SalesSum
    change: str
    change_percent: str | None = None
    moved: SalesMoves
    by: str
    parts: list[SalesPart]
    others: SalesPart | None = None
    counted: str


class ForecastStep(ShopModel):
    start: str
    expected: float
    low: float
    high: float


class MethodScore(ShopModel):
    """Errors in the back-test: ``wape`` and ``mape`` in percent, ``mae`` in what was forecast."""

    method: str
    wape: float | None = None
    mape: float | None = None
    mae: float


class ForecastRow(ShopModel):
    """``expected`` is for the whole horizon; ``low`` and ``high`` hold it four times in five, if errors stay as they
    were. ``why`` says what is lacking where there is no forecast.
    """

    id: int | None = None
    name: str
    sku: str | None = None
    method: str | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    wape: float | None = None
    mape: float | None = None
    periods: int = Field(description="Of history.")
    sold: float = Field(description="In these.")
    why: str | None = None
    steps: list[ForecastStep] | None = None
    tried: list[MethodScore] | None = None


class Forecast(ShopModel):
    of: str
    measure: str
    every: str
    horizon: int
    begins: str
    currency: str | None = None
    items: list[ForecastRow]
    more: int = Field(description="Rows that are not shown.")
    without: int = Field(description="Rows without enough data for a forecast.")
    counted: str
    not_seen: str | None = None


class StockPlanRow(ShopModel):
    """``basis``: a back-tested forecast, or the average where there is too little for one."""

    id: int
    product_id: int | None = None
    name: str
    sku: str | None = None
    stock: int
    per_week: float
    days_left: float | None = None
    reorder_point: int
    order: int
    cost: str | None = None
    basis: str
    sold_out: bool | None = None


class StockPlan(ShopModel):
    """What to order so that the stock lasts through the lead time and the days to cover."""

    lead_days: int
    cover_days: int
    service: float
    items: list[StockPlanRow]
    more: int
    pieces: int
    cost: str
    pieces_without_cost: int
    without_sales: int
    currency: str
    counted: str
    caveat: str
    not_seen: str | None = None


class StockValueRow(ShopModel):
    id: int
    product_id: int | None = None
    name: str
    sku: str | None = None
    stock: int
    at_price: str | None = None
    at_cost: str | None = None
    sold: int = Field(description="Pieces, in the days of the pace.")
    weeks_of_cover: float | None = None


class DeadStock(ShopModel):
    """In stock, older than the days, and not sold in them."""

    days: int
    goods: int
    pieces: int
    at_price: str
    at_cost: str
    pieces_without_cost: int
    items: list[StockValueRow]


class StockValue(ShopModel):
    """``at_cost`` holds only the pieces whose cost is known."""

    currency: str
    goods: int
    pieces: int
    at_price: str
    at_cost: str
    pieces_without_cost: int
    pieces_without_price: int
    weeks_of_cover: float | None = None
    largest: list[StockValueRow]
    dead: DeadStock
    counted: str
    not_seen: str | None = None


class BridgeStep(ShopModel):
    step: str
    amount: str


class MarginRow(ShopModel):
    """``sales`` after discounts, without taxes; cost and margin of the pieces whose cost is known, else absent."""

    key: str
    name: str | None = None
    units: int
    sales: str
    cost: str | None = None
    margin: str | None = None
    margin_percent: str | None = None
    units_without_cost: int = 0


class Margins(ShopModel):
    """``bridge`` leads from full prices to what is left, step by step; each "=" is the sum of what stands above."""

    first: str
    last: str
    currency: str
    orders: int
    bridge: list[BridgeStep]
    margin_percent: str | None = Field(default=None, description="Of sales whose cost is known.")
    complete: bool = Field(description="Whether every cost and fee is known.")
    unknown: list[str]
    by: str
    items: list[MarginRow]
    more: int
    counted: str
