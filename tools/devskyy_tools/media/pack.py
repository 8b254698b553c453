"""Declares the tools for pictures and films."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.capability import Pack

from .duplicates import duplicates
from .pictures import pictures
from .sheets import sheets

pack = Pack(
    "media",
    [pictures, duplicates, sheets],
    phrases=Path(__file__).with_name("phrases.toml"),
)
