"""Tests as tools see them: registering and stopping as changes, counting, and results."""

from __future__ import annotations

import difflib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from ..changes.model import JournalOp, LeftAlone, Op, Outcome
from ..context import Context
from ..db.database import Database
from ..db.vault import vault_of
from ..errors import Code, Refused
from ..guard.audit import now_us
from ..guard.trust import UNTRUSTED
from ..paging import cursor_of, position
from .assignment import BUCKETS, Assigner
from .model import (
    Assignment,
    Counted,
    Design,
    ExperimentLines,
    ExperimentResult,
    assigner,
    digest,
    registered,
)
from .results import ShopNumbers, read
from .views import iso, line_of

Json = dict[str, Any]
SYSTEM = "experiments"
LASTS = "a test that has ended does not go on"
ShopCounts = Callable[[str], Awaitable[ShopNumbers]]
"""Of a test on the shop, by its name."""
KNOWN_MOST = 256
FRESH = 60.0
"""Seconds for which a test is taken to run: another process may end it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A running test, as far as it can't change."""

    definition: Json
    assign: Assigner
    at: float


class Experiments:
    """Implements ``changes.model.System`` for the server's own rows, and answers for them."""

    name = SYSTEM
    quiet_after = 0.0
    in_flight = 1
    proves_absence = True

    def __init__(self, db: Database) -> None:
        self.db = db
        self._known: dict[str, Known] = {}

    # Registering and stopping

    async def register(self, ctx: Context, design: Design) -> Op:
        """Stage it.

        Raises:
            Refused: INVALID_ARGUMENTS; CONFLICT for a name that is taken, or a layer without room.
        """
        from . import store

        assert ctx.unit is not None
        async with self.db.read() as conn:
            if await store.get(conn, design.name) is not None:
                raise _taken(design.name)
            held = await store.slices(conn, design.layer) if design.layer else []
        definition = registered(design, _free(held, round(design.share * 100), design.layer))
        op = Op(
            SYSTEM, "create", SYSTEM, None, {**definition, "sha256": digest(definition)},
            label=f'new test "{design.name}"',
            effects=[
                f"From then on the test is fixed: {definition['planned']:,} in each variant, "
                f"{definition['looks']} looks, power {design.power:g}, alpha {design.alpha:g}."
            ],
        )  # fmt: skip
        ctx.unit.untrusted |= definition.get("trust") == UNTRUSTED
        return ctx.unit.add(op)

    async def stop(self, ctx: Context, name: str, reason: str) -> Json:
        """Stage its end; what it was registered as.

        Raises:
            Refused: NOT_FOUND; CONFLICT when it has ended.
        """
        assert ctx.unit is not None
        row = await self.row(name)
        if row["ended_at"]:
            raise _ended(row)
        ctx.unit.add(_end(name, reason))
        return row["definition"]

    # Reading

    async def row(self, name: str) -> Json:
        """As it is kept.

        Raises:
            Refused: NOT_FOUND with the nearest names.
        """
        from . import store

        async with self.db.read() as conn:
            row = await store.get(conn, name)
            near = [] if row else difflib.get_close_matches(name, await store.names(conn), 3, 0.5)
        if row is None:
            hint = f"Did you mean {', '.join(near)}?" if near else "experiments_list has them."
            raise Refused(Code.NOT_FOUND, f"There is no test called {name[:40]!r}.", hint, details={"nearest": near})
        return row

    async def page(self, limit: int, state: str | None, cursor: str | None) -> ExperimentLines:
        from . import store

        behind = position(cursor, str, tuple(ascii_lowercase)) if cursor else None
        async with self.db.read() as conn:
            rows = await store.page(conn, limit, state, behind)
        shown = rows[:limit]
        more = cursor_of(shown[-1]["created_at"], shown[-1]["id"]) if len(rows) > limit else None
        return ExperimentLines(experiments=[line_of(row) for row in shown], next_cursor=more)

    async def made_from(self, source: str) -> list[str]:
        """Names of the tests whose variants come from there, the newest first."""
        from . import store

        async with self.db.read() as conn:
            return await store.made_from(conn, source)

    async def assign(self, name: str, units: Sequence[str]) -> Assignment:
        known = await self._running(name)
        return Assignment(experiment=name, variants={unit: known.assign(unit) for unit in units})

    # Counting

    async def expose(self, name: str, units: Sequence[str], before: Sequence[float] | None) -> Counted:
        """Count that units were shown their variant, once each.

        Raises:
            Refused: NOT_FOUND; CONFLICT when it has ended, or the shop counts; INVALID_ARGUMENTS, also for values
                from before where no covariate is registered: it would be chosen after the fact.
        """
        from . import store

        if before is not None and len(before) != len(units):
            raise Refused(Code.INVALID_ARGUMENTS, "before has another length than units.", "Give a value for each.")
        known = await self._counted_here(name)
        if before is not None and "covariate" not in known.definition:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"{name} registered no covariate, so it takes no values from before.",
                "Leave before out. A new test can register one.",
            )
        variants = {unit: known.assign(unit) for unit in units}
        values = dict(zip(units, before or [], strict=False))
        at = now_us()
        async with self.db.begin() as conn:
            mark = vault_of(conn).mark
            rows = [
                {"experiment": name, "unit": mark(unit), "variant": variant, "before": values.get(unit), "at": at}
                for unit, variant in variants.items()
                if variant is not None
            ]
            await self._still_runs(conn, name)
            counted = await store.expose(conn, sorted(rows, key=lambda row: str(row["unit"])))
        outside = len(variants) - len(rows)
        return Counted(experiment=name, counted=counted, known=len(rows) - counted, outside=outside, variants=variants)

    async def convert(self, name: str, metric: str, events: Sequence[tuple[str, str, float]]) -> Counted:
        """Count what exposed units did: ``(unit, key, value)``, once per key.

        Raises:
            Refused: as ``expose``; INVALID_ARGUMENTS for a metric that the test does not have.
        """
        from . import store

        known = await self._counted_here(name)
        _check_metric(known.definition, metric)
        at = now_us()
        async with self.db.begin() as conn:
            mark = vault_of(conn).mark
            await self._still_runs(conn, name)
            marks = {unit: mark(unit) for unit, _, _ in events}
            exposed = await store.exposed(conn, name, sorted(set(marks.values())))
            rows = {
                (marks[unit], key): {
                    "experiment": name, "metric": metric, "unit": marks[unit], "key": mark(key) if key else "",
                    "value": value, "at": at,
                }
                for unit, key, value in events
                if marks[unit] in exposed
            }  # fmt: skip
            counted = await store.convert(conn, [rows[key] for key in sorted(rows)])
        outside = sum(marks[unit] not in exposed for unit, _, _ in events)
        return Counted(experiment=name, counted=counted, known=len(events) - outside - counted, outside=outside)

    # Results

    async def results(self, name: str, shop_counts: ShopCounts) -> ExperimentResult:
        """What the registered looks found. A look that is due is made, and kept as it is then."""
        row = await self.row(name)
        return await read(self.db, row, await shop_counts(name) if "shop" in row["definition"] else None)

    async def _running(self, name: str) -> Known:
        """What can't change of a test that was running within the last minute."""
        known = self._known.get(name)
        if known is None or time.monotonic() - known.at >= FRESH:
            row = await self.row(name)
            if row["ended_at"]:
                self._known.pop(name, None)
                raise _ended(row)
            if len(self._known) >= KNOWN_MOST:
                self._known.clear()
            known = self._known[name] = Known(row["definition"], assigner(row["definition"]), time.monotonic())
        return known

    async def _counted_here(self, name: str) -> Known:
        known = await self._running(name)
        if "shop" in known.definition:
            raise Refused(
                Code.CONFLICT, f"The shop itself counts for {name}.", "experiments_results shows what it has counted."
            )
        return known

    async def _still_runs(self, conn: Any, name: str) -> None:
        from . import store

        row = await store.get(conn, name)
        if row is None or row["ended_at"]:
            self._known.pop(name, None)
            raise _ended(row or {"id": name, "ended_at": now_us()})

    # As a system that changes go to

    def groups(self, ops: Sequence[Op]) -> list[list[Op]]:
        return [[op] for op in ops]

    def object_keys(self, op: Op) -> list[str]:
        layer = [f"layer:{op.body['layer']}"] if op.body.get("layer") else []
        return [str(op.target or op.body["name"]), *layer]

    async def check(self, ops: Sequence[Op]) -> list[Outcome | None]:
        return [None for _ in ops]

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        return [await self._do(change, op) for op in ops]

    async def _do(self, change: str, op: Op) -> Outcome:
        from . import store

        async with self.db.begin() as conn:
            if op.kind == "update":
                done = await store.end(conn, str(op.target), str(op.body["reason"]))
                self._known.pop(str(op.target), None)
                return _made(str(op.target), op) if done else _failed("It has ended already.")
            definition = {name: value for name, value in op.body.items() if name != "sha256"}
            layer = definition.get("layer")
            if layer and _overlaps(await store.slices(conn, layer), definition["slice"]):
                return _failed("Another test took that part of the layer meanwhile.")
            principal = await _principal_of(conn, change)
            row = {
                "id": definition["name"], "definition": definition, "sha256": op.body["sha256"], "change_id": change,
                "principal": principal, "created_at": now_us(), "layer": layer,
            }  # fmt: skip
            done = await store.insert(conn, row)
        return _made(str(row["id"]), op) if done else _failed(f"There is a test called {row['id']} already.")

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        from . import store

        found: list[Outcome] = []
        async with self.db.read() as conn:
            for item in ops:
                name = str(item.op.target or item.op.body["name"])
                row = await store.get(conn, name)
                mine = row is not None and (item.op.kind == "update" or row["change_id"] == item.change)
                done = mine and (item.op.kind == "create" or bool(row and row["ended_at"]))
                found.append(_made(name, item.op) if done else Outcome("not_sent"))
        return found

    async def stage_undo(self, ctx: Context, ops: Sequence[JournalOp]) -> None:
        """What was registered stays so; taking it back ends it."""
        assert ctx.unit is not None
        for item in ops:
            if item.op.kind == "update":
                ctx.unit.leave(LeftAlone(item.op.label, "impossible", LASTS.capitalize() + "."))
            elif item.state == "done":
                row = await self.row(str(item.outcome.object_id))
                if not row["ended_at"]:
                    ctx.unit.add(_end(row["id"], "taken back"))


