"""The page that turns a model is what its sources give, within its size, with the licences of what is in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conformance.suite import install, node

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "frontend" / "viewer"
BUILT = ROOT / "tools" / "devskyy_tools" / "three_d" / "viewer.html"
MOST = 700_000


@pytest.mark.requirement("chat:viewer-built")
@pytest.mark.timeout(300)
def test_the_page_is_what_its_sources_give(tmp_path: Path) -> None:
    install(SOURCES)
    fresh = tmp_path / "viewer.html"
    subprocess.run([node(), "build.mjs", fresh], cwd=SOURCES, check=True, timeout=120)
    assert fresh.read_bytes() == BUILT.read_bytes(), "cd frontend/viewer && node build.mjs"


@pytest.mark.requirement("chat:viewer-built")
def test_it_is_small_and_says_whose_work_is_in_it() -> None:
    page = BUILT.read_text("utf-8")
    assert len(page.encode()) <= MOST
    assert page.count("MIT License") >= 1
    assert "three.js authors" in page
    assert "Arseny Kapoulkine" in page
    assert page.count("<script") == page.count("</script>") == 1
    assert " src=" not in page.partition("<script>")[0]
