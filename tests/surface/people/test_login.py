"""Signing in and out, as a browser does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from devskyy_mcp.auth.people import People
from tests.fakes.people import BY, PASSWORD, Clock, Visit, field, person
from tests.fakes.served import Site, site

pytestmark = pytest.mark.requirement("people:pages")


async def test_where_nobody_signs_in_there_are_no_pages(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        for path in ("/login", "/account", "/login/second-factor"):
            assert (await shop.http.get(path)).status_code == 404


async def test_before_the_first_owner_the_page_tells_how_to_make_one(visit: Visit) -> None:
    page = await visit.get("/login")
    assert "devskyy users add --role owner" in page.text
    assert "<form" not in page.text


async def test_a_person_gets_to_where_they_wanted_to_go(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    sent = await visit.get("/approvals")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/approvals")
    page = await visit.get(sent.headers["location"])
    assert field(page, "next") == "/approvals"
    answer = await visit.sign_in(back="/approvals")
    assert (answer.status_code, answer.headers["location"]) == (303, "/approvals")
    assert "Nothing waits" in (await visit.get("/approvals")).text
    assert (await visit.get("/login?next=/approvals")).headers["location"] == "/approvals"


async def test_a_wrong_password_is_told_where_it_was_typed(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    page = await visit.sign_in(password="wrong words altogether")
    assert page.status_code == 401
    assert 'role="alert"' in page.text
    assert "<title>Sign in: not yet" in page.text
    assert 'aria-describedby="problem"' in page.text
    assert "wrong words" not in page.text
    assert "set-cookie" not in page.headers


async def test_too_many_tries_say_when_to_come_again(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    pages = [await visit.sign_in(password="wrong words altogether") for _ in range(6)]
    assert [page.status_code for page in pages] == [401] * 5 + [429]
    assert pages[-1].headers["retry-after"] == "60"
    assert "60 seconds" in pages[-1].text


async def test_a_queue_that_is_full_says_so(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    hasher = shop.app.services.get(People).hasher
    hasher._inside = 100  # pyright: ignore[reportPrivateUsage] # as if so many were signing in
    page = await visit.sign_in()
    assert (page.status_code, page.headers["retry-after"]) == (503, "2")


async def test_a_second_factor_is_asked_for_and_only_then_one_is_in(shop: Site, visit: Visit, clock: Clock) -> None:
    await person(shop.app)
    await visit.sign_in()
    await visit.set_up_second(clock)
    visit.forget()
    answer = await visit.sign_in(back="/approvals")
    assert answer.headers["location"] == "/login/second-factor?next=/approvals"
    half = visit.cookie
    assert (await visit.get("/account")).headers["location"] == "/login?next=/account"
    wrong = await visit.give_code("000000")
    assert (wrong.status_code, "wrong, too old or was used" in wrong.text) == (401, True)
    clock.forward(30)
    answer = await visit.give_code(visit.code(clock), back="/approvals")
    assert answer.headers["location"] == "/approvals"
    assert visit.cookie != half
    assert (await visit.get("/account")).status_code == 200


async def test_a_recovery_code_does_instead(shop: Site, visit: Visit, clock: Clock) -> None:
    await person(shop.app)
    await visit.sign_in()
    await visit.set_up_second(clock)
    for status in (303, 401):
        visit.forget()
        await visit.sign_in()
        page = await visit.get("/login/second-factor?with=recovery")
        assert "Recovery code" in page.text
        csrf = field(page)
        answer = await visit.send(
            "/login/second-factor", csrf=csrf, code=visit.codes[0].upper(), **{"with": "recovery"}
        )
        assert answer.status_code == status
    assert "Recovery code" in answer.text


async def test_the_half_way_session_ends_after_ten_minutes(shop: Site, visit: Visit, clock: Clock) -> None:
    await person(shop.app)
    await visit.sign_in()
    await visit.set_up_second(clock)
    visit.forget()
    await visit.sign_in()
    clock.forward(601)
    assert (await visit.get("/login/second-factor")).headers["location"].startswith("/login?")


async def test_signing_out_ends_it(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    await visit.sign_in()
    cookie = visit.cookie
    page = await visit.get("/account")
    assert (await visit.send("/logout", csrf="x")).status_code == 403
    answer = await visit.send("/logout", csrf=field(page, action="/logout"))
    assert answer.headers["location"] == "/login"
    assert "dsk_session" not in visit.http.cookies
    visit.cookie = cookie
    assert (await visit.get("/account")).status_code == 303


async def test_a_disabled_person_is_out_at_once(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    await person(shop.app, login="bo", name="Bo")
    await visit.sign_in("bo")
    people = shop.app.services.get(People)
    await people.set_active((await people.find("bo")).id, BY, active=False)
    assert (await visit.get("/account")).status_code == 303
    assert (await visit.sign_in("bo")).status_code == 401


async def test_a_fresh_proof_is_asked_for_with_what_the_person_has(shop: Site, visit: Visit, clock: Clock) -> None:
    await person(shop.app)
    await visit.sign_in()
    clock.forward(20 * 60)
    sent = await visit.get("/account/password")
    assert sent.headers["location"] == "/login/again?next=/account/password"
    page = await visit.get(sent.headers["location"])
    assert 'autocomplete="current-password"' in page.text
    csrf = field(page, action="/login/again")
    wrong = await visit.send("/login/again", csrf=csrf, password="wrong words altogether")
    assert (wrong.status_code, "not your password" in wrong.text) == (401, True)
    before = visit.cookie
    answer = await visit.send("/login/again", csrf=csrf, password=PASSWORD, next="/account/password")
    assert answer.headers["location"] == "/account/password"
    assert visit.cookie != before
    await visit.set_up_second(clock)
    clock.forward(20 * 60)
    assert 'autocomplete="one-time-code"' in (await visit.get("/login/again")).text
    assert (await visit.give_code(visit.code(clock), "/login/again", "/account/password")).status_code == 303
    assert (await visit.get("/account/password")).status_code == 200


@pytest.mark.parametrize("path", ["/login/second-factor", "/login/again"])
async def test_who_is_not_signed_in_is_led_to_the_login_and_back(shop: Site, visit: Visit, path: str) -> None:
    for answer in (await visit.get(f"{path}?next=/approvals"), await visit.send(path, next="/approvals", code="1")):
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/approvals")
    left = await visit.send("/logout")
    assert (left.status_code, left.headers["location"]) == (303, "/login")
