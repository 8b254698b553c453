"""The guard of fetched addresses: what must never be connected to, and what must work all the same.

Every connection the guard would make is led to a listener on loopback, whatever address it was meant for, so one
that gets through is seen; an audit hook sees any connection or name lookup made behind the transport's back.
"""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import re
import sys
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.ssrf import Download, check_url, fetch_public, is_public, media_type, resolve
from tests.fakes.certificate import contexts
from tests.fakes.site import Rerouted, Site, a_site, answer, redirect
from tests.security.ssrf_payloads import NAMES, UNSAFE_HOSTS, UNSAFE_URLS
from tests.security.ssrf_payloads import PUBLIC_ADDRESS as PUBLIC

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
MIB = 1024 * 1024
PICTURES = {"image/png", "image/jpeg"}

PAYLOADS = [(f"https://{host}/x.png", rule) for rule, hosts in UNSAFE_HOSTS.items() for host in hosts] + UNSAFE_URLS
# In a Location header these are paths, or the page they stand in.
RELATIVE = {"127.0.0.1", "https:127.0.0.1", "https:/127.0.0.1", "https:///127.0.0.1", "https://", "https://?x"}
LOCATIONS = [url for url, _ in PAYLOADS if url not in {"", *RELATIVE} and not re.search("[\r\n\0]", url)]


class Resolver:
    """Resolves the names above, and keeps what it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self.answers = list(answers)

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if self.answers else NAMES[host]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site(answer(PNG, "image/png")) as one:
        yield one


class Watch:
    """Keeps the socket events of this process while it is on; audit hooks can't be taken away again."""

    on = False
    seen: list[str]

    def hook(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if self.on and event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
            self.seen.append(event)

    @contextmanager
    def watching(self) -> Generator[list[str]]:
        self.seen, self.on = [], True
        try:
            yield self.seen
        finally:
            self.on = False


WATCH = Watch()
sys.addaudithook(WATCH.hook)


async def fetch(site: Site, url: str, resolver: Resolver | None = None, **arguments: Any) -> tuple[Download, Rerouted]:
    transport = Rerouted(site.port)
    try:
        got = await fetch_public(url, resolve=resolver or Resolver(), transport=transport, **arguments)
        return got, transport
    finally:
        await transport.aclose()


async def refused(site: Site, url: str, resolver: Resolver | None = None, **arguments: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await fetch(site, url, resolver, **arguments)
    return caught.value


def test_there_are_enough_payloads() -> None:
    assert len({url for url, _ in PAYLOADS}) == len(PAYLOADS) >= 200


# What must be refused


@pytest.mark.requirement("ssrf:addresses")
@pytest.mark.parametrize(("url", "rule"), PAYLOADS)
async def test_an_unsafe_address_is_refused_without_a_connection(site: Site, url: str, rule: str) -> None:
    with WATCH.watching() as events:
        error = await refused(site, url, content_types=PICTURES)
    assert (error.code, error.details["rule"]) == (Code.UNSAFE_ADDRESS, rule)
    assert site.connections == 0
    assert events == []


@pytest.mark.requirement("ssrf:addresses")
@pytest.mark.parametrize("rule", ["address", "notation", "name", "host", "userinfo"])
async def test_http_being_allowed_changes_nothing_else(site: Site, rule: str) -> None:
    for host in UNSAFE_HOSTS[rule]:
        error = await refused(site, f"http://{host}/x.png", allow_http=True)
        assert (error.code, error.details["rule"]) == (Code.UNSAFE_ADDRESS, rule), host
    assert site.connections == 0


@pytest.mark.requirement("ssrf:redirects")
@pytest.mark.parametrize("url", LOCATIONS)
async def test_a_redirect_to_an_unsafe_address_is_refused(site: Site, url: str) -> None:
    site.answers = [redirect(url), answer(PNG, "image/png")]
    error = await refused(site, "https://cdn.brand.shop/x.png")
    assert error.code in (Code.UNSAFE_ADDRESS, Code.UPSTREAM_UNREACHABLE)  # the latter: no valid header
    assert site.connections == 1


@pytest.mark.requirement("ssrf:redirects")
@pytest.mark.parametrize("url", sorted(RELATIVE))
async def test_a_redirect_that_is_really_a_path_stays_on_its_host(site: Site, url: str) -> None:
    site.answers = [redirect(url), answer(PNG, "image/png")]
    _, transport = await fetch(site, "https://cdn.brand.shop/x.png")
    assert transport.dialled == [PUBLIC, PUBLIC]


@pytest.mark.requirement("ssrf:redirects")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "rule"),
    [
        ("//127.0.0.1/x.png", "address"),
        ("//169.254.169.254/latest/meta-data/", "address"),
        ("//loopback.brand.shop/", "address"),
        ("http://cdn.brand.shop/x.png", "scheme"),
        ("https://cdn.brand.shop:8443/x.png", "port"),
        ("https://user@cdn.brand.shop/", "userinfo"),
        ("/\\127.0.0.1/", "characters"),
        ("https://[::1", "host"),
    ],
)
async def test_every_kind_of_redirect_is_checked(site: Site, location: str, rule: str, status: int) -> None:
    site.answers = [redirect(location, status), answer(PNG, "image/png")]
    error = await refused(site, "https://cdn.brand.shop/x.png")
    assert (error.code, error.details["rule"]) == (Code.UNSAFE_ADDRESS, rule)
    assert site.connections == 1


