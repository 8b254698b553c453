"""The key that seals questions on their way through the host; one per data folder, shared by its processes."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE = "state.key"
BYTES = 32


def state_secret(data_dir: Path) -> bytes:
    """The key in ``data_dir``, made at first use; readable by its owner only.

    Raises:
        OSError: when the folder can't be written.
    """
    path = data_dir / FILE
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Whole under another name first: two processes that start at once must end up with the same key.
        fresh = data_dir / f"{FILE}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
