"""The brand's site: a block theme with its templates, styles and fonts, menus, patterns, plugins."""

from __future__ import annotations

from datetime import datetime, timedelta

from devskyy_tools.sandbox import clock
from devskyy_tools.sandbox.envelope import Json
from devskyy_tools.sandbox.nouns import content, menus
from devskyy_tools.sandbox.nouns.widgets import IDLE
from devskyy_tools.sandbox.store import Store, Where

THEME = "maison-skyy"
_HEADER = f'<!-- wp:template-part {{"slug":"header","theme":"{THEME}","tagName":"header"}} /-->'
_FOOTER = f'<!-- wp:template-part {{"slug":"footer","theme":"{THEME}","tagName":"footer"}} /-->'
_TITLE = '<!-- wp:post-title {"level":1} /-->\n\n<!-- wp:post-content /-->'
_POSTS = (
    '<!-- wp:query {"queryId":1,"query":{"perPage":10,"inherit":true}} -->\n<div class="wp-block-query">'
    "<!-- wp:post-template -->\n<!-- wp:post-title /-->\n<!-- /wp:post-template --></div>\n<!-- /wp:query -->"
)
_PRODUCTS = '<!-- wp:woocommerce/product-collection {"query":{"perPage":12}} -->\n<div></div>\n' + (
    "<!-- /wp:woocommerce/product-collection -->"
)
_MISSING = "<!-- wp:paragraph -->\n<p>This page is not here. The pieces are in the shop.</p>\n<!-- /wp:paragraph -->"
_TEMPLATES = (
    ("index", "Index", "Used as a fallback template for all pages.", _POSTS),
    ("front-page", "Front Page", "Displays your site's front page.", _PRODUCTS),
    ("home", "Blog Home", "Displays the latest posts.", _POSTS),
    ("single", "Single Posts", "Displays a single post.", _TITLE),
    ("page", "Pages", "Displays a static page.", _TITLE),
    ("archive", "All Archives", "Displays any archive.", _POSTS),
    ("search", "Search Results", "Displays when a visitor performs a search.", _POSTS),
    ("404", "Page: 404", "Displays when a visitor views a non-existent page.", _MISSING),
    ("single-product", "Single Product", "Displays a single product.", _TITLE),
    ("archive-product", "Product Catalog", "Displays your products.", _PRODUCTS),
)
_PARTS = (
    ("header", "Header", "header", "<!-- wp:site-title /-->\n\n<!-- wp:navigation /-->"),
    ("footer", "Footer", "footer", "<!-- wp:paragraph -->\n<p>Made in Paris.</p>\n<!-- /wp:paragraph -->"),
    ("newsletter", "Newsletter", "uncategorized", "<!-- wp:paragraph -->\n<p>Write to us.</p>\n<!-- /wp:paragraph -->"),
)
_PALETTE = (("ivory", "Ivory", "#faf8f5"), ("ink", "Ink", "#141414"), ("rose", "Rose", "#c8102e"))
_SETTINGS: Json = {
    "color": {"palette": {"theme": [{"slug": slug, "name": name, "color": hue} for slug, name, hue in _PALETTE]}},
    "layout": {"contentSize": "640px", "wideSize": "1280px"},
    "typography": {"fluid": True},
}
_STYLES: Json = {
    "color": {"background": "var(--wp--preset--color--ivory)", "text": "var(--wp--preset--color--ink)"},
    "spacing": {"blockGap": "1.5rem"},
    "typography": {"lineHeight": "1.6"},
}
_NIGHT: Json = {
    "version": 3, "title": "Night", "settings": {},
    "styles": {"color": {"background": "#141414", "text": "#faf8f5"}},
}  # fmt: skip
_NO_SUPPORT = (
    "align-wide", "block-template-parts", "custom-background", "custom-header", "custom-logo",
    "customize-selective-refresh-widgets", "dark-editor-style", "disable-custom-colors", "disable-custom-font-sizes",
    "disable-custom-gradients", "disable-layout-styles", "editor-color-palette", "editor-font-sizes",
    "editor-gradient-presets", "editor-spacing-sizes", "title-tag", "wp-block-styles",
)  # fmt: skip
_SUPPORTS: Json = {
    **dict.fromkeys(_NO_SUPPORT, False),
    **dict.fromkeys(("automatic-feed-links", "block-templates", "editor-styles", "responsive-embeds"), True),
    "post-thumbnails": True, "html5": ["comment-form", "comment-list", "search-form", "gallery", "caption"],
    "formats": ["standard"],
}  # fmt: skip
_AREAS = (("uncategorized", "General", "div"), ("header", "Header", "header"), ("footer", "Footer", "footer"))
_PLUGINS = (
    ("akismet/akismet", "inactive", "Akismet Anti-spam: Spam Protection", "5.5", "Automattic - Anti-spam Team"),
    ("skyy-gallery/skyy-gallery", "inactive", "Skyy Gallery", "1.2.0", "Maison Skyy"),
    ("woocommerce/woocommerce", "active", "WooCommerce", "10.5.0", "Automattic"),
    ("wordpress-seo/wp-seo", "active", "Yoast SEO", "26.8", "Team Yoast"),
)
_ABOUT = {
    "akismet/akismet": "Used by millions to keep comments free of spam.",
    "skyy-gallery/skyy-gallery": "Lookbooks with large pictures.",
    "woocommerce/woocommerce": "An ecommerce toolkit that helps you sell anything. Beautifully.",
    "wordpress-seo/wp-seo": "The first true all-in-one SEO solution for WordPress.",
}
_LINKS = (("New in", "/new-in/"), ("Collections", "/collections/"), ("Journal", "/journal/"))