@pytest.mark.requirement("ssrf:redirects")
async def test_a_later_redirect_is_checked_like_the_first_and_there_are_three_at_most(site: Site) -> None:
    site.answers = [redirect("/a"), redirect("https://www.brand.shop/b"), redirect("https://10.0.0.1/")]
    assert (await refused(site, "https://cdn.brand.shop/x.png")).details["rule"] == "address"
    assert site.connections == 3
    site.answers = [redirect("/again")]
    assert (await refused(site, "https://cdn.brand.shop/x.png")).details["rule"] == "redirects"
    assert site.connections == 3 + 4


@pytest.mark.requirement("ssrf:rebinding")
async def test_the_name_is_resolved_once_and_the_connection_goes_there(site: Site) -> None:
    resolver = Resolver([PUBLIC], ["127.0.0.1"])
    _, transport = await fetch(site, "https://rebind.brand.shop/x.png", resolver)
    assert transport.dialled == [PUBLIC]
    assert resolver.asked == ["rebind.brand.shop"]


@pytest.mark.requirement("ssrf:rebinding")
async def test_a_name_that_turns_private_between_redirects_is_refused(site: Site) -> None:
    site.answers = [redirect("/again"), answer(PNG, "image/png")]
    error = await refused(site, "https://rebind.brand.shop/x.png", Resolver([PUBLIC], ["127.0.0.1"]))
    assert error.details["rule"] == "address"
    assert site.connections == 1


async def test_the_refusal_does_not_tell_where_a_name_leads(site: Site) -> None:
    error = await refused(site, "https://private.brand.shop/x.png")
    assert "192.168" not in str(error.as_dict())


# What must work


@pytest.mark.requirement("ssrf:public")
@pytest.mark.parametrize(
    ("url", "host", "dialled"),
    [
        ("https://cdn.brand.shop/x.png?size=2#top", "cdn.brand.shop", PUBLIC),
        ("HTTPS://CDN.Brand.Shop:443/x.png", "cdn.brand.shop", PUBLIC),
        ("https://cdn.brand.shop./x.png", "cdn.brand.shop", PUBLIC),
        ("https://www.brand.shop", "www.brand.shop", PUBLIC),
        ("https://müller.shop/x.png", "xn--mller-kva.shop", PUBLIC),
        ("https://nat64.brand.shop/", "nat64.brand.shop", "64:ff9b::5db8:d70e"),
        ("https://8.8.8.8/x.png", "8.8.8.8", "8.8.8.8"),
        ("https://[2606:2800:21f:cb07::1]/x.png", "[2606:2800:21f:cb07::1]", "2606:2800:21f:cb07::1"),
    ],
)
async def test_a_public_address_is_fetched(site: Site, url: str, host: str, dialled: str) -> None:
    got, transport = await fetch(site, url, content_types=PICTURES)
    assert got.content == PNG
    assert got.content_type == "image/png"
    assert got.sha256 == hashlib.sha256(PNG).hexdigest()
    assert transport.dialled == [dialled]
    assert f"host: {host}\r\n".encode() in site.heads[0].lower()
    assert not any(name in site.heads[0].lower() for name in (b"cookie", b"authorization", b"referer"))


