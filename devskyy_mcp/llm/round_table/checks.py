"""What an answer must be before anybody judges it: deterministic, and free."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from .brief import HardChecks, Language

_URL = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"')\]}]+", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?:[$€£¥]\s?(\d[\d.,\u2009\u00a0 ]*\d|\d))|(?:(\d[\d.,\u2009\u00a0 ]*\d|\d)\s?(?:[$€£¥]|EUR\b|USD\b|GBP\b|CHF\b))"
)
_WORD = re.compile(r"[^\W\d_]+")
_COMMON: dict[Language, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in cast(
        "dict[Language, str]",
        {
            "en": "the and of to in is with for that this it are you your from not have which",
            "de": "der die das und ist mit für nicht ein eine auf den dem sich von zu im ihr",
            "fr": "le la les et est avec pour des une un dans que qui vous votre pas du au",
            "es": "el la los y es con para de una un en que las por su del se al",
            "it": "il la e è con per di una un in che gli le del della si non tuo",
            "nl": "de het en is met voor van een in dat die niet op te zijn je uw aan",
            "pt": "o a os e é com para de uma um em que as do da não se seu",
        },
    ).items()
}
SURE = 8
"""Common words that it takes to say that a text is of another language."""


def failures(
    text: str, checks: HardChecks, schema: Mapping[str, Any] | None, mark: Callable[[str], str]
) -> tuple[str, ...]:
    """Why the answer is disqualified, a sentence each; empty when it may be judged.

    Args:
        text: the answer.
        checks: the brief's.
        schema: JSON Schema that it must follow.
        mark: takes secrets and personal data out of a text (``guard.redact``): what it would touch must not be there.
    """
    found = [*_length(text, checks), *_schema(text, schema)]
    found += [why for name, value in checks.facts.items() if (why := _fact(text, name, value))]
    found += [*_amounts(text, checks), *_forbidden(text, checks), *_links(text, checks)]
    if checks.language is not None and (other := other_language(text, checks.language)):
        found.append(f"It is written in {other}, not in {checks.language}.")
    allowed = _without(text, list(checks.facts.values()))
    if mark(allowed) != allowed:
        found.append("It holds what looks like a secret or a person's data.")
    return tuple(found)


def _length(text: str, checks: HardChecks) -> list[str]:
    size = len(text.strip())
    if size < checks.min_chars:
        return [f"It has {size} characters, and must have {checks.min_chars}."]
    if size > checks.max_chars:
        return [f"It has {size} characters, and may have {checks.max_chars}."]
    return []


def _schema(text: str, schema: Mapping[str, Any] | None) -> list[str]:
    if schema is None:
        return []
    from jsonschema import Draft202012Validator

    try:
        value = json.loads(text)
    except ValueError:
        return ["It is no JSON."]
    first: Any = next(iter(cast("Any", Draft202012Validator(schema)).iter_errors(value)), None)
    return [] if first is None else [f"It does not follow the schema at {first.json_path}."]


def _fact(text: str, name: str, value: str) -> str:
    if _stands(value, text):
        return ""
    return f"The fact {name} does not stand in it as given."


def _stands(value: str, text: str) -> bool:
    """Whether the value is there, whole: 129 is not in 1290, nor in 129.50."""
    pattern = r"\s+".join(re.escape(part) for part in value.split())
    return re.search(rf"(?<![\w]){pattern}(?![\w]|[.,]\d)", text, re.IGNORECASE) is not None


def _amounts(text: str, checks: HardChecks) -> list[str]:
    """Prices that are none of the facts', once there is one among them."""
    known = {amount for value in checks.facts.values() for amount in _money(value)}
    invented = sorted(_money(text) - known) if known else []
    return [f"It names a price that is none of the facts: {invented[0]}."] if invented else []


def _money(text: str) -> set[str]:
    return {_number(found[1] or found[2]) for found in _AMOUNT.finditer(text)}


def _number(text: str) -> str:
    """The amount as digits with a point, which is whichever of point and comma stands before the last two digits."""
    digits = re.sub(r"[\s\u00a0\u2009]", "", text)
    whole, cents = (digits[:-3], digits[-2:]) if re.search(r"[.,]\d\d$", digits) else (digits, "00")
    return f"{re.sub(r'[.,]', '', whole)}.{cents}"


def _forbidden(text: str, checks: HardChecks) -> list[str]:
    return [f"It says {word!r}, which is forbidden." for word in checks.forbidden if _stands(word, text)]


def _links(text: str, checks: HardChecks) -> list[str]:
    allowed = {host.lower().removeprefix("www.") for host in checks.link_hosts}
    hosts = {_host(found[0]) for found in _URL.finditer(text)}
    return [f"It links to {host or 'somewhere'}, which is not allowed." for host in sorted(hosts - allowed)][:3]


def _host(url: str) -> str:
    try:
        found = urlsplit(url if "://" in url else f"https://{url}").hostname or ""
    except ValueError:
        return ""
    return found.lower().removeprefix("www.").rstrip(".")


def other_language(text: str, wanted: str) -> Language | None:
    """The language that the text is clearly written in, when it is not the wanted one. Short texts tell none."""
    words = [word.casefold() for word in _WORD.findall(text[:20_000])]
    hits: dict[Language, int] = {name: sum(word in common for word in words) for name, common in _COMMON.items()}
    top: Language = max(hits, key=lambda name: (hits[name], name == wanted))
    return (
        top if top != wanted and hits[top] >= SURE and hits.get(cast("Language", wanted), 0) * 2 < hits[top] else None
    )


def _without(text: str, values: list[str]) -> str:
    """The text without what the brief itself asks to be there."""
    for value in values:
        text = re.sub(re.escape(value), "", text, flags=re.IGNORECASE)
    return text
