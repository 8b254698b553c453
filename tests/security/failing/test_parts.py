"""Postgres and Redis refused, frozen and slow: what is answered meanwhile, how soon, and that all is well again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest
import sqlalchemy as sa
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect

from devskyy_mcp.auth import standing
from devskyy_mcp.auth.standing import Standings
from devskyy_mcp.db import Database, patience
from tests.durability.processes import free_port
from tests.fakes.notes import Notes
from tests.fakes.oauth import Host
from tests.fakes.pausing import Line
from tests.fakes.people import PASSWORD, Visit, person
from tests.fakes.served import Site, served
from tests.fakes.tokens import bearing
from tests.fakes.valkey import Valkey, valkey, valkey_server

__all__ = ["valkey", "valkey_server"]

pytestmark = pytest.mark.requirement("fail:answers")

WITHIN = 1.0
"""Seconds in which everything is answered while a part is away."""
BACK = 5.0
"""Seconds in which everything is well after it has come back."""
NOISE = 0.5
"""Seconds that the machine of a test may lose: server, proxy, client and browser share one event loop here."""
PATIENCES = standing.PATIENCE, patience.PATIENCE

Answers = dict[str, Any]

WELL: Answers = {
    "live": 200, "ready": 200, "read": 200, "write": 200, "login": 303, "refresh": 200,
    "ws read": "ok", "ws write": "ok",
}  # fmt: skip
WITHOUT_DATABASE: Answers = {
    "live": 200, "ready": 503, "read": 200, "write": 503, "login": 503, "refresh": 503,
    "ws read": "ok", "ws write": "upstream_unreachable",
}  # fmt: skip

NOBODY_KNOWN: Answers = {"live": 200, "ready": 503, "read": 503, "write": 503, "login": 503, "refresh": 503}


@pytest.fixture(autouse=True)
def _as_in_life(_patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "PATIENCE", PATIENCES[0])
    monkeypatch.setattr(patience, "PATIENCE", PATIENCES[1])


@dataclass
class Bed:
    """A server behind two lines, and who uses it: a program with tokens, a browser, and mostly a socket."""

    site: Site
    postgres: Line
    redis: Line
    host: Host
    headers: dict[str, str]
    refresh_token: str
    socket: ClientConnection | None = None
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    async def ask(self) -> Answers:
        """All of them at the same time, each with an access that must be looked up anew."""
        self.site.app.services.get(Standings).doubt()
        self.seconds.clear()
        if self.socket is None:
            return dict(zip(self.ways, await asyncio.gather(*map(self.timed, self.ways)), strict=True))
        names = [*self.ways, "ws read", "ws write"]
        found = await asyncio.gather(*map(self.timed, self.ways), self._over_socket(self.socket))
        return dict(zip(names, [*found[:-1], *found[-1]], strict=True))

    @property
    def ways(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        return {
            "live": lambda: self._health("live"),
            "ready": lambda: self._health("ready"),
            "read": lambda: self._status(self.site.call_with(self.headers, "notes_list")),
            "write": lambda: self._status(self._write()),
            "login": self._login,
            "refresh": self._refresh,
        }

    async def timed(self, name: str) -> Any:
        began = time.monotonic()
        answer = await self.ways[name]()
        self.seconds[name] = time.monotonic() - began
        return answer

    async def _status(self, asked: Awaitable[httpx2.Response]) -> int:
        return (await asked).status_code

    async def _health(self, kind: str) -> int:
        answer = await self.site.http.get(f"/health/{kind}", headers=self.headers)
        assert answer.json()["status"] in {"alive", "ready", "not ready"}
        return answer.status_code

    def _write(self) -> Awaitable[httpx2.Response]:
        return self.site.call_with(self.headers, "notes_update", note=1, title=f"title {next(self.numbers)}")

    @property
    def title(self) -> str:
        """The first note's, as it is stored, past every tool."""
        return self.site.app.services.get(Notes).rows[1]["title"]

    async def _login(self) -> int:
        form = {"login": "ada@example.com", "password": PASSWORD, "next": "/account"}
        async with httpx2.AsyncClient(base_url=self.site.url, trust_env=False, timeout=20) as browser:
            return (await browser.post("/login", data=form)).status_code

    async def _refresh(self) -> int:
        answer = await self.host.refresh(self.refresh_token)
        if answer.status_code == 200:
            self.refresh_token = answer.json()["refresh_token"]
        return answer.status_code

    async def _over_socket(self, socket: ClientConnection) -> tuple[str, str]:
        began = time.monotonic()
        read, write = next(self.numbers), next(self.numbers)
        arguments = {"note": 2, "title": f"title {write}"}
        await socket.send(json.dumps({"id": read, "call": "notes_list"}))
        await socket.send(json.dumps({"id": write, "call": "notes_update", "arguments": arguments}))
        codes: dict[int, str] = {}
        while len(codes) < 2:
            heard = json.loads(await socket.recv())
            if heard.get("id") in (read, write) and "progress" not in heard:
                codes[heard["id"]] = heard["error"]["code"] if "error" in heard else "ok"
                self.seconds["ws read" if heard["id"] == read else "ws write"] = time.monotonic() - began
        return codes[read], codes[write]

    async def begun_well(self) -> None:
        """What a machine that stood still for seconds refuses (a write that its intent lies too far behind) is none of
        the faults here.
        """
        tries = 3
        while (answers := await self.ask()) != WELL:
            tries -= 1
            assert tries, (answers, self.seconds)

    async def until_well(self) -> float:
        """Seconds until everything is as before."""
        began = time.monotonic()
        with anyio.fail_after(BACK + NOISE):
            while not (answers := await self.ask()).items() <= WELL.items():
                assert time.monotonic() - began < BACK, answers
        return time.monotonic() - began


