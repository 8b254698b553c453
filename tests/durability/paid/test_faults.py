"""What a provider does wrong, what a person must decide, and what may be spent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from devskyy_mcp.app import App, local_principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.audit_check import verify
from devskyy_mcp.invoke import Call
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs

from .processes import Place, ProviderServer, Running, desk
from .renders import CAP

ME = local_principal()
Start = Callable[..., Running]


async def make(app: App, prompt: str, kind: str = "list", seconds: float = 0.0) -> str:
    arguments = {"prompt": prompt, "kind": kind, "seconds": seconds}
    return (await app.road.invoke(Call(ME, "renders_make", arguments, "cli"))).data["job"]


async def ended(app: App, job: str, seconds: float = 40) -> JobView:
    return await app.services.get(Jobs).wait(ME, job, seconds)


async def paid_rows(app: App, job: str) -> list[dict[str, Any]]:
    from sqlalchemy import text

    query = "SELECT state, attempts, estimate, cost FROM change_ops WHERE change_id = :id"
    async with app.services.get(Database).read() as conn:
        return [dict(row) for row in (await conn.execute(text(query), {"id": f"{job}.submit"})).mappings()]


@pytest.mark.requirement("jobs:paid-once")
@pytest.mark.parametrize("fault", ["lost", "hang"])
async def test_an_answer_lost_after_acceptance_is_found_out_about(
    app: App, worker: Start, provider: ProviderServer, fault: str, database_url: str
) -> None:
    worker()
    provider.harm(key=[fault], list=[fault])
    jobs = {kind: await make(app, f"{fault} {kind} {database_url}", kind) for kind in ("key", "list")}
    for kind, job in jobs.items():
        view = await ended(app, job)
        assert view.state == "succeeded", view
        assert provider.submitted(f"{fault} {kind} {database_url}") == 1
        assert (await paid_rows(app, job))[0]["attempts"] == 1


@pytest.mark.requirement("jobs:needs-review")
async def test_a_person_decides_where_the_provider_cannot_be_asked(
    app: App, worker: Start, provider: ProviderServer, database_url: str
) -> None:
    worker()
    jobs = app.services.get(Jobs)
    found: dict[str, JobView] = {}
    for action in ("attach", "resubmit", "abandon"):
        provider.harm(blind=["lost"])
        job = await make(app, f"{action} {database_url}", "blind")
        view = await ended(app, job)
        assert (view.state, view.cost_usd) == ("needs_review", None)
        assert view.question is not None
        assert view.estimate_usd == 0.3
        task = "0" if action == "attach" else None
        await jobs.resolve(ME, job, action, task)
        with pytest.raises(Refused) as again:
            await jobs.resolve(ME, job, action, task)
        assert again.value.code == Code.CONFLICT
        found[action] = await ended(app, job)
    assert (found["attach"].state, found["attach"].result) == ("succeeded", {"task": "0"})
    assert found["resubmit"].state == "succeeded"
    assert found["resubmit"].cost_usd == 0.25
    assert found["abandon"].state == "failed"
    assert found["abandon"].error is not None
    assert "gave this call up" in found["abandon"].error["message"]
    counts = [provider.submitted(f"{action} {database_url}") for action in ("attach", "resubmit", "abandon")]
    assert counts == [1, 2, 1]
    assert (await verify(app.services.get(Database))).ok


@pytest.mark.requirement("jobs:paid-once")
async def test_what_was_surely_not_taken_is_sent_again(
    app: App, worker: Start, provider: ProviderServer, database_url: str
) -> None:
    worker()
    provider.harm(list=["429", "429"], blind=["400"], key=["429"])
    busy = await make(app, f"busy {database_url}", "list")
    view = await ended(app, busy)
    assert view.state == "succeeded", view
    assert provider.submitted(f"busy {database_url}") == 1
    assert (await paid_rows(app, busy))[0]["attempts"] == 3
    refused = await ended(app, await make(app, f"refused {database_url}", "blind"))
    assert (refused.state, refused.cost_usd, refused.estimate_usd) == ("failed", None, None)
    assert refused.error is not None
    assert refused.error["message"] == "The provider refused it."


@pytest.mark.requirement("jobs:budget")
async def test_over_budget_is_refused_before_anything_is_sent(
    here: Place, worker: Start, provider: ProviderServer, database_url: str
) -> None:
    here.settings.update(budget_principal_month_usd=0.7)
    async with desk(here) as app:
        worker()
        jobs = [await make(app, f"budget {number} {database_url}") for number in range(3)]
        views = [await ended(app, job) for job in jobs]
    # Two at 0.30 fit, at whatever they cost in the end; the third does not.
    assert sorted(view.state for view in views) == ["failed", "succeeded", "succeeded"]
    error = next(view.error for view in views if view.error)
    assert error["code"] == "over_budget"
    assert "$0.7000 a month" in error["message"]
    assert "BUDGET_PRINCIPAL_MONTH_USD" in error["hint"]
    assert sum(provider.submitted(f"budget {number} {database_url}") for number in range(3)) == 2


@pytest.mark.requirement("jobs:caps")
async def test_a_provider_never_sees_more_at_once_than_its_queue_allows(
    app: App, worker: Start, provider: ProviderServer
) -> None:
    for _ in range(3):
        worker()
    jobs = [await make(app, f"cap {number}", "key", 0.4) for number in range(4 * CAP)]
    for job in jobs:
        assert (await ended(app, job, 60)).state == "succeeded"
    assert 1 < provider.seen()["most_at_once"] <= CAP
