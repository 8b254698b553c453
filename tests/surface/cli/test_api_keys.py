from __future__ import annotations

import io
import sys

import pytest

from devskyy_mcp.errors import EXIT_STATUS, Code

from .conftest import Run
from .talking import talk


@pytest.fixture
def ada(run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stdin", io.StringIO("four words nobody guesses\n"))
    assert run("users", "add", "ada@example.com", "--role", "editor", "--password-stdin").status == 0
    return "ada@example.com"


@pytest.mark.requirement("auth:api-keys")
def test_a_key_is_made_listed_without_its_secret_and_revoked(run: Run, ada: str) -> None:
    made = run("api-keys", "create", ada, "--name", "ci", "--scope", "catalog:read", "--days", "30", "--json").json
    assert made["key"].startswith(f"dsk_live_{made['id']}_")
    listed = run("api-keys", "list", "--json")
    assert made["key"].rpartition("_")[2] not in listed.out
    row = listed.json["api_keys"][0]
    found = {name: row[name] for name in ("id", "login", "name", "scopes", "state", "used")}
    assert found == {
        "id": made["id"], "login": ada, "name": "ci", "scopes": "catalog:read", "state": "live", "used": "never",
    }  # fmt: skip
    assert run("api-keys", "revoke", made["id"]).status == 0
    assert run("api-keys", "list", ada).json["api_keys"][0]["state"] == "revoked"
    assert run("api-keys", "revoke", made["id"]).status == EXIT_STATUS[Code.NOT_FOUND]


@pytest.mark.requirement("auth:api-keys")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ada@example.com", "--scope", "orders:write"], Code.FORBIDDEN),
        (["ada@example.com", "--scope", "everything"], Code.INVALID_ARGUMENTS),
        (["ada@example.com", "--scope", "catalog:read", "--days", "400"], Code.INVALID_ARGUMENTS),
        (["eve@example.com", "--scope", "catalog:read"], Code.NOT_FOUND),
    ],
)
def test_what_a_key_cant_be_is_said(run: Run, ada: str, words: list[str], code: Code) -> None:
    ran = run("api-keys", "create", *words, "--name", "ci")
    assert (ran.status, ran.out) == (EXIT_STATUS[code], "")


@pytest.mark.requirement("auth:api-keys")
def test_a_key_is_shown_in_words_and_keys_are_a_table_at_a_terminal(run: Run, ada: str) -> None:
    assert "There are no API keys." in talk(["api-keys", "list"], [])[1]
    made = run("api-keys", "create", ada, "--name", "ci", "--scope", "catalog:read")
    assert "This is the only time that the key is shown." in made.out
    head, row = talk(["api-keys", "list"], [])[1].strip().splitlines()
    assert (head.split()[:2], ada in row) == (["id", "login"], True)
    assert made.out.split()[0] not in row
