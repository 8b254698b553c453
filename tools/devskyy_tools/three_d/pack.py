"""Declares the tools for 3D models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from devskyy_mcp.capability import Pack, Queue
from devskyy_mcp.context import Services

from .generated import QUEUE, generated
from .providers import providers

if TYPE_CHECKING:
    from devskyy_tools.studio.providers.port import Provider

AT_ONCE = 10
"""Tasks that Tripo and Meshy each allow an account at once; a job has one under way at a time."""


def provide(services: Services) -> None:
    """The providers of 3D models."""
    from devskyy_tools.studio.providers.registry import provide as known

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
    [generated, providers],
    provides=provide,
    queues=[Queue(QUEUE, AT_ONCE)],
    phrases=Path(__file__).with_name("phrases.toml"),
)