def sow(store: Store, today: datetime) -> None:
    at = (today - timedelta(days=210)).strftime(clock.FORMAT)
    themes = [_theme(THEME, "Maison Skyy", "active"), _theme("twentytwentyfive", "Twenty Twenty-Five", "inactive")]
    store.set_option("themes", themes)
    store.set_option("wp_template_files", [
        {"slug": slug, "title": title, "description": about, "content": f"{_HEADER}\n\n{body}\n\n{_FOOTER}"}
        for slug, title, about, body in _TEMPLATES
    ])  # fmt: skip
    store.set_option("wp_template_part_files", [
        {"slug": slug, "title": title, "description": "", "area": area, "content": body}
        for slug, title, area, body in _PARTS
    ])  # fmt: skip
    styles: Json = {"id": store.new_id("wp_global_styles"), "title": "Custom Styles", "settings": {}, "styles": {}}
    store.put("wp_global_styles", {**styles, "created": at, "modified": at})
    store.set_option("styles_id", styles["id"])
    _fonts(store)
    _markup(store, at)
    _menus(store)
    widgets = {f"block-{number}": words for number, words in ((2, "Search"), (3, "Recent posts"))}
    held = {
        name: {"id": name, "id_base": "block", "raw": {"content": f"<!-- wp:heading --><h2>{words}</h2>"}}
        for name, words in widgets.items()
    }
    store.set_option("widgets", held)
    store.set_option("sidebars", {IDLE: list(held)})
    for _ in range(2):
        store.new_id("widget block")
    rows = [
        {"plugin": plugin, "status": status, "name": name, "version": version, "author": author, "uri": "",
         "about": _ABOUT[plugin]}
        for plugin, status, name, version, author in _PLUGINS
    ]  # fmt: skip
    store.set_option("plugins", rows)
    store.set_option("patterns", _patterns())


def _theme(slug: str, name: str, status: str) -> Json:
    types = [{"title": title, "description": about, "slug": name} for name, title, about, _ in _TEMPLATES]
    areas = [
        {"area": area, "label": label, "description": "", "icon": area, "area_tag": tag} for area, label, tag in _AREAS
    ]
    return {
        "stylesheet": slug, "name": name, "status": status, "version": "1.4", "description": f"The theme {name}.",
        "supports": _SUPPORTS, "template_types": types, "areas": areas, "settings": _SETTINGS, "styles": _STYLES,
        "variations": [_NIGHT],
    }  # fmt: skip


def _fonts(store: Store) -> None:
    said = {"name": "Skyy Serif", "slug": "skyy-serif", "fontFamily": '"Skyy Serif 2", serif', "preview": ""}
    family = {"id": store.new_id("wp_font_family"), "parent": 0, "slug": "skyy-serif", "said": said}
    store.put("wp_font_family", family)
    for weight in ("400", "700"):
        face = {"fontFamily": '"Skyy Serif 2"', "fontWeight": weight, "fontStyle": "normal"}
        face["src"] = f"https://shop.maison-skyy.example.com/wp-content/uploads/fonts/skyy-serif-{weight}.woff2"
        own = store.new_id("wp_font_face")
        store.put("wp_font_face", {"id": own, "parent": family["id"], "slug": "", "said": face})


def _markup(store: Store, at: str) -> None:
    more = {"status": "publish", "created": at, "modified": at, "dated": True}
    care = "<!-- wp:paragraph -->\n<p>Wash cold, inside out.</p>\n<!-- /wp:paragraph -->"
    for kind, title, slug, words in (
        ("wp_block", "Care instructions", "care-instructions", care),
        ("wp_block", "Numbered edition", "numbered-edition", care.replace("Wash cold, inside out", "One of 120")),
        ("wp_navigation", "Header", "header", "\n".join(_link(*one) for one in _LINKS)),
    ):
        store.put(kind, content.blank(store, kind, title=title, slug=slug, content=words, **more))


def _link(label: str, url: str) -> str:
    return f'<!-- wp:navigation-link {{"label":"{label}","url":"{url}","kind":"custom"}} /-->'


def _menus(store: Store) -> None:
    main, foot = menus.insert_menu(store, "Main"), menus.insert_menu(store, "Footer")
    for place, (title, url) in enumerate(_LINKS, 1):
        menus.insert_item(store, main["id"], title, place, url=url)
    where = Where("page")
    where.add("status = 'publish'")
    for place, page in enumerate(store.find(where)[:3], 1):
        more = {"type": "post_type", "object": "page", "object_id": page["id"]}
        menus.insert_item(store, foot["id"], page["title"], place, **more)


def _patterns() -> list[Json]:
    button = (
        '<!-- wp:buttons --><div class="wp-block-buttons"><!-- wp:button --><div class="wp-block-button">'
        '<a class="wp-block-button__link wp-element-button" href="/shop">Shop</a></div><!-- /wp:button --></div>'
        "<!-- /wp:buttons -->"
    )
    return [
        {"name": f"{THEME}/hero", "title": "Hero", "content": button, "description": "", "categories": ["banner"]},
        {"name": f"{THEME}/lookbook", "title": "Lookbook", "content": "<!-- wp:gallery /-->", "description": "",
         "categories": ["gallery"], "keywords": ["lookbook"]},
        {"name": "core/query-standard-posts", "title": "Standard", "content": _POSTS, "categories": ["posts"],
         "block_types": ["core/query"], "source": "core"},
    ]  # fmt: skip
