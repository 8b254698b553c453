"""Every tool on every surface: the same result or the same refusal, and one record of each call."""

from __future__ import annotations

import copy
import json
import re
import shutil
import sqlite3
import sys
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import installed_packs, local_principal
from devskyy_mcp.capability import Registry
from devskyy_mcp.guard.loopback import LOCAL

from .equal.inputs import ABSENT, SEED, Case, cases_of
from .equal.past import Past, make_past
from .equal.ways import SURFACES, WAYS, Answer, Way, cli, of_command, process_env, words_of

OWN_CASES = {"tools_read", "tools_call", "changes_apply"}
"""Tools whose schemas do not say what makes sense: the past has calls for them."""
FRUITLESS = {
    *("agents_run", "media_credentials_sign", "wp_media_upload", "woo_receipts_get", "no_such_tool"),
}
"""What can't succeed here: no provider has a key, no certificate is set to sign with, a picture would have to come from
the internet, and a person has to agree to a receipt.
"""
DRAWN = {"audit_list", "server_health_get", "woo_products_related"}
"""What gives something else each time: the calls of this very test, how much room there is on the disk, and products
that the shop draws by lot.
"""
RECORDED = ("capability", "effect", "code", "arguments_sha256", "change_id")
SHOWN = 600
_MADE = re.compile(r"(?:chg|job)_[0-9A-Za-z]+|rep_[0-9A-Za-z_-]+")
_MOVING = {"state", "summary", "progress", "started_at", "finished_at", "next", "result"}
_LENT = re.compile(r"\?link=[\w.-]+")
"""Sealed by each server's own key."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")


class Plain:
    """Puts words in the place of what differs by design: ids of new changes and jobs, times, the caller's own id; and
    leaves out how far a job is that goes on meanwhile.
    """

    def __init__(self, past: Past) -> None:
        self.known = {known: known for name in ("change", "job") for known in past.known[name]}

    def __call__(self, value: Any) -> Any:
        text = json.dumps(_standing(value), sort_keys=True)
        text = _MADE.sub(lambda found: self.known.setdefault(found[0], f"<made {len(self.known)}>"), text)
        text = _TIME.sub("<time>", _LENT.sub("?link=<link>", text))
        for principal in (local_principal(), LOCAL):
            text = text.replace(json.dumps(principal.id), '"<caller>"')
        return json.loads(text)


def _standing(value: Any) -> Any:
    match value:
        case {"job": _, "tool": _, "state": "queued" | "running"}:
            return {name: inner for name, inner in value.items() if name not in _MOVING}
        case dict():
            return {name: _standing(inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType] # JSON tree
        case list():
            return [_standing(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value


def cases(past: Past) -> list[Case]:
    tools = Registry(installed_packs()).tools
    usual = [tool for name, tool in sorted(tools.items()) if name not in OWN_CASES]
    usual.sort(key=lambda tool: tool.policy.texts == "outside")  # whoever has read such texts may do less
    return [*(case for tool in usual for case in cases_of(tool, past.known_to(tool.name))), *past.special()]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.requirement("surfaces:equal")
@pytest.mark.requirement("audit:every-call")
async def test_every_tool_is_the_same_on_every_surface(tmp_path: Path) -> None:
    past = await make_past(tmp_path / "past")
    before = len(calls_recorded(tmp_path / "past"))
    wanted = cases(past)
    answers = await ask_all(tmp_path, past, wanted)
    records: dict[str, list[Any]] = {}
    for name, told in answers.items():
        rows = calls_recorded(tmp_path / name)[before:]
        assert len(rows) == len(wanted), f"{name} recorded {len(rows)} of {len(wanted)} calls"
        assert {row["surface"] for row in rows} == {SURFACES[name]}
        assert [row["code"] for row in rows] == [code_of(answer) for answer in told]
        plain = Plain(past)
        records[name] = [plain([row[column] for column in RECORDED]) for row in rows]
    check_equal(wanted, answers)
    check_equal(wanted, records)
    fruitful = {case.tool for case, answer in zip(wanted, answers["rest"], strict=True) if "result" in answer}
    assert {case.tool for case in wanted} - fruitful == FRUITLESS
    assert "internal" not in {code_of(answer) for answer in answers["rest"]}


async def ask_all(folder: Path, past: Past, wanted: list[Case]) -> dict[str, list[Answer]]:
    """Make each call on all surfaces at once, before the next: each surface on a copy of the same past."""
    plain = {name: Plain(past) for name in WAYS}
    answers: dict[str, list[Answer]] = {name: [] for name in WAYS}
    async with AsyncExitStack() as stack:
        ways: dict[str, Way] = {}
        for name, way in WAYS.items():
            shutil.copytree(folder / "past", folder / name)
            ways[name] = await stack.enter_async_context(way(folder / name))

        async def ask(name: str, case: Case) -> None:
            with anyio.fail_after(60):
                # What is drawn by lot must not number what comes after it.
                seen = copy.deepcopy(plain[name]) if case.tool in DRAWN else plain[name]
                answers[name].append(seen(await ways[name](case)))

        for case in wanted:
            async with anyio.create_task_group() as tasks:
                for name in ways:
                    tasks.start_soon(ask, name, case)
    return answers


def check_equal(wanted: list[Case], found: dict[str, list[Any]]) -> None:
    differing: list[str] = []
    for number, case in enumerate(wanted):
        if case.tool in DRAWN and all("result" in (values[number] or {}) for values in found.values()):
            continue
        texts = {name: json.dumps(values[number], ensure_ascii=False, sort_keys=True) for name, values in found.items()}
        if len(set(texts.values())) > 1:
            told = "\n".join(f"  {name}: {text[:SHOWN]}" for name, text in texts.items())
            differing.append(f"{case.tool} {json.dumps(case.arguments)}\n{told}")
    first = "\n".join(differing[:10])
    assert not differing, f"seed {SEED}: {len(differing)} of {len(wanted)} calls differ, first these:\n{first}"


def code_of(answer: Answer) -> str:
    return answer["error"]["code"] if "error" in answer else "ok"


def calls_recorded(folder: Path) -> list[dict[str, Any]]:
    """The audit's records of calls, in order."""
    with closing(sqlite3.connect(folder / "devskyy.db")) as db:
        db.row_factory = sqlite3.Row
        rows = db.execute("SELECT * FROM audit WHERE phase = 'call' ORDER BY seq").fetchall()
    return [dict(row) for row in rows]


