"""Declares the tools for 3D models."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.capability import Pack

from .viewer import page, viewer

pack = Pack(
    "three_d",
    toolsets=[viewer],
    resources=[page],
    phrases=Path(__file__).with_name("phrases.toml"),
    enabled=lambda settings: settings.enable_3d_pipeline,
)
