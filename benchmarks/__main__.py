"""``python -m benchmarks [calls start shop dead events jobs bulk growth vault logins auth limits attacks find render
models pictures reliefs asking llm experiments agents]``

Prints a table.
"""

from __future__ import annotations

import sys
import warnings

import anyio

from .measure import Row


async def main(wanted: list[str]) -> None:
    from . import (
        agents,
        asking,
        attacks,
        auth,
        bulk,
        calls,
        events,
        experiments,
        find,
        growth,
        jobs,
        limits,
        llm,
        logins,
        models,
        pictures,
        reliefs,
        render,
        shop,
        start,
        vault,
    )

    parts = {
        "calls": calls.run,
        "start": start.run,
        "shop": shop.run,
        "dead": shop.dead,
        "events": events.run,
        "jobs": jobs.run,
        "bulk": bulk.run,
        "growth": growth.run,
        "vault": vault.run,
        "logins": logins.run,
        "auth": auth.run,
        "limits": limits.run,
        "attacks": attacks.run,
        "find": find.run,
        "experiments": experiments.run,
        "reliefs": reliefs.run,
        "render": render.run,
        "models": models.run,
        "pictures": pictures.run,
        "asking": asking.run,
        "llm": llm.run,
        "agents": agents.run,
    }
    print("| what | figure | goal | met |\n|---|---|---|---|")
    rows: list[Row] = []
    for name in wanted or list(parts):
        for row in await parts[name]():
            print(row.line(), flush=True)
            rows.append(row)
    missed = [row.what for row in rows if row.met is False]
    print(
        f"\n{len(rows) - len(missed)} of {len(rows)} met or without a goal"
        + (f"; missed: {', '.join(missed)}" if missed else "")
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    anyio.run(main, sys.argv[1:])
