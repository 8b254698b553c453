"""A process of its own that tells the same exposures and conversions as others: `python -m … <database> <folder>`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio

from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from tests.fakes.demo import Desk

UNITS = [f"visitor-{number}" for number in range(300)]
BATCH = 100


async def tell(database: str, folder: Path) -> int:
    """How many of the exposures and conversions were new."""
    counted = 0
    settings: dict[str, Any] = {"data_dir": folder, "database_url": database, "calls_burst": 1000}
    desk = Desk(build(Settings(_env_file=None, **settings)))  # pyright: ignore[reportCallIssue]
    try:
        for start in range(0, len(UNITS), BATCH):
            units = UNITS[start : start + BATCH]
            counted += (await desk.do("experiments_expose", experiment="crowd", units=units))["counted"]
            events = [{"unit": unit, "key": "1"} for unit in units[::5]]
            done = await desk.do("experiments_convert", experiment="crowd", metric="order", events=events)
            counted += done["counted"]
    finally:
        await desk.app.close()
    return counted


if __name__ == "__main__":
    print(anyio.run(tell, sys.argv[1], Path(sys.argv[2])))  # noqa: T201 # the answer
