"""What a job asks, and the answers that it takes."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pytest

from devskyy_mcp.context import Principal, Services
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.events import Events
from devskyy_mcp.jobs.questions import forms_of, take
from devskyy_mcp.jobs.service import Jobs

from .conftest import Two

pytestmark = pytest.mark.requirement("jobs:answering")
TITLE: dict[str, Any] = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
ONE: dict[str, Any] = {"name": "what", "message": "What?", "schema": TITLE, "answers": {"before": None}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"what": TITLE, "how": {"type": "object", "description": "How?"}},
    "required": ["what", "how"],
}
TWO: dict[str, Any] = {"name": "both", "message": "Both?", "schema": SCHEMA}


def test_an_ordinary_question_is_one_form() -> None:
    [form] = forms_of(ONE)
    assert (form.key, form.message, form.schema) == ("what", "What?", TITLE)


def test_a_question_without_fields_is_one_form() -> None:
    assert [form.key for form in forms_of({**ONE, "schema": {"type": "object"}})] == ["what"]


def test_a_question_of_objects_is_a_form_each() -> None:
    assert [(form.key, form.message) for form in forms_of(TWO)] == [("both/what", "Both?"), ("both/how", "How?")]


@pytest.mark.parametrize("answer", [{"title": "poem"}, None])
def test_an_answer_is_kept_beside_those_before_it(answer: Any) -> None:
    assert take(ONE, {"what": answer, "else": 1}) == {"answers": {"before": None, "what": answer}}


def test_forms_are_answered_one_at_a_time() -> None:
    half = take(TWO, {"both/how": {"bold": True}})
    assert [form.key for form in forms_of(half)] == ["both/what"]
    whole = {"how": {"bold": True}, "what": {"title": "a"}}
    assert take(half, {"both/what": {"title": "a"}, "both/how": None}) == {"answers": {"both": whole}}


def test_forms_are_answered_all_at_once() -> None:
    whole = {"how": {}, "what": {"title": "a"}}
    assert take(TWO, {"both": whole}) == {"answers": {"both": whole}}
    assert take(TWO, {"both/how": {}, "both/what": None}) == {"answers": {"both": {"how": {}, "what": None}}}


def test_forms_that_are_all_declined_decline_the_question() -> None:
    assert take(TWO, {"both/how": None, "both/what": None}) == {"answers": {"both": None}}


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        (ONE, {}),
        (ONE, {"other": {"title": "a"}}),
        (ONE, {"what": {"title": 5}}),
        (ONE, {"what": {"title": "\0"}}),
        (ONE, {"what": {"title": "a", "more": float("nan")}}),
        (TWO, {"both/what": {}}),
        (TWO, {"both": {"what": {"title": "a"}}}),
        ({**TWO, "given": {"how": {}}}, {"both/how": {}}),
    ],
)
def test_what_is_no_answer_is_refused(question: dict[str, Any], answers: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        take(question, answers)
    assert caught.value.code is Code.INVALID_ARGUMENTS


def test_a_large_answer_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        take(ONE, {"what": {"title": "a" * 65_536}})
    assert caught.value.code is Code.TOO_LARGE


async def test_forms_answered_at_the_same_time_are_all_kept(two: Two) -> None:
    from devskyy_mcp.jobs import store

    services, ada = Services(), Principal("user:ada", "user", frozenset())
    services.put(Database, two.db)
    services.put(Events, two.events)
    jobs = Jobs(services)
    for number in range(10):
        job = f"job_{number}"
        await two.here.add(job, ada.id)
        async with two.db.begin() as conn:
            assert await store.move(conn, job, ["queued"], "input_required", question=TWO)
        async with anyio.create_task_group() as tasks:
            empty: dict[str, Any] = {"both/how": {}}
            tasks.start_soon(partial(jobs.answer, person=True), ada, job, empty)
            tasks.start_soon(partial(jobs.answer, person=True), ada, job, {"both/what": {"title": "a"}})
        async with two.db.read() as conn:
            row = await store.read(conn, job)
        assert row is not None
        assert (row["state"], row["question"]) == ("queued", {"answers": {"both": {"how": {}, "what": {"title": "a"}}}})
