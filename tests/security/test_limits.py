"""Limits of principals, tools and addresses, and the end of senders that drip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest

from devskyy_mcp.db.cache import Rate, open_cache
from devskyy_mcp.errors import Refused
from devskyy_mcp.guard.limits import AtOnce
from devskyy_mcp.surfaces import together
from tests.fakes.served import served, site
from tests.fakes.valkey import Valkey, valkey, valkey_server

__all__ = ["valkey", "valkey_server"]


@pytest.mark.requirement("limits:layers")
@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_several_keys_count_together_or_not_at_all(kind: str, request: pytest.FixtureRequest) -> None:
    server: Valkey | None = request.getfixturevalue("valkey") if kind == "redis" else None
    cache = open_cache(server.url if server else None)
    wide, narrow = Rate("wide", 0.001, 5), Rate("narrow", 0.001, 2)
    counts = [await cache.hits((wide, narrow)) for _ in range(4)]
    assert [(both[0].left, both[1].left) for both in counts] == [(4, 1), (3, 0), (3, 0), (3, 0)]
    assert [both[1].wait > 0 for both in counts] == [False, False, True, True]
    assert [(await cache.hits((wide,)))[0].left for _ in range(3)] == [2, 1, 0]
    await cache.aclose()


@pytest.mark.requirement("limits:layers")
async def test_a_call_is_told_what_is_left_and_when_to_come_again(tmp_path: Path) -> None:
    async with site(tmp_path, calls_per_second=0.5, calls_burst=4) as shop:
        first = await shop.call("notes_update", note=1, title="a")
        assert first.headers["ratelimit-policy"] == '"principal";q=4;w=8, "tool";q=2;w=8'
        assert first.headers["ratelimit"] == '"principal";r=3;t=2, "tool";r=1;t=4'
        await shop.call("notes_update", note=1, title="b")
        third = await shop.call("notes_update", note=1, title="c")
        assert third.status_code == 429
        assert 1 <= int(third.headers["retry-after"]) <= 4
        assert third.json()["code"] == "rate_limited"
        assert (await shop.call("notes_list")).status_code == 200, "another tool, and what was refused did not count"


@pytest.mark.requirement("limits:layers")
async def test_an_address_without_sign_in_is_limited_before_it_is_looked_at(tmp_path: Path) -> None:
    given: dict[str, Any] = {"auth_mode": "embedded", "address_per_second": 0.01, "address_burst": 3}
    async with site(tmp_path, **given) as shop:
        wrong = {"Authorization": "Bearer x.y.z"}
        seen = [(await shop.http.get("/api/v1/tools", headers=wrong)).status_code for _ in range(5)]
        assert seen == [401, 401, 401, 429, 429]
        assert (await shop.http.get("/login")).status_code == 429
        assert (await shop.http.get("/health/live")).status_code == 200


def test_only_so_many_at_once() -> None:
    two = AtOnce(2, "calls are under way")
    with two("ada"), two("ada"):
        with pytest.raises(Refused), two("ada"):
            pass
        with two("bob"):
            pass
    with two("ada"):
        pass


async def ended(stream: anyio.abc.ByteReceiveStream) -> bool:
    """Once the other side has closed the connection, after whatever it said."""
    try:
        while True:
            await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return True


@pytest.mark.requirement("limits:slow-senders")
@pytest.mark.parametrize("sent", [b"GET / HT", b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n"
                                  b"Content-Length: 9999\r\n\r\n{"])  # fmt: skip
async def test_who_drips_is_cut_off(sent: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HEAD_SECONDS": 0.2, "IDLE_SECONDS": 0.2, "LOOK_EVERY": 0.05}.items():
        monkeypatch.setattr(together, name, value)
    async with served(tmp_path, auth_mode="none") as shop:
        port = int(shop.url.rstrip("/").rsplit(":", 1)[1])
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(sent.replace(b"HOST", f"127.0.0.1:{port}".encode()))
            with anyio.fail_after(5):
                assert await ended(stream)
