from __future__ import annotations

import contextlib
import os
import sqlite3

import pytest

from devskyy_mcp.config import Settings

from .conftest import Run


@pytest.fixture
def own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key in the environment: it lies in the data folder."""
    monkeypatch.delenv("ENCRYPTION_MASTER_KEY")


@pytest.mark.requirement("cli:keys")
@pytest.mark.usefixtures("own_key")
def test_the_local_key_is_shown_by_its_id_and_rotated(run: Run, app_settings: Settings) -> None:
    assert run("call", "notes_update", "--note", "1", "--title", "a secret title").status == 0
    before = run("keys", "show", "--json").json
    file = app_settings.data_dir / "master.key"
    secret = file.read_text().strip()
    assert (before["source"], len(before["ring"]), before["missing"]) == (str(file), 1, [])
    shown = run("keys", "rotate", "--verify")
    assert shown.status == 0
    assert "Every one opens." in shown.out
    assert secret not in shown.out
    after = run("keys", "show", "--verify", "--json").json
    assert [key["data_keys"] for key in after["ring"]] == [2, 0]
    assert after["ring"][1]["kid"] == before["ring"][0]["kid"]
    assert {kid for counts in after["values"].values() for kid in counts} == {after["ring"][0]["kid"]}
    file.write_text(file.read_text().splitlines()[0])  # the old one may go
    assert run("changes").json["changes"][0]["tool"] == "notes_update"


@pytest.mark.requirement("cli:keys")
def test_keys_of_the_environment_are_rotated_to_the_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("call", "notes_list")
    old = run("keys", "show", "--json").json["ring"][0]["kid"]
    monkeypatch.setenv("ENCRYPTION_MASTER_KEY", f"another key,{os.environ['ENCRYPTION_MASTER_KEY']}")
    shown = run("keys", "show", "--json").json["ring"]
    assert ([key["data_keys"] for key in shown], shown[1]["kid"]) == ([0, 2], old)
    assert "not in use yet" in run("doctor").out
    assert run("keys", "rotate", "--json").json["rewrapped"] == 2
    assert run("keys", "rotate", "--json").json["rewrapped"] == 0
    monkeypatch.setenv("ENCRYPTION_MASTER_KEY", "another key")
    assert [key["kid"] for key in run("keys", "show", "--json").json["ring"]] == [shown[0]["kid"]]
    monkeypatch.setenv("ENCRYPTION_MASTER_KEY", "a third key")
    refused = run("keys", "show")
    assert refused.status != 0
    assert shown[0]["kid"] in refused.err
    assert "another key" not in refused.err


@pytest.mark.requirement("cli:keys")
def test_what_does_not_open_is_told_and_fails(run: Run, app_settings: Settings) -> None:
    for title in ("one", "two"):
        run("call", "notes_update", "--note", "1", "--title", title)
    with contextlib.closing(sqlite3.connect(app_settings.data_dir / "devskyy.db")) as file, file:
        file.execute("UPDATE change_ops SET body = (SELECT body FROM change_ops ORDER BY rowid DESC LIMIT 1)")
    ran = run("keys", "show", "--verify", "--json")
    assert ran.status == 1
    assert ran.json["failed"] == 1
    assert "change_ops.body of chg_" in ran.json["faults"][0]


@pytest.mark.requirement("vault:strict")
def test_what_was_put_there_unsealed_is_told_by_table_column_and_number(run: Run, app_settings: Settings) -> None:
    for title in ("one", "two"):
        run("call", "notes_update", "--note", "1", "--title", title)
    assert run("keys", "verify").status == 0
    with contextlib.closing(sqlite3.connect(app_settings.data_dir / "devskyy.db")) as file, file:
        file.execute("""UPDATE change_ops SET body = '{"title": "planted"}'""")
    for words in (["verify"], ["rotate", "--verify"]):
        ran = run("keys", *words)
        assert ran.status == 1
        assert "change_ops.body: 2 NOT SEALED" in ran.out
        assert "2 CAN'T BE USED:" in ran.out
        assert "planted" not in ran.out
    told = run("keys", "verify", "--json").json
    assert (told["unsealed"], told["failed"], told["only_sealed"]) == ({"change_ops.body": 2}, 2, True)
    change = run("changes", "--json").json["changes"][0]["id"]
    refused = run("changes", change)
    assert refused.status != 0
    assert "A stored value (change_ops.body) is not sealed" in refused.err


@pytest.mark.requirement("cli:keys")
def test_doctor_says_what_seals_and_warns_of_weak_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET_KEY", "changeme")
    told = run("doctor").out
    assert "sealed (AES-256-GCM); keys from ENCRYPTION_MASTER_KEY" in told
    assert "JWT_SECRET_KEY is shorter than 32 bytes" in told
    assert "changeme" not in told


@pytest.mark.requirement("settings:secrets")
def test_production_without_secrets_does_not_start_and_says_why(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("JWT_SECRET_KEY", "change-me-to-something-long-please")
    monkeypatch.delenv("ENCRYPTION_MASTER_KEY")
    ran = run("keys", "show")
    assert ran.status == 78
    assert "ENCRYPTION_MASTER_KEY: must be set where ENVIRONMENT=production" in ran.err
    assert "JWT_SECRET_KEY: is an example, which everybody knows" in ran.err
    assert "change-me" not in ran.err


@pytest.mark.requirement("cli:keys")
def test_keys_are_shown_in_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("call", "notes_list")
    monkeypatch.setenv("ENCRYPTION_MASTER_KEY", f"{os.environ['ENCRYPTION_MASTER_KEY']},one that nothing needs")
    shown = run("keys", "show")
    assert shown.out.startswith("Keys from ENCRYPTION_MASTER_KEY, the newest first:\n")
    assert "2 data keys" in shown.out
    assert "nothing in this database needs it" in shown.out
    assert "Sealed values" not in shown.out
    assert "Sealed values, by column and key:" in run("keys", "show", "--verify").out
