"""What disqualifies an answer, and which briefs are none."""

from __future__ import annotations

from typing import Any

import pytest

from devskyy_mcp.errors import Refused
from devskyy_mcp.guard.redact import Redactor
from devskyy_mcp.llm.round_table.brief import Brief, Criterion, HardChecks, freeze
from devskyy_mcp.llm.round_table.checks import failures

ENGLISH = "This is a dress for you and it is made with silk that you are to have for the evening and the day."
GERMAN = "Das ist ein Kleid für den Abend und die Nacht, es ist aus Seide und nicht zu warm für eine Reise mit dem Zug."


def failing(text: str, schema: dict[str, Any] | None = None, **checks: Any) -> tuple[str, ...]:
    return failures(text, HardChecks(**checks), schema, Redactor())


PRICE: dict[str, Any] = {"facts": {"price": "129.00 EUR"}}


@pytest.mark.requirement("round-table:checks")
@pytest.mark.parametrize(
    ("text", "checks", "word"),
    [
        ("short", {"min_chars": 10}, "5 characters"),
        ("long " * 10, {"max_chars": 10}, "may have 10"),
        ("A dress for 1129.00 EUR", PRICE, "fact price"),
        ("A dress for 129.00 EUR, once 1,499.00 EUR", PRICE, "1499.00"),
        ("The best dress in the world", {"forbidden": ["best"]}, "forbidden"),
        (GERMAN, {"language": "en"}, "written in de"),
        (ENGLISH, {"language": "de"}, "written in en"),
        ("See https://evil.example/x", {"link_hosts": ["shop.example"]}, "evil.example"),
        ("See www.evil.example", {}, "evil.example"),
        ("Write to nina.lindqvist@example.com", {}, "person"),
        (f"Our key is sk-{'aB3dE5fG7hJ9kL2mN4pQ'}", {}, "secret"),
    ],
)
def test_disqualified(text: str, checks: dict[str, Any], word: str) -> None:
    found = failing(text, **checks)
    assert any(word in why for why in found), found


@pytest.mark.requirement("round-table:checks")
@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("A dress for 129.00 EUR.", PRICE),
        ("A dress for\n129.00  EUR, or € 129.", PRICE),
        ("The bestest", {"forbidden": ["best"]}),
        (ENGLISH, {"language": "en"}),
        (GERMAN, {"language": "de"}),
        ("Seide", {"language": "en"}),
        ("See https://www.shop.example/x.", {"link_hosts": ["shop.example"]}),
        ("Write to help@shop.example", {"facts": {"address": "help@shop.example"}}),
    ],
)
def test_stands(text: str, checks: dict[str, Any]) -> None:
    assert failing(text, **checks) == ()


@pytest.mark.requirement("round-table:checks")
def test_schema() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    assert failing('{"title": "Silk"}', schema) == ()
    assert failing("Silk", schema) == ("It is no JSON.",)
    assert "$.title" in failing('{"title": 3}', schema)[0]


def frozen(rubric: Any = "copy", **more: Any) -> Brief:
    given = {"kind": "copy", "prompt": "A dress.", "mode": "compete", "k": 3, "budget_usd": 1.0, "deadline_s": 60.0}
    return freeze({**given, "checks": HardChecks(), **more}, rubric)


def one(name: str, worst: str = "bad one", best: str = "good one") -> Criterion:
    return Criterion(name=name, worst=worst, best=best)


@pytest.mark.requirement("round-table:bad-input")
@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"prompt": " \n"}, "empty"),
        ({"rubric": [one("a"), one("a"), one("b")]}, "twice"),
        ({"rubric": [one("a"), one("b")]}, "3 to 6"),
        ({"rubric": [one("a"), one("b"), one("c", "The Same", "the  same")]}, "the same"),
        ({"checks": HardChecks(min_chars=20, max_chars=10)}, "min_chars"),
        ({"checks": HardChecks(forbidden=["silk"], facts={"cloth": "Raw Silk"})}, "forbidden"),
        ({"checks": HardChecks(language="xx")}, "language"),
        ({"checks": HardChecks(forbidden=[" "])}, "empty"),
        ({"checks": HardChecks(max_chars=10**9)}, "max_chars"),
        ({"output_schema": {"type": "nonsense"}}, "no JSON Schema"),
        ({"output_schema": {"type": "array"}}, "object"),
    ],
)
def test_no_brief(given: dict[str, Any], word: str) -> None:
    with pytest.raises(Refused, match=word):
        frozen(**given)


def test_the_hash_is_the_briefs() -> None:
    assert frozen().sha256 == frozen().sha256
    assert frozen().sha256 != frozen(k=4).sha256
    assert sum(frozen().weights.values()) == pytest.approx(1)
