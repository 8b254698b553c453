"""Declares the tools for 3D models."""

from __future__ import annotations

from devskyy_mcp.capability import Pack

pack = Pack("three_d", [])
