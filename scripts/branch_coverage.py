"""Prints which share of the branches of sign-in and of the surfaces the tests of both reach; fails below 90 %.

Runs tests/security and tests/surface in this process, without those marked slow, for some minutes; what they start as
processes of their own is not counted. Arguments go to pytest.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("devskyy_mcp/auth", "devskyy_mcp/surfaces")
GOAL = 90.0
SELECTED = ["tests/security", "tests/surface", "-m", "not slow"]
PATIENCE = ["-o", "timeout=600"]  # counting makes everything two to three times as slow


def measured(arguments: list[str]) -> tuple[int, dict[str, Any]]:
    """pytest's exit status and coverage's report (its JSON, format 3)."""
    seen = coverage.Coverage(
        data_file=None,
        config_file=False,
        branch=True,
        include=[f"{ROOT}/{part}/*" for part in PARTS],
        concurrency=["thread", "greenlet"],  # SQLAlchemy's async engine runs on greenlets
    )
    with seen.collect():
        status = pytest.main([*SELECTED, *PATIENCE, *arguments])
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        seen.json_report(outfile=str(report))
        return int(status), json.loads(report.read_text())


def share(summary: dict[str, Any]) -> float:
    """Percent of the branches that were reached; 100 of none."""
    number = summary["num_branches"]
    return 100 * summary["covered_branches"] / number if number else 100.0


def main(arguments: list[str]) -> int:
    status, report = measured(arguments)
    for name, file in sorted(report["files"].items(), key=lambda pair: share(pair[1]["summary"])):
        summary, missing = file["summary"], file["missing_branches"]
        if missing:
            jumps = ", ".join(f"{start}→{end if end > 0 else 'end'}" for start, end in missing)
            print(f"{share(summary):5.1f} % of {summary['num_branches']:3} {name}: {jumps}")
    totals = report["totals"]
    print(f"{totals['covered_branches']} of {totals['num_branches']} branches reached: {share(totals):.1f} %")
    if status:
        print(f"pytest ended with {status}: some of what was to reach them failed.", file=sys.stderr)
    return status or (0 if share(totals) >= GOAL else 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