@pytest.mark.slow
@pytest.mark.requirement("surfaces:equal")
async def test_real_command_lines_say_what_the_command_does(tmp_path: Path) -> None:
    past = await make_past(tmp_path / "past")
    before = len(calls_recorded(tmp_path / "past"))
    product = past.ids["woo_products"][0]
    lines = [
        Case("woo_products_list", {"search": "tee", "limit": 3}, True),
        Case("woo_products_update", {"id": product, "name": "Renamed – “so”", "preview": True}, True),
        Case("woo_products_bulk_update", {"items": [{"id": product, "regular_price": "1,5"}], "preview": True}, True),
        Case("wp_posts_get", {"id": ABSENT}, False),
        Case("woo_orders_list", {"limt": 3}, True),
    ]
    for name in ("process", "function"):
        shutil.copytree(tmp_path / "past", tmp_path / name)
    real: dict[str, Answer] = {}

    async def run(case: Case) -> None:
        command = [sys.executable, "-m", "devskyy_mcp", "call", case.tool, *words_of(case)]
        folder = tmp_path / "process"
        done = await anyio.run_process(command, cwd=folder, env=process_env(folder), check=False)
        real[case.tool] = of_command(done.returncode, done.stdout.decode(), done.stderr.decode())

    async with anyio.create_task_group() as tasks:
        for case in lines:
            tasks.start_soon(run, case)
    async with cli(tmp_path / "function") as way:
        for case in lines:
            assert Plain(past)(real[case.tool]) == Plain(past)(await way(case)), case
    assert len(calls_recorded(tmp_path / "process")) == before + len(lines)
    assert sorted(map(code_of, real.values())) == ["invalid_arguments"] * 2 + ["not_found"] + ["ok"] * 2
