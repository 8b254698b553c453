from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from devskyy_mcp.changes import commit
from devskyy_mcp.jobs import ledger
from devskyy_tools.platform.pack import pack as platform
from devskyy_tools.three_d.pack import pack
from tests.fakes.meshy import MeshyServer
from tests.fakes.tripo import TripoServer

from .bench import Studio, studio


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for lost answers at once, instead of after what a real provider needs."""
    monkeypatch.setattr(commit, "FENCE", 0.3)
    monkeypatch.setattr(commit, "LOOKS", (0.01,))
    monkeypatch.setattr(ledger, "PAUSE", 0.05)


@pytest.fixture
def tripo() -> TripoServer:
    return TripoServer()


@pytest.fixture
def meshy() -> MeshyServer:
    return MeshyServer()


@pytest.fixture
async def at_tripo(tmp_path: Path, tripo: TripoServer) -> AsyncGenerator[Studio]:
    async with studio(tmp_path, {"tripo": tripo}, [platform, pack]) as made:
        yield made


@pytest.fixture
async def at_meshy(tmp_path: Path, meshy: MeshyServer) -> AsyncGenerator[Studio]:
    async with studio(tmp_path, {"meshy": meshy}, [platform, pack]) as made:
        yield made
