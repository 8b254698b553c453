"""The companion plugin as one zip, as wp-admin takes it under Plugins → Add New → Upload."""

from __future__ import annotations

import io
import zipfile
from importlib import resources
from importlib.resources.abc import Traversable

from devskyy_mcp import __version__

NAME = "devskyy"
_THEN = (1980, 1, 1, 0, 0, 0)


def build() -> tuple[str, bytes]:
    """File name and content. The same files make the same bytes: names in order, one date, nothing compressed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path, file in sorted(_files(resources.files("devskyy_tools.wordpress") / "plugin", NAME)):
            entry = zipfile.ZipInfo(path, _THEN)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
    return f"{NAME}-{__version__}.zip", content.getvalue()


def _files(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for one in folder.iterdir():
        at = f"{path}/{one.name}"
        if one.is_dir():
            found += _files(one, at)
        elif one.name.endswith((".php", ".txt", ".js", ".css")):
            found.append((at, one))
    return found
