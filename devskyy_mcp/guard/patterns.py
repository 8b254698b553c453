"""What secrets, cards, IBANs, e-mail addresses and perhaps phone numbers look like. All are linear in the text."""

from __future__ import annotations

import re

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
CREDENTIALS = re.compile(r"(?<=://)([^\s/?#\"'<>@]+(?:@[^\s/?#\"'<>@]+)*)@")
BASIC = re.compile(r"\b(Bearer|Basic|Digest|Token)\s+([\w.~+/=-]{8,})", re.IGNORECASE)
KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"eyJ[\w-]{6,}(?:\.[\w-]+){1,4}"  # JWT, JWE
    r"|dsk_[\w-]{10,}"  # DevSkyy
    r"|(?:ck|cs)_[0-9a-f]{32,}"  # WooCommerce
    r"|sk-[\w-]{16,}"  # OpenAI, Anthropic (sk-ant-)
    r"|AIza[\w-]{30,}|AQ\.[\w-]{20,}"  # Google
    r"|gsk_\w{16,}"  # Groq
    r"|(?:tsk|msy|fa|xai|pplx|hf|glpat|whsec)[_-][\w-]{16,}"  # Tripo, Meshy, FASHN and others
    r"|(?:sk|rk|pk)_(?:live|test)_\w{10,}"  # Stripe
    r"|gh[pousr]_\w{20,}|xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}"
    r")"
)
NAMED = re.compile(
    r"(?<![a-z])((?:pass(?:word|wd|phrase)?|pwd|(?:client|app|consumer|shared)?[_-]?secret(?:[_-]?key)?"
    r"|(?:x[_-])?api[_-]?key|consumer[_-]?key|private[_-]?key|(?:access|refresh|id|auth|csrf|bearer)?[_-]?token"
    r"|app(?:lication)?[_ -]?password|authorization|(?:set-)?cookie|session[_-]?id|code_verifier|client_assertion"
    r"|t?otp))([\"']?\s*[:=]\s*)(?!\[secret:|(?:bearer|basic|digest|token)\s)"
    r"(\"[^\"\n]{3,500}\"|'[^'\n]{3,500}'|[^\s\"'&,;)\]}]{3,})",
    re.IGNORECASE,
)
APP_PASSWORD = re.compile(r"(?<![\w-])(?:[A-Za-z0-9]{4} ){5}[A-Za-z0-9]{4}(?![\w-])")
RANDOM = re.compile(r"(?<![\w/.-])[A-Za-z0-9_-]{32,}(?![\w-])")
EMAIL = re.compile(r"[^\s@<>()\[\]{},;:\"'|=/\\?&]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
CARD = re.compile(
    r"(?<![\w.,-])(?:\d{14,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{2,4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![\w-])(?!\.\d)"
)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
PHONE = re.compile(r"(?<![\w.+#/-])(?:\+|00)?\(?\d[\d ().\-/\u00a0\u2009\u202f]{5,20}\d(?!\w)")

_ISSUERS = re.compile(r"3(?:[47]|0[0-5]|[689])|4|5[0-5]|50|5[6-9]|6|2[2-7]|35")
_IBAN_LENGTHS = {
    "AD": 24,
    "AE": 23,
    "AT": 20,
    "BE": 16,
    "BG": 22,
    "BR": 29,
    "CH": 21,
    "CY": 28,
    "CZ": 24,
    "DE": 22,
    "DK": 18,
    "EE": 20,
    "ES": 24,
    "FI": 18,
    "FO": 18,
    "FR": 27,
    "GB": 22,
    "GE": 22,
    "GI": 23,
    "GL": 18,
    "GR": 27,
    "HR": 21,
    "HU": 28,
    "IE": 22,
    "IL": 23,
    "IS": 26,
    "IT": 27,
    "KW": 30,
    "LB": 28,
    "LI": 21,
    "LT": 20,
    "LU": 20,
    "LV": 21,
    "MC": 27,
    "MD": 24,
    "ME": 22,
    "MK": 19,
    "MT": 31,
    "NL": 18,
    "NO": 15,
    "PK": 24,
    "PL": 28,
    "PT": 25,
    "QA": 29,
    "RO": 24,
    "RS": 22,
    "SA": 24,
    "SE": 24,
    "SI": 19,
    "SK": 24,
    "SM": 27,
    "TN": 24,
    "TR": 26,
    "UA": 29,
    "VA": 22,
}


def is_token(text: str) -> bool:
    """Whether what follows ``Bearer`` or ``Basic`` is a credential and not the next word of a sentence."""
    return text[1:] != text[1:].lower() or any(one.isdigit() or one == "=" for one in text) or len(text) >= 24


def is_random(text: str) -> bool:
    """Whether a long text is mixed as keys are, of letters in both cases and digits; digests and names are not."""
    return any(map(str.islower, text)) and any(map(str.isupper, text)) and any(map(str.isdigit, text))


def is_app_password(text: str) -> bool:
    """Whether six groups of four are WordPress' kind of password, and not six short words."""
    groups = text.split(" ")
    odd = sum(1 for group in groups if not group.isdigit() and not (group.isalpha() and group[1:].islower()))
    return odd >= 2 or (odd == 1 and any(group.isdigit() for group in groups))


def is_card(text: str) -> bool:
    """Luhn, behind the digits of an issuer; ISO/IEC 7812-1."""
    digits = [int(one) for one in text if one.isdigit()]
    if not _ISSUERS.match(text):
        return False
    doubled = [sum(divmod(2 * one, 10)) for one in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Mod 97 and the country's own length; ISO 13616."""
    compact = text.replace(" ", "")
    if len(compact) != _IBAN_LENGTHS.get(compact[:2], len(compact)):
        return False
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(one, 36)) for one in moved)) % 97 == 1
