"""What people read and look at: posts, pages, media, their terms, comments."""

from __future__ import annotations

from .base import NO_TERM, Collection, fields

_CONTENT_RAW = fields("title", "content", "excerpt")
_CONTENT_DERIVED = fields("link", "guid", "date_gmt", "password")
POSTS = Collection(
    "posts", "wp", "posts", "post", trash=True, title="title", raw=_CONTENT_RAW, derived=_CONTENT_DERIVED,
    unordered=fields("categories", "tags"), volatile=fields("date"), implies={"status": ("date", "slug")},
    every={"status": "any"}, cannot_undo={"force": "the post is gone for good"},
)  # fmt: skip
PAGES = Collection(
    "pages", "wp", "pages", "page", trash=True, title="title", raw=_CONTENT_RAW, derived=_CONTENT_DERIVED,
    volatile=fields("date"), implies={"status": ("date", "slug")}, every={"status": "any"},
    cannot_undo={"force": "the page is gone for good"},
)  # fmt: skip
MEDIA = Collection(
    "media", "wp", "media", "media file", title="title", raw=fields("title", "caption", "description"),
    derived=_CONTENT_DERIVED, texts="outside", cannot_undo={"delete": "the file is gone, and what shows it loses it"},
)  # fmt: skip
CATEGORIES = Collection(
    "categories", "wp", "categories", "category", key="slug", title="name", derived=fields("count", "link"),
    cannot_undo={"delete": NO_TERM},
)  # fmt: skip
TAGS = Collection(
    "tags", "wp", "tags", "tag", key="slug", title="name", derived=fields("count", "link"),
    cannot_undo={"delete": NO_TERM},
)  # fmt: skip
COMMENTS = Collection(
    "comments", "wp", "comments", "comment", trash=True, raw=fields("content"), derived=fields("link", "date_gmt"),
    every={"status": "all"}, texts="outside", cannot_undo={"force": "the comment is gone for good"},
)  # fmt: skip
