"""Declares the tools for pictures and films."""

from __future__ import annotations

from devskyy_mcp.capability import Pack

pack = Pack("media", [])
