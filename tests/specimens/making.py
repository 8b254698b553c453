"""Makes arguments of what a shop has, and what a shop has not yet."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from tests.fakes.demo import Desk

Arguments = Callable[[Desk], Awaitable[dict[str, Any]]]
numbers = itertools.count(1)
_RUN = secrets.token_hex(3)
"""Sets what is made on a shop apart from what earlier runs have left there."""
NAMES = frozenset({"code", "email", "name", "sku", "title"})


def given(**arguments: Any) -> Arguments:
    """Arguments that need nothing of the shop."""

    async def build(_desk: Desk) -> dict[str, Any]:
        return arguments

    return build


def one_of(tool: str, listing: dict[str, Any] | None = None, **arguments: Any) -> Arguments:
    """Arguments for the first object that a tool lists."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await desk.some(tool, **(listing or {})), **arguments}

    return build


def made(tool: str, body: dict[str, Any], **arguments: Any) -> Arguments:
    """Arguments for an object made for it."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await create(desk, tool, body), **arguments}

    return build


async def create(desk: Desk, tool: str, body: dict[str, Any]) -> int:
    """The id of a new object, whose name is its own."""
    own = {name: unique(value) if name in NAMES else value for name, value in body.items()}
    return int((await carry_out(desk, tool, own))["changes"][0]["id"])


async def carry_out(desk: Desk, tool: str, body: dict[str, Any]) -> dict[str, Any]:
    """Do it, with a person's yes where one is asked for. By way of a preview: what is applied is never taken for a
    host's retry, so that each call makes an object of its own.
    """
    shown = await desk.do(tool, **body, preview=True)
    done = await desk.do("changes_apply", change=shown["change"])
    return await desk.agree(done["change"]) if done["state"] == "waits_for_person" else done


def unique(text: str) -> str:
    """The text as no other object has it; an e-mail address stays one."""
    name, at, host = text.partition("@")
    return f"{name}{next(numbers)}{_RUN}{at}{host}"
