"""Results have a size: lists give less where less is asked for, and what is too large is cut and kept whole."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from devskyy_mcp.app import local_principal
from devskyy_mcp.assets.kept import LEAST_TEXT, shortened, size_of
from devskyy_mcp.capability import MOST_RESULT as MOST
from devskyy_mcp.capability import Registry
from devskyy_mcp.context import Principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.tables import kept_results
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.invoke import Call
from devskyy_mcp.reading import Reader
from devskyy_mcp.surfaces.mcp.files import Files
from devskyy_mcp.surfaces.mcp.results import of_result
from tests.fakes.demo import Demo, demo

LONG = "<p>" + "Silk, wool and linen. " * 9000 + "</p>"
SCALARS = st.none() | st.booleans() | st.integers(0, 10**9) | st.text(max_size=3000)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=8), inner, max_size=8),
    max_leaves=60,
)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path, catalogue_texts="outside") as made:
        yield made


@pytest.mark.requirement("results:cap")
async def test_too_large_is_cut_said_and_kept_whole(desk: Demo) -> None:
    post = int((await desk.do("wp_posts_create", title="Long", content=LONG))["changes"][0]["id"])
    call = Call(local_principal(), "wp_posts_get", {"id": post}, "http")
    result = await desk.app.road.invoke(call)
    got = result.data
    assert size_of(got) < MOST + 2000
    assert got["rest"]["left_out"] == {"content": len(LONG) - got["content"].index("… [cut here")}
    assert "more characters]" in got["content"]
    schema = desk.app.services.get(Registry).tool("wp_posts_get").whole_output_schema
    Draft202012Validator(schema).validate(got)  # pyright: ignore[reportUnknownMemberType] # untyped
    wire = await of_result(result, Files(desk.app.services), local_principal())
    assert wire["content"][-1]["uri"] == got["rest"]["resource"]
    reader = Reader(desk.app.road, local_principal(), "http")
    _, whole, untrusted = await reader.read(got["rest"]["resource"])
    assert whole["content"] == LONG
    assert untrusted
    for who in (
        Principal("user:ada", "user", frozenset({"*"}), "Ada"),
        Principal(local_principal().id, "user", frozenset({"catalog:read"}), "less"),
    ):
        with pytest.raises(Refused) as refused:
            await Reader(desk.app.road, who, "http").read(got["rest"]["resource"])
        assert refused.value.code in {Code.NOT_FOUND, Code.FORBIDDEN}
    async with desk.app.services.get(Database).read() as conn:
        stored = json.dumps([list(map(str, row)) for row in (await conn.execute(kept_results.select())).all()])
    assert "Silk" not in stored


@pytest.mark.requirement("results:cap")
async def test_what_is_small_stays_as_it_is(desk: Demo) -> None:
    assert "rest" not in await desk.do("woo_products_list", limit=100)


@pytest.mark.requirement("results:cap")
@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=8), TREES, max_size=6), st.integers(2000, 20_000))
def test_any_result_is_cut_to_about_its_size_and_keeps_its_form(tree: dict[str, Any], most: int) -> None:
    cut, left = shortened(tree, most)
    if size_of(tree) <= most:
        assert (cut, left) == (tree, {})
        return
    assert size_of(cut) <= size_of(tree)
    check_form(tree, cut)


def check_form(whole: Any, cut: Any) -> None:
    """Objects keep their fields, lists the start of their rows, texts theirs; all else is as it was."""
    match whole:
        case dict():
            assert cut.keys() == whole.keys()
            for name, inner in whole.items():  # pyright: ignore[reportUnknownVariableType] # JSON tree
                check_form(inner, cut[name])
        case list():
            assert len(cut) <= len(whole)  # pyright: ignore[reportUnknownArgumentType]
            for inner, short in zip(whole, cut, strict=False):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                check_form(inner, short)
        case str():
            assert cut == whole or (cut.startswith(whole[:100]) and len(whole) > LEAST_TEXT)
        case _:
            assert cut == whole


@pytest.mark.requirement("results:cap")
def test_one_long_row_does_not_push_out_the_others() -> None:
    rows: list[dict[str, Any]] = [{"id": number, "name": "x" * 20} for number in range(50)]
    rows[3]["name"] = "y" * 5_000_000
    cut, left = shortened({"items": rows, "total": 50})
    assert len(cut["items"]) == 50
    assert [*left] == ["items.3.name"]
    many, left = shortened({"items": rows * 200})
    assert size_of(many) < MOST + 1000
    assert left["items"] == 10_000 - len(many["items"])


@pytest.mark.requirement("results:fields")
async def test_lists_give_the_fields_that_are_asked_for(desk: Demo) -> None:
    found = await desk.do("woo_coupons_list", fields=["code"])
    assert all(row.keys() == {"id", "code"} for row in found["items"])
    schema = desk.app.services.get(Registry).tool("woo_coupons_list").whole_output_schema
    Draft202012Validator(schema).validate(found)  # pyright: ignore[reportUnknownMemberType] # untyped
    refused = await desk.refused("woo_coupons_list", fields=["colour"])
    assert refused.code is Code.INVALID_ARGUMENTS
    assert "code" in refused.hint
