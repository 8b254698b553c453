"""Every promise has a test, and every test that claims one names a promise that was made."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from tests.requirements import REQUIREMENTS

TESTS = Path(__file__).parent.parent


def claimed() -> dict[str, set[str]]:
    """Id → the test files that carry ``pytest.mark.requirement(id)``."""
    found: dict[str, set[str]] = {}
    for file in TESTS.rglob("*.py"):
        if "node_modules" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requirement":
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{file}:{node.lineno}: the id must be written out"
                    found.setdefault(str(argument.value), set()).add(str(file.relative_to(TESTS)))
    return found


def test_each_promise_is_made_once() -> None:
    assert [name for name, number in Counter(item.id for item in REQUIREMENTS).items() if number > 1] == []


def test_each_promise_has_a_test() -> None:
    tested = claimed()
    assert sorted(item.id for item in REQUIREMENTS if item.id not in tested) == []


def test_each_claim_is_a_promise() -> None:
    promised = {item.id for item in REQUIREMENTS}
    assert {name: sorted(files) for name, files in claimed().items() if name not in promised} == {}


def test_promises_are_sentences_with_a_source() -> None:
    for item in REQUIREMENTS:
        assert item.promise.endswith("."), item.id
        assert len(item.promise) > 20, item.id
        assert item.source, item.id
        assert ":" in item.id, item.id
