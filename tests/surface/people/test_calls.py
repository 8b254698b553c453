"""A privileged call of whoever has just read customers' texts waits for a person, who sees it whole on the page."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from devskyy_mcp.auth.scopes import Role
from devskyy_mcp.capability import Pack
from devskyy_mcp.changes import store
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.context import Context, Principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.db.tables import audit
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.invoke import Call, Decision
from devskyy_mcp.jobs.events import Events
from devskyy_mcp.jobs.service import Jobs
from devskyy_tools.platform.jobs import jobs
from tests.fakes.elsewhere import Hands
from tests.fakes.goods import PROGRAM
from tests.fakes.people import Clock, Visit, field, person
from tests.fakes.served import Site, site

pytestmark = pytest.mark.requirement("gate:privileged")
EVE = Principal("user:eve", "user", frozenset({"jobs:write", "jobs:read", "changes:write"}), "Eve")
JOB = "job_review"
GIVE_UP = {"job": JOB, "action": "abandon"}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    """With a job whose paid request was lost, and a program that has read customers' texts."""
    async with site(tmp_path, auth_mode="embedded", worker="off") as shop:
        shop.app.registry.add(Pack("jobs", [jobs]))
        hands = Hands(shop.app.services.get(Database), shop.app.services.get(Events))
        await hands.add(JOB, PROGRAM.id)
        await hands.review(JOB)
        await shop.app.road.taints.mark(PROGRAM.id)
        yield shop


