"""REDIS_URL in all its spellings, and what is said when it does not work."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devskyy_mcp.db.cache import RedisCache
from devskyy_mcp.db.cache.address import parse_address
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.ops.health import cache_check
from tests.fakes.certificate import contexts
from tests.fakes.valkey import Valkey

pytestmark = pytest.mark.requirement("cache:address")
letters = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("text", "kind", "options"),
    [
        ("redis://r.example", "tcp", {"host": "r.example", "port": 6379, "db": 0}),
        ("valkey://r.example:1/3", "tcp", {"host": "r.example", "port": 1, "db": 3}),
        ("redis://[::1]:7?db=2", "tcp", {"host": "::1", "port": 7, "db": 2}),
        ("REDISS://:pw@r.example", "tls", {"password": "pw", "username": None}),
        ("rediss://r.example?ssl_cert_reqs=none", "tls", {"ssl_cert_reqs": "none"}),
        ("unix:///run/my%20redis.sock?db=1", "unix", {"path": "/run/my redis.sock", "db": 1}),
    ],
)
def test_addresses_as_hosts_give_them(text: str, kind: str, options: dict[str, object]) -> None:
    address = parse_address(text)
    assert address.kind == kind
    assert options.items() <= address.options.items()


@given(user=letters, password=letters)
def test_every_login_survives(user: str, password: str) -> None:
    address = parse_address(f"redis://{quote(user, safe='')}:{quote(password, safe='')}@r.example/0")
    assert (address.options["username"], address.options["password"]) == (user, password)
    assert "options" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "r.example:6379",
        "https://ada:SECRET@r.example",
        "redis://ada:SECRET#1@r.example",
        "redis://ada:SEC/RET@r.example",
        "redis://ada:SECRET@",
        "redis://ada:SECRET@r.example:SECRET",
        "redis://ada:SECRET@[r.example",
        "redis://ada:SECRET@r.example/SECRET",
        "redis://ada:SECRET@r.example?SECRET=1",
        "redis://ada:SECRET@r.example?socket_timeout=60",
        "redis://ada:SECRET@r.example?ssl_cert_reqs=none",
        "rediss://ada:SECRET@r.example?ssl_cert_reqs=SECRET",
        "rediss://ada:SECRET@r.example?ssl_ca_certs=/none/SECRET",
        "unix://?password=SECRET",
        "SECRET",
    ],
)
async def test_what_can_not_be_read_is_refused_without_the_password(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache = RedisCache(text)
    refused = await refusal(cache)
    assert refused.code is Code.NOT_CONFIGURED
    assert refused.message.startswith("REDIS_URL can't be read: ")
    assert "SEC" not in str(refused.as_dict()) + caplog.text
    assert refused.__cause__ is None
    assert [await cache.hit("ada", 0.001, 1) > 0 for _ in range(2)] == [False, True]
    async with cache.subscribe("news") as messages:
        assert await anext(messages) is None
    await cache.aclose()


async def refusal(cache: RedisCache) -> Refused:
    with pytest.raises(Refused) as refused:
        await cache.check()
    return refused.value


async def told(url: str) -> tuple[str, str]:
    """Code and message of the check; nothing of the password in any of it."""
    cache = RedisCache(url)
    refused = await refusal(cache)
    await cache.aclose()
    assert "hunter2" not in str(refused.as_dict())
    assert refused.hint
    return str(refused.code), refused.message


async def test_a_unix_socket(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "r.sock"
    server = Valkey(unixsocket=str(path))
    server.start()
    cache = RedisCache(f"unix://{path}?db=3")
    try:
        assert await cache.check() == "redis: ok"
        assert await cache.set("key", b"1", 60)
        async with cache.subscribe("news") as messages:
            await cache.publish("news", b"1")
            assert await anext(messages) == b"1"
        assert server.ask("INFO", "keyspace")["db3"]["keys"] >= 1
    finally:
        await cache.aclose()
        server.close()


async def test_a_wrong_login(own_valkey: Valkey) -> None:
    own_valkey.ask("CONFIG", "SET", "requirepass", "right")
    refused = ("not_configured", "Redis refused the login.")
    assert await told(own_valkey.url) == refused
    assert await told(own_valkey.url.replace("//", "//:hunter2@")) == refused
    assert await told(own_valkey.url.replace("//", "//nobody:hunter2@")) == refused


async def test_a_user_without_the_right(valkey: Valkey) -> None:
    valkey.ask("ACL", "SETUSER", "reader", "on", ">hunter2", "~*", "+ping", "+get")
    try:
        assert await told(valkey.url.replace("//", "//reader:hunter2@")) == (
            "not_configured",
            "Redis refused: this user lacks a right.",
        )
    finally:
        valkey.ask("ACL", "DELUSER", "reader")


async def test_the_rights_that_the_hint_names_are_enough(valkey: Valkey) -> None:
    valkey.ask("ACL", "SETUSER", "app", "on", ">hunter2", "~devskyy:*", "&devskyy:*", "+@all")
    cache = RedisCache(valkey.url.replace("//", "//app:hunter2@"))
    try:
        assert await cache.check() == "redis: ok"
        assert await cache.set("key", b"1", 60)
        async with cache.subscribe("news") as messages:
            await cache.publish("news", b"1")
            assert await anext(messages) == b"1"
    finally:
        await cache.aclose()
        valkey.ask("ACL", "DELUSER", "app")


async def test_a_user_who_may_not_ask_about_the_server(valkey: Valkey) -> None:
    valkey.ask("ACL", "SETUSER", "app", "on", ">hunter2", "~devskyy:*", "&devskyy:*", "+@all", "-@dangerous")
    cache = RedisCache(valkey.url.replace("//", "//app:hunter2@"))
    try:
        assert await cache.check() == "redis: ok"
    finally:
        await cache.aclose()
        valkey.ask("ACL", "DELUSER", "app")


async def test_a_full_server_and_a_replica_and_a_database_that_is_not_there(own_valkey: Valkey) -> None:
    assert await told(f"{own_valkey.url}/9999") == ("not_configured", "Redis refused a command.")
    own_valkey.ask("CONFIG", "SET", "maxmemory", "1")
    assert await told(own_valkey.url) == ("not_configured", "Redis is full.")
    own_valkey.ask("CONFIG", "SET", "maxmemory", "0")
    own_valkey.ask("REPLICAOF", "127.0.0.1", "1")
    assert (await told(own_valkey.url))[0] in {"not_configured", "upstream_unreachable"}


@pytest.fixture
def cluster() -> Generator[list[Valkey]]:
    """Two nodes, each with half of the keys."""
    nodes: list[Valkey] = []
    buses: list[int] = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as free:  # else it is the server's own port and 10,000
            buses.append(free.getsockname()[1])
        nodes.append(Valkey(**{"cluster-enabled": "yes", "cluster-port": str(buses[-1])}))
        nodes[-1].start()
    first, second = nodes
    first.ask("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
    second.ask("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
    first.ask("CLUSTER", "MEET", "127.0.0.1", second.port, buses[1])
    yield nodes
    for node in nodes:
        node.close()


async def test_a_cluster_is_said_to_be_one(cluster: list[Valkey]) -> None:
    """One node has the key that the check counts with, the other one answers MOVED for it."""
    with anyio.fail_after(30):
        while any(node.ask("CLUSTER INFO")["cluster_state"] != "ok" for node in cluster):
            await anyio.sleep(0.05)
    for node in cluster:
        code, message = await told(node.url)
        assert (code, message) == ("not_configured", "Redis is one node of a cluster, which DevSkyy can't use.")
        cache = RedisCache(node.url)
        assert (await cache_check(cache)()).words == (
            f"redis: not_configured: {message.rstrip('.')}; limits are counted per process"
        )
        assert [await cache.hit("ada", 0.001, 1) > 0 for _ in range(2)] == [False, True]  # counted here meanwhile
        await cache.aclose()


async def test_a_cluster_that_is_not_whole_yet(cluster: list[Valkey]) -> None:
    cluster[0].ask("CLUSTER", "DELSLOTSRANGE", 0, 8191)
    assert "cluster" in (await told(cluster[0].url))[1]


async def test_the_only_node_of_a_cluster_will_do(cluster: list[Valkey]) -> None:
    first = cluster[0]
    for node in cluster:
        node.ask("CLUSTER", "RESET", "HARD")
    first.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    cache = RedisCache(first.url)
    with anyio.fail_after(30):
        while first.ask("CLUSTER INFO")["cluster_state"] != "ok":
            await anyio.sleep(0.05)
    assert await cache.check() == "redis: ok"
    await cache.aclose()


@asynccontextmanager
async def answering(answer: bytes) -> AsyncGenerator[int]:
    """The port of a server that is no Redis."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_command_is_sent_once() -> None:
    heard: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        cache = RedisCache(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert not await cache.set("key", b"1", 60)
        await asyncio.sleep(0.3)
        await cache.aclose()
    assert [command.count(b"SET") for command in heard] == [1]


async def test_something_else_that_answers_there() -> None:
    async with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert await told(f"redis://127.0.0.1:{port}") == ("not_configured", "Redis is not what answers there.")
    async with answering(b"") as port:
        assert (await told(f"redis://127.0.0.1:{port}"))[0] == "upstream_unreachable"
    assert (await told("redis://:hunter2@127.0.0.1:1"))[0] == "upstream_unreachable"
    assert (await told("redis://:hunter2@no-such-host.invalid"))[0] == "upstream_unreachable"


@asynccontextmanager
async def tls_before(port: int, folder: Path) -> AsyncGenerator[int]:
    """The port where a proxy speaks TLS for ``localhost`` before a server that does not."""
    pumps: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        for task in (asyncio.create_task(pump(reader, outer)), asyncio.create_task(pump(inner, writer))):
            pumps.add(task)

    context = contexts("localhost", folder)[0]
    async with await asyncio.start_server(join, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.sleep(0.05)
    await asyncio.gather(*pumps, return_exceptions=True)


async def test_tls_with_a_certificate_that_is_checked(valkey: Valkey, tmp_path: Path) -> None:
    async with tls_before(valkey.port, tmp_path) as port:
        trusting = f"rediss://localhost:{port}?ssl_ca_certs={tmp_path}/server.pem"
        cache = RedisCache(trusting)
        assert await cache.check() == "redis: ok"
        async with cache.subscribe("news") as messages:
            await cache.publish("news", b"1")
            assert await anext(messages) == b"1"
        await cache.aclose()
        tls = ("not_configured", "Redis can't be reached over TLS.")
        assert await told(f"rediss://localhost:{port}") == tls
        assert await told(trusting.replace("localhost", "127.0.0.1")) == tls
        unchecked = RedisCache(f"rediss://localhost:{port}?ssl_cert_reqs=none")
        assert await unchecked.check() == "redis: ok"
        await unchecked.aclose()
    refused = await refusal(RedisCache(f"rediss://127.0.0.1:{valkey.port}"))  # it waits for more, in silence
    assert (refused.code, "TLS" in refused.hint) == (Code.UPSTREAM_UNREACHABLE, True)
