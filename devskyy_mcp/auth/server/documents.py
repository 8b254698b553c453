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
MOST_BYTES_OF_KEYS = 64 * 1024
JSON = frozenset({"application/json"})
JSON_KEYS = JSON | {"application/jwk-set+json"}
"""A key set has a media type of its own (RFC 7517 §8.5.2)."""
SECONDS = 5.0
KEYS_AGAIN = (1 / 30, 1)
"""How often a second the keys of one client are fetched before their time, for an assertion by a key that is new."""
LEAST_FRESH = 300
USUALLY_FRESH = 3600
MOST_FRESH = 24 * 3600
"""Seconds for which a document is not fetched anew, whatever its server says (RFC 9111 §5.2.2)."""
_ADDRESS = re.compile(r"https://[a-z0-9.-]+(?::[0-9]+)?/[A-Za-z0-9._~!$&'()+,;=:@%/-]+")
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_OF_KEYS = frozenset({"kty", "crv", "x", "y", "n", "e", "kid"})
Fetch = Callable[..., Awaitable[Download]]


class Away(Rejected):
    """What a client says of itself can't be had at the moment; what it said before may still hold."""


class Documents:
    """Args: ``cache`` counts fetches per address; ``fetch`` is the guarded way out."""

    def __init__(self, cache: Cache, fetch: Fetch = fetch_public) -> None:
        self.way_out = fetch
        self._limit = Limiter(0.2, 20, cache, "documents")
        self._keys_again = Limiter(*KEYS_AGAIN, cache, "document-keys")

    async def fetch(self, address: str, asker: str) -> tuple[dict[str, Any], int]:
        """The client's metadata as it is stored, and for how many seconds it is good.

        Args:
            address: the client id.
            asker: the IP address that the request comes from.

        Raises:
            Rejected: invalid_client, saying what is wrong with the address or the document; Away when it can't be had.
            Refused: RATE_LIMITED.
        """
        if not _ADDRESS.fullmatch(address) or re.search(r"/\.{1,2}(?:/|$)", address):
            raise _not("The client id is no address of a metadata document.")
        await self._limit.hit(asker)
        got = await self._get(address, "metadata document", MOST_BYTES, JSON)
        said = _parsed(got.content)
        if said.get("client_id") != address:
            raise _not("The client_id in the metadata document is not the address of the document.")
        if said.keys() & {"client_secret", "client_secret_expires_at"}:
            raise _not("A metadata document must not hold a client secret.")
        try:
            document = checked(Document, said)
        except Rejected as rejected:
            raise _not(f"In the metadata document {rejected.description}") from None
        metadata, fresh_for = _metadata(document), _fresh_for(got.cache_control)
        if document.token_endpoint_auth_method != "private_key_jwt":  # noqa: S105 # a method's name
            return metadata, fresh_for
        if document.jwks is not None:
            return {**metadata, "jwks": public_keys(document.jwks)}, fresh_for
        keys = await self._get(document.jwks_uri or "", "key set", MOST_BYTES_OF_KEYS, JSON_KEYS)
        metadata["jwks"] = public_keys(_parsed(keys.content))
        return metadata, min(fresh_for, _fresh_for(keys.cache_control))

    async def may_have_new_keys(self, address: str) -> bool:
        """Whether to fetch a client's keys before their time, since it signed with one that is not known."""
        try:
            await self._keys_again.hit(address)
        except Refused:
            return False
        return True

    async def _get(self, address: str, what: str, most: int, kinds: frozenset[str]) -> Download:
        try:
            return await self.way_out(address, max_bytes=most, deadline=SECONDS, content_types=kinds, redirects=0)
        except Refused as refused:
            if refused.code is Code.TOO_LARGE:
                raise _not(f"The {what} of the client is larger than {most // 1024} KiB.") from None
            kind = Rejected if refused.code in {Code.UNSAFE_ADDRESS, Code.UPSTREAM_INVALID} else Away
            raise kind("invalid_client", f"The {what} of the client can not be fetched, or is not JSON.", 401) from None


def _metadata(document: Document) -> dict[str, Any]:
    uris = redirects.accepted(document.redirect_uris)
    if not uris:
        raise _not("None of the redirect_uris in the metadata document may be used.")
    if document.token_endpoint_auth_method not in {"none", "private_key_jwt"}:
        raise _not("A client with a metadata document has no secret: its method must be none or private_key_jwt.")
    return {
        "redirect_uris": uris,
        "token_endpoint_auth_method": document.token_endpoint_auth_method,
        "grant_types": [one for one in ("authorization_code", "refresh_token") if one in document.grant_types],
        "client_name": plain_name(document.client_name),
        "jwks": None,
    }


def public_keys(jwks: object) -> dict[str, Any]:
    """The set as it is stored.

    Raises:
        Rejected: for what is no JSON Web Key Set of public keys.
    """
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    given = cast("Mapping[str, Any]", jwks).get("keys") if isinstance(jwks, dict) else None
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
