"""What the endpoints of sign-in refuse: which error each malformed request is, and that nothing comes of it."""

from __future__ import annotations

import html
from typing import Any

import httpx2
import pytest

from tests.fakes.oauth import Host, Server
from tests.fakes.people import Visit, field

pytestmark = pytest.mark.requirement("oauth:hostile")
CODE = {
    "grant_type": "authorization_code",
    "code": "x" * 43,
    "redirect_uri": "http://127.0.0.1/callback",
    "code_verifier": "v" * 43,
    "client_id": "app_none",
}
JWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"
BASIC = {"Authorization": "Basic YXBwX25vbmU6c2VjcmV0"}  # app_none:secret
WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "no grant type": ({"data": {"client_id": "app_none"}}, 400, "invalid_request"),
    "another grant type": ({"data": {**CODE, "grant_type": "password"}}, 400, "unsupported_grant_type"),
    "another's resource": ({"data": {**CODE, "resource": "https://evil.example"}}, 400, "invalid_target"),
    "no Basic": ({"data": CODE, "headers": {"Authorization": "Basic %%%"}}, 401, "invalid_client"),
    "a long Basic": ({"data": CODE, "headers": {"Authorization": "Basic " + "A" * 10_000}}, 401, "invalid_client"),
    "two secrets": ({"data": {**CODE, "client_secret": "secret"}, "headers": BASIC}, 400, "invalid_request"),
    "two names": ({"data": {**CODE, "client_id": "app_other"}, "headers": BASIC}, 400, "invalid_request"),
    "an unread assertion": (
        {"data": {**CODE, "client_assertion": "e30.e30.AAAA", "client_assertion_type": JWT}}, 401, "invalid_client",
    ),
    "a type alone": ({"data": {**CODE, "client_assertion_type": JWT}}, 400, "invalid_request"),
    "a parameter twice": (
        {"content": "grant_type=authorization_code&code=a&code=b", "headers": {"Content-Type": FORM}},
        400,
        "invalid_request",
    ),
    "not UTF-8": ({"content": b"code=%ff", "headers": {"Content-Type": FORM}}, 400, "invalid_request"),
    "too large": ({"data": {**CODE, "code": "x" * 20_000}}, 413, "invalid_request"),
}  # fmt: skip


async def test_each_malformed_request_for_a_token_is_its_own_oauth_error(
    shop: Server, stranger: httpx2.AsyncClient
) -> None:
    for name, (given, status, error) in WRONG.items():
        answer = await stranger.post("/oauth/token", **given)
        assert (answer.status_code, answer.json()["error"]) == (status, error), name
        assert answer.headers["cache-control"] == "no-store", name
        asked_for_proof = status == 401 and "Authorization" in given.get("headers", {})
        assert ("www-authenticate" in answer.headers) is asked_for_proof, name
        assert "access_token" not in answer.text
    assert (await stranger.post("/oauth/token", json=CODE)).status_code == 415
    twice = [("Authorization", "Basic YTpi"), ("Authorization", "Basic YTpi")]
    assert (await stranger.post("/oauth/token", data=CODE, headers=twice)).status_code == 422


async def test_a_consent_that_is_sent_without_its_session_grants_nothing(host: Host, browser: Visit) -> None:
    await host.register()
    page = await host.ask(scope="tools:read")
    said = {"csrf": field(page, action="/oauth/authorize"), "request": html.unescape(field(page, "request"))}
    browser.forget()
    answer = await browser.send("/oauth/authorize", **said, answer="allow")
    assert (answer.status_code, "nothing was granted" in answer.text) == (401, True)
    assert "location" not in answer.headers


async def test_more_is_given_to_connected_programs_only_and_by_whom_they_are_connected(
    host: Host, browser: Visit
) -> None:
    await host.register()
    await host.connect(scope="tools:read")
    csrf = field(await browser.get("/connect?scope=orders:write"), action="/connect")
    nobodys = await browser.send("/connect", csrf=csrf, client="app_none", **{"scope_orders:write": "on"})
    assert (nobodys.status_code, "not connected any more" in nobodys.text) == (404, True)
    nothing = await browser.send("/connect", csrf=csrf, client=host.client_id)
    assert nothing.headers["location"] == "/connect?scope=&done=1"
    browser.forget()
    sent = await browser.send("/connect", csrf=csrf, client=host.client_id, **{"scope_orders:write": "on"})
    assert sent.headers["location"].startswith("/login?next=/connect")
