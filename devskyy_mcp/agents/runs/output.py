"""What a run delivers: one JSON object after the agent's schema (JSON Schema 2020-12)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

TOLD = 8
"""Errors that are told at once."""
_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)


def object_in(text: str) -> dict[str, Any] | None:
    """The JSON object that an answer is, or ends with in a fence; None for another."""
    for part in (text, *reversed(_FENCE.findall(text))):
        try:
            found = json.loads(part.strip())
        except ValueError:
            continue
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
    return None


def errors(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What of the value does not fit, each with its place; empty when it fits."""
    from jsonschema import Draft202012Validator

    found = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda error: list(map(str, error.path)))  # pyright: ignore[reportUnknownMemberType] # untyped there
    return [f"{_place(error)}: {_words(error)}" for error in found[:TOLD]]


def _place(error: Any) -> str:
    return "/".join(str(part) for part in error.absolute_path) or "(the object itself)"


def _words(error: Any) -> str:
    """The error's words, which quote the value: no longer than it helps."""
    text: str = error.message
    return text if len(text) <= 200 else f"{text[:100]} … {text[-90:]}"
