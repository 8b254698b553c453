"""What all tests share: the event loop, settings in a folder of their own, and Debian packages that may be missing."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from devskyy_mcp.auth import standing
from devskyy_mcp.config import Settings
from devskyy_mcp.db import patience
from tests.fakes.postgres import database_url, postgres_server, postgres_url

__all__ = ["database_url", "postgres_server", "postgres_url"]

REQUIRED = os.environ.get("DEVSKYY_REQUIRE_DEBIAN") == "1"
MASTER_KEY = "P3f1n0kz0q7VvV8m1mFh3w0m4kq9Yb2t8uXcR6dLw5E="
# Here, not in a fixture: processes are forked off a server that has the environment of its own start.
os.environ["ENCRYPTION_MASTER_KEY"] = MASTER_KEY
LACKING = "needs the Debian packages "


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting, ``.env`` or data folder of the person who runs the tests gets in."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.setenv("DEVSKYY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ENCRYPTION_MASTER_KEY", MASTER_KEY)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is slow because the machine is busy is not away; what tests that sets its own."""
    monkeypatch.setattr(standing, "PATIENCE", 20)
    monkeypatch.setattr(patience, "PATIENCE", 20)


@pytest.fixture
def app_settings(tmp_path: Path) -> Settings:
    """Settings of a fresh installation on the demo shop."""
    return Settings(environment="test", data_dir=tmp_path / "data")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("debian"):
            missing = [name for words in mark.args for name in words.split() if not _installed(name)]
            if missing and not REQUIRED:
                item.add_marker(pytest.mark.skip(reason=LACKING + " ".join(missing)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("debian"):
        missing = [name for words in mark.args for name in words.split() if not _installed(name)]
        if missing and REQUIRED:
            pytest.fail(f"{LACKING}{' '.join(missing)}, which .ci/run installs", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped for want of what, and which passed only when they were run again."""
    skipped = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    for reason, number in Counter(text[text.index(LACKING) :] for text in skipped if LACKING in text).items():
        terminalreporter.write_line(f"{number} tests skipped: {reason.rstrip(chr(39) + ')')}")
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.write_line(f"run again: {report.nodeid}")


@cache
def _installed(package: str) -> bool:
    command = ["dpkg-query", "-W", "-f", "${Status}", package]
    try:
        return "install ok installed" in subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return False
