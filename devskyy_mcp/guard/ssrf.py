"""Fetches from addresses that a stranger may have chosen, without ever reaching into a private network.

An address is parsed once and strictly, its name is resolved once, every resolved address must be public, and
the connection goes to one of exactly those. Redirects are followed by hand and checked like the first address.
Nothing is sent that identifies anybody: no cookies, no credentials, no proxies from the environment.
Ranges: IANA's IPv4 and IPv6 special-purpose registries; Python's ``is_global`` lets several of them pass.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal
from urllib.parse import urljoin

import anyio
import httpx2

from devskyy_mcp import __version__
from devskyy_mcp.errors import Code, Refused

MIB = 1024 * 1024
MAX_REDIRECTS = 3
MAX_URL = 2048
MAX_DIALLED = 3  # of a name's addresses, so many are tried
CONNECT_TIMEOUT = 3.0
PORTS = {"https": 443, "http": 80}

Rule = Literal["characters", "scheme", "userinfo", "port", "host", "notation", "name", "address", "redirects"]
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]+)(?P<rest>[^#]*)(?:#.*)?")
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\]|(?P<name>[^\[\]:%]+))(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names that mean something only inside a machine or a network: RFC 6761, RFC 6762, RFC 8375, and what people use.
_INSIDE = frozenset({
    "localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "localdomain", "test", "invalid",
    "example", "onion", "alt", "arpa",
})  # fmt: skip
_NOT_PUBLIC_4 = tuple(
    IPv4Network(range_)
    for range_ in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # public by number, but Azure's host inside each of its virtual networks
    )
)  # fmt: skip
# Only 2000::/3 is handed out at all; these parts of it are not public, or carry an IPv4 address (6to4, Teredo).
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(range_) for range_ in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)

_ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "binary/octet-stream": "application/octet-stream"}
_REDIRECTS = (301, 302, 303, 307, 308)
_UNTYPED = ("", "application/octet-stream")
_MAGIC = {
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "image/avif": re.compile(rb"....ftypavi[fs]", re.DOTALL),
    "model/gltf-binary": re.compile(rb"glTF"),
    # a zip whose first entry is stored, and a USD layer by its name (30 bytes after the start)
    "model/vnd.usdz+zip": re.compile(rb"PK\x03\x04.{4}\0\0.{20}[^\0]{1,200}?\.usd[ac]?", re.DOTALL | re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: where to connect (``addresses``, all public, and no others) and what to ask for there."""

    url: str
    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Download:
    """What was fetched: the address it came from after redirects, its media type, the SHA-256 in hex, Cache-Control."""

    url: str
    content_type: str
    content: bytes = field(repr=False)
    sha256: str
    cache_control: str = ""


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet reaches alike."""
    ip = ip_address(address)
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_4)
    if ip.scope_id is not None:
        return False
    if ip in _NAT64:  # how networks without IPv4 name every IPv4 address
        return is_public(str(IPv4Address(int(ip) & 0xFFFFFFFF)))
    if (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return ip in _PUBLIC_6 and not any(ip in network for network in _NOT_PUBLIC_6)


def media_type(content: bytes) -> str | None:
    """The media type told by the first bytes, of pictures and 3D models; None for all others."""
    return next((name for name, magic in _MAGIC.items() if magic.match(content)), None)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, by the system's resolver."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def check_url(url: str, *, allow_http: bool = False, resolve: Resolver = resolve) -> Target:
    """Check that an address is public, and find where to connect.

    Raises:
        Refused: UNSAFE_ADDRESS with the broken rule in ``details["rule"]``; UPSTREAM_UNREACHABLE when the name is
            not found.
    """
    scheme, host, rest = _parse(url, allow_http)
    port = PORTS[scheme]
    literal = _literal(host)
    if literal is not None:
        addresses: Sequence[str] = [literal]
    else:
        _check_name(host)
        try:
            addresses = await resolve(host, port)
        except OSError:
            addresses = []
        if not addresses:
            raise Refused(Code.UPSTREAM_UNREACHABLE, f"{host} can't be found.", "Check the address.")
    if not all(is_public(address) for address in addresses):
        raise _unsafe("address", "It leads into a private, local or reserved network.")
    shown = f"[{host}]" if ":" in host else host
    return Target(f"{scheme}://{shown}{rest}", scheme, host, port, tuple(dict.fromkeys(addresses)))


async def fetch_public(
    url: str,
    *,
    max_bytes: int = 25 * MIB,
    deadline: float = 10,
    content_types: Collection[str] | None = None,
    allow_http: bool = False,
    redirects: int = MAX_REDIRECTS,
    resolve: Resolver = resolve,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Download:
    """Fetch a file from a public address.

    ``deadline`` is in seconds, for all of it. ``content_types`` lists the media types that are welcome, None being all;
    a picture or GLB model must also begin as one, and one that is sent without a type gets it from its first bytes.

    Raises:
        Refused: UNSAFE_ADDRESS as in ``check_url``, for redirects too; TOO_LARGE; UPSTREAM_TIMEOUT;
            UPSTREAM_UNREACHABLE; UPSTREAM_REFUSED for an error status; UPSTREAM_INVALID for an unwelcome type.
    """
    own: httpx2.AsyncHTTPTransport | None = None
    try:
        with anyio.CancelScope(deadline=anyio.current_time() + deadline):
            for _ in range(1 + redirects):
                target = await check_url(url, allow_http=allow_http, resolve=resolve)
                if transport is None:
                    transport = own = httpx2.AsyncHTTPTransport(verify=_certificates(), trust_env=False)
                fetched = await _fetch(transport, target, max_bytes, content_types)
                if isinstance(fetched, Download):
                    return fetched
                url = _join(target.url, fetched)
            raise _unsafe("redirects", f"It redirects more than {redirects} times.")
        raise Refused(Code.UPSTREAM_TIMEOUT, f"The file did not arrive within {deadline:g} s.", "Try again later.")
    finally:
        if own is not None:
            with anyio.CancelScope(shield=True):
                await own.aclose()


async def follow_public(
    url: str,
    *,
    deadline: float = 10,
    allow_http: bool = True,
    redirects: int = 5,
    resolve: Resolver = resolve,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> list[tuple[str, int]]:
    """Where an address leads, as a visitor finds it: each address on the way with its status; no body is read.

    Raises:
        Refused: UNSAFE_ADDRESS as in ``check_url``, for redirects too; UPSTREAM_TIMEOUT; UPSTREAM_UNREACHABLE.
    """
    own: httpx2.AsyncHTTPTransport | None = None
    hops: list[tuple[str, int]] = []
    try:
        with anyio.CancelScope(deadline=anyio.current_time() + deadline):
            while len(hops) <= redirects:
                target = await check_url(url, allow_http=allow_http, resolve=resolve)
                if transport is None:
                    transport = own = httpx2.AsyncHTTPTransport(verify=_certificates(), trust_env=False)
                response = await _open(transport, target)
                await response.aclose()
                hops.append((target.url, response.status_code))
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    return hops
                url = _join(target.url, response.headers["location"])
            raise _unsafe("redirects", f"It redirects more than {redirects} times.")
        raise Refused(Code.UPSTREAM_TIMEOUT, f"It did not answer within {deadline:g} s.", "Try again later.")
    finally:
        if own is not None:
            with anyio.CancelScope(shield=True):
                await own.aclose()


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


# The address


def _parse(url: str, allow_http: bool) -> tuple[str, str, str]:
    """Scheme, host in ASCII without a trailing dot, and path with query."""
    _check_characters(url)
    whole = _URL.fullmatch(url)
    scheme = whole["scheme"].lower() if whole else ""
    if whole is None or scheme not in PORTS or (scheme == "http" and not allow_http):
        raise _unsafe("scheme", f"It must begin with {'http:// or https://' if allow_http else 'https://'}")
    if "@" in whole["authority"]:
        raise _unsafe("userinfo", "It holds a user name or password.")
    authority = _AUTHORITY.fullmatch(whole["authority"])
    if authority is None:
        raise _unsafe("host", "Its host is not well-formed.")
    if authority["port"] and int(authority["port"]) != PORTS[scheme]:
        raise _unsafe("port", f"It must use the usual port, {PORTS[scheme]}.")
    return scheme, authority["v6"] or _ascii(authority["name"]), whole["rest"] or "/"


def _check_characters(url: str) -> None:
    if len(url) > MAX_URL or re.search(r"[\x00-\x20\x7f-\xa0\\]", url):
        raise _unsafe("characters", "It holds spaces, control characters or backslashes, or is too long.")


def _join(url: str, location: str) -> str:
    _check_characters(location)  # urljoin would quietly drop some of them
    try:
        return urljoin(url, location)
    except ValueError:
        raise _unsafe("host", "It redirects to a host that is not well-formed.") from None


def _ascii(name: str) -> str:
    """The name as it goes to the resolver; signs that stand for digits, dots and letters become those."""
    if not name.isascii():
        import idna  # its tables are large, and such names are rare

        try:
            name = idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
        except idna.IDNAError:
            raise _unsafe("host", "Its host is not a valid name.") from None
    return name.lower().removesuffix(".")


def _literal(host: str) -> str | None:
    """The host as an IP address when it is one; only the plain notations pass, 0x7f.1 and 2130706433 don't."""
    try:
        if ":" in host:
            return str(IPv6Address(host))
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(IPv4Address(host))
    except AddressValueError:
        raise _unsafe("notation", "Its host is a number, but not a plain IP address.") from None
    return None


