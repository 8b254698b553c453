"""Lists over a million audit rows, jobs and changes, beside the same over a thousand."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, cast

from devskyy_mcp.changes.journal import Journal
from devskyy_mcp.context import Principal, Services
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.vault.columns import SEALED
from devskyy_mcp.guard.audit_page import read_page
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.paging import cursor_of

from .catalogue import ME
from .databases import databases
from .measure import Row, Work, p95

FEW, MANY = 1_000, 1_000_000
ROUNDS, TIMES = 3, 100
LIMIT_MS, LIMIT_RATIO = 20, 2
SECOND = 1_000_000
STATES = ("succeeded", "succeeded", "succeeded", "failed", "cancelled")
# A rare state and a rare tool lie among the oldest rows, and nowhere else; a list of them must not read its way there.
# Of them, as of all that is asked for, key:7 has a page and a bit, in few rows as in many: pages of one length compare.
PAGE, LARGEST_PAGE = 20, 100
RARE_AMONG = 220
SOMEBODY = Principal("key:7", "client", frozenset({"jobs:read", "changes:read"}), "somebody")

Table = tuple[str, tuple[str, ...], Iterator[tuple[Any, ...]]]


def _rare(number: int, *keys: int) -> bool:
    return number < RARE_AMONG and number % 10 in keys


def _jobs(count: int, start: int) -> Iterator[tuple[Any, ...]]:
    caller = json.dumps(["key:7", "key", ["jobs:read"], "somebody"])
    for n in range(count):
        at = start + n * SECOND
        state = "needs_review" if _rare(n, 6, 7) else STATES[n % 5]
        tool = "rare_tool_run" if _rare(n, 7, 8) else f"tool_{n % 20}_run"
        end = None if state == "needs_review" else at + SECOND
        yield (
            f"job_{n:020}", f"key:{n % 10}", caller, "mcp", tool, "{}", "default", 100, state, 1, 0,
            '{"done":1,"total":1}', '{"ok":true}', f"{n:064}", at, at, at, end, at + 3600 * SECOND,
        )  # fmt: skip


def _sets(count: int, start: int) -> Iterator[tuple[Any, ...]]:
    for n in range(count):
        at = start + n * SECOND
        state = "unknown" if _rare(n, 6, 7) else ("applied", "expired", "failed")[n % 3]
        yield (
            f"chg_{n:012}", f"key:{n % 10}", "mcp", "woo_products_update", "{}", "hash", state, "{}", "[]", at,
            at + SECOND, at,
        )  # fmt: skip


def _audit(count: int, start: int) -> Iterator[tuple[Any, ...]]:
    for n in range(1, count + 1):
        tool = "rare_tool_run" if _rare(n, 7, 8) else f"tool_{n % 20}_run"
        yield (
            n, start + n * SECOND, f"key:{n % 10}", "mcp", tool, "read", f"chg_{n // 4:012}", "call", "ok", 900, "",
            "{}", "0" * 64, "0" * 64,
        )  # fmt: skip


def tables(count: int, start: int) -> list[Table]:
    """Name, columns and rows of each table."""
    job = (
        "id principal caller surface tool arguments queue priority state attempt lost progress result request_hash "
        "created_at handed_at started_at finished_at deadline_at"
    )
    change = "id principal surface tool arguments plan_hash state summary reasons created_at expires_at decided_at"
    line = (
        "seq at principal surface capability effect change_id phase code duration_us arguments_sha256 detail "
        "prev_hash hash"
    )
    return [
        ("jobs", tuple(job.split()), _jobs(count, start)),
        ("change_sets", tuple(change.split()), _sets(count, start)),
        ("audit", tuple(line.split()), _audit(count, start)),
    ]


async def fill(db: Database, count: int) -> None:
    """Write so many rows of each kind, one a second up to now."""
    await db.open()
    start = time.time_ns() // 1000 - (count + 1) * SECOND
    parts = [(name, columns, _sealed(db, name, columns, rows)) for name, columns, rows in tables(count, start)]
    path = db.dsn.path
    if path is not None:
        await asyncio.to_thread(_fill_file, str(path), parts)
        return
    import asyncpg  # pyright: ignore[reportMissingTypeStubs] # it has none

    connection: Any = await cast("Any", asyncpg).connect(db.dsn.driver_url)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_jsonb, decoder=str, format="binary")
    try:
        for name, columns, rows in parts:
            await connection.copy_records_to_table(name, columns=columns, records=rows)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _sealed(db: Database, name: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
    """The rows as they are stored: JSON that says something is closed."""
    rule = SEALED[name]
    places = [(columns.index(one), one) for one in rule.columns if one in columns and not rule.fixed]
    for row in rows:
        stored, key = list(row), str(row[0])
        for place, column in places:
            if value := json.loads(row[place]):
                stored[place] = json.dumps(db.vault.seal(name, column, key, value))
        yield tuple(stored)


def _jsonb(text: str) -> bytes:
    return b"\x01" + text.encode()  # the format's version


def _fill_file(path: str, parts: list[Table]) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA cache_size = -200000")
        # An index is made in a tenth of the time from rows that are there.
        made = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
        for name, _ in made:
            file.execute(f"DROP INDEX {name}")
        for name, columns, rows in parts:
            marks = ", ".join("?" * len(columns))
            file.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)  # our own words
            file.commit()
        for _, sql in made:
            file.execute(sql)
        file.commit()


def works(db: Database, count: int) -> dict[str, Work]:
    """Every list, by what it is narrowed to: for one who sees all, and for one who sees their own."""
    services = Services()
    services.put(Database, db)
    jobs, journal = Jobs(services), Journal(db)
    now = time.time_ns() // 1000
    middle = cursor_of(now - count // 2 * SECOND, f"job_{count // 2:020}")
    change, row = cursor_of(now - count // 2 * SECOND, "chg_"), cursor_of(now - count // 2 * SECOND, count // 2)
    found: dict[str, Work] = {}
    for who, name in ((ME, "all"), (SOMEBODY, "own")):
        asked: dict[str, dict[str, Any]] = {
            "": {},
            "largest page": {"limit": LARGEST_PAGE},
            "state": {"state": "succeeded"},
            "rare state": {"state": "needs_review"},
            "absent state": {"state": "input_required"},
            "tool": {"tool": "tool_7_run"},
            "rare tool": {"tool": "rare_tool_run"},
            "absent tool": {"tool": "no_such_tool"},
            "middle": {"cursor": middle},
            "state, middle": {"state": "succeeded", "cursor": middle},
            "state, tool": {"state": "succeeded", "tool": "tool_7_run"},
            "state, tool that never meet": {"state": "failed", "tool": "tool_7_run"},
        }
        for words, given in asked.items():
            found[f"jobs, {name}, {words}"] = lambda who=who, given=given: jobs.list(who, **_paged(given))
        asked = {
            "": {},
            "largest page": {"limit": LARGEST_PAGE},
            "state": {"state": "applied"},
            "rare state": {"state": "unknown"},
            "middle": {"cursor": change},
        }
        for words, given in asked.items():
            found[f"changes, {name}, {words}"] = lambda who=who, given=given: journal.page(who, **_paged(given))
    asked = {
        "": {},
        "largest page": {"limit": LARGEST_PAGE},
        "principal": {"principal": "key:7"},
        "tool": {"capability": "tool_7_run"},
        "rare tool": {"capability": "rare_tool_run"},
        "change": {"about": f"chg_{count // 8:012}"},
        "absent principal": {"principal": "nobody"},
        "principal, tool": {"principal": "key:7", "capability": "tool_7_run"},
        "principal, tool that never meet": {"principal": "key:7", "capability": "tool_8_run"},
        "principal, change": {"principal": "key:7", "about": f"chg_{count // 8 + 1:012}"},
        "since": {"since": datetime.fromtimestamp(now / SECOND - count // 2, UTC)},
        "middle": {"cursor": row},
    }
    for words, given in asked.items():
        found[f"audit, {words}"] = lambda given=given: read_page(db, **_paged(given))
    return found


def _paged(given: dict[str, Any]) -> dict[str, Any]:
    return {"limit": PAGE, **given}


async def measure(few: Database, many: Database) -> dict[str, tuple[float, float]]:
    """p95 of each list over few and many rows, milliseconds, asked in turn; the least of a few rounds that lie apart,
    since what else the machine does only adds.
    """
    times: dict[str, tuple[float, float]] = {}
    short, grown = works(few, FEW), works(many, MANY)
    for _ in range(ROUNDS):
        for name in short:
            found = await _in_turn(short[name], grown[name])
            known = times.get(name, found)
            times[name] = min(known[0], found[0]), min(known[1], found[1])
    return times


async def _in_turn(*pair: Work) -> tuple[float, float]:
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(-5, TIMES):
        for one, into in zip(pair, found, strict=True):
            started = time.perf_counter_ns()
            await one()
            if number >= 0:
                into.append((time.perf_counter_ns() - started) / 1e6)
    return p95(found[0]), p95(found[1])


async def run() -> list[Row]:
    """The slowest list, and the one that has grown most, on each database."""
    rows: list[Row] = []
    with databases() as new:
        for kind in ("sqlite", "postgresql"):
            few, many = Database(await new(kind)), Database(await new(kind))
            for db, count in ((few, FEW), (many, MANY)):
                await fill(db, count)
            found = await measure(few, many)
            await few.close()
            await many.close()
            slowest = max(found, key=lambda name: found[name][1])
            grown = max(found, key=lambda name: found[name][1] / found[name][0])
            before, after = found[grown]
            what = f"{kind}: p95 of the slowest of {len(found)} lists over {MANY:,} rows each ({slowest})"
            time_ms = found[slowest][1]
            rows.append(Row(what, f"{time_ms:.1f} ms", f"≤ {LIMIT_MS} ms", time_ms <= LIMIT_MS))
            what = f"{kind}: the list that grew most from {FEW:,} rows ({grown})"
            figure = f"{before:.1f} → {after:.1f} ms = {after / before:.2f}×"
            rows.append(Row(what, figure, f"≤ {LIMIT_RATIO}×", after / before <= LIMIT_RATIO))
    return rows
