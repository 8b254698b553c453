"""Marks in the place of personal data, for as long as a text is with a model's provider; put back afterwards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, cast

from ...guard.redact import redactor

MARK = re.compile(r"\[(?:email|phone|name|address):[0-9a-f]{10}\]")
_DIGITS = re.compile(r"\d[ ().\-/\d\u00a0\u2009\u202f]{5}")


class Marks:
    """Marks of one run. Equal values have equal marks.

    Args:
        salt: the run's own.
    """

    def __init__(self, salt: str) -> None:
        self.salt = salt
        self.values: dict[str, str] = {}
        """What each mark stands for."""

    def hide(self, text: str) -> str:
        """The text with marks for e-mail addresses, phone numbers and what is known of customers. Secrets of this
        installation are gone for good.
        """
        from ...guard import patterns as seen

        text = redactor.known.replace(text, self._mark)
        if "@" in text:
            text = seen.EMAIL.sub(lambda found: self._mark("email", found[0]), text)
        if _DIGITS.search(text):
            text = seen.PHONE.sub(self._phone, text)
        return text

    def _phone(self, found: re.Match[str]) -> str:
        from ...guard.phones import number_in

        before = found.string[max(0, found.start() - 16) : found.start()]
        number = number_in(found[0], before, redactor.known.countries)
        return self._mark("phone", found[0]) if number else found[0]

    def _mark(self, kind: str, value: str) -> str:
        if kind == "secret":
            return "[secret]"
        digest = hashlib.sha256(f"{self.salt}|{kind}|{value}".encode(errors="replace")).hexdigest()[:10]
        mark = f"[{kind}:{digest}]"
        self.values[mark] = value
        return mark

    def show(self, value: Any) -> Any:
        """The JSON tree or text with what the marks stand for; marks that are nobody's stay."""
        if isinstance(value, str):
            return MARK.sub(lambda found: self.values.get(found[0], found[0]), value)
        if isinstance(value, Mapping):
            return {name: self.show(inner) for name, inner in cast("Mapping[str, Any]", value).items()}
        if isinstance(value, list):
            return [self.show(inner) for inner in cast("list[Any]", value)]
        return value
