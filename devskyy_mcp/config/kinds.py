"""What the groups of settings have in common: how they are read, and lists that are written with commas."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def nothing() -> list[str]:
    """What such a list is by default; of ``list`` itself it takes a millisecond to find out its arguments."""
    return []


CommaList = Annotated[list[str], NoDecode, BeforeValidator(_split)]


class Group(BaseSettings):
    """Some of the settings. Only the whole of them is read, so only that is built."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", populate_by_name=True,
        defer_build=True,
    )  # fmt: skip
