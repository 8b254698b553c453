"""Every status and code of the providers, and what reaches the caller of it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.invoke import Call
from devskyy_tools.platform.pack import pack as platform
from devskyy_tools.studio.providers import meshy as meshy_client
from devskyy_tools.studio.providers import tripo as tripo_client
from devskyy_tools.three_d.pack import pack
from tests.fakes.meshy import MeshyServer
from tests.fakes.tripo import TripoServer

from .bench import ME, Studio, studio

GENERATE = "three_d_models_generate"
pytestmark = pytest.mark.requirement("providers:errors")
TRIPO_REFUSES: dict[str, tuple[str, str]] = {
    "1002": ("not_configured", "does not accept the key in TRIPO_API_KEY"),
    "1003": ("invalid_arguments", "does not take the request"),
    "1004": ("invalid_arguments", "does not take the request"),
    "1005": ("not_configured", "does not accept the key"),
    "2001": ("not_found", "knows no such task"),
    "2002": ("upstream_refused", "has retired"),
    "2003": ("invalid_arguments", "can't read the file"),
    "2004": ("invalid_arguments", "can't read the file"),
    "2006": ("conflict", "can't go on from that task"),
    "2007": ("conflict", "can't go on from that task"),
    "2008": ("upstream_refused", "content policy"),
    "2010": ("upstream_refused", "too few credits"),
    "2015": ("upstream_refused", "has retired"),
    "2016": ("upstream_refused", "has retired"),
    "2017": ("upstream_refused", "has retired"),
    "2018": ("conflict", "too complex"),
    "2019": ("invalid_arguments", "can't read the file"),
    "2999": ("upstream_refused", "code 2999"),
    "400": ("upstream_refused", "status 400"),
    "401": ("not_configured", "does not accept the key"),
    "404": ("not_found", "status 404"),
}
TRIPO_WAITS = ("1007", "2000", "429")
MESHY_REFUSES: dict[str, tuple[str, str]] = {
    "400 prompt is too long": ("invalid_arguments", "does not take the request"),
    "400 InvalidModel:TooManyFaces": ("invalid_arguments", "can't work on that model"),
    "400 rejected by moderation": ("upstream_refused", "content policy"),
    "401": ("not_configured", "does not accept the key in MESHY_API_KEY"),
    "402 InsufficientCredits": ("upstream_refused", "too few credits"),
    "403 Forbidden": ("upstream_refused", "may not do this"),
    "404 NotFound": ("not_found", "knows no such task"),
    "422 target_polycount": ("invalid_arguments", "does not take the request"),
}
MESHY_WAITS = ("429 NoMoreConcurrentTasks", "429 RateLimitExceeded", "429 TooManyPendingTasks")


def test_the_matrix_is_whole() -> None:
    tested = {int(code) for code in (*TRIPO_REFUSES, *TRIPO_WAITS) if len(code) == 4}
    assert tested - {2999} == tripo_client.CODES.keys() - {1000, 1001}  # those two are of the lost answers
    assert set(tripo_client.STATES) == {*TRIPO_ENDS, "queued", "running", "success"}
    assert set(meshy_client.STATES) == {*MESHY_ENDS, "PENDING", "IN_PROGRESS", "SUCCEEDED"}


@pytest.mark.parametrize("fault", TRIPO_REFUSES)
async def test_what_tripo_refuses_is_not_sent_again(at_tripo: Studio, tripo: TripoServer, fault: str) -> None:
    tripo.faults["submit"] = [fault]
    view = await at_tripo.run(GENERATE, prompt=f"a hat {fault}")
    assert view.state == "failed"
    assert view.error is not None
    code, words = TRIPO_REFUSES[fault]
    assert (view.error["code"], words in view.error["message"]) == (code, True), view.error
    assert view.error["hint"]
    assert (len(tripo.sent), len(tripo.tasks)) == (1, 0)
    assert view.estimate_usd is None, "what was refused costs nothing"


@pytest.mark.parametrize("fault", TRIPO_WAITS)
async def test_what_tripo_puts_off_is_sent_when_it_may_be(at_tripo: Studio, tripo: TripoServer, fault: str) -> None:
    tripo.faults["submit"] = [fault]
    await at_tripo.made(GENERATE, prompt=f"a hat {fault}")
    assert (len(tripo.sent), len(tripo.tasks)) == (2, 1)


@pytest.mark.parametrize("fault", MESHY_REFUSES)
async def test_what_meshy_refuses_is_not_sent_again(at_meshy: Studio, meshy: MeshyServer, fault: str) -> None:
    meshy.faults["submit"] = [fault]
    error = await at_meshy.failed(GENERATE, prompt=f"a hat {fault}")
    code, words = MESHY_REFUSES[fault]
    assert (error["code"], words in error["message"]) == (code, True), error
    assert not meshy.tasks


@pytest.mark.parametrize("fault", MESHY_WAITS)
async def test_what_meshy_puts_off_is_sent_when_it_may_be(at_meshy: Studio, meshy: MeshyServer, fault: str) -> None:
    meshy.faults["submit"] = [fault]
    await at_meshy.made(GENERATE, prompt=f"a hat {fault}", texture=False)
    assert len(meshy.tasks) == 1


TRIPO_ENDS: dict[str, tuple[str, str]] = {
    "failed": ("upstream_refused", "could not make it"),
    "banned": ("upstream_refused", "content policy"),
    "cancelled": ("cancelled", "was cancelled"),
    "expired": ("upstream_refused", "expired"),
}
MESHY_ENDS: dict[str, tuple[str, str]] = {
    "FAILED": ("upstream_refused", "could not make it"),
    "CANCELED": ("cancelled", "was cancelled"),
    "EXPIRED": ("upstream_refused", "thrown the task away"),
}


@pytest.mark.parametrize("state", TRIPO_ENDS)
async def test_a_task_that_fails_at_tripo_is_given_back_its_credits(
    at_tripo: Studio, tripo: TripoServer, state: str
) -> None:
    tripo.states = [["queued", "running", state]]
    view = await at_tripo.run(GENERATE, prompt=f"a hat {state}")
    assert view.state == "failed"
    assert view.error is not None
    code, words = TRIPO_ENDS[state]
    assert (view.error["code"], words in view.error["message"]) == (code, True), view.error
    assert view.cost_usd == 0
    assert view.paid is not None
    assert view.paid[0].task == "text-to-model-0"


async def test_a_failed_task_tells_tripos_code(at_tripo: Studio, tripo: TripoServer) -> None:
    tripo.states, tripo.extras = (
        [["failed"]] * 2,
        [{"error_code": 2008}, {"error_code": 3000, "error_msg": "no\nlight"}],
    )
    assert "content policy" in (await at_tripo.failed(GENERATE, prompt="one"))["message"]
    assert (await at_tripo.failed(GENERATE, prompt="two"))["hint"] == "no light"


@pytest.mark.parametrize("state", MESHY_ENDS)
async def test_a_task_that_fails_at_meshy(at_meshy: Studio, meshy: MeshyServer, state: str) -> None:
    meshy.states = [["IN_PROGRESS", state]]
    meshy.extras = [{"task_error": {"message": "The shape is too thin."}}]
    view = await at_meshy.run(GENERATE, prompt=f"a hat {state}")
    assert view.error is not None
    code, words = MESHY_ENDS[state]
    assert (view.error["code"], words in view.error["message"]) == (code, True), view.error
    assert view.cost_usd == 0


async def test_states_that_nobody_documents_are_not_followed_for_ever(at_tripo: Studio, tripo: TripoServer) -> None:
    tripo.states = [["queued", "pondering"], ["pondering", "unknown", "success"]]
    error = await at_tripo.failed(GENERATE, prompt="for ever")
    assert error["code"] == "upstream_invalid"
    assert "text-to-model-0" in error["message"]
    await at_tripo.made(GENERATE, prompt="for a moment")


@pytest.mark.parametrize("fault", ["500", "page", "429", "1001"])
async def test_a_provider_that_can_t_be_asked_for_a_while_is_asked_again(
    at_tripo: Studio, tripo: TripoServer, fault: str
) -> None:
    tripo.faults["poll"] = [fault]
    await at_tripo.made(GENERATE, prompt=f"a hat {fault}")
    assert len(tripo.tasks) == 1


async def test_a_task_that_is_gone_is_not_asked_for_again(at_tripo: Studio, tripo: TripoServer) -> None:
    tripo.faults["poll"] = ["2001"]
    assert (await at_tripo.failed(GENERATE, prompt="gone"))["code"] == "not_found"


@pytest.mark.requirement("providers:no-key")
async def test_a_key_is_in_no_log_and_no_answer(
    tmp_path: Path, tripo: TripoServer, caplog: pytest.LogCaptureFixture
) -> None:
    key = "tsk_wrong_and_secret_0123456789"
    with caplog.at_level(logging.DEBUG):
        async with studio(tmp_path, {"tripo": tripo}, [platform, pack], tripo_api_key=key) as made:
            view = await made.run(GENERATE, prompt="a hat")
            listed: dict[str, Any] = (await made.app.road.invoke(_list())).data
    assert view.error is not None
    assert view.error["code"] == "not_configured"
    assert {one["name"]: one.get("trouble") for one in listed["providers"]}["tripo"] == view.error["message"]
    assert key not in caplog.text + view.model_dump_json() + str(listed)


@pytest.mark.requirement("jobs:budget")
async def test_over_budget_nothing_is_sent_and_what_was_given_back_does_not_count(
    tmp_path: Path, tripo: TripoServer
) -> None:
    async with studio(tmp_path, {"tripo": tripo}, [platform, pack], budget_month_usd=0.3) as made:
        tripo.states = [["failed"]]
        await made.failed(GENERATE, prompt="refunded")  # 0.20 again
        await made.made(GENERATE, prompt="first")
        error = await made.failed(GENERATE, prompt="second")
    assert error["code"] == "over_budget"
    assert [task.body["prompt"] for task in tripo.tasks.values()] == ["refunded", "first"]


def _list() -> Call:
    return Call(ME, "three_d_providers_list", {}, "cli")
