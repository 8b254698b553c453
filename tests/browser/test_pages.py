"""The pages in headless Chromium: by keyboard alone, in all sizes and colours, without a violation that axe knows."""

from __future__ import annotations

from typing import Any

import pytest
from pyotp.totp import TOTP

from devskyy_mcp.auth.people import People
from devskyy_mcp.capability import Pack
from devskyy_mcp.errors import Refused
from devskyy_mcp.invoke import Call
from devskyy_tools.platform.jobs import jobs
from tests.fakes.goods import PROGRAM, proposed
from tests.fakes.people import PASSWORD, Clock, connected, person
from tests.fakes.served import Site

from .walk import Walk

pytestmark = [pytest.mark.debian("chromium"), pytest.mark.requirement("people:browser"), pytest.mark.timeout(300)]

LOGIN = "E-mail address or login"
LOOKS: dict[str, dict[str, Any]] = {
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "narrow-dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "wide-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}


def shown(secret: str, clock: Clock) -> str:
    return TOTP(secret).at(clock.now // 1_000_000)


async def requested(shop: Site) -> str:
    """A privileged call that waits, since its program has read customers' texts."""
    if "jobs_resolve" not in shop.app.registry.tools:
        shop.app.registry.add(Pack("jobs", [jobs]))
    await shop.app.road.taints.mark(PROGRAM.id)
    arguments = {"job": "job_R7kQw2LmXz9A", "action": "attach", "task": "task_5f1c9a74-8d0e-4d54-9a3a-7f5e2a1b6c3d"}
    with pytest.raises(Refused) as caught:
        await shop.app.road.invoke(Call(PROGRAM, "jobs_resolve", arguments, "rest"))
    return caught.value.details["change"]["change"]


async def sign_in(walk: Walk, path: str = "/account") -> None:
    await walk.open(path)
    await walk.type_into(LOGIN, "ada@example.com")
    await walk.type_into("Password", PASSWORD)
    await walk.enter()


async def set_up(walk: Walk, clock: Clock) -> str:
    """Set up a second factor on the page that asks for it; the secret."""
    secret = await walk.page.input_value("[name=secret]")
    await walk.type_into("Code from the app", shown(secret, clock))
    await walk.enter()
    return secret


async def test_a_person_signs_in_and_approves_by_keyboard_alone(shop: Site, walk: Walk, clock: Clock) -> None:
    await person(shop.app, name="Ada Lovelace")
    change = await proposed(shop, "goods_burn", note=1)
    await walk.open(f"/approvals/{change}")
    assert walk.path == f"/login?next=/approvals/{change}"
    assert await walk.focused() == LOGIN
    await walk.look("login")
    await walk.type_into(LOGIN, "ada@example.com")
    await walk.type_into("Password", "wrong words altogether")
    await walk.press("Sign in")
    assert await walk.focused() == "Password"
    assert await walk.page.title() == "Sign in: not yet – DevSkyy"
    await walk.look("login-wrong")
    await walk.page.keyboard.type(PASSWORD)
    await walk.enter()
    assert walk.path == f"/approvals/{change}"
    await walk.look("approval-needs-proof")
    await walk.press("Confirm that it is you")
    assert walk.path == f"/account/second-factor?next=/approvals/{change}"
    await walk.look("second-factor-set-up")
    secret = await set_up(walk, clock)
    await walk.look("recovery-codes")
    await walk.press("I have them; go on")
    assert walk.path == f"/approvals/{change}"
    await walk.look("approval")
    await walk.press("Approve")
    assert await walk.page.title() == "This change was carried out – DevSkyy"
    assert await walk.page.locator("dd", has_text="Ada Lovelace (page)").count() == 1
    assert shop.notes.requests == [("delete", 1)]
    await walk.look("approval-done")
    await walk.press("Sign out")
    assert walk.path == "/login"
    await sign_in(walk)
    assert walk.path == "/login/second-factor?next=/account"
    await walk.look("second-factor")
    clock.forward(30)
    await walk.type_into("Code from your authenticator app", shown(secret, clock))
    await walk.press("Go on")
    assert walk.path == "/account"
    await walk.look("account")


async def test_a_recovery_code_and_a_fresh_proof_by_keyboard(shop: Site, walk: Walk, clock: Clock) -> None:
    await person(shop.app)
    await sign_in(walk, "/account/second-factor")
    await set_up(walk, clock)
    codes = await walk.page.locator(".codes code").all_inner_texts()
    await walk.press("I have them; go on")
    await walk.press("Sign out")
    await sign_in(walk)
    await walk.press("Use a recovery code instead")
    await walk.look("recovery-code")
    await walk.type_into("Recovery code", "aaaa-aaaa-aaaa-aaaa")
    await walk.enter()
    await walk.look("recovery-code-wrong")
    await walk.type_into("Recovery code", codes[0])
    await walk.enter()
    assert walk.path == "/account"
    clock.forward(16 * 60)
    await walk.press("Change the password")
    assert walk.path == "/login/again?next=/account/password"
    await walk.look("again")
    await walk.press("Use a recovery code instead")
    await walk.type_into("Recovery code", codes[1])
    await walk.enter()
    assert walk.path == "/account/password"
    await walk.look("password")
    await walk.type_into("The password until now", PASSWORD)
    await walk.type_into("The new password", "passwordpassword")
    await walk.type_into("The new password once more", "passwordpassword")
    await walk.enter()
    await walk.look("password-unfit")
    await walk.type_into("The password until now", PASSWORD)
    await walk.type_into("The new password", "another four words entirely")
    await walk.type_into("The new password once more", "another four words entirely")
    await walk.press("Change it")
    assert await walk.page.locator("[role=status]").inner_text() == (
        "The password is changed. Your other browsers are signed out."
    )
    await walk.look("password-changed")


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_at_every_width_and_in_both_colours(shop: Site, walk: Walk, clock: Clock, look: str) -> None:
    for number in range(3, 15):
        shop.notes.put(title=f"note number {number} with a rather long name", text="some words " * 12)
    small = await walk.fresh(**LOOKS[look])
    await small.open("/login")
    await small.look(f"nobody-{look}")
    ada = await person(shop.app, name="Ada Lovelace")
    await sign_in(small)
    await small.look(f"account-bare-{look}")
    await small.open("/account/second-factor")
    await small.look(f"second-factor-set-up-{look}")
    await set_up(small, clock)
    await small.look(f"recovery-codes-{look}")
    await connected(shop.app, ada, "A program with a rather long name of its own")
    await small.open("/account/keys")
    await small.look(f"keys-{look}")
    await small.page.fill("#name", "the nightly export of everything that was sold")
    await small.page.check("[name='notes:read']")
    await small.page.click("text=Make it")
    await small.look(f"key-{look}")
    call = await requested(shop)
    await small.open(f"/approvals/{call}")
    await small.look(f"approval-call-{look}")
    rename = await proposed(shop, "goods_rename", note=1, title="Silk scarf")
    large = await proposed(shop, "goods_rename_all", prefix="Autumn ")
    for name, path in {
        "account": "/account",
        "password": "/account/password",
        "second-factor-change": "/account/second-factor",
        "waiting": "/approvals",
        "approval": f"/approvals/{rename}",
        "approval-large": f"/approvals/{large}",
        "again": "/login/again",
        "nothing-there": "/approvals/chg_nothing",
    }.items():
        await small.open(path)
        await small.look(f"{name}-{look}")
    people = shop.app.services.get(People)
    await person(shop.app, login="bo", name="Bo")
    await people.set_role(ada.id, "analyst", "os:0:root")
    await sign_in(small)
    clock.forward(30)
    await small.look(f"second-factor-{look}")
    await people.remove_second(ada.id, "os:0:root")
    await sign_in(small, f"/approvals/{rename}")
    await small.look(f"approval-not-yours-{look}")
    clock.forward(16 * 60)
    await small.open("/login/again")
    await small.look(f"password-again-{look}")


async def test_the_policy_holds_in_a_real_browser(shop: Site, walk: Walk) -> None:
    """Without the test's bypass: own styles apply, and nothing of the pages' own is refused."""
    await person(shop.app)
    await walk.page.context.close()
    plain = await walk.fresh()
    browser = plain.page.context.browser
    assert browser
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    await page.goto(f"{shop.url}/login")
    await page.fill("#login", "ada@example.com")
    await page.fill("#password", PASSWORD)
    await page.click("button")
    await page.goto(f"{shop.url}/account/second-factor")
    assert await page.locator(".qr svg").is_visible()
    await page.click("text=Sign out")
    await page.wait_for_url(f"{shop.url}/login")
    assert said == []
