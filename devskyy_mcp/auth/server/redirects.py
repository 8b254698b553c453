"""Where a browser may be sent with a code: what clients may register, and which registered address was meant.

OAuth 2.1 §2.3 and §4.1.1, RFC 8252 §7 and RFC 9700 §2.1. An address is read once and strictly: what two readers could
read differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

LONGEST = 2048
LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
# Each with a public source. Cursor registers cursor-mcp (its docs, cursor.com/docs/mcp, as quoted in
# github.com/makeplane/plane-mcp-server/issues/159; the whole request: github.com/erp-mafia/accounted/pull/2225), and
# older ones registered cursor-retrieval (github.com/keboola/mcp-server, tests/test_oauth.py).
# Others answer at addresses that the general rules take: VS Code at https://vscode.dev/redirect and loopback
# (github.com/microsoft/vscode/issues/278512), Zed (github.com/zed-industries/zed/pull/51768), Goose
# (github.com/aaif-goose/goose/issues/5107) and Kiro (github.com/kirodotdev/Kiro/issues/10927) at loopback, ChatGPT at
# https://chatgpt.com/connector/oauth/… (github.com/makeplane/plane-mcp-server/pull/165).
PRIVATE_USE = {"cursor": frozenset({"anysphere.cursor-mcp", "anysphere.cursor-retrieval"})}
"""Schemes of hosts that are known, with the part behind ``//``. Any other program could claim any other scheme."""
KNOWN_HOSTS = frozenset({
    "claude.ai", "claude.com", "chatgpt.com", "www.cursor.com", "cursor.com", "vscode.dev", "insiders.vscode.dev",
})  # fmt: skip
"""Hosts whose https addresses their owners alone answer, so that a consent given once may count again."""

Kind = Literal["https", "loopback", "private"]

_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()+,;=%-]+")
_WHOLE = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?]+)(?P<path>[^?]*)(?P<query>\?.*)?")
_AUTHORITY = re.compile(r"(?P<host>\[::1\]|[a-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:0|1|7f|5c)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect address that may be used.

    Args:
        uri: as it was given.
        kind: ``https``, ``loopback`` (a program on the person's machine) or ``private`` (a known host's own scheme).
        host: name or address, for a scheme of its own what stands behind ``//``.
        origin: what a page's ``form-action`` must name for a browser to follow there (CSP Level 3 §2.3).
    """

    uri: str
    kind: Kind
    host: str
    origin: str
    _rest: tuple[str, str, str]

    def meets(self, registered: Redirect) -> bool:
        """Whether this is the registered address; of a loopback one the port is free (RFC 8252 §7.3)."""
        if self.kind == "loopback" == registered.kind:
            return self._rest == registered._rest
        return self.uri == registered.uri


def redirect(uri: str) -> Redirect | None:
    """The address, if codes may be sent there; None otherwise."""
    if len(uri) > LONGEST or not _CHARACTERS.fullmatch(uri) or _ESCAPES.search(uri):
        return None
    whole = _WHOLE.fullmatch(uri)
    authority = _AUTHORITY.fullmatch(whole["authority"]) if whole else None
    if whole is None or authority is None or _DOTS.search(whole["path"]) or int(authority["port"] or 1) > 65535:
        return None
    scheme, host = whole["scheme"], authority["host"]
    rest = (host, whole["path"] or "/", whole["query"] or "")
    if scheme == "http" and host in LOOPBACK:
        # A policy can't name an IPv6 address (CSP Level 3 §2.3.1), so there the scheme has to do.
        return Redirect(uri, "loopback", host, "http:" if host == "[::1]" else f"http://{whole['authority']}", rest)
    if scheme == "https" and _is_name(host):
        return Redirect(uri, "https", host, f"https://{whole['authority']}", rest)
    if authority["port"] is None and host in PRIVATE_USE.get(scheme, ()):
        return Redirect(uri, "private", host, f"{scheme}:", rest)
    return None


def accepted(uris: Iterable[str]) -> list[str]:
    """Those that may be used, each once."""
    return list(dict.fromkeys(uri for uri in uris if redirect(uri)))


def chosen(asked: str | None, registered: Iterable[str]) -> Redirect | None:
    """The address to answer at: the one asked for if it is registered, or the only one there is."""
    known = [found for uri in registered if (found := redirect(uri))]
    if asked is None:
        return known[0] if len(known) == 1 else None
    wanted = redirect(asked)
    return wanted if wanted and any(wanted.meets(one) for one in known) else None


def _is_name(host: str) -> bool:
    """Whether it is a name of the public kind: at least two labels, the last no number."""
    labels = host.split(".")
    return (
        len(labels) > 1
        and len(host) <= 253
        and not labels[-1].isdecimal()
        and all(_LABEL.fullmatch(label) for label in labels)
    )
