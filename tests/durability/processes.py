"""Starting, waiting for and killing the processes of these tests."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.to_thread
import httpx2

from devskyy_tools import sandbox

from .driver import Job, work

ROOT = Path(__file__).parents[2]
# Processes are forked off a server that has imported all: a real process each, without the second of imports.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    [
        "__main__",
        "anyio._backends._asyncio",
        "devskyy_mcp.changes.settle",
        "devskyy_mcp.db.engine",
        "devskyy_tools.shop.system",
        "httpx2",
        "sqlalchemy.dialects.sqlite.aiosqlite",
        "sqlalchemy.ext.asyncio",
        "sqlalchemy.orm",
        "devskyy_mcp.jobs.engine",
        "devskyy_mcp.surfaces.http",
        "sqlalchemy.dialects.postgresql.asyncpg",
        "tests.durability.driver",
        "uvicorn",
    ]
)


async def ended(process: ForkServerProcess, seconds: float) -> int | None:
    """Its exit code, None if it still runs.

    Waited for on the event loop, since starting the next process asks after all the others: of two threads that read
    an exit code at once, one is told 255.
    """
    with anyio.move_on_after(seconds):
        await anyio.wait_readable(process.sentinel)
    return process.exitcode


class Running:
    """A DevSkyy process at work on a job."""

    def __init__(self, job: Job) -> None:
        self.pipe, theirs = context.Pipe(duplex=False)
        self.process: ForkServerProcess = context.Process(target=work, args=(job, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def signal(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    async def killed(self) -> None:
        """Kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        assert await self._gone() == -signal.SIGKILL

    async def died(self) -> None:
        """Wait until it has killed itself at its failpoint."""
        assert await self._gone() == -signal.SIGKILL, "the failpoint was not reached"

    async def answer(self) -> dict[str, Any]:
        """``{"data": …}`` or ``{"refused": …}``."""
        found = await anyio.to_thread.run_sync(self.pipe.recv, abandon_on_cancel=True)
        await self._gone()
        return found

    async def stopped(self) -> None:
        """Wait until it has stopped itself."""
        state = Path(f"/proc/{self.process.pid}/stat")
        with anyio.fail_after(20):
            while state.read_text().rsplit(")", 1)[1].split()[0] != "T":
                await anyio.sleep(0.02)

    async def _gone(self) -> int | None:
        code = await ended(self.process, 30)
        self.pipe.close()
        self.process.close()
        return code


@dataclass
class ShopServer:
    """The demo shop in a process of its own; ``http`` speaks to it directly, past every proxy."""

    file: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        auth = (sandbox.DEMO_USER, sandbox.DEMO_APP_PASSWORD)
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}/wp-json/", auth=auth, trust_env=False)

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.durability.shop_server", str(self.file), str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tools"})
        give_up = time.monotonic() + 30
        while True:
            try:
                self.http.get("")
                return
            except httpx2.TransportError:
                assert self.process.poll() is None, "the demo shop does not start"
                assert time.monotonic() < give_up, "the demo shop does not answer"
                time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.kill()
        self.http.close()

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of an answer that must be a good one."""
        answer = self.http.request(method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def find(self, path: str) -> dict[str, Any] | None:
        """The object as it is stored, or None."""
        answer = self.http.get(path, params={"context": "edit"})
        return None if answer.status_code in (404, 410) else cast("dict[str, Any]", answer.json())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass(frozen=True)
class Journal:
    """The journal's file, read past the product."""

    file: Path

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=10)) as db:
            db.row_factory = sqlite3.Row
            yield db

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        if not self.file.exists():
            return []
        with self._open() as db:
            return [dict(row) for row in db.execute(sql, values)]

    def newest(self) -> str | None:
        found = self.rows("SELECT id FROM change_sets ORDER BY created_at DESC, rowid DESC LIMIT 1")
        return found[0]["id"] if found else None

    def state(self, change: str) -> str:
        return self.rows("SELECT state FROM change_sets WHERE id = ?", change)[0]["state"]

    def ops(self, change: str) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM change_ops WHERE change_id = ? ORDER BY seq", change)

    def op_states(self, change: str) -> dict[str, int]:
        rows = self.rows("SELECT state, count(*) AS n FROM change_ops WHERE change_id = ? GROUP BY state", change)
        return {row["state"]: row["n"] for row in rows}

    def intents(self, change: str) -> int:
        rows = self.rows("SELECT count(*) AS n FROM audit WHERE change_id = ? AND phase = 'intent'", change)
        return rows[0]["n"]

    def locks(self) -> list[str]:
        return [row["key"] for row in self.rows("SELECT key FROM object_locks")]
