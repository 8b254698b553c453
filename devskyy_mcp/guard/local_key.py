"""The key of this machine's user, and what is sealed with it.

The key lies in the data folder, readable for its owner only. It is what stands between other users or pages on this
machine and a real shop where nobody signs in.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from ..config import Settings
from ..db.vault.files import make_once
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
        make_once(path, f"{PREFIX}{secrets.token_urlsafe(32)}\n".encode())
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


def signing_secret(settings: Settings) -> str:
    """What signs that which comes back to this server only, such as tickets and the tokens of forms: JWT_SECRET_KEY,
    by which servers can stand in for each other, or the local key.

    Raises:
        Refused: as ``local_key``.
    """
    given = settings.jwt_secret_key
    return given.get_secret_value() if given else local_key(settings.data_dir)


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
        return self.seal_until(text, self.clock() + seconds)

    def seal_until(self, text: str, end: float) -> str:
        """The same with an end in seconds since the epoch."""
        body = base64.urlsafe_b64encode(f"{end:.3f} {text}".encode()).decode().rstrip("=")
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
