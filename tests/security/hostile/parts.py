"""What hostile requests are made of: values, bodies, headers and addresses that have broken servers before."""

from __future__ import annotations

import json
import random
from typing import Any

TEXTS = [
    "", " ", "\x00", "a\x00b", "\r\nX-Injected: 1", "\u2028", "\u202eevil", "\ufeff", "\ud7ff", "\U0010ffff", "é" * 50,
    "%00", "%ff", "%zz", "%2e%2e%2f", "../../etc/passwd", "..\\..\\x", "<script>alert(1)</script>", "' OR 1=1 --",
    '"; DROP TABLE users; --', "${jndi:ldap://x}", "{{7*7}}", "__proto__", "constructor", "$(id)", "`id`", "|id",
    "a" * 10_000, "null", "true", "0", "-0", "1e309", "9" * 30, "-1", "NaN", "[]", "{}", "*", "devskyy.v1",
    "http://169.254.169.254/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "A" * 43,
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "e30.e30.e30", "a.b.c", "dsk_live_x_y", "dsk_local_x", "chg_x", "job_x",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**40, 0.5, -0.0, 1e308, [], [[]], [None],
    {}, {"": ""}, {"a": {"b": {"c": []}}}, [1, "1", None], list(range(200)), {str(n): n for n in range(200)},
]  # fmt: skip
RAW = [
    b"", b" ", b"x", b"{", b"}",
    b"[", b'"', b"null", b"NaN", b"Infinity", b"[NaN]", b'{"a":NaN}', b"1e999", b"-", b"01",
    b'{"a":1,"a":2}', b'{"a":1}{"a":2}', b'{"a":"\\ud800"}', b'{"\\udfff":1}', b"\xff\xfe{}", b"\xef\xbb\xbf{}",
    b"\x00", b"{\x00}", b"[" * 100, b"[" * 100_000, b'{"a":' * 5_000, b"[" * 64 + b"]" * 64, b"[" * 65 + b"]" * 65,
    b'{"a":[' + b"0," * 120_000 + b"0]}", b"9" * 6_000, b'{"a":"' + b"\\u0000" * 50 + b'"}', b"{'a':1}", b"<?xml?><a/>",
    b"a=1&a=2", b"%ff=%00", b"{" + b",".join(b'"%d":0' % n for n in range(3_000)) + b"}", b'"' + b"a" * 70_000 + b'"',
]  # fmt: skip
HEADERS: list[tuple[str, list[bytes]]] = [
    ("authorization", [b"", b"Bearer", b"Bearer ", b"bearer x", b"Basic !", b"Basic /w==", b"Bearer \xff\xfe",
                       b"Bearer a b",
                       b"Bearer " + b"A" * 9_000, b"Bearer e30.e30.e30", b"Negotiate x", b"Bearer dsk_live_a_b"]),
    ("content-type", [b"", b"text/plain", b"application/json; charset=utf-16", b"application/json;",
                      b"APPLICATION/JSON",
                      b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded", b"\xff", b"image/png"]),
    ("content-length", [b"", b"-1", b"0", b"9" * 40, b"5000000", b"1x", b"\xb2", b"1, 1"]),
    ("host", [b"", b"evil.example", b"127.0.0.1", b"127.0.0.1:8000 ", b"\xff", b"a" * 300]),
    ("origin", [b"", b"null", b"https://evil.example", b"http://127.0.0.1:8000", b"\xff", b"HTTP://127.0.0.1:8000"]),
    ("cookie", [b"dsk_session=x", b"dsk_session=" + b"A" * 5_000, b"=;;=\xff",
                b"dsk_session=\xe9", b"dsk_approval=a|b|c"]),
    ("accept", [b"", b"*/*", b"text/event-stream", b"application/json;q=x", b"\xff"]),
    ("if-none-match", [b"*", b"W/", b'"', b"\xff", b'"a",' * 500]),
    ("idempotency-key", [b"", b"a" * 201, b"\xff", b"\x00", b"a"]),
    ("prefer", [b"wait=0", b"wait=-1", b"wait=999999999", b"wait=x", b"\xff"]),
    ("mcp-session-id", [b"", b"x", b"\xff", b"a" * 5_000, b"../x"]),
    ("mcp-protocol-version", [b"", b"2026-07-28", b"2025-11-25", b"1.0", b"9999-99-99", b"\xff"]),
    ("mcp-method", [b"", b"tools/call", b"tools/list", b"x", b"=?base64?w6k=?=", b"\xff"]),
    ("mcp-name", [b"", b"notes_list", b"=?base64?!!?=", b"=?base64?/w==?=", b"\xff", b"tools_call"]),
    ("last-event-id", [b"", b"x", b"-1", b"9" * 40, b"a/b/c", b"\xff"]),
    ("x-devskyy-profile", [b"", b"full", b"default", b"x", b"\xff"]),
    ("x-forwarded-for", [b"", b"1.2.3.4", b"a" * 500, b"::1, x"]),
    ("sec-fetch-site", [b"", b"cross-site", b"same-site", b"\xff"]),
    ("transfer-encoding", [b"chunked", b"gzip", b"x"]),
    ("expect", [b"100-continue", b"x"]),
]  # fmt: skip


class Maker:
    """Makes the parts from one seed, so that a failure can be made again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def text(self) -> str:
        if self.chance(0.7):
            return self.random.choice(TEXTS)
        ranges = ((1, 128), (128, 0x2000), (0xE000, 0x10000), (0x1F300, 0x1F700))
        return "".join(
            chr(self.random.randrange(*self.random.choice(ranges))) for _ in range(self.random.randrange(20))
        )

    def value(self, deep: int = 3) -> Any:
        kind = self.random.randrange(6)
        if deep and kind == 0:
            return {self.text(): self.value(deep - 1) for _ in range(self.random.randrange(4))}
        if deep and kind == 1:
            return [self.value(deep - 1) for _ in range(self.random.randrange(4))]
        return self.text() if kind < 4 else self.random.choice(VALUES)

    def mutated(self, near: Any) -> Any:
        """The value with something else in one or two places."""
        if isinstance(near, dict) and near and self.chance(0.85):
            made: dict[Any, Any] = dict(near)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            name = self.random.choice(list(made))
            pick = self.random.random()
            if pick < 0.15:
                del made[name]
            elif pick < 0.3:
                made[self.text()] = self.value()
            else:
                made[name] = self.mutated(made[name])
            return made
        return self.value()

    def body(self, near: Any) -> bytes:
        """JSON that is right, nearly so, or not at all, or something else, now and then cut or with a byte turned."""
        pick = self.random.random()
        if pick < 0.25:
            raw = self.random.choice(RAW)
        else:
            near = near if pick > 0.85 else self.mutated(near)
            raw = json.dumps(near, ensure_ascii=self.chance(0.5)).encode(errors="surrogatepass")
        if raw and self.chance(0.1):
            raw = raw[: self.random.randrange(len(raw))]
        if raw and self.chance(0.1):
            at = self.random.randrange(len(raw))
            raw = raw[:at] + bytes([self.random.randrange(256)]) + raw[at + 1 :]
        return raw

    def headers(self, near: dict[str, bytes]) -> list[tuple[bytes, bytes]]:
        given = dict(near)
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            name, values = self.random.choice(HEADERS)
            given[name] = self.random.choice(values)
        pairs = [(name.encode(), value) for name, value in given.items()]
        if self.chance(0.03):
            pairs.append(self.random.choice(pairs))
        if self.chance(0.01):
            pairs += [(b"x-%d" % n, b"y") for n in range(150)]
        return pairs
