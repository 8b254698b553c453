"""What sealing costs: a value, the rows of a change of 10,000 operations, and opening them again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devskyy_mcp.db import Database

from .measure import Row

VALUES = 20_000
OPS = 10_000
CUSTOMER = {"id": 12, "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "phone": "+44 1"}
OP: dict[str, Any] = {
    "change_id": "chg_0123456789ab",
    "parent": {},
    "label": "Silk scarf (SC-0042)",
    "body": {"regular_price": "89.00", "sale_price": "79.00"},
    "before": {"regular_price": "99.00", "sale_price": ""},
    "after": None,
    "inverse": None,
    "error": None,
    "notes": None,
    "undo_reason": None,
}
OUTCOME = {"after": OP["body"], "inverse": OP["before"], "error": None, "notes": None, "undo_reason": None}


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "app.db")
        await database.open()
        try:
            return _measured(database)
        finally:
            await database.close()


def _measured(database: Database) -> list[Row]:
    vault = database.vault
    sealed = [vault.seal("jobs", "result", "job_1", CUSTOMER) for _ in range(VALUES)]
    seal = _cpu(lambda: [vault.seal("jobs", "result", "job_1", CUSTOMER) for _ in range(VALUES)])
    opened = _cpu(lambda: [vault.open("jobs", "result", "job_1", one) for one in sealed])
    mark = _cpu(lambda: [vault.mark("ada@example.com") for _ in range(VALUES)])
    rows = [{**OP, "seq": seq} for seq in range(1, OPS + 1)]
    planned = _cpu(lambda: [vault.seal_row("change_ops", row) for row in rows])
    done = _cpu(lambda: [vault.seal_values("change_ops", f"chg_0123456789ab|{row['seq']}", OUTCOME) for row in rows])
    whole = planned + done
    return [
        Row("sealing a value of 100 B", f"{seal / VALUES * 1e6:.1f} µs", "≤ 20 µs", seal / VALUES <= 20e-6),
        Row("opening it", f"{opened / VALUES * 1e6:.1f} µs", "≤ 20 µs", opened / VALUES <= 20e-6),
        Row("marking a text that is only compared", f"{mark / VALUES * 1e6:.1f} µs", "≤ 10 µs", mark / VALUES <= 10e-6),
        Row(
            "sealing one write's operation and outcome", f"{whole / OPS * 1e3:.3f} ms", "≤ 0.3 ms", whole / OPS <= 3e-4
        ),
        Row("sealing 10,000 operations", f"{planned:.2f} s", "≤ 0.5 s", planned <= 0.5),
    ]


def _cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU time, the least of three."""
    times: list[float] = []
    for _ in range(3):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)
