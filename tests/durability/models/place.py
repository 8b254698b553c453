"""DevSkyy processes that have models made by a provider's stand-in, which stands in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2

import devskyy_tools.studio.providers as home
from devskyy_mcp.app import App, build
from devskyy_mcp.changes import commit
from devskyy_mcp.config import Settings
from devskyy_tools.studio.providers import wire
from devskyy_tools.studio.providers.downloads import Downloads
from devskyy_tools.studio.providers.registry import Pace, Providers
from tests.durability.paid.processes import FENCE, until
from tests.durability.processes import ROOT, free_port
from tests.fakes import meshy, tripo
from tests.fakes.paid_tasks import downloads

Name = Literal["tripo", "meshy"]
KEYS: dict[Name, str] = {"tripo": tripo.KEY, "meshy": meshy.KEY}
OURS = tuple(
    str(Path(home.__path__[0]) / f"{name}.py")
    for name in ("work", "system", "wire", "downloads", "tripo", "meshy", "tripo_models", "meshy_models")
)
PACE = Pace(first=0.02, growth=1.2, longest=0.2)
QUIET = 1.5


@dataclass(frozen=True)
class ModelPlace:
    """Where the processes meet: the settings of each, and the stand-in's address."""

    settings: dict[str, Any]
    provider: str

    def app(self, **more: Any) -> App:
        from devskyy_tools.platform.pack import pack as platform
        from devskyy_tools.three_d.pack import pack

        commit.FENCE, wire.SUBMIT_DEADLINE = FENCE, 1.0
        settings = Settings(_env_file=None, **{**self.settings, **more})  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
        app = build(settings, [platform, pack])
        app.services.put(Downloads, downloads(urlsplit(self.provider).port or 0))
        providers = app.services.get(Providers)
        providers.pace = PACE
        for name in KEYS:
            providers.get(name).quiet_after = QUIET
        return app


def model_place(folder: Path, database_url: str, name: Name, url: str) -> ModelPlace:
    """Over one database; the provider's stand-in is at the address."""
    settings: dict[str, Any] = {
        "data_dir": folder,
        "database_url": database_url,
        "environment": "test",
        "settle_after": 0.5,
        "worker_concurrency": 50,
        "calls_per_second": 1e6,
        "calls_burst": 1_000_000,
        f"{name}_url": url,
        f"{name}_api_key": KEYS[name],
    }
    return ModelPlace(settings, url)


@dataclass
class StandIn:
    """A provider's stand-in that nobody kills."""

    name: Name
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", f"tests.fakes.{self.name}", str(self.port)]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tools"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment)
        until(self._answers, 30, "the stand-in does not start")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def seen(self) -> dict[str, Any]:
        return httpx2.get(f"{self.url}/_seen", trust_env=False).json()

    def harm(self, **faults: list[str]) -> None:
        httpx2.post(f"{self.url}/_faults", json=faults, trust_env=False)

    def paid(self, prompt: str) -> int:
        """How many tasks were made of the words."""
        return [task["body"].get("prompt") for task in self.seen()["tasks"]].count(prompt)

    def _answers(self) -> bool:
        try:
            return bool(self.seen())
        except httpx2.TransportError:
            return False
