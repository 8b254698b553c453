"""Amounts of money: exact decimals in, exact decimals out, and never a guess about what was meant.

The shop's own API takes ``"abc"`` for an empty price and ``"1,234.50"`` for 1234.50, both without a word.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from devskyy_mcp.errors import Code, Refused

PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,4})?$"
_FORM = re.compile(PATTERN)
_GROUPED = re.compile(r"^\d{1,3}([,' ]\d{3})+(\.\d+)?$")
_COMMA = re.compile(r"^\d+,\d+$")
_SIGNS = "€$£¥"
MOST_DIGITS = 40
"""Of an amount, before its decimal point or behind it."""


def problem(value: object) -> str:
    """What is wrong with the value as an amount of money, in a sentence that says the right form; empty when right."""
    if isinstance(value, Decimal):
        value = format(value, "f")
    if isinstance(value, bool) or value is None:
        return 'An amount is a string such as "19.90".'
    if isinstance(value, float):
        return f'Write the amount as a string, "{value:.2f}", not as a number: a float is not exact.'
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str):
        return 'An amount is a string such as "19.90".'
    return "" if _FORM.fullmatch(value) and not value.endswith("\n") else _wrong_text(value.strip())


def _wrong_text(text: str) -> str:
    if not text:
        return 'An amount can\'t be empty; write it as "19.90".'
    if _GROUPED.match(text):
        right = text.translate({ord(sign): None for sign in ",' "})
        return f"Write {right} without thousands separators."
    if _COMMA.match(text):
        return f"Write {text.replace(',', '.')} with a decimal point."
    if text.startswith("-"):
        return "An amount can't be negative."
    if text.strip(_SIGNS).strip() != text and _FORM.fullmatch(text.strip(_SIGNS).strip()):
        return f"Write {text.strip(_SIGNS).strip()} without a currency sign."
    if re.match(r"^\d+(\.\d+)?[eE][+-]?\d+$", text):
        return 'Write the amount with all its digits, such as "1000.00", without an exponent.'
    if re.match(r"^\d+\.\d{5,}$", text):
        return "An amount has at most 4 decimals."
    return 'That is no amount; write digits with a decimal point, such as "19.90".'


def parse(value: object, field: str, decimals: int | None = None) -> Decimal:
    """The amount.

    Raises:
        Refused: INVALID_ARGUMENTS, saying the right form; also when there are more than ``decimals`` decimals.
    """
    wrong = problem(value)
    if not wrong and decimals is not None and places(Decimal(str(value))) > decimals:
        wrong = (
            f"This shop's amounts have {decimals} decimals." if decimals else "This shop's amounts have no decimals."
        )
    if wrong:
        raise Refused(Code.INVALID_ARGUMENTS, f"{field}: {wrong}", details={"field": field})
    return Decimal(str(value))


def places(amount: Decimal) -> int:
    """Number of decimals that matter: 1.500 has one."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def amount_or_none(value: object) -> Decimal | None:
    """What the shop states as an amount; None for empty or anything else."""
    try:
        return Decimal(str(value)) if value not in ("", None) and not isinstance(value, bool) else None
    except ArithmeticError:
        return None


def text(amount: Decimal, decimals: int = 2) -> str:
    """The amount as the shop writes it: with a decimal point, no separators, and at least ``decimals`` decimals.

    Raises:
        ArithmeticError: as ``rounded``.
    """
    return rounded(amount, max(decimals, places(amount)))


def rounded(amount: Decimal, decimals: int = 2) -> str:
    """The amount with so many decimals.

    Raises:
        ArithmeticError: for what no shop sells at; written out, 1e999999 would fill the memory.
    """
    if max(decimals, amount.adjusted()) > MOST_DIGITS:
        raise ArithmeticError
    return f"{amount:.{decimals}f}"


def money(amount: Decimal, currency: str = "", decimals: int = 2) -> str:
    """The amount for people: ``19.90 EUR``."""
    return f"{text(amount, decimals)} {currency}".strip()


def percent_move(old: Decimal, new: Decimal) -> Decimal | None:
    """By how many percent ``new`` differs from ``old``; None when old is zero."""
    return None if not old else (new - old) / old * 100


def moved_by(amount: Decimal, percent: Decimal, decimals: int = 2) -> Decimal:
    """The amount moved by a percentage, rounded half up to the shop's decimals."""
    return (amount * (100 + percent) / 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _validate(value: Any) -> Decimal:
    wrong = problem(value)
    if wrong:
        raise PydanticCustomError("money", "{problem}", {"problem": wrong})
    return Decimal(str(value))


Money = Annotated[
    Decimal,
    BeforeValidator(_validate),
    PlainSerializer(lambda amount: text(amount), return_type=str),
    WithJsonSchema({"type": "string"}),
]
"""An amount as a tool's argument: a JSON string (or whole number) such as "19.90"."""
