"""Who may approve what, what that asks for, and what the journal keeps of it."""

from __future__ import annotations

import httpx2
import pytest
import sqlalchemy as sa

from devskyy_mcp.auth.people import People
from devskyy_mcp.auth.scopes import Role
from devskyy_mcp.context import Principal
from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import audit, change_sets
from devskyy_mcp.invoke import Call
from devskyy_mcp.surfaces.mcp.caller import Caller
from tests.fakes.goods import PROGRAM, proposed
from tests.fakes.people import BY, Clock, Visit, field, person
from tests.fakes.served import Site

pytestmark = pytest.mark.requirement("people:approving")


def form_token(page: httpx2.Response, change: str) -> str:
    return field(page, action=f"/approvals/{change}/decide")


async def decide(visit: Visit, change: str, answer: str = "approve", **more: str) -> httpx2.Response:
    page = await visit.get(f"/approvals/{change}")
    return await visit.send(f"/approvals/{change}/decide", csrf=form_token(page, change), answer=answer, **more)


async def test_nobody_sees_a_change_before_signing_in(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    change = await proposed(shop, "goods_rename", note=1, title="new")
    for path in ("/approvals", f"/approvals/{change}"):
        assert (await visit.get(path)).headers["location"] == f"/login?next={path}"
    answer = await visit.send(f"/approvals/{change}/decide", csrf="x", answer="approve")
    assert answer.headers["location"].startswith("/login")
    key = await visit.send(f"/approvals/{change}/open", key=shop.key)
    assert key.status_code == 404


@pytest.mark.parametrize(
    ("role", "tool", "sees", "may"),
    [
        ("analyst", "goods_rename", True, False),
        ("analyst", "orders_rename", False, False),
        ("editor", "goods_rename", True, True),
        ("editor", "orders_rename", False, False),
        ("manager", "orders_rename", True, True),
        ("manager", "settings_rename", False, False),
        ("owner", "orders_rename", True, True),
    ],
)
async def test_the_role_says_who_may_approve(
    shop: Site, visit: Visit, role: Role, tool: str, sees: bool, may: bool
) -> None:
    who = await person(shop.app, role)
    await visit.sign_in()
    change = await proposed(shop, tool, note=1, title="new")
    listed = await visit.get("/approvals")
    assert (change in listed.text) == sees
    page = await visit.get(f"/approvals/{change}")
    assert page.status_code == (200 if sees else 403)
    assert ('/decide"' in page.text) == may
    token = form_token(page, change) if may else shop_token(shop, visit, change)
    answer = await visit.send(f"/approvals/{change}/decide", csrf=token, answer="approve")
    assert answer.status_code == (303 if may else 403)
    assert bool(shop.notes.requests) == may
    if may:
        view = await shop.app.changes.journal.view(change)
        assert view.approved_by == "Ada (page)"
        async with shop.app.services.get(Database).read() as conn:
            assert "Ada" not in str((await conn.execute(sa.select(change_sets))).all())
            assert "Ada" not in str((await conn.execute(sa.select(audit))).all())
        await shop.app.services.get(People).set_name(who.id, "Countess", BY)
        assert "Countess (page)" in (await visit.get(f"/approvals/{change}")).text


def shop_token(shop: Site, visit: Visit, change: str) -> str:
    """The form's token as only the server can make it: the role must be what refuses."""
    from hashlib import sha256
    from hmac import digest

    session = sha256(visit.cookie.encode()).hexdigest()
    key = shop.app.services.get(Database).vault.derive("csrf")
    return digest(key, f"{session}|/approvals/{change}".encode(), "sha256").hex()


async def test_whoever_may_not_approve_may_not_decline(shop: Site, visit: Visit) -> None:
    await person(shop.app, "analyst")
    await visit.sign_in()
    change = await proposed(shop, "goods_rename", note=1, title="new")
    token = shop_token(shop, visit, change)
    assert (await visit.send(f"/approvals/{change}/decide", csrf=token, answer="decline")).status_code == 403
    assert (await shop.app.changes.journal.view(change)).state == "proposed"


@pytest.mark.requirement("people:step-up")
@pytest.mark.parametrize("tool", ["goods_burn", "goods_rename_all", "settings_rename"])
async def test_what_is_grave_asks_an_owner_for_a_second_factor(
    shop: Site, visit: Visit, clock: Clock, tool: str
) -> None:
    for number in range(3, 15):
        shop.notes.put(title=f"note number {number}")
    await person(shop.app)
    await visit.sign_in()
    grave = {"goods_burn": {"note": 1}, "goods_rename_all": {"prefix": "x"}}
    change = await proposed(shop, tool, **grave.get(tool, {"note": 1, "title": "new"}))
    page = await visit.get(f"/approvals/{change}")
    assert "first confirm that it is you" in page.text
    assert 'value="approve"' not in page.text
    sent = await decide(visit, change, count="14")
    assert sent.headers["location"] == f"/account/second-factor?next=/approvals/{change}"
    setting_up = await visit.get(sent.headers["location"])
    assert field(setting_up, "next", "/account/second-factor") == f"/approvals/{change}"
    await visit.set_up_second(clock, back=f"/approvals/{change}")
    clock.forward(16 * 60)
    sent = await decide(visit, change, count="14")
    assert sent.headers["location"] == f"/login/again?next=/approvals/{change}"
    assert shop.notes.requests == []
    assert (await shop.app.changes.journal.view(change)).state == "proposed"
    await visit.give_code(visit.code(clock), "/login/again", f"/approvals/{change}")
    assert 'value="approve"' in (await visit.get(f"/approvals/{change}")).text
    assert (await decide(visit, change, count="14")).headers["location"] == f"/approvals/{change}"
    assert shop.notes.requests


@pytest.mark.requirement("people:step-up")
async def test_editors_without_a_second_factor_give_the_password_again(shop: Site, visit: Visit, clock: Clock) -> None:
    await person(shop.app, "editor")
    await visit.sign_in()
    change = await proposed(shop, "goods_burn", note=1)
    clock.forward(16 * 60)
    assert (await decide(visit, change)).headers["location"] == f"/login/again?next=/approvals/{change}"
    await visit.sign_in()
    assert (await decide(visit, change)).headers["location"] == f"/approvals/{change}"
    assert shop.notes.requests == [("delete", 1)]


async def test_declining_and_small_changes_ask_for_no_fresh_proof(shop: Site, visit: Visit, clock: Clock) -> None:
    await person(shop.app)
    await visit.sign_in()
    burn = await proposed(shop, "goods_burn", note=1)
    small = await proposed(shop, "goods_rename", note=2, title="new")
    clock.forward(25 * 60)
    await decide(visit, burn, "decline")
    assert (await shop.app.changes.journal.view(burn)).state == "declined"
    await decide(visit, small)
    assert (await shop.app.changes.journal.view(small)).state == "applied"


@pytest.mark.requirement("approvals:csrf")
async def test_a_form_is_for_one_session_and_one_change(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    await visit.sign_in()
    change = await proposed(shop, "goods_rename", note=1, title="new")
    other = await proposed(shop, "goods_rename", note=2, title="new")
    token = form_token(await visit.get(f"/approvals/{change}"), change)
    for wrong in ("", token[:-1], form_token(await visit.get(f"/approvals/{other}"), other)):
        answer = await visit.send(f"/approvals/{change}/decide", csrf=wrong, answer="approve")
        assert answer.status_code == 403
    await visit.sign_in()
    assert (await visit.send(f"/approvals/{change}/decide", csrf=token, answer="approve")).status_code == 403
    assert shop.notes.requests == []


async def test_a_person_who_asks_is_shown_by_name_and_kept_by_id(shop: Site, visit: Visit) -> None:
    who = await person(shop.app)
    await proposed(shop, "goods_rename", note=2, title="new")
    asker = Principal(f"user:{who.id}", "user", PROGRAM.scopes, "Ada")
    result = await shop.app.road.invoke(Call(asker, "goods_rename", {"note": 1, "title": "x", "preview": True}, "rest"))
    await visit.sign_in()
    page = await visit.get(f"/approvals/{result.data['change']}")
    assert f"Ada (user:{who.id})" in page.text
    async with shop.app.services.get(Database).read() as conn:
        assert "Ada" not in str((await conn.execute(sa.select(change_sets))).all())


async def test_who_agrees_in_a_host_is_kept_by_id_too() -> None:
    ada = Principal("user:usr_1", "user", frozenset({"*"}), "Ada")
    assert Caller(ada, "default", "http").person == "user:usr_1"
    assert Caller(Principal("os:1000:root", "os", frozenset(), "root"), "default", "stdio").person == "root"
