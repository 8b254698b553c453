"""Clients: their own name, keys of their own, registration, documents, revoking and looking up tokens."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from devskyy_mcp.auth.grants import DAY
from devskyy_mcp.auth.people import User
from devskyy_mcp.auth.server.clients import Clients
from devskyy_mcp.auth.server.tidy import GRANTS_KEPT, purge
from devskyy_mcp.db import Database
from tests.fakes.oauth import LOOPBACK, Host, Server, Web, answered, claims
from tests.fakes.people import BY, Clock, Visit

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DOCUMENT = "https://host.brand.shop/client.json"


async def post(
    http: httpx2.AsyncClient, path: str, auth: tuple[str, str] | None = None, /, **form: Any
) -> httpx2.Response:
    return await http.post(path, data=form, auth=auth) if auth else await http.post(path, data=form)


@pytest.mark.requirement("oauth:client-credentials")
async def test_a_confidential_client_acts_in_its_own_name(shop: Server, stranger: httpx2.AsyncClient) -> None:
    clients = shop.app.services.get(Clients)
    client, secret = await clients.add("Stock feed", ["catalog:write", "tools:read"], BY)
    assert secret
    own = {"grant_type": "client_credentials"}
    got = await post(stranger, "/oauth/token", (client.id, secret), **own)
    assert got.status_code == 200, got.text
    assert got.json()["scope"] == "catalog:write tools:read"
    assert "refresh_token" not in got.json()
    said = claims(got.json()["access_token"])
    assert (said["sub"], said["client_id"]) == (client.id, client.id)
    narrow = await post(
        stranger, "/oauth/token", client_id=client.id, client_secret=secret, scope="catalog:read", **own
    )
    assert narrow.json()["scope"] == "catalog:read"
    more = await post(stranger, "/oauth/token", (client.id, secret), scope="orders:read", **own)
    assert more.json()["error"] == "invalid_scope"
    host = Host(stranger)
    assert await host.use(got.json()["access_token"]) == 200
    for auth in ((client.id, "wrong"), ("app_none", secret)):
        answer = await post(stranger, "/oauth/token", auth, **own)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")
    await clients.revoke(client.id, BY)
    assert await host.use(got.json()["access_token"]) == 401
    assert (await post(stranger, "/oauth/token", (client.id, secret), **own)).status_code == 401


@pytest.mark.requirement("oauth:private-key")
async def test_a_client_with_a_key_of_its_own_signs_once(shop: Server, stranger: httpx2.AsyncClient) -> None:
    key = ECKey.generate_key("P-256", auto_kid=True)
    client, secret = await shop.app.services.get(Clients).add(
        "Signer", ["catalog:read"], BY, {"keys": [key.as_dict(private=False)]}
    )
    assert secret is None

    def assertion(signer: ECKey | None = None, **change: Any) -> str:
        said = {"iss": client.id, "sub": client.id, "aud": shop.url, "jti": "1", "exp": int(time.time()) + 60, **change}
        return jwt.encode({"alg": "ES256", "kid": key.kid}, said, signer or key, algorithms=["ES256"])

    async def sent(one: str) -> httpx2.Response:
        more = {"client_assertion_type": ASSERTION, "client_assertion": one}
        return await post(stranger, "/oauth/token", grant_type="client_credentials", **more)

    first = await sent(assertion())
    assert first.status_code == 200, first.text
    bad = [
        assertion(),
        assertion(ECKey.generate_key("P-256"), jti="2"),
        assertion(jti="3", aud="https://elsewhere.example.com"),
        assertion(jti="4", exp=int(time.time()) - 100),
        assertion(jti="5", exp=int(time.time()) + 86400),
        assertion(jti="6", iss="somebody"),
        assertion(jti=7),
        assertion(jti="8", sub="app_none"),
        "a.b.c",
    ]
    for one in bad:
        answer = await sent(one)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), one
    assert (await sent(assertion(jti="9", aud=[f"{shop.url}/oauth/token"]))).status_code == 200


@pytest.mark.requirement("oauth:revocation")
async def test_a_revoked_token_ends_the_whole_grant(host: Host, browser: Visit) -> None:
    await host.register()
    browser_cookies = dict(host.http.cookies)
    for which in ("refresh_token", "access_token"):
        got = await host.connect(scope="tools:read")
        host.http.cookies.clear()
        assert await host.use(got["access_token"]) == 200
        done = await post(host.http, "/oauth/revoke", token=got[which], token_type_hint="nonsense", **host.auth)
        assert (done.status_code, done.json()) == (200, {})
        assert await host.use(got["access_token"]) == 401
        assert (await host.refresh(got["refresh_token"])).json()["error"] == "invalid_grant"
        assert (await post(host.http, "/oauth/revoke", token=got[which], **host.auth)).status_code == 200
        host.http.cookies.update(browser_cookies)
    assert (await post(host.http, "/oauth/revoke", token="unknown", **host.auth)).status_code == 200
    assert (await post(host.http, "/oauth/revoke", token="unknown", client_id="cl_none")).status_code == 401
    other = Host(host.http)
    await other.register()
    got = await host.connect(scope="tools:read")
    assert (await post(host.http, "/oauth/revoke", token=got["refresh_token"], **other.auth)).status_code == 400
    assert (await host.refresh(got["refresh_token"])).status_code == 200


@pytest.mark.requirement("oauth:introspection")
async def test_a_confidential_client_looks_tokens_up(shop: Server, host: Host, ada: User) -> None:
    client, secret = await shop.app.services.get(Clients).add("Gateway", ["tools:read"], BY)
    assert secret
    await host.register()
    got = await host.connect(scope="tools:read")
    auth = (client.id, secret)
    found = (await post(host.http, "/oauth/introspect", auth, token=got["access_token"])).json()
    assert found["active"] is True
    assert (found["sub"], found["scope"], found["aud"]) == (f"user:{ada.id}", "tools:read", shop.url)
    assert (await post(host.http, "/oauth/introspect", auth, token=got["refresh_token"])).json()["active"] is True
    assert (await post(host.http, "/oauth/introspect", auth, token="nothing")).json() == {"active": False}
    assert (await post(host.http, "/oauth/introspect", token=got["access_token"], **host.auth)).status_code == 401
    await post(host.http, "/oauth/revoke", token=got["access_token"], **host.auth)
    assert (await post(host.http, "/oauth/introspect", auth, token=got["access_token"])).json() == {"active": False}


@pytest.mark.requirement("oauth:registration")
async def test_registration_takes_what_is_allowed_and_caps_nothing(host: Host) -> None:
    given = await host.register(
        redirect_uris=[LOOPBACK, "http://evil.example.org/", "javascript:alert(1)"],
        scope="tools:read",
        contacts=["ada@example.com"],
        client_name="Nice\u202egnp\n\x00 host",
    )
    assert given["redirect_uris"] == [LOOPBACK]
    assert given["client_name"] == "Nice gnp host"
    assert "client_secret" not in given
    assert "orders:write" in given["scope"]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"redirect_uris": ["http://evil.example.org/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": [1]}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"scope": 5}, "invalid_client_metadata"),
    ]
    for change, error in wrong:
        answer = await host.http.post("/oauth/register", json={"redirect_uris": [LOOPBACK], **change})
        assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_registering_is_limited_per_address(host: Host) -> None:
    body = {"redirect_uris": [LOOPBACK]}
    answers = [await host.http.post("/oauth/register", json=body) for _ in range(35)]
    refused = [one for one in answers if one.status_code == 429]
    assert 3 <= len(refused) <= 5
    assert refused[0].json()["error"] == "temporarily_unavailable"
    assert int(refused[0].headers["retry-after"]) > 0


@pytest.mark.requirement("oauth:documents")
async def test_a_document_must_be_what_its_address_says(host: Host, web: Web) -> None:
    good = {"client_id": DOCUMENT, "client_name": "Host", "redirect_uris": [LOOPBACK]}
    one = Host(host.http, DOCUMENT, LOOPBACK, {"client_id": DOCUMENT})
    bad: list[Any] = [
        {**good, "client_id": "https://other.brand.shop/client.json"},
        {**good, "client_secret": "x"},
        {**good, "token_endpoint_auth_method": "client_secret_post"},
        {**good, "redirect_uris": ["http://evil.example.org/"]},
        {**good, "redirect_uris": "x"},
        {**good, "client_name": "x" * 6000},
        {**good, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
        {**good, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": 5}},
        b"[]",
        b"{",
        b"\xff",
    ]
    for document in bad:
        web.put(DOCUMENT, document)
        answer = await one.ask()
        assert answer.status_code in {422, 429}
        assert "location" not in answer.headers
    for address in (
        "https://host.brand.shop",
        "https://host.brand.shop/",
        "https://u@host.brand.shop/x",
        "https://h/a/../b",
    ):
        assert (await one.ask(client_id=address)).status_code == 422


async def test_a_document_is_kept_as_its_server_says(host: Host, web: Web, clock: Clock) -> None:
    web.put(DOCUMENT, {"client_id": DOCUMENT, "client_name": "Host", "redirect_uris": [LOOPBACK]})
    web.cache_control = "public, max-age=600"
    one = Host(host.http, DOCUMENT, LOOPBACK, {"client_id": DOCUMENT})
    assert (await one.ask()).status_code == 200
    assert (await one.ask()).status_code == 200
    assert len(web.asked) == 1
    clock.forward(601)
    assert (await one.ask()).status_code == 200
    assert len(web.asked) == 2
    web.pages.clear()  # its server is away: what was known holds for a day
    clock.forward(601)
    assert (await one.ask()).status_code == 200
    clock.forward(2 * 3600)
    answer = await one.ask()
    assert answer.status_code in {200, 303}


async def test_what_nobody_uses_goes(shop: Server, host: Host, clock: Clock) -> None:
    db = shop.app.services.get(Database)
    unused, used = Host(host.http), Host(host.http)
    await unused.register()
    await used.register()
    got = await used.connect(scope="tools:read")
    clock.forward(DAY / 1e6 + 60)
    assert await purge(db, clock) >= 1
    clients = {row["id"] for row in await shop.app.services.get(Clients).all()}
    assert used.client_id in clients
    assert unused.client_id not in clients
    assert (await used.refresh(got["refresh_token"])).status_code == 200
    clock.forward((180 * DAY + GRANTS_KEPT) / 1e6 + 60)
    await purge(db, clock)
    assert used.client_id not in {row["id"] for row in await shop.app.services.get(Clients).all()}


@pytest.mark.requirement("oauth:connect")
async def test_a_connected_program_is_given_more(shop: Server, host: Host, browser: Visit) -> None:
    import re

    from tests.fakes.people import field

    await host.register(client_name="My Host")
    got = await host.connect(scope="tools:read")
    page = await browser.get("/connect?scope=orders:write%20tools:read")
    assert "My Host" in page.text
    assert re.findall(r'name="scope_([^"]+)"', page.text) == ["orders:write"]
    csrf = field(page, action="/connect")
    form = {"csrf": csrf, "client": host.client_id, "scope_orders:write": "on"}
    assert (await browser.send("/connect", **{**form, "csrf": "x"})).status_code == 403
    done = await browser.send("/connect", **form)
    assert "It has all of that already" in (await browser.get(done.headers["location"])).text
    fresh = (await host.refresh(got["refresh_token"])).json()
    assert fresh["scope"] == "offline_access orders:write tools:read"
    browser.forget()
    assert (await browser.get("/connect?scope=orders:write")).headers["location"].startswith("/login?next=/connect")
    assert answered(await browser.get("/connect")).keys() == {"next"}
