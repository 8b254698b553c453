"""The bed says what it lacks, takes only the pinned archives, and leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import httpx2
import pytest

from tests.wordpress.bed import wordpress_bed
from tests.wordpress.packages import BedUnavailable, unpacked

pytestmark = pytest.mark.requirement("bed:wordpress")


def test_says_that_php_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BedUnavailable, match="php is not installed"), wordpress_bed():
        pass


@pytest.mark.parametrize(("folder", "reason"), [("", "is not set"), ("nowhere", "names no folder")])
def test_says_that_the_plugin_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str, reason: str
) -> None:
    _tool(tmp_path / "php", "echo curl dom fileinfo gd intl mbstring mysqli pdo_sqlite zip | tr ' ' '\\n'")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("WOOCOMMERCE_PLUGIN", folder)
    with pytest.raises(BedUnavailable, match=reason), wordpress_bed(woocommerce=True):
        pass


def test_refuses_an_archive_that_is_not_the_pinned_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _tool(tmp_path / "npm", "echo other > package.tgz")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DEVSKYY_TEST_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BedUnavailable, match="not the archive"):
        unpacked("sqlite")
    assert list((tmp_path / "cache").iterdir()) == []


def test_says_why_npm_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _tool(tmp_path / "npm", "echo no network >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DEVSKYY_TEST_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BedUnavailable, match="no network"):
        unpacked("sqlite")


@pytest.mark.debian("php8.2-cli php8.2-sqlite3 php8.2-curl php8.2-gd php8.2-mbstring php8.2-xml php8.2-zip php8.2-intl")
def test_comes_up_with_its_users_and_goes_away_whole() -> None:
    try:
        with wordpress_bed() as bed:
            for role, user in bed.users.items():
                me = httpx2.get(
                    f"{bed.url}/wp-json/wp/v2/users/me?context=edit", auth=(user["user"], user["app_password"])
                )
                assert me.json()["roles"] == [role]
            assert {"administrator", "editor", "author", "subscriber"} <= set(bed.users)
    except BedUnavailable as reason:
        if os.environ.get("DEVSKYY_REQUIRE_DEBIAN") == "1":
            raise
        pytest.skip(str(reason))
    assert not Path(bed.folder).exists()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(bed.url)


def _tool(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
