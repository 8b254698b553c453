"""The key ring: keys that seal the database's own keys, and are never in the database themselves."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from devskyy_mcp.errors import Code, Refused

from .files import make_once, replace

VARIABLE = "ENCRYPTION_MASTER_KEY"
FILE = "master.key"
_SALT = b"devskyy key-encryption key"


class Keyring:
    """Keys by their ids. Read, and where there is none made, at first use.

    Args:
        given: one key or several, separated by commas, the newest first; what ENCRYPTION_MASTER_KEY holds.
        file: where they lie when none are given, one a line, the newest first.
    """

    def __init__(self, given: str | None = None, file: Path | None = None) -> None:
        self._given = given
        self.file = None if given else file
        self._keys: dict[str, bytes] = {}

    @classmethod
    def usual(cls, folder: Path | None) -> Keyring:
        """Of the environment's ENCRYPTION_MASTER_KEY, or of the file in the folder."""
        return cls(os.environ.get(VARIABLE), folder / FILE if folder else None)

    @property
    def source(self) -> str:
        """Where the keys come from, in words."""
        return str(self.file) if self.file else VARIABLE

    @property
    def kids(self) -> list[str]:
        """The keys' ids, the newest first.

        Raises:
            Refused: NOT_CONFIGURED without a key.
        """
        return list(self._loaded())

    @property
    def newest(self) -> str:
        """The id of the key that `devskyy keys rotate` puts in use."""
        return self.kids[0]

    def key(self, kid: str) -> bytes | None:
        """The 32 bytes of a key; None for one that is not on the ring. A file is read again for a key it may have got
        meanwhile.
        """
        if kid not in self._loaded() and self.file is not None:
            self._keys = {}
        return self._loaded().get(kid)

    def add(self) -> str:
        """Put a new key in front, in the file; its id.

        Raises:
            Refused: NOT_CONFIGURED when the keys come from the environment, or the file can't be written.
        """
        if self.file is None:
            raise Refused(
                Code.NOT_CONFIGURED,
                f"The keys come from {VARIABLE}, which only you can change.",
                f"Put a new key in front, with a comma: {VARIABLE}=NEW,OLD. `openssl rand -base64 32` makes one.",
            )
        self._loaded()
        try:
            replace(self.file, _fresh() + self.file.read_bytes())
        except OSError:
            raise _unreadable(self.file) from None
        self._keys = {}
        return self.newest

    def _loaded(self) -> dict[str, bytes]:
        if not self._keys:
            keys = [derived(text) for text in self._texts()]
            self._keys = {kid_of(key): key for key in keys}
        return self._keys

    def _texts(self) -> list[str]:
        text = self._given or self._read()
        found = [part.strip() for line in text.splitlines() for part in line.split(",")]
        if not any(found):
            raise Refused(
                Code.NOT_CONFIGURED, f"{self.source} holds no key.", f"Set {VARIABLE}; `openssl rand -base64 32`."
            )
        return [part for part in found if part]

    def _read(self) -> str:
        if self.file is None:
            raise Refused(
                Code.NOT_CONFIGURED,
                f"{VARIABLE} is not set, and this database is not a file beside which a key could be kept.",
                f"Set {VARIABLE}, the same on every server; `openssl rand -base64 32` makes one.",
            )
        try:
            make_once(self.file, _fresh())
            return self.file.read_text(encoding="ascii", errors="replace")
        except OSError:
            raise _unreadable(self.file) from None


def _fresh() -> bytes:
    return secrets.token_urlsafe(32).encode() + b"\n"


def derived(text: str) -> bytes:
    """The key of a text, however that is spelt: HKDF's extraction (RFC 5869, section 2.2)."""
    return hmac.digest(_SALT, text.encode(), "sha256")


def kid_of(key: bytes) -> str:
    """The key's id: it tells nothing about the key."""
    return hashlib.sha256(b"kid " + key).hexdigest()[:12]


def _unreadable(file: Path) -> Refused:
    return Refused(
        Code.NOT_CONFIGURED,
        f"The key file {file} can't be read or made.",
        f"Let this user write its folder, or set {VARIABLE}.",
    )