@asynccontextmanager
async def lines(postgres_url: str, valkey: Valkey) -> AsyncGenerator[tuple[Line, Line, dict[str, Any]]]:
    """One to a Postgres that has its tables, one to Redis, and the settings of a server behind them."""
    parts = urlsplit(postgres_url)
    port = free_port()
    async with (
        Line(f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432") as postgres,
        Line(("127.0.0.1", valkey.port)) as redis,
    ):
        url = f"postgresql://{parts.username}@127.0.0.1:{postgres.port}{parts.path}?sslmode=disable"
        database = Database(url, migrate=True)
        await database.open()
        await database.close()
        try:
            yield postgres, redis, {"database_url": url, "redis_url": f"redis://127.0.0.1:{redis.port}", "port": port}
        finally:
            await postgres.heal()
            await redis.heal()


async def used(site: Site, postgres: Line, redis: Line) -> Bed:
    """The server with a person, and a program that they have let in."""
    await person(site.app)
    await Visit(site.http).sign_in()
    host = Host(site.http)
    await host.register()
    tokens = await host.connect(scope="notes:read notes:write offline_access")
    headers = {**bearing(tokens["access_token"]), "Cookie": ""}
    return Bed(site, postgres, redis, host, headers, tokens["refresh_token"])


@asynccontextmanager
async def bed(folder: Path, postgres_url: str, valkey: Valkey) -> AsyncGenerator[Bed]:
    async with (
        lines(postgres_url, valkey) as (postgres, redis, given),
        served(folder, auth_mode="embedded", **given) as site,
    ):
        made = await used(site, postgres, redis)
        ws = f"ws://127.0.0.1:{given['port']}/api/v1/ws"
        async with connect(
            ws, subprotocols=[Subprotocol("devskyy.v1")], proxy=None, additional_headers=made.headers
        ) as made.socket:
            await made.begun_well()
            try:
                yield made
            finally:
                await postgres.heal()
                await redis.heal()


@pytest.mark.parametrize("fault", ["refuse", "freeze"])
async def test_without_postgres_who_was_known_reads_and_the_rest_is_told_503(
    fault: str, tmp_path: Path, postgres_url: str, valkey: Valkey
) -> None:
    async with bed(tmp_path, postgres_url, valkey) as made:
        await getattr(made.postgres, fault)()
        for number in range(3):  # at once; while it is left alone; while one tries again
            answers = await made.ask()
            if number < 2:
                answers["ready"] = 503  # what it says may be a second old
            assert answers == WITHOUT_DATABASE
            assert max(made.seconds.values()) < WITHIN + NOISE, made.seconds
            await anyio.sleep(0.6)
        await made.postgres.heal()
        assert await made.until_well() < BACK


@pytest.mark.parametrize("fault", ["refuse", "freeze"])
async def test_a_server_that_starts_without_postgres_answers_and_is_well_once_it_is_back(
    fault: str, tmp_path: Path, postgres_url: str, valkey: Valkey
) -> None:
    async with lines(postgres_url, valkey) as (postgres, redis, given):
        async with served(tmp_path, auth_mode="embedded", **given) as site:
            before = await used(site, postgres, redis)
        await getattr(postgres, fault)()
        began = time.monotonic()
        async with served(tmp_path, auth_mode="embedded", **given) as site:
            assert time.monotonic() - began < WITHIN + NOISE
            host = Host(site.http, before.host.client_id, auth=before.host.auth)
            made = Bed(site, postgres, redis, host, before.headers, before.refresh_token)
            for _ in range(4):
                assert await made.ask() == NOBODY_KNOWN
                assert max(made.seconds.values()) < WITHIN + NOISE, made.seconds
                await anyio.sleep(0.6)
            await postgres.heal()
            assert await made.until_well() < BACK


@pytest.mark.parametrize("fault", ["refuse", "freeze", "slow"])
async def test_without_redis_everything_goes_on(fault: str, tmp_path: Path, postgres_url: str, valkey: Valkey) -> None:
    async with bed(tmp_path, postgres_url, valkey) as made:
        await getattr(made.redis, fault)()
        for _ in range(3):
            assert await made.ask() == WELL
            assert max(made.seconds.values()) < WITHIN + NOISE, made.seconds
            await anyio.sleep(0.6)
        await made.redis.heal()
        assert await made.until_well() < BACK


async def test_a_slow_postgres_is_read_within_a_second_and_what_writes_takes_its_round_trips(
    tmp_path: Path, postgres_url: str, valkey: Valkey
) -> None:
    async with bed(tmp_path, postgres_url, valkey) as made:
        await made.postgres.slow(0.3)
        made.site.app.services.get(Standings).doubt()
        made.seconds.clear()
        quick = ("read", "live", "ready")
        assert [await made.timed(name) for name in quick] == [WELL[name] for name in quick]
        assert max(made.seconds.values()) < WITHIN + NOISE, made.seconds
        # Some twenty round trips, those of new connections, and waiting for others' take about as long as a write may.
        before, status = made.title, await made.timed("write")
        assert status in {200, 503, 504}
        if status != 503:
            assert (made.title != before) == (status == 200), "what came too late was not sent"
        await made.postgres.slow(0.05)
        assert await made.timed("write") == 200
        await made.postgres.heal()
        assert await made.until_well() < BACK


async def test_a_new_connection_to_a_slow_postgres_is_no_outage(
    tmp_path: Path, postgres_url: str, valkey: Valkey
) -> None:
    """It is set up in more round trips than anybody waits for a server that is silent."""
    async with lines(postgres_url, valkey) as (postgres, _, given):
        database = Database(given["database_url"])
        await database.open()
        try:
            await postgres.slow(0.5)
            async with database.read() as conn, database.read() as another:
                assert (await conn.execute(sa.text("SELECT 1"))).scalar_one() == 1
                assert (await another.execute(sa.text("SELECT 1"))).scalar_one() == 1
        finally:
            await postgres.heal()
            await database.close()
