"""Requests whose answer was lost: found where the provider tells of them, else left to a person, never paid twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from devskyy_mcp.jobs.service import Jobs
from devskyy_tools.platform.pack import pack as platform
from devskyy_tools.studio.providers import wire
from devskyy_tools.studio.providers.tripo import mark
from devskyy_tools.three_d.pack import pack
from tests.fakes.meshy import MeshyServer
from tests.fakes.paid_tasks import glb_of, png
from tests.fakes.tripo import TripoServer

from .bench import ME, Studio, studio

GENERATE = "three_d_models_generate"
pytestmark = pytest.mark.requirement("providers:paid-once")
TAKEN = ("lost", "cut", "hang")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SUBMIT_DEADLINE", 0.5)


@pytest.mark.parametrize("fault", TAKEN)
async def test_tripos_task_is_found_by_its_seed(at_tripo: Studio, tripo: TripoServer, fault: str) -> None:
    tripo.take("text-to-model", {"prompt": "a hat", "model_seed": 7})  # somebody else's
    tripo.faults["submit"] = [fault]
    view = await at_tripo.run(GENERATE, prompt="a hat")
    assert view.state == "succeeded", view
    assert view.result is not None
    assert view.result["task"] == "text-to-model-1"
    assert tripo.tasks["text-to-model-1"].body["model_seed"] == mark(f"{view.job}.generate")
    assert len(tripo.tasks) == 2


@pytest.mark.parametrize("fault", [*TAKEN, "page", "500", "1000"])
async def test_where_tripo_does_not_tell_a_person_looks(tripo: TripoServer, at_tripo: Studio, fault: str) -> None:
    tripo.echoes = False
    tripo.faults["submit"] = [fault]
    job, token = await at_tripo.submit(GENERATE, prompt="a hat")
    view = await at_tripo.go_on(job, token)
    assert view.state == "needs_review", view
    assert len(tripo.sent) == 1
    jobs = at_tripo.app.services.get(Jobs)
    if tripo.tasks:
        await jobs.resolve(ME, job, "attach", "text-to-model-0")
    else:
        await jobs.resolve(ME, job, "resubmit", None)
    view = await at_tripo.go_on(job, await at_tripo.hand(job))
    assert view.state == "succeeded", view
    assert len(tripo.tasks) == 1


async def test_a_job_goes_on_with_the_provider_that_it_began_with(
    tmp_path: Path, tripo: TripoServer, meshy: MeshyServer
) -> None:
    tripo.echoes = False
    tripo.faults["submit"] = ["lost"]
    async with studio(tmp_path / "both", {"tripo": tripo, "meshy": meshy}, [platform, pack]) as both:
        job, token = await both.submit(GENERATE, prompt="a hat")
        assert (await both.go_on(job, token)).state == "needs_review"
        await both.app.services.get(Jobs).resolve(ME, job, "attach", "text-to-model-0")
    async with studio(tmp_path / "both", {"meshy": meshy}, [platform, pack]) as one:
        view = await one.go_on(job, await one.hand(job))
    assert view.error is not None
    assert "no key of Tripo" in view.error["message"]
    assert not meshy.tasks


async def test_while_tripo_can_t_be_asked_it_is_asked_again(at_tripo: Studio, tripo: TripoServer) -> None:
    tripo.faults |= {"submit": ["lost"], "list": ["down"] * 6}
    view = await at_tripo.run(GENERATE, prompt="a hat")
    assert view.state == "succeeded", view
    assert len(tripo.tasks) == 1


@pytest.mark.parametrize("fault", TAKEN)
async def test_meshys_task_is_found_in_its_list(at_meshy: Studio, meshy: MeshyServer, fault: str) -> None:
    meshy.take("text-to-3d", {"mode": "preview", "prompt": "another hat"})
    meshy.faults["submit"] = [fault]
    view = await at_meshy.run(GENERATE, prompt="a hat", texture=False)
    assert view.state == "succeeded", view
    assert meshy.paid("a hat") == 1


async def test_meshys_texture_is_found_too_and_not_taken_for_its_shape(at_meshy: Studio, meshy: MeshyServer) -> None:
    meshy.faults["submit"] = ["", "lost"]
    view = await at_meshy.run(GENERATE, prompt="a hat")
    assert view.state == "succeeded", view
    assert view.result is not None
    assert [task.body["mode"] for task in meshy.tasks.values()] == ["preview", "refine"]
    assert view.result["task"] == "text-to-3d-1"


@pytest.mark.parametrize("fault", ["page", "500"])
async def test_what_meshys_list_does_not_have_is_sent_again(at_meshy: Studio, meshy: MeshyServer, fault: str) -> None:
    meshy.take("text-to-3d", {"mode": "preview", "prompt": "another hat"})
    meshy.faults["submit"] = [fault]
    view = await at_meshy.run(GENERATE, prompt="a hat", texture=False)
    assert view.state == "succeeded", view
    assert meshy.paid("a hat") == 1


async def test_a_task_of_ours_is_not_taken_for_another(at_meshy: Studio, meshy: MeshyServer) -> None:
    """Two calls that differ in what the list does not tell: the second's lost answer is not the first's task."""
    await at_meshy.made(GENERATE, prompt="a hat", texture=False)
    meshy.faults["submit"] = ["500"]
    view = await at_meshy.run(GENERATE, prompt="a hat", texture=True)
    assert view.state == "succeeded", view
    assert meshy.paid("a hat") == 2


async def test_a_photo_s_task_that_meshy_lists_without_its_photo_is_for_a_person(
    at_meshy: Studio, meshy: MeshyServer
) -> None:
    meshy.faults["submit"] = ["lost"]
    picture = await at_meshy.asset(png())
    view = await at_meshy.run(GENERATE, pictures=[picture.id])
    assert view.state == "needs_review", view
    assert len(meshy.tasks) == 1


async def test_what_is_not_listed_at_all_is_for_a_person(at_meshy: Studio, meshy: MeshyServer) -> None:
    meshy.faults["submit"] = ["lost"]
    model = await at_meshy.asset(glb_of("x"), "x.glb")
    view = await at_meshy.run("three_d_models_rework", action="rig", asset=model.id)
    assert view.state == "needs_review", view


async def test_a_call_that_never_left_is_sent_again(
    at_tripo: Studio, tripo: TripoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a process that stood still between its intent and the first byte."""
    from devskyy_mcp import http

    real, late = http.fence, iter([True])

    async def fence(event: str, info: object) -> None:
        if event == http.SENDS and next(late, False):
            raise http.TooLate
        await real(event, info)  # pyright: ignore[reportArgumentType] # passed on

    monkeypatch.setattr(http, "fence", fence)
    view = await at_tripo.run(GENERATE, prompt="a hat")
    assert view.state == "succeeded", view
    assert len(tripo.sent) == 1
