"""Access tokens that this server has issued: JWTs after RFC 9068, signed with ES256.

What a token may look like is narrow: three parts of canonical base64url, no header but ``alg``, ``typ`` and ``kid``,
one algorithm. joserfc does the signature and the times.
"""

from __future__ import annotations

import json
import re
import time
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from ..context import Principal
from .bearers import LONGEST, Access, invalid

if TYPE_CHECKING:
    from joserfc.jwt import JWTClaimsRegistry

    from .signing import SigningKeys

ALGORITHM = "ES256"
TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY = 10
"""Seconds by which clocks of servers may differ."""
RESOURCES = ("", "/mcp", "/mcp/full", "/api/v1")
"""What a token can be asked for, below the server's address."""
_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Verifier:
    """Args: ``keys`` have the public keys; ``base_url`` is the issuer and the start of every resource."""

    def __init__(self, keys: SigningKeys, base_url: str) -> None:
        self._keys = keys
        self._base_url = base_url
        self._registry = claims_registry(base_url)

    async def take(self, token: str) -> Access:
        """What the token says.

        Raises:
            Refused: UNAUTHENTICATED for everything that is not a live access token of this server.
        """
        header = header_of(token)
        if header.keys() != {"alg", "typ", "kid"} or header["alg"] != ALGORITHM:
            raise invalid("is none of this server")
        check_type(header, TYPES)
        kid = _text(header["kid"])
        key = await self._keys.public(kid) if kid else None
        if key is None:
            raise invalid("is none of this server")
        claims = decoded(token, key, [ALGORITHM], self._registry)
        audience, sid, subject, client = (_text(claims.get(name)) for name in ("aud", "sid", "sub", "client_id"))
        if not (audience and sid and subject and client):
            raise invalid("is none of this server")
        path = audience.removeprefix(self._base_url)
        if not audience.startswith(self._base_url) or path not in RESOURCES:
            raise invalid("was issued for another server")
        person = subject.startswith("user:")
        return Access(
            Principal(
                subject if person else f"client:{client}",
                "user" if person else "client",
                scopes_in(claims.get("scope")),
                client=client,
                sid=sid,
                amr=frozenset(one for one in claims.get("amr") or () if isinstance(one, str)),
                auth_at=seconds_in(claims.get("auth_time")),
            ),
            "grant",
            path,
            claims["exp"],
        )


# ---- for tokens of every issuer --------------------------------------------------------------------------------------


def claims_registry(issuer: str) -> JWTClaimsRegistry:
    """Checks ``iss`` to the letter, and the times."""
    from joserfc.jwt import JWTClaimsRegistry

    return JWTClaimsRegistry(
        now=lambda: int(time.time()),
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        exp={"essential": True},
        iat={"essential": True},
        aud={"essential": True},
        sub={"essential": True},
    )


def header_of(token: str) -> dict[str, Any]:
    """The header of what looks like a JWT, nothing verified.

    Raises:
        Refused: UNAUTHENTICATED for what does not, or can be written in another way, too.
    """
    if len(token) > LONGEST or not _PARTS.fullmatch(token):
        raise invalid("is not one")
    try:
        parts = [urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]
        header = json.loads(parts[0])
    except (ValueError, RecursionError):
        raise invalid("is not one") from None
    same = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts) == token
    if not same or not isinstance(header, dict) or "crit" in header:
        raise invalid("is not one")
    return header  # pyright: ignore[reportUnknownVariableType] # JSON


def check_type(header: dict[str, Any], types: Collection[str]) -> None:
    """Raise Refused UNAUTHENTICATED for a JWT of another type, as ID tokens are."""
    kind = header.get("typ")
    if not isinstance(kind, str) or kind.lower() not in types:
        raise invalid("is of another type")


def decoded(token: str, key: Any, algorithms: Collection[str], registry: JWTClaimsRegistry) -> dict[str, Any]:
    """The claims, the signature and times checked.

    Raises:
        Refused: UNAUTHENTICATED.
    """
    from joserfc import jwt
    from joserfc.errors import ExpiredTokenError, JoseError, SecurityWarning

    try:
        with warnings.catch_warnings():
            if "EdDSA" in algorithms:  # RFC 9864 calls it Ed25519, most providers still as before
                warnings.simplefilter("ignore", SecurityWarning)
            claims = jwt.decode(token, key, algorithms=algorithms).claims
        registry.validate(claims)
    except ExpiredTokenError:
        raise invalid("has expired") from None
    except (JoseError, ValueError, TypeError, RecursionError):
        raise invalid("is not valid") from None
    return claims


def scopes_in(value: object) -> frozenset[str]:
    """Scopes as a token has them: a text with spaces between, or a list."""
    words = value.split(" ") if isinstance(value, str) else items_in(value)
    return frozenset(word for word in words if isinstance(word, str) and word)


def items_in(value: object) -> list[Any]:
    """The list that JSON may have there; empty for everything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def seconds_in(value: object) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**40 else 0


def _text(value: object) -> str:
    """The value where it is a text of a sensible length, else nothing."""
    return value if isinstance(value, str) and len(value) <= 300 else ""
