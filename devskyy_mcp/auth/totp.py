"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes for when the phone is lost."""

from __future__ import annotations

import base64
import hmac
import secrets

from .hashed import hashed

ISSUER = "DevSkyy"
STEP = 30
"""Seconds that a code is shown."""
CODES = 10


def new_secret() -> str:
    """160 random bits in base32."""
    import pyotp

    return pyotp.random_base32()


def address(secret: str, login: str) -> str:
    """The otpauth:// address that an app takes (the Key URI format)."""
    from pyotp.utils import build_uri

    return build_uri(secret, login, issuer=ISSUER)


def picture(text: str) -> str:
    """The text as a QR code: an SVG element without style or script, black on white, to be put into a page."""
    import segno

    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(
        scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None, title="QR code for your app"
    )


def step_of(secret: str, code: str, at: float) -> int | None:
    """Which time step the code is of; None when it is of none that counts now (one early or late does).

    Args:
        secret: base32.
        code: six digits.
        at: seconds since the epoch.
    """
    from pyotp.totp import TOTP

    totp, now, found = TOTP(secret), int(at) // STEP, None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def new_codes() -> list[str]:
    """Ten recovery codes of 80 random bits each, in groups of four letters and digits."""
    made = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(CODES)]
    return ["-".join(code[start : start + 4] for start in range(0, 16, 4)) for code in made]


def code_hash(code: str) -> str:
    """What is stored of a recovery code, however its letters and groups are typed. 80 random bits need no salt."""
    return hashed(typed(code))


def typed(code: str) -> str:
    """A code without the spaces and hyphens that people put into it, in small letters."""
    return "".join(code.split()).replace("-", "").casefold()
