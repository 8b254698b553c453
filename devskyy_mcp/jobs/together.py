"""Group commit: what several tasks want written at the same moment goes into one transaction, with one wait for the
disk and a statement for all instead of one for each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio

Given = TypeVar("Given")
Found = TypeVar("Found")
AT_ONCE = 64


@dataclass(eq=False)
class _Wish(Generic[Given, Found]):
    given: Given
    found: list[Found] | None = None
    error: Exception | None = None

    @property
    def open(self) -> bool:
        return self.found is None and self.error is None


class Together(Generic[Given, Found]):
    """Whoever comes while a transaction is under way waits for it, and the next one takes all who wait.

    Args:
        work: does it for several in one transaction; gives an answer for each. What it raises, all of them get.
    """

    def __init__(self, work: Callable[[Sequence[Given]], Awaitable[Sequence[Found]]]) -> None:
        self._work = work
        self._turn = anyio.Lock()
        self._waiting: list[_Wish[Given, Found]] = []

    async def __call__(self, given: Given) -> Found:
        wish: _Wish[Given, Found] = _Wish(given)
        self._waiting.append(wish)
        try:
            async with self._turn:
                while wish.open:
                    await self._serve(self._waiting[:AT_ONCE])
        finally:
            if wish in self._waiting:  # cancelled: the others are served by the next
                self._waiting.remove(wish)
        if wish.found is None:
            assert wish.error is not None
            raise wish.error
        return wish.found[0]

    async def _serve(self, wishes: Sequence[_Wish[Given, Found]]) -> None:
        try:
            answers = await self._work([wish.given for wish in wishes])
            for wish, answer in zip(wishes, answers, strict=True):
                wish.found = [answer]
        except Exception as error:
            for wish in wishes:
                wish.error = error
        self._waiting = [wish for wish in self._waiting if wish.open]
