"""Declares the WordPress pack, and the shop that all packs speak to."""

from __future__ import annotations

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.capability import Pack
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_tools.shop.provide import provide_shop

from .bin import bin_tools
from .comments import comments
from .content import pages, posts
from .items import items
from .media import media
from .resources import resources
from .revisions import revisions
from .site import site
from .terms import terms
from .users import passwords, users


def _provide(services: Services) -> None:
    services.share(Assets, lambda found: Assets(found.get(Settings).data_dir / "assets"))
    provide_shop(services)


pack = Pack(
    "wordpress",
    [posts, pages, items, revisions, media, terms, comments, users, passwords, bin_tools, site],
    resources=resources,
    provides=_provide,
)
