"""Hosts as they are met in the field: what each of them sends, in its order."""

from __future__ import annotations

import base64
from urllib.parse import quote

import anyio
import httpx2
import pytest

from tests.fakes.oauth import Host, Server, Web, answered

CLAUDE = "https://claude.ai/api/mcp/auth_callback"
DOCUMENT = "https://claude.ai/oauth/mcp-oauth-client-metadata"
CURSOR = [
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "http://localhost:8787/callback",
]
VSCODE = [
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418/",
]


@pytest.mark.requirement("oauth:claude-document")
async def test_claude_with_a_metadata_document(shop: Server, host: Host, web: Web) -> None:
    found = (await host.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["issuer"] == shop.url
    assert found["client_id_metadata_document_supported"] is True
    assert "none" in found["token_endpoint_auth_methods_supported"]
    web.put(
        DOCUMENT,
        {
            "client_id": DOCUMENT,
            "client_name": "Claude",
            "client_uri": "https://claude.ai",
            "redirect_uris": [CLAUDE, "https://claude.com/api/mcp/auth_callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        },
    )
    claude = Host(host.http, DOCUMENT, CLAUDE, {"client_id": DOCUMENT})
    page = await claude.ask(scope="tools:read catalog:write offline_access", resource=f"{shop.url}/mcp")
    assert "<dt>Described by</dt><dd>claude.ai</dd>" in page.text
    assert "https://claude.ai" in page.headers["content-security-policy"]
    code = answered(await claude.allow(page))["code"]
    got = (await claude.exchange(code, resource=f"{shop.url}/mcp")).json()
    # Two of its machines refresh at the same moment.
    both = [await claude.refresh(got["refresh_token"], resource=f"{shop.url}/mcp") for _ in range(2)]
    assert [one.status_code for one in both] == [200, 200]
    assert web.asked == [DOCUMENT]
    unknown = await claude.http.post(
        "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": "x", "client_id": "gone"}
    )
    assert (unknown.status_code, unknown.json()["error"]) == (401, "invalid_client")


@pytest.mark.requirement("oauth:claude-registered")
async def test_claude_that_registers_and_sends_its_secret_in_the_form(host: Host) -> None:
    claude = Host(host.http, redirect_uri=CLAUDE)
    given = await claude.register(
        client_name="Claude",
        token_endpoint_auth_method="client_secret_post",
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        scope="tools:read",
    )
    assert given["client_secret_expires_at"] == 0
    got = await claude.connect(scope="tools:read orders:write")
    assert (await claude.refresh(got["refresh_token"])).status_code == 200
    wrong = await claude.refresh(got["refresh_token"], client_secret="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    claude.auth.pop("client_secret")
    assert (await claude.refresh(got["refresh_token"])).status_code == 401


@pytest.mark.requirement("oauth:cursor")
async def test_cursor_registers_three_addresses_of_three_kinds(host: Host) -> None:
    for uri in CURSOR:
        cursor = Host(host.http, redirect_uri=uri)
        given = await cursor.register(redirect_uris=[*CURSOR, "weird://unknown/callback"], client_name="Cursor")
        assert given["redirect_uris"] == CURSOR
        page = await cursor.ask(scope="tools:read")
        origin = {"cursor": "cursor:", "https": "https://www.cursor.com", "http": "http://localhost:8787"}[
            uri.partition(":")[0]
        ]
        assert f" {origin}" in page.headers["content-security-policy"].split("form-action")[1].split(";")[0]
        back = await cursor.allow(page)
        assert back.headers["location"].startswith(f"{uri}?code=")
        assert (await cursor.exchange(answered(back)["code"])).status_code == 200


@pytest.mark.requirement("oauth:vscode")
async def test_vs_code_listens_on_a_port_that_it_never_registered(host: Host) -> None:
    code = Host(host.http, redirect_uri="http://127.0.0.1:51234/")
    given = await code.register(redirect_uris=VSCODE, client_name="Visual Studio Code", application_type="native")
    assert given["redirect_uris"] == VSCODE
    got = await code.connect(scope="tools:read")
    assert got["refresh_token"]
    code.redirect_uri = "http://127.0.0.1:51234/elsewhere"
    assert (await code.ask()).status_code == 422


@pytest.mark.requirement("oauth:claude-code")
async def test_claude_code_refreshes_in_parallel_processes(host: Host) -> None:
    code = Host(host.http, redirect_uri="http://localhost:54545/callback")
    await code.register(client_name="Claude Code", token_endpoint_auth_method="none")
    token = (await code.connect(scope="tools:read"))["refresh_token"]
    fresh: list[httpx2.Response] = []

    async def process() -> None:
        fresh.append(await code.refresh(token))

    for _ in range(3):
        fresh.clear()
        async with anyio.create_task_group() as processes:
            for _ in range(4):
                processes.start_soon(process)
        assert [one.status_code for one in fresh] == [200] * 4
        token = fresh[-1].json()["refresh_token"]
        assert await code.use(fresh[0].json()["access_token"]) in {200, 400}


async def test_a_secret_may_be_sent_the_other_way_than_registered(host: Host) -> None:
    await host.register(token_endpoint_auth_method="client_secret_post")
    code = await host.code()
    secret = host.auth.pop("client_secret")
    basic = base64.b64encode(f"{quote(host.client_id)}:{quote(secret)}".encode()).decode()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": host.redirect_uri,
        "code_verifier": host.verifier,
    }
    answer = await host.http.post("/oauth/token", data=form, headers={"Authorization": f"Basic {basic}"})
    assert answer.status_code == 200
