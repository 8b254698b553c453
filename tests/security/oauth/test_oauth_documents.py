"""Client ID Metadata Documents fetched by the real guard from a real TLS server.

All of the way out is real: parsing, resolving, checking, TLS, HTTP. Three things lie: a name resolves to a public
address, a connection to that address and port 443 ends at a port of loopback, and the authority that signed the
server's certificate is trusted.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from devskyy_mcp.auth.server import documents
from devskyy_mcp.guard import ssrf
from tests.fakes.certificate import contexts
from tests.fakes.oauth import LOOPBACK, Host, Server
from tests.fakes.people import Clock
from tests.fakes.site import Site, a_site, answer, redirect
from tests.security.ssrf_payloads import PUBLIC_ADDRESS

NAME = "host.brand.shop"
DOCUMENT = f"https://{NAME}/client.json"
SAID: dict[str, Any] = {"client_id": DOCUMENT, "client_name": "A host", "redirect_uris": [LOOPBACK]}
SIGNS: dict[str, Any] = {**SAID, "token_endpoint_auth_method": "private_key_jwt"}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def page(said: dict[str, Any] | bytes = SAID, kind: str = "application/json", cache_control: str = "") -> bytes:
    return answer(said if isinstance(said, bytes) else json.dumps(said).encode(), kind, cache_control=cache_control)


@pytest.fixture
async def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """The server of that name, which answers with a good document until it is told otherwise."""
    theirs, ours = contexts(NAME, tmp_path)
    async with a_site(page(), tls=theirs) as site:
        connect: Any = anyio.connect_tcp  # its many overloads say more than is known here

        async def found(host: str, port: int, **_: Any) -> Any:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC_ADDRESS, port))] if host == NAME else []

        async def connected(remote_host: str, remote_port: int, **options: Any) -> Any:
            assert (remote_host, remote_port) == (PUBLIC_ADDRESS, 443)
            return await connect("127.0.0.1", site.port, **options)

        monkeypatch.setattr(anyio, "getaddrinfo", found)
        monkeypatch.setattr(anyio, "connect_tcp", connected)
        monkeypatch.setattr(ssrf, "_certificates", lambda: ours)
        yield site


@pytest.fixture
def one(host: Host) -> Host:
    """The program that the document describes, beside Ada's browser."""
    return Host(host.http, DOCUMENT, LOOPBACK, {"client_id": DOCUMENT})


@pytest.mark.requirement("oauth:document-fetched")
async def test_a_document_is_fetched_and_its_program_connects(one: Host, publisher: Site) -> None:
    tokens = await one.connect()
    assert await one.use(tokens["access_token"]) == 200
    assert publisher.connections == 1
    head = publisher.heads[0].lower()
    assert head.startswith(b"get /client.json http/1.1\r\n")
    assert b"\r\nhost: host.brand.shop\r\n" in head
    assert b"cookie" not in head
    assert b"authorization" not in head


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (page({**SAID, "client_name": "x" * 6000}), "larger than 5 KiB"),
        (redirect("https://host.brand.shop/other.json"), "can not be fetched"),
        (redirect("https://127.0.0.1/client.json", 307), "can not be fetched"),
        (page(kind="text/html"), "can not be fetched, or is not JSON"),
        (page(kind="application/jwk-set+json"), "can not be fetched, or is not JSON"),
        (page(kind=""), "can not be fetched, or is not JSON"),
        (page(b"[]"), "no JSON object"),
        (page(b"{"), "no JSON object"),
        (page({**SAID, "client_id": "https://host.brand.shop/other.json"}), "not the address of the document"),
        (page({**SAID, "client_id": "https://HOST.brand.shop/client.json"}), "not the address of the document"),
        (page({**SAID, "redirect_uris": ["http://evil.example.org/"]}), "None of the redirect_uris"),
        (answer(b"{}", "application/json", status=404), "can not be fetched"),
        (answer(b"{}", "application/json", status=500), "can not be fetched"),
        (b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{", "can not be fetched"),
        (b"rubbish\r\n\r\n", "can not be fetched"),
    ],
)
@pytest.mark.requirement("oauth:document-fetched")
async def test_what_is_no_document_lets_nobody_in(one: Host, publisher: Site, given: bytes, words: str) -> None:
    publisher.answers = [given]
    refused = await one.ask()
    assert refused.status_code == 422
    assert words in refused.text
    assert "location" not in refused.headers
    assert publisher.connections == 1, "a redirect was followed, or it was asked twice"


async def test_an_address_without_tls_or_of_another_certificate_is_no_client(one: Host, publisher: Site) -> None:
    assert (await one.ask(client_id="http://host.brand.shop/client.json")).status_code == 422
    assert publisher.connections == 0
    assert (await one.ask(client_id="https://host.brand.shop:8443/client.json")).status_code == 422
    assert publisher.connections == 0


