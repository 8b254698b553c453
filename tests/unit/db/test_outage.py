"""A database that is away fills no log: a line when it went and one when it is back."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from devskyy_mcp.db import Database, patience
from devskyy_mcp.db.outage import Outage
from devskyy_mcp.errors import Refused
from tests.fakes.pausing import Line


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("devskyy_mcp.db")]


def test_only_the_first_failure_and_the_first_answer_are_told(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    outage = Outage(lambda: now)
    outage.over()
    assert lines(caplog) == []
    for _ in range(3):
        outage.began("OSError")
    now = 162.34
    outage.over()
    outage.over()
    assert lines(caplog) == [
        "the database does not answer: OSError; calls are refused until it does",
        "the database answers again, after 62.3 s",
    ]
    outage.began("57P01")
    assert "57P01" in lines(caplog)[2]


@pytest.mark.requirement("db:outage-logged-once")
@pytest.mark.parametrize("fault", ["refuse", "freeze"])
async def test_a_database_that_goes_away_is_logged_once_and_again_when_it_is_back(
    fault: str, postgres_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    monkeypatch.setattr(patience, "AGAIN_AFTER", 0.05)
    parts = urlsplit(postgres_url)
    caplog.set_level(logging.INFO)
    async with Line(f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432") as line:
        db = Database(f"postgresql://{parts.username}@127.0.0.1:{line.port}{parts.path}?sslmode=disable", migrate=True)
        await db.open()

        async def read() -> str:
            try:
                async with db.read() as conn:
                    await conn.execute(sa.text("SELECT 1"))
            except Refused as refused:
                return str(refused.code)
            return "ok"

        async def until_well() -> None:
            async with asyncio.timeout(20):
                while await read() != "ok":
                    await asyncio.sleep(0.05)

        try:
            await until_well()
            assert lines(caplog) == []
            for number in (1, 2):
                await getattr(line, fault)()
                for _ in range(3):
                    assert set(await asyncio.gather(*(read() for _ in range(8)))) == {"upstream_unreachable"}
                told = lines(caplog)
                assert len(told) == 2 * number - 1, told
                assert told[-1].startswith("the database does not answer: ")
                await line.heal()
                await until_well()
                told = lines(caplog)
                assert len(told) == 2 * number, told
                assert told[-1].startswith("the database answers again, after ")
        finally:
            await line.heal()
            await db.close()
