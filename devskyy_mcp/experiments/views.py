"""A test's row and its looks as tools show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .model import ArmView, Comparison, ExperimentLine, ExperimentResult, GuardrailView, LookView, Split

Json = dict[str, Any]


def line_of(row: Mapping[str, Any]) -> ExperimentLine:
    definition = row["definition"]
    return ExperimentLine(
        name=row["id"],
        state="stopped" if row["ended_at"] else "running",
        hypothesis=definition["hypothesis"],
        metric=definition["metric"]["name"],
        owner=definition["owner"],
        created_at=iso(row["created_at"]),
        ended_at=iso(row["ended_at"]) if row["ended_at"] else None,
        on_shop="shop" in definition,
        source=definition.get("source"),
    )


def result_of(
    row: Mapping[str, Any], units: Mapping[str, int], p_split: float, share: float, kept: Sequence[Json]
) -> ExperimentResult:
    from . import analysis
    from .statistics import SRM_ALARM

    definition: Json = row["definition"]
    ok, ended = p_split >= SRM_ALARM, bool(row["ended_at"])
    found = analysis.Looked(**kept[-1]["body"]) if kept else None
    shown = found if ok else None
    decision = "invalid" if not ok else "too_early" if found is None else found.decision
    if ended and decision in ("go_on", "too_early"):
        decision = "no_difference" if found else "too_early"
    open_still = ok and not ended and (found is None or found.decision == "go_on")
    values = shown.values if shown else {}
    return ExperimentResult(
        experiment=row["id"],
        state="stopped" if ended else "running",
        decision=decision,
        words=analysis.words(definition, found, share, p_split, ended=ended),
        hypothesis=definition["hypothesis"],
        sha256=row["sha256"],
        planned=definition["planned"],
        fraction=round(share, 4),
        split=Split(p=p_split, ok=ok),
        arms=[
            ArmView(variant=one["key"], units=units.get(one["key"], 0), **values.get(one["key"], {}))
            for one in definition["variants"]
        ],
        look=LookView(
            number=kept[-1]["number"], of=definition["looks"], at=iso(kept[-1]["at"]), fraction=shown.fraction
        )
        if shown
        else None,
        comparisons=[Comparison(**one) for one in shown.comparisons] if shown else None,
        guardrails=[GuardrailView(**one) for one in shown.guardrails] if shown and shown.guardrails else None,
        cuped=shown.cuped if shown else None,
        next_look_at=analysis.next_look(definition, kept[-1]["number"] if kept else 0) if open_still else None,
        definition=definition,
        trust=definition.get("trust"),
    )


def iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="seconds")
