"""The MCP SDK's own OAuth client against the whole server: discovery, registration, PKCE, step-up and refresh."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from tests.fakes.oauth import Host, answered, listening, scope_of
from tests.fakes.people import Visit, person


class Kept(TokenStorage):
    """What the client keeps."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Opens what the client asks to open, and says yes."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.host = Host(http)
        self.asked: list[set[str]] = []
        self.said: dict[str, str] = {}

    async def open(self, url: str) -> None:
        page = await self.host.http.get(url)
        self.asked.append(scope_of(page))
        self.said = answered(await self.host.allow(page))

    async def answer(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**self.said)


@pytest.mark.requirement("oauth:sdk")
async def test_the_sdks_client_registers_connects_steps_up_and_refreshes(tmp_path: Path) -> None:
    async with listening(tmp_path) as server:
        await person(server.app)
        await Visit(server.http).sign_in()
        ada, kept = Person(server.http), Kept()
        metadata = OAuthClientMetadata(redirect_uris=[AnyUrl("http://127.0.0.1:3030/callback")], client_name="SDK")
        auth = OAuthClientProvider(f"{server.url}/mcp", metadata, kept, ada.open, ada.answer)
        async with httpx2.AsyncClient(auth=auth, trust_env=False, timeout=20) as http:
            async with Client(streamable_http_client(f"{server.url}/mcp", http_client=http), cache=None) as client:
                assert len((await client.list_tools()).tools) > 3
            assert ada.said["iss"] == server.url
            assert kept.client
            assert kept.client.client_id.startswith("cl_")
            assert kept.tokens
            first, client_id = kept.tokens, kept.client.client_id
            assert first.refresh_token
            assert "offline_access" in ada.asked[0]
            assert "audit:read" not in ada.asked[0]

            # A tool that the first consent did not cover: 403 with the scope, one more page, and the call goes through.
            found = await http.get(f"{server.url}/mcp", headers={"Accept": "text/event-stream"})
            assert found.status_code in {400, 405}
            async with Client(streamable_http_client(f"{server.url}/mcp/full", http_client=http), cache=None) as client:
                listed = await client.call_tool("audit_list", {})
                assert not listed.is_error
            assert "audit:read" in ada.asked[-1]
            assert ada.asked[0] <= ada.asked[-1]
            assert kept.client.client_id == client_id
            assert kept.tokens.refresh_token != first.refresh_token

            before, pages = kept.tokens, len(ada.asked)
            auth.context.token_expiry_time = 1.0
            async with Client(streamable_http_client(f"{server.url}/mcp", http_client=http), cache=None) as client:
                assert (await client.list_tools()).tools
            assert kept.tokens.refresh_token != before.refresh_token
            assert len(ada.asked) == pages
