"""Every end that a run comes to but its deliverable: limits, loops, refusals; and what is put right on the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.llm.port import Usage
from tests.fakes.llm.server import Answer, Asked, Fault, Refusal

from .bed import Bed, bed, calls, delivers


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[Bed]:
    async with bed(tmp_path) as made:
        yield made


def looks(number: int) -> Answer:
    return calls(("woo_products_list", {"limit": number}))


def busy(here: Bed) -> None:
    """A model that looks at one more product each time, without end."""

    def say(_asked: Asked) -> Answer:
        return replace(looks(len(here.models.asked)), usage=Usage(input=2_000, output=1_500))

    here.models.always = say


@pytest.mark.requirement("runs:limits")
@pytest.mark.parametrize(
    ("caps", "limit", "steps"),
    [
        ({"steps": 3}, "steps", 3),
        ({"tool_calls": 2}, "tool_calls", 3),
        ({"tokens": 30_000}, "tokens", None),
        ({"usd": 0.009}, "usd", None),
    ],
    ids=["steps", "tool_calls", "tokens", "usd"],
)
async def test_a_limit_stops_it_and_it_tells_what_it_did(
    here: Bed, caps: dict[str, Any], limit: str, steps: int | None
) -> None:
    busy(here)
    found = await here.run(caps=caps)
    assert (found["outcome"], found["limit"]) == ("stopped", limit)
    spent = found["spent"]
    if steps is not None:
        assert spent["steps"] == steps
    assert spent["tool_calls"] == len(found["done"]) <= caps.get("tool_calls", 20)
    assert spent["tokens"] <= caps.get("tokens", 400_000)
    assert spent["usd"] <= caps.get("usd", 5)
    assert found["why"]
    view = await here.desk.do("jobs_get", job=found["run"])
    assert view["summary"] == f"agents_run has ended without what was asked for: stopped by {limit}."


@pytest.mark.requirement("runs:limits")
async def test_time_stops_it(here: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    from devskyy_mcp.agents.runs import loop

    times = iter(float(number) for number in range(0, 100_000, 20))
    monkeypatch.setattr(loop, "clock", lambda: next(times))
    busy(here)
    found = await here.run(caps={"wall_s": 120})
    assert (found["outcome"], found["limit"]) == ("stopped", "wall_s")


@pytest.mark.requirement("runs:limits")
async def test_a_caller_can_only_lower_limits(here: Bed) -> None:
    busy(here)
    found = await here.run(caps={"steps": 150})
    assert (found["limit"], found["spent"]["steps"]) == ("steps", 12)


@pytest.mark.requirement("runs:limits")
async def test_a_months_budget_stops_it(tmp_path: Path) -> None:
    async with bed(tmp_path, budget_month_usd=0.00001) as here:
        found = await here.run()
        assert (found["outcome"], found["limit"]) == ("stopped", "budget")
        assert not [one for one in here.models.asked if one.asking == "answer"]


@pytest.mark.requirement("runs:loops")
async def test_the_same_call_a_third_time_ends_it(here: Bed) -> None:
    here.models.always = lambda _asked: looks(1)
    found = await here.run()
    assert (found["outcome"], found["limit"]) == ("stopped", "loop")
    assert found["done"] == ["woo_products_list: ok"] * 2


@pytest.mark.requirement("runs:loops")
async def test_steps_that_bring_nothing_new_end_it(here: Bed) -> None:
    here.models.always = lambda _asked: Answer("I am thinking.")
    found = await here.run()
    assert (found["outcome"], found["limit"], found["spent"]["steps"]) == ("stopped", "no_progress", 5)


@pytest.mark.requirement("runs:repairs")
async def test_arguments_are_put_right(here: Bed) -> None:
    found = await here.run(
        calls(("woo_products_list", {"limit": "many"}), ("woo_product_list", {}), ("woo_products_get", "{half")),
        looks(1),
        delivers(),
    )
    bad, unknown, broken = here.results(1)
    assert "invalid_arguments" in bad
    assert "limit" in bad
    assert "woo_products_list" in unknown
    assert "unknown_tool" in unknown
    assert "not a JSON object" in broken
    assert found["outcome"] == "delivered"


@pytest.mark.requirement("runs:repairs")
async def test_a_tool_is_not_called_wrongly_for_ever(here: Bed) -> None:
    wrong = [calls(("woo_products_list", {"limit": -number})) for number in range(1, 5)]
    found = await here.run(*wrong, delivers())
    assert [one.split(": ")[1] for one in found["done"]] == ["invalid_arguments"] * 3 + ["conflict"]


@pytest.mark.requirement("runs:repairs")
async def test_a_deliverable_is_put_right_once(here: Bed) -> None:
    found = await here.run(calls(("deliver", {"answr": "Done."})), delivers())
    assert found["outcome"] == "delivered"
    (said,) = here.results()
    assert "'answer' is a required property" in said
    found = await here.run(calls(("deliver", {})), calls(("deliver", {"answer": 7})), request="Once more.")
    assert (found["outcome"], found["limit"]) == ("stopped", "deliverable")
    assert "answer" in found["why"]


@pytest.mark.requirement("runs:deliver")
async def test_a_deliverable_may_come_as_json(here: Bed) -> None:
    found = await here.run(Answer("Let me see."), Answer('Here it is:\n```json\n{"answer": "Done."}\n```'))
    assert found["output"] == {"answer": "Done."}


@pytest.mark.requirement("runs:declined")
async def test_a_model_that_declines(here: Bed) -> None:
    found = await here.run(looks(1), Answer("I won't do that.", stop="refusal"))
    assert (found["outcome"], found["why"]) == ("declined", "I won't do that.")
    assert found["done"] == ["woo_products_list: ok"]


@pytest.mark.requirement("runs:failover")
async def test_another_provider_goes_on_at_a_step(tmp_path: Path) -> None:
    async with bed(tmp_path, "anthropic", "openai") as here:
        first = looks(1)

        def say(asked: Asked) -> Answer | Refusal:
            if len(here.models.asked) == 1:
                return first
            return Refusal("auth") if asked.provider == here.models.asked[0].provider else delivers()

        here.models.always = say
        found = await here.run()
        assert found["outcome"] == "delivered"
        assert len({one.provider for one in here.models.asked}) == 2
        assert here.results() != []


@pytest.mark.requirement("runs:failover")
async def test_an_answer_that_breaks_off_is_asked_for_again(tmp_path: Path) -> None:
    async with bed(tmp_path, "anthropic", "openai") as here:
        here.models.say(
            looks(1),
            Answer(("I will ", "deliver"), usage=Usage(input=5, output=5), fault=Fault("dropped", 4)),
            delivers(),
        )
        found = await here.run()
        assert found["outcome"] == "delivered", found
        assert found["spent"]["steps"] == 2
        assert len([one for one in here.models.asked if one.asking == "answer"]) == 3


async def test_nobody_answers(here: Bed) -> None:
    here.models.always = lambda _asked: Refusal("bad_request")
    found = await here.run()
    assert (found["outcome"], found["limit"]) == ("stopped", "model")
