from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

import devskyy_mcp.app
from devskyy_mcp import __version__
from devskyy_mcp.cli import main

pytestmark = pytest.mark.requirement("plugin:zip")
NAME = f"devskyy-{__version__}.zip"


@pytest.mark.parametrize("out", ["", "folder", "other.zip"])
def test_writes_the_zip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert main(["plugin", "build", *(["--out", out] if out else [])]) == 0
    where = {"": NAME, "folder": f"folder/{NAME}", "other.zip": "other.zip"}[out]
    assert where in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / where) as archive:
        assert "devskyy/devskyy.php" in archive.namelist()


def test_the_same_bytes_whenever_it_is_built(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        assert main(["plugin", "build", "--out", str(tmp_path / name)]) == 0
        os.utime(tmp_path / name, (0, 0))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_says_where_it_can_not_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "build", "--out", str(tmp_path / "nowhere" / "x.zip")]) == 1
    assert "can't be written" in capsys.readouterr().err


def test_says_that_no_pack_has_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(devskyy_mcp.app, "installed_packs", list)
    monkeypatch.setattr(devskyy_mcp.app, "own_folder", lambda: None)
    assert main(["plugin", "build"]) == 1
    assert "No installed pack has a plugin." in capsys.readouterr().err
