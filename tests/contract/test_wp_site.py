"""The site around the content: settings, types, search, users, comments, schemas."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:site")


async def test_settings_can_be_read_and_changed(wp: Shop) -> None:
    before = await wp.read("wp/v2/settings")
    assert {"title", "description", "url", "timezone", "posts_per_page", "show_on_front"} <= set(before)
    try:
        assert (await wp.change("wp/v2/settings", description="A & B"))["description"] == "A &amp; B"
        assert (await wp.read("wp/v2/settings"))["description"] == "A &amp; B"
    finally:
        await wp.change("wp/v2/settings", description=before["description"])


async def test_settings_check_types(wp: Shop) -> None:
    refused(await wp.put("wp/v2/settings", {"posts_per_page": "many"}), 400, "rest_invalid_param")


async def test_types_are_a_map(wp: Shop) -> None:
    types = await wp.read("wp/v2/types")
    assert (types["post"]["rest_base"], types["page"]["rest_base"], types["attachment"]["rest_base"]) == (
        "posts",
        "pages",
        "media",
    )


async def test_statuses_are_a_map(wp: Shop) -> None:
    assert {"publish", "draft", "future", "pending", "private", "trash"} <= set(await wp.read("wp/v2/statuses"))
    assert set(ok(await wp.http.get("wp/v2/statuses", auth=None))) == {"publish"}


async def test_taxonomies_are_a_map(wp: Shop) -> None:
    taxonomies = await wp.read("wp/v2/taxonomies")
    assert (taxonomies["category"]["rest_base"], taxonomies["category"]["hierarchical"]) == ("categories", True)
    assert (taxonomies["post_tag"]["rest_base"], taxonomies["post_tag"]["hierarchical"]) == ("tags", False)


async def test_search_finds_posts_and_pages(wp: Shop) -> None:
    word = token()
    post = await wp.make("wp/v2/posts", title=f"Post {word}", status="publish")
    page = await wp.make("wp/v2/pages", title=f"Page {word}", status="publish")
    answer = await wp.get("wp/v2/search", search=word)
    assert answer.headers["x-wp-total"] == "2"
    assert {(hit["id"], hit["type"], hit["subtype"]) for hit in answer.json()} == {
        (post["id"], "post", "post"),
        (page["id"], "post", "page"),
    }
    assert [hit["id"] for hit in await wp.read("wp/v2/search", search=word, subtype="page")] == [page["id"]]


async def test_search_of_terms(wp: Shop) -> None:
    tag = await wp.make("wp/v2/tags", name=token())
    await wp.make("wp/v2/posts", title="Look", status="publish", tags=[tag["id"]])
    (hit,) = await wp.read("wp/v2/search", search=tag["name"], type="term", subtype="post_tag")
    assert (hit["id"], hit["title"], hit["type"]) == (tag["id"], tag["name"], "post_tag")


async def test_search_of_an_unknown_type(wp: Shop) -> None:
    refused(await wp.get("wp/v2/search", search="x", type="product"), 400, "rest_invalid_param")


async def test_me(wp: Shop) -> None:
    me = await wp.read("wp/v2/users/me", context="edit")
    assert me["roles"] == ["administrator"]
    assert me["capabilities"]["manage_options"] is True
    assert "@" in me["email"]


async def test_public_view_of_a_user_hides_the_address(wp: Shop) -> None:
    me = await wp.read("wp/v2/users/me")
    assert not {"email", "roles", "capabilities", "username"} & set(me)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"username": "x"}, 400, "rest_missing_callback_param"),
        ({"username": "fresh", "email": "no address", "password": "x"}, 400, "rest_invalid_param"),
        (
            {"username": "fresh", "email": "fresh@example.com", "password": "x", "roles": ["king"]},
            400,
            "rest_user_invalid_role",
        ),
    ],
)
async def test_refused_users(wp: Shop, body: dict[str, Any], status: int, code: str) -> None:
    refused(await wp.post("wp/v2/users", body), status, code)


async def test_user_name_and_address_are_unique(wp: Shop) -> None:
    name, _ = await wp.user("subscriber")
    taken = {"username": name, "email": f"{token()}@example.com", "password": token()}
    refused(await wp.post("wp/v2/users", taken), 500, "existing_user_login")
    taken = {"username": token(), "email": f"{name}@example.com", "password": token()}
    refused(await wp.post("wp/v2/users", taken), 500, "existing_user_email")


async def test_user_is_deleted_with_force_and_an_heir(wp: Shop) -> None:
    user = await wp.make("wp/v2/users", username=token(), email=f"{token()}@example.com", password=token())
    path = f"wp/v2/users/{user['id']}"
    error = refused(await wp.delete(path, force="true"), 400, "rest_missing_callback_param")
    assert error["data"]["params"] == ["reassign"]
    refused(await wp.delete(path, reassign="false"), 501, "rest_trash_not_supported")
    refused(await wp.delete(path, force="true", reassign=99999999), 400, "rest_user_invalid_reassign")
    assert ok(await wp.delete(path, force="true", reassign="false"))["deleted"] is True


async def test_comments(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", status="publish")
    comment = await wp.make("wp/v2/comments", post=post["id"], content="Lovely")
    assert (comment["post"], comment["status"], comment["content"]["raw"]) == (post["id"], "approved", "Lovely")
    path = f"wp/v2/comments/{comment['id']}"
    assert (await wp.change(path, status="hold"))["status"] == "hold"
    ok(await wp.delete(path))
    assert (await wp.read(path, context="edit"))["status"] == "trash"
    refused(await wp.delete(path), 410, "rest_already_trashed")


async def test_comments_need_a_post(wp: Shop) -> None:
    refused(await wp.post("wp/v2/comments", {"content": "x"}), 403, "rest_comment_invalid_post_id")


@pytest.mark.parametrize("noun", ["posts", "pages", "media", "categories", "tags", "users", "comments", "settings"])
async def test_options_gives_the_schema(wp: Shop, noun: str) -> None:
    described = ok(await wp.http.options(f"wp/v2/{noun}"))
    assert {"namespace", "methods", "endpoints", "schema"} <= set(described)
    assert described["schema"]["type"] == "object"
    assert all("type" in field or "oneOf" in field for field in described["schema"]["properties"].values())


async def test_options_lists_the_arguments(wp: Shop) -> None:
    endpoints = ok(await wp.http.options("wp/v2/posts"))["endpoints"]
    (reading,) = [endpoint for endpoint in endpoints if "GET" in endpoint["methods"]]
    assert reading["args"]["per_page"]["maximum"] == 100
    assert reading["args"]["order"]["enum"] == ["asc", "desc"]
