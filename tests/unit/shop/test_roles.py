"""What the account at the shop may do is read once, and told before the shop is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.app import installed_packs
from devskyy_mcp.capability import Registry
from devskyy_mcp.errors import Code
from devskyy_tools import sandbox
from devskyy_tools.sandbox.auth import CAPABILITIES
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.roles import HELD_BY, NEEDS, Account, Roles, need_of
from devskyy_tools.shop.signing import Credentials
from tests.fakes.demo import Demo, app_over, demo

TOOLS = Registry(installed_packs()).tools


async def made(shop: Demo, role: str) -> tuple[int, Credentials]:
    """A user of that role, with an application password."""
    client = shop.app.services.get(ShopClient)
    body = {"username": f"the-{role}", "email": f"{role}@example.org", "password": "x" * 20, "roles": [role]}
    user = (await client.write("POST", "/wp/v2/users", json=body)).json()["id"]
    answer = await client.write("POST", f"/wp/v2/users/{user}/application-passwords", json={"name": "test"})
    return user, Credentials(f"the-{role}", answer.json()["password"])


class Shared:
    """The demo shop, and a DevSkyy over it as a user of some role."""

    def __init__(self, owner: Demo, folder: Path, login: Credentials) -> None:
        box = httpx2.ASGITransport(app=_asgi(owner))
        self.desk = Demo(app_over(folder, "http://sandbox.test", box, login), owner.shop)


def _asgi(owner: Demo) -> Any:
    transport: Any = owner.app.services.get(ShopClient).upstream._transport  # pyright: ignore[reportPrivateUsage] # the same shop
    return transport.app


@pytest.mark.requirement("roles:said-before")
@pytest.mark.parametrize(
    ("role", "tool", "given", "need"),
    [
        ("author", "woo_products_list", {}, "read_private_products"),
        ("author", "woo_products_create", {"name": "Coat"}, "edit_products"),
        ("editor", "woo_orders_list", {}, "read_private_shop_orders"),
        ("author", "wp_pages_create", {"title": "About"}, "edit_pages"),
        ("subscriber", "wp_media_update", {"id": 1, "alt_text": "x"}, "upload_files"),
    ],
)
async def test_says_what_is_lacking_and_calls_nothing(
    tmp_path: Path, role: str, tool: str, given: dict[str, Any], need: str
) -> None:
    async with demo(tmp_path / "owner") as owner:
        _, login = await made(owner, role)
        desk = Shared(owner, tmp_path / "mine", login).desk
        owner.shop.requests.clear()
        for _ in range(2):
            refused = await desk.refused(tool, **given)
            assert refused.code is Code.FORBIDDEN
            assert f"needs {need}, which {HELD_BY[need]} has" in refused.message
            assert role.capitalize() in refused.message
        assert [one.path for one in owner.shop.requests] == ["/wp/v2/users/me"]
        assert "items" in await desk.do("wp_search", query="a")
        await desk.app.close()


@pytest.mark.requirement("roles:said-before")
async def test_a_new_role_counts_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with demo(tmp_path / "owner") as owner:
        user, login = await made(owner, "author")
        desk = Shared(owner, tmp_path / "mine", login).desk
        client = owner.app.services.get(ShopClient)
        assert (await desk.refused("woo_coupons_list")).code is Code.FORBIDDEN
        await client.write("PUT", f"/wp/v2/users/{user}", json={"roles": ["shop_manager"]})
        assert (await desk.refused("woo_coupons_list")).code is Code.FORBIDDEN
        monkeypatch.setattr("devskyy_tools.shop.roles.AGAIN_AFTER", -1.0)
        assert (await desk.do("woo_coupons_list"))["total"] >= 0
        # The other way round, the shop itself says so first.
        await client.write("PUT", f"/wp/v2/users/{user}", json={"roles": ["author"]})
        assert "needs" not in (await desk.refused("woo_coupons_list")).message
        assert "needs read_private_shop_coupons" in (await desk.refused("woo_coupons_list")).message
        await desk.app.close()


@pytest.mark.requirement("roles:marked")
async def test_finding_tells_it(tmp_path: Path) -> None:
    async with demo(tmp_path / "owner") as owner:
        _, login = await made(owner, "editor")
        desk = Shared(owner, tmp_path / "mine", login).desk
        hits = {hit["name"]: hit for hit in (await desk.do("tools_find", query="list posts orders", limit=20))["tools"]}
        assert "unavailable" not in hits["wp_posts_list"]
        assert "read_private_shop_orders" in hits["woo_orders_list"]["unavailable"]
        assert "edit_products" in (await desk.do("tools_describe", name="woo_products_update"))["unavailable"]
        assert "unavailable" not in await owner.do("tools_describe", name="woo_products_update")
        await desk.app.close()


async def test_where_the_shop_does_not_tell_nothing_is_refused(tmp_path: Path) -> None:
    keys = Credentials("", "", sandbox.DEMO_KEY, sandbox.DEMO_SECRET)
    async with demo(tmp_path, keys) as desk:
        assert await desk.app.services.get(Roles).account() is None
        assert (await desk.do("woo_products_list"))["items"]


@pytest.mark.requirement("roles:said-before")
async def test_where_the_plugin_is_missing_the_shop_says_so(tmp_path: Path) -> None:
    async with demo(tmp_path) as desk:
        roles = desk.app.services.get(Roles)
        roles.known = Account(("administrator",), frozenset({"edit_posts"}))
        assert (await desk.do("woo_products_list"))["items"]
        roles.known = Account(("editor",), frozenset({"edit_posts"}))
        assert await roles.lack(TOOLS["woo_products_list"]) is not None


@pytest.mark.parametrize("tool", [name for name, tool in TOOLS.items() if tool.stages and tool.pack != "platform"])
def test_each_write_tool_has_a_line(tool: str) -> None:
    """A prefix of its own, so that somebody has thought of it."""
    assert any(tool.startswith(start) for start in NEEDS)
    need = need_of(TOOLS[tool])
    assert not need or need in HELD_BY


def test_the_administrator_may_do_all() -> None:
    used = {need for needs in NEEDS.values() for need in needs if need}
    assert used <= HELD_BY.keys()
    assert used <= CAPABILITIES["administrator"]
