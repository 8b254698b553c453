"""Files that hold a secret: made once, whole, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def make_once(path: Path, content: bytes) -> None:
    """Make the file unless it is there; processes that start at once agree on one.

    Raises:
        OSError: when the folder can't be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        return
    fresh = _written(path, content)
    try:
        # A link appears whole or not at all, and never replaces the file of a process that was faster.
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def replace(path: Path, content: bytes) -> None:
    """Put new content in the file's place, whole.

    Raises:
        OSError: when the folder can't be written.
    """
    _written(path, content).replace(path)


def _written(path: Path, content: bytes) -> Path:
    """The content, durably, in a file beside that path."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return fresh
