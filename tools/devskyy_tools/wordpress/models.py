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
    """A term of a taxonomy. ``count`` is the number of published objects that have it."""

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


class TermPage(ShopModel):
    """One page of a list."""

    items: list[Term]
    total: int
    page: int
    pages: int
    note: str | None = None


class Item(Post):
    """An object of any type. ``terms`` are ids by taxonomy; texts are left out where many are listed."""

    content: str | None = None  # pyright: ignore[reportIncompatibleVariableOverride] # a row has none
    excerpt: str | None = None  # pyright: ignore[reportIncompatibleVariableOverride] # a row has none
    terms: dict[str, list[int]] | None = None


class ItemPage(ShopModel):
    """One page of a list, or one item in full."""

    items: list[Item]
    total: int
    page: int
    pages: int
    note: str | None = None


class Revision(ShopModel):
    """A text as it was after an edit. ``date`` is in the site's time zone; texts only where one was asked for."""

    id: int
    date: str | None = None
    author: int | None = None
    title: str | None = None
    content: str | None = None
    excerpt: str | None = None
    styles: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any], *, whole: bool = False) -> Self:
        texts = {name: raw(obj[name]) for name in ("content", "excerpt") if whole and name in obj}
        styles = {name: obj[name] or None for name in ("styles", "settings") if whole and obj.get(name)}
        title = raw(obj["title"]) if "title" in obj else None
        known = {"date": obj.get("date"), "author": obj.get("author")}
        return cls(id=obj["id"], title=title, **known, **texts, **styles)


class RevisionPage(ShopModel):
    """Revisions, newest first, or one in full."""

    items: list[Revision]
    total: int
    page: int
    pages: int
    note: str | None = None


class CommentRow(ShopModel):
    """A comment. ``parent`` is the comment that it answers; ``date`` is in the site's time zone."""

    id: int
    post: int
    author: str
    status: str
    date: str | None = None
    content: str = ""
    parent: int | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            post=obj.get("post", 0),
            author=obj.get("author_name", ""),
            status=obj.get("status", ""),
            date=obj.get("date"),
            content=raw(obj.get("content")),
            parent=obj.get("parent") or None,
        )


class UserRow(ShopModel):
    """An account. ``registered`` is a time in UTC."""

    id: int
    username: str
    name: str
    email: str
    roles: list[str]
    registered: str | None = None
    url: str | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(
            id=obj["id"],
            username=obj.get("username", ""),
            name=obj.get("name", ""),
            email=obj.get("email", ""),
            roles=obj.get("roles") or [],
            registered=obj.get("registered_date"),
            url=obj.get("url") or None,
        )


class AppPassword(ShopModel):
    """An application password, never the password itself. Times are UTC; ``current`` is what this server uses."""

    uuid: str
    name: str
    created: str | None = None
    last_used: str | None = None
    current: bool | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any], current: str = "") -> Self:
        return cls(
            uuid=obj["uuid"],
            name=obj.get("name", ""),
            created=obj.get("created"),
            last_used=obj.get("last_used"),
            current=True if obj["uuid"] == current else None,
        )


class AppPasswords(ShopModel):
    """The application passwords of one account."""

    user_id: int
    items: list[AppPassword]


class Kind(ShopModel):
    """A type, taxonomy or status of the site. ``path`` names it in addresses; ``tools`` says what works on it."""

    name: str
    label: str
    path: str | None = None
    hierarchical: bool | None = None
    taxonomies: list[str] | None = None
    types: list[str] | None = None
    public: bool | None = None
    tools: str | None = None


class Kinds(ShopModel):
    items: list[Kind]


class SearchHit(ShopModel):
    id: int | str
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
