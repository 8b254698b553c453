"""What an agent may do only with a person's yes: the run waits without a worker, and the yes is given on the change."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.agents.runs.carrying import within
from devskyy_mcp.agents.runs.waiting import Waiting
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.deciding import Answers, give
from devskyy_mcp.jobs.service import Jobs

from .bed import ME, Bed, bed, calls, delivers


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[Bed]:
    async with bed(tmp_path) as made:
        yield made


async def waiting_run(here: Bed) -> tuple[str, str, dict[str, Any]]:
    """A run that wants to write and waits: its job, the change, and the arguments."""
    product = await here.desk.some("woo_products_list")
    given = {"id": product, "name": "Renamed"}
    here.models.say(calls(("woo_products_update", given)))
    job = await here.start()
    view = await here.go(job)
    assert view.state == "input_required"
    assert view.question is not None
    assert here.desk.writes == []
    listed = (await here.desk.do("changes_list", limit=5))["changes"]
    (found,) = [one for one in listed if one["tool"] == "woo_products_update"]
    assert found["change"] in view.question["message"]
    return job, found["change"], given


@pytest.mark.requirement("runs:approve")
async def test_a_yes_on_the_change_lets_the_run_go_on(here: Bed) -> None:
    job, change, _given = await waiting_run(here)
    shown = await here.desk.do("changes_show", change=change)
    assert any("shop-hand" in reason for reason in shown["asks"])
    assert (await here.desk.agree(change))["state"] == "applied"
    assert (await here.view(job)).state == "queued"
    here.models.say(delivers())
    view = await here.go(job)
    assert view.state == "succeeded"
    assert view.result is not None
    assert view.result["done"] == ["woo_products_update: applied"]
    assert view.result["changes"] == [change]
    assert len(here.desk.writes) == 1
    assert "applied" in here.results()[0]


@pytest.mark.requirement("runs:approve")
async def test_a_no_is_told_to_the_agent(here: Bed) -> None:
    job, change, _given = await waiting_run(here)
    ctx = Context(ME, here.desk.app.services, surface="page")
    with pytest.raises(Refused):
        await here.desk.app.changes.decided(ctx, change, Person("Grace", "page"), agreed=False)
    here.models.say(delivers("It was declined."))
    view = await here.go(job)
    assert view.result is not None
    assert view.result["done"] == ["woo_products_update: declined"]
    assert here.desk.writes == []


@pytest.mark.requirement("runs:approve")
async def test_nothing_but_a_yes_on_the_change_counts(here: Bed) -> None:
    job, change, _given = await waiting_run(here)
    tried = await here.desk.do("changes_apply", change=change)
    assert tried["state"] == "waits_for_person"
    question = (await here.view(job)).question
    assert question is not None
    refused = await here.desk.refused("jobs_answer", job=job, answers={question["name"]: {}})
    assert refused.code == "forbidden"
    await here.desk.app.services.get(Jobs).answer(ME, job, {question["name"]: {}}, person=True)
    assert (await here.go(job)).state == "input_required"
    assert here.desk.writes == []


@pytest.mark.requirement("runs:approve")
async def test_declining_the_jobs_question_declines_the_change(here: Bed) -> None:
    job, change, _given = await waiting_run(here)
    question = (await here.view(job)).question
    assert question is not None
    await here.desk.app.services.get(Jobs).answer(ME, job, {question["name"]: None}, person=True)
    here.models.say(delivers("It was declined."))
    view = await here.go(job)
    assert view.result is not None
    assert view.result["done"] == ["woo_products_update: declined"]
    assert (await here.desk.do("changes_show", change=change))["state"] == "declined"


@pytest.mark.requirement("runs:approve")
async def test_what_was_decided_elsewhere_is_found(here: Bed) -> None:
    job, change, _given = await waiting_run(here)
    waiting = here.desk.app.services.get(Waiting)
    await waiting.look()
    assert (await here.view(job)).state == "input_required"
    here.desk.app.changes.on_decided.clear()  # as if another process had died between the two
    await here.desk.agree(change)
    assert (await here.view(job)).state == "input_required"
    await waiting.look()
    assert (await here.view(job)).state == "queued"


@pytest.mark.requirement("runs:approve")
async def test_an_approval_holds_for_the_plan_that_was_shown(here: Bed) -> None:
    job, change, given = await waiting_run(here)
    await here.desk.carry_out("woo_products_update", id=given["id"], name="Somebody else's")
    before = len(here.desk.writes)
    with pytest.raises(Refused) as caught:
        await here.desk.agree(change)
    assert caught.value.code == "stale"
    here.models.say(delivers("It had changed meanwhile."))
    view = await here.go(job)
    assert view.result is not None
    assert view.result["done"] == ["woo_products_update: stale"]
    assert len(here.desk.writes) == before


@pytest.mark.requirement("runs:approve")
async def test_a_previewed_call_is_told_what_became_of_it_and_is_done_once(here: Bed) -> None:
    given = {"id": await here.desk.some("woo_products_list"), "name": "Renamed"}
    here.models.say(calls(("woo_products_update", given | {"preview": True})), calls(("woo_products_update", given)))
    job = await here.start()
    assert (await here.go(job)).state == "input_required"
    [change] = [one for one in (await here.desk.do("changes_list"))["changes"] if one["tool"] == "woo_products_update"]
    await here.desk.agree(change["change"])
    here.models.say(delivers())
    view = await here.go(job)
    assert view.result is not None
    assert view.result["done"] == ["woo_products_update: proposed", "woo_products_update: applied"]
    assert view.result["changes"] == [change["change"]]
    assert '"Renamed"' in here.results()[-1]
    assert len(here.desk.writes) == 1


@pytest.mark.requirement("runs:approve")
async def test_a_run_has_also_the_rights_that_some_of_a_tools_calls_need(here: Bed) -> None:
    registry = here.desk.app.registry
    described = [registry.tools["media_pictures_describe"]]
    assert within(ME, described).may("catalog:read")
    outsider = replace(ME, kind="user", scopes=frozenset({"media:read"}))
    assert within(outsider, described).scopes == {"media:read"}


@pytest.mark.requirement("runs:approve")
async def test_a_program_decides_only_its_own_and_what_it_may_do_itself(here: Bed) -> None:
    job, change, _given = await waiting_run(here)
    view = await here.view(job)
    assert view.question is not None
    services = here.desk.app.services
    yes = Answers(job, {view.question["name"]: {"agree": True}}, Person("Eve", "elicitation"))
    may = frozenset({"jobs:read", "audit:read", "catalog:read", "catalog:write"})
    another = replace(ME, id="user:eve", kind="user", scopes=may)
    narrow = replace(ME, kind="user", scopes=frozenset({"jobs:read", "tools:read", "catalog:read"}))
    for principal, code in ((another, Code.NOT_FOUND), (narrow, Code.FORBIDDEN)):
        with pytest.raises(Refused) as caught:
            await give(services, principal, "http", yes)
        assert caught.value.code == code
    assert here.desk.writes == []
    await give(services, replace(ME, kind="user", scopes=may), "http", yes)
    assert len(here.desk.writes) == 1
    assert (await here.desk.do("changes_show", change=change))["approved_by"] == "Eve (elicitation)"


@pytest.mark.requirement("runs:approve")
async def test_a_preview_of_others_is_not_taken_for_what_a_run_asks(here: Bed) -> None:
    """It lacks the reason why a person must agree to this call, so that whoever applies it is asked nothing."""
    given = {"id": await here.desk.some("woo_products_list"), "name": "Renamed"}
    shown = await here.desk.do("woo_products_update", **given, preview=True)
    here.models.say(calls(("woo_products_update", given)))
    job = await here.start()
    view = await here.go(job)
    assert view.question is not None
    assert shown["change"] not in view.question["message"]
    await here.desk.do("changes_apply", change=shown["change"])
    assert (await here.view(job)).state == "input_required"
