"""Declares the WordPress pack, and the shop that all packs speak to."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.capability import Pack
from devskyy_mcp.context import Services
from devskyy_tools.shop.provide import provide_shop

from .bin import bin_tools
from .comments import comments
from .content import pages, posts
from .fonts import fonts
from .health import health
from .items import items
from .links import links
from .media import media
from .menus import menus
from .patterns import patterns
from .plugins import plugins
from .privacy import privacy
from .redirects import redirects
from .resources import resources
from .revisions import revisions
from .seo import seo
from .settings import settings
from .site import site
from .styles import styles
from .templates import templates
from .terms import terms
from .users import passwords, users
from .widgets import widgets


def _provide(services: Services) -> None:
    provide_shop(services)


def _plugin() -> tuple[str, bytes]:
    from .companion import build

    return build()


pack = Pack(
    "wordpress",
    [
        *(posts, pages, items, revisions, media, terms, comments, users, passwords, bin_tools, site),
        *(patterns, menus, templates, styles, fonts, widgets, plugins, settings, health),
        *(seo, redirects, privacy, links),
    ],
    resources=resources,
    provides=_provide,
    phrases=Path(__file__).with_name("phrases.toml"),
    files={"plugin": _plugin},
)
