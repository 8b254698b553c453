"""Site health: the site's own tests, and what to do about what they find."""

from __future__ import annotations

from typing import Any, cast

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import UpstreamError
from devskyy_tools.shop import probing
from devskyy_tools.shop.abreast import abreast
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.refusals import plain_text

from .models_site import Check, Health

health = Toolset("health", timeout=90)

_DO = {
    "background-updates": "Let WordPress update itself: remove AUTOMATIC_UPDATER_DISABLED from wp-config.php, "
    "or update by hand every month.",
    "loopback-requests": "Ask the host to let the site call itself; scheduled sales and webhooks need that.",
    "dotorg-communication": "Ask the host to let the site reach api.wordpress.org; updates and plugins need that.",
    "https-status": "Get a certificate from the host and change both addresses to https in wp-admin.",
    "authorization-header": "Have the web server pass the Authorization header on (CGIPassAuth On for Apache).",
    "page-cache": "Switch on a page cache at the host or by one plugin, for visitors who are not signed in.",
}
_RANK = {"critical": 0, "recommended": 1, "failed": 2, "good": 3, "missing": 4}


@health.tool("read", scopes="settings:read", texts="outside")
async def wp_health_check(ctx: Context) -> Health:
    """Run the site's own health tests and say what to do; takes up to a minute."""
    client = ctx.get(ShopClient)
    checks: list[Check] = []

    async def run(name: str) -> None:
        checks.append(await _one(client, name))

    ill = await probing.ill(client)
    says = ill or "The front page and the REST index answer."
    checks.append(Check(test="answers", status="critical" if ill else "good", says=says))
    await abreast(run, [(name,) for name in _DO])
    checks.sort(key=lambda one: (_RANK.get(one.status, 2), one.test))
    bad = [one for one in checks if one.status in ("critical", "recommended", "failed")]
    worst = sum(one.status == "critical" for one in bad)
    summary = f"{worst} critical, {len(bad) - worst} recommended or not run." if bad else "All that was tested is good."
    return Health(summary=summary, checks=checks, sizes=await _sizes(client))


async def _one(client: ShopClient, name: str) -> Check:
    try:
        found = cast("dict[str, Any]", await client.get(f"/wp-site-health/v1/tests/{name}", None, f"test {name}"))
    except (Refused, UpstreamError) as error:
        if error.code is Code.NOT_FOUND or error.details.get("shop_code") == "rest_no_route":
            return Check(test=name, status="missing", says="This WordPress does not have the test.")
        return Check(test=name, status="failed", says=error.message, do=error.hint or None)
    status = str(found.get("status", "failed"))
    return Check(
        test=name,
        status=status,
        says=plain_text(found.get("label") or found.get("description", "")),
        do=None if status == "good" else _DO[name],
    )


async def _sizes(client: ShopClient) -> dict[str, str] | None:
    """Sizes of database, uploads, themes and plugins as the site states them; None where it can't say."""
    try:
        found = await client.get("/wp-site-health/v1/directory-sizes")
    except (Refused, UpstreamError):
        return None
    rows = cast("dict[str, Any]", found) if isinstance(found, dict) else {}  # beside the sizes a bare number, raw
    sizes = {name: cast("dict[str, Any]", one).get("size") for name, one in rows.items() if isinstance(one, dict)}
    return {name: str(size) for name, size in sizes.items() if size} or None
