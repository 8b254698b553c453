"""Passwords: which are taken, and their hashes (argon2id, RFC 9106, with OWASP's parameters: 19 MiB, 2 passes, 1 lane).

A hash costs about 50 ms of a core on purpose. One thread of low priority makes them, one after another, so that many
logins at once slow neither the event loop nor each other's neighbours.
"""

from __future__ import annotations

import asyncio
import os
import sys
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..errors import Code, Refused

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

SHORTEST = 12
"""Characters (NIST SP 800-63B asks for 8 at least; there are no rules on which)."""
LONGEST = 1024
"""Bytes in UTF-8."""
MOST_WAITING = 24
"""Logins that wait for their turn; whoever comes then is told to come back."""
RETRY_SECONDS = 2.0
NICENESS = 10
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$NqPlb5nO1AtIvtK/ExCWDg$w00B6ZNfbTXIWzXnJGYjBIPbnZqu8r5ZnmrL0e6FLXk"
"""The hash that is compared for logins that nobody has: of a random text that was thrown away."""


class Busy(Refused):
    """Too many logins at once; the HTTP status is 503 instead of the code's own."""

    @property
    def http_status(self) -> int:
        return 503


class Hasher:
    """Makes and compares hashes of passwords. ``waiting`` is how many calls may wait beside the one that runs."""

    def __init__(self, waiting: int = MOST_WAITING) -> None:
        self._waiting = waiting
        self._inside = 0
        self._one = ThreadPoolExecutor(1, "passwords", _give_way)

    async def hash(self, password: str) -> str:
        """The hash to store.

        Raises:
            Refused: RATE_LIMITED, with HTTP status 503, when too many wait.
        """
        return await self._run(lambda: _argon2().hash(_plain(password)))

    async def verify(self, stored: str | None, password: str) -> tuple[bool, str | None]:
        """Whether the password belongs to the hash, and a new hash where today's parameters are others.

        Args:
            stored: None where there is no such person: that takes as long and is never right.
            password: as typed.

        Raises:
            Refused: RATE_LIMITED, with HTTP status 503, when too many wait.
        """
        return await self._run(lambda: _verify(stored, password))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._inside > self._waiting:
            raise Busy(
                Code.RATE_LIMITED,
                "Too many people sign in at this moment.",
                f"Nothing is wrong with your password. Try again in {RETRY_SECONDS:.0f} seconds.",
                retry_after=RETRY_SECONDS,
            )
        self._inside += 1
        try:
            return await asyncio.wrap_future(self._one.submit(work))
        finally:
            self._inside -= 1


def _give_way() -> None:
    """Hashing yields to whatever else this machine does: on Linux a thread has a priority of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def _plain(password: str) -> str:
    """The same password on keyboards that write its characters in different ways (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@lru_cache(maxsize=1)
def _argon2() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _verify(stored: str | None, password: str) -> tuple[bool, str | None]:
    from argon2.exceptions import Argon2Error, InvalidHashError

    argon2, plain = _argon2(), _plain(password)
    try:
        argon2.verify(stored or NOBODY, plain)
    except (Argon2Error, InvalidHashError):
        return False, None
    if stored is None:
        return False, None
    return True, argon2.hash(plain) if argon2.check_needs_rehash(stored) else None


def too_long(password: str) -> bool:
    return len(password.encode(errors="replace")) > LONGEST


def check_rules(password: str, login: str) -> None:
    """Refuse passwords that are guessed first.

    Raises:
        Refused: INVALID_ARGUMENTS, saying which rule and what to do.
    """
    plain = _plain(password)
    if too_long(password):
        raise _unfit(f"The password has more than {LONGEST} bytes.", "Take a shorter one.")
    if len(plain) < SHORTEST:
        raise _unfit(
            f"The password has fewer than {SHORTEST} characters.", "Four or five words that don't belong together do."
        )
    known = plain.casefold().strip()
    whole = login.casefold()
    start = whole.partition("@")[0]
    if known in _common() or known in {whole, start * 2} or _repeats(known):
        raise _unfit("That password is among the first that anybody tries.", "Take one that only you would think of.")


def _repeats(text: str) -> bool:
    """Whether the text is a short one again and again, like abcabcabcabc."""
    return any(text == (text[:length] * len(text))[: len(text)] for length in range(1, 7))


def _unfit(what: str, hint: str) -> Refused:
    return Refused(Code.INVALID_ARGUMENTS, what, hint)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines())
