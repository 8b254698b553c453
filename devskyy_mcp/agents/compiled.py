"""What the files hold, checked once: at the next start with the same files their digest is compared, and no YAML read.

Checking 60 files takes half a second of CPU time, comparing them 5 ms. The check is kept in the user's cache folder;
whatever the files, the tools or the code that reads them become, their digest is another one and they are checked anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .loading import Loaded, Source, Written, load

_READERS = tuple(Path(__file__).with_name(f"{name}.py") for name in ("matter", "model", "loading", "compiled"))
_MOST_KEPT = 8
_known: dict[str, Loaded] = {}
"""What this process has read, by digest."""


def compiled(found: Sequence[Source], tools: Collection[str], folder: Path) -> Loaded:
    """As ``load``, from what is known of these very files where something is.

    Args:
        found: as in ``load``.
        tools: as in ``load``.
        folder: where it is kept between processes.

    Raises:
        Refused: as ``load``.
    """
    digest = _digest(found, tools)
    loaded = _known.get(digest)
    if loaded is None:
        path = folder / f"{digest}.json"
        loaded = _read(path)
        if loaded is None:
            loaded = load(found, tools)
            _keep(path, loaded)
        _known[digest] = loaded
    return loaded


def forget() -> None:
    """Know nothing any more of what this process has read, as a new one would."""
    _known.clear()


def _digest(found: Iterable[Source], tools: Collection[str]) -> str:
    digest = hashlib.sha256("\n".join(sorted(tools)).encode())
    for path in _READERS:
        _add(digest, path.name, path.read_bytes())
    for source in found:
        _add(digest, source.shown, source.content)
    return digest.hexdigest()[:32]


def _add(digest: Any, name: str, content: bytes) -> None:
    digest.update(f"\n{name}\n{len(content)}\n".encode())
    digest.update(content)


def _read(path: Path) -> Loaded | None:
    try:
        kept = json.loads(path.read_bytes())
        supers = {name: Written(**one) for name, one in kept["supers"].items()}
        agents = {name: Written(**one) for name, one in kept["agents"].items()}
        return Loaded(supers, agents, kept["phrases"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # not there, or cut off by whatever ended the process that wrote it


def _keep(path: Path, loaded: Loaded) -> None:
    """Keep it for the next process, where that can be done, and only the last few."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(asdict(loaded), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        part.replace(path)
        kept = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in kept[_MOST_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError:
        return  # a folder that can't be written to costs each start the check, and nothing else
