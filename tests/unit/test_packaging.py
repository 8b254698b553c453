"""What is installed: locks, the wheel in an environment of its own, nothing that shadows other people's packages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
UV = Path(sys.executable).parent / "uv"


def locked(name: str) -> dict[str, set[str]]:
    """Package → versions (one per platform, mostly one) of a lock file."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[.*?\])?==([^ ;\\]+)", line):
            found.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return found


def declared() -> dict[str, list[Requirement]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups: dict[str, list[str | dict[str, str]]] = project["dependency-groups"]

    def of(group: str) -> list[Requirement]:
        return [
            requirement
            for item in groups[group]
            for requirement in ([Requirement(item)] if isinstance(item, str) else of(item["include-group"]))
        ]

    run = [Requirement(item) for item in project["project"]["dependencies"]]
    extras = {
        name: [Requirement(item) for item in items]
        for name, items in project["project"]["optional-dependencies"].items()
    }
    demo = run + extras["three-d"] + extras["cutout"]
    return {
        "bootstrap.txt": of("bootstrap"),
        "run.txt": demo + of("build"),
        "find.txt": demo + extras["find"] + of("build"),
        "dev.txt": run + [item for items in extras.values() for item in items] + of("dev"),
    }


@pytest.mark.requirement("package:locks")
@pytest.mark.parametrize("name", ["bootstrap.txt", "run.txt", "find.txt", "dev.txt"])
def test_each_lock_holds_what_is_asked_for(name: str) -> None:
    found = locked(name)
    for requirement in declared()[name]:
        versions = found.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in requirements/{name}: make lock"
        assert all(requirement.specifier.contains(version) for version in versions), f"{requirement}: make lock"


@pytest.mark.requirement("package:locks")
def test_locks_agree_with_each_other_and_have_hashes() -> None:
    dev = locked("dev.txt")
    for part in ("run.txt", "find.txt"):
        assert {name: versions for name, versions in locked(part).items() if dev.get(name) != versions} == {}
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text(encoding="utf-8")
        assert text.count("==") <= text.count("--hash=sha256:"), file.name
        assert "://" not in text, file.name


@pytest.mark.requirement("package:no-stray-modules")
def test_nothing_of_ours_can_shadow_other_peoples_packages() -> None:
    assert list((ROOT / "agents").rglob("*.py")) == []
    assert list((ROOT / "tools").glob("*.py")) == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built through the source distribution as `make wheel` does."""
    target = tmp_path_factory.mktemp("dist")
    command = [str(UV), "build", "-q", "--no-build-isolation", "--python", sys.executable, "-o", str(target), str(ROOT)]
    subprocess.run(command, check=True, timeout=120)
    (built,) = target.glob("*.whl")
    return built


@pytest.mark.requirement("package:neighbours")
def test_the_wheels_top_level_is_ours_alone(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"devskyy_mcp", "devskyy_tools", "devskyy_mcp-0.1.0.dist-info"}
    needed = {"devskyy_mcp/db/migrations/versions/0001_first.py", "devskyy_mcp/surfaces/pages/base.html"}
    assert needed <= set(names)
    assert any(name.startswith("devskyy_tools/shop/schemas/") for name in names)
    plugin = Path("tools/devskyy_tools/wordpress/plugin")
    held = {str(file.relative_to(ROOT / "tools")) for file in (ROOT / plugin).rglob("*.*")}
    assert held
    assert held <= set(names)


@pytest.mark.requirement("package:neighbours")
def test_the_wheel_works_beside_openai_agents_and_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin/python"
    site = next((home / "lib").glob("python*/site-packages"))
    # What we and openai-agents depend on comes from this environment; only the wheel itself is installed.
    here = Path(sysconfig.get_path("purelib"))
    for entry in here.iterdir():
        if not entry.name.startswith(("devskyy", "_editable_impl_devskyy", "__pycache__")) and entry.suffix != ".pth":
            (site / entry.name).symlink_to(entry)
    install = [str(UV), "pip", "install", "-q", "--no-deps", "--offline", "--python", str(python), str(wheel)]
    subprocess.run(install, check=True, timeout=120)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    clean["DEVSKYY_DATA_DIR"] = str(tmp_path / "data")

    def outside(*command: str, given: str = "") -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=clean, input=given, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "agents/__init__.py" in outside(
        str(python), "-c", "import agents; from agents import Agent; print(agents.__file__)"
    )
    assert str(site) in outside(str(python), "-c", "import devskyy_mcp; print(devskyy_mcp.__file__)")
    assert "woo_products_list" in outside(str(home / "bin/devskyy"), "tools")
    outside(str(home / "bin/devskyy"), "plugin", "build", "--out", "devskyy.zip")
    assert "devskyy/includes/seo.php" in zipfile.ZipFile(tmp_path / "devskyy.zip").namelist()
    assert "woo_products_list" in listed_over_stdio([str(python), "-m", "devskyy_mcp", "stdio"], tmp_path, clean)


def listed_over_stdio(command: list[str], folder: Path, environment: dict[str, str]) -> set[str]:
    """The tools' names as a host gets them from the command."""
    client = {"name": "test", "version": "1"}
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for message in (
            {"id": 1, "method": "initialize", "params": hello},
            {"method": "notifications/initialized"},
            {"id": 2, "method": "tools/list"},
        ):
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
        for line in process.stdout:
            answer = json.loads(line)
            if answer.get("id") == 2:
                process.stdin.close()
                return {tool["name"] for tool in answer["result"]["tools"]}
    return set()


@pytest.mark.requirement("package:setup")
@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize(
    ("script", "told"),
    [
        (None, "none was found"),
        ("exit 1", "is older"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "python3-venv"),
    ],
)
def test_what_make_says_when_it_cannot_set_up(tmp_path: Path, script: str | None, told: str) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    given = f"PYTHON={python if script else ''}"
    done = subprocess.run(
        ["make", "setup", given], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert told in done.stderr
    assert not (tmp_path / ".venv").exists()
