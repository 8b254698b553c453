"""Declares the tools for 3D models."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.capability import Pack

from .checked import checked
from .drawn import drawn
from .optimised import optimised
from .usdz import usdz
from .variants import variants
from .viewer import page, viewer

pack = Pack(
    "three_d",
    toolsets=[checked, drawn, optimised, usdz, variants, viewer],
    resources=[page],
    phrases=Path(__file__).with_name("phrases.toml"),
    enabled=lambda settings: settings.enable_3d_pipeline,
)
