"""The six providers, each by its official SDK, which is imported when the first call of that provider is made.

Each module here that bears a provider's name has ``adapter(key, url)``, which makes a ``Provider``; the module imports
its SDK at its top, and is itself imported by ``load`` only.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from importlib import import_module
from typing import cast
from urllib.parse import urlsplit

import anyio.to_thread

from devskyy_mcp.config import Settings
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.llm.port import NAMES, Name, Provider


@dataclass(frozen=True, slots=True)
class About:
    """What people are told of a provider: its name, and where its keys come from."""

    title: str
    site: str


ABOUT: dict[Name, About] = {
    "openai": About("OpenAI", "https://platform.openai.com"),
    "anthropic": About("Anthropic", "https://platform.claude.com"),
    "google": About("Google", "https://aistudio.google.com"),
    "mistral": About("Mistral", "https://console.mistral.ai"),
    "cohere": About("Cohere", "https://dashboard.cohere.com"),
    "groq": About("Groq", "https://console.groq.com"),
}
_loading = threading.Lock()
"""Two SDKs at once would only wait for each other: importing holds the interpreter."""


def configured(settings: Settings) -> tuple[Name, ...]:
    """The providers that may be asked: those with a key that are not switched off."""
    return tuple(name for name in NAMES if keyed(name, settings) and _enabled(name, settings))


async def load(name: Name, settings: Settings) -> Provider:
    """An adapter with connections of its own; its SDK is imported beside the event loop, once in a process.

    Raises:
        Refused: NOT_CONFIGURED where there is no key, the provider is switched off, or its address is none.
    """
    about, word = ABOUT[name], name.upper()
    if not _enabled(name, settings):
        message = f"{about.title}'s language models are switched off on this server. Nothing was sent."
        raise Refused(Code.NOT_CONFIGURED, message, f"Set ENABLE_{word}=true and start the server again.")
    key = keyed(name, settings)
    if not key:
        message = f"This server has no key of {about.title}. Nothing was sent."
        raise Refused(
            Code.NOT_CONFIGURED, message, f"Set {word}_API_KEY (from {about.site}) and start the server again."
        )
    url = str(getattr(settings, f"{name}_url"))
    if not _usable(url):
        message = f"{about.title} has no usable address: it must be like https://example.com."
        raise Refused(
            Code.NOT_CONFIGURED, message, f"Correct {word}_BASE_URL; it holds no user name, password or query."
        )
    return await anyio.to_thread.run_sync(_load, name, key, url.rstrip("/"))


def _load(name: Name, key: str, url: str) -> Provider:
    with _loading:
        module = import_module(f"{__name__}.{name}")
    return cast("Provider", module.adapter(key, url))


def keyed(name: Name, settings: Settings) -> str:
    """The provider's key; empty where there is none."""
    held = getattr(settings, f"{name}_api_key")
    return held.get_secret_value().strip() if held else ""


def _enabled(name: Name, settings: Settings) -> bool:
    return bool(getattr(settings, f"enable_{name}"))


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(whole) and not (parts.username or parts.password or parts.query or parts.fragment)
