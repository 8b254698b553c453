"""Prices that are set or moved, by percent or by amount, and what many of them come to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from devskyy_mcp.changes.model import Op
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import money
from devskyy_tools.shop.client import ShopClient

Json = dict[str, Any]
_NUMBER = r"[+-][0-9]{1,12}(?:\.[0-9]{1,4})?"
_MOVE = re.compile(rf"(?P<percent>{_NUMBER})%|by:(?P<amount>{_NUMBER})")
_SIGNED = re.compile(_NUMBER)


def _checked(text: str) -> str:
    if _MOVE.fullmatch(text):
        return text
    wrong = _wrong(text)
    if wrong:
        raise PydanticCustomError("money", "{problem}", {"problem": wrong})
    return text


def _wrong(text: str) -> str:
    if text.endswith("%"):
        return 'Write a percentage with its sign, such as "-15%" or "+10%".'
    if text.startswith("by:"):
        return 'Write a move by an amount with its sign, such as "by:-5.00" or "by:+2.50".'
    if _SIGNED.fullmatch(text):  # it could be meant either way, and a price is not to be guessed at
        down = text.startswith("-")
        meant = "An amount can't be negative." if down else f'Write "{text[1:]}" to set it.'
        return f'{meant} Write "by:{text}" to {"take that much off" if down else "add that much"}.'
    return money.problem(text)


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    wrong = _wrong(str(value)) if type(value) is int else money.problem(value)
    if wrong:
        raise PydanticCustomError("money", "{problem}", {"problem": wrong})
    return str(value)


def _checked_or_none(text: str) -> str:
    return text and _checked(text)


PriceMove = Annotated[
    str, Field(max_length=30), BeforeValidator(_as_text), AfterValidator(_checked), WithJsonSchema({"type": "string"})
]
"""An amount ("19.90"), or a move by percent ("-15%") or by amount ("by:+2.50")."""
PriceMoveOrNone = Annotated[
    str,
    Field(max_length=30),
    BeforeValidator(_as_text),
    AfterValidator(_checked_or_none),
    WithJsonSchema({"type": "string"}),
]
"""The same, or "" for none."""


def moved(text: str, base: Decimal, decimals: int) -> Decimal:
    """The price that ``text`` makes of ``base``, rounded half up to the shop's decimals; may be negative."""
    parts = _MOVE.fullmatch(text)
    if parts is None:
        return Decimal(text)
    if parts["percent"]:
        return money.moved_by(base, Decimal(parts["percent"]), decimals)
    return (base + Decimal(parts["amount"])).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


async def new_prices(client: ShopClient, obj: Json, fields: Json, label: str) -> Json:
    """The fields with prices as the shop takes them.

    A move of the regular price is from the present one; one of the sale price is from the regular price as it will be.

    Raises:
        Refused: INVALID_ARGUMENTS where there is no price to move, or it would fall below zero.
    """
    found = dict(fields)
    regular = money.amount_or_none(obj.get("regular_price"))
    for name in ("regular_price", "sale_price"):
        text = found.get(name)
        if text is None:
            continue
        if _MOVE.fullmatch(text):
            if regular is None:
                raise Refused(Code.INVALID_ARGUMENTS, f"{label}: it has no regular price to move from.")
            price = moved(text, regular, (await client.info()).decimals)
            if price < 0:
                raise Refused(Code.INVALID_ARGUMENTS, f"{label}: {text} would bring {name} below zero.")
            found[name] = money.text(price)
        if name == "regular_price":
            regular = money.amount_or_none(found[name])
    return found


def said(ops: Sequence[Op]) -> list[str]:
    """What happens to the prices of all, one phrase per field."""
    return [phrase for name in ("regular_price", "sale_price") if (phrase := _phrase(name, ops))]


def _phrase(name: str, ops: Sequence[Op]) -> str:
    pairs = [
        (money.amount_or_none(op.before.get(name)), money.amount_or_none(op.body[name]))
        for op in ops
        if name in op.body
    ]
    both = [(old, new) for old, new in pairs if old is not None and new is not None]
    parts: list[str] = []
    moves = [move for old, new in both if (move := money.percent_move(old, new)) is not None]
    if both:
        old, new = sum(old for old, _ in both), sum(new for _, new in both)
        by = f" by {min(moves):+.1f} % to {max(moves):+.1f} %" if moves else ""
        parts.append(f"moves{by} in {len(both)} (sum {money.text(Decimal(old))} → {money.text(Decimal(new))})")
    new = [new for old, new in pairs if old is None and new is not None]
    if new:
        parts.append(f"is set in {len(new)} ({money.text(min(new))} to {money.text(max(new))})")
    gone = sum(1 for old, new in pairs if old is not None and new is None)
    if gone:
        parts.append(f"ends in {gone}")
    return f"{name} {', '.join(parts)}" if parts else ""
