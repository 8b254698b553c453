"""A shop that lies: the demo shop, whose answers have other types, sizes, headers and addresses than they should."""

from __future__ import annotations

import json
from typing import Any, cast

import httpx2

from .parts import Maker

ELSEWHERE = [
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:1/",
    "https://evil.example/wp-json/wp/v2/posts",
    "//evil.example/x",
    "file:///etc/passwd",
    "http://sandbox.test:9/",
]
HUGE = "x" * 5_000_000
NUMBERS = ["-5", "", "abc", "9" * 40, "1e9", "²", "1.5"]
"""What stands for a number in a header, or in a text."""


class LyingShop(httpx2.AsyncBaseTransport):
    """Passes every request on and, while ``lies``, changes what comes back. ``hosts``: whom it was asked to reach."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, seed: int) -> None:
        self.inner = inner
        self.maker = Maker(seed)
        self.lies = False
        self.hosts: set[str] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.hosts.add(request.url.netloc.decode())
        answer = await self.inner.handle_async_request(request)
        return await self._changed(request, answer) if self.lies and self.maker.chance(0.8) else answer

    async def _changed(self, request: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        maker = self.maker
        if maker.chance(0.03):
            return httpx2.Response(maker.random.choice([301, 302, 307, 308]), headers={"location": self._elsewhere()})
        body = await answer.aread()
        headers = {name: value for name, value in answer.headers.items() if name not in ("content-length", "location")}
        if maker.chance(0.2):
            headers["link"] = f'<{self._elsewhere()}>; rel="next", <{self._elsewhere()}>; rel="https://api.w.org/"'
            headers["location"] = self._elsewhere()
        for name in ("x-wp-total", "x-wp-totalpages"):
            if name in headers and maker.chance(0.2):
                headers[name] = maker.random.choice(NUMBERS)
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return httpx2.Response(answer.status_code, headers=pairs, content=self._body(body))

    def _elsewhere(self) -> str:
        return self.maker.random.choice(ELSEWHERE)

    def _body(self, body: bytes) -> bytes:
        maker = self.maker
        if maker.chance(0.03):
            return maker.body({"id": 1})
        try:
            value: Any = json.loads(body)
        except ValueError:
            return body
        for _ in range(maker.random.choice((1, 1, 2, 5))):
            value = self._lie(value)
        return json.dumps(value).encode()

    def _lie(self, value: Any) -> Any:
        """The value with something else at one place, mostly deep in it."""
        maker = self.maker
        if isinstance(value, list) and value and maker.chance(0.95):
            rows = cast("list[Any]", value)
            at = maker.random.randrange(len(rows))
            return [*rows[:at], self._lie(rows[at]), *rows[at + 1 :]]
        if isinstance(value, dict) and value and maker.chance(0.97):
            fields = cast("dict[str, Any]", value)
            name = maker.random.choice(list(fields))
            return {**fields, name: self._lie(fields[name])}
        if isinstance(value, str) and maker.chance(0.2):
            return maker.random.choice([HUGE, *NUMBERS])
        return maker.value()