@pytest.mark.requirement("ssrf:public")
async def test_http_is_fetched_only_when_allowed(site: Site) -> None:
    got, _ = await fetch(site, "http://cdn.brand.shop/x.png", allow_http=True)
    assert got.url == "http://cdn.brand.shop/x.png"
    assert (await refused(site, "http://cdn.brand.shop/x.png")).details["rule"] == "scheme"


@pytest.mark.requirement("ssrf:public")
async def test_public_redirects_are_followed(site: Site) -> None:
    site.answers = [redirect("../b/x.png"), redirect("//www.brand.shop/c"), redirect("?d"), answer(PNG, "image/png")]
    got, transport = await fetch(site, "https://cdn.brand.shop/a/x.png")
    assert got.url == "https://www.brand.shop/c?d"
    assert transport.dialled == [PUBLIC] * 4
    paths = [head.split(b" ")[1] for head in site.heads]
    assert paths == [b"/a/x.png", b"/b/x.png", b"/c", b"/c?d"]


@pytest.mark.requirement("ssrf:public")
async def test_redirects_are_refused_where_none_may_be(site: Site) -> None:
    site.answers = [redirect("/b/x.png")]
    assert (await refused(site, "https://cdn.brand.shop/a/x.png", redirects=0)).details["rule"] == "redirects"
    assert len(site.heads) == 1


@pytest.mark.requirement("ssrf:public")
async def test_the_certificate_is_checked_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    server, client = contexts("cdn.brand.shop", tmp_path)
    async with a_site(answer(PNG, "image/png"), tls=server) as site:
        transport = Rerouted(site.port, client)
        got = await fetch_public("https://cdn.brand.shop/x.png", resolve=Resolver(), transport=transport)
        assert got.content == PNG
        with pytest.raises(Refused) as caught:  # same server, another name
            await fetch_public("https://www.brand.shop/x.png", resolve=Resolver(), transport=transport)
        assert caught.value.code == Code.UPSTREAM_UNREACHABLE
        await transport.aclose()


async def test_a_second_address_is_tried_when_the_first_refuses() -> None:
    dialled: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        dialled.append(request.url.host)
        if len(dialled) == 1:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(200, content=PNG, headers={"Content-Type": "image/png"})

    transport = httpx2.MockTransport(handler)
    await fetch_public("https://www.brand.shop/", resolve=Resolver(), transport=transport)
    assert dialled == NAMES["www.brand.shop"]


async def test_an_unknown_name_is_told(site: Site) -> None:
    assert (await refused(site, "https://nowhere.brand.shop/")).code == Code.UPSTREAM_UNREACHABLE

    async def broken(_host: str, _port: int) -> Sequence[str]:
        raise OSError("name or service not known")

    with pytest.raises(Refused) as caught:
        await check_url("https://cdn.brand.shop/", resolve=broken)
    assert caught.value.code == Code.UPSTREAM_UNREACHABLE


async def test_the_systems_resolver_gives_plain_addresses() -> None:
    for address in await resolve("localhost", 443):
        assert ipaddress.ip_address(address).is_loopback


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "223.255.255.254", "100.128.0.1", "172.32.0.1", "11.0.0.1"])
def test_ordinary_ipv4_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["2606:4700::1111", "2a00:1450:4001:800::200e", "2001:4860:4860::8888", "2400::1"])
def test_ordinary_ipv6_addresses_are_public(address: str) -> None:
    assert is_public(address)


# The file itself


