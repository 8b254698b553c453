"""The key that seals questions on their way through the host; shared by all servers that may get the answer."""

from __future__ import annotations

import hmac
import secrets

from ...config import Settings
from ...db.vault.files import make_once

FILE = "state.key"
BYTES = 32


def state_secret(settings: Settings) -> bytes:
    """Of JWT_SECRET_KEY; without one, the key in the data folder, made at first use, readable by its owner only.

    Raises:
        OSError: when the folder can't be written.
    """
    if settings.jwt_secret_key is not None:
        given = settings.jwt_secret_key.get_secret_value()
        return hmac.digest(given.encode(), b"devskyy request state", "sha256")
    path = settings.data_dir / FILE
    make_once(path, secrets.token_bytes(BYTES))
    return path.read_bytes()
