"""Several requests to the shop at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio


async def abreast(work: Callable[..., Awaitable[None]], arguments: Sequence[tuple[Any, ...]]) -> None:
    """Do all at once (the client keeps to a few requests at a time); the first error as it is, not in a group."""
    failed: list[Exception] = []

    async def one(given: tuple[Any, ...]) -> None:
        try:
            await work(*given)
        except Exception as error:
            failed.append(error)

    async with anyio.create_task_group() as tasks:
        for given in arguments:
            tasks.start_soon(one, given)
    if failed:
        raise failed[0]
