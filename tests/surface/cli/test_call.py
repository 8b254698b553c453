from __future__ import annotations

import io
import json
import sys
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

import devskyy_mcp.app
from devskyy_mcp.capability import Pack, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import EXIT_STATUS, Code
from tests.fakes.notes import Notes
from tests.fakes.packs import notes_pack

from .conftest import Run


@pytest.mark.requirement("cli:call")
def test_a_read_with_flags(run: Run) -> None:
    ran = run("call", "notes_list", "--limit", "1", "--status=draft")
    assert ran.status == 0
    assert [note["title"] for note in ran.json["notes"]] == ["first"]


@pytest.mark.requirement("cli:call")
@pytest.mark.parametrize("flag", ["--preview", "--preview=true", "--preview=yes"])
def test_a_flag_alone_says_yes(run: Run, notes: Notes, flag: str) -> None:
    ran = run("call", "notes_update", "--note", "1", "--title", "new", flag)
    assert (ran.status, ran.json["state"], notes.rows[1]["title"]) == (0, "proposed", "first")


@pytest.mark.requirement("cli:call")
@pytest.mark.parametrize("words", [[], ["--no-preview"], ["--preview=false"], ["--preview", "no"]])
def test_a_write_is_done(run: Run, notes: Notes, words: list[str]) -> None:
    ran = run("call", "notes_update", "--note", "1", "--title", "new", *words)
    assert (ran.status, ran.json["state"], notes.rows[1]["title"]) == (0, "applied", "new")


@pytest.mark.requirement("cli:call")
def test_arguments_as_json_and_from_standard_input(run: Run, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("call", "notes_create", "--json", '{"title": "third", "text": "a"}').status == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"title": "fourth"}'))
    assert run("call", "notes_create", "--json", "-", "--text", "from a flag").status == 0
    assert [notes.rows[3]["title"], notes.rows[4]["text"]] == ["third", "from a flag"]


@pytest.mark.requirement("cli:call")
def test_the_same_key_is_carried_out_once(run: Run, notes: Notes) -> None:
    words = ("call", "notes_create", "--title", "third", "--idempotency-key", "k1")
    first, second = run(*words).json, run(*words).json
    assert (second["change"], second["repeated"], len(notes.rows)) == (first["change"], True, 3)


@pytest.mark.requirement("cli:call")
def test_a_tools_own_help(run: Run) -> None:
    ran = run("call", "notes_update", "--help")
    assert ran.status == 0
    assert "Change a note's title or text." in ran.out
    assert "--title TEXT" in ran.out
    assert "--preview [true|false]" in ran.out


@pytest.mark.requirement("cli:call")
def test_a_table_has_aligned_columns(run: Run) -> None:
    ran = run("call", "notes_list", "--output", "table")
    assert ran.out.splitlines() == [
        "total: 2",
        "notes:",
        "id  title   text  status",
        "1   first         draft",
        "2   second        draft",
    ]


@pytest.mark.requirement("cli:errors")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["notes_list", "--limit", "abc"], Code.INVALID_ARGUMENTS, "limit must be a whole number"),
        (["notes_list", "--limt", "3"], Code.INVALID_ARGUMENTS, "did you mean limit?"),
        (["notes_list", "--not-there=x"], Code.INVALID_ARGUMENTS, "not_there is not an argument"),
        (["notes_list", "stray"], Code.INVALID_ARGUMENTS, "'stray' belongs to no flag"),
        (["notes_update", "--title", "x"], Code.INVALID_ARGUMENTS, "note is required"),
        (["notes_list", "--json", "{"], Code.INVALID_ARGUMENTS, "--json is not valid JSON"),
        (["notes_list", "--json", "[]"], Code.INVALID_ARGUMENTS, "--json is not an object"),
        (["notes_list", "--json", '{"limit": NaN}'], Code.INVALID_ARGUMENTS, "--json is not valid JSON"),
        (["notes_lis"], Code.UNKNOWN_TOOL, "no tool called"),
        (["notes_show", "--note", "99"], Code.NOT_FOUND, "There is no note 99"),
        (["notes_break"], Code.INTERNAL, "Something went wrong inside DevSkyy"),
    ],
)
def test_refusals_have_the_one_code_words_and_a_status(run: Run, words: list[str], code: Code, told: str) -> None:
    ran = run("call", *words, "--output", "json")
    assert (ran.error["code"], ran.status, ran.out) == (code, EXIT_STATUS[code], "")
    assert told in ran.error["message"]