def _end(name: str, reason: str) -> Op:
    body = {"state": "stopped", "reason": reason}
    return Op(
        SYSTEM, "update", SYSTEM, name, body, {"state": "running", "reason": ""}, label=f'test "{name}"', undo=LASTS
    )


def _made(name: str, op: Op) -> Outcome:
    return Outcome("done", name, dict(op.body), undo=op.undo)


def _failed(message: str) -> Outcome:
    return Outcome("failed", error={"code": str(Code.CONFLICT), "message": message})


async def _principal_of(conn: Any, change: str) -> str:
    from ..db.tables import change_sets

    c = change_sets.c
    found = (await conn.execute(change_sets.select().with_only_columns(c.principal).where(c.id == change))).scalar()
    return str(found or "")


def _taken(name: str) -> Refused:
    return Refused(
        Code.CONFLICT,
        f"There is a test called {name} already.",
        "A registered test is never changed; choose a new name.",
    )


def _ended(row: Mapping[str, Any]) -> Refused:
    return Refused(
        Code.CONFLICT,
        f"The test {row['id']} ended {iso(row['ended_at'])}.",
        "Register a new one; it gets new variants.",
    )


def _free(held: Sequence[tuple[int, int]], wanted: int, layer: str) -> tuple[int, int]:
    """The first gap that is large enough."""
    at, most = 0, 0
    for first, end in [*held, (BUCKETS, BUCKETS)]:
        if first - at >= wanted:
            return at, at + wanted
        most, at = max(most, first - at), max(at, end)
    raise Refused(
        Code.CONFLICT,
        f"The layer {layer} has no {wanted / 100:g} % together that are free.",
        f"At most {most / 100:g} % are; stop a test of the layer, or give a smaller layer_percent.",
    )


def _overlaps(held: Sequence[tuple[int, int]], taken: Sequence[int]) -> bool:
    return any(first < taken[1] and taken[0] < end for first, end in held)


def _check_metric(definition: Mapping[str, Any], metric: str) -> None:
    names = [definition["metric"]["name"], *(one["name"] for one in definition["guardrails"])]
    if metric not in names:
        near = difflib.get_close_matches(metric, names, 1, 0.5)
        hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(names)}."
        raise Refused(
            Code.INVALID_ARGUMENTS, f"The test has no metric {metric[:40]!r}.", hint, details={"metrics": names}
        )
