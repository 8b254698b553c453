"""What people read and look at: posts, pages, media, their terms, comments."""

from __future__ import annotations

from .base import NO_TERM, Collection, fields

_CONTENT_RAW = fields("title", "content", "excerpt")
_CONTENT_DERIVED = fields("link", "guid", "date_gmt", "password")
POSTS = Collection(
    "posts", "wp", "posts", "post", trash=True, title="title", raw=_CONTENT_RAW, html=_CONTENT_RAW,
    derived=_CONTENT_DERIVED, unordered=fields("categories", "tags"), volatile=fields("date"),
    implies={"status": ("date", "slug")}, every={"status": "any"}, cannot_undo={"force": "the post is gone for good"},
)  # fmt: skip
PAGES = Collection(
    "pages", "wp", "pages", "page", trash=True, title="title", raw=_CONTENT_RAW, html=_CONTENT_RAW,
    derived=_CONTENT_DERIVED, volatile=fields("date"), implies={"status": ("date", "slug")}, every={"status": "any"},
    cannot_undo={"force": "the page is gone for good"},
)  # fmt: skip
ITEMS = Collection(
    "items", "wp", "{type}", "item", text_ids=fields("type"), open=True, trash=True, title="title", raw=_CONTENT_RAW,
    html=_CONTENT_RAW, derived=_CONTENT_DERIVED, volatile=fields("date"), implies={"status": ("date", "slug")},
    every={"status": "any"}, cannot_undo={"force": "the item is gone for good"},
)  # fmt: skip
"""Objects of any public type, by the type's name in addresses (``rest_base``)."""
REVISIONS = Collection(
    "revisions", "wp", "{type}/{object}/revisions", "revision", text_ids=fields("type", "object"), raw=_CONTENT_RAW,
    cannot_undo={"delete": "what the text was then is gone for good"},
)  # fmt: skip
MEDIA = Collection(
    "media", "wp", "media", "media file", title="title", raw=fields("title", "caption", "description"),
    html=fields("title", "caption", "description"), derived=_CONTENT_DERIVED, texts="outside",
    cannot_undo={"delete": "the file is gone, and what shows it loses it"},
)  # fmt: skip
MEDIA_EDITS = Collection("media_edits", "wp", "media/{media_id}/edit", "edited picture", made_in="media")
TERMS = Collection(
    "terms", "wp", "{taxonomy}", "term", text_ids=fields("taxonomy"), key="slug", title="name",
    html=fields("description"), derived=fields("count", "link"), cannot_undo={"delete": NO_TERM},
)  # fmt: skip
"""Terms of any taxonomy, by its name in addresses (``rest_base``)."""
COMMENTS = Collection(
    "comments", "wp", "comments", "comment", trash=True, raw=fields("content"), html=fields("content"),
    derived=fields("link", "date_gmt"), every={"status": "all"}, texts="outside",
    cannot_undo={"force": "the comment is gone for good"},
)  # fmt: skip