@pytest.mark.requirement("ssrf:file")
async def test_an_unwelcome_type_is_refused_before_the_body() -> None:
    class Body(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            raise AssertionError("the body was read")
            yield b""

    page = httpx2.Response(200, headers={"Content-Type": "text/html; charset=utf-8"}, stream=Body())
    with pytest.raises(Refused) as caught:
        await fetch_public(
            "https://cdn.brand.shop/",
            content_types=PICTURES,
            resolve=Resolver(),
            transport=httpx2.MockTransport(lambda _: page),
        )
    assert caught.value.code == Code.UPSTREAM_INVALID
    assert "text/html" in caught.value.message
    assert "image/png" in caught.value.hint


@pytest.mark.requirement("ssrf:file")
@pytest.mark.parametrize("content", [b"<html>", b"", b"\xff\xd8\xff\xe0", b"\x89PN"])
async def test_a_picture_that_is_none_is_refused(site: Site, content: bytes) -> None:
    site.answers = [answer(content, "image/png")]
    error = await refused(site, "https://cdn.brand.shop/x.png", content_types=PICTURES)
    assert (error.code, error.retryable) == (Code.UPSTREAM_INVALID, False)


@pytest.mark.requirement("ssrf:file")
@pytest.mark.parametrize(
    ("sent_as", "content", "found"),
    [
        ("image/jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("application/octet-stream", b"glTF\2\0\0\0", "model/gltf-binary"),
        ("", b"GIF89a", "image/gif"),
        ("binary/octet-stream", b"RIFF\1\2\3\4WEBPVP8 ", "image/webp"),
        ("IMAGE/AVIF; q=1", b"\0\0\0\x1cftypavif", "image/avif"),
        ("", b"anything", "application/octet-stream"),
        ("text/csv", b"a,b", "text/csv"),
    ],
)
async def test_the_type_comes_from_the_server_or_the_first_bytes(
    site: Site, sent_as: str, content: bytes, found: str
) -> None:
    site.answers = [answer(content, sent_as)]
    got, _ = await fetch(site, "https://cdn.brand.shop/x")
    assert got.content_type == found
    assert media_type(content) == (found if "/csv" not in found and "octet" not in found else None)


@pytest.mark.requirement("ssrf:file")
async def test_an_untyped_file_is_welcome_by_its_first_bytes_only(site: Site) -> None:
    site.answers = [answer(b"MZ\x90", "application/octet-stream")]
    assert (await refused(site, "https://cdn.brand.shop/x", content_types=PICTURES)).code == Code.UPSTREAM_INVALID


@pytest.mark.requirement("ssrf:file")
async def test_a_large_file_is_cut_off(site: Site) -> None:
    site.answers = [answer(PNG + b"\0" * MIB, "image/png")]
    assert (await refused(site, "https://cdn.brand.shop/x.png", max_bytes=MIB)).code == Code.TOO_LARGE


@pytest.mark.requirement("ssrf:file")
async def test_a_packed_bomb_is_cut_off(site: Site) -> None:
    site.answers = [answer(gzip.compress(b"\0" * 40 * MIB), "text/plain", content_encoding="gzip")]
    assert (await refused(site, "https://cdn.brand.shop/x")).code == Code.TOO_LARGE
    assert b"accept-encoding: identity" in site.heads[0].lower()


@pytest.mark.requirement("ssrf:file")
@pytest.mark.parametrize("status", [204, 304, 401, 403, 404, 500, 503])
async def test_an_error_status_is_no_file(site: Site, status: int) -> None:
    site.answers = [answer(b"", status=status)]
    error = await refused(site, "https://cdn.brand.shop/x.png")
    assert error.code == Code.UPSTREAM_REFUSED
    assert str(status) in error.message


async def test_half_a_file_is_none(site: Site) -> None:
    site.answers = [answer(PNG, "image/png")[:-10]]
    assert (await refused(site, "https://cdn.brand.shop/x.png")).code == Code.UPSTREAM_UNREACHABLE
    site.answers = [answer(b"no gzip", "text/plain", content_encoding="gzip")]
    assert (await refused(site, "https://cdn.brand.shop/x")).code == Code.UPSTREAM_INVALID


async def test_a_redirect_to_nowhere_is_told(site: Site) -> None:
    site.answers = [redirect("")]
    assert (await refused(site, "https://cdn.brand.shop/x")).code == Code.UPSTREAM_REFUSED


async def test_all_of_it_has_one_deadline() -> None:
    async def slow(_host: str, _port: int) -> Sequence[str]:
        await anyio.sleep_forever()
        return []

    with pytest.raises(Refused) as caught:
        await fetch_public("https://cdn.brand.shop/", resolve=slow, deadline=0.05)
    assert caught.value.code == Code.UPSTREAM_TIMEOUT