@pytest.mark.requirement("cli:errors")
def test_for_people_a_refusal_says_what_is_wrong_and_what_to_do(run: Run) -> None:
    ran = run("call", "notes_show", "--note", "99", "--output", "table")
    assert ran.err == "There is no note 99.\n  → notes_list lists them.\n"


@pytest.mark.requirement("cli:errors")
def test_a_call_without_a_name_shows_the_usage(run: Run) -> None:
    assert (run("call").status, run("call", "--help").status) == (2, 0)


@pytest.mark.requirement("cli:errors")
def test_settings_that_cannot_be_read_are_named_without_their_value(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVSKYY_PORT", "s3cret")
    ran = run("tools")
    assert ran.status == 78
    assert "DEVSKYY_PORT" in ran.err
    assert "s3cret" not in ran.err


@pytest.mark.requirement("cli:call")
def test_what_needs_a_person_waits_and_says_where(run: Run, notes: Notes) -> None:
    ran = run("call", "notes_burn", "--note", "1")
    assert (ran.status, ran.json["state"], 1 in notes.rows) == (0, "waits_for_person", True)
    assert ran.json["approve"]["command"] == f"devskyy approve {ran.json['change']}"


@pytest.mark.requirement("cli:call")
def test_each_call_leaves_one_record_under_the_persons_name(run: Run) -> None:
    run("call", "notes_list")
    run("call", "notes_list", "--limit", "abc")
    assert json.loads(run("audit", "verify", "--json").out)["rows"] == 2


class Letters(BaseModel):
    letters: list[str]


@pytest.fixture
def letters(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool whose arguments are called like the command's own flags, and whose result customers wrote."""
    tools = Toolset("letters", timeout=5)

    @tools.tool("read", scopes="notes:read", texts="outside")
    async def letters_list(
        ctx: Context,
        wait: int = 0,
        ids: list[int] | None = None,
        more: dict[str, Any] | None = None,
        sent: Annotated[bool, Field(description="100 % of them.")] = False,
    ) -> Letters:
        """List what customers wrote."""
        return Letters(letters=[f"{wait} {ids} {more} {sent}"])

    monkeypatch.setattr(devskyy_mcp.app, "installed_packs", lambda: [notes_pack(notes), Pack("letters", [tools])])


@pytest.mark.requirement("cli:call")
@pytest.mark.usefixtures("letters")
def test_what_customers_wrote_is_labelled_beside_the_result(run: Run) -> None:
    ran = run("call", "letters_list")
    assert (ran.status, ran.json["letters"]) == (0, ["0 None None False"])
    assert ran.err.startswith("trust: ")
    assert run("call", "notes_list").err == ""


@pytest.mark.requirement("cli:call")
@pytest.mark.usefixtures("letters")
def test_lists_and_objects_are_flags_and_an_argument_called_like_a_flag_of_ours_goes_through_json(run: Run) -> None:
    words = ["--ids", "1,2", "--more", '{"a": 1}', "--sent", "--wait", "30", "--json", '{"wait": 7}']
    assert run("call", "letters_list", *words).json["letters"] == ["7 [1, 2] {'a': 1} True"]
    told = run("call", "letters_list", "--help").out
    for form in ("--ids A,B", "--more JSON", "--wait SECONDS", "100 % of them."):
        assert form in told
