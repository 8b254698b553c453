"""What optional parts there are: as pyproject.toml has them, and without importing one."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from devskyy_mcp.ops import doctor, extras

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.requirement("doctor:extras")
def test_every_extra_is_told() -> None:
    declared = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    assert set(extras.ADDS) == set(declared)
    assert all(one.missing == [] for one in extras.extras() if one.name == "three-d")


@pytest.mark.requirement("doctor:extras")
async def test_what_is_missing_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "imageio-ffmpeg":
            raise metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(extras, "version", version)
    monkeypatch.setattr(doctor, "has_egl", lambda: False)
    found = doctor._extras()  # pyright: ignore[reportPrivateUsage] # the one check, without the others
    [video] = [one for one in found if "[video]" in one.what]
    assert "imageio-ffmpeg" in video.what
    assert video.do.endswith("pip install 'devskyy-mcp[video]'")
    assert "libegl1" in found[-1].do
    assert {one.level for one in found} == {"ok"}


@pytest.mark.requirement("doctor:extras")
def test_nothing_of_them_is_imported() -> None:
    script = (
        "import sys; from devskyy_mcp.ops.doctor import _extras; _extras();"
        "print([name for name in ('onnxruntime', 'meshopt', 'moderngl', 'pxr', 'imageio_ffmpeg', 'c2pa', 'numpy')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
