"""A tiny HTTP helper for the cases: a shop, what was made on it, and checks of answers. Not the product's client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
import uuid
import zlib
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

Json = Any  # answers are what the shop says; the cases say what they expect of them


@dataclass(frozen=True)
class Access:
    """How to reach one shop: REST root, the administrator, and WooCommerce's keys where it has any."""

    name: str
    url: str
    user: str
    app_password: str
    consumer_key: str = ""
    consumer_secret: str = ""
    read_consumer_key: str = ""
    read_consumer_secret: str = ""
    folder: str = field(default="", repr=False)
    transport: httpx2.AsyncBaseTransport | None = field(default=None, repr=False)

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=f"{self.url}/wp-json/",
            auth=(self.user, self.app_password),
            transport=self.transport,
            verify=self.url.startswith("https:"),  # reading the trust store takes 80 ms, for each case
            timeout=60,
        )


class Shop:
    """One shop for one case; what the case makes is deleted for good at its end."""

    def __init__(self, access: Access, http: httpx2.AsyncClient) -> None:
        self.access = access
        self.http = http
        self._made: list[str] = []

    async def get(self, path: str, **params: Any) -> httpx2.Response:
        return await self.http.get(path, params=params or None)

    async def anonymous(self, method: str, path: str, body: Json = None) -> httpx2.Response:
        return await self.http.request(method, path, json=body, auth=None)

    async def post(self, path: str, body: Json = None, **more: Any) -> httpx2.Response:
        """POST as JSON and remember what was made, so that a refused case's leftovers go as well."""
        answer = await self.http.post(path, json={} if body is None else body, **more)
        if answer.status_code == 201 and "id" in (made := answer.json()):
            self.remember(path, made["id"])
        return answer

    async def put(self, path: str, body: Json, **more: Any) -> httpx2.Response:
        return await self.http.put(path, json=body, **more)

    async def delete(self, path: str, **params: Any) -> httpx2.Response:
        return await self.http.delete(path, params=params or None)

    async def make(self, path: str, **body: Any) -> Json:
        """Create an object and return it, as `context=edit` shows it."""
        return ok(await self.post(path, body), 201)

    async def read(self, path: str, **params: Any) -> Json:
        return ok(await self.get(path, **params))

    async def change(self, path: str, **body: Any) -> Json:
        return ok(await self.put(path, body))

    async def product(self, **more: Any) -> Json:
        return await self.make("wc/v3/products", **{"name": f"Piece {token()}", "regular_price": "20.00", **more})

    async def upload(
        self, content: bytes | None = None, name: str = "", mime: str = "image/png", **headers: str
    ) -> Json:
        """Upload a file as a raw body; a small picture unless told."""
        return ok(
            await self.send(picture() if content is None else content, name or f"{token()}.png", mime, **headers), 201
        )

    async def send(self, content: bytes, name: str, mime: str, **headers: str) -> httpx2.Response:
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'} if name else {}
        given = {header.replace("_", "-"): value for header, value in headers.items()}
        answer = await self.http.post(
            "wp/v2/media", content=content, headers={"Content-Type": mime, **disposition, **given}
        )
        if answer.status_code == 201:
            self.remember("wp/v2/media", answer.json()["id"])
        return answer

    async def user(self, role: str) -> tuple[str, str]:
        """Make a user of a role with an application password; returns the pair for Basic."""
        name = f"{role}-{token()}"
        made = await self.make(
            "wp/v2/users", username=name, email=f"{name}@example.com", password=token() + token(), roles=[role]
        )
        passwords = f"wp/v2/users/{made['id']}/application-passwords"
        return name, ok(await self.http.post(passwords, json={"name": "case"}), 201)["password"]

    def remember(self, path: str, made: int | str) -> None:
        self._made.append(f"{path}/{made}")

    async def clean(self) -> None:
        for path in reversed(self._made):
            await self.http.delete(
                path, params={"force": "true", "reassign": ""} if "users" in path else {"force": "true"}
            )


def picture(width: int = 8, height: int = 8) -> bytes:
    """Return a grey PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def token() -> str:
    """Return a word that no other object of the shop carries."""
    return f"t{uuid.uuid4().hex[:10]}"


def ok(answer: httpx2.Response, status: int = 200) -> Json:
    """Return the answer's JSON after a check of its status."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text[:500]}"
    return answer.json()


def refused(answer: httpx2.Response, status: int, code: str) -> Json:
    """Check an error answer's status, code and form; returns it whole."""
    body = answer.json()
    assert (answer.status_code, body.get("code")) == (status, code), f"{answer.status_code}: {answer.text[:500]}"
    assert isinstance(body["message"], str)
    return body


@dataclass
class OAuth1(httpx2.Auth):
    """OAuth 1.0a without a token, as WooCommerce asks for over http: key and secret sign the query, not the body."""

    key: str
    secret: str
    method: str = "SHA256"
    nonce: str = ""
    age: int = 0

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        own = {
            "oauth_consumer_key": self.key,
            "oauth_nonce": self.nonce or uuid.uuid4().hex,
            "oauth_signature_method": f"HMAC-{self.method}",
            "oauth_timestamp": str(int(time.time()) - self.age),
        }
        pairs = sorted([*request.url.params.multi_items(), *own.items()])
        signed = "&".join(f"{_quote(name)}={_quote(value)}" for name, value in pairs)
        parts = urlsplit(str(request.url))
        text = "&".join(map(_quote, (request.method, f"{parts.scheme}://{parts.netloc}{parts.path}", signed)))
        digest = hmac.new(f"{self.secret}&".encode(), text.encode(), getattr(hashlib, self.method.lower())).digest()
        signature = base64.b64encode(digest).decode()
        request.url = request.url.copy_merge_params({**own, "oauth_signature": signature})
        yield request


def _quote(text: str) -> str:
    return quote(text, safe="-._~")
