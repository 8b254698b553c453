"""Declares the tools for 3D models."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.capability import Pack
from devskyy_mcp.changes.model import Systems
from devskyy_mcp.context import Services
from devskyy_tools.shop.provide import provide_shop

from .products import products
from .published import SYSTEM, PublishedFiles
from .viewer import page, viewer


def provide(services: Services) -> None:
    """The shop, and files of this server as what a change set can publish."""
    provide_shop(services)
    services.get(Systems).add(SYSTEM, lambda: PublishedFiles(services.get(Assets)))


pack = Pack(
    "three_d",
    toolsets=[products, viewer],
    resources=[page],
    provides=provide,
    phrases=Path(__file__).with_name("phrases.toml"),
    enabled=lambda settings: settings.enable_3d_pipeline,
)
