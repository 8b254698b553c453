"""Declares the tools for pictures and films."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from devskyy_mcp.capability import Pack, Queue
from devskyy_mcp.context import Services

from .credentials import credentials
from .duplicates import duplicates
from .films import films
from .garments import QUEUE, garments
from .generate import generated_media
from .lookbooks import lookbooks
from .pictures import pictures
from .sheets import sheets

if TYPE_CHECKING:
    from devskyy_tools.studio.providers.port import Provider


def provide(services: Services) -> None:
    """Who makes pictures and films for money; nothing of theirs is loaded before its first use."""
    from devskyy_tools.studio.providers.registry import provide as known

    known(services, "fashn", _fashn)
    known(services, "openai", _openai)
    known(services, "google", _google)


def _fashn(services: Services) -> Provider:
    from .generators.fashn import Fashn

    return Fashn(services)


def _openai(services: Services) -> Provider:
    from .generators.openai import OpenAI

    return OpenAI(services)


def _google(services: Services) -> Provider:
    from .generators.google import Google

    return Google(services)


pack = Pack(
    "media",
    [pictures, duplicates, sheets, films, lookbooks, credentials, garments, generated_media],
    provides=provide,
    queues=[Queue(QUEUE, concurrency=6, rate=(40, 60.0))],  # FASHN takes 50 runs a minute
    phrases=Path(__file__).with_name("phrases.toml"),
)