async def test_another_name_at_the_same_server_is_not_believed(
    one: Host, publisher: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    _, stranger = contexts(NAME, tmp_path / "other")  # another authority signs the same name
    monkeypatch.setattr(ssrf, "_certificates", lambda: stranger)
    assert "can not be fetched" in (await one.ask()).text
    assert publisher.heads == []


async def test_a_server_that_does_not_answer_is_given_up(
    one: Host, publisher: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SECONDS", 0.3)
    publisher.held = asyncio.Event()
    publisher.answers = [b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"]
    try:
        refused = await one.ask()
    finally:
        publisher.held.set()
    assert (refused.status_code, publisher.connections) == (422, 1)
    assert "can not be fetched" in refused.text


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 3600),
        ("public, max-age=600", 600),
        ("max-age=1", 300),
        ("max-age=0, must-revalidate", 300),
        ("no-store", 300),
        ("no-cache, max-age=9000", 300),
        ("max-age=999999999", 24 * 3600),
    ],
)
@pytest.mark.requirement("oauth:document-fetched")
async def test_a_document_is_kept_as_its_server_says_within_bounds(
    one: Host, publisher: Site, clock: Clock, said: str, seconds: int
) -> None:
    publisher.answers = [page(cache_control=said)]
    assert (await one.ask()).status_code == 200
    clock.forward(seconds - 1)
    await one.ask()
    assert publisher.connections == 1
    clock.forward(2)
    await one.ask()
    assert publisher.connections == 2


async def test_a_document_that_has_turned_bad_counts_at_once_and_one_that_is_away_after_a_day(
    one: Host, publisher: Site, clock: Clock
) -> None:
    publisher.answers = [page(cache_control="max-age=300")]
    assert (await one.ask()).status_code == 200
    clock.forward(301)
    publisher.answers = [answer(b"", status=503)]
    assert (await one.ask()).status_code == 200, "its server is away: what was known holds"
    publisher.answers = [page({**SAID, "redirect_uris": ["https://host.brand.shop/new"]})]
    assert "location" not in (await one.ask()).headers
    publisher.answers = [page({**SAID, "client_id": "https://host.brand.shop/moved"})]
    clock.forward(3601)
    assert (await one.ask()).status_code == 422, "it says something else now: that counts"


# ---- programs that sign (private_key_jwt) ----------------------------------------------------------------------------


def signed(shop: Server, key: ECKey, number: str) -> dict[str, str]:
    said = {"iss": DOCUMENT, "sub": DOCUMENT, "aud": shop.url, "jti": number, "exp": int(time.time()) + 60}
    assertion = jwt.encode({"alg": "ES256", "kid": key.kid}, said, key, algorithms=["ES256"])
    return {"client_assertion_type": ASSERTION, "client_assertion": assertion}


def keys(*known: ECKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in known]}


@pytest.mark.parametrize("kind", ["application/json", "application/jwk-set+json"])
@pytest.mark.requirement("oauth:document-keys")
async def test_a_program_signs_with_a_key_that_its_document_leads_to(
    shop: Server, one: Host, publisher: Site, kind: str
) -> None:
    key, other = ECKey.generate_key("P-256", auto_kid=True), ECKey.generate_key("P-256", auto_kid=True)
    # With certificates, as some publish theirs, a set is larger than a document may be.
    published = json.dumps({"keys": [{**one, "x5c": ["A" * 6000]} for one in keys(key)["keys"]]}).encode()
    publisher.answers = [page({**SIGNS, "jwks_uri": f"https://{NAME}/keys"}), answer(published, kind)]
    code = await one.code()
    assert publisher.heads[1].startswith(b"GET /keys ")
    for wrong in ({"client_id": DOCUMENT}, signed(shop, other, "1")):
        one.auth = wrong
        refused = await one.exchange(code)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    one.auth = signed(shop, key, "2")
    assert (await one.exchange(code)).status_code == 200


@pytest.mark.requirement("oauth:document-keys")
async def test_keys_may_be_in_the_document(shop: Server, one: Host, publisher: Site) -> None:
    key = ECKey.generate_key("P-256", auto_kid=True)
    publisher.answers = [page({**SIGNS, "jwks": keys(key)})]
    code = await one.code()
    one.auth = signed(shop, key, "1")
    assert (await one.exchange(code)).status_code == 200
    assert publisher.connections == 1


@pytest.mark.requirement("oauth:document-keys")
async def test_a_new_key_is_found_before_the_document_is_old(shop: Server, one: Host, publisher: Site) -> None:
    first, second, third = (ECKey.generate_key("P-256", auto_kid=True) for _ in range(3))
    leads = page({**SIGNS, "jwks_uri": f"https://{NAME}/keys"}, cache_control="max-age=80000")
    publisher.answers = [leads, page(keys(first)), leads, page(keys(first, second))]
    code = await one.code()
    one.auth = signed(shop, second, "1")
    assert (await one.exchange(code)).status_code == 200
    assert publisher.connections == 4
    for number in range(5):  # a stranger's keys don't have it fetched again and again
        one.auth = signed(shop, third, f"t{number}")
        assert (await one.exchange("none")).status_code == 401
    assert publisher.connections == 4


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"jwks_uri": "http://host.brand.shop/keys"},
        {"jwks_uri": "https://127.0.0.1/keys"},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}},
    ],
)
async def test_a_program_that_would_sign_but_has_no_usable_keys_is_refused(
    one: Host, publisher: Site, more: dict[str, Any]
) -> None:
    publisher.answers = [page({**SIGNS, **more})]
    assert (await one.ask()).status_code == 422
    assert publisher.connections == 1


async def test_a_key_set_is_checked_like_a_document(one: Host, publisher: Site) -> None:
    leads = page({**SIGNS, "jwks_uri": f"https://{NAME}/keys"})
    key = ECKey.generate_key("P-256")
    for bad in (
        answer(b"x" * 70_000, "application/json"),
        page(keys(key), "text/html"),
        page({"keys": [{"kty": "oct", "k": "AAAA"}]}),
        redirect(f"https://{NAME}/elsewhere"),
        answer(b"", status=404),
    ):
        publisher.answers = [leads, bad]
        before = publisher.connections
        assert (await one.ask()).status_code == 422
        assert publisher.connections == before + 2
