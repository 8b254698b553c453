"""Cursors of lists that go from the newest row to the oldest: the last row's time and id as one text."""

from __future__ import annotations

import base64
import json
import re
from typing import TypeVar

from .errors import Code, Refused

Id = TypeVar("Id", str, int)
LARGEST = 2**63 - 1
ID = re.compile(r"[A-Za-z0-9_.]{1,80}")


def cursor_of(at: int, row: str | int) -> str:
    """The cursor behind the row with that time (microseconds) and id."""
    return base64.urlsafe_b64encode(json.dumps([at, row]).encode()).decode().rstrip("=")


def position(cursor: str, kind: type[Id]) -> tuple[int, Id]:
    """The time and id that a cursor stands for.

    Raises:
        Refused: INVALID_ARGUMENTS for a cursor that is none of this list's.
    """
    try:
        at, row = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if type(at) is int and type(row) is kind and _is_one(at) and _is_one(row):
            return at, row
    except (ValueError, TypeError, RecursionError):
        pass
    raise Refused(
        Code.INVALID_ARGUMENTS, "This cursor is none of this list's.", "Take it from next_cursor, or leave it out."
    )


def _is_one(part: str | int) -> bool:
    """Whether it can be a time or an id; a text may hold what no database takes."""
    return abs(part) <= LARGEST if isinstance(part, int) else bool(ID.fullmatch(part))
