"""The page on which owners stop all writes."""

from __future__ import annotations

import pytest

from devskyy_mcp.auth.scopes import Role
from devskyy_mcp.guard.brake import Brake
from tests.fakes.people import Clock, Visit, field, person
from tests.fakes.served import Site

pytestmark = pytest.mark.requirement("stop:page")
AT = "/approvals/writes"


async def test_an_owner_stops_writes_and_lets_them_go_on(shop: Site, visit: Visit, clock: Clock) -> None:
    assert (await visit.get(AT)).headers["location"] == f"/login?next={AT}"
    await person(shop.app)
    await visit.sign_in()
    page = await visit.get(AT)
    assert (await visit.send(AT, csrf="x", answer="stop")).status_code == 403
    assert (await visit.send(AT, csrf=field(page, action=AT), answer="stop")).status_code == 303
    stopped = await visit.get(AT)
    assert "Stopped by Ada (page)" in stopped.text
    assert "Writes are stopped" in (await visit.get("/approvals")).text
    # Letting go on needs a second factor and a fresh proof; stopping did not.
    assert "Confirm that it is you" in stopped.text
    again = await visit.send(AT, csrf=field(stopped, action=AT), answer="resume")
    assert again.headers["location"].startswith("/account/second-factor")
    await visit.set_up_second(clock)
    page = await visit.get(AT)
    assert (await visit.send(AT, csrf=field(page, action=AT), answer="resume")).headers["location"] == AT
    assert await shop.app.services.get(Brake).state() is None


@pytest.mark.parametrize("role", ["manager", "analyst"])
async def test_others_may_only_look(shop: Site, visit: Visit, role: Role) -> None:
    await person(shop.app, role)
    await visit.sign_in()
    page = await visit.get(AT)
    assert "Only owners" in page.text
    assert '<form method="post" action="/approvals/writes"' not in page.text
    sessions = visit.cookie
    assert sessions
    assert (await visit.send(AT, csrf="x", answer="stop")).status_code == 403
    assert await shop.app.services.get(Brake).state() is None
