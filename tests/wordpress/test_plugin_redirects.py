"""The companion plugin's redirects in a real WordPress: what visitors see, and who may make them."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.wordpress.bed import Bed
from tests.wordpress.test_plugin import DEBIAN, as_role, page

pytestmark = [DEBIAN, pytest.mark.requirement("plugin:redirects")]


def redirect(rest: httpx2.Client, source: str, target: str, **more: Any) -> httpx2.Response:
    return rest.post("devskyy/v1/redirects", json={"source": source, "target": target, **more})


@pytest.mark.parametrize("code", [301, 302])
def test_a_redirect_is_followed(bed: Bed, rest: httpx2.Client, code: int) -> None:
    rest.post("wp/v2/pages", json={"title": f"New place {code}", "status": "publish"})
    made = redirect(rest, f"/old-{code}/", f"/new-place-{code}/", code=code)
    assert made.status_code == 201, made.text
    one = made.json()
    assert one == {
        "id": one["id"], "source": f"/old-{code}", "target": f"/new-place-{code}/", "code": code, "status": "active",
    }  # fmt: skip
    for asked in (f"/old-{code}", f"/old-{code}/"):
        first = page(bed, asked)
        assert (first.status_code, first.headers["location"]) == (code, f"{bed.url}/new-place-{code}/")
    assert page(bed, f"/old-{code}?utm=a").headers["location"] == f"{bed.url}/new-place-{code}/?utm=a"
    followed = httpx2.get(f"{bed.url}/old-{code}", follow_redirects=True, timeout=60)
    assert (followed.status_code, f"New place {code}" in followed.text) == (200, True)


def test_lists_changes_bins_and_restores(bed: Bed, rest: httpx2.Client) -> None:
    at = f"devskyy/v1/redirects/{redirect(rest, '/a-place', '/one').json()['id']}"
    assert rest.put(at, json={"target": "/two"}).json()["target"] == "/two"
    assert page(bed, "/a-place").headers["location"] == f"{bed.url}/two"
    assert rest.get("devskyy/v1/redirects", params={"search": "a-place"}).headers["x-wp-total"] == "1"
    assert rest.get("devskyy/v1/redirects", params={"source": "/a-place/"}).json()[0]["target"] == "/two"
    assert rest.delete(at).json()["status"] == "trash"
    assert page(bed, "/a-place").status_code == 404
    assert rest.delete(at).status_code == 410
    assert rest.get("devskyy/v1/redirects", params={"search": "a-place"}).json() == []
    other = redirect(rest, "/a-place", "/three").json()
    taken = rest.put(at, json={"status": "active"})
    assert (taken.status_code, taken.json()["data"]["resource_id"]) == (409, other["id"])
    rest.delete(f"devskyy/v1/redirects/{other['id']}", params={"force": "true"})
    assert rest.put(at, json={"status": "active"}).json()["status"] == "active"
    assert page(bed, "/a-place").headers["location"] == f"{bed.url}/two"
    assert rest.delete(at, params={"force": "true"}).json()["deleted"] is True
    assert rest.get(at).json()["code"] == "devskyy_redirect_invalid_id"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "http://evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "evil.example",
        "/a b",
        "/x\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_leads_to_no_stranger(bed: Bed, rest: httpx2.Client, target: str) -> None:
    answer = redirect(rest, "/open", target)
    assert (answer.status_code, answer.json()["code"]) == (400, "devskyy_redirect_invalid_target"), answer.text
    assert redirect(rest, "/open", bed.url.replace("://", "://evil.example@")).status_code == 400
    assert page(bed, "/open").status_code == 404


@pytest.mark.parametrize(
    "source",
    ["", "/", "old", "//evil.example", "/wp-admin", "/wp-admin/users.php", "/wp-login.php", "/wp-json/wp/v2", "/a?b=c",
     "https://evil.example/old", "/a#b", "/a\\b"],
)  # fmt: skip
def test_refuses_a_source_that_is_none(rest: httpx2.Client, source: str) -> None:
    answer = redirect(rest, source, "/new")
    assert (answer.status_code, answer.json()["code"]) == (400, "devskyy_redirect_invalid_source"), answer.text


def test_leads_in_no_circle_and_at_once_to_the_end(bed: Bed, rest: httpx2.Client) -> None:
    assert redirect(rest, "/self", "/self/").json()["code"] == "devskyy_redirect_loop"
    assert redirect(rest, "/self", f"{bed.url}/self").json()["code"] == "devskyy_redirect_loop"
    redirect(rest, "/c1", "/c2")
    last = redirect(rest, "/c2", "/c3").json()
    assert redirect(rest, "/c3", "/c1?x=1").json()["code"] == "devskyy_redirect_loop"
    assert page(bed, "/c1").headers["location"] == f"{bed.url}/c3"
    at = f"devskyy/v1/redirects/{last['id']}"
    assert rest.put(at, json={"target": "/c1"}).json()["code"] == "devskyy_redirect_loop"
    assert rest.get(at).json() == last


def test_one_redirect_a_path(rest: httpx2.Client) -> None:
    first = redirect(rest, "/once", "/one").json()
    again = redirect(rest, "/once/", "/two")
    assert (again.status_code, again.json()["code"]) == (409, "devskyy_redirect_exists")
    assert again.json()["data"]["resource_id"] == first["id"]


@pytest.mark.parametrize(("role", "status"), [("editor", 201), ("author", 403), ("subscriber", 403), ("", 401)])
def test_redirects_are_for_editors(bed: Bed, role: str, status: int) -> None:
    url, login = f"{bed.url}/wp-json/devskyy/v1/redirects", as_role(bed, role) if role else None
    body = {"source": f"/for-{role or 'nobody'}", "target": "/x"}
    assert httpx2.post(url, json=body, auth=login, timeout=60).status_code == status
    assert httpx2.get(url, auth=login, timeout=60).status_code == (200 if status == 201 else status)
    if status != 201:
        assert httpx2.get(f"{url}/1", auth=login, timeout=60).status_code == status
        assert httpx2.put(f"{url}/1", json=body, auth=login, timeout=60).status_code == status
        assert httpx2.delete(f"{url}/1", auth=login, timeout=60).status_code == status
