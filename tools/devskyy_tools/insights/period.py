"""Stretches of days in the site's time zone, and the ones that they are held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="2026-11-01, site time.")]
Against = Literal["previous", "year"]
MOST_DAYS = 1100


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last day, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def earlier(self, against: Against) -> Span:
        """As many days just before, or the same days a year before."""
        if against == "year":
            return Span(_year_before(self.first), _year_before(self.last))
        return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def bounds(self) -> dict[str, str]:
        """``after`` and ``before`` of the orders' list, which leaves both moments themselves out."""
        return {
            "after": f"{self.first - timedelta(days=1)}T23:59:59",
            "before": f"{self.last + timedelta(days=1)}T00:00:00",
        }


async def today(ctx: Context) -> date:
    """The site's."""
    return datetime.now(await ctx.get(ShopClient).zone()).date()


async def span_of(ctx: Context, first: str | None, last: str | None, days: int = 30) -> Span:
    """From first to last, or the last ``days`` days with today.

    Raises:
        Refused: INVALID_ARGUMENTS for one day alone, no days of the calendar, the wrong order or a time to come.
    """
    now = await today(ctx)
    if first is None and last is None:
        return Span(now - timedelta(days=days - 1), now)
    if first is None or last is None:
        raise Refused(Code.INVALID_ARGUMENTS, "Give first and last together, or neither for the latest days.")
    found = Span(_day(first), _day(last))
    if found.first > found.last:
        raise Refused(Code.INVALID_ARGUMENTS, f"{first} is after {last}: the period is empty.", "Swap the two days.")
    if found.first > now:
        raise Refused(Code.INVALID_ARGUMENTS, f"{first} is still to come: there are no orders yet.")
    if found.days > MOST_DAYS:
        raise Refused(
            Code.INVALID_ARGUMENTS, f"The period has {found.days} days; at most {MOST_DAYS} can be looked at."
        )
    return found


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Refused(Code.INVALID_ARGUMENTS, f"{text} is no day of the calendar.") from None
    if not 2000 <= found.year <= 2200:
        raise Refused(Code.INVALID_ARGUMENTS, f"{text} is no day on which a shop sold anything.")
    return found


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
