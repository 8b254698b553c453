"""``devskyy clients``: programs in their own name, from a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from devskyy_mcp.errors import EXIT_STATUS, Code

from .conftest import Run
from .talking import talk

pytestmark = pytest.mark.requirement("cli:clients")


def test_a_client_is_added_listed_and_revoked(run: Run) -> None:
    made = run("clients", "add", "Stock feed", "notes:write", "--json").json
    assert len(made["client_secret"]) >= 43
    [row] = run("clients", "list", "--json").json["clients"]
    assert row == {
        "client_id": made["client_id"],
        "name": "Stock feed",
        "kind": "confidential",
        "scopes": "notes:write",
        "used": "never",
        "state": "active",
    }
    assert run("clients", "revoke", made["client_id"]).status == 0
    assert run("clients", "list", "--json").json["clients"][0]["state"] == "revoked"
    assert run("clients", "revoke", "app_none").status == EXIT_STATUS[Code.NOT_FOUND]


def test_a_client_with_a_key_gets_no_secret(run: Run, tmp_path: Path) -> None:
    key, file = ECKey.generate_key("P-256"), tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    made = run("clients", "add", "Signer", "notes:write", "--jwks", str(file), "--json").json
    assert made.keys() == {"client_id", "scopes"}
    for wrong in (json.dumps({"keys": [key.as_dict(private=True)]}), "[]", "{}", "x"):
        file.write_text(wrong)
        refused = run("clients", "add", "Signer", "notes:write", "--jwks", str(file))
        assert refused.status == EXIT_STATUS[Code.INVALID_ARGUMENTS], wrong


def test_a_scope_that_no_tool_has_is_refused(run: Run) -> None:
    assert run("clients", "add", "Feed", "no:such").status == EXIT_STATUS[Code.INVALID_ARGUMENTS]
    assert run("clients", "list", "--json").json == {"clients": []}


def test_at_a_terminal_a_client_is_shown_in_words_and_clients_are_a_table(run: Run) -> None:
    assert "No program is connected yet." in talk(["clients", "list"], [])[1]
    status, shown = talk(["clients", "add", "Stock feed", "notes:write"], [])
    assert status == 0
    assert "client_secret  " in shown
    assert "Keep it now: it is shown this once." in shown
    _, table = talk(["clients", "list"], [])
    head, row = table.strip().splitlines()
    assert (head.split()[:2], "Stock feed" in row) == (["client_id", "name"], True)
