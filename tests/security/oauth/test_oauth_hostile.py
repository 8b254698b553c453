"""Whatever is sent to the endpoints of sign-in, the answer is an ordinary refusal: no 5xx, nothing in the log."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.db.cache import Cache
from tests.fakes.oauth import LOOPBACK, Host, Server, Web, signing_in
from tests.fakes.people import Visit, person

REQUESTS = 3000
ODD = [
    "",
    " ",
    "x",
    "\x00",
    "\r\nX: 1",
    '"',
    "\\",
    "'",
    "é",
    "\U0001f600",
    "\ud7ff",
    "%",
    "%00",
    "%zz",
    "../..",
    "<script>",
    "a" * 3000,
    "0",
    "-1",
    "null",
    "[]",
    "{}",
    "a b",
    "a  b",
    "*",
    "code",
    "token",
    "code token",
    "none",
    "S256",
    "plain",
    "https://",
    "https://a",
    "https://a.example.org/x",
    "https://127.0.0.1/x",
    "http://127.0.0.1/",
    LOOPBACK,
    "javascript:alert(1)",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "a.b.c",
    "e30.e30.e30",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOjF9.AAAA",
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "tools:read",
    "offline_access",
    "http://127.0.0.1:8000",
    "A" * 43,
    "dsr_x",
    "dsc_x",
]
NAMES = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "prompt",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "token",
    "token_type_hint",
    "csrf",
    "request",
    "answer",
    "scope_tools:read",
    "client",
    "x\x00",
]
HEADERS = [
    "Basic",
    "Basic ",
    "Basic !",
    "Basic /w==",
    "Basic Og==",
    "Basic eDo=",
    "Basic OnkK",
    "Basic JTAwOiUwMA==",
    "Bearer x",
    "x",
    "Basic " + "A" * 9000,
    "Basic eDp5 z",
    "basic eDp5",
    "Negotiate YII=",
    "Basic w6k6w6k=",
]
JSON: list[Any] = [
    None,
    True,
    1,
    -1,
    1e308,
    "",
    "x",
    "\x00",
    "\U0001f600",
    [],
    [1],
    ["x"],
    [None],
    {},
    {"x": 1},
    [[]],
    [LOOPBACK],
    [LOOPBACK] * 21,
    "none",
    "client_secret_basic",
    "private_key_jwt",
    {"keys": []},
    ["authorization_code"],
    ["code"],
]
BODIES = [
    b"",
    b"x",
    b'"x"',
    b"[]",
    b"{",
    b"{}",
    b"null",
    b"NaN",
    b'{"redirect_uris": NaN}',
    b"\xff\xfe",
    b"[" * 5000,
    b'{"a":' * 500,
    b'{"redirect_uris":["\\ud800"]}',
    b'{"redirect_uris":["http://127.0.0.1/"],"client_name":"\\u0000"}',
    b"a=1&a=2",
    b"a" * 20000,
    b"%",
    b"%ff",
    b"&" * 200,
    b"=",
    b"grant_type=%00",
    b"grant_type=refresh_token&refresh_token=%ff",
]
FORMS = ["/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/authorize", "/connect"]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Server]:
    async with signing_in(tmp_path) as shop:
        yield shop


@pytest.fixture
async def host(shop: Server, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A registered host beside a signed-in browser; nothing is limited, so that each request gets to where it hurts."""

    async def never(*_: Any) -> float:
        return 0.0

    monkeypatch.setattr(type(shop.app.services.get(Cache)), "hit", never)
    await person(shop.app)
    await Visit(shop.http).sign_in()
    host = Host(shop.http)
    await host.register(token_endpoint_auth_method="client_secret_post")
    Web(shop.app)
    return host


class Maker:
    """Makes requests: near-valid ones with something odd, and plain rubbish."""

    def __init__(self, host: Host, seed: int) -> None:
        self.host = host
        self.random = random.Random(seed)

    def value(self) -> str:
        pick = self.random.random()
        if pick < 0.7:
            return self.random.choice(ODD)
        return "".join(
            chr(self.random.choice((self.random.randrange(1, 128), self.random.randrange(128, 0x2000))))
            for _ in range(8)
        )

    def form(self, near: dict[str, str]) -> dict[str, str]:
        given = dict(near)
        for _ in range(self.random.randrange(1, 4)):
            name = self.random.choice(list(near) or NAMES) if self.random.random() < 0.7 else self.random.choice(NAMES)
            if self.random.random() < 0.2:
                given.pop(name, None)
            else:
                given[name] = self.value()
        return given

    def near(self) -> dict[str, str]:
        kind = self.random.randrange(4)
        if kind == 0:
            return {"grant_type": "authorization_code", "code": "dsc_x", "code_verifier": "a" * 43, **self.host.auth}
        if kind == 1:
            return {"grant_type": "refresh_token", "refresh_token": "dsr_x", "scope": "tools:read", **self.host.auth}
        if kind == 2:
            return {"grant_type": "client_credentials", "scope": "tools:read", **self.host.auth}
        return {"token": "x.y.z", "token_type_hint": "access_token", **self.host.auth}

    async def send(self) -> httpx2.Response:
        http, pick = self.host.http, self.random.random()
        if pick < 0.25:
            return await http.get("/oauth/authorize", params=self.form(self.host.request(scope="tools:read")))
        headers = {"Authorization": self.random.choice(HEADERS)} if self.random.random() < 0.2 else {}
        if pick < 0.6:
            return await http.post(self.random.choice(FORMS), data=self.form(self.near()), headers=headers)
        if pick < 0.8:
            good: dict[str, Any] = {"redirect_uris": [LOOPBACK], "token_endpoint_auth_method": "none"}
            name = self.random.choice(
                [*good, "client_name", "scope", "grant_types", "response_types", "client_uri", "jwks"]
            )
            return await http.post("/oauth/register", json=good | {name: self.random.choice(JSON)})
        kind = self.random.choice(["application/x-www-form-urlencoded", "application/json", "text/plain", ""])
        path = self.random.choice([*FORMS, "/oauth/register"])
        if self.random.random() < 0.2:
            path = f"{path}?{self.random.choice(NAMES[:9])}=%FF%00"
        return await http.post(path, content=self.random.choice(BODIES), headers=headers | {"Content-Type": kind})


@pytest.mark.requirement("oauth:hostile")
@pytest.mark.timeout(300)
async def test_hostile_requests_get_ordinary_answers(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    maker, seen = Maker(host, 20260728), dict[int, int]()
    for _ in range(REQUESTS):
        answer = await maker.send()
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (
            answer.request.method,
            answer.request.url,
            answer.request.content[:300],
            answer.text,
        )
        if answer.status_code == 303:
            assert answer.headers["location"].startswith((f"{LOOPBACK}?", "/login", "/connect"))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert sum(seen.values()) == REQUESTS
    assert seen[200] + seen.get(201, 0) > 20  # some get through: what is sent is not all rubbish
    assert {400, 401, 422} <= seen.keys()
