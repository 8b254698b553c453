"""Signing keys: published before they sign, kept until no token of theirs lives, sealed."""

from __future__ import annotations

from joserfc import jwt

from devskyy_mcp.auth.signing import AFTER, DAY, SIGNS_FOR, SigningKeys
from devskyy_mcp.db import Database
from tests.fakes.people import Clock


async def test_two_keys_are_published_from_the_start_and_one_signs(database: Database, clock: Clock) -> None:
    keys = SigningKeys(database, clock)
    token = await keys.sign({"sub": "user:1"})
    published = (await keys.jwks())["keys"]
    assert len(published) == 2
    assert all(key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in published)
    kid = published[0]["kid"]
    public = await keys.public(kid)
    assert public is not None
    read = jwt.decode(token, public, algorithms=["ES256"])
    assert read.header == {"alg": "ES256", "typ": "at+jwt", "kid": kid}


async def test_a_key_is_published_before_it_signs_and_after_it_signed(database: Database, clock: Clock) -> None:
    keys, other = SigningKeys(database, clock), SigningKeys(database, clock)
    old = await keys.sign({"n": 1})
    before = [key["kid"] for key in (await other.jwks())["keys"]]
    clock.forward(SIGNS_FOR / 1e6 + 1)
    new = await keys.sign({"n": 2})
    assert await other.read(new) == {"n": 2}
    assert await keys.read(old) == {"n": 1}
    public = await keys.public(before[1])
    assert public is not None
    assert jwt.decode(new, public, algorithms=["ES256"]).claims == {"n": 2}
    clock.forward(AFTER / 1e6 + 1)
    assert await keys.read(old) is None
    assert len((await keys.jwks())["keys"]) == 2


async def test_a_server_that_slept_for_months_still_announces_the_next_key_a_day_ahead(
    database: Database, clock: Clock
) -> None:
    keys = SigningKeys(database, clock)
    await keys.sign({})
    clock.forward(5 * SIGNS_FOR / 1e6)
    token = await keys.sign({"n": 1})
    assert await SigningKeys(database, clock).read(token) == {"n": 1}
    kids = [key["kid"] for key in (await keys.jwks())["keys"]]
    clock.forward(DAY / 1e6 - 60)
    assert [key["kid"] for key in (await keys.jwks())["keys"]] == kids


async def test_the_database_holds_no_private_key_in_plain(database: Database, clock: Clock) -> None:
    import sqlalchemy as sa

    await SigningKeys(database, clock).sign({})
    async with database.read() as conn:
        stored = (await conn.execute(sa.text("SELECT private FROM signing_keys"))).scalars().all()
    assert all('"d"' not in one and one.strip('"').startswith("v1.") for one in stored)
