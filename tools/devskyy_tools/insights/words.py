"""What people mean when they send something back or write to the shop, told by the words of ``words.toml``."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

NO_CAUSE, OTHER = "not said", "other"
FULL = re.compile(r"order fully refunded", re.IGNORECASE)
"""What WooCommerce itself writes when an order's status is set to refunded."""


@cache
def _tables() -> dict[str, dict[str, re.Pattern[str]]]:
    import tomllib  # no host waits for it to see the tools

    found = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    return {
        table: {name: re.compile("|".join(words), re.IGNORECASE) for name, words in rows.items()}
        for table, rows in found.items()
    }


def topics() -> list[str]:
    return [*_tables()["topics"], OTHER]


def cause_of(reason: str) -> str:
    """Why something came back, by what was written."""
    if not reason.strip() or FULL.search(reason):
        return NO_CAUSE
    return _first("causes", reason)


def topic_of(text: str, subject: str = "") -> str:
    """What a message is about; its subject goes first."""
    found = _first("topics", subject) if subject else OTHER
    return found if found != OTHER else _first("topics", text)


def signs_of(text: str) -> list[str]:
    """What makes a message urgent."""
    plain = _plain(text)
    return [name for name, pattern in _tables()["urgent"].items() if pattern.search(plain)]


def calm(text: str) -> bool:
    return _first("calm", text) != OTHER


def _first(table: str, text: str) -> str:
    plain = _plain(text)
    return next((name for name, pattern in _tables()[table].items() if pattern.search(plain)), OTHER)


def _plain(text: str) -> str:
    """As it is matched: one form of each letter, one kind of apostrophe and space."""
    return " ".join(unicodedata.normalize("NFKC", text).replace("’", "'").split())
