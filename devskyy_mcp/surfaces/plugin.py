"""``devskyy plugin build``: writes the zip that wp-admin takes under Plugins → Add New → Upload."""

from __future__ import annotations

from pathlib import Path

from .terminal import say, warn


def build(out: Path | None) -> int:
    """Write the plugin of the first pack that has one.

    Args:
        out: file or folder; the current folder if left out.
    """
    from ..app import installed_packs

    make = next((pack.files["plugin"] for pack in installed_packs() if "plugin" in pack.files), None)
    if make is None:
        warn("No installed pack has a plugin.\n  → Install DevSkyy's own packs.")
        return 1
    name, content = make()
    target = Path(name) if out is None else out / name if out.is_dir() else out
    try:
        target.write_bytes(content)
    except OSError as error:
        warn(f"{target} can't be written: {error.strerror}.\n  → Name another file or folder behind --out.")
        return 1
    say(f"{target}\n  → In wp-admin: Plugins → Add New → Upload Plugin, then Activate.")
    return 0
