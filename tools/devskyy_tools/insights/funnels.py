"""Where visitors are lost on their way to an order, from an export of steps or of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.money import Money, text
from devskyy_tools.shop.refusals import plain_text

from . import orders as counting
from .exports import Record, column, moment, records
from .models_people import Funnel, FunnelRow
from .orders import NONE, amount, total_of
from .period import Span, today
from .sales import cents

funnels = Toolset("insights_funnels", timeout=120)

_STEPS = ("step", "stage", "event", "event_name", "page", "name")
_COUNTS = ("count", "users", "sessions", "visitors", "visits", "total_users", "active_users", "event_count", "quantity")
_EVENTS = ("event", "event_name", "step", "stage", "action", "name")
_WHO = ("session_id", "session", "user_id", "user_pseudo_id", "visitor_id", "client_id", "anonymous_id", "user")
_WHEN = ("timestamp", "time", "event_timestamp", "date", "created_at", "datetime", "occurred_at")
MOST_STEPS = 30
DAYS = 90
"""Of orders, for what an order is worth."""


class FunnelStep(BaseModel):  # a step of a funnel; no docstring, which would cost each model that lists the tools
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    step: Annotated[str, Field(min_length=1, max_length=100)]
    count: Annotated[int, Field(ge=0)]


@funnels.tool("read", scopes="reports:read", texts="outside")
async def insights_funnel_analyze(
    ctx: Context,
    rows: Annotated[list[FunnelStep], Field(min_length=2, max_length=MOST_STEPS)] | None = None,
    asset: AssetId = None,
    path: FilePath = None,
    url: FileUrl = None,
    steps: Annotated[list[str], Field(max_length=MOST_STEPS, description="Of events, in order.")] | None = None,
    order_value: Annotated[Money, Field(description="Else the shop's average.")] | None = None,
) -> Funnel:
    """Find leaky steps before an order, in rows or an export (CSV, JSON) of steps or events, by money lost."""
    notes: list[str] = []
    if rows is not None:
        if any((asset, path, url)):
            raise Refused(Code.INVALID_ARGUMENTS, "Give rows or a file, not both.")
        counts = [(row.step.strip(), row.count) for row in rows]
        counted = f"{len(counts)} steps as they were given"
    else:
        found = await records(ctx, Source(url, asset, path))
        counts, counted = _counts(found, steps or [], notes)
    if counts[0][1] == 0:
        raise Refused(Code.INVALID_ARGUMENTS, f"Nobody came to the first step, {counts[0][0][:60]}.")
    info = await ctx.get(ShopClient).info()
    worth, said = (order_value, "as given") if order_value is not None else await _order_value(ctx)
    if worth is None:
        notes.append(f"What an order is worth is not known: {said}. Ranked by visitors lost; give order_value.")
    notes += _odd(counts)
    shown, leaks = _analyzed(counts, worth, info.decimals)
    return Funnel(
        steps=shown,
        leaks=leaks,
        conversion=_percent(counts[-1][1], counts[0][1]),
        order_value=text(cents(worth, info.decimals), info.decimals) if worth is not None else None,
        currency=info.currency if worth is not None else None,
        counted=f"{counted}; an order's value {said}" if worth is not None else counted,
        notes=notes or None,
    )


async def _order_value(ctx: Context) -> tuple[Decimal | None, str]:
    """The average order of the shop's last days."""
    now = await today(ctx)
    found = await counting.read(ctx, ("total",), Span(now - timedelta(days=DAYS - 1), now), newest=True)
    if not found.items:
        return None, f"the shop had no order in the last {DAYS} days"
    each = total_of(amount(one["total"]) for one in found.items) / len(found.items)
    return each, f"is the average of {len(found.items)} orders since {found.span.first}"


def _counts(found: list[Record], wanted: Sequence[str], notes: list[str]) -> tuple[list[tuple[str, int]], str]:
    """Steps with their counts, of a table of steps or of single events."""
    names = found[0].fields
    who = column(names, _WHO)
    if who is None:
        step, count = column(names, _STEPS), column(names, _COUNTS)
        if step is None or count is None:
            columns = ", ".join(str(name)[:30] for name in list(names)[:8])
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"The export's columns say neither steps nor events: {columns}.",
                "Steps need the columns step and count; events need session_id, event and timestamp.",
            )
        return _of_steps(found, step, count, wanted)
    event, when = column(names, [name for name in _EVENTS if name != who]), column(names, _WHEN)
    if event is None:
        raise Refused(Code.INVALID_ARGUMENTS, "The export of events has no column event.", "Name it event or step.")
    return _of_events(found, (who, event, when), wanted, notes)


