"""Bodies that were made to harm."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest

from tests.fakes.served import Site

URL = "/api/v1/tools/notes_update"
JSON = {"Content-Type": "application/json"}

HOSTILE = {
    "not JSON": b"{",
    "a text": b'"x"',
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "two objects": b"{}{}",
    "name twice": b'{"note": 1, "note": 2, "title": "x"}',
    "inner name twice": b'{"note": {"a": 1, "a": 2}}',
    "NaN": b'{"note": NaN}',
    "Infinity": b'{"note": -Infinity}',
    "huge float": b'{"note": 1e999}',
    "huge integer": b'{"note": ' + b"9" * 5_000 + b"}",
    "half a character": b'{"note": 1, "title": "\\ud800"}',
    "half a character, capitals": b'{"note": 1, "title": "\\uD800"}',
    "not UTF-8": b'{"note": 1, "title": "\xff"}',
    "UTF-16": '{"note": 1}'.encode("utf-16"),
    "deep list": b'{"note": ' + b"[" * 65 + b"]" * 65 + b"}",
    "deep object": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "many values": b'{"note": [' + b"0," * 250_001 + b"0]}",
    "comment": b'{"note": 1 /* x */}',
    "single quotes": b"{'note': 1}",
    "trailing comma": b'{"note": 1,}',
    "byte order mark": b'\xef\xbb\xbf{"note": 1}',
    "NUL": b'{"note": 1, "title": "\x00"}',
}


@pytest.mark.requirement("rest:bodies")
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_json_with_two_meanings_or_none_is_refused(shop: Site, body: bytes) -> None:
    answer = await shop.http.post(URL, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_arguments")
    assert "JSON" in answer.json()["detail"]
    assert shop.notes.requests == []


@pytest.mark.requirement("rest:bodies")
async def test_brackets_inside_a_text_are_not_nesting(shop: Site) -> None:
    answer = await shop.call("notes_echo", text='"\\[{' * 100)
    assert answer.json()["text"] == '"\\[{' * 100


@pytest.mark.requirement("rest:bodies")
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json"]
)
async def test_only_json_is_taken(shop: Site, kind: str) -> None:
    answer = await shop.http.post(URL, content=b'{"note": 1, "title": "x"}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
    assert shop.notes.requests == []


@pytest.mark.requirement("rest:bodies")
async def test_json_with_a_charset_is_taken(shop: Site) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await shop.http.post("/api/v1/tools/notes_list", content=b"{}", headers=headers)).status_code == 200


@pytest.mark.requirement("rest:bodies")
async def test_a_body_over_the_limit_is_refused_by_its_length(shop: Site) -> None:
    answer = await shop.http.post(URL, content=b" " * (4 * 1024 * 1024 + 1), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.requirement("rest:bodies")
async def test_a_body_over_the_limit_is_refused_without_a_length_too(port: Site) -> None:
    sent = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 65_536

    answer = await port.http.post(URL, content=endless(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert port.notes.requests == []


@pytest.mark.requirement("rest:bodies")
async def test_a_megabyte_of_text_and_ten_thousand_ids_are_told_what_is_wrong(shop: Site) -> None:
    text = await shop.call("notes_echo", text="x" * 1_000_000)
    assert (text.status_code, text.json()["code"]) == (413, "too_large")
    ids = await shop.call("notes_echo", ids=["x"] * 10_000)
    assert (ids.status_code, len(ids.json()["errors"])) == (422, 20)
    assert len(ids.content) < 5_000


@pytest.mark.requirement("rest:bodies")
async def test_who_goes_away_in_the_middle_of_a_body_leaves_no_trace(
    port: Site, caplog: pytest.LogCaptureFixture
) -> None:
    number = int(port.url.rsplit(":", 1)[1])
    for path in ("/api/v1/tools/notes_update", "/mcp", "/api/v1/assets"):
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{number}\r\nContent-Type: application/json\r\n"
        async with await anyio.connect_tcp("127.0.0.1", number) as stream:
            await stream.send(f'{head}Content-Length: 100\r\n\r\n{{"note": 1'.encode())
            assert (await port.http.get("/health/live")).status_code == 200
    assert (await port.call("notes_list")).json()["total"] == 2
    assert port.notes.requests == []
    assert [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []
