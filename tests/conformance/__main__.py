"""``python -m tests.conformance``: every leg, said in a few lines; exit status 1 when anything is not good."""

from __future__ import annotations

import sys

from .suite import EVERYTHING, WIRES, WITHOUT_FIXTURES, Outcome, conformance, install, serving


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def report(kind: str, outcome: Outcome) -> bool:
    good = not outcome.problems and outcome.passed > 0
    say(f"{kind} {outcome.wire}: {outcome.passed} checks passed, {len(outcome.problems)} did not")
    for problem in outcome.problems:
        say(f"  {problem}")
    return good


def main() -> int:
    install()
    good = True
    for kind, only in (("fixtures", None), ("catalogue", WITHOUT_FIXTURES)):
        with serving(kind) as url:
            for wire in WIRES:
                good = report(kind, conformance(url, wire, only)) and good
            if kind == "fixtures":
                good = report(kind, conformance(url, EVERYTHING)) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
