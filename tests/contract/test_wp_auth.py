"""Who may call: application passwords, roles, and what the shop says to those who may not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:auth")


async def test_index_says_what_the_site_offers(wp: Shop) -> None:
    index = ok(await wp.http.get("", auth=None))
    assert {"name", "description", "url", "home", "timezone_string", "namespaces", "routes"} <= set(index)
    assert {"wp/v2", "oembed/1.0"} <= set(index["namespaces"])
    assert index["authentication"]["application-passwords"]["endpoints"]["authorization"]


async def test_index_can_be_cut_by_fields(wp: Shop) -> None:
    assert set(await wp.read("", _fields="name,url")) == {"name", "url"}


@pytest.mark.parametrize("spaces", ["as shown", "removed"])
async def test_application_password_with_or_without_spaces(wp: Shop, spaces: str) -> None:
    password = wp.access.app_password if spaces == "as shown" else wp.access.app_password.replace(" ", "")
    assert ok(await wp.http.get("wp/v2/users/me", auth=(wp.access.user, password)))["id"]


async def test_email_instead_of_the_login(wp: Shop) -> None:
    email = (await wp.read("wp/v2/users/me", context="edit"))["email"]
    assert ok(await wp.http.get("wp/v2/users/me", auth=(email, wp.access.app_password)))["id"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("wp/v2/users/me", "incorrect_password"),
        ("wp/v2/posts", "incorrect_password"),
        ("wp/v2/types", "incorrect_password"),
        ("wc/v3/products", "woocommerce_rest_cannot_view"),
    ],
)
async def test_wrong_password_closes_even_public_routes(wc: Shop, path: str, code: str) -> None:
    refused(await wc.http.get(path, auth=(wc.access.user, "wrong wrong wrong")), 401, code)


async def test_wrong_password_is_not_logged_in(wp: Shop) -> None:
    # Without WooCommerce WordPress reads the password too late to name the reason, and answers public routes.
    answer = await wp.http.get("wp/v2/users/me", auth=(wp.access.user, "wrong wrong wrong"))
    assert (answer.status_code, answer.json()["code"]) in [(401, "incorrect_password"), (401, "rest_not_logged_in")]


@pytest.mark.parametrize(
    ("name", "code"),
    [("nobody", "invalid_username"), ("nobody@example.net", "invalid_email"), ("ck_" + "0" * 40, "invalid_username")],
)
async def test_unknown_user_or_shop_key(wc: Shop, name: str, code: str) -> None:
    refused(await wc.http.get("wp/v2/posts", auth=(name, "any")), 401, code)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "wp/v2/users/me", "rest_not_logged_in"),
        ("GET", "wp/v2/settings", "rest_forbidden"),
        ("GET", "wp/v2/posts?context=edit", "rest_forbidden_context"),
        ("GET", "wp/v2/posts?status=draft", "rest_invalid_param"),
        ("POST", "wp/v2/posts", "rest_cannot_create"),
        ("POST", "wp/v2/pages", "rest_cannot_create"),
        ("POST", "wp/v2/media", "rest_cannot_create"),
        ("POST", "wp/v2/categories", "rest_cannot_create"),
        ("POST", "wp/v2/users", "rest_cannot_create_user"),
    ],
)
async def test_anonymous_calls(wp: Shop, method: str, path: str, code: str) -> None:
    body = {"name": "x", "username": "x", "email": "x@example.com", "password": "x"} if method == "POST" else None
    refused(await wp.http.request(method, path, json=body, auth=None), 400 if "status=" in path else 401, code)


async def test_anonymous_cannot_change_or_delete(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", status="publish")
    path = f"wp/v2/posts/{post['id']}"
    refused(await wp.anonymous("PUT", path, {"title": "x"}), 401, "rest_cannot_edit")
    refused(await wp.anonymous("DELETE", path), 401, "rest_cannot_delete")


async def test_anonymous_cannot_see_a_draft(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Draft")
    refused(await wp.http.get(f"wp/v2/posts/{post['id']}", auth=None), 401, "rest_forbidden")


ROLE_CASES: list[tuple[str, str, str, dict[str, Any] | None, int, str]] = [
    ("subscriber", "POST", "wp/v2/posts", {"title": "x"}, 403, "rest_cannot_create"),
    ("subscriber", "GET", "wp/v2/posts?context=edit", None, 403, "rest_forbidden_context"),
    ("subscriber", "GET", "wp/v2/users?context=edit", None, 403, "rest_forbidden_context"),
    ("author", "POST", "wp/v2/categories", {"name": "x"}, 403, "rest_cannot_create"),
    ("author", "POST", "wp/v2/pages", {"title": "x"}, 403, "rest_cannot_create"),
    ("editor", "GET", "wp/v2/settings", None, 403, "rest_forbidden"),
    (
        "editor",
        "POST",
        "wp/v2/users",
        {"username": "x", "email": "x@example.com", "password": "x"},
        403,
        "rest_cannot_create_user",
    ),
]


@pytest.mark.parametrize(("role", "method", "path", "body", "status", "code"), ROLE_CASES)
async def test_role_that_may_not(
    wp: Shop, role: str, method: str, path: str, body: Any, status: int, code: str
) -> None:
    refused(await wp.http.request(method, path, json=body, auth=await wp.user(role)), status, code)


@pytest.mark.parametrize(("role", "status"), [("editor", "publish"), ("author", "publish")])
async def test_role_that_may_publish(wp: Shop, role: str, status: str) -> None:
    post = ok(await wp.post("wp/v2/posts", {"title": "Look", "status": status}, auth=await wp.user(role)), 201)
    assert post["status"] == status


async def test_editor_changes_what_others_wrote_and_author_does_not(wp: Shop) -> None:
    path = f"wp/v2/posts/{(await wp.make('wp/v2/posts', title='Look', status='publish'))['id']}"
    assert ok(await wp.put(path, {"title": "New"}, auth=await wp.user("editor")))["title"]["raw"] == "New"
    refused(await wp.put(path, {"title": "New"}, auth=await wp.user("author")), 403, "rest_cannot_edit")


async def test_subscriber_sees_themselves(wp: Shop) -> None:
    name, password = await wp.user("subscriber")
    me = ok(await wp.http.get("wp/v2/users/me?context=edit", auth=(name, password)))
    assert me["username"] == name
    assert me["roles"] == ["subscriber"]
    assert me["capabilities"]["read"] is True


async def test_introspect_names_the_password_in_use(wp: Shop) -> None:
    name, password = await wp.user("editor")
    found = ok(await wp.http.get("wp/v2/users/me/application-passwords/introspect", auth=(name, password)))
    assert found["name"] == "case"
    assert {"uuid", "app_id", "created", "last_used", "last_ip"} <= set(found)
    assert "password" not in found


async def test_new_application_password_is_shown_once_and_can_be_revoked(wp: Shop) -> None:
    passwords = f"wp/v2/users/{(await wp.read('wp/v2/users/me'))['id']}/application-passwords"
    made = ok(await wp.http.post(passwords, json={"name": token()}), 201)
    assert len(made["password"].replace(" ", "")) == 24
    credentials = (wp.access.user, made["password"])
    ok(await wp.http.get("wp/v2/users/me", auth=credentials))
    assert "password" not in await wp.read(f"{passwords}/{made['uuid']}")
    assert ok(await wp.delete(f"{passwords}/{made['uuid']}"))["deleted"] is True
    assert (await wp.http.get("wp/v2/users/me", auth=credentials)).status_code == 401


async def test_application_password_needs_a_name(wp: Shop) -> None:
    me = await wp.read("wp/v2/users/me")
    answer = await wp.http.post(f"wp/v2/users/{me['id']}/application-passwords", json={})
    assert refused(answer, 400, "rest_missing_callback_param")["data"]["params"] == ["name"]


async def test_http_without_local_environment_ignores_the_password(production: Shop) -> None:
    refused(await production.get("wp/v2/users/me"), 401, "rest_not_logged_in")
    assert (await production.read("", _fields="authentication"))["authentication"] == []
    ok(await production.get("wp/v2/posts"))
