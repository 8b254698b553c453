"""The key of this machine's user, and what is sealed with it.

The key lies in the data folder, readable for its owner only. It is what stands between other users or pages on this
machine and a real shop where nobody signs in.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import Code, Refused

PREFIX = "dsk_local_"


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


class Seal:
    """Short texts that every server with this key knows as its own, for a while: none of them remembers any.

    Args:
        key: the local key, which the servers of one data folder share.
        use: what the texts are for; those of another use are not known.
        clock: seconds since the epoch.
    """

    def __init__(self, key: str, use: str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._key = hmac.digest(key.encode(), f"devskyy {use}".encode(), "sha256")

    def seal(self, text: str, seconds: float) -> str:
        """The text with its end and a signature, of characters that a cookie may have."""
        body = base64.urlsafe_b64encode(f"{self.clock() + seconds:.3f} {text}".encode()).decode().rstrip("=")
        return f"{body}.{self.sign(body)}"

    def open(self, sealed: str) -> str | None:
        """The text; None when it was sealed by nobody with this key, or is too old."""
        body, _, signature = sealed.partition(".")
        if not same(signature, self.sign(body)):
            return None
        until, _, text = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode().partition(" ")
        return text if float(until) > self.clock() else None

    def sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(errors="replace"), "sha256").hexdigest()
