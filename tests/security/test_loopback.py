"""Loopback is no login: what other pages, names and users on this machine must not be able to do."""

from __future__ import annotations

import stat
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.app import build
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.local_key import key_path, local_key
from devskyy_mcp.guard.loopback import LOCAL, Rules
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.served import Site, served, settings_for, site

WRITE = "/api/v1/tools/notes_update"
BODY = b'{"note": 1, "title": "stolen"}'
JSON = {"Content-Type": "application/json"}
PATHS = [("POST", WRITE), ("GET", "/api/v1/tools"), ("POST", "/mcp"), ("GET", "/mcp"), ("GET", "/health")]

HOSTS = {
    "rebound name": "evil.example",
    "rebound name with our port": "evil.example:8000",
    "our name as a prefix": "127.0.0.1.evil.example:8000",
    "our name as a suffix": "evil-localhost:8000",
    "subdomain of localhost": "evil.localhost:8000",
    "trailing dot": "localhost.:8000",
    "other port": "127.0.0.1:8001",
    "no port": "127.0.0.1",
    "port 80": "127.0.0.1:80",
    "leading zero": "127.0.0.1:08000",
    "user part": "evil@127.0.0.1:8000",
    "decimal address": "2130706433:8000",
    "short address": "127.1:8000",
    "hexadecimal address": "0x7f000001:8000",
    "other loopback address": "127.0.0.2:8000",
    "any address": "0.0.0.0:8000",
    "mapped address": "[::ffff:127.0.0.1]:8000",
    "wildcard DNS": "127.0.0.1.nip.io:8000",
    "with a path": "127.0.0.1:8000/",
    "with a space": "127.0.0.1:8000 ",
    "two in one": "127.0.0.1:8000, evil.example",
    "empty": "",
}

ORIGINS = {
    "another site": "http://evil.example",
    "another site, secure": "https://evil.example",
    "none at all": "null",
    "our name as a prefix": "http://127.0.0.1:8000.evil.example",
    "our name as user": "http://127.0.0.1:8000@evil.example",
    "another port": "http://127.0.0.1:3000",
    "without the port": "http://127.0.0.1",
    "secure instead of plain": "https://127.0.0.1:8000",
    "subdomain": "http://evil.localhost:8000",
    "extension": "chrome-extension://abcdefghijklmnop",
    "file": "file://",
    "with a path": "http://127.0.0.1:8000/",
    "empty": "",
    "two in one": "http://127.0.0.1:8000 http://evil.example",
}

SITES = {
    "cross-site fetch": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "another port of this machine": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    "link to the API": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "frame": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    "picture": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "nonsense": {"Sec-Fetch-Site": "whatever"},
}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    async with site(tmp_path) as made:
        yield made


async def attack(shop: Site, headers: dict[str, str]) -> None:
    """Try it on every surface; nothing may run."""
    for method, path in PATHS:
        content = BODY if method == "POST" else None
        answer = await shop.http.request(method, path, content=content, headers={**JSON, **headers})
        assert answer.status_code == 403, (path, answer.status_code)
        assert answer.json()["code"] == "forbidden"
        assert "access-control-allow-origin" not in answer.headers
    assert shop.notes.requests == []
    assert shop.notes.reads == 0


@pytest.mark.requirement("loopback:host")
@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
async def test_only_the_exact_host_is_answered(shop: Site, host: str) -> None:
    await attack(shop, {"Host": host})


@pytest.mark.requirement("loopback:origin")
@pytest.mark.parametrize("origin", ORIGINS.values(), ids=ORIGINS.keys())
async def test_only_our_own_origin_is_answered(shop: Site, origin: str) -> None:
    await attack(shop, {"Origin": origin})


@pytest.mark.requirement("loopback:origin")
@pytest.mark.parametrize("headers", SITES.values(), ids=SITES.keys())
async def test_browsers_that_say_it_is_another_site_are_believed(shop: Site, headers: dict[str, str]) -> None:
    await attack(shop, headers)


@pytest.mark.requirement("loopback:origin")
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST:8000"])
async def test_our_own_names_work_and_so_do_our_own_pages(shop: Site, host: str) -> None:
    for headers in ({}, {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}):
        answer = await shop.http.post(WRITE, content=BODY, headers={**JSON, "Host": host, **headers})
        assert answer.status_code == 200


@pytest.mark.requirement("loopback:origin")
async def test_a_preflight_is_refused_and_names_no_permission(shop: Site) -> None:
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await shop.http.options(WRITE, headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.requirement("loopback:bodies")
@pytest.mark.parametrize("path", [WRITE, "/mcp", "/mcp/full", "/api/v1/ws-tickets"])
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_what_a_form_can_send_is_no_json(shop: Site, path: str, kind: str) -> None:
    answer = await shop.http.post(path, content=BODY, headers={"Content-Type": kind})
    assert answer.status_code == 415
    cross = {"Content-Type": kind, "Origin": "http://evil.example"}
    assert (await shop.http.post(path, content=BODY, headers=cross)).status_code == 403
    assert shop.notes.requests == []


@pytest.mark.requirement("loopback:host")
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("host", ["127.0.0.1:8000", "evil.example"]),
        ("origin", ["http://127.0.0.1:8000", "http://evil.example"]),
        ("content-type", ["application/json", "text/plain"]),
        ("authorization", ["Bearer a", "Bearer b"]),
        ("sec-fetch-site", ["none", "cross-site"]),
    ],
)
async def test_a_header_that_decides_is_not_taken_twice(tmp_path: Path, name: str, values: list[str]) -> None:
    rules = Rules(settings_for(tmp_path), "dsk_local_x")
    headers = [(b"host", b"127.0.0.1:8000")] if name != "host" else []
    headers += [(name.encode(), value.encode()) for value in values]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/x", "headers": headers, "server": None}
    with pytest.raises(Refused) as refused:
        rules.check(scope)
    assert refused.value.code == Code.INVALID_ARGUMENTS


