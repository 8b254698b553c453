"""Which optional parts are installed, told from the packages' own metadata: nothing of them is imported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

PACKAGE = "devskyy-mcp"
ADDS: Mapping[str, str] = {
    "find": "tools are found by meaning, offline",
    "three-d": "3D models are drawn by EGL and made small by meshopt",
    "cutout": "backgrounds are taken off photos by a kept network",
    "usdz": "USDZ files are checked by Pixar's own library",
    "video": "films and turntables are made as MP4",
    "provenance": "pictures and films carry content credentials (C2PA)",
}
"""What each extra of pyproject.toml adds, in words for people."""
_NEEDED = re.compile(r"([A-Za-z0-9._-]+).*;\s*extra\s*==\s*['\"]([a-z-]+)['\"]")


@dataclass(frozen=True, slots=True)
class Extra:
    """One optional part; ``missing`` names the packages that it lacks."""

    name: str
    adds: str
    missing: list[str]

    @property
    def command(self) -> str:
        return f"pip install '{PACKAGE}[{self.name}]'"


def extras() -> list[Extra]:
    """All optional parts, as this installation has them."""
    needed: dict[str, list[str]] = {name: [] for name in ADDS}
    for line in requires(PACKAGE) or ():
        found = _NEEDED.match(line)
        if found and found[2] in needed:
            needed[found[2]].append(found[1])
    return [Extra(name, ADDS[name], _missing(packages)) for name, packages in needed.items()]


def _missing(packages: Iterable[str]) -> list[str]:
    lacking: list[str] = []
    for package in packages:
        try:
            version(package)
        except PackageNotFoundError:
            lacking.append(package)
    return lacking


def has_egl() -> bool:
    """Whether the system has libEGL, by which models are drawn without a screen. Asks the linker; takes a moment."""
    from ctypes.util import find_library

    return find_library("EGL") is not None
