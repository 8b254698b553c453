from __future__ import annotations

from typing import Any

import pytest

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import ALL, check_more, collections, describe
from devskyy_tools.shop.fields import check_params, schema_of


@pytest.mark.requirement("shop:more-fields")
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"colour": "red"}, "colour is not a field"),
        ({"regular_prise": "5"}, "did you mean regular_price?"),
        ({"price": "5"}, "price is read-only"),
        ({"permalink": "x"}, "permalink is read-only"),
        ({"parent_id": 5}, "computed by the shop"),
        ({"menu_order": "first"}, "menu_order must be a whole number"),
        ({"menu_order": True}, "menu_order must be a whole number"),
        ({"catalog_visibility": "everywhere"}, "must be one of visible, catalog, search, hidden"),
        ({"dimensions": {"lenght": "1"}}, "did you mean length?"),
        ({"dimensions": {"length": 1}}, "dimensions.length must be text"),
        ({"images": [{"alt": 5}]}, "images.0.alt must be text"),
        ({"status": "trash"}, "status must be one of"),
    ],
)
def test_wrong_fields_are_named_before_anything_is_sent(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused) as caught:
        check_more(collections.PRODUCTS, fields)
    assert caught.value.code is Code.INVALID_ARGUMENTS
    assert says in caught.value.message
    assert not caught.value.message.endswith("?.")
    assert "regular_price" in caught.value.hint  # tells the fields that there are


@pytest.mark.requirement("shop:more-fields")
def test_right_fields_pass() -> None:
    fields: dict[str, Any] = {
        "dimensions": {"length": "1"},
        "images": [{"id": 5, "alt": "a"}],
        "low_stock_amount": None,
        "meta_data": [{"key": "fit", "value": {"cut": "slim"}}],
    }
    assert check_more(collections.PRODUCTS, fields) == fields


@pytest.mark.requirement("shop:list-parameters")
def test_unknown_list_parameters_are_refused() -> None:
    assert check_params(collections.ORDERS, {"status": "processing", "search": ""}) == {"status": "processing"}
    for unknown in ("colour", "meta_key", "transaction_id"):
        with pytest.raises(Refused, match=f"can't be listed by {unknown}"):
            check_params(collections.ORDERS, {unknown: "red"})


@pytest.mark.parametrize("name", ALL)
def test_every_collection_has_a_schema_and_a_description(name: str) -> None:
    collection = ALL[name]
    schema = schema_of(collection)
    assert schema["fields"]
    described = describe(collection)["fields"]
    assert described or all(field.get("readonly") for field in schema["fields"].values())
    assert not any(field.get("readonly") for field in described.values())
    for named in (collection.key, collection.title):
        assert not named or named in schema["fields"]
    for field in (*collection.raw, *collection.lines, *collection.unordered, *collection.clears_with_empty):
        assert field in schema["fields"], field
    for field, drags in collection.implies.items():
        assert {field, *drags} <= set(schema["fields"])
    assert set(collection.every) <= set(schema["list"])
