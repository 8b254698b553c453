"""Sessions: what lives, what ends, and forms that belong to one of them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from devskyy_mcp.auth.people import People, User
from devskyy_mcp.auth.sessions import Sessions
from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import sessions as table
from devskyy_mcp.errors import Code, Refused
from tests.fakes.people import Clock

HERE = "192.0.2.7"


async def test_a_session_says_who_it_is(sessions: Sessions, ada: User, clock: Clock) -> None:
    session = await sessions.of(await sessions.open(ada, {"pwd"}, "Firefox", HERE))
    assert session
    assert (session.user, session.agent, session.address) == (ada, "Firefox", HERE)
    who = session.principal
    assert (who.id, who.kind, who.scopes, who.sid) == (f"user:{ada.id}", "user", {"*"}, session.id)
    assert who.auth_at == clock.now // 1_000_000


async def test_the_database_lets_nobody_in(sessions: Sessions, ada: User, database: Database) -> None:
    cookie = await sessions.open(ada, {"pwd"}, "Firefox", HERE)
    async with database.read() as conn:
        row = (await conn.execute(sa.select(table))).mappings().one()
    assert cookie not in str(row)
    assert await sessions.of(row["id"]) is None


async def test_half_an_hour_without_a_request_ends_it(sessions: Sessions, ada: User, clock: Clock) -> None:
    cookie = await sessions.open(ada, {"pwd"}, "", HERE)
    for _ in range(3):
        clock.forward(29 * 60)
        assert await sessions.of(cookie)
    clock.forward(31 * 60)
    assert await sessions.of(cookie) is None


async def test_twelve_hours_end_it_however_busy(sessions: Sessions, ada: User, clock: Clock) -> None:
    cookie = await sessions.open(ada, {"pwd"}, "", HERE)
    for _ in range(28):
        clock.forward(25 * 60)
        assert await sessions.of(cookie)
        cookie = await rotated(sessions, cookie)
    clock.forward(25 * 60)
    assert await sessions.of(cookie) is None


async def rotated(sessions: Sessions, cookie: str) -> str:
    session = await sessions.of(cookie)
    assert session
    return await sessions.rotate(session, password=True)


async def test_without_the_second_factor_it_is_no_session(sessions: Sessions, ada: User, clock: Clock) -> None:
    cookie = await sessions.open(ada, (), "", HERE)
    assert await sessions.of(cookie) is None
    half = await sessions.half(cookie)
    assert half
    whole = await sessions.rotate(half, second=True)
    assert await sessions.half(cookie) is None
    assert await sessions.half(whole) is None
    session = await sessions.of(whole)
    assert session
    assert session.amr == {"pwd", "otp", "mfa"}
    late = await sessions.open(ada, (), "", HERE)
    clock.forward(10 * 60 + 1)
    assert await sessions.half(late) is None


async def test_an_old_cookie_is_worth_nothing(sessions: Sessions, ada: User) -> None:
    cookie = await sessions.open(ada, {"pwd"}, "", HERE)
    session = await sessions.of(cookie)
    assert session
    fresh = await sessions.rotate(session, password=True)
    assert await sessions.of(cookie) is None
    assert await sessions.of(fresh)
    with pytest.raises(Refused) as caught:
        await sessions.rotate(session)
    assert caught.value.code is Code.UNAUTHENTICATED


async def test_a_proof_is_fresh_for_a_quarter_of_an_hour(sessions: Sessions, ada: User, clock: Clock) -> None:
    cookie = await sessions.open(ada, {"pwd"}, "", HERE)
    session = await sessions.of(cookie)
    assert session
    assert session.fresh(clock.now + 14 * 60_000_000)
    assert not session.fresh(clock.now + 16 * 60_000_000)


async def test_sessions_are_listed_and_ended(sessions: Sessions, people: People, ada: User) -> None:
    mine, other = [await sessions.open(ada, {"pwd"}, agent, HERE) for agent in ("Firefox", "Safari")]
    await sessions.open(ada, (), "half", HERE)
    bo = await people.add("bo", "Bo", "editor", "four words nobody guesses", "os:0:root")
    assert {one.agent for one in await sessions.of_user(ada)} == {"Firefox", "Safari"}
    there = await sessions.of(other)
    here = await sessions.of(mine)
    assert there
    assert here
    assert not await sessions.end(there.id, bo.id)
    assert await sessions.end(there.id, ada.id)
    assert await sessions.of(other) is None
    assert await sessions.end_others(here) == 1
    assert await sessions.of(mine)


async def test_a_form_belongs_to_its_session_and_its_purpose(sessions: Sessions, ada: User) -> None:
    one, two = [await sessions.of(await sessions.open(ada, {"pwd"}, "", HERE)) for _ in range(2)]
    assert one
    assert two
    token = sessions.csrf(one, "password")
    sessions.check_csrf(one, "password", token)
    for session, form, given in [(two, "password", token), (one, "keys", token), (one, "password", "é\ud800")]:
        with pytest.raises(Refused) as caught:
            sessions.check_csrf(session, form, given)
        assert caught.value.code is Code.FORBIDDEN
