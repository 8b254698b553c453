"""JSON as it is read from outside: one meaning or a refusal."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn, cast

import anyio
import anyio.to_thread

from ..db.cache import Cache
from ..errors import Code, Refused
from ..guard.limits import Limiter

DEPTH = 64
VALUES = 250_000
BIG = 128 * 1024
BIG_RATE = (0.2, 10)
"""Bodies above BIG bytes that a principal may send, a second on average and at once."""
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|$)', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")


def parse(text: bytes | str) -> Any:
    """The JSON value.

    Raises:
        Refused: INVALID_ARGUMENTS for what is not JSON, names given twice, NaN or Infinity, half characters (lone
            surrogates), nesting deeper than 64 and more than 250,000 values.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode()
        if text.count("[") + text.count("{") > DEPTH or text.count(",") > VALUES:
            _check_size(text)
        value = _decoder.decode(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise _refused("it is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        position = f" (character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise _refused(f"it can't be read{position}") from None
    return value


def parse_object(text: bytes | str) -> dict[str, Any]:
    """The JSON object.

    Raises:
        Refused: as ``parse``, and for any other JSON value.
    """
    return an_object(parse(text))


def an_object(value: object) -> dict[str, Any]:
    """The value, if it is a JSON object."""
    if not isinstance(value, dict):
        raise _refused("it must be an object")
    return cast("dict[str, Any]", value)


class BigBodies:
    """Reads JSON from requests: a large one in a thread, one at a time, and of each principal a few.

    What a megabyte of JSON costs, others wait for; a call costs a thousandth of it.

    Args: ``cache`` counts.
    """

    def __init__(self, cache: Cache) -> None:
        self._limit = Limiter(*BIG_RATE, cache, "big-bodies")
        self._one: anyio.CapacityLimiter | None = None

    async def parse(self, text: bytes | str, principal: str) -> Any:
        """As ``parse``.

        Raises:
            Refused: RATE_LIMITED when the principal sends too many large ones.
        """
        if len(text) <= BIG:
            return parse(text)
        await self._limit.hit(principal)
        self._one = self._one or anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(parse, text, limiter=self._one)


def _check_size(text: str) -> None:
    """Count brackets and commas outside of strings, before a parser makes objects of them; linear, and mostly in C."""
    bare = _STRINGS.sub("", text)
    if bare.count(",") > VALUES:
        raise _refused(f"it has more than {VALUES} values")
    if max(accumulate(map(_STEPS.__getitem__, _NOT_BRACKETS.sub("", bare))), default=0) > DEPTH:
        raise _refused(f"it is nested deeper than {DEPTH}")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refused("a name is given twice in one object")
    return found


def _constant(_name: str) -> NoReturn:
    raise _refused("NaN and Infinity are not JSON")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _refused("a number is too large")
    return value


def _refused(why: str) -> Refused:
    return Refused(Code.INVALID_ARGUMENTS, f"The JSON is not accepted: {why}.", "Send one JSON object in UTF-8.")


_decoder = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_constant, parse_float=_number)
