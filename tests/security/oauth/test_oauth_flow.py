"""The authorization code flow from end to end: what it asks for, what it gives, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from devskyy_mcp.app import build
from devskyy_mcp.auth.grants import Grants
from devskyy_mcp.auth.people import User
from devskyy_mcp.surfaces.oauth.wording import worded
from tests.fakes.oauth import Host, Server, answered, claims, scope_of, signing_in
from tests.fakes.people import Clock, Visit


@pytest.mark.requirement("oauth:flow")
async def test_a_host_gets_tokens_that_work_and_carry_what_was_granted(shop: Server, ada: User, host: Host) -> None:
    await host.register(client_name="My Host", scope="tools:read")
    page = await host.ask(scope="tools:read catalog:write", resource=f"{shop.url}/api/v1")
    assert "My Host" in page.text
    assert "127.0.0.1" in page.text
    assert "Any program on your computer could ask like this" in page.text
    assert scope_of(page) == {"tools:read", "catalog:write", "offline_access"}
    assert "form-action 'self' http://127.0.0.1:33418" in page.headers["content-security-policy"]
    back = await host.allow(page)
    said = answered(back)
    assert said.keys() == {"code", "state", "iss"}
    assert (said["state"], said["iss"]) == ("st-1", shop.url)
    got = (await host.exchange(said["code"])).json()
    assert got["token_type"] == "Bearer"
    assert got["scope"] == "catalog:write offline_access tools:read"
    said = claims(got["access_token"])
    assert said["sub"] == f"user:{ada.id}"
    assert (said["iss"], said["aud"], said["client_id"]) == (shop.url, f"{shop.url}/api/v1", host.client_id)
    assert said["scope"] == "catalog:write tools:read"
    assert said["exp"] - said["iat"] == 600
    assert said["amr"] == ["pwd"]
    shop.http.cookies.clear()
    assert await host.use(got["access_token"]) == 200
    assert await host.use(got["access_token"][:-6] + "AAAAAA") == 401


async def test_without_scope_the_least_is_asked_for(host: Host) -> None:
    await host.register(grant_types=["authorization_code"])
    page = await host.ask()
    assert scope_of(page) == {"tools:read", "catalog:read"}
    got = (await host.exchange(answered(await host.allow(page))["code"])).json()
    assert "refresh_token" not in got


async def test_what_the_person_unticks_is_not_granted(host: Host) -> None:
    await host.register()
    page = await host.ask(scope="tools:read orders:write")
    back = await host.allow(page, untick=("orders:write", "offline_access"))
    got = (await host.exchange(answered(back)["code"])).json()
    assert got["scope"] == "tools:read"
    assert "refresh_token" not in got


async def test_the_person_can_say_no(host: Host, shop: Server) -> None:
    await host.register()
    said = answered(await host.allow(await host.ask(), answer="deny"))
    assert (said["error"], said["iss"], said["state"]) == ("access_denied", shop.url, "st-1")


async def test_a_role_is_the_most_that_is_granted(shop: Server, host: Host, browser: Visit) -> None:
    from tests.fakes.people import person

    await person(shop.app, "analyst", "ann@example.com", "Ann")
    browser.forget()
    await browser.sign_in("ann@example.com")
    await host.register()
    page = await host.ask(scope="catalog:write orders:write tools:read")
    assert scope_of(page) == {"catalog:read", "tools:read", "offline_access"}
    said = answered(await host.ask(scope="orders:write"))
    assert said["error"] == "access_denied"


async def test_who_is_not_signed_in_goes_through_the_login_page_and_back(
    shop: Server, host: Host, browser: Visit
) -> None:
    await host.register()
    browser.forget()
    away = await host.ask(scope="tools:read")
    assert away.status_code == 303
    assert away.headers["location"].startswith("/login?next=/oauth/authorize")
    from urllib.parse import parse_qs, urlsplit

    back = await browser.sign_in(back=parse_qs(urlsplit(away.headers["location"]).query)["next"][0])
    page = await browser.get(back.headers["location"])
    assert scope_of(page) == {"tools:read", "offline_access"}
    assert "code" in answered(await host.allow(page))


async def test_prompts(host: Host, browser: Visit) -> None:
    await host.register()
    assert answered(await host.ask(prompt="none"))["error"] == "consent_required"
    again = await host.ask(prompt="login")
    assert again.headers["location"].startswith("/login/again?next=/oauth/authorize")
    assert "prompt%3Dconsent" in again.headers["location"]
    browser.forget()
    assert answered(await host.ask(prompt="none"))["error"] == "login_required"
    assert "prompt%3Dconsent" in (await host.ask(prompt="login")).headers["location"]


async def test_the_metadata_is_at_every_address_that_hosts_ask(shop: Server, stranger: httpx2.AsyncClient) -> None:
    asked = [
        f"{start}{path}"
        for start in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
        for path in ("", "/mcp", "/mcp/full", "/api/v1")
    ]
    for path in asked:
        answer = await stranger.get(path, headers={"Origin": "https://inspector.example.org"})
        assert answer.headers["access-control-allow-origin"] == "*"
        said = answer.json()
        assert said["issuer"] == shop.url
        assert said["code_challenge_methods_supported"] == ["S256"]
        assert said["authorization_response_iss_parameter_supported"] is True
        assert "offline_access" in said["scopes_supported"]
    keys = (await stranger.get("/oauth/jwks.json")).json()["keys"]
    assert len(keys) >= 2
    assert all("d" not in key for key in keys)


async def test_without_https_there_are_no_tokens(tmp_path: Path) -> None:
    async with signing_in(tmp_path, public_url="http://mcp.example.com") as server:
        form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "cl_x"}
        answer = await server.http.post("/oauth/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert "https" in answer.json()["error_description"]


def test_every_scope_of_the_catalogue_is_worded() -> None:
    scopes = {scope for tool in build().registry.tools.values() for scope in tool.policy.scopes}
    assert [scope for scope in scopes if worded(scope) == scope] == []


async def test_a_consent_counts_again_only_for_a_known_client(host: Host, browser: Visit) -> None:
    await host.register()
    await host.connect(scope="tools:read")
    assert (await host.ask(scope="tools:read")).status_code == 200  # loopback: anybody could answer there
    known = Host(host.http, redirect_uri="https://claude.ai/api/mcp/auth_callback")
    await known.register()
    assert answered(await known.allow(await known.ask(scope="tools:read catalog:write")))
    assert "code" in answered(await known.ask(scope="tools:read catalog:read"))
    assert "code" in answered(await known.ask(scope="tools:read", prompt="none"))
    assert (await known.ask(scope="tools:read", prompt="consent")).status_code == 200
    assert (await known.ask(scope="tools:read orders:read")).status_code == 200
    unknown = Host(host.http, redirect_uri="https://evil.example.org/callback")
    await unknown.register(client_name="Claude")
    page = await unknown.ask(scope="tools:read")
    assert "nobody has checked this name" in page.text
    assert "Whoever owns evil.example.org gets this access" in page.text
    await unknown.allow(page)
    assert (await unknown.ask(scope="tools:read")).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "a" * 44}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": 'a"b'}, "invalid_scope"),
        ({"scope": "no:such"}, "invalid_scope"),
        ({"scope": "*"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example.com/mcp"}, "invalid_target"),
        ({"resource": "http://127.0.0.1:8000/other"}, "invalid_target"),
        ({"state": "é"}, "invalid_request"),
    ],
)
async def test_what_is_wrong_is_told_to_the_client_with_the_issuer(
    host: Host, shop: Server, change: dict[str, str | None], error: str
) -> None:
    await host.register()
    said = answered(await host.ask(**change))
    assert (said["error"], said["iss"]) == (error, shop.url)
    assert "code" not in said


async def test_nobody_is_sent_to_an_address_that_is_not_registered(host: Host) -> None:
    await host.register()
    for change in ({"redirect_uri": "https://evil.example.org/"}, {"client_id": "cl_none"}, {"client_id": None}):
        page = await host.ask(**change)
        assert page.status_code == 422
        assert "location" not in page.headers
        assert "Connect a program" not in page.text


async def test_a_form_of_another_session_or_request_grants_nothing(host: Host, browser: Visit, ada: User) -> None:
    await host.register()
    page = await host.ask(scope="tools:read")
    from tests.fakes.people import field

    csrf = field(page, action="/oauth/authorize")
    wider = httpx2.QueryParams(host.request(scope="orders:write"))
    form = {"csrf": csrf, "request": str(wider), "answer": "allow", "scope_orders:write": "on"}
    assert (await host.http.post("/oauth/authorize", data=form)).status_code == 403
    browser.forget()
    await browser.sign_in()
    assert (await host.allow(page)).status_code == 403


async def test_a_code_is_good_for_a_minute_its_client_its_verifier_and_its_address(
    shop: Server, host: Host, clock: Clock
) -> None:
    await host.register()
    other = Host(host.http)
    await other.register()
    code = await host.code()
    assert (await other.exchange(code, code_verifier=host.verifier)).json()["error"] == "invalid_grant"
    assert (await host.exchange(code)).status_code == 200
    for change in (
        {"code_verifier": "a" * 43},
        {"redirect_uri": "http://127.0.0.1:33418/other"},
        {"redirect_uri": None},
    ):
        answer = await host.exchange(await host.code(), **change)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    answer = await host.exchange(await host.code(), code_verifier=None)
    assert answer.json()["error"] == "invalid_request"
    answer = await host.exchange(await host.code(), resource=f"{shop.url}/mcp")
    assert answer.json()["error"] == "invalid_target"
    code = await host.code()
    clock.forward(61)
    assert (await host.exchange(code)).json()["error"] == "invalid_grant"


@pytest.mark.requirement("oauth:replay")
async def test_a_code_presented_twice_ends_what_it_gave(shop: Server, host: Host) -> None:
    await host.register()
    code = await host.code()
    got = (await host.exchange(code)).json()
    host.http.cookies.clear()
    assert await host.use(got["access_token"]) == 200
    assert (await host.exchange(code)).json()["error"] == "invalid_grant"
    assert await host.use(got["access_token"]) == 401
    assert (await host.refresh(got["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_step_up_with_more_scopes_keeps_the_client(host: Host) -> None:
    await host.register(scope="tools:read")
    await host.connect(scope="tools:read")
    got = await host.connect(scope="tools:read orders:write")
    assert got["scope"] == "offline_access orders:write tools:read"


async def test_who_is_disabled_or_loses_a_role_loses_the_access(
    shop: Server, host: Host, ada: User, clock: Clock
) -> None:
    from devskyy_mcp.auth.people import People
    from tests.fakes.people import BY, person

    await host.register()
    got = await host.connect(scope="tools:read orders:write")
    bob = await person(shop.app, "owner", "bob@example.com", "Bob")
    await shop.app.services.get(People).set_role(ada.id, "analyst", BY)
    fresh = (await host.refresh(got["refresh_token"])).json()
    assert fresh["scope"] == "offline_access tools:read"
    await shop.app.services.get(People).set_active(ada.id, BY, active=False)
    assert (await host.refresh(fresh["refresh_token"])).json()["error"] == "invalid_grant"
    assert bob.active


async def test_grants_are_listed_for_their_person(shop: Server, host: Host, ada: User) -> None:
    await host.register(client_name="My Host")
    await host.connect(scope="tools:read")
    [grant] = await shop.app.services.get(Grants).of_user(ada.id)
    assert (grant.client_name, grant.scopes) == ("My Host", {"tools:read", "offline_access"})
