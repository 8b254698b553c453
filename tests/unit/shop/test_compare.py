from __future__ import annotations

from typing import Any

import pytest

from devskyy_tools.shop import collections as at
from devskyy_tools.shop import compare


@pytest.mark.requirement("shop:compare")
@pytest.mark.parametrize(
    ("name", "asked", "found", "equal"),
    [
        ("regular_price", "30", "30.00", True),
        ("regular_price", "30", "", False),
        ("sku", "007", "7", False),
        ("sale_price", None, "", True),
        ("name", "A & B", "A &amp; B", True),
        ("name", " A  B ", "A B", True),
        ("name", "A", "B", False),
        ("manage_stock", False, 0, False),
        ("stock_quantity", 5, "5", True),
        ("date_on_sale_from", "2026-01-01", "2026-01-01T00:00:00", True),
        ("date_on_sale_from", "2026-01-01", "2026-01-02T00:00:00", False),
        ("tags", [{"id": 1}], [{"id": 1, "name": "x"}], True),
        ("tags", [], None, True),
        ("upsell_ids", [1, 2], [2, 1], False),
    ],
)
def test_values_are_compared_as_the_shop_keeps_them(name: str, asked: Any, found: Any, equal: bool) -> None:
    assert compare.same(asked, found, (name,)) is equal


def test_leaves_and_back() -> None:
    obj: dict[str, Any] = {
        "name": "x",
        "dimensions": {"length": "1", "width": ""},
        "meta_data": [{"id": 1, "key": "fit", "value": [1]}, {"id": 2, "key": "_edit_lock", "value": "9"}],
        "categories": [{"id": 5, "name": "Coats", "slug": "coats"}],
        "related_ids": [1, 2],
    }
    found = compare.leaves(at.PRODUCTS, obj)
    assert found == {
        ("name",): "x",
        ("dimensions", "length"): "1",
        ("dimensions", "width"): "",
        ("meta_data", "fit"): [1],
        ("categories",): [{"id": 5}],
    }
    assert compare.body_of(found)["meta_data"] == [{"key": "fit", "value": [1]}]
    assert compare.body_of(found)["dimensions"] == {"length": "1", "width": ""}


@pytest.mark.requirement("shop:inverse")
def test_inverse_of_lines() -> None:
    line = {"id": 7, "product_id": 12, "quantity": 2, "subtotal": "46.00", "total": "46.00"}
    before = compare.leaves(at.ORDERS, {"line_items": [line]})
    more = compare.leaves(at.ORDERS, {"line_items": [line, {**line, "id": 9}]})
    none = compare.leaves(at.ORDERS, {"line_items": []})
    changed = compare.leaves(at.ORDERS, {"line_items": [{**line, "quantity": 3}]})

    def back(after: compare.Leaves) -> Any:
        moved = compare.moved(at.ORDERS, before, after, {"line_items"})
        return compare.inverse(at.ORDERS, before, after, moved)

    assert back(more) == {"line_items": [{"id": 9, "quantity": 0}]}
    assert back(changed) == {"line_items": [{"id": 7, "quantity": 2}]}
    assert back(none) == {"line_items": [{key: value for key, value in line.items() if key != "id"}]}
    assert back(before) is None


@pytest.mark.requirement("shop:inverse")
def test_what_null_does_not_clear_is_cleared_with_an_empty_text() -> None:
    path: compare.Path = ("date_on_sale_from",)
    assert compare.inverse(at.PRODUCTS, {path: None}, {path: "2026-01-01"}, [path]) == {"date_on_sale_from": ""}


@pytest.mark.requirement("shop:inverse")
def test_stock_taken_by_a_sale_is_not_given_back_by_the_undo_of_a_price() -> None:
    before: compare.Leaves = {("regular_price",): "10", ("stock_quantity",): 5}
    after: compare.Leaves = {("regular_price",): "12", ("stock_quantity",): 4}
    assert compare.moved(at.PRODUCTS, before, after, {"regular_price"}) == {("regular_price",)}
    assert compare.moved(at.PRODUCTS, before, after, {"stock_quantity"}) == {("regular_price",), ("stock_quantity",)}