def _check_name(host: str) -> None:
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _unsafe("host", "Its host is not a valid name.")
    if len(labels) < 2 or labels[-1] in _INSIDE:
        raise _unsafe("name", "Its host is a name that only has a meaning inside a network.")


def _unsafe(rule: Rule, why: str) -> Refused:
    hint = "Use the public https address of the file."
    return Refused(Code.UNSAFE_ADDRESS, f"This address is not fetched. {why}", hint, details={"rule": rule})


# The file


async def _fetch(
    transport: httpx2.AsyncBaseTransport, target: Target, max_bytes: int, welcome: Collection[str] | None
) -> Download | str:
    """The file, or where it redirects to."""
    response = await _open(transport, target)
    try:
        if response.status_code in _REDIRECTS and "location" in response.headers:
            return response.headers["location"]
        if response.status_code != 200:
            message = f"{target.host} answered with status {response.status_code} instead of the file."
            raise Refused(Code.UPSTREAM_REFUSED, message, "Check that anybody can open the address.")
        declared = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        declared = _ALIASES.get(declared, declared)
        if declared not in _UNTYPED:
            _check_welcome(declared, welcome)
        content = await _read(response, max_bytes)
    except httpx2.DecodingError:
        raise Refused(Code.UPSTREAM_INVALID, "The file can't be unpacked.", retryable=False) from None
    except httpx2.TransportError:
        raise _unreachable(target) from None
    finally:
        await response.aclose()
    seen = media_type(content)
    if declared in _UNTYPED:
        declared = seen or "application/octet-stream"
        _check_welcome(declared, welcome)
    elif declared in _MAGIC and seen != declared:
        message = f"The file is sent as {declared}, but it is none."
        raise Refused(Code.UPSTREAM_INVALID, message, "Check the address and the file.", retryable=False)
    cache_control = response.headers.get("cache-control", "")
    return Download(target.url, declared, content, hashlib.sha256(content).hexdigest(), cache_control)


