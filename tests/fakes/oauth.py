"""Hosts for tests: programs that go through OAuth as claude.ai, Cursor and others do, with a browser beside them."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx2
import uvicorn
from starlette.applications import Starlette

from devskyy_mcp.app import App, build
from devskyy_mcp.auth.server.documents import Documents
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.ssrf import Download
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.people import field as hidden
from tests.fakes.served import settings_for

LOOPBACK = "http://127.0.0.1:33418/callback"


def pkce() -> tuple[str, str]:
    """A verifier and its S256 challenge."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass
class Server:
    """A server with the whole catalogue that people sign in to. ``http`` reaches it in process or over a socket."""

    app: App
    asgi: Starlette
    http: httpx2.AsyncClient
    url: str


@asynccontextmanager
async def signing_in(folder: Path, **given: Any) -> AsyncGenerator[Server]:
    """In process: requests go straight into the ASGI app."""
    app = build(settings_for(folder, auth_mode="embedded", **given))
    asgi = create_http(app)
    async with asgi.router.lifespan_context(asgi):
        transport, url = httpx2.ASGITransport(app=asgi), app.settings.base_url
        async with httpx2.AsyncClient(transport=transport, base_url=url, trust_env=False) as http:
            yield Server(app, asgi, http, url)


@asynccontextmanager
async def listening(folder: Path, **given: Any) -> AsyncGenerator[Server]:
    """Over a loopback socket, with uvicorn."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = build(settings_for(folder, auth_mode="embedded", port=listener.getsockname()[1], **given))
    asgi = create_http(app)
    server = uvicorn.Server(uvicorn.Config(asgi, log_config=None, access_log=False, lifespan="on"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        try:
            async with httpx2.AsyncClient(base_url=app.settings.base_url, trust_env=False, timeout=20) as http:
                await http.get("/health/live")
                yield Server(app, asgi, http, app.settings.base_url)
        finally:
            server.should_exit = True


@dataclass
class Host:
    """One program. ``auth`` is what it sends with every form to say who it is."""

    http: httpx2.AsyncClient
    client_id: str = ""
    redirect_uri: str = LOOPBACK
    auth: dict[str, str] = field(default_factory=dict[str, str])
    verifier: str = ""

    async def register(self, **said: Any) -> dict[str, Any]:
        """Register, as hosts do that have no document."""
        body = {"redirect_uris": [self.redirect_uri], "token_endpoint_auth_method": "none", **said}
        answer = await self.http.post("/oauth/register", json=body)
        assert answer.status_code == 201, answer.text
        given = answer.json()
        self.client_id = given["client_id"]
        self.auth = {"client_id": self.client_id}
        if "client_secret" in given:
            self.auth["client_secret"] = given["client_secret"]
        return given

    def request(self, **more: Any) -> dict[str, str]:
        """An authorization request's parameters; None leaves one out."""
        self.verifier, challenge = pkce()
        given = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": "st-1",
            **more,
        }
        return {name: value for name, value in given.items() if value is not None}

    async def ask(self, **more: Any) -> httpx2.Response:
        return await self.http.get("/oauth/authorize", params=self.request(**more))

    async def allow(
        self, page: httpx2.Response, *, untick: tuple[str, ...] = (), answer: str = "allow"
    ) -> httpx2.Response:
        """Send the consent page's form."""
        assert page.status_code == 200, (page.status_code, page.headers.get("location"), page.text[:800])
        ticked = dict.fromkeys(re.findall(r'name="(scope_[^"]+)"', page.text), "on")
        form = {
            "csrf": hidden(page, action="/oauth/authorize"),
            "request": html.unescape(hidden(page, "request")),
            "answer": answer,
            **{name: on for name, on in ticked.items() if name.removeprefix("scope_") not in untick},
        }
        return await self.http.post("/oauth/authorize", data=form)

    async def code(self, **more: Any) -> str:
        """A code, with the person's yes where the page asks for it."""
        answer = await self.ask(**more)
        if answer.status_code == 200:
            answer = await self.allow(answer)
        return answered(answer)["code"]

    async def exchange(self, code: str, **more: Any) -> httpx2.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **self.auth,
            **more,
        }
        return await self.http.post("/oauth/token", data={k: v for k, v in form.items() if v is not None})

    async def connect(self, **more: Any) -> dict[str, Any]:
        """The whole way; the token endpoint's answer."""
        answer = await self.exchange(await self.code(**more))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refresh(self, token: str, **more: Any) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, **self.auth, **more}
        return await self.http.post("/oauth/token", data=form)

    async def use(self, access: str) -> int:
        """The status of a call with the token."""
        answer = await self.http.get("/api/v1/tools", headers={"Authorization": f"Bearer {access}", "Cookie": ""})
        return answer.status_code


def answered(response: httpx2.Response) -> dict[str, str]:
    """What the server told the client through the browser."""
    assert response.status_code in {302, 303}, (response.status_code, response.text[:800])
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def claims(token: str) -> dict[str, Any]:
    """A token's claims, nothing verified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def scope_of(page: httpx2.Response) -> set[str]:
    """The scopes that a consent page offers."""
    return set(re.findall(r'name="scope_([^"]+)"', page.text))


class Web:
    """Metadata documents that the server fetches; everything else is not there."""

    def __init__(self, app: App) -> None:
        self.pages: dict[str, bytes] = {}
        self.cache_control = ""
        self.asked: list[str] = []
        app.services.get(Documents).way_out = self.fetch

    def put(self, address: str, document: Mapping[str, Any] | bytes) -> None:
        self.pages[address] = document if isinstance(document, bytes) else json.dumps(document).encode()

    async def fetch(self, url: str, *, max_bytes: int, **_: Any) -> Download:
        self.asked.append(url)
        if url not in self.pages:
            raise Refused(Code.UPSTREAM_UNREACHABLE, "It can't be found.")
        content = self.pages[url]
        if len(content) > max_bytes:
            raise Refused(Code.TOO_LARGE, "The file is too large.")
        return Download(url, "application/json", content, "", self.cache_control)
