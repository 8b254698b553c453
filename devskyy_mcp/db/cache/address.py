"""REDIS_URL as operators write it, turned into what the driver understands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from devskyy_mcp.errors import Code, Refused

PORT = 6379
KINDS: dict[str, Literal["tcp", "tls", "unix"]] = {
    "redis": "tcp",
    "valkey": "tcp",
    "rediss": "tls",
    "valkeys": "tls",
    "unix": "unix",
}
# The driver takes any of its own settings from the address, and those would win over ours: only these pass.
TLS_SETTINGS = frozenset({"ssl_cert_reqs", "ssl_ca_certs"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where Redis is. ``options`` are the driver's, password included; never shown by repr."""

    kind: Literal["tcp", "tls", "unix"]
    options: dict[str, Any] = field(repr=False)


def parse_address(text: str) -> Address:
    """Reads redis://, rediss:// (TLS), the same with valkey, and unix:///path.

    Raises:
        Refused: NOT_CONFIGURED when it can't be read; the message never repeats any part that may hold the password.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:  # its text repeats pieces of the address
        raise _unreadable("special characters in the password must be percent-encoded") from None
    kind = KINDS.get(parts.scheme)
    if kind is None:
        raise _unreadable("only redis://…, rediss://… (TLS) and unix://… are known")
    if parts.fragment or not (parts.path.strip("/") if kind == "unix" else parts.hostname):
        raise _unreadable("no host found; special characters in the password must be percent-encoded")
    if kind == "unix":
        place: dict[str, Any] = {"path": unquote(parts.path)}
    else:
        place = {"host": parts.hostname, "port": PORT if port is None else port}
    login = {"username": _part(parts.username), "password": _part(parts.password)}
    return Address(kind, {**place, **login, "db": _number(kind, parts, given), **_tls(kind, given)})


def _part(text: str | None) -> str | None:
    return unquote(text) if text else None


def _number(kind: str, parts: SplitResult, given: dict[str, str]) -> int:
    """Which of the server's numbered databases: the path, or the setting ``db``."""
    in_path = "" if kind == "unix" else unquote(parts.path).strip("/")
    text = given.pop("db", "") or in_path or "0"
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise _unreadable("what follows the host must be the number of a database, or nothing")
    return int(text)


def _tls(kind: str, given: dict[str, str]) -> dict[str, Any]:
    for name in given:
        if kind != "tls" or name not in TLS_SETTINGS:
            known = re.fullmatch(r"[a-z_]{1,40}", name)  # anything else may be a piece of a password
            raise _unreadable(f"the setting {name!r} is not known" if known else "one of its settings is not known")
    if given.get("ssl_cert_reqs", "required") not in {"required", "none"}:
        raise _unreadable("ssl_cert_reqs must be required or none")
    if "ssl_ca_certs" in given and not Path(given["ssl_ca_certs"]).is_file():
        raise _unreadable("ssl_ca_certs names no file")
    return dict(given)


def _unreadable(why: str) -> Refused:
    return Refused(
        Code.NOT_CONFIGURED,
        f"REDIS_URL can't be read: {why}.",
        hint="Give redis://user:password@host:6379/0, rediss://… for TLS, or leave it empty.",
    )
