"""Accounts, proofs and what follows when they change, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from pyotp.totp import TOTP

from devskyy_mcp.auth import totp
from devskyy_mcp.auth.people import People, User
from devskyy_mcp.auth.sessions import Sessions
from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import audit, users
from devskyy_mcp.errors import Code, Refused
from tests.fakes.people import PASSWORD, Clock

BY = "os:0:root"
HERE = "192.0.2.7"


def somewhere(number: int) -> str:
    return f"198.51.{number // 250}.{number % 250}"


async def refused(call: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value


async def test_a_person_signs_in_whatever_the_case_of_the_login(people: People, ada: User) -> None:
    found = await people.authenticate("  aDA@example.COM ", PASSWORD, HERE)
    assert (found.id, found.login, found.name, found.role) == (ada.id, "ada@example.com", "Ada", "owner")
    assert (await people.find("ada@example.com")).signed_in_at


async def test_the_same_password_typed_on_another_keyboard_is_the_same(people: People) -> None:
    await people.add("rene", "", "editor", "Café au lait, très chaud", BY)
    assert await people.authenticate("rene", "Cafe\u0301 au lait, tre\u0300s chaud", HERE)


@pytest.mark.requirement("people:enumeration")
async def test_unknown_disabled_and_wrong_get_one_answer(people: People, ada: User) -> None:
    bo = await people.add("bo", "Bo", "owner", PASSWORD, BY)
    await people.set_active(bo.id, BY, active=False)
    answers = [
        await refused(people.authenticate(login, password, HERE))
        for login, password in [("ada@example.com", "wrong words altogether"), ("nobody", PASSWORD), ("bo", PASSWORD)]
    ]
    assert {(one.code, one.message, one.hint) for one in answers} == {
        (Code.UNAUTHENTICATED, answers[0].message, answers[0].hint)
    }


@pytest.mark.requirement("people:throttle")
@pytest.mark.parametrize("login", ["ada@example.com", "nobody"])
async def test_failures_are_answered_ever_later(people: People, ada: User, clock: Clock, login: str) -> None:
    waits: list[float] = []
    for number in range(14):
        error = await refused(people.authenticate(login, "wrong words altogether", somewhere(number)))
        assert error.code is Code.UNAUTHENTICATED
        if number >= 4:
            error = await refused(people.authenticate(login, PASSWORD, somewhere(number + 100)))
            assert error.code is Code.RATE_LIMITED
            assert error.retry_after
            waits.append(error.retry_after / 60)
            clock.forward(error.retry_after)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


async def test_success_forgets_failures(people: People, ada: User) -> None:
    for round_ in range(3):
        for number in range(4):
            where = somewhere(round_ * 10 + number)
            await refused(people.authenticate(ada.login, "wrong words altogether", where))
        await people.authenticate(ada.login, PASSWORD, somewhere(round_ * 10 + 9))


@pytest.mark.requirement("people:throttle")
async def test_many_guesses_at_once_are_no_more_than_one_after_another(
    people: People, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0

    async def verify(*_: Any) -> tuple[bool, None]:
        nonlocal looked_at
        looked_at += 1
        return False, None

    monkeypatch.setattr(people.hasher, "verify", verify)  # what would be looked at is counted
    guesses = [people.authenticate(ada.login, f"guess number {n}", somewhere(n)) for n in range(200)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert all(isinstance(one, Refused) for one in outcomes)
    assert looked_at == 5


async def test_an_address_can_try_twenty_times_and_then_slowly(people: People, ada: User) -> None:
    for number in range(20):
        error = await refused(people.authenticate(f"nobody-{number}", "wrong words altogether", "2001:db8::1"))
        assert error.code is Code.UNAUTHENTICATED
    error = await refused(people.authenticate("nobody-new", "wrong words altogether", "2001:db8::ffff:2"))
    assert error.code is Code.RATE_LIMITED
    error = await refused(people.authenticate("nobody-new", "wrong words altogether", "2001:db8:0:1::1"))
    assert error.code is Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "12 characters"),
        ("x" * 1025, "1024 bytes"),
        ("passwordpassword", "first"),
        ("Password12345678", "first"),
        ("abcabcabcabcabc", "first"),
        ("ada@example.com", "first"),
    ],
)
async def test_passwords_that_are_guessed_first_are_refused(people: People, password: str, says: str) -> None:
    error = await refused(people.add("ada@example.com", "", "owner", password, BY))
    assert error.code is Code.INVALID_ARGUMENTS
    assert says in error.message
    assert password not in error.message


@pytest.mark.parametrize(
    ("login", "name", "role"), [("", "A", "owner"), ("a b", "A", "owner"), ("a", "\x07", "owner"), ("a", "A", "root")]
)
async def test_unfit_accounts_are_refused(people: People, login: str, name: str, role: Any) -> None:
    assert (await refused(people.add(login, name, role, PASSWORD, BY))).code is Code.INVALID_ARGUMENTS


async def test_a_login_is_given_once(people: People, ada: User) -> None:
    assert (await refused(people.add("ADA@example.com", "", "editor", PASSWORD, BY))).code is Code.CONFLICT


@pytest.mark.requirement("people:last-owner")
async def test_the_last_owner_stays(people: People, ada: User) -> None:
    bo = await people.add("bo", "Bo", "manager", PASSWORD, BY)
    assert (await refused(people.set_role(ada.id, "manager", BY))).code is Code.CONFLICT
    assert (await refused(people.set_active(ada.id, BY, active=False))).code is Code.CONFLICT
    await people.set_role(bo.id, "owner", BY)
    both = [people.set_active(who.id, BY, active=False) for who in (ada, bo)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "Refused"]
    assert await people.owners() == (1, 1)


@pytest.mark.requirement("people:sessions-end")
async def test_sessions_end_when_what_they_stand_on_changes(people: People, sessions: Sessions, ada: User) -> None:
    bo = await people.add("bo", "Bo", "owner", PASSWORD, BY)
    told: list[str] = []
    people.on_changed.append(told.append)
    changes = [
        lambda: people.set_role(bo.id, "editor", BY),
        lambda: people.set_password(bo, PASSWORD + " too", BY),
        lambda: people.set_active(bo.id, BY, active=False),
        lambda: people.set_active(bo.id, BY, active=True),
        lambda: people.remove_second(bo.id, BY),
        lambda: people.sign_out(bo.id, BY),
    ]
    mine = await sessions.open(ada, {"pwd"}, "", HERE)
    for change in changes:
        cookie = await sessions.open(bo, {"pwd"}, "", HERE)
        await change()
        assert await sessions.of(cookie) is None
    assert await sessions.of(mine)
    assert told == [bo.id] * len(changes)


async def test_a_hash_with_old_parameters_is_made_anew_at_sign_in(
    people: People, ada: User, database: Database
) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with database.begin() as conn:
        await conn.execute(sa.update(users).values(password=old))
    await people.authenticate(ada.login, PASSWORD, HERE)
    async with database.read() as conn:
        stored = (await conn.execute(sa.select(users.c.password))).scalar_one()
    assert "m=19456,t=2,p=1" in stored
    await people.authenticate(ada.login, PASSWORD, HERE)


# ---- the second factor ------------------------------------------------------------------------------------------


async def with_app(people: People, user: User, clock: Clock) -> tuple[TOTP, list[str]]:
    secret = totp.new_secret()
    app = TOTP(secret)
    codes = await people.set_up_second(user, secret, app.at(clock.now // 1_000_000), BY)
    return app, codes


def shown(app: TOTP, clock: Clock) -> str:
    return app.at(clock.now // 1_000_000)


@pytest.mark.requirement("people:totp-once")
async def test_a_code_is_taken_once(people: People, ada: User, clock: Clock) -> None:
    app, _ = await with_app(people, ada, clock)
    assert (await refused(people.check_second(ada, shown(app, clock), HERE))).code is Code.UNAUTHENTICATED
    clock.forward(30)
    code = shown(app, clock)
    tries = [people.check_second(ada, f" {code[:3]} {code[3:]}", HERE) for _ in range(3)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [one for one in outcomes if not isinstance(one, Refused)] == ["otp"]
    clock.forward(90)
    old = app.at(clock.now // 1_000_000 - 90)
    assert (await refused(people.check_second(ada, old, HERE))).code is Code.UNAUTHENTICATED
    early = app.at(clock.now // 1_000_000 + 30)
    assert await people.check_second(ada, early, HERE) == "otp"
    assert (await refused(people.check_second(ada, shown(app, clock), HERE))).code is Code.UNAUTHENTICATED


@pytest.mark.requirement("people:recovery-once")
async def test_a_recovery_code_is_taken_once(people: People, ada: User, clock: Clock) -> None:
    _, codes = await with_app(people, ada, clock)
    assert len(set(codes)) == 10
    tries = [people.check_second(ada, codes[3].upper().replace("-", " "), HERE) for _ in range(4)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [one for one in outcomes if not isinstance(one, Refused)] == ["recovery"]
    left = await people.get(ada.id)
    assert left
    assert (left.second, left.codes) == (True, 9)
    fresh = await people.new_codes(left, BY)
    assert (await refused(people.check_second(ada, codes[4], HERE))).code is Code.UNAUTHENTICATED
    assert await people.check_second(ada, fresh[0], HERE) == "recovery"


async def test_two_recovery_codes_at_once_are_both_gone(people: People, ada: User, clock: Clock) -> None:
    _, codes = await with_app(people, ada, clock)
    await asyncio.gather(*(people.check_second(ada, code, HERE) for code in codes[:3]))
    left = await people.get(ada.id)
    assert left
    assert left.codes == 7


async def test_codes_are_throttled_apart_from_passwords(people: People, ada: User, clock: Clock) -> None:
    await with_app(people, ada, clock)
    for number in range(5):
        await refused(people.check_second(ada, "000000", somewhere(number)))
    assert (await refused(people.check_second(ada, "000000", somewhere(9)))).code is Code.RATE_LIMITED
    assert await people.authenticate(ada.login, PASSWORD, somewhere(10))
    await people.remove_second(ada.id, BY)
    assert (await refused(people.check_second(ada, "000000", somewhere(11)))).code is Code.UNAUTHENTICATED


async def test_an_app_with_a_wrong_code_is_not_taken(people: People, ada: User) -> None:
    error = await refused(people.set_up_second(ada, totp.new_secret(), "000000", BY))
    assert error.code is Code.INVALID_ARGUMENTS
    assert not (await people.all())[0].second


async def test_what_is_done_to_accounts_is_in_the_audit_without_names(people: People, database: Database) -> None:
    ada = await people.add("ada@example.com", "Ada Lovelace", "owner", PASSWORD, BY)
    await people.authenticate(ada.login, PASSWORD, HERE)
    await refused(people.authenticate(ada.login, "wrong words altogether", HERE))
    await people.audit.close()
    async with database.read() as conn:
        rows = (await conn.execute(sa.select(audit).order_by(audit.c.seq))).mappings().all()
    assert [(row["principal"], row["capability"], row["code"]) for row in rows] == [
        (BY, "users_add", "ok"),
        (f"user:{ada.id}", "sign_in", "ok"),
        (f"user:{ada.id}", "sign_in", "unauthenticated"),
    ]
    assert "ada@" not in str(rows)
    assert "Lovelace" not in str(rows)


async def test_ids_are_shown_as_names(people: People, ada: User) -> None:
    assert await people.named(f"user:{ada.id} (page)") == "Ada (page)"
    assert await people.named("user:usr_gone (page)") == "user:usr_gone (page)"
    assert await people.named("root (terminal)") == "root (terminal)"
