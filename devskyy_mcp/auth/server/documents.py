"""Client ID Metadata Documents: the client's id is the address of what it says of itself.

draft-ietf-oauth-client-id-metadata-document-00. A stranger chooses the address, so it is fetched through the guard that
reaches public addresses only; no redirect is followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from ...db.cache import Cache
from ...errors import Code, Refused
from ...guard.limits import Limiter
from ...guard.ssrf import Download, fetch_public
from . import redirects
from .models import Document, Rejected, checked, plain_name

MOST_BYTES = 5 * 1024
SECONDS = 5.0
LEAST_FRESH = 300
USUALLY_FRESH = 3600
MOST_FRESH = 24 * 3600
"""Seconds for which a document is not fetched anew, whatever its server says (RFC 9111 §5.2.2)."""
_ADDRESS = re.compile(r"https://[a-z0-9.-]+(?::[0-9]+)?/[A-Za-z0-9._~!$&'()+,;=:@%/-]+")
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_OF_KEYS = frozenset({"kty", "crv", "x", "y", "n", "e", "kid"})
Fetch = Callable[..., Awaitable[Download]]


class Documents:
    """Args: ``cache`` counts fetches per address; ``fetch`` is the guarded way out."""

    def __init__(self, cache: Cache, fetch: Fetch = fetch_public) -> None:
        self.way_out = fetch
        self._limit = Limiter(0.2, 20, cache, "documents")

    async def fetch(self, address: str, asker: str) -> tuple[dict[str, Any], int]:
        """The client's metadata as it is stored, and for how many seconds it is good.

        Args:
            address: the client id.
            asker: the IP address that the request comes from.

        Raises:
            Rejected: invalid_client, saying what is wrong with the address or the document.
            Refused: RATE_LIMITED.
        """
        if not _ADDRESS.fullmatch(address) or re.search(r"/\.{1,2}(?:/|$)", address):
            raise _not("The client id is no address of a metadata document.")
        await self._limit.hit(asker)
        got = await self._get(address)
        said = _parsed(got.content)
        if said.get("client_id") != address:
            raise _not("The client_id in the metadata document is not the address of the document.")
        if said.keys() & {"client_secret", "client_secret_expires_at"}:
            raise _not("A metadata document must not hold a client secret.")
        try:
            document = checked(Document, said)
        except Rejected as rejected:
            raise _not(f"In the metadata document {rejected.description}") from None
        return await self._metadata(document), _fresh_for(got.cache_control)

    async def _metadata(self, document: Document) -> dict[str, Any]:
        uris = redirects.accepted(document.redirect_uris)
        if not uris:
            raise _not("None of the redirect_uris in the metadata document may be used.")
        if document.token_endpoint_auth_method not in {"none", "private_key_jwt"}:
            raise _not("A client with a metadata document has no secret: its method must be none or private_key_jwt.")
        jwks = None
        if document.token_endpoint_auth_method == "private_key_jwt":  # noqa: S105 # a method's name
            jwks = public_keys(document.jwks or _parsed((await self._get(document.jwks_uri or "")).content))
        return {
            "redirect_uris": uris,
            "token_endpoint_auth_method": document.token_endpoint_auth_method,
            "grant_types": [one for one in ("authorization_code", "refresh_token") if one in document.grant_types],
            "client_name": plain_name(document.client_name),
            "jwks": jwks,
        }

    async def _get(self, address: str) -> Download:
        try:
            return await self.way_out(
                address, max_bytes=MOST_BYTES, deadline=SECONDS, content_types={"application/json"}, redirects=0
            )
        except Refused as refused:
            if refused.code is Code.TOO_LARGE:
                raise _not("The metadata document is larger than 5 KiB.") from None
            raise _not("The metadata document of the client can not be fetched, or is not JSON.") from None


def public_keys(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """The set as it is stored.

    Raises:
        Rejected: for what is no JSON Web Key Set of public keys.
    """
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    given = jwks.get("keys")
    listed = cast("list[Any]", given) if isinstance(given, list) else []
    try:
        usable = bool(listed) and all(_is_strong(key) for key in listed)
        keys = KeySet.import_key_set({"keys": listed}).keys if usable else []
        usable = usable and not any(key.is_private for key in keys)
        known = [
            {name: value for name, value in key.as_dict(private=False).items() if name in _OF_KEYS} for key in keys
        ]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        usable, known = False, []
    if not usable or not all(isinstance(value, str) and value.isascii() for key in known for value in key.values()):
        raise _not("The keys of the client are no JSON Web Key Set of public keys.")
    return {"keys": known}


def _is_strong(key: Any) -> bool:
    """Whether it is a key of an asymmetric kind; of RSA one of at least 2,048 bits."""
    kind = key.get("kty")
    return kind in {"EC", "OKP"} or (kind == "RSA" and len(key["n"]) >= 342)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise _not("The metadata document is no JSON object.")
    return said  # pyright: ignore[reportUnknownVariableType] # JSON


def _fresh_for(cache_control: str) -> int:
    if re.search(r"no-store|no-cache", cache_control, re.IGNORECASE):
        return LEAST_FRESH
    found = _MAX_AGE.search(cache_control)
    return min(max(int(found[1]) if found else USUALLY_FRESH, LEAST_FRESH), MOST_FRESH)


def _not(sentence: str) -> Rejected:
    return Rejected("invalid_client", sentence, 401)
