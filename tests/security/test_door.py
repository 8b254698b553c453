"""Who is let in where people sign in: cookies, keys, tokens, dashboards, and pages of others."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.app import build
from devskyy_mcp.auth.api_keys import ApiKeys, checksum
from devskyy_mcp.auth.sessions import Sessions
from devskyy_mcp.auth.tickets import Tickets
from devskyy_mcp.context import Principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.people import Clock, person
from tests.fakes.served import Site, settings_for, site
from tests.fakes.tokens import bearing, client, grant, token

OURS = "http://127.0.0.1:8000"
DASHBOARD = "https://app.example.com"
WRITE = "/api/v1/tools/notes_update"
BODY = {"note": 1, "title": "x"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    async with site(tmp_path, auth_mode="embedded", cors_origins=[DASHBOARD]) as made:
        await client(made.app)
        yield made


async def session_of(shop: Site) -> tuple[dict[str, str], str]:
    """The cookie of a fresh session, and its CSRF token."""
    user = await person(shop.app)
    cookie = await shop.app.services.get(Sessions).open(user, ["pwd"], "a browser", "127.0.0.1")
    headers = {"Cookie": f"dsk_session={cookie}"}
    me = (await shop.http.get("/api/v1/me", headers=headers)).json()
    assert me["id"] == f"user:{user.id}"
    return headers, me["csrf"]


# ---- sessions of browsers -------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:csrf")
async def test_a_session_reads_and_writes_with_its_token_from_a_page_of_ours(shop: Site) -> None:
    cookie, csrf = await session_of(shop)
    assert (await shop.http.get("/api/v1/tools", headers=cookie)).status_code == 200
    for ours in ({"Origin": OURS}, {"Sec-Fetch-Site": "same-origin"}):
        answer = await shop.http.post(WRITE, json=BODY, headers={**cookie, "X-CSRF-Token": csrf, **ours})
        assert answer.status_code == 200, answer.text


@pytest.mark.requirement("auth:csrf")
@pytest.mark.parametrize("path", [WRITE, "/mcp", "/api/v1/ws-tickets", "/api/v1/tools/notes_list"])
async def test_without_either_a_session_writes_nothing(shop: Site, path: str) -> None:
    cookie, csrf = await session_of(shop)
    before = len(shop.notes.requests)
    wrong: list[dict[str, str]] = [
        {},
        {"Origin": OURS},
        {"X-CSRF-Token": csrf},
        {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "none"},
        {"Origin": OURS, "X-CSRF-Token": csrf[:-1]},
        {"Origin": OURS, "X-CSRF-Token": ""},
        {"Origin": "http://evil.example", "X-CSRF-Token": csrf},
        {"Origin": OURS, "Sec-Fetch-Site": "cross-site", "X-CSRF-Token": csrf},
    ]
    for headers in wrong:
        answer = await shop.http.post(path, json=BODY, headers={**cookie, **ACCEPT, **headers})
        assert answer.status_code == 403, headers
    assert len(shop.notes.requests) == before


@pytest.mark.requirement("auth:csrf")
async def test_the_token_of_another_session_or_form_is_none(shop: Site) -> None:
    cookie, _ = await session_of(shop)
    sessions = shop.app.services.get(Sessions)
    for csrf in (sessions.csrf_of("0" * 64, "api"), sessions.csrf_of(_sid(cookie), "logout")):
        headers = {**cookie, "Origin": OURS, "X-CSRF-Token": csrf}
        assert (await shop.http.post(WRITE, json=BODY, headers=headers)).status_code == 403


def _sid(cookie: dict[str, str]) -> str:
    import hashlib

    return hashlib.sha256(cookie["Cookie"].partition("=")[2].encode()).hexdigest()


@pytest.mark.requirement("auth:one-way")
async def test_a_cookie_and_a_token_together_are_refused(shop: Site) -> None:
    cookie, csrf = await session_of(shop)
    user = await person(shop.app, login="bob@example.com")
    bearer = bearing(await token(shop.app, user, ["*"]))
    assert (await shop.http.get("/api/v1/tools", headers=bearer)).status_code == 200
    for method, path in (("GET", "/api/v1/tools"), ("POST", WRITE), ("POST", "/mcp")):
        headers = {**cookie, **bearer, "Origin": OURS, "X-CSRF-Token": csrf, **ACCEPT}
        answer = await shop.http.request(method, path, json=BODY if method == "POST" else None, headers=headers)
        assert answer.status_code == 422
    assert (await shop.http.get("/api/v1/tools", headers={**bearer, "Cookie": "theme=dark"})).status_code == 200


# ---- dashboards and pages of others ---------------------------------------------------------------------------------


@pytest.mark.requirement("auth:cors")
async def test_a_dashboard_in_the_settings_may_call_and_nobody_else(shop: Site) -> None:
    cookie, csrf = await session_of(shop)
    asked = {"Origin": DASHBOARD, "Access-Control-Request-Method": "POST"}
    preflight = await shop.http.options(WRITE, headers={**asked, "Sec-Fetch-Site": "cross-site"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == DASHBOARD
    assert preflight.headers["access-control-allow-credentials"] == "true"
    assert "x-csrf-token" in preflight.headers["access-control-allow-headers"]
    headers = {**cookie, "Origin": DASHBOARD, "X-CSRF-Token": csrf, "Sec-Fetch-Site": "same-site"}
    answer = await shop.http.post(WRITE, json=BODY, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == DASHBOARD
    assert "Origin" in answer.headers["vary"]
    for origin in ("https://evil.example", f"{DASHBOARD}.evil.example", "https://app.example.com:444", "null"):
        for answer in (
            await shop.http.options(WRITE, headers={**asked, "Origin": origin}),
            await shop.http.post(WRITE, json=BODY, headers={**headers, "Origin": origin}),
        ):
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.requirement("auth:cors")
async def test_what_programs_call_before_they_have_a_token_is_open_to_every_page_without_cookies(shop: Site) -> None:
    for path in ("/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"):
        answer = await shop.http.get(path, headers={"Origin": "https://inspector.example"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        asked = {"Origin": "https://inspector.example", "Access-Control-Request-Method": "GET"}
        assert (await shop.http.options(path, headers=asked)).headers["access-control-allow-origin"] == "*"


@pytest.mark.requirement("auth:cors")
@pytest.mark.parametrize("path", ["/login", "/account", "/approvals", "/oauth/authorize", "/connect"])
async def test_no_page_is_shared_with_a_dashboard(shop: Site, path: str) -> None:
    for origin in (DASHBOARD, "https://evil.example"):
        answer = await shop.http.get(path, headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.requirement("auth:sites")
@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_another_host_or_origin_gets_nothing_even_with_a_token(shop: Site, headers: dict[str, str]) -> None:
    user = await person(shop.app)
    bearer = bearing(await token(shop.app, user, ["*"]))
    for method, path in (("GET", "/api/v1/tools"), ("POST", "/mcp"), ("GET", "/health"), ("GET", "/login")):
        answer = await shop.http.request(method, path, headers={**bearer, **headers, **ACCEPT})
        assert answer.status_code == 403


# ---- challenges -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:challenge")
async def test_without_a_token_the_answer_says_where_one_is_to_be_had(shop: Site) -> None:
    known = "http://127.0.0.1:8000/.well-known/oauth-protected-resource"
    for method, path, end in (
        ("POST", "/mcp", "/mcp"),
        ("POST", "/mcp/full", "/mcp/full"),
        ("GET", "/api/v1/tools", "/api/v1"),
        ("GET", "/health", ""),
    ):
        answer = await shop.http.request(method, path, headers=ACCEPT)
        assert answer.status_code == 401
        header = answer.headers["www-authenticate"]
        assert header == f'Bearer resource_metadata="{known}{end}", scope="notes:write"'
        assert "retry-after" not in answer.headers
        found = (await shop.http.get(header.partition('resource_metadata="')[2].partition('"')[0])).json()
        assert found["resource"] == f"http://127.0.0.1:8000{end}"
        assert found["authorization_servers"] == ["http://127.0.0.1:8000"]
        assert "notes:write" in found["scopes_supported"]
        assert "offline_access" not in found["scopes_supported"]


@pytest.mark.requirement("auth:challenge")
async def test_nothing_that_is_said_can_end_the_header(shop: Site) -> None:
    user = await person(shop.app, "analyst", name='Eve" \\, scope="*')
    bearer = bearing(await token(shop.app, user, ["notes:read", 'x" evil="1', "a\r\nSet-Cookie:b"]))
    answer = await shop.http.post(WRITE, json=BODY, headers=bearer)
    assert answer.status_code == 403
    header = answer.headers["www-authenticate"]
    assert header.count('"') == 8
    assert "evil" not in header
    assert "\n" not in header
    assert "set-cookie" not in answer.headers


@pytest.mark.requirement("auth:headers")
async def test_every_answer_has_the_security_headers(tmp_path: Path) -> None:
    given = {"auth_mode": "embedded", "public_url": "https://mcp.example.com"}
    async with site(tmp_path, **given) as shop:
        for path in ("/api/v1/tools", "/login", "/.well-known/oauth-protected-resource", "/nothing"):
            headers = (await shop.http.get(path, headers={"Host": "mcp.example.com"})).headers
            assert headers["strict-transport-security"].startswith("max-age=31536000")
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert "camera=()" in headers["permissions-policy"]
            assert "default-src 'none'" in headers["content-security-policy"]
        for host in ("mcp.example.com.evil.example", "evil.example"):
            assert (await shop.http.get("/login", headers={"Host": host})).status_code == 403


# ---- API keys -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:api-keys")
async def test_a_key_acts_as_its_person_within_its_scopes_until_it_ends(
    shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    clock.install(shop.app)
    keys = shop.app.services.get(ApiKeys)
    monkeypatch.setattr(keys, "_clock", clock)
    user = await person(shop.app)
    key, text = await keys.create(user, "laptop", ["notes:read"], "os:0:root", days=1)
    me = (await shop.http.get("/api/v1/me", headers=bearing(text))).json()
    assert (me["id"], me["kind"], me["scopes"]) == (f"user:{user.id}", "key", ["notes:read"])
    assert (await shop.call_with(bearing(text), "notes_list")).status_code == 200
    refusal = await shop.call_with(bearing(text), "notes_update", **BODY)
    assert refusal.status_code == 403
    assert "devskyy api-keys create" in refusal.json()["hint"]
    listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert (await shop.http.post("/mcp", json=listed, headers={**ACCEPT, **bearing(text)})).status_code != 401
    assert text.rpartition("_")[2] not in json.dumps([str(one) for one in await keys.all()])
    _, short = await keys.create(user, "short", ["notes:read"], "os:0:root", days=1)
    clock.forward(24 * 3600 + 1)
    assert (await shop.http.get("/api/v1/tools", headers=bearing(short))).status_code == 401
    await keys.revoke(key.id, "os:0:root")
    assert (await shop.http.get("/api/v1/tools", headers=bearing(text))).status_code == 401
    with pytest.raises(Refused) as refused:
        await keys.revoke(key.id, "os:0:root")
    assert refused.value.code == Code.NOT_FOUND


@pytest.mark.requirement("auth:api-keys")
async def test_a_mistyped_key_is_told_before_anything_is_looked_up(shop: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = shop.app.services.get(ApiKeys)
    user = await person(shop.app)
    _, text = await keys.create(user, "laptop", ["notes:read"], "os:0:root")
    asked: list[str] = []

    async def row(key_id: str) -> None:
        asked.append(key_id)

    monkeypatch.setattr(keys, "_row", row)
    swapped = text[:30] + ("a" if text[30] != "a" else "b") + text[31:]
    for wrong in (text[:-1], text[1:], text + "0", text.upper(), swapped, "dsk_live_", "dsk_live_x_y"):
        assert (await shop.http.get("/api/v1/tools", headers=bearing(wrong))).status_code == 401
    assert asked == []
    forged = swapped[:-8] + checksum(swapped[:-8])
    assert (await shop.http.get("/api/v1/tools", headers=bearing(forged))).status_code == 401
    assert len(asked) == 1


@pytest.mark.requirement("auth:api-keys")
async def test_a_key_can_do_no_more_than_its_person_and_lives_a_year_at_most(shop: Site) -> None:
    keys = shop.app.services.get(ApiKeys)
    user = await person(shop.app, "analyst")
    wrong: list[tuple[dict[str, Any], Code]] = [
        ({"scopes": ["catalog:write"]}, Code.FORBIDDEN),
        ({"scopes": ["*"]}, Code.FORBIDDEN),
        ({"scopes": ["catalog"]}, Code.INVALID_ARGUMENTS),
        ({"scopes": []}, Code.INVALID_ARGUMENTS),
        ({"scopes": ["catalog:read"], "days": 366}, Code.INVALID_ARGUMENTS),
        ({"scopes": ["catalog:read"], "days": 0}, Code.INVALID_ARGUMENTS),
        ({"scopes": ["catalog:read"], "name": ""}, Code.INVALID_ARGUMENTS),
    ]
    for given, code in wrong:
        values: dict[str, Any] = {"name": "x", "days": 1, **given}
        with pytest.raises(Refused) as refused:
            await keys.create(user, values["name"], values["scopes"], "os:0:root", days=values["days"])
        assert refused.value.code == code


# ---- tickets --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:tickets")
async def test_a_ticket_is_good_once_for_half_a_minute_for_its_page_at_whichever_server(tmp_path: Path) -> None:
    clock = Clock()
    settings = settings_for(tmp_path)
    one, other = build(settings, []), build(settings, [])
    first, second = (Tickets(app.services.get(Database), clock) for app in (one, other))
    eve = Principal("user:eve", "user", frozenset({"jobs:read"}), "Ève", "c", "gr_1", frozenset({"pwd"}), 7)
    async with one.running(eager=False), other.running(eager=False):
        ticket = await first.issue(eve, OURS)
        assert len(ticket) >= 43
        for wrong in ("", "x", ticket[:-1], ticket + "0" * 100):
            assert await second.redeem(wrong, OURS) is None
        assert await second.redeem(ticket, OURS) == eve
        assert await first.redeem(ticket, OURS) is None
        assert await second.redeem(ticket, OURS) is None
        elsewhere = await first.issue(eve, OURS)
        assert await first.redeem(elsewhere, "https://evil.example") is None
        assert await first.redeem(elsewhere, OURS) is None, "a ticket that somebody else tried is gone"
        late = await first.issue(eve, OURS)
        clock.forward(30)
        assert await first.redeem(late, OURS) is None


# ---- sessions of MCP ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:mcp-sessions")
async def test_a_session_of_another_principal_is_not_there(shop: Site) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "h", "version": "1"}},
    }
    ada = bearing(await token(shop.app, await person(shop.app), ["*"]))
    eve = bearing(await token(shop.app, await person(shop.app, login="eve@example.com"), ["*"]))
    opened = await shop.http.post("/mcp", json=hello, headers={**ACCEPT, **ada})
    session = {"mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
    listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for who, status in ((ada, 200), (eve, 404), ({}, 401)):
        answer = await shop.http.post("/mcp", json=listed, headers={**ACCEPT, **session, **who})
        assert answer.status_code == status
    assert (await shop.http.delete("/mcp", headers={**session, **eve})).status_code == 404
    assert (await shop.http.post("/mcp", json=listed, headers={**ACCEPT, **session, **ada})).status_code == 200


# ---- where it may listen --------------------------------------------------------------------------------------------


@pytest.mark.requirement("auth:modes")
@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"host": "192.168.1.5", "auth_mode": "none"}, "AUTH_MODE"),
        ({"host": "0.0.0.0"}, "DEVSKYY_PUBLIC_URL"),
        ({"host": "::", "auth_mode": "embedded"}, "DEVSKYY_PUBLIC_URL"),
        ({"auth_mode": "external"}, "AUTH_ISSUER"),
    ],
)
def test_a_server_that_others_could_use_without_signing_in_does_not_start(
    tmp_path: Path, given: dict[str, Any], word: str
) -> None:
    with pytest.raises(Refused) as refused:
        create_http(build(settings_for(tmp_path, **given), []))
    assert refused.value.code == Code.NOT_CONFIGURED
    assert word in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.requirement("auth:modes")
async def test_elsewhere_it_answers_under_its_public_address(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, host="0.0.0.0", public_url="https://mcp.example.com")
    app = build(settings, [])
    asgi = create_http(app)
    async with asgi.router.lifespan_context(asgi):
        transport = httpx2.ASGITransport(app=asgi)
        async with httpx2.AsyncClient(transport=transport, base_url="http://10.0.0.5:8000") as http:
            for host, status in (("mcp.example.com", 200), ("10.0.0.5:8000", 403), ("127.0.0.1:8000", 403)):
                answer = await http.get("/.well-known/oauth-protected-resource", headers={"Host": host})
                assert answer.status_code == status
            answer = await http.post("/mcp", headers={"Host": "mcp.example.com", **ACCEPT})
            assert answer.status_code == 401
            key = {"Authorization": f"Bearer {asgi.state.rules.key}"}
            answer = await http.get("/api/v1/tools", headers={"Host": "mcp.example.com", **key})
            assert answer.status_code == 401, "the local key is nothing where people sign in"


@pytest.mark.requirement("auth:modes")
async def test_where_nobody_signs_in_there_are_no_tokens_and_no_metadata(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        answer = await shop.http.get("/.well-known/oauth-protected-resource")
        assert answer.status_code == 404
        me = (await shop.http.get("/api/v1/me")).json()
        assert (me["id"], me["scopes"], "csrf" in me) == ("local", ["*"], False)


@pytest.mark.requirement("auth:step-up")
async def test_older_hosts_are_told_of_a_whole_batch_and_prompts_and_resources(shop: Site) -> None:
    user = await person(shop.app)
    sid_headers = bearing(await token(shop.app, user, ["catalog:read"]))
    asked: list[Any] = [
        {"method": "tools/call", "params": {"name": "notes_list"}},
        {"method": "resources/read", "params": {"uri": "devskyy://notes"}},
        {"method": "prompts/get", "params": {"name": next(iter(shop.app.registry.prompts))}},
        {"method": "tools/call", "params": {"name": "tools_read", "arguments": {"name": "notes_list"}}},
    ]
    for message in asked:
        for body in ({"jsonrpc": "2.0", "id": 5, **message}, [{"jsonrpc": "2.0", "id": 5, **message}]):
            answer = await shop.http.post("/mcp", json=body, headers={**ACCEPT, **sid_headers})
            assert answer.status_code == 403, message
            assert "notes:read" in answer.headers["www-authenticate"]
            assert "/connect?scope=" in answer.json()["error"]["data"]["hint"]
    assert shop.notes.reads == 0
    assert await grant(shop.app, user, ["catalog:read"])
