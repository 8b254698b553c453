"""Settings, read from the environment and from ``.env`` in the working folder.

``.env.example`` is generated from them (``make env-example``) and a test keeps the two equal.
"""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from .keeping import KeepingSettings
from .providers import ProviderSettings
from .server import ServerSettings
from .shop import ShopSettings
from .weak import weakness
from .work import WorkSettings

__all__ = ["UPLOAD_LIMIT", "Settings", "weakness"]

UPLOAD_LIMIT = 25 * 1024 * 1024
"""Bytes of a picture that this server takes."""


class Settings(KeepingSettings, ProviderSettings, WorkSettings, ShopSettings, ServerSettings):
    """Everything an operator can set, in the order of the groups from the last. Empty values count as unset."""

    model_config = SettingsConfigDict(defer_build=False)

    @property
    def checkpoint_file(self) -> Path:
        return self.audit_checkpoint_file or self.data_dir / "audit-checkpoints.jsonl"
