"""The key of this machine's user, and short-lived tickets that stand for it where a header can't be sent.

The key lies in the data folder, readable for its owner only. It is what stands between other users or pages on this
machine and a real shop until sign-in exists.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from ..context import Principal
from ..errors import Code, Refused

PREFIX = "dsk_local_"
TICKET_SECONDS = 30.0
TICKETS = 1_000


def key_path(data_dir: Path) -> Path:
    return data_dir / "local.key"


def local_key(data_dir: Path) -> str:
    """The key, made if there is none yet; several processes starting at once agree on one.

    Raises:
        Refused: NOT_CONFIGURED when the folder can't be written or the file holds no key.
    """
    path = key_path(data_dir)
    try:
        if not path.exists():
            _make(path)
        key = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        raise Refused(
            Code.NOT_CONFIGURED,
            "The local key can't be read or made in the data folder.",
            "Set DEVSKYY_DATA_DIR to a folder that this user may write.",
        ) from None
    if not key.startswith(PREFIX) or len(key) < len(PREFIX) + 40:
        raise Refused(
            Code.NOT_CONFIGURED,
            "The file local.key in the data folder does not hold a key.",
            "Delete it; a new key is made at the next start.",
        )
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".local.key.{secrets.token_hex(8)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(PREFIX + secrets.token_urlsafe(32) + "\n")
    try:
        # A link appears whole or not at all, and never replaces the key of a process that was faster.
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def same(given: str, expected: str) -> bool:
    """Compare secrets in constant time; any text may be given."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


class Tickets:
    """Single-use stand-ins for a login, in memory: a browser's WebSocket can't send a header."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._open: dict[str, tuple[float, Principal]] = {}

    def issue(self, principal: Principal) -> str:
        """A ticket for this principal, good once and for 30 seconds."""
        at = self.clock()
        self._open = {ticket: entry for ticket, entry in self._open.items() if entry[0] > at}
        if len(self._open) >= TICKETS:
            raise Refused(Code.RATE_LIMITED, "Too many tickets are open.", retry_after=TICKET_SECONDS)
        ticket = secrets.token_urlsafe(32)
        self._open[ticket] = (at + TICKET_SECONDS, principal)
        return ticket

    def redeem(self, ticket: str) -> Principal | None:
        """Whose ticket it is; None when it is unknown, used or late."""
        until, principal = self._open.pop(ticket, (0.0, None))
        return principal if until > self.clock() else None
