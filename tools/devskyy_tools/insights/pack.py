"""Declares the insights."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.capability import Pack
from devskyy_tools.shop.provide import provide_shop

from .customers import customers
from .forecasts import forecasts
from .funnels import funnels
from .margins import margins
from .refunds import refunds
from .sales import sales
from .stock import stock
from .tickets import tickets

pack = Pack(
    "insights",
    [sales, forecasts, stock, margins, customers, refunds, funnels, tickets],
    provides=provide_shop,
    phrases=Path(__file__).with_name("phrases.toml"),
)
