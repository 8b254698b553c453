"""Which role has which capability, as real shops say: what DevSkyy tells people stands in ``shop.roles.HELD_BY``."""

from __future__ import annotations

import pytest

from devskyy_tools.shop.roles import HELD_BY
from tests.contract.client import Shop, ok

_WOO = ("product", "shop_", "woocommerce", "customers")


@pytest.mark.requirement("roles:said-before")
@pytest.mark.parametrize("role", ["administrator", "shop_manager", "editor", "author", "subscriber"])
async def test_roles_have_what_is_said(wp: Shop, role: str) -> None:
    with_shop = bool(wp.access.consumer_key)
    if role == "shop_manager" and not with_shop:
        pytest.skip("a role of WooCommerce's")
    login = await wp.user(role)
    me = ok(await wp.http.get("wp/v2/users/me", params={"context": "edit"}, auth=login))
    assert me["roles"] == [role]
    words = role.replace("_", " ").capitalize()
    for capability, held_by in HELD_BY.items():
        if with_shop or not any(word in capability for word in _WOO):
            assert (capability in me["capabilities"]) == (words in held_by), capability
