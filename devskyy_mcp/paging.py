"""Cursors of lists that go from the newest row to the oldest: the last row's time and id as one text."""

from __future__ import annotations

import base64
import json
from typing import Any, TypeVar

from .errors import Code, Refused

Id = TypeVar("Id", str, int)
LARGEST = 2**63 - 1


def cursor_of(at: int, row: str | int) -> str:
    """The cursor behind the row with that time (microseconds) and id."""
    return base64.urlsafe_b64encode(json.dumps([at, row]).encode()).decode().rstrip("=")


def position(cursor: str, kind: type[Id], begins: tuple[str, ...] = ()) -> tuple[int, Id]:
    """The time and id that a cursor stands for.

    Args:
        cursor: as it came.
        kind: of the list's ids.
        begins: how its ids may begin, where they are texts.

    Raises:
        Refused: INVALID_ARGUMENTS for a cursor that is none of this list's.
    """
    at: Any
    row: Any
    try:
        at, row = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        at = row = None
    if type(at) is int and 0 <= at <= LARGEST and type(row) is kind and _may_be(row, begins):
        return at, row
    raise Refused(
        Code.INVALID_ARGUMENTS, "This cursor is none of this list's.", "Take it from next_cursor, or leave it out."
    )


def _may_be(row: Any, begins: tuple[str, ...]) -> bool:
    return row.startswith(begins) and row.isprintable() if isinstance(row, str) else 0 <= row <= LARGEST
