"""Prints which share of the branches of sign-in and of the surfaces the tests of both reach; fails below 90 %.

Runs tests/security, tests/surface and tests/unit/auth, without those marked slow, for half an hour; Python processes
that they start count too, unless they are killed. With arguments: these tests only.

The figure is on the low side: on Python 3.11 some lines after an exception that was thrown into a coroutine are not
counted, though they ran.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("devskyy_mcp/auth", "devskyy_mcp/surfaces")
TESTS = ("tests/security", "tests/surface", "tests/unit/auth")
GOAL = 90.0
PYTEST = ["pytest", "-m", "not slow", "-o", "timeout=600"]  # counting makes everything two to three times as slow
# SQLAlchemy's async engine runs on greenlets.
COUNTED = f"""
[run]
branch = true
concurrency = thread, greenlet
parallel = true
patch = subprocess
disable_warnings = no-data-collected
include = {", ".join(f"{ROOT}/{part}/*" for part in PARTS)}
"""


def portions() -> Iterator[list[str]]:
    """The tests, file by file: in one process the counting of so many greenlets comes to a standstill."""
    for name in TESTS:
        for path in sorted((ROOT / name).rglob("test_*.py")):
            yield [str(path)]


def measured(wanted: list[str]) -> tuple[bool, dict[str, Any]]:
    """Whether the tests passed, and coverage's report (its JSON, format 3)."""
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        rules, data = Path(folder) / "rules", Path(folder) / "data"
        rules.write_text(COUNTED)
        for tests in [wanted] if wanted else portions():
            command = [sys.executable, "-m", "coverage", "run", f"--rcfile={rules}", f"--data-file={data}"]
            done = subprocess.run([*command, "-m", *PYTEST, *tests], cwd=ROOT, check=False)
            passed = passed and done.returncode in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
        found = coverage.Coverage(data_file=data, config_file=str(rules))
        found.combine()
        report = Path(folder) / "report.json"
        found.json_report(outfile=str(report))
        return passed, json.loads(report.read_text())


def share(summary: dict[str, Any]) -> float:
    """Percent of the branches that were reached; 100 of none."""
    number = summary["num_branches"]
    return 100 * summary["covered_branches"] / number if number else 100.0


def main(wanted: list[str]) -> int:
    passed, report = measured(wanted)
    for name, file in sorted(report["files"].items(), key=lambda pair: share(pair[1]["summary"])):
        if missing := file["missing_branches"]:
            jumps = ", ".join(f"{start}→{end if end > 0 else 'end'}" for start, end in missing)
            print(f"{share(file['summary']):5.1f} % of {file['summary']['num_branches']:3} {name}: {jumps}")
    totals = report["totals"]
    print(f"{totals['covered_branches']} of {totals['num_branches']} branches reached: {share(totals):.1f} %")
    if not passed:
        print("Some of the tests that were to reach them failed.", file=sys.stderr)
    return 0 if passed and share(totals) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
