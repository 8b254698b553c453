"""Accounts, their application passwords, and the kinds of content that a site lists."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from devskyy_tools.sandbox.nouns import site_info
from devskyy_tools.shop import handover
from devskyy_tools.shop.collections import APP_PASSWORDS
from tests.fakes.demo import Demo, demo

accounts = pytest.mark.requirement("accounts:guarded")
kinds = pytest.mark.requirement("content:kinds")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path, calls_burst=1000) as made:
        yield made


async def account(desk: Demo, name: str, *roles: str) -> int:
    body: dict[str, Any] = {"username": name, "email": f"{name}@example.com"}
    done = await desk.carry_out("wp_users_create", **body, **({"roles": list(roles)} if roles else {}))
    return int(done["changes"][0]["id"])


@accounts
async def test_roles_are_a_persons_to_give(desk: Demo) -> None:
    made = await account(desk, "ada")
    asked = await desk.do("wp_users_update", id=made, roles=["administrator"])
    assert asked["state"] == "waits_for_person"
    assert f"Access: user {made} gets the role administrator." in asked["asks"]
    assert not any("ada" in str(value) for value in (asked["summary"], asked["asks"]))


@accounts
async def test_the_last_administrator_stays(desk: Demo) -> None:
    second, heir = await account(desk, "ada", "administrator"), await account(desk, "grace")
    await desk.carry_out("wp_users_update", id=second, roles=["editor"])
    store = desk.shop.store
    own = store.get("user", 1)
    assert own is not None
    store.put("user", {**own, "roles": ["shop_manager"]})  # may change users, and is no administrator
    store.put("user", {**(store.get("user", second) or {}), "roles": ["administrator"]})
    for tool, arguments in (
        ("wp_users_update", {"roles": ["editor"]}),
        ("wp_users_delete", {"reassign": heir}),
    ):
        refused = await desk.refused(tool, id=second, **arguments)
        assert (refused.code, "last administrator" in refused.message) == ("forbidden", True)
    assert desk.writes[-1].startswith("PUT /wp/v2/users/")


@accounts
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ({"username": "demo", "email": "new@example.com"}, "conflict", "user 1 has that username already"),
        ({"username": "new", "email": "x@"}, "invalid_arguments", "email"),
        ({"username": "new<b>", "email": "new@example.com"}, "invalid_arguments", "username"),
        ({"username": "new", "email": "new@example.com", "roles": []}, "invalid_arguments", "roles"),
        ({"username": "new", "email": "new@example.com", "password": "x"}, "invalid_arguments", "password"),
    ],
)
async def test_bad_accounts_are_refused(desk: Demo, arguments: dict[str, Any], code: str, says: str) -> None:
    refused = await desk.refused("wp_users_create", **arguments)
    assert (refused.code, says in f"{refused.message} {refused.details}") == (code, True)
    assert desk.writes == []


@accounts
async def test_names_of_passwords_say_which_program(desk: Demo) -> None:
    owner = await account(desk, "ada")
    await desk.carry_out("wp_app_passwords_save", user_id=owner, name="Till")
    taken = await desk.refused("wp_app_passwords_save", user_id=owner, name="till")
    nobody = await desk.refused("wp_app_passwords_save", user_id=99_999, name="Till")
    unclear = await desk.refused("wp_app_passwords_delete", user_id=owner)
    assert (taken.code, nobody.code, unclear.code) == ("conflict", "not_found", "invalid_arguments")


@accounts
def test_a_secret_that_cannot_be_stored_is_said_to_be_lost(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = {"uuid": "u", "password": "abcd efgh"}
    said = handover.take(tmp_path / "file", APP_PASSWORDS.name, answer, "u")
    assert ("lost" in said, answer) == (True, {"uuid": "u"})
    assert handover.take(tmp_path, "posts", {"password": "of a reader"}, "u") == ""


@accounts
async def test_a_password_whose_answer_was_lost_is_to_be_made_again(desk: Demo) -> None:
    owner = await account(desk, "ada")
    desk.shop.faults.lost(committed=True, method="POST", path="/application-passwords")
    asked = await desk.do("wp_app_passwords_save", user_id=owner, name="Till")
    done = await desk.agree(asked["change"])
    assert "delete it and make another" in str(done["changes"])
    assert not (desk.app.settings.data_dir / "secrets").exists()


@kinds
async def test_kinds_are_asked_for_once_and_anew_for_strange_ones(desk: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        await desk.do("wp_terms_list", taxonomy="product_cat")
        await desk.do("wp_terms_list", taxonomy="category")
    reads = [one.path for one in desk.shop.requests]
    assert (reads.count("/wp/v2/taxonomies"), reads.count("/wp/v2/product_cat")) == (1, 2)
    assert "did you mean product_tag" in (await desk.refused("wp_terms_list", taxonomy="product_tags")).message
    brand = {"name": "Seasons", "types": ["product"], "hierarchical": False, "rest_base": "product_tag"}
    monkeypatch.setitem(site_info.TAXONOMIES, "season", brand)  # as when a plugin has just been switched on
    assert (await desk.do("wp_terms_list", taxonomy="season"))["total"] > 0


@kinds
@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("wp_items_list", {"type": "post"}, "Use wp_posts_*"),
        ("wp_items_list", {"type": "../users"}, "wp_types_list"),
        ("wp_items_list", {"type": "produkt"}, "did you mean product"),
        ("wp_terms_list", {"taxonomy": "post_tag", "parent": 3}, "Leave parent out"),
        ("wp_terms_create", {"taxonomy": "users", "name": "x"}, "wp_types_list"),
        ("wp_items_create", {"type": "product", "title": "x", "terms": {"category": [1]}}, "It has: product_brand"),
        ("wp_items_create", {"type": "product", "title": "x", "terms": {"product_cat": [99_999]}}, "wp_terms_list"),
        ("wp_items_create", {"type": "product", "title": "x", "more": {"excerp": "x"}}, "did you mean excerpt"),
        ("wp_bin_restore", {"noun": "posts", "id": 1, "type": "product"}, "noun=items"),
        ("wp_revisions_list", {"type": "posts", "of": "../users"}, "as the list gives it"),
    ],
)
async def test_what_the_site_does_not_list_is_refused(
    desk: Demo, tool: str, arguments: dict[str, Any], says: str
) -> None:
    refused = await desk.refused(tool, **arguments)
    assert says in f"{refused.message} {refused.hint}"
    assert desk.writes == []
