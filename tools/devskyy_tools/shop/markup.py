"""HTML that may be published: scripts, event handlers, dangerous addresses and strange frames are taken out by nh3.

What an administrator writes WordPress itself publishes as it is (``unfiltered_html``), so it is done here, whatever the
account may do. The rules are nearly those of ``wp_kses_post``.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

FRAMES = frozenset(
    {
        "calendar.google.com", "maps.google.com", "open.spotify.com", "player.vimeo.com", "w.soundcloud.com",
        "www.dailymotion.com", "www.facebook.com", "www.google.com", "www.instagram.com", "www.tiktok.com",
        "www.youtube-nocookie.com", "www.youtube.com", "assets.pinterest.com", "embed.music.apple.com",
    }
)  # fmt: skip
"""Hosts whose frames stay: the embeds that people know."""
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "whatsapp", "webcal"})
_MORE_TAGS = frozenset(
    {
        "article", "aside", "audio", "button", "caption", "col", "colgroup", "details", "figcaption", "figure",
        "footer", "header", "iframe", "main", "nav", "picture", "section", "source", "summary", "track", "video",
    }
)  # fmt: skip
_EVERYWHERE = frozenset(
    [
        "align",
        "class",
        "dir",
        "hidden",
        "id",
        "itemid",
        "itemprop",
        "itemscope",
        "itemtype",
        "lang",
        "role",
        "style",
        "tabindex",
        "title",
    ]
)
_MEDIA = frozenset(
    [
        "autoplay",
        "controls",
        "crossorigin",
        "height",
        "loop",
        "muted",
        "playsinline",
        "poster",
        "preload",
        "src",
        "width",
    ]
)
_OF_TAG: dict[str, frozenset[str]] = {
    "a": frozenset(["download", "href", "hreflang", "name", "rel", "target"]),
    "audio": _MEDIA,
    "button": frozenset({"disabled", "type"}),
    "details": frozenset({"name", "open"}),
    "iframe": frozenset(
        ["allow", "allowfullscreen", "frameborder", "height", "loading", "referrerpolicy", "src", "width"]
    ),
    "img": frozenset(
        ["alt", "border", "decoding", "fetchpriority", "height", "loading", "sizes", "src", "srcset", "usemap", "width"]
    ),
    "source": frozenset(["height", "media", "sizes", "src", "srcset", "type", "width"]),
    "track": frozenset(["default", "kind", "label", "src", "srclang"]),
    "video": _MEDIA,
}
_STYLE = re.compile(r"expression\s*\(|javascript:|vbscript:|behavior\s*:|-moz-binding|@import|\\", re.IGNORECASE)
_FRAME = re.compile(r"<iframe\b[^<>]*>")
_FRAME_END = re.compile(r"</iframe>")
_SRC = re.compile(r'\ssrc="[^"]')
_ENDS = re.compile(r'\s*/?>|=""')


def clean(text: str) -> tuple[str, list[str]]:
    """The text as it may be published, and in words what was taken out.

    Equal but for the spelling of entities and quotes it stays as it was written, to the letter.
    """
    if "<" not in text:
        return text, []
    cleaned = _without_strange_frames(_cleaner().clean(text))
    if _squeezed(cleaned) == _squeezed(text):
        return text, []
    return cleaned, _missing(text, cleaned)


def is_script_address(text: str) -> bool:
    """Whether a browser would run the address: it skips blanks and control characters in the scheme."""
    bare = re.sub(r"[\x00-\x20]+", "", html.unescape(text)).lower()
    return bare.startswith(("javascript:", "vbscript:", "data:text/html"))


@cache
def _cleaner() -> Any:
    import nh3  # 0.8 MB of native code, for the first text with a tag in it

    attributes: dict[str, set[str]] = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    for tag, names in _OF_TAG.items():
        attributes.setdefault(tag, set()).update(names)
    attributes["*"] = set(_EVERYWHERE)
    return nh3.Cleaner(
        tags=set(nh3.ALLOWED_TAGS | _MORE_TAGS),
        attributes=attributes,
        attribute_filter=_attribute,
        generic_attribute_prefixes={"aria-", "data-"},
        url_schemes=set(_SCHEMES),
        strip_comments=False,  # they hold the blocks
        link_rel=None,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style" and _STYLE.search(value):
        return None
    if tag == "iframe":
        if "<" in value or ">" in value:
            return None
        return value if name != "src" or _known_frame(value) else None
    return value


def _known_frame(address: str) -> bool:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    return parts.scheme in ("https", "") and parts.netloc.lower() in FRAMES


def _without_strange_frames(text: str) -> str:
    """What the cleaner left of a frame whose address it did not keep; its spelling is nh3's, so patterns fit."""
    if "<iframe" not in text:
        return text
    parts: list[str] = []
    at = 0
    for found in _FRAME.finditer(text):
        end = _FRAME_END.search(text, found.end())
        if _SRC.search(found[0]) or end is None or found.start() < at:
            continue
        parts.append(text[at : found.start()])
        at = end.end()
    return "".join([*parts, text[at:]])


def _squeezed(text: str) -> str:
    return html.unescape(_ENDS.sub(lambda found: ">" if found[0] != '=""' else "", text).replace("'", '"'))


class _Parts(HTMLParser):
    """Counts tags, and attributes by tag; collects the words between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[tuple[str, str]] = Counter()
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update((tag, name) for name, _ in attrs)

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def _missing(before: str, after: str) -> list[str]:
    was, is_now = _Parts(before), _Parts(after)
    tags = was.tags - is_now.tags
    found = [f"<{tag}>" + (f" ({count})" if count > 1 else "") for tag, count in tags.items()]
    names = (was.attributes - is_now.attributes).keys()
    found += dict.fromkeys(f"{name} of <{tag}>" for tag, name in names if tag not in tags)
    lost = len("".join(was.words)) > len("".join(is_now.words))
    return found or (["what no browser could read"] if lost else [])
