"""Secrets that are none."""

from __future__ import annotations

SECRET_BYTES = 32
_EXAMPLES = (
    "changeme", "change-me", "change_me", "secret", "password", "example", "default", "replace", "insecure",
    "placeholder", "devskyy", "01234567", "12345678", "abcdefgh", "qwertyui",
)  # fmt: skip


def weakness(secret: str) -> str:
    """Why a secret is none, in words that don't tell it; empty when nothing speaks against it."""
    if len(secret.encode()) < SECRET_BYTES:
        return f"is shorter than {SECRET_BYTES} bytes"
    if len(set(secret)) < 10:
        return "repeats a few characters"
    if any(word in secret.lower() for word in _EXAMPLES):
        return "is an example, which everybody knows"
    return ""
