"""Declares the playbooks."""

from __future__ import annotations

from pathlib import Path

from devskyy_mcp.capability import Pack
from devskyy_tools.shop.provide import provide_shop

from .brief import briefs, morning
from .launch import launching
from .launch_draft import drafting
from .reconcile import reconciling
from .reprice import repricing

pack = Pack(
    "playbooks",
    [repricing, reconciling, briefs, launching, drafting],
    [morning],
    provides=provide_shop,
    phrases=Path(__file__).with_name("phrases.toml"),
)
