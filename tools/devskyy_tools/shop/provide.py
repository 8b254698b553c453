"""Makes the shop known to a server: its client, the session per call, and the System that writes go to."""

from __future__ import annotations

from devskyy_mcp.agents.offers import Offers
from devskyy_mcp.assets.own import OwnFiles
from devskyy_mcp.changes.model import Systems
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.guard.gates import Gates
from devskyy_mcp.ops.doctor import Checks, Finding
from devskyy_mcp.ops.health import HealthChecks, State

from .client import ShopClient
from .connection import ShopSettings, connect
from .files import ShopFiles
from .offers import add_offers
from .roles import Roles
from .session import Shop
from .system import ShopSystem


def provide_shop(services: Services) -> None:
    """Register everything; nothing is opened before its first use. A second call changes nothing."""
    if services.has(ShopClient):
        return
    services.share(ShopClient, lambda found: connect(shop_settings(found.get(Settings)), found.get(Settings).data_dir))
    services.share(ShopSystem, _system)
    services.share(OwnFiles, ShopFiles)
    services.share(Roles, lambda found: Roles(found.get(ShopClient)))
    services.per_call(Shop, lambda ctx: Shop(ctx))
    if services.has(Gates):
        for pack in ("wordpress", "woocommerce", "three_d", "insights"):
            services.get(Gates).add(pack, lambda tool: services.get(Roles).lack(tool))
    services.get(Systems).add("shop", lambda: services.get(ShopSystem))
    if services.has(Offers):
        add_offers(services.get(Offers))
    if services.has(HealthChecks):
        services.get(HealthChecks).add("shop", lambda: _health(services))
    if services.has(Checks):
        services.get(Checks).add("shop", lambda: _check(services))


async def _check(services: Services) -> list[Finding]:
    from .doctor import check_shop

    return await check_shop(services)


async def _health(services: Services) -> State:
    """Whether the shop answers: a cheap signed read."""
    await services.get(ShopClient).get("/wp/v2/users/me", {"_fields": "id"})
    return State(ok=True, words="demo shop" if services.get(Settings).demo else "ok")


def _system(services: Services) -> ShopSystem:
    settings = services.get(Settings)
    return ShopSystem(services.get(ShopClient), settings.data_dir / "secrets", settings.shop_max_seconds)


def shop_settings(settings: Settings) -> ShopSettings | None:
    """The configured shop, or None for the demo shop."""
    if settings.demo:
        return None
    return ShopSettings(
        settings.wordpress_url,
        settings.wordpress_username,
        settings.wordpress_app_password.get_secret_value(),
        settings.woocommerce_key.get_secret_value(),
        settings.woocommerce_secret.get_secret_value(),
        settings.wordpress_environment,
    )
