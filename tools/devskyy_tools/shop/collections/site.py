"""The site around the content: patterns, menus, templates, styles, fonts, widgets, plugins, settings."""

from __future__ import annotations

from .base import Collection, fields

_BLOCKS_RAW = fields("title", "content")
_BLOCKS_DERIVED = fields("link", "guid", "date", "date_gmt", "password", "excerpt")
BLOCKS = Collection(
    "blocks", "wp", "blocks", "pattern", trash=True, title="title", raw=fields("title", "content", "excerpt"),
    html=fields("content"), derived=_BLOCKS_DERIVED, unordered=fields("wp_pattern_category"),
    implies={"status": ("slug",)}, every={"status": "any"}, cannot_undo={"force": "the pattern is gone for good"},
)  # fmt: skip
NAVIGATION = Collection(
    "navigation", "wp", "navigation", "navigation", trash=True, title="title", raw=_BLOCKS_RAW,
    html=fields("content"), derived=_BLOCKS_DERIVED, implies={"status": ("slug",)}, every={"status": "any"},
    cannot_undo={"force": "the navigation is gone for good"},
)  # fmt: skip
MENUS = Collection(
    "menus", "wp", "menus", "menu", key="name", title="name", unordered=fields("locations"),
    cannot_undo={"delete": "the menu and its items are gone for good"},
)  # fmt: skip
MENU_ITEMS = Collection(
    "menu_items", "wp", "menu-items", "menu item", title="title", raw=fields("title"), html=fields("title"),
    derived=fields("meta"),
    implies=dict.fromkeys(("type", "object", "object_id", "url"), ("type", "object", "object_id", "url")),
    every={"status": "any"}, cannot_undo={"delete": "it is gone, and what is below it moves up"},
)  # fmt: skip
_TEXT_ID = fields("id")
_TEMPLATE_DERIVED = fields("theme", "author", "type")
_NO_TEMPLATE = "its markup is gone: keep what the plan shows of it, or take it from wp_revisions_list before"
TEMPLATES = Collection(
    "templates", "wp", "templates", "template", text_ids=_TEXT_ID, title="title", raw=_BLOCKS_RAW,
    html=fields("content"), derived=_TEMPLATE_DERIVED, cannot_undo={"delete": _NO_TEMPLATE},
)  # fmt: skip
TEMPLATE_PARTS = Collection(
    "template_parts", "wp", "template-parts", "template part", text_ids=_TEXT_ID, title="title", raw=_BLOCKS_RAW,
    html=fields("content"), derived=_TEMPLATE_DERIVED, cannot_undo={"delete": _NO_TEMPLATE},
)  # fmt: skip
GLOBAL_STYLES = Collection(
    "global_styles", "wp", "global-styles", "global styles", raw=fields("title"), whole=fields("settings", "styles"),
)  # fmt: skip
FONT_FAMILIES = Collection(
    "font_families", "wp", "font-families", "font family", as_json=fields("font_family_settings"),
    derived=fields("font_faces", "theme_json_version"),
    cannot_undo={"delete": "the family and its files are gone; texts fall back to another font"},
)  # fmt: skip
FONT_FACES = Collection(
    "font_faces", "wp", "font-families/{font_family_id}/font-faces", "font face", as_json=fields("font_face_settings"),
    derived=fields("parent", "theme_json_version"),
    cannot_undo={"delete": "the face and its file are gone; texts fall back to another face"},
)  # fmt: skip
WIDGETS = Collection(
    "widgets", "wp", "widgets", "widget", text_ids=_TEXT_ID, whole=fields("instance"), derived=fields("form_data"),
    cannot_undo={"delete": "the widget and its settings are gone; wp_inactive_widgets would keep them"},
)  # fmt: skip
SIDEBARS = Collection("sidebars", "wp", "sidebars", "sidebar", text_ids=_TEXT_ID, title="name")
PLUGINS = Collection(
    "plugins", "wp", "plugins", "plugin", id_field="plugin", text_ids=_TEXT_ID, title="name", derived=fields("slug"),
    cannot_undo={"delete": "its files are gone, and with many plugins their data"},
)  # fmt: skip
SITE_SETTINGS = Collection("site_settings", "wp", "settings", "site settings", single=True)
