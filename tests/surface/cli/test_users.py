"""``devskyy users``: who may sign in, from a terminal."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from devskyy_mcp.config import Settings
from devskyy_mcp.errors import EXIT_STATUS, Code
from devskyy_mcp.surfaces.hosts import welcome
from tests.fakes.people import PASSWORD

from .conftest import Ran, Run
from .talking import talk

pytestmark = pytest.mark.requirement("cli:users")


@pytest.fixture
def add(run: Run, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Add somebody whose password comes through a pipe."""

    def added(login: str, role: str = "owner", password: str = PASSWORD) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return run("users", "add", login, "--role", role, "--password-stdin")

    return added


def listed(run: Run) -> dict[str, dict[str, Any]]:
    return {row["login"]: row for row in run("users", "list", "--json").json["users"]}


def test_the_first_owner_is_made_at_a_terminal_and_the_password_is_not_shown(run: Run) -> None:
    questions = [
        ("Login", "Ada@Example.com"),
        ("Password", PASSWORD),
        ("The same once more", PASSWORD),
    ]
    status, shown = talk(["users", "add", "--role", "owner", "--name", "Ada Lovelace"], questions)
    assert (status, PASSWORD in shown) == (0, False)
    assert "ada@example.com may sign in now, as owner." in shown
    assert listed(run)["ada@example.com"]["name"] == "Ada Lovelace"


def test_two_passwords_that_differ_change_nothing(run: Run) -> None:
    questions = [("Password", PASSWORD), ("The same once more", "something else entirely")]
    status, shown = talk(["users", "add", "ada", "--role", "owner"], questions)
    assert (status, "differ" in shown) == (EXIT_STATUS[Code.INVALID_ARGUMENTS], True)
    assert listed(run) == {}


def test_without_a_terminal_the_password_comes_through_a_pipe_or_not_at_all(run: Run, add: Any) -> None:
    assert add("ada").status == 0
    assert add("bo", password="short").status == EXIT_STATUS[Code.INVALID_ARGUMENTS]
    assert add("ada").status == EXIT_STATUS[Code.CONFLICT]
    assert list(listed(run)) == ["ada"]


def test_accounts_are_changed(run: Run, add: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add("ada")
    add("bo", "editor")
    for words in (["role", "bo", "manager"], ["disable", "bo"], ["reset-mfa", "bo"], ["sign-out", "bo"]):
        assert run("users", *words[:1], *words[1:]).status == 0
    row = listed(run)["bo"]
    assert (row["role"], row["state"], row["second_factor"], row["signed_in"]) == (
        "manager",
        "disabled",
        "none",
        "never",
    )
    assert run("users", "enable", "bo").status == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("another four words entirely\n"))
    assert run("users", "password", "bo", "--password-stdin").status == 0
    assert listed(run)["bo"]["state"] == "active"


def test_somebody_gets_another_name(run: Run, add: Any) -> None:
    add("ada")
    assert "is called Ada King now" in run("users", "name", "ada", " Ada  King ").out
    assert listed(run)["ada"]["name"] == "Ada King"
    assert run("users", "name", "ada", "\u202e").status == EXIT_STATUS[Code.INVALID_ARGUMENTS]
    assert run("users", "name", "nobody", "Bo").status == EXIT_STATUS[Code.NOT_FOUND]
    assert listed(run)["ada"]["name"] == "Ada King"


@pytest.mark.requirement("people:last-owner")
def test_the_last_owner_stays(run: Run, add: Any) -> None:
    add("ada")
    for words in (["role", "ada", "editor"], ["disable", "ada"]):
        assert run("users", *words).status == EXIT_STATUS[Code.CONFLICT]


def test_somebody_unknown_is_told(run: Run) -> None:
    ran = run("users", "disable", "nobody")
    assert (ran.status, "devskyy users list" in ran.err) == (EXIT_STATUS[Code.NOT_FOUND], True)
    assert run("users", "role", "nobody", "king").status == 2


def test_nobody_yet_is_told_by_the_server_and_the_doctor(
    run: Run, add: Any, app_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app_settings.model_copy(update={"auth_mode": "embedded"})
    assert "devskyy users add --role owner" in welcome(settings, nobody=True)
    assert "devskyy users add" not in welcome(settings)
    monkeypatch.setenv("AUTH_MODE", "embedded")
    found = json.loads(run("doctor", "--json").out)["sign-in"]
    assert [one["level"] for one in found] == ["ok", "problem"]
    add("ada")
    found = json.loads(run("doctor", "--json").out)["sign-in"]
    assert [one["level"] for one in found] == ["ok", "warning"]
    assert "second factor: 1" in found[1]["what"]


def test_at_a_terminal_people_are_a_table(run: Run, add: Any) -> None:
    status, shown = talk(["users", "list"], [])
    assert (status, "Nobody may sign in yet" in shown) == (0, True)
    add("ada")
    status, shown = talk(["users", "list"], [])
    head, row = shown.strip().splitlines()
    assert (status, head.split()[:3], row.split()[0]) == (0, ["login", "name", "role"], "ada")
