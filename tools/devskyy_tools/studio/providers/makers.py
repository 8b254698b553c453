"""The providers of 3D models by name."""

from __future__ import annotations

from typing import cast

from devskyy_mcp.context import Services

from .meshy import Meshy
from .meshy_models import MeshyModels
from .modelling import Modeller
from .registry import Providers
from .tripo import Tripo
from .tripo_models import TripoModels


def modeller(services: Services, name: str) -> Modeller:
    """The provider of that name, ``tripo`` or ``meshy``, as one of 3D models."""
    provider = services.get(Providers).get(name)
    if name == "meshy":
        return MeshyModels(cast("Meshy", provider))
    return TripoModels(cast("Tripo", provider))
