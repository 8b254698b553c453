"""A whole list of the shop, a few pages at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.abreast import abreast
from devskyy_tools.shop.collections import Collection
from devskyy_tools.shop.draft import plural
from devskyy_tools.shop.session import PAGE, Shop

Json = dict[str, Any]
AT_ONCE = 3
"""Pages asked for at the same time: a shop gives no more for it, and others have calls too."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What was read, in the shop's order; ``total`` counts all, ``skipped`` those before the first that was read."""

    items: list[Json]
    total: int
    skipped: int


async def read_whole(
    ctx: Context,
    collection: Collection,
    fields: Sequence[str],
    *,
    most: int,
    hint: str,
    newest: bool = False,
    **query: Any,
) -> Whole:
    """All pages of a list, oldest first.

    Args:
        ctx: the call's.
        collection: what to list.
        fields: top-level fields.
        most: pages of 100 that are read.
        hint: what to ask instead where there are more.
        newest: then take the last pages instead.
        query: the list's own parameters.

    Raises:
        Refused: TOO_LARGE for more than are read.
    """
    shop = ctx.get(Shop)

    async def page(number: int) -> Any:
        return await shop.list(collection, fields=fields, order="asc", per_page=PAGE, page=number, **query)

    first = await page(1)
    if first.pages > most and not newest:
        raise Refused(
            Code.TOO_LARGE, f"There are {plural(first.total, collection.noun)}; one call reads {most * PAGE}.", hint
        )
    skipped = max(0, first.pages - most)
    found: dict[int, list[Json]] = {} if skipped else {1: first.items}

    async def one(number: int) -> None:
        found[number] = (await page(number)).items
        await ctx.progress(len(found), first.pages - skipped, f"{len(found) * PAGE} of {first.total} read")

    await few(one, range(max(2, skipped + 1), first.pages + 1))
    items = {item["id"]: item for number in sorted(found) for item in found[number]}
    return Whole(list(items.values()), first.total, skipped * PAGE)


async def few(work: Callable[[Any], Awaitable[None]], each: Sequence[Any]) -> None:
    """Do it for each, a few at once: a call that waits for its turn must not use up its time by that."""
    turns = anyio.CapacityLimiter(AT_ONCE)

    async def one(argument: Any) -> None:
        async with turns:
            await work(argument)

    await abreast(one, [(argument,) for argument in each])
