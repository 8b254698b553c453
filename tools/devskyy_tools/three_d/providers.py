"""Who makes 3D models, pictures and films for money, what each needs, and what it charges."""

from __future__ import annotations

import anyio

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Refused

from .generated import LOCAL
from .models import Price, Provider3D, Providers3D

providers = Toolset("providers", timeout=25)


@providers.tool("read", scopes="media:read", cache_ttl=30)
async def three_d_providers_list(ctx: Context) -> Providers3D:
    """List providers of 3D models, pictures and films: which have a key, credits left, prices; what works without."""
    from devskyy_tools.studio.providers.registry import Providers

    names = ctx.get(Providers).names
    found: dict[str, Provider3D] = {}

    async def look(name: str) -> None:
        found[name] = await _looked_at(ctx, name)

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(look, name)
    local = f"{LOCAL} Pictures that are there are worked on by the tools media_*."
    return Providers3D(providers=[found[name] for name in names], local=local)


async def _looked_at(ctx: Context, name: str) -> Provider3D:
    from devskyy_tools.studio.providers.registry import Providers

    provider = ctx.get(Providers).get(name)
    about = provider.about
    left, trouble = None, None
    if provider.configured:
        try:
            left = await provider.credits()
        except Refused as refused:
            trouble = refused.message
    prices = about.prices
    return Provider3D(
        name=name,
        configured=provider.configured,
        needs="" if provider.configured else f"{about.key}, from {about.site}",
        credits_left=left,
        trouble=trouble,
        prices_of=prices.on,
        prices=[
            Price(action=action, credits=number, usd=prices.micro(number) / 1_000_000)
            for action, number in prices.credits.items()
        ],
    )
