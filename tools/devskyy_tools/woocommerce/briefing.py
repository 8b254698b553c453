"""The store briefing: a prompt that people start their day with."""

from __future__ import annotations

from collections.abc import Mapping

from devskyy_mcp.capability import Prompt, PromptArgument
from devskyy_mcp.context import Context

PERIODS = ("week", "month", "last_month", "year")


async def render(_ctx: Context, arguments: Mapping[str, str]) -> str:
    """The user's message; ``period`` is one of week, month, last_month, year."""
    period = arguments.get("period") or "week"
    focus = arguments.get("focus") or ""
    return "\n".join(
        [
            f"Brief me on my store for this {period.replace('_', ' ')}.",
            "",
            "1. wp_site_get: name, currency and time zone.",
            f"2. woo_reports_sales with period {period}: sales, orders, refunds.",
            f"3. woo_reports_top_sellers (tools_read) with period {period}: what sells.",
            "4. woo_orders_list with status on-hold, then pending and failed: what is stuck, and since when.",
            "5. woo_stock_list (tools_read) with stock_status outofstock, then onbackorder: what can't be sold.",
            "",
            "Then tell me, in at most ten lines: the figures with their currency, what is unusual, and the three things"
            " to do first, each with the ids it is about. State a figure only if a tool gave it; say what you could not"
            " find out.",
            *([f"Pay special attention to: {focus}."] if focus else []),
        ]
    )


async def periods(_ctx: Context, prefix: str) -> list[str]:
    return [period for period in PERIODS if period.startswith(prefix)]


briefing = Prompt(
    "store_briefing",
    "Store briefing",
    "Sales, stuck orders and stock risks, and what to do first.",
    render,
    arguments=(
        PromptArgument("period", "week, month, last_month or year; week when left out.", complete=periods),
        PromptArgument("focus", "What to look at most closely, in plain words."),
    ),
    scopes=frozenset({"orders:read", "catalog:read", "reports:read"}),
)
