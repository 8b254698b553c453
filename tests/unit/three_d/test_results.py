"""What is fetched of a finished task, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from devskyy_tools.platform.pack import pack as platform
from devskyy_tools.three_d.pack import pack
from tests.fakes.paid_tasks import glb_of
from tests.fakes.tripo import TripoServer

from .bench import Studio, studio

GENERATE = "three_d_models_generate"
pytestmark = pytest.mark.requirement("providers:results")


@pytest.mark.parametrize("fault", ["slow", "cut", "short", "403", "page"])
async def test_a_download_that_goes_wrong_is_tried_again(at_tripo: Studio, tripo: TripoServer, fault: str) -> None:
    tripo.faults["file"] = [fault]
    made = await at_tripo.made(GENERATE, prompt="a hat")
    assert (await at_tripo.stored(made["model"]["asset"]))[1] == glb_of("text-to-model-0")
    models = [name for name in tripo.fetched if name.endswith(".glb")]
    assert len(models) == (1 if fault == "slow" else 2)
    assert len(tripo.tasks) == 1


async def test_a_result_that_is_never_whole_fails_the_job_and_says_where_it_lies(
    at_tripo: Studio, tripo: TripoServer
) -> None:
    tripo.faults["file"] = ["short"] * 8
    view = await at_tripo.run(GENERATE, prompt="a hat")
    assert view.error is not None
    assert view.error["code"] == "upstream_invalid"
    assert view.paid is not None
    assert view.paid[0].task == "text-to-model-0"


async def test_a_result_that_is_too_large_is_not_read_to_its_end(tmp_path: Path, tripo: TripoServer) -> None:
    tripo.faults["file"] = ["oversize"]
    async with studio(tmp_path, {"tripo": tripo}, [platform, pack], largest=100_000) as made:
        error = await made.failed(GENERATE, prompt="a hat")
    assert error["code"] == "too_large"
    assert len(tripo.fetched) == 1


async def test_a_private_address_is_not_fetched(at_tripo: Studio, tripo: TripoServer) -> None:
    tripo.faults["file"] = ["private"]
    error = await at_tripo.failed(GENERATE, prompt="a hat")
    assert error["code"] == "unsafe_address"
    assert not tripo.fetched
    assert "10.0.0.8" not in str(error)


async def test_a_poster_that_can_t_be_had_is_done_without(at_tripo: Studio, tripo: TripoServer) -> None:
    tripo.extras = [{"output": {"model_url": tripo.url("x.glb"), "rendered_image_url": "https://10.0.0.8/p.png"}}]
    made = await at_tripo.made(GENERATE, prompt="a hat")
    assert "poster" not in made


async def test_a_task_without_files_is_no_success(at_tripo: Studio, tripo: TripoServer) -> None:
    tripo.extras = [{"output": {}}]
    error = await at_tripo.failed(GENERATE, prompt="a hat")
    assert error["code"] == "upstream_invalid"
    assert "gives no file" in error["message"]


async def test_numbers_that_are_none_are_left_out(at_tripo: Studio, tripo: TripoServer) -> None:
    tripo.extras = [{"progress": "half", "credits_consumed": "many", "created_at": {}}]
    view = await at_tripo.run(GENERATE, prompt="a hat")
    assert (view.state, view.estimate_usd, view.cost_usd) == ("succeeded", 0.2, None)


@pytest.mark.parametrize("answer", [{"output": "none"}, {"output": [1]}, {"status": 7}, {"status": None}])
async def test_answers_of_another_shape_are_told_as_that(
    at_tripo: Studio, tripo: TripoServer, answer: dict[str, object]
) -> None:
    tripo.extras = [answer]
    error = await at_tripo.failed(GENERATE, prompt="a hat")
    assert error["code"] == "upstream_invalid"
    assert "Tripo" in error["message"]
