"""Loopback is no login: which requests may come in at all, decided before anything else runs.

Any web page can post to 127.0.0.1, and a name of its own can be made to point there. So Host and Origin are compared
with exact lists, browsers' cross-site requests are refused, and bodies must be JSON, which a page can't send to another
origin without asking first. The door says yes to that question for the dashboards in the settings alone.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from ..config import UPLOAD_LIMIT, Settings
from ..context import ALL_SCOPES, Principal
from ..errors import Code, Refused
from .local_key import same

Scope = MutableMapping[str, Any]
Headers = Mapping[bytes, bytes]

LOCAL: Final = Principal("local", "local", ALL_SCOPES, "local user")
BODY_LIMIT = 4 * 1024 * 1024
HEADER_LIMIT = 8 * 1024
LONGEST_HEADER = 16 * 1024
ADDRESS_LIMIT = 8 * 1024
MOST_HEADERS = 100
SUBPROTOCOL = "devskyy.v1"
PAGES = ("/approvals", "/login", "/logout", "/account", "/connect", "/oauth/authorize")
"""Pages for people: reached by links from anywhere, filled in as forms, opened with a session or the key as a field."""

_BELOW_PAGES = tuple(f"{page}/" for page in PAGES)
FILES = "/assets/"
"""Kept files: anybody may ask, also a page of another site; the file itself says who may have it."""
UPLOADS = "/api/v1/assets"
_UPLOADED = (
    *(b"image/", b"model/", b"text/csv", b"application/octet-stream"),
    *(b"application/json", b"application/mbox"),
)
"""What the one place takes that takes other bodies than JSON and forms: files."""
HEADERS = "devskyy.headers"
"""Where a scope has its headers once they were checked, by their names in lower case."""
OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/favicon.ico"})
"""What balancers and browsers ask for without a word of who they are; it tells nothing else."""
FORMS_OF_PROGRAMS = ("/oauth/token", "/oauth/revoke", "/oauth/introspect")
OPEN_TO_ALL = frozenset({*FORMS_OF_PROGRAMS, "/oauth/register", "/oauth/jwks.json"})
"""What programs call without a token, also those that run in a browser; with it all of ``/.well-known/``."""
_ONCE = (b"host", b"origin", b"authorization", b"content-type", b"content-length", b"sec-fetch-site")
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Unsupported(Refused):
    """A body that is not JSON; the HTTP status is 415 instead of the code's own."""

    @property
    def http_status(self) -> int:
        return 415


class HeadTooLarge(Refused):
    """A request's address or headers are too large; the HTTP status is 431 (RFC 6585 §5) instead of the code's own."""

    @property
    def http_status(self) -> int:
        return 431


class Rules:
    """What the settings allow of site, names and bodies. Where nobody signs in also who may call: ``key`` is the local
    key, asked for unless this is the demo shop, on loopback only.
    """

    def __init__(self, settings: Settings, key: str) -> None:
        self.settings = settings
        self.key = key
        self.keyed = not settings.demo or bool(settings.public_url)
        self.dashboards = frozenset(origin.lower().encode() for origin in settings.cors_origins)
        """Origins of pages on other addresses that may call."""
        self._names: dict[Any, tuple[frozenset[bytes], frozenset[bytes]]] = {}

    def check(self, scope: Scope) -> Headers:
        """Its headers, once the request comes to a name and from a page that are ours, with a body that may be.

        Args:
            scope: an ASGI scope of type http or websocket.

        Raises:
            Refused: HeadTooLarge; FORBIDDEN for a wrong address, Host, Origin or site; INVALID_ARGUMENTS for headers
                given twice; TOO_LARGE; Unsupported for bodies of another kind.
        """
        _check_address(scope)
        headers = _once(scope["headers"])
        hosts, origins = self._of(scope)
        _check_host(headers, hosts)
        if headers.get(b"origin", b"").lower() not in self.dashboards and not is_open_to_all(scope["path"]):
            if is_file(scope):
                return headers
            _check_site(scope, headers, origins)
        if scope["type"] == "http":
            _check_body(scope, headers)
        return headers

    def ours(self, scope: Scope, headers: Headers) -> bool:
        """Whether a page of ours, or a dashboard in the settings, says that it sends this request."""
        origin = headers.get(b"origin", b"").lower()
        if origin:
            return origin in self._of(scope)[1] or origin in self.dashboards
        return headers.get(b"sec-fetch-site") == b"same-origin"

    def comes_from_afar(self, scope: Scope, headers: Headers) -> bool:
        """Whether a page of another site asks, whose person's sign-in must not count."""
        try:
            if headers.get(b"origin", b"").lower() not in self.dashboards:
                _check_site(scope, headers, self._of(scope)[1])
        except Refused:
            return True
        return False

    def _of(self, scope: Scope) -> tuple[frozenset[bytes], frozenset[bytes]]:
        server = scope.get("server")
        return self._names.get(server) or self._learn(server)

    def _learn(self, server: tuple[str, int | None] | None) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """The exact Host and Origin values that are answered at the address that was really connected to."""
        public = urlsplit(self.settings.public_url)
        hosts, origins = {public.netloc}, {f"{public.scheme}://{public.netloc}"}
        if server is None or server[1] is None:  # a Unix socket: there the file system says who may connect
            hosts, origins = set(self.settings.allowed_hosts), set(self.settings.allowed_origins)
        elif is_loopback(server[0]):  # the port that is really bound counts: another one belongs to another program
            hosts |= (bound := _with_port(_LOOPBACK_NAMES, server[1]))
            origins |= {f"http://{host}" for host in bound}
        elif self.settings.sign_in == "none":
            raise Refused(
                Code.FORBIDDEN,
                "This server answers on loopback addresses only, since nobody signs in.",
                "Connect on the same machine, through a tunnel to 127.0.0.1, or set AUTH_MODE=embedded.",
            )
        elif not self.settings.public_url:
            hosts |= (bound := _with_port([self.settings.host], server[1]))
            origins |= {f"http://{host}" for host in bound}
        hosts.discard("")
        origins.discard("://")
        known = frozenset(host.lower().encode() for host in hosts), frozenset(one.lower().encode() for one in origins)
        self._names[server] = known
        return known

    def local(self, headers: Headers) -> Principal | None:
        """The user of this machine, where nobody signs in; None without the key where that is needed."""
        given = headers.get(b"authorization")
        if given is not None:
            scheme, _, token = given.decode("latin-1").partition(" ")
            if len(given) <= HEADER_LIMIT and scheme.lower() == "bearer" and same(token.strip(), self.key):
                return LOCAL
        return None if self.keyed else LOCAL


