"""Which digits are phone numbers: candidates that look like no date, price or code, confirmed by libphonenumber.

It is loaded with the first candidate, which ordinary log lines don't have.
"""

from __future__ import annotations

import re

USUAL = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "AU")
"""Whose numbers are known when written without a country's prefix, beside the countries of customers."""
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2})(?:\D|$)"
)
_NO_NUMBER = re.compile(
    r"\d+\.\d+|\d{1,3}(?:[ .]\d{3})|\d{1,2}(?:[ .]\d{3}){2}|\d{1,3}(?:\.\d{1,3}){3}|(?:19|20)\d{2}[-/ ]\d+"
    r"|\d{1,3}(?:[ .]\d{3})+\.\d\d"
)
"""Decimals, amounts in groups, IPv4 addresses, numbers that begin with a year."""
_SAID = re.compile(
    r"(?:tel|phone|call|mobile?|cell|fax|sms|whatsapp|handy|telefon\w*|t[ée]l\w*)[\s.:=\"'(]*$", re.IGNORECASE
)
_LEAST, _MOST = 7, 15  # digits; ITU-T E.164


def number_in(text: str, before: str, countries: tuple[str, ...]) -> str:
    """The number in E.164 (``+33155010000``), or empty when the text is none.

    Args:
        text: digits with spaces, dots, dashes, slashes and brackets among them.
        before: what stands before it, where a word may say what it is.
        countries: ISO 3166 codes whose numbers may come without a prefix.
    """
    digits = re.sub(r"\D", "", text)
    if not _LEAST <= len(digits) <= _MOST + 2 or _DATE.match(text) or _NO_NUMBER.fullmatch(text):
        return ""
    if text.startswith("+"):
        return _valid(f"+{digits}", None)
    if digits.startswith("00"):
        return _valid(f"+{digits[2:]}", None)
    if not _national(text, digits, before):
        return ""
    loose = text.lstrip("(").startswith("0") or bool(_SAID.search(before))
    for region in dict.fromkeys((*USUAL, *countries)):
        found = _valid(text, region, grouped=not loose)
        if found:
            return found
    return ""


def _national(text: str, digits: str, before: str) -> bool:
    """Whether it is written as a number is: in groups, with a trunk's zero, or announced as one."""
    if _SAID.search(before):
        return True
    if text == digits:
        return digits.startswith("0") and 9 <= len(digits) <= 11
    return len(digits) >= 9


def _valid(text: str, region: str | None, *, grouped: bool = False) -> str:
    """The number in E.164, or empty; ``grouped`` takes only the groups that its country writes."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    form = phonenumbers.PhoneNumberFormat.NATIONAL
    if grouped and re.findall(r"\d+", text) != re.findall(r"\d+", phonenumbers.format_number(number, form)):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