async def _open(transport: httpx2.AsyncBaseTransport, target: Target) -> httpx2.Response:
    """Ask one of the target's addresses, and no other; the name serves for Host and the certificate only."""
    url = httpx2.URL(target.url)
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": f"DevSkyy/{__version__}",
        "Accept-Encoding": "identity",
        "Connection": "close",  # a connection kept for an address must not serve another name's certificate check
    }
    extensions = {"sni_hostname": target.host, "timeout": {"connect": CONNECT_TIMEOUT}}
    for address in target.addresses[:MAX_DIALLED]:
        request = httpx2.Request("GET", url.copy_with(host=address), headers=headers, extensions=extensions)
        try:
            return await transport.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            continue
        except httpx2.TransportError:
            break
    raise _unreachable(target)


async def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async with aclosing(response.aiter_bytes()) as parts:
        async for part in parts:  # at most 1 MiB each, however well it was packed
            size += len(part)
            if max(size, response.num_bytes_downloaded) > max_bytes:
                message = f"The file is larger than {max_bytes / MIB:.3g} MiB."
                raise Refused(Code.TOO_LARGE, message, "Use a smaller one.")
            chunks.append(part)
    return b"".join(chunks)


def _check_welcome(content_type: str, welcome: Collection[str] | None) -> None:
    if welcome is not None and content_type not in welcome:
        message = f"The address leads to {content_type[:80]}, which is not welcome here."
        hint = f"Use a file of type {', '.join(sorted(welcome))}."
        raise Refused(Code.UPSTREAM_INVALID, message, hint, retryable=False)


def _unreachable(target: Target) -> Refused:
    return Refused(Code.UPSTREAM_UNREACHABLE, f"{target.host} did not send the file.", "Check the address, try again.")
