"""What the tools for the site around the content answer with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, cast

from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.refusals import plain_text

from .models import raw

Json = Mapping[str, Any]


class Markup(ShopModel):
    """A pattern or navigation. ``content`` is block markup, only when one is read."""

    id: int
    title: str
    slug: str
    status: str
    synced: bool | None = None
    content: str | None = None

    @classmethod
    def of(cls, obj: Json) -> Self:
        sync = obj.get("wp_pattern_sync_status")
        return cls(
            id=obj["id"],
            title=raw(obj.get("title")),
            slug=obj.get("slug", ""),
            status=obj.get("status", ""),
            synced=None if sync is None else sync != "unsynced",
            content=raw(obj["content"]) if "content" in obj else None,
        )


class MarkupPage(ShopModel):
    items: list[Markup]
    total: int
    page: int
    pages: int
    note: str | None = None


class Template(ShopModel):
    """A template or part. ``source``: theme (its file), plugin, custom (changed or made here)."""

    id: str
    title: str
    slug: str
    source: str
    resettable: bool
    area: str | None = None
    description: str | None = None
    content: str | None = None

    @classmethod
    def of(cls, obj: Json) -> Self:
        return cls(
            id=obj["id"],
            title=raw(obj.get("title")),
            slug=obj.get("slug", ""),
            source=obj.get("source", ""),
            resettable=obj.get("source") == "custom" and bool(obj.get("has_theme_file")),
            area=obj.get("area"),
            description=obj.get("description") or None,
            content=raw(obj["content"]) if "content" in obj else None,
        )


class Templates(ShopModel):
    items: list[Template]


class Menu(ShopModel):
    """A classic menu. ``locations`` are the theme's places that show it."""

    id: int
    name: str
    slug: str
    locations: list[str]
    auto_add: bool
    description: str | None = None

    @classmethod
    def of(cls, obj: Json) -> Self:
        return cls(
            id=obj["id"],
            name=plain_text(obj.get("name", "")),
            slug=obj.get("slug", ""),
            locations=obj.get("locations") or [],
            auto_add=bool(obj.get("auto_add")),
            description=obj.get("description") or None,
        )


class MenuItem(ShopModel):
    """One link of a menu. ``invalid`` when what it leads to is gone."""

    id: int
    title: str
    url: str
    type: str
    object: str
    object_id: int
    menu: int
    parent: int
    order: int
    status: str
    invalid: bool | None = None

    @classmethod
    def of(cls, obj: Json) -> Self:
        return cls(
            id=obj["id"],
            title=plain_text(raw(obj.get("title"))),
            url=obj.get("url", ""),
            type=obj.get("type", ""),
            object=obj.get("object", ""),
            object_id=obj.get("object_id") or 0,
            menu=obj.get("menus") or 0,
            parent=obj.get("parent") or 0,
            order=obj.get("menu_order") or 0,
            status=obj.get("status", ""),
            invalid=bool(obj.get("invalid")) or None,
        )


class Named(ShopModel):
    """Something that the site has to choose from."""

    name: str
    title: str | None = None
    description: str | None = None
    more: dict[str, Any] | None = None


class NamedPage(ShopModel):
    items: list[Named]
    total: int
    page: int
    pages: int
    note: str | None = None


class Styles(ShopModel):
    """Styles after theme.json. ``theme``: its stylesheet name."""

    theme: str
    id: int | None = None
    settings: dict[str, Any] | None = None
    styles: dict[str, Any] | None = None
    variations: list[dict[str, Any]] | None = None


class FontFace(ShopModel):
    id: int
    weight: str
    style: str
    src: list[str]

    @classmethod
    def of(cls, obj: Json) -> Self:
        said = cast("Json", obj.get("font_face_settings") or {})
        src = cast("str | list[str]", said.get("src") or [])
        return cls(
            id=obj["id"],
            weight=str(said.get("fontWeight", "400")),
            style=str(said.get("fontStyle", "normal")),
            src=[src] if isinstance(src, str) else src,
        )


class FontFamily(ShopModel):
    """An installed font family; ``faces`` when one is read."""

    id: int
    name: str
    slug: str
    family: str
    number_of_faces: int
    faces: list[FontFace] | None = None

    @classmethod
    def of(cls, obj: Json) -> Self:
        said = cast("Json", obj.get("font_family_settings") or {})
        return cls(
            id=obj["id"],
            name=str(said.get("name", "")),
            slug=str(said.get("slug", "")),
            family=str(said.get("fontFamily", "")),
            number_of_faces=len(obj.get("font_faces") or []),
        )


class FontFamilies(ShopModel):
    items: list[FontFamily]
    total: int
    page: int
    pages: int
    note: str | None = None


class Widget(ShopModel):
    """A widget in its sidebar. ``settings`` when the type lets them be read."""

    id: str
    type: str
    sidebar: str
    settings: dict[str, Any] | None = None

    @classmethod
    def of(cls, obj: Json) -> Self:
        instance = cast("Json", obj.get("instance") or {})
        return cls(
            id=obj["id"],
            type=obj.get("id_base", ""),
            sidebar=obj.get("sidebar", ""),
            settings=cast("dict[str, Any] | None", instance.get("raw") or None),
        )


class Sidebar(ShopModel):
    """A place for widgets, in the order shown."""

    id: str
    name: str
    widgets: list[Widget]


class Sidebars(ShopModel):
    items: list[Sidebar]


class Plugin(ShopModel):
    """A plugin. ``needed`` says what of DevSkyy stops without it."""

    id: str
    name: str
    status: str
    version: str
    author: str
    requires_php: str | None = None
    needed: str | None = None


class Plugins(ShopModel):
    items: list[Plugin]


class SiteSettings(ShopModel):
    """The site's settings; ids of pages and media, 0 for none. ``timezone`` is empty for a bare offset."""

    title: str
    description: str
    url: str | None = None
    email: str | None = None
    timezone: str
    language: str
    date_format: str
    time_format: str
    start_of_week: int
    posts_per_page: int
    show_on_front: str
    page_on_front: int
    page_for_posts: int
    default_category: int
    default_comment_status: str
    site_icon: int | None = None
    site_logo: int | None = None

    @classmethod
    def of(cls, obj: Json) -> Self:
        known = {name: obj.get(name) for name in cls.__annotations__}
        for name in ("title", "description"):
            known[name] = plain_text(known[name] or "")
        return cls(**cast("dict[str, Any]", known))


class Check(ShopModel):
    """One test. ``do`` is what helps."""

    test: str
    status: str
    says: str
    do: str | None = None


class Health(ShopModel):
    """What the site's own tests say; the worst first. ``summary`` is one sentence."""

    summary: str
    checks: list[Check]
    sizes: dict[str, str] | None = None
