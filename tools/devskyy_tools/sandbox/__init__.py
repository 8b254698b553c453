"""The demo shop: an ASGI app that answers wp/v2 and wc/v3 as WordPress and WooCommerce do, quirks included."""

from __future__ import annotations

from devskyy_tools.sandbox.app import Sandbox, create_sandbox
from devskyy_tools.sandbox.faults import Fault, Faults
from devskyy_tools.sandbox.seed.people import (
    DEMO_APP_PASSWORD,
    DEMO_KEY,
    DEMO_PASSWORDS,
    DEMO_READ_KEY,
    DEMO_READ_SECRET,
    DEMO_SECRET,
    DEMO_USER,
)

__all__ = [
    "DEMO_APP_PASSWORD",
    "DEMO_KEY",
    "DEMO_PASSWORDS",
    "DEMO_READ_KEY",
    "DEMO_READ_SECRET",
    "DEMO_SECRET",
    "DEMO_USER",
    "Fault",
    "Faults",
    "Sandbox",
    "create_sandbox",
]
