"""What people do with their own accounts."""

from __future__ import annotations

import re

import pytest
from pyotp.totp import TOTP

from devskyy_mcp.auth.grants import Grants
from devskyy_mcp.auth.people import People
from tests.fakes.people import PASSWORD, Clock, Visit, connected, field, person
from tests.fakes.served import Site

pytestmark = pytest.mark.requirement("people:pages")
NEW = "another four words entirely"


async def signed_in(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    await visit.sign_in()


async def change_password(visit: Visit, old: str, new: str, repeated: str = "") -> tuple[int, str]:
    csrf = field(await visit.get("/account/password"), action="/account/password")
    page = await visit.send("/account/password", csrf=csrf, old=old, new=new, repeated=repeated or new)
    return page.status_code, page.text


async def test_the_account_says_who_one_is(shop: Site, visit: Visit) -> None:
    await signed_in(shop, visit)
    page = await visit.get("/account")
    for part in ("Ada", "ada@example.com", "owner: everything", "this browser", "Set up a second factor"):
        assert part in page.text


async def test_ones_name_is_changed_for_oneself(shop: Site, visit: Visit) -> None:
    await signed_in(shop, visit)
    page = await visit.get("/account")
    csrf = field(page, action="/account/name")
    assert 'value="Ada"' in page.text
    sent = await visit.send("/account/name", csrf=csrf, name="Countess of Lovelace")
    assert sent.headers["location"] == "/account?done=name"
    page = await visit.get("/account?done=name")
    assert "Others see your new name" in page.text
    assert 'value="Countess of Lovelace"' in page.text
    refused = await visit.send("/account/name", csrf=csrf, name=" ")
    assert (refused.status_code, "A name has 1 to" in refused.text) == (422, True)
    assert (await visit.send("/account/name", csrf="x", name="Eve")).status_code == 403
    assert "Countess of Lovelace" in (await visit.get("/account")).text


async def test_a_new_password_needs_the_old_one(shop: Site, visit: Visit) -> None:
    await signed_in(shop, visit)
    status, text = await change_password(visit, "wrong words altogether", NEW)
    assert (status, "not your password until now" in text) == (401, True)
    status, text = await change_password(visit, PASSWORD, NEW, "another thing")
    assert (status, "differ" in text) == (422, True)
    status, text = await change_password(visit, PASSWORD, "passwordpassword")
    assert (status, "first that anybody tries" in text) == (422, True)
    assert (await change_password(visit, PASSWORD, NEW))[0] == 303
    assert "The password is changed" in (await visit.get("/account?done=password")).text
    visit.forget()
    assert (await visit.sign_in()).status_code == 401
    assert (await visit.sign_in(password=NEW)).status_code == 303


@pytest.mark.requirement("people:sessions-end")
async def test_a_new_password_ends_the_other_browsers(shop: Site, visit: Visit) -> None:
    await signed_in(shop, visit)
    other = visit.cookie
    visit.forget()
    await visit.sign_in()
    await change_password(visit, PASSWORD, NEW)
    assert (await visit.get("/account")).status_code == 200
    visit.cookie = other
    assert (await visit.get("/account")).status_code == 303


async def test_a_second_factor_is_set_up_changed_and_removed(shop: Site, visit: Visit, clock: Clock) -> None:
    await signed_in(shop, visit)
    done = await visit.set_up_second(clock, back="/approvals")
    assert len(visit.codes) == 10
    assert 'href="/approvals"' in done.text
    page = await visit.get("/account/second-factor")
    assert "10 recovery codes are left" in page.text
    again = await visit.send("/account/second-factor/codes", csrf=field(page, action="/account/second-factor/codes"))
    assert visit.codes[0] not in again.text
    assert "not shown again" in again.text
    removed = await visit.send(
        "/account/second-factor/remove", csrf=field(page, action="/account/second-factor/remove")
    )
    assert removed.status_code == 303
    assert not (await shop.app.services.get(People).all())[0].second


async def test_a_wrong_code_sets_nothing_up_and_keeps_the_secret(shop: Site, visit: Visit) -> None:
    await signed_in(shop, visit)
    page = await visit.get("/account/second-factor")
    secret, csrf = (field(page, name, "/account/second-factor") for name in ("secret", "csrf"))
    wrong = await visit.send("/account/second-factor", csrf=csrf, secret=secret, code="000000")
    assert wrong.status_code == 422
    assert field(wrong, "secret", "/account/second-factor") == secret
    other = await visit.send("/account/second-factor", csrf=csrf, secret="A" * 32, code="000000")
    assert other.status_code == 403


@pytest.mark.requirement("people:step-up")
async def test_what_weakens_the_account_asks_for_a_fresh_proof(shop: Site, visit: Visit, clock: Clock) -> None:
    await signed_in(shop, visit)
    await visit.set_up_second(clock)
    account = await visit.get("/account/second-factor")
    forms = {
        path: field(account, action=path) for path in ("/account/second-factor/codes", "/account/second-factor/remove")
    }
    forms["/account/password"] = field(await visit.get("/account/password"), action="/account/password")
    clock.forward(16 * 60)
    for path, csrf in forms.items():
        answer = await visit.send(path, csrf=csrf, old=PASSWORD, new=NEW, repeated=NEW)
        assert answer.headers["location"].startswith("/login/again?next=/account/")
    kept = (await shop.app.services.get(People).all())[0]
    assert (kept.second, kept.codes) == (True, 10)


async def test_browsers_are_listed_and_signed_out(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    agents = ["Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "Mozilla/5.0 (iPhone) Version/26 Safari/604", "curl/8"]
    cookies: list[str] = []
    for agent in agents:
        visit.forget()
        await visit.http.post(
            "/login", data={"login": "ada@example.com", "password": PASSWORD}, headers={"User-Agent": agent}
        )
        cookies.append(visit.cookie)
    page = await visit.get("/account")
    for words in ("Firefox on Linux", "Safari on iPhone", "curl/8"):
        assert words in page.text
    csrf, first = (field(page, name, "/account/sessions/end") for name in ("csrf", "session"))
    assert (await visit.send("/account/sessions/end", csrf=csrf, session=first)).headers["location"].endswith("ended")
    assert (await visit.send("/account/sessions/end", csrf=csrf, session=first)).headers["location"].endswith("gone")
    assert (await visit.send("/account/sessions/end-others", csrf=csrf)).status_code == 303
    assert (await visit.get("/account")).text.count("/account/sessions/end") == 0
    for cookie in cookies[:2]:
        visit.cookie = cookie
        assert (await visit.get("/account")).status_code == 303


async def test_programs_are_listed_and_disconnected(shop: Site, visit: Visit) -> None:
    ada = await person(shop.app)
    bo = await person(shop.app, login="bo", name="Bo")
    mine, other = await connected(shop.app, ada), await connected(shop.app, bo, "Cursor")
    await visit.sign_in()
    page = await visit.get("/account")
    assert "Claude" in page.text
    assert "Cursor" not in page.text
    csrf = field(page, action="/account/programs/end")
    grants = shop.app.services.get(Grants)
    answer = await visit.send("/account/programs/end", csrf=csrf, grant=other)
    assert answer.headers["location"].endswith("gone")
    assert await grants.of_user(bo.id)
    answer = await visit.send("/account/programs/end", csrf=csrf, grant=mine)
    assert answer.headers["location"].endswith("disconnected")
    assert await grants.of_user(ada.id) == []


async def test_a_key_is_made_used_and_revoked(shop: Site, visit: Visit) -> None:
    await person(shop.app)
    await visit.sign_in()
    csrf = field(await visit.get("/account/keys"), action="/account/keys")
    for wrong in (
        {"name": "nightly"},
        {"name": "", "notes:read": "on"},
        {"name": "x", "notes:read": "on", "days": "999"},
    ):
        refused = await visit.send("/account/keys", csrf=csrf, **{"days": "30", **wrong})
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    made = await visit.send("/account/keys", csrf=csrf, name="nightly", days="30", **{"notes:read": "on"})
    found = re.search(r"dsk_live_\w+[\w-]*", made.text)
    assert found
    page = await visit.get("/account")
    assert "nightly" in page.text
    assert found[0] not in page.text
    bearer = {"Authorization": f"Bearer {found[0]}", "Cookie": ""}
    tool = "/api/v1/tools/notes_list"
    assert (await shop.http.post(tool, json={}, headers=bearer)).status_code == 200
    csrf, key = (field(page, name, "/account/keys/end") for name in ("csrf", "key"))
    assert (await visit.send("/account/keys/end", csrf=csrf, key=key)).headers["location"].endswith("revoked")
    assert (await visit.send("/account/keys/end", csrf=csrf, key=key)).headers["location"].endswith("gone")
    assert (await shop.http.post(tool, json={}, headers=bearer)).status_code == 401


@pytest.mark.requirement("people:step-up")
async def test_a_key_asks_for_a_fresh_proof_and_no_more_than_the_role(shop: Site, visit: Visit, clock: Clock) -> None:
    await person(shop.app, "analyst")
    await visit.sign_in()
    page = await visit.get("/account/keys")
    assert "notes:write" not in page.text
    csrf = field(page, action="/account/keys")
    refused = await visit.send("/account/keys", csrf=csrf, name="x", days="30", **{"notes:write": "on"})
    assert refused.status_code == 422
    clock.forward(16 * 60)
    assert (await visit.get("/account/keys")).headers["location"] == "/login/again?next=/account/keys"
    sent = await visit.send("/account/keys", csrf=csrf, name="x", days="30", **{"tools:read": "on"})
    assert sent.headers["location"] == "/login/again?next=/account/keys"


@pytest.mark.requirement("people:step-up")
async def test_a_second_factor_is_set_up_with_a_fresh_proof_only(shop: Site, visit: Visit, clock: Clock) -> None:
    await signed_in(shop, visit)
    page = await visit.get("/account/second-factor")
    given = {name: field(page, name, "/account/second-factor") for name in ("secret", "csrf")}
    clock.forward(16 * 60)
    sent = await visit.get("/account/second-factor?next=/approvals")
    assert sent.headers["location"].startswith("/login/again?next=/account/second-factor")
    assert "approvals" in sent.headers["location"]
    code = TOTP(given["secret"]).at(clock.now // 1_000_000)
    sent = await visit.send("/account/second-factor", code=code, **given)
    assert sent.headers["location"] == "/login/again?next=/account/second-factor"
    assert not (await shop.app.services.get(People).all())[0].second


async def test_guessing_the_old_password_is_slowed_down(shop: Site, visit: Visit) -> None:
    await signed_in(shop, visit)
    status, text = await change_password(visit, "wrong words altogether", NEW)
    for _ in range(20):
        assert (status, "not your password" in text) == (401, True)
        status, text = await change_password(visit, "wrong words altogether", NEW)
        if status == 429:
            break
    assert (status, "not your password" in text) == (429, False)
