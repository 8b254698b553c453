"""Secrets that the shop shows once: they go from its answer into a file, past models, journal and log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .collections import APP_PASSWORDS

SHOWN_ONCE = {APP_PASSWORDS.name: "password"}
"""By collection the field of a create's answer that nobody but a person at this machine may see."""


def take(folder: Path, collection: str, answer: dict[str, Any], name: str) -> str:
    """Move the secret out of the answer into a file of its own; says where it is, or nothing where there is none.

    Args:
        folder: where such files are; made, for this process' user alone, if missing.
        collection: whose create was answered.
        answer: the shop's; the secret is taken out of it.
        name: of the file, unique.
    """
    secret = answer.pop(SHOWN_ONCE.get(collection, ""), None)
    if not isinstance(secret, str):
        return ""
    path = folder / f"{name}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(f"{secret}\n")
    except OSError:
        return "The password could not be stored and is lost: delete this one and make another."
    return f"The password is in {path}, on the machine of this server: read it there, then delete the file."
