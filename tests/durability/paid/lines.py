"""Dying at a chosen line of what handles paid calls. The product knows nothing of it: Python's tracing does it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import anyio

import devskyy_mcp
from devskyy_mcp.app import App
from devskyy_mcp.jobs.worker import Worker

HOME = Path(devskyy_mcp.__file__).parent
FILES = tuple(
    str(HOME / name)
    for name in (
        "jobs/ledger.py",
        "jobs/run.py",
        "jobs/worker.py",
        "changes/commit.py",
        "changes/settle.py",
    )
)
Line = tuple[str, int]


class Tracer:
    """Notes the lines in the order they are first reached, and dies before ``die_at`` is carried out."""

    def __init__(self, die_at: Line | None = None, files: Collection[str] = FILES) -> None:
        self.die_at = die_at
        self.files = files
        self.reached: dict[Line, None] = {}

    def __call__(self, frame: FrameType, event: str, _given: Any) -> Any:
        return self.line if frame.f_code.co_filename in self.files else None

    def line(self, frame: FrameType, event: str, _given: Any) -> Any:
        if event == "line":
            at = frame.f_code.co_filename, frame.f_lineno
            if at == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.reached.setdefault(at)
        return self.line


class Opens(Protocol):
    """What opens an app: a ``Place``, or one with other packs."""

    def app(self, **more: Any) -> App: ...


def run_once(
    place: Opens,
    job: str,
    token: int,
    die_at: Line | None,
    pipe: Connection | None,
    files: Collection[str] = FILES,
) -> None:
    """Entry of a process that runs the job once; sends the lines that it has reached, if it lives."""
    tracer = Tracer(die_at, files)
    sys.settrace(tracer)
    anyio.run(_run, place, job, token)
    sys.settrace(None)
    if pipe is not None:
        pipe.send(list(tracer.reached))


async def _run(place: Opens, job: str, token: int) -> None:
    app = place.app(worker="off")
    try:
        worker = Worker(app.services)
        worker.executor = "test"
        await worker.run_job(job, token)
    finally:
        await app.close()
