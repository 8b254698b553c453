"""How a request to the shop is signed: application password, API key, or OAuth 1.0a where the key goes over http."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    import httpx2


@dataclass(frozen=True, slots=True)
class Credentials:
    """The shop's credentials: a user's application password, and where wanted a WooCommerce API key.

    The key, when there is one, is used for ``wc/*``; it opens nothing else. Values never show in a repr.
    """

    username: str = ""
    app_password: str = field(default="", repr=False)
    consumer_key: str = field(default="", repr=False)
    consumer_secret: str = field(default="", repr=False)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def signer(credentials: Credentials) -> Callable[[httpx2.Request], None]:
    """A function that signs one attempt of a request; called again for each attempt, since a nonce works once."""
    login = _basic(credentials.username, credentials.app_password) if credentials.app_password else ""
    key = _basic(credentials.consumer_key, credentials.consumer_secret) if credentials.consumer_key else ""

    def sign(request: httpx2.Request) -> None:
        if not key or "/wp-json/wc" not in request.url.path:
            if login:
                request.headers["Authorization"] = login
        elif request.url.scheme == "https":
            request.headers["Authorization"] = key
        else:
            request.headers["Authorization"] = _oauth1(request, credentials)

    return sign


def _escape(text: str) -> str:
    return quote(text, safe="~")


def _oauth1(request: httpx2.Request, credentials: Credentials) -> str:
    """RFC 5849 with HMAC-SHA256 and no token; the body is JSON and so not part of the signature."""
    oauth = {
        "oauth_consumer_key": credentials.consumer_key,
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
        "oauth_version": "1.0",
    }
    pairs = sorted(
        (_escape(name), _escape(value)) for name, value in [*request.url.params.multi_items(), *oauth.items()]
    )
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    address = str(request.url.copy_with(query=None, fragment=None))
    base = "&".join([request.method.upper(), _escape(address), _escape(joined)])
    digest = hmac.new(f"{_escape(credentials.consumer_secret)}&".encode(), base.encode(), hashlib.sha256).digest()
    oauth["oauth_signature"] = base64.b64encode(digest).decode()
    return "OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in oauth.items())
