from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import Money, money

ADAPTER: TypeAdapter[Decimal] = TypeAdapter(Money)


@pytest.mark.requirement("shop:money")
@pytest.mark.parametrize(
    ("value", "exact"), [("19.90", "19.90"), ("0", "0"), (12, "12"), ("1234.5", "1234.5"), (Decimal("7.25"), "7.25")]
)
def test_amounts_are_exact(value: Any, exact: str) -> None:
    assert ADAPTER.validate_python(value) == Decimal(exact)


@pytest.mark.requirement("shop:money")
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "can't be empty"),
        ("abc", "no amount"),
        ("1,234.50", "Write 1234.50 without thousands separators"),
        ("1'234.50", "Write 1234.50 without thousands separators"),
        ("19,90", "Write 19.90 with a decimal point"),
        ("NaN", "no amount"),
        ("Infinity", "no amount"),
        ("-Infinity", "negative"),
        ("1e9", "without an exponent"),
        ("-5", "negative"),
        (-5, "negative"),
        ("€19.90", "Write 19.90 without a currency sign"),
        ("1.23456", "at most 4 decimals"),
        (19.9, 'as a string, "19.90"'),
        (True, "string such as"),
        (None, "string such as"),
        ("٣", "no amount"),
        (" 5", "no amount"),
        ("5\n", "no amount"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_right_form(value: Any, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python(value)
    assert says in caught.value.errors()[0]["msg"]
    with pytest.raises(Refused) as refused:
        money.parse(value, "regular_price")
    assert refused.value.code is Code.INVALID_ARGUMENTS
    assert says in refused.value.message


@pytest.mark.requirement("shop:money")
def test_decimals_are_the_shops() -> None:
    assert money.parse("1.500", "price", 1) == Decimal("1.5")
    with pytest.raises(Refused, match="no decimals"):
        money.parse("1.5", "price", 0)


def test_the_schema_is_small() -> None:
    assert ADAPTER.json_schema() == {"type": "string"}


def test_forms_and_moves() -> None:
    assert money.text(Decimal("5")) == "5.00"
    assert money.text(Decimal("5.125")) == "5.125"
    assert money.money(Decimal("20"), "EUR") == "20.00 EUR"
    assert money.percent_move(Decimal(20), Decimal(13)) == Decimal(-35)
    assert money.percent_move(Decimal(0), Decimal(13)) is None
    assert money.moved_by(Decimal("19.99"), Decimal(-10)) == Decimal("17.99")
    assert money.moved_by(Decimal("0.05"), Decimal(10), 1) == Decimal("0.1")


@pytest.mark.parametrize("amount", ["1e999999", "-1E+41", "1e-999999", "0e999999"])
def test_amounts_that_would_fill_the_memory_are_not_written_out(amount: str) -> None:
    with pytest.raises(ArithmeticError):
        money.text(Decimal(amount))
    assert money.text(Decimal("1e12")) == "1000000000000.00"