@pytest.mark.requirement("loopback:address")
@pytest.mark.parametrize("address", ["192.168.1.5", "10.0.0.1", "203.0.113.9", "::", "fe80::1", "shop.example"])
async def test_an_address_beyond_this_machine_is_not_served_whatever_the_settings_say(
    tmp_path: Path, address: str
) -> None:
    rules = Rules(settings_for(tmp_path), "dsk_local_x")
    headers = [(b"host", b"127.0.0.1:8000")]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/x", "headers": headers}
    with pytest.raises(Refused) as refused:
        rules.check({**scope, "server": (address, 8000)})
    assert refused.value.code == Code.FORBIDDEN
    for own in (("127.0.0.1", 8000), ("::1", 8000), ("localhost", 8000), None, ("/run/devskyy.sock", None)):
        assert rules.local(rules.check({**scope, "server": own})) == LOCAL


@pytest.mark.requirement("loopback:address")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "shop.example"])
def test_listening_beyond_this_machine_is_refused_at_start(tmp_path: Path, host: str) -> None:
    with pytest.raises(Refused) as refused:
        create_http(build(settings_for(tmp_path, host=host, auth_mode="none"), []))
    assert refused.value.code == Code.NOT_CONFIGURED
    assert "127.0.0.1" in refused.value.hint


@pytest.mark.requirement("loopback:host")
async def test_the_port_that_the_system_chose_counts(tmp_path: Path) -> None:
    async with served(tmp_path) as shop:
        assert (await shop.http.get("/api/v1/tools")).status_code == 200
        port = httpx2.URL(shop.url).port
        listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        accept = {"Accept": "application/json, text/event-stream"}
        for host, status in ((f"localhost:{port}", 200), ("127.0.0.1:8000", 403), ("127.0.0.1:0", 403)):
            assert (await shop.http.get("/api/v1/tools", headers={"Host": host})).status_code == status
            origin = {"Origin": f"http://{host}"}
            assert (await shop.http.get("/api/v1/tools", headers=origin)).status_code == status
            mcp = await shop.http.post("/mcp", json=listed, headers={"Host": host, **accept})
            assert (mcp.status_code == 403) is (status == 403)


# ---- with a real shop ------------------------------------------------------------------------------------------------

REAL = {"wordpress_url": "https://shop.example", "wordpress_username": "ada", "wordpress_app_password": "secret"}


@pytest.mark.requirement("loopback:key")
@pytest.mark.parametrize(
    "given",
    [REAL, {"public_url": "https://mcp.example.com", "auth_mode": "none"}],
    ids=["real shop", "public address"],
)
async def test_without_the_key_nothing_of_a_real_shop_is_answered(tmp_path: Path, given: dict[str, Any]) -> None:
    async with site(tmp_path, **given) as shop:
        wrong = {
            "none": {},
            "empty": {"Authorization": ""},
            "other": {"Authorization": f"Bearer {shop.key}x"},
            "prefix": {"Authorization": f"Bearer {shop.key[:-1]}"},
            "scheme": {"Authorization": f"Basic {shop.key}"},
            "bare": {"Authorization": shop.key},
            "in the query": {},
            "not ASCII": {"Authorization": "Bearer dsk_local_é"},
            "long": {"Authorization": f"Bearer {shop.key}{' ' * 9_000}"},
        }
        for name, headers in wrong.items():
            for method, path in [*PATHS, ("POST", "/api/v1/ws-tickets"), ("GET", "/nothing")]:
                query = {"key": shop.key, "access_token": shop.key} if name == "in the query" else None
                sent = [(key.encode(), value.encode("latin-1")) for key, value in {**JSON, **headers}.items()]
                answer = await shop.http.request(
                    method, path, params=query, content=BODY if method == "POST" else None, headers=sent
                )
                assert answer.status_code == 401, (name, path)
                assert answer.json()["code"] == "unauthenticated"
                assert "devskyy local-key" in answer.json()["hint"]
                assert answer.headers["www-authenticate"] == "Bearer"
                assert shop.key not in answer.text
        assert shop.notes.requests == []
        for path in ("/health/live", "/health/ready", "/favicon.ico"):
            assert (await shop.http.get(path)).status_code in {200, 204}


@pytest.mark.requirement("loopback:key")
async def test_with_the_key_a_real_shop_is_served(tmp_path: Path) -> None:
    async with site(tmp_path, **REAL) as shop:
        headers = {"Authorization": f"Bearer {shop.key}"}
        assert (await shop.http.get("/api/v1/tools", headers=headers)).status_code == 200
        health = (await shop.http.get("/health", headers=headers)).json()
        assert health["services"]["auth"] == "local key"
        cross = await shop.http.get("/api/v1/tools", headers={**headers, "Origin": "http://evil.example"})
        assert cross.status_code == 403


@pytest.mark.requirement("loopback:key")
def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = local_key(tmp_path / "new" / "data")
    path = key_path(tmp_path / "new" / "data")
    assert key.startswith("dsk_local_")
    assert len(key) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert local_key(path.parent) == key
    assert [item.name for item in path.parent.iterdir()] == ["local.key"]
    assert local_key(tmp_path / "other") != key


@pytest.mark.requirement("loopback:key")
def test_a_broken_key_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    key_path(tmp_path).write_text("")
    with pytest.raises(Refused) as refused:
        local_key(tmp_path)
    assert (refused.value.code, "Delete it" in refused.value.hint) == (Code.NOT_CONFIGURED, True)
