"""Declares the tools for 3D models."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.capability import Pack

from .checked import checked
from .drawn import drawn
from .reliefs import reliefs
from .usdz import usdz
from .variants import variants

pack = Pack("three_d", [checked, drawn, reliefs, usdz, variants], phrases=Path(__file__).with_name("phrases.toml"))
