"""What is asked of models, and what they say, is in no log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ASKED, SAID = "Where does Ada Lovelace live", "In Ockham Park"
ALONE = f"""
import sys
from pathlib import Path
import anyio
from devskyy_mcp.guard.logs import set_up
from tests.fakes.llm.server import Answer, Fault, Refusal
from tests.fakes.served import settings_for
from tests.unit.llm.asking import PROVIDERS, a_desk

async def main(folder):
    set_up(settings_for(folder, log_level="DEBUG", log_format="text"))
    async with a_desk(folder) as desk:
        for name in PROVIDERS:
            assert (await desk.turn(name, Answer("{SAID}."), text="{ASKED}?")).text
            for step in (Answer(("{SAID}", "."), fault=Fault("garbage")), Refusal("server"), Refusal("bad_request")):
                await desk.error(name, step, text="{ASKED}?")
    print("asked", len(desk.models.asked))

anyio.run(main, Path(sys.argv[1]))
"""


@pytest.mark.requirement("llm:logs")
def test_no_log_has_what_is_asked_or_said_at_any_level(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ALONE, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("asked 24")
    found = [line for line in ran.stderr.splitlines() if ASKED in line or SAID in line or "Authorization" in line]
    assert not found, f"{len(found)} lines, the first from {found[0][:60]}"
