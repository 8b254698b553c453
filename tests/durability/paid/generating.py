"""DevSkyy processes with the media pack, and the generators beside them, each in a process that nobody kills."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

import devskyy_tools
from devskyy_mcp.app import App, build
from devskyy_mcp.capability import Pack
from devskyy_mcp.changes import commit
from devskyy_mcp.config import Settings
from devskyy_mcp.jobs import tidy
from tests.durability.processes import ROOT, free_port
from tests.fakes import fashn, openai_media
from tests.unit.media.generating import CDN, hasten

from .processes import FENCE, TIDY_EVERY, until

TOOLS = Path(devskyy_tools.__file__).parent
FILES = tuple(
    str(TOOLS / name)
    for name in (
        "media/generate.py",
        "media/garments.py",
        "media/generators/bridge.py",
        "media/generators/fashn.py",
        "media/generators/handling.py",
        "media/generators/openai.py",
        "media/generators/receipts.py",
        "studio/providers/downloads.py",
        "studio/providers/system.py",
        "studio/providers/wire.py",
        "studio/providers/work.py",
    )
)
"""What a paid call of a generator goes through, beside the ledger."""
QUIET = 0.5
"""Seconds after which a lost answer is lost for good, instead of minutes."""


@dataclass(frozen=True)
class Studio:
    """Where the processes meet: the settings of each, and the ports of FASHN and OpenAI."""

    settings: dict[str, Any]
    fashn: int
    openai: int

    def app(self, **more: Any) -> App:
        from devskyy_tools.media.generators.fashn import Fashn
        from devskyy_tools.media.generators.openai import OpenAI
        from devskyy_tools.media.pack import pack
        from devskyy_tools.platform.pack import pack as platform

        commit.FENCE, tidy.OVERDUE_EVERY, tidy.PURGE_EVERY = FENCE, TIDY_EVERY, TIDY_EVERY
        Fashn.quiet_after = OpenAI.quiet_after = QUIET
        settings = Settings(_env_file=None, **{**self.settings, **more})  # pyright: ignore[reportCallIssue] # as in processes.py
        hurried = Pack("hurried", provides=lambda services: hasten(services, self.fashn))
        return build(settings, [platform, pack, hurried])

    def seen(self, port: int) -> Any:
        return httpx2.get(f"http://127.0.0.1:{port}/_seen", trust_env=False).json()


@contextmanager
def studio(folder: Path, database_url: str) -> Generator[Studio]:
    """Both generators at work, over a database."""
    ports = free_port(), free_port()
    given = {
        "data_dir": folder,
        "database_url": database_url,
        "environment": "test",
        "settle_after": 0.5,
        "fashn_url": f"http://127.0.0.1:{ports[0]}",
        "fashn_api_key": fashn.KEY,
        "openai_url": f"http://127.0.0.1:{ports[1]}/v1",
        "openai_api_key": openai_media.KEY,
    }
    made = Studio(given, *ports)
    with _served("fashn", ports[0]), _served("openai_media", ports[1]):
        for port in ports:
            until(lambda port=port: _answers(made, port), 60, "a generator does not start")
        httpx2.post(f"http://127.0.0.1:{ports[0]}/_faults", json={"host": CDN}, trust_env=False)
        yield made


@contextmanager
def _served(name: str, port: int) -> Generator[None]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tools"}
    command = [sys.executable, "-m", f"tests.fakes.{name}", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _answers(made: Studio, port: int) -> bool:
    try:
        return bool(made.seen(port))
    except httpx2.TransportError:
        return False
