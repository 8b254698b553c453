"""What WordPress and WooCommerce do to text and money on the way in and out."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

_BLOCK = re.compile(
    r"<(p|div|ul|ol|table|h[1-6]|blockquote|pre|figure|section|hr|form|iframe|!--)[\s>/]", re.IGNORECASE
)
_AMPERSAND = re.compile(r"&(?!(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)")
_REFUSED = re.compile(r"</?(script|style|iframe|form|input|object|embed|link|meta|base)\b[^>]*>", re.IGNORECASE)
_HANDLER = re.compile(r"\s+on\w+\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_SCRIPT = re.compile(r"<(script|style)[^>]*>.*?</\1>", re.IGNORECASE | re.DOTALL)
_NOT_MONEY = re.compile(r"\.(?![^.]+$)|[^0-9.-]")
_NOT_SLUG = re.compile(r"[^a-z0-9 _-]")


def money(value: Any) -> str:
    """Keep digits, minus and the last dot: "1,234.50" is 1234.50, "1,50" is 150 and "abc" is nothing."""
    return _NOT_MONEY.sub("", str(value if value is not None else "").strip())


def number(value: Any) -> float:
    """Read a stored amount, where nothing counts as zero."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def fixed(value: Any, decimals: int = 2) -> str:
    return f"{number(value) + 0.0:.{decimals}f}"


def kses(value: Any) -> str:
    """Remove the tags that are not allowed in posts, keep what stood between them, and encode lone ampersands."""
    text = str(value or "")
    return _AMPERSAND.sub("&amp;", _HANDLER.sub("", _REFUSED.sub("", text)))


def plain(value: Any) -> str:
    """Return text without tags, on one line, as for names and titles of settings."""
    return re.sub(r"\s+", " ", _TAG.sub("", _SCRIPT.sub("", str(value or "")))).strip()


def entities(value: str) -> str:
    return _AMPERSAND.sub("&amp;", value)


def texturized(value: str) -> str:
    """Render a title or a paragraph: lone ampersands and straight apostrophes become entities."""
    out = _AMPERSAND.sub("&#038;", value)
    out = re.sub(r"(?<=\w)'(?=\w)", "&#8217;", out)
    return out.replace(" -- ", " &#8212; ").replace(" - ", " &#8211; ").replace("...", "&#8230;")


def paragraphs(value: str) -> str:
    """Wrap text without blocks into paragraphs, as the shop renders descriptions."""
    if not value.strip():
        return ""
    if _BLOCK.search(value):
        return f"{value.rstrip()}\n"
    parts = [part.strip() for part in re.split(r"\n\s*\n", value.strip()) if part.strip()]
    return "".join("<p>{}</p>\n".format(part.replace("\n", "<br />\n")) for part in parts)


def rendered(value: str) -> str:
    """Render a post's content: block comments go, plain text gets paragraphs."""
    if "<!-- wp:" in value:
        body = re.sub(r"<!-- /?wp:.*?-->", "", value, flags=re.DOTALL).strip("\n")
        return "\n" + texturized(re.sub(r"\n{3,}", "\n\n\n\n", body)) + "\n" if body else ""
    return paragraphs(texturized(value))


def excerpt(content: str) -> str:
    words = plain(re.sub(r"<!--.*?-->", "", content, flags=re.DOTALL)).split()
    if not words:
        return ""
    more = " [&hellip;]" if len(words) > 55 else ""
    return f"<p>{texturized(' '.join(words[:55]))}{more}</p>\n"


def slugify(value: str) -> str:
    """Return the slug of a title: lower-case ASCII letters, digits, hyphens and underscores."""
    text = html.unescape(_TAG.sub("", value))
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    ascii_text = re.sub(r"[.–—/]", "-", ascii_text)
    return re.sub(r"-{2,}", "-", re.sub(r"\s+", "-", _NOT_SLUG.sub("", ascii_text).strip())).strip("-")[:200]
