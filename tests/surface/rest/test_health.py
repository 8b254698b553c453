from __future__ import annotations

from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from devskyy_mcp import __version__
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.ops.health import HealthChecks, State
from tests.fakes.served import Site, site


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.requirement("ops:health")
async def test_health_says_how_each_part_really_is(shop: Site) -> None:
    body = (await shop.http.get("/health")).json()
    assert (body["status"], body["version"], body["environment"]) == ("healthy", __version__, "test")
    services = body["services"]
    assert set(services) >= {"api", "auth", "database", "cache", "shop", "encryption", "mcp_server", "agents"}
    assert services["auth"] == "loopback, no login"
    assert services["database"] == "ok, sqlite"
    assert services["cache"] == "in process, this server only"
    assert services["encryption"] == "ok, AES-256-GCM"
    assert services["shop"] == "demo shop"
    assert services["mcp_server"] == f"ok; tools: {len(shop.app.registry.tools)}, prompts: 1"


@pytest.mark.requirement("ops:health")
async def test_a_part_that_is_away_shows_and_nothing_secret_with_it(shop: Site) -> None:
    async def away() -> State:
        raise Refused(Code.UPSTREAM_UNREACHABLE, "The shop can't be reached.")

    async def broken() -> State:
        raise RuntimeError("password hunter2")

    checks = shop.app.services.get(HealthChecks)
    checks.add("shop", away)
    checks.add("other", broken)
    body = (await shop.http.get("/health")).json()
    assert body["status"] == "degraded"
    assert body["services"]["shop"] == "upstream_unreachable: The shop can't be reached."
    assert "hunter2" not in str(body)
    assert (await shop.http.get("/health/ready")).status_code == 200


@pytest.mark.requirement("ops:health")
async def test_live_and_ready_tell_apart_a_server_without_its_database(tmp_path: Path) -> None:
    async with site(tmp_path, database_url="postgresql://user:hunter2@127.0.0.1:1/shop") as shop:
        ready = await shop.http.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert "hunter2" not in ready.text
        assert (await shop.http.get("/health")).json()["status"] == "degraded"
        assert (await shop.http.get("/health/live")).json() == {"status": "alive"}


@pytest.mark.requirement("ops:health")
async def test_a_check_runs_at_most_every_thirty_seconds_and_once_at_a_time() -> None:
    clock, ran = Clock(), 0
    checks = HealthChecks(clock)

    async def check() -> State:
        nonlocal ran
        ran += 1
        await anyio.lowlevel.checkpoint()
        return State(ok=True, words=f"look {ran}")

    checks.add("shop", check)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(checks.states)
    assert (await checks.state("shop")).words == "look 1"
    clock.now = 29.9
    assert (await checks.state("shop")).words == "look 1"
    clock.now = 30.1
    assert (await checks.state("shop")).words == "look 2"


@pytest.mark.requirement("ops:health")
async def test_a_part_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devskyy_mcp.ops.health.DEADLINE", 0.01)
    checks = HealthChecks()
    checks.add("shop", _forever)
    with anyio.fail_after(5):
        assert (await checks.state("shop")) == State(ok=False, words="no answer within 0.01 s")


async def _forever() -> State:
    await anyio.sleep_forever()
    raise AssertionError
