"""``devskyy answer`` at a real pseudo-terminal, in a process of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import EXIT_STATUS, Code
from devskyy_mcp.jobs import store
from tests.fakes.elsewhere import Hands

from .conftest import Run
from .test_approve import at_a_terminal

pytestmark = pytest.mark.requirement("jobs:consent")
JOB = "job_asking"


def on_file(work: Callable[[Hands], Awaitable[None]]) -> None:
    async def do() -> None:
        database = Database(Settings(_env_file=None).database)  # pyright: ignore[reportCallIssue] # pydantic-settings' own argument
        await work(Hands(database))
        await database.close()

    anyio.run(do)


@pytest.fixture(autouse=True)
def asking(run: Run) -> None:
    """A job that asks a person which size."""

    async def ask(hands: Hands) -> None:
        await hands.add(JOB, local_principal().id)
        await hands.ask(JOB, consent=True)

    on_file(ask)


def stored() -> tuple[str, object]:
    found: list[tuple[str, object]] = []

    async def look(hands: Hands) -> None:
        async with hands.db.read() as conn:
            row = await store.read(conn, JOB)
        assert row is not None
        found.append((row["state"], row["question"].get("answers")))

    on_file(look)
    return found[0]


def test_without_a_terminal_nobody_answers(run: Run) -> None:
    assert run("answer", JOB).status == EXIT_STATUS[Code.FORBIDDEN]
    assert stored() == ("input_required", None)


def test_each_field_is_asked_for_and_the_job_goes_on(run: Run) -> None:
    status, shown = at_a_terminal("answer", JOB, typed=["M", "yes"])
    assert status == 0, shown
    assert "Which size?" in shown
    assert "size (S / M): " in shown
    assert stored() == ("queued", {"size": {"size": "M"}})
    status, shown = at_a_terminal("answer", JOB, typed=[])
    assert status == EXIT_STATUS[Code.CONFLICT]
    assert "asks nothing now" in shown


@pytest.mark.parametrize(
    ("typed", "code"), [(["M", "no"], 1), (["XL", "yes"], EXIT_STATUS[Code.INVALID_ARGUMENTS]), (["", ""], 1)]
)
def test_what_is_no_answer_leaves_it(run: Run, typed: list[str], code: int) -> None:
    status, shown = at_a_terminal("answer", JOB, typed=typed)
    assert status == code, shown
    assert stored() == ("input_required", None)


def test_declining(run: Run) -> None:
    status, shown = at_a_terminal("answer", JOB, "--decline", typed=["decline"])
    assert status == 0, shown
    assert stored() == ("queued", {"size": None})
