"""What WordPress' tools answer with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, cast

from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.refusals import plain_text


def raw(value: Any) -> str:
    """The text of a ``{raw, rendered}`` field as its author wrote it."""
    if not isinstance(value, Mapping):
        return str(value or "")
    texts = cast("Mapping[str, Any]", value)
    return str(texts.get("raw", texts.get("rendered", "")))


class PostRow(ShopModel):
    """A post or page in a list. ``date`` is in the site's time zone."""

    id: int
    title: str
    status: str
    slug: str
    date: str | None = None
    link: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            title=plain_text(raw(obj.get("title"))),
            status=obj.get("status", ""),
            slug=obj.get("slug", ""),
            date=obj.get("date"),
            link=obj.get("link"),
        )


class PageRow(PostRow):
    """A page in a list."""


class Post(ShopModel):
    """A post in full. ``content`` and ``excerpt`` are HTML or block markup as stored."""

    id: int
    title: str
    status: str
    slug: str
    date: str | None = None
    modified: str | None = None
    link: str | None = None
    content: str = ""
    excerpt: str = ""
    author: int | None = None
    featured_media: int | None = None
    categories: list[int] | None = None
    tags: list[int] | None = None
    parent: int | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        names = ("date", "modified", "link", "author", "featured_media", "categories", "tags", "parent")
        return cls(
            id=obj["id"],
            title=raw(obj.get("title")),
            status=obj.get("status", ""),
            slug=obj.get("slug", ""),
            content=raw(obj.get("content")),
            excerpt=raw(obj.get("excerpt")),
            **{name: obj.get(name) for name in names},
        )


class WpPage(Post):
    """A page in full."""


class MediaRow(ShopModel):
    """A media file in a list."""

    id: int
    title: str
    url: str
    type: str
    alt: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            title=plain_text(raw(obj.get("title"))),
            url=obj.get("source_url", ""),
            type=obj.get("mime_type", ""),
            alt=obj.get("alt_text", ""),
        )


class Media(MediaRow):
    """A media file in full. ``width`` and ``height`` in pixels."""

    caption: str = ""
    description: str = ""
    width: int | None = None
    height: int | None = None
    attached_to: int | None = None
    date: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        details: Any = obj.get("media_details") or {}
        row = MediaRow.of(obj).model_dump()
        return cls(
            **row,
            caption=raw(obj.get("caption")),
            description=raw(obj.get("description")),
            width=details.get("width"),
            height=details.get("height"),
            attached_to=obj.get("post"),
            date=obj.get("date"),
        )


class Term(ShopModel):
    """A category or tag. ``count`` is the number of posts in it."""

    id: int
    name: str
    slug: str
    count: int
    description: str | None = None
    parent: int | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            name=plain_text(obj.get("name", "")),
            slug=obj.get("slug", ""),
            count=obj.get("count", 0),
            description=obj.get("description") or None,
            parent=obj.get("parent") or None,
        )


class Category(Term):
    """A category of posts."""


class Tag(Term):
    """A tag of posts."""


class SearchHit(ShopModel):
    id: int
    title: str
    type: str
    url: str


class SearchHits(ShopModel):
    items: list[SearchHit]
    total: int
    page: int
    pages: int
    note: str | None = None


class Site(ShopModel):
    """The site. ``shop`` is absent when WooCommerce does not answer."""

    name: str
    description: str
    url: str
    time_zone: str
    demo: bool
    woocommerce: bool
    currency: str | None = None
    decimals: int | None = None
    signed_in_as: str | None = None
    roles: list[str] | None = None
