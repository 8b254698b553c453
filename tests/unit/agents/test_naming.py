"""What an agent's instructions name is there: tools it may call, arguments they take, results they give."""

from __future__ import annotations

from typing import Any

import pytest

from devskyy_mcp.agents.catalogue import own_folder
from devskyy_mcp.agents.checking import look
from devskyy_mcp.agents.loading import Written, sources
from devskyy_mcp.agents.naming import named
from devskyy_mcp.app import installed_packs

TOOLS: dict[str, Any] = {
    tool.name: tool for pack in installed_packs() for toolset in pack.toolsets for tool in toolset.tools
}
FIELDS: dict[str, Any] = {
    "arguments": [{"name": "collection", "description": "Which."}, {"name": "goal", "values": ["tidy_up"]}],
    "tools": {"allow": ["woo_products_list"], "approve": ["woo_products_create"]},
    "output": {"type": "object", "properties": {"verdict": {"enum": ["new_in", "old"]}}},
}
GOOD = "Read `woo_products_list` of `collection`; then `woo_products_create`."


def said(body: str, **fields: Any) -> list[str]:
    return list(named(Written("x.md", {**FIELDS, **fields}, body), TOOLS))


@pytest.mark.parametrize(
    "body",
    [
        "With `status: draft`, `status: any` and `preview: true`; the price is `19.90`, the path `/old`.",
        "`goal` tidy_up is `tidy_up`; `verdict` new_in is `new_in`.",
        "Say `stock_status` and `regular_price`, as the list gives them, and `preview:\n   true` over two lines.",
        "For `sku: ABC-1` and `name: Coat`, and what it says of `instock`.",
    ],
)
def test_what_is_there_may_be_named(body: str) -> None:
    assert said(f"{GOOD} {body}") == []


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("Then woo_products_delete.", "it names woo_products_delete, which is not among its tools"),
        ("Read `menu_place`.", "it names `menu_place`, which none of its tools takes or gives, nor it itself"),
        (
            "Use `woo_prize`.",
            "it names `woo_prize`, which none of its tools takes or gives, nor it itself",
        ),
        ("With `status: visible`.", "none of its tools takes `status: visible`"),
        ("With `dry_run: true`.", "none of its tools takes `dry_run: true`"),
        ("With `name: true`.", "none of its tools takes `name: true`"),
    ],
)
def test_what_is_nowhere_is_told(body: str, advice: str) -> None:
    assert said(f"{GOOD} {body}") == [advice]


def test_a_tool_that_no_word_is_about_is_told() -> None:
    assert said("Read `woo_products_list`.") == ["it has woo_products_create and never says what for"]


def test_tools_known_by_name_alone_and_super_agents_are_left_alone() -> None:
    some = {**TOOLS, "insights_new": None}
    fields = {**FIELDS, "tools": {"allow": ["woo_products_list", "insights_new"]}}
    body = "`woo_products_list`, `insights_new` with `whatever`"
    assert list(named(Written("x.md", fields, body), some)) == []
    assert list(named(Written("x.md", {}, "woo_products_list"), TOOLS)) == []


def test_our_own_agents_name_nothing_that_is_not_there() -> None:
    folder = own_folder()
    wrong, advice = look(sources(folder, "agents"), TOOLS)
    assert wrong == []
    told = (" it names ", " it has ", "none of its tools", "trust.reads_untrusted")
    assert [one for one in advice if any(words in one for words in told)] == []
