"""Declares the tools for 3D models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.capability import Pack, Queue
from devskyy_mcp.changes.model import Systems
from devskyy_mcp.context import Services
from devskyy_tools.shop.provide import provide_shop

from .checked import checked
from .drawn import drawn
from .generated import QUEUE, generated
from .optimised import optimised
from .products import products
from .providers import providers
from .published import SYSTEM, PublishedFiles
from .reliefs import reliefs
from .usdz import usdz
from .variants import variants
from .viewer import page, viewer

if TYPE_CHECKING:
    from devskyy_tools.studio.providers.port import Provider

AT_ONCE = 10
"""Tasks that Tripo and Meshy each allow an account at once; a job has one under way at a time."""


def provide(services: Services) -> None:
    """The shop, files of this server as what a change set can publish, and the providers of 3D models."""
    from devskyy_tools.studio.providers.registry import provide as known

    provide_shop(services)
    services.get(Systems).add(SYSTEM, lambda: PublishedFiles(services.get(Assets)))
    known(services, "tripo", _tripo)
    known(services, "meshy", _meshy)


def _tripo(services: Services) -> Provider:
    from devskyy_tools.studio.providers.tripo import Tripo

    return Tripo(services)


def _meshy(services: Services) -> Provider:
    from devskyy_tools.studio.providers.meshy import Meshy

    return Meshy(services)


pack = Pack(
    "three_d",
    toolsets=[checked, drawn, generated, optimised, products, providers, reliefs, usdz, variants, viewer],
    resources=[page],
    provides=provide,
    queues=[Queue(QUEUE, AT_ONCE)],
    phrases=Path(__file__).with_name("phrases.toml"),
    enabled="enable_3d_pipeline",
)
