"""How what lets somebody in is kept: as a hash, so that a copy of the database lets nobody in."""

from __future__ import annotations

import hashlib


def hashed(secret: str) -> str:
    """SHA-256 in hex. For what this server has made at random (80 bits or more), which needs no salt and no slowness;
    passwords are argon2id's.
    """
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
