"""Declares the tools for pictures and films."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.capability import Pack, Queue
from devskyy_mcp.context import Services
from devskyy_tools.studio.providers.registry import provide

from .garments import QUEUE, garments
from .generate import generated_media
from .generators.fashn import Fashn
from .generators.google import Google
from .generators.openai import OpenAI


def provides(services: Services) -> None:
    """The providers of generated pictures and films; nothing is opened before their first use."""
    provide(services, "fashn", Fashn)
    provide(services, "openai", OpenAI)
    provide(services, "google", Google)


pack = Pack(
    "media",
    [garments, generated_media],
    provides=provides,
    queues=[Queue(QUEUE, concurrency=6, rate=(40, 60.0))],
    phrases=Path(__file__).with_name("phrases.toml"),
)