def _of_steps(found: list[Record], step: str, count: str, wanted: Sequence[str]) -> tuple[list[tuple[str, int]], str]:
    sums: dict[str, int] = {}
    for one in found:
        name = plain_text(one.fields.get(step) or "")
        if not name:
            continue
        written = str(one.fields.get(count) or "").strip().removesuffix(".0")
        if not written.isdecimal() or len(written) > 15:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"Line {one.place}: {written[:30] or 'nothing'} is no count.",
                "Write whole numbers without separators.",
            )
        sums[name] = sums.get(name, 0) + int(written)
    order = _in_order(list(sums), wanted)
    return [(name, sums.get(name, 0)) for name in order], f"{len(found)} lines of steps"


def _in_order(there: list[str], wanted: Sequence[str]) -> list[str]:
    known = {name.casefold(): name for name in there}
    if missing := [name for name in wanted if name.casefold() not in known]:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The export has no step {missing[0][:60]}.",
            f"It has {', '.join(name[:40] for name in there[:12])}.",
        )
    order = [known[name.casefold()] for name in dict.fromkeys(wanted)] if wanted else there
    if not 2 <= len(order) <= MOST_STEPS:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"A funnel has 2 to {MOST_STEPS} steps, this one {len(order)}.",
            "Name those that count, in order, in steps.",
        )
    return order


def _of_events(
    found: list[Record], columns: tuple[str, str, str | None], wanted: Sequence[str], notes: list[str]
) -> tuple[list[tuple[str, int]], str]:
    """Visitors who came to a step after all steps before it; each counts once."""
    who, event, when = columns
    if not wanted:
        known = list(dict.fromkeys(plain_text(one.fields.get(event) or "") for one in found))
        raise Refused(
            Code.INVALID_ARGUMENTS,
            "An export of events needs steps: the names of its events in the order of the funnel.",
            f"It has {', '.join(name[:40] for name in known[:12])}.",
        )
    order = _in_order(list(dict.fromkeys(plain_text(one.fields.get(event) or "") for one in found)), wanted)
    place = {name: number for number, name in enumerate(order)}
    by_visitor: dict[str, list[tuple[datetime | int, int]]] = {}
    undated = 0
    for number, one in enumerate(found):
        step, visitor = place.get(plain_text(one.fields.get(event) or "")), str(one.fields.get(who) or "")
        at: Any = moment(one.fields.get(when)) if when else number
        if step is None or not visitor:
            continue
        if at is None:
            undated += 1
            continue
        by_visitor.setdefault(visitor, []).append((at, step))
    if undated:
        notes.append(f"{undated} events without a readable time were left out.")
    if when is None:
        notes.append("The events have no time: they are taken in the order of the file.")
    reached = Counter[int]()
    for events in by_visitor.values():
        at_step = 0
        for _, step in sorted(events, key=lambda pair: pair[0]):
            if step == at_step:
                reached[step] += 1
                at_step += 1
    return [
        (name, reached[number]) for number, name in enumerate(order)
    ], f"{len(by_visitor)} visitors of {len(found)} events"


def _odd(counts: list[tuple[str, int]]) -> list[str]:
    return [
        f"{after[0][:60]} has more visitors than {before[0][:60]}: some come in there, or the times differ."
        for before, after in pairwise(counts)
        if after[1] > before[1]
    ]


def _analyzed(counts: list[tuple[str, int]], worth: Decimal | None, decimals: int) -> tuple[list[FunnelRow], list[str]]:
    rows: list[FunnelRow] = []
    losses: list[tuple[Decimal, int, str]] = []
    last = counts[-1][1]
    for number, (name, count) in enumerate(counts):
        row = FunnelRow(step=name, count=count, of_first=_percent(count, counts[0][1]))
        if number:
            row.of_previous = _percent(count, counts[number - 1][1]) if counts[number - 1][1] else None
        if number + 1 < len(counts):
            through = counts[number + 1][1]
            row.lost = max(0, count - through)
            value = NONE
            if worth is not None and through:
                value = cents(row.lost * min(Decimal(1), Decimal(last) / through) * worth, decimals)
                row.worth = text(value, decimals)
            losses.append((value, row.lost, name))
        rows.append(row)
    ranked = sorted(losses, key=lambda one: (-one[0], -one[1], one[2]))
    return rows, [name for _, lost, name in ranked if lost]


def _percent(part: int, of: int) -> str:
    return f"{cents(Decimal(part) / of * 100, 1)}"
