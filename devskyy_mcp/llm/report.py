"""Models as they stand now, and what asking them has cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from .asking import Latency
from .gateway import Gateway
from .models import Model
from .names import By, Name, Tier
from .prices import per_million

State = Literal["ready", "resting", "off"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A model now. Prices in US dollars for a million tokens, None where none is known."""

    model: Model
    state: State
    why: str
    input_usd: float | None
    output_usd: float | None
    latency: Latency


async def standings(gateway: Gateway, provider: Name | None = None, tier: Tier | None = None) -> list[Standing]:
    """The models that can be asked, whether they can be now, and how they did of late."""
    off, down = gateway.off(), gateway.pulse.down()
    latency = await gateway.latency(fresh=True)
    found: list[Standing] = []
    for name, model in (await gateway.models()).items():
        if provider not in {None, model.provider} or tier not in {None, model.tier}:
            continue
        resting = down.get(model.provider) or down.get(name)
        why = off.get(model.provider, "") or ("" if resting is None else f"{resting[1]}, for {resting[0]:.0f} s yet")
        state: State = "off" if model.provider in off else "ready" if resting is None else "resting"
        rates = per_million(model.provider, model.id, model.override)
        usd = (None, None) if rates is None else (float(rates[0]), float(rates[1]))
        found.append(Standing(model, state, why, *usd, latency.get(name, Latency())))
    return found


@dataclass(frozen=True, slots=True)
class Sum:
    """Calls of one provider, model, agent, kind, principal or day. ``cost_usd`` is of the calls whose price is known,
    None where that is none; ``unpriced`` are the others.
    """

    name: str
    calls: int
    errors: int
    unpriced: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost_usd: float | None


async def usage(
    gateway: Gateway, by: By, since: int, until: int, principal: str | None, limit: int
) -> tuple[list[Sum], Sum]:
    """Sums over a time in microseconds, the dearest first, at most ``limit``; and all together."""
    from . import calls

    async with gateway.db.read() as conn:
        rows = await calls.usage(conn, by, since, until, principal, limit)
        (total,) = await calls.usage(conn, "all", since, until, principal, 1)
    return [_sum(row, _name(row, by)) for row in rows], _sum(total, "all")


def _name(row: dict[str, Any], by: By) -> str:
    if by == "model":
        return f"{row['provider']}/{row['model']}"
    if by == "day":
        return datetime.fromtimestamp(int(row["day"]) / 1_000_000, UTC).date().isoformat()
    return str(row[by])


def _sum(row: dict[str, Any], name: str) -> Sum:
    counts = {key: int(row[key] or 0) for key in ("calls", "errors", "unknown", "cost")}
    priced = counts["calls"] > counts["unknown"] or counts["calls"] == 0
    return Sum(
        name,
        counts["calls"],
        counts["errors"],
        counts["unknown"],
        int(row["tokens_in"]),
        int(row["tokens_cached"]),
        int(row["tokens_out"]),
        counts["cost"] / 1_000_000 if priced else None,
    )
