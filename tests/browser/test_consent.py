"""Connecting a program in headless Chromium: sign-in, consent, and the way back to the program."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from tests.fakes.certificate import contexts
from tests.fakes.oauth import Server, listening, pkce
from tests.fakes.people import PASSWORD, person

from .walk import Walk, chromium

pytestmark = [pytest.mark.debian("chromium"), pytest.mark.requirement("people:browser"), pytest.mark.timeout(300)]

BACK = {
    "loopback": "http://127.0.0.1:33418/callback",
    "localhost": "http://localhost:8787/callback",
    "claude": "https://claude.ai/api/mcp/auth_callback",
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Server]:
    async with listening(tmp_path) as server:
        yield server


async def asked(server: Server, redirect: str, **more: str) -> str:
    """The address that a program which has just registered sends its person to."""
    metadata: dict[str, Any] = {
        "client_name": "Claude",
        "redirect_uris": [redirect],
        "token_endpoint_auth_method": "none",
    }
    registered = await server.http.post(
        "/oauth/register", content=json.dumps(metadata), headers={"Content-Type": "application/json"}
    )
    assert registered.status_code == 201, registered.text
    query = {
        "response_type": "code",
        "client_id": registered.json()["client_id"],
        "redirect_uri": redirect,
        "code_challenge": pkce()[1],
        "code_challenge_method": "S256",
        "state": "xyz",
        "scope": "catalog:read catalog:write orders:read",
        "resource": f"{server.url}/mcp",
        **more,
    }
    return f"/oauth/authorize?{urlencode(query, quote_via=quote)}"


@asynccontextmanager
async def program(folder: Path, way: str) -> AsyncGenerator[tuple[str, list[str], list[str]]]:
    """A program that waits for its answer: its address, the paths that were asked for, and the browser's flags."""
    secure = way == "claude"
    arrived: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode()
        if line.startswith("GET ") and "favicon" not in line:
            arrived.append(line.split()[1])
        page = b"<!doctype html><title>back</title>"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + page)
        await writer.drain()
        writer.close()

    tls = contexts("claude.ai", folder)[0] if secure else None
    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        if secure:
            flags = [f"--host-resolver-rules=MAP claude.ai 127.0.0.1:{port}"]
            yield "https://claude.ai/api/mcp/auth_callback", arrived, flags
        else:  # the port is whatever was free, which is not the one that was registered (RFC 8252, section 7.3)
            yield f"http://{way}:{port}/callback", arrived, []


@pytest.mark.parametrize("way", ["127.0.0.1", "localhost", "claude"])
@pytest.mark.parametrize("answer", ["Allow", "Don’t allow"])
async def test_a_program_is_connected_by_keyboard_and_gets_its_answer(
    server: Server, tmp_path: Path, pictures: Path, way: str, answer: str
) -> None:
    """The answer is a redirect after a form: Chromium holds that to the page's form-action."""
    await person(server.app, "editor", name="Ada Lovelace")
    async with AsyncExitStack() as stack:
        redirect, arrived, flags = await stack.enter_async_context(program(tmp_path, way))
        browser = chromium(flags=flags, bypass_csp=False, ignore_https_errors=True)
        page = await stack.enter_async_context(browser)
        walk = Walk(page, server.url, pictures)
        await walk.open(await asked(server, redirect))
        assert walk.path.startswith("/login?next=/oauth/authorize")
        await walk.type_into("E-mail address or login", "ada@example.com")
        await walk.type_into("Password", PASSWORD)
        await walk.enter()
        assert walk.path.startswith("/oauth/authorize?")
        assert await page.title() == "Connect a program – DevSkyy"
        assert "<script" not in await page.content()
        await walk.press(answer)
        assert await page.title() == "back"
        given = dict(parse_qsl(urlsplit(arrived[0]).query))
        assert (given["state"], given["iss"]) == ("xyz", server.url)
        assert ("code" in given) == (answer == "Allow")
        assert given.get("error") == (None if answer == "Allow" else "access_denied")


@pytest.mark.parametrize("look", ["narrow", "wide", "wide-dark"])
async def test_the_consent_page_at_every_width(server: Server, pictures: Path, look: str) -> None:
    await person(server.app, "editor", name="Ada Lovelace")
    options: dict[str, Any] = {
        "viewport": {"width": 320, "height": 640} if look == "narrow" else {"width": 1000, "height": 800},
        "color_scheme": "dark" if look.endswith("dark") else "light",
    }
    async with chromium(**options) as page:
        walk = Walk(page, server.url, pictures)
        await walk.open("/login")
        await walk.type_into("E-mail address or login", "ada@example.com")
        await walk.type_into("Password", PASSWORD)
        await walk.enter()
        for way, redirect in BACK.items():
            await walk.open(await asked(server, redirect))
            await walk.look(f"consent-{way}-{look}")
        await walk.open("/connect?scope=content:write")
        await walk.look(f"connect-{look}")
