from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.db import Database
from devskyy_mcp.db.cache import Cache, MemoryCache
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.ops.doctor import Checks, Finding, examine

from .conftest import Run


@pytest.mark.requirement("cli:office")
def test_tools_are_found_by_words(run: Run) -> None:
    assert [line.split()[0] for line in run("tools", "note", "bin").out.splitlines()[1:]] == ["notes_delete"]
    assert run("tools", "nothing-like-this").out == "No tool matches.\n"
    whole = run("tools", "notes_update", "--json").json["tools"]
    assert (whole[0]["effect"], whole[0]["scopes"]) == ("write", ["notes:write"])
    assert whole[0]["input_schema"]["required"] == ["note"]


@pytest.mark.requirement("cli:office")
def test_changes_are_listed_and_shown_whole(run: Run) -> None:
    for number in range(30):
        run("call", "notes_create", "--title", f"n{number}")
    change = run("call", "notes_rename_all", "--prefix", "x-").json["change"]
    listed = run("changes", "--limit", "2").json["changes"]
    assert (listed[0]["id"], listed[0]["state"], len(listed)) == (change, "proposed", 2)
    assert len(run("changes", change).json["changes"]) == 32
    assert [row["id"] for row in run("changes", "--state", "proposed").json["changes"]] == [change]
    assert run("changes", "chg_none").status != 0


@pytest.mark.requirement("cli:office")
def test_an_edited_audit_is_told_at_its_row(run: Run, app_settings: Settings) -> None:
    for _ in range(3):
        run("call", "notes_list")
    assert run("audit", "verify").out == "The audit is whole: 3 rows; signed checkpoints: 1.\n"
    with contextlib.closing(sqlite3.connect(app_settings.data_dir / "devskyy.db")) as file, file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        file.execute("UPDATE audit SET principal = 'somebody else' WHERE seq = 2")
    ran = run("audit", "verify")
    assert ran.status == 1
    assert "broken at row 2" in ran.out


@pytest.mark.requirement("cli:office")
def test_the_local_key_is_not_written_into_a_pipe(run: Run, app_settings: Settings) -> None:
    ran = run("local-key")
    path = Path(ran.out.strip())
    assert path.parent == app_settings.data_dir
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text(encoding="ascii").strip() not in ran.out


@pytest.mark.requirement("cli:office")
def test_migrate_makes_the_tables(run: Run, app_settings: Settings) -> None:
    assert run("migrate").status == 0
    assert (app_settings.data_dir / "devskyy.db").stat().st_size > 0


@pytest.mark.requirement("cli:light")
@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["version"], {"pydantic", "anyio", "mcp", "starlette", "sqlalchemy", "httpx2"}),
        (["tools"], {"mcp", "sqlalchemy", "alembic", "uvicorn", "openai", "anthropic", "redis", "asyncpg", "numpy"}),
    ],
)
def test_nothing_heavy_is_loaded_early(words: list[str], absent: set[str]) -> None:
    code = (
        "import sys; from devskyy_mcp.cli import main; status = main(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stderr.split()) & absent == set()


# ---- doctor ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("cli:doctor")
def test_a_healthy_installation(run: Run) -> None:
    ran = run("doctor", "--json")
    assert ran.status == 0
    assert {"settings", "data folder", "database", "port"} <= set(ran.json)
    assert "PROBLEM" not in run("doctor").out


@pytest.mark.requirement("cli:doctor")
def test_a_database_that_is_none(run: Run, app_settings: Settings) -> None:
    app_settings.data_dir.mkdir(mode=0o700)
    (app_settings.data_dir / "devskyy.db").write_bytes(b"not a database, " * 100)
    ran = run("doctor")
    assert ran.status == 1
    assert "PROBLEM database:" in ran.out
    assert "→" in ran.out


@pytest.mark.requirement("cli:doctor")
@pytest.mark.parametrize(
    ("given", "level", "told"),
    [
        ({"wordpress_username": "ada"}, "warning", "WORDPRESS_USERNAME set, but WORDPRESS_URL is not."),
        ({"host": "0.0.0.0"}, "problem", "DEVSKYY_PUBLIC_URL is not set"),
        ({"upload_folders": ["/does/not/exist"]}, "warning", "No such folder: /does/not/exist."),
        ({"data_dir": "/proc/none"}, "problem", "can't be made"),
    ],
)
async def test_what_is_set_up_wrongly_is_told(
    app_settings: Settings, given: dict[str, Any], level: str, told: str
) -> None:
    settings = app_settings.model_copy(update={**given, "data_dir": Path(given.get("data_dir", app_settings.data_dir))})
    found = [item for items in (await _examine(settings)).values() for item in items]
    matching = [item for item in found if told in item.what]
    assert {item.level for item in matching} == {level}
    assert matching[0].do


@pytest.mark.skipif(os.name != "posix", reason="folder modes")
@pytest.mark.requirement("cli:doctor")
async def test_a_folder_that_others_may_look_into(app_settings: Settings) -> None:
    app_settings.data_dir.mkdir(mode=0o755)
    assert ("warning", "chmod") in [
        (item.level, item.do.split()[1]) for item in (await _examine(app_settings))["data folder"] if item.do
    ]


@pytest.mark.requirement("cli:doctor")
async def test_packs_add_checks_and_a_broken_one_hides_no_other(app_settings: Settings) -> None:
    async def fine() -> list[Finding]:
        return [Finding("ok", "All good.")]

    async def refuses() -> list[Finding]:
        raise Refused(Code.NOT_CONFIGURED, "The password is wrong.", "Make a new one.")

    async def breaks() -> list[Finding]:
        raise ValueError("s3cret")

    checks = Checks()
    for name, check in {"a": refuses, "b": breaks, "c": fine}.items():
        checks.add(name, check)
    found = await _examine(app_settings, checks)
    assert found["a"] == [Finding("problem", "The password is wrong.", "Make a new one.")]
    assert found["b"][0].level == "problem"
    assert "s3cret" not in str(found)
    assert found["c"][0].level == "ok"


async def _examine(settings: Settings, checks: Checks | None = None) -> dict[str, list[Finding]]:
    services = Services()
    services.put(Settings, settings)
    services.put(Checks, checks or Checks())
    services.put(Cache, MemoryCache())
    database = Database(settings.data_dir / "devskyy.db")
    services.put(Database, database)
    try:
        return await examine(services)
    finally:
        await database.close()


@pytest.mark.requirement("cli:errors")
def test_a_settings_file_that_is_not_there_is_told_and_not_left_out(run: Run, tmp_path: Path) -> None:
    ran = run("--env-file", str(tmp_path / "typo.env"), "tools")
    assert ran.status == 78
    assert "There is no settings file" in ran.err
    assert ran.out == ""


@pytest.mark.requirement("cli:call")
def test_a_change_reads_as_before_and_after(run: Run) -> None:
    ran = run("call", "notes_update", "--note", "1", "--title", "changed", "--output", "table")
    assert "title first → changed; done" in ran.out
