"""Takes secrets and personal data out of texts that are logged; one-way marks such as ``[email:3fa9c2d1]`` stay.

Known values come first: this installation's own secrets, and the names, addresses and numbers of customers that its
answers have held. Then patterns, each confirmed where there is a way: phone numbers by their numbering plan, cards by
Luhn (ISO/IEC 7812-1), IBANs by mod 97 (ISO 13616). Equal values have equal marks, so that lines can be matched.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, cast

from .known import Known

Key = Callable[[], bytes]
_DIGITS = re.compile(r"\d[ ().\-/\d\u00a0\u2009\u202f]{5}")
_LONG = re.compile(r"[\w-]{16}")
_FOURS = re.compile(r"[A-Za-z\d]{4} [A-Za-z\d]{4} [A-Za-z\d]{4} ")
_NAMES = ("pass", "pwd", "secret", "token", "key", "auth", "cookie", "session", "otp", "code_verifier", "assertion")
_SCHEMES = ("bearer", "basic", "digest", "token")
_PEOPLE = ("first_name", "last_name", "company", "address_1", "address_2", "phone", "email", "username")


class Redactor:
    """Replaces what must not be logged. Safe to call from any thread; never raises for a text."""

    def __init__(self, key: Key | None = None) -> None:
        fallback = secrets.token_bytes(32)
        self._make_key: Key = key or (lambda: fallback)
        self._key: bytes | None = None
        self.known = Known()

    def use(self, key: Key) -> None:
        """Mark with this key from now on; it is asked for with the first mark, not before."""
        self._make_key, self._key = key, None

    def learn_secret(self, value: str) -> None:
        """Remember a secret of this installation, however it may be spelled in a message."""
        if len(value) >= 6:
            self.known.add("secret", value)
            self.known.add("secret", value.replace(" ", ""))

    def learn_person(self, obj: Mapping[str, Any]) -> None:
        """Remember whom a shop's order, customer or address is about: names, streets, numbers."""
        for name in _PEOPLE:
            value = obj.get(name)
            if isinstance(value, str):
                self.known.add(_kind(name), value)
        self.known.add("name", f"{obj.get('first_name') or ''} {obj.get('last_name') or ''}".strip())
        country = obj.get("country")
        if isinstance(country, str):
            self.known.add_country(country)
        for part in ("billing", "shipping"):
            inner = obj.get(part)
            if isinstance(inner, Mapping):
                self.learn_person(cast("Mapping[str, Any]", inner))

    def __call__(self, text: str) -> str:
        """The text with marks in the place of what must not be logged."""
        from . import patterns as seen  # compiled with the first line, not at start

        text = self._without_secrets(self.known.replace(text, self.mark))
        if "@" in text or "%40" in text:
            text = seen.EMAIL.sub(lambda found: self.mark("email", found[0].replace("%40", "@").lower()), text)
        if _DIGITS.search(text):
            text = seen.IBAN.sub(lambda found: self._if(seen.is_iban(found[0]), "iban", found[0]), text)
            text = seen.CARD.sub(lambda found: self._if(seen.is_card(found[0]), "card", found[0]), text)
            text = seen.PHONE.sub(self._phone, text)
        return text

    def mark(self, kind: str, value: str) -> str:
        """``[kind:8 hex digits]`` of an HMAC-SHA256 under this installation's key."""
        if self._key is None:
            self._key = self._make_key()
        return f"[{kind}:{hmac.digest(self._key, value.encode(errors='replace'), 'sha256').hex()[:8]}]"

    def _if(self, sure: bool, kind: str, value: str) -> str:
        return self.mark(kind, re.sub(r"[ -]", "", value)) if sure else value

    def _without_secrets(self, text: str) -> str:
        """Each pattern is only tried where something of its kind may stand: most lines hold nothing of any."""
        from . import patterns as seen

        mark, small = self.mark, text.lower()
        if "://" in text and "@" in text:
            text = seen.CREDENTIALS.sub(lambda found: f"{mark('secret', found[1])}@", text)
        if any(word in small for word in _SCHEMES):
            text = seen.BASIC.sub(
                lambda found: f"{found[1]} {self._if(seen.is_token(found[2]), 'secret', found[2])}", text
            )
        if _LONG.search(text):
            text = seen.PRIVATE_KEY.sub(lambda found: mark("secret", found[0]), text) if "-----BEGIN" in text else text
            text = seen.KEYS.sub(lambda found: mark("secret", found[0]), text)
            text = seen.RANDOM.sub(lambda found: self._if(seen.is_random(found[0]), "secret", found[0]), text)
        if _FOURS.search(text):
            text = seen.APP_PASSWORD.sub(
                lambda found: self._if(seen.is_app_password(found[0]), "secret", found[0]), text
            )
        if any(word in small for word in _NAMES):
            text = seen.NAMED.sub(lambda found: found[1] + found[2] + mark("secret", found[3].strip("\"'")), text)
        return text

    def _phone(self, found: re.Match[str]) -> str:
        from .phones import number_in

        before = found.string[max(0, found.start() - 16) : found.start()]
        number = number_in(found[0], before, self.known.countries)
        return self.mark("phone", number) if number else found[0]


def _kind(name: str) -> str:
    if name in {"phone", "email"}:
        return name
    return "address" if name.startswith("address") else "name"


redactor = Redactor()
"""The process's own; logging and whoever reads customers' data share it."""