async def waiting(shop: Site, **more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await shop.app.road.invoke(Call(PROGRAM, "jobs_resolve", GIVE_UP, "rest", **more))
    assert caught.value.code is Code.WAITS_FOR_PERSON
    return caught.value


async def request_of(shop: Site) -> str:
    return (await waiting(shop)).details["change"]["change"]


async def state(shop: Site) -> str:
    return (await shop.app.services.get(Jobs).get(PROGRAM, JOB)).state


async def decide(visit: Visit, change: str, answer: str) -> httpx2.Response:
    page = await visit.get(f"/approvals/{change}")
    token = field(page, action=f"/approvals/{change}/decide")
    return await visit.send(f"/approvals/{change}/decide", csrf=token, answer=answer)


async def signed_in(shop: Site, visit: Visit, clock: Clock, role: Role = "owner") -> None:
    await person(shop.app, role)
    await visit.sign_in()
    await visit.set_up_second(clock)


async def test_the_answer_says_where_a_person_can_agree(shop: Site) -> None:
    refused = await waiting(shop)
    view = refused.details["change"]
    assert view["state"] == "waits_for_person"
    assert view["approve"]["page"].endswith(f"/approvals/{view['change']}")
    assert view["approve"]["page"] in refused.hint
    assert f"devskyy approve {view['change']}" in refused.hint
    assert await request_of(shop) == view["change"]  # the same call waits once
    assert await state(shop) == "needs_review"


async def test_a_person_sees_what_it_would_do_and_agrees_once(shop: Site, visit: Visit, clock: Clock) -> None:
    change = await request_of(shop)
    await signed_in(shop, visit, clock)
    assert change in (await visit.get("/approvals")).text
    page = (await visit.get(f"/approvals/{change}")).text
    for told in (
        "call jobs_resolve",
        "say what became of a paid request",
        "Text from customers or the web was read shortly before",
        "attach: it was taken, as task.",
        f'<td data-is="Value">{JOB}</td>',
        '<td data-is="Value">abandon</td>',
    ):
        assert told in page, told
    assert (await decide(visit, change, "approve")).headers["location"] == f"/approvals/{change}"
    assert await state(shop) == "queued"
    view = await shop.app.changes.journal.view(change)
    assert (view.state, view.approved_by, view.summary) == ("applied", "Ada (page)", "Called jobs_resolve.")
    assert view.next is None
    undone = await shop.app.road.invoke(Call(PROGRAM, "changes_undo", {"change": change}, "rest"))
    assert undone.data["state"] == "nothing_to_change"
    assert undone.data["changes"][0]["outcome"] == "impossible"
    async with shop.app.services.get(Database).read() as conn:
        rows = (await conn.execute(audit.select().where(audit.c.change_id == change).order_by(audit.c.seq))).all()
    assert [row.phase for row in rows if row.phase != "call"] == ["intent", "outcome"]


@pytest.mark.requirement("people:step-up")
async def test_it_asks_for_a_fresh_proof_and_its_own_token(shop: Site, visit: Visit, clock: Clock) -> None:
    change = await request_of(shop)
    await signed_in(shop, visit, clock)
    clock.forward(16 * 60)
    assert (await decide(visit, change, "approve")).headers["location"] == f"/login/again?next=/approvals/{change}"
    wrong = await visit.send(f"/approvals/{change}/decide", csrf="x", answer="approve")
    assert wrong.status_code == 403
    assert await state(shop) == "needs_review"


async def test_whoever_lacks_the_scope_does_not_decide(shop: Site, visit: Visit, clock: Clock) -> None:
    change = await request_of(shop)
    await signed_in(shop, visit, clock, "analyst")
    page = await visit.get(f"/approvals/{change}")
    assert '/decide"' not in page.text
    assert await state(shop) == "needs_review"


async def test_a_no_leaves_it(shop: Site, visit: Visit, clock: Clock) -> None:
    change = await request_of(shop)
    await signed_in(shop, visit, clock)
    await decide(visit, change, "decline")
    assert (await shop.app.changes.journal.view(change)).state == "declined"
    assert await state(shop) == "needs_review"
    assert await request_of(shop) != change


async def test_a_request_expires(shop: Site, visit: Visit, clock: Clock) -> None:
    change = await request_of(shop)
    await signed_in(shop, visit, clock)
    async with shop.app.services.get(Database).begin() as conn:
        c = store.change_sets.c
        await conn.execute(store.change_sets.update().where(c.id == change).values(expires_at=1))
    assert "has expired" in (await decide(visit, change, "approve")).text
    assert (await shop.app.changes.journal.view(change)).state == "expired"
    assert await state(shop) == "needs_review"


async def test_two_who_agree_at_once_have_it_done_once(shop: Site) -> None:
    change, answers = await request_of(shop), list[Any]()

    async def agree(name: str) -> None:
        ctx = Context(PROGRAM, shop.app.services, surface="page")
        answers.append(await shop.app.changes.decided(ctx, change, Person(name, "page"), agreed=True))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(agree, "Ada")
        tasks.start_soon(agree, "Bob")
    assert sum(answer.repeated is None for answer in answers) == 1
    async with shop.app.services.get(Database).read() as conn:
        rows = (await conn.execute(audit.select().where(audit.c.change_id == change))).all()
    assert [row.phase for row in rows].count("intent") == 1
    assert await state(shop) == "queued"


async def test_of_two_requests_for_one_job_the_second_finds_it_done(shop: Site) -> None:
    first = await request_of(shop)
    with pytest.raises(Refused) as caught:
        await shop.app.road.invoke(Call(PROGRAM, "jobs_resolve", {"job": JOB, "action": "resubmit"}, "rest"))
    second = caught.value.details["change"]["change"]
    ctx, ada = Context(PROGRAM, shop.app.services, surface="page"), Person("Ada", "page")
    assert (await shop.app.changes.decided(ctx, first, ada, agreed=True)).state == "applied"
    with pytest.raises(Refused) as caught:
        await shop.app.changes.decided(ctx, second, ada, agreed=True)
    assert caught.value.code is Code.CONFLICT
    assert (await shop.app.changes.journal.view(second)).state == "failed"


@pytest.mark.parametrize("tool", ["jobs_resolve", "changes_apply"])
async def test_anothers_request_is_not_there(shop: Site, tool: str) -> None:
    change = await request_of(shop)
    yes = Decision(change, agreed=True, person=Person("Eve", "elicitation"))
    arguments = GIVE_UP if tool == "jobs_resolve" else {"change": change}
    with pytest.raises(Refused) as caught:
        await shop.app.road.invoke(Call(EVE, tool, arguments, "http", decision=yes))
    assert caught.value.code is Code.NOT_FOUND
    assert await state(shop) == "needs_review"


async def test_no_tool_agrees_to_it(shop: Site) -> None:
    change = await request_of(shop)
    result = await shop.app.road.invoke(Call(PROGRAM, "changes_apply", {"change": change}, "rest"))
    assert result.data["state"] == "waits_for_person"
    assert await state(shop) == "needs_review"


async def test_another_changes_yes_is_no_answer_to_it(shop: Site) -> None:
    made = await shop.app.road.invoke(Call(PROGRAM, "notes_create", {"title": "x"}, "rest"))
    yes = Decision(made.data["change"], agreed=True, person=Person("Ada", "elicitation"))
    with pytest.raises(Refused) as caught:
        await shop.app.road.invoke(Call(PROGRAM, "jobs_resolve", GIVE_UP, "rest", decision=yes))
    assert caught.value.code is Code.CONFLICT
    assert await state(shop) == "needs_review"


async def test_by_its_key_the_call_has_its_answer_afterwards(shop: Site) -> None:
    refused = await waiting(shop, key="k1")
    ctx = Context(PROGRAM, shop.app.services, surface="page")
    await shop.app.changes.decided(ctx, refused.details["change"]["change"], Person("Ada", "page"), agreed=True)
    done = await shop.app.road.invoke(Call(PROGRAM, "jobs_resolve", GIVE_UP, "rest", key="k1"))
    assert (done.data["job"], done.data["state"]) == (JOB, "queued")