def is_open_to_all(path: str) -> bool:
    """Whether programs call it without a token, from any page; cookies mean nothing there."""
    return path.startswith(("/.well-known/", "/oauth/")) and (path in OPEN_TO_ALL or path[1] == ".")


def is_file(scope: Scope) -> bool:
    """Whether a kept file is asked for."""
    return scope["type"] == "http" and scope["path"].startswith(FILES) and scope["method"] in {"GET", "HEAD"}


def is_page(path: str) -> bool:
    return path.startswith(PAGES) and (path in PAGES or path.startswith(_BELOW_PAGES))


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _with_port(names: Iterable[str], port: int) -> set[str]:
    return {f"{name}{suffix}" for name in names for suffix in (("", ":80") if port == 80 else (f":{port}",))}


def _check_host(headers: Headers, hosts: frozenset[bytes]) -> None:
    if headers.get(b"host", b"").lower() not in hosts:
        raise Refused(
            Code.FORBIDDEN,
            "This server does not answer to that Host name.",
            "Use http://127.0.0.1 with the server's port, or set DEVSKYY_PUBLIC_URL to the address in use.",
        )


def _check_site(scope: Scope, headers: Headers, origins: frozenset[bytes]) -> None:
    origin = headers.get(b"origin")
    if origin is not None and origin.lower() not in origins:
        raise _cross_site()
    # Another port of this machine is "same-site": that is another program, so it does not count.
    if headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin") and not _followed_link(scope, headers):
        raise _cross_site()


def _once(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The first of each header; those that decide are given at most once: readers differ in which of two they take."""
    found: dict[bytes, bytes] = {}
    for number, (name, value) in enumerate(pairs, 1):
        if number > MOST_HEADERS or len(value) > LONGEST_HEADER:
            raise HeadTooLarge(
                Code.TOO_LARGE,
                f"The request has more than {MOST_HEADERS} headers, or one longer than {LONGEST_HEADER // 1024} KiB.",
                "Leave out what this server does not need.",
            )
        if name not in found:
            found[name] = value
        elif name in _ONCE:
            raise Refused(Code.INVALID_ARGUMENTS, f"The header {name.decode()} was sent twice.")
    return found


def _check_address(scope: Scope) -> None:
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > ADDRESS_LIMIT:
        raise HeadTooLarge(Code.TOO_LARGE, "The address is longer than 8 KiB.", "Send long content in a body.")


def _check_body(scope: Scope, headers: Headers) -> None:
    length = headers.get(b"content-length", b"")
    upload = scope["path"] == UPLOADS
    limit = UPLOAD_LIMIT if upload else BODY_LIMIT
    if length.isdigit() and int(length[:20]) > limit:
        raise too_large(limit)
    if not (length.strip(b"0") or b"transfer-encoding" in headers):
        return
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if upload:
        _check_upload(kind)
        return
    form = is_page(scope["path"]) or scope["path"] in FORMS_OF_PROGRAMS
    wanted = b"application/x-www-form-urlencoded" if form else b"application/json"
    if kind != wanted:
        raise Unsupported(
            Code.INVALID_ARGUMENTS,
            "The body must be JSON." if wanted.endswith(b"json") else "The body must be the page's own form.",
            f"Send it with Content-Type: {wanted.decode()}.",
        )


def _check_upload(kind: bytes) -> None:
    """Only kinds that no page's form can send."""
    if not kind.startswith(_UPLOADED):
        raise Unsupported(
            Code.INVALID_ARGUMENTS,
            "An upload's body is the file itself.",
            "Send its bytes with Content-Type: application/octet-stream, image/…, model/…, text/csv or JSON; no form.",
        )


def _followed_link(scope: Scope, headers: Headers) -> bool:
    """Whether a person followed a link to one of the pages, in a window of its own."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and is_page(scope["path"])
        and headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest") == b"document"
    )


def too_large(limit: int = BODY_LIMIT) -> Refused:
    return Refused(
        Code.TOO_LARGE,
        f"The body is larger than {limit // 1024 // 1024} MiB.",
        "Split the work, or upload large content as a file and name it."
        if limit == BODY_LIMIT
        else "Make the file smaller: pictures need no more than 4000 pixels on their longer side.",
    )


def _cross_site() -> Refused:
    return Refused(
        Code.FORBIDDEN,
        "Pages of other sites may not use this server.",
        "Call it from a program, or from a page that this server itself has served.",
    )


def login_needed() -> Refused:
    return Refused(
        Code.UNAUTHENTICATED,
        "This server needs the local key.",
        "Send 'Authorization: Bearer dsk_local_…'; the command 'devskyy local-key' shows the key.",
    )
