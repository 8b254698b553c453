"""Writes ``.env.example`` from ``devskyy_mcp/config``; with ``--check`` only says whether it is up to date."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from devskyy_mcp.config import Settings

TARGET = Path(__file__).parent.parent / ".env.example"
HEAD = """\
# Settings of DevSkyy. Copy this file to .env and set what you need; an empty value counts as unset.
# With nothing set, the demo shop runs on http://127.0.0.1:8000.
"""


def env_example() -> str:
    """One commented block per setting, in the order of the class, with its default as the value."""
    blocks = [HEAD]
    for field in Settings.model_fields.values():
        default = "" if field.is_required() or field.default_factory else _text(field.default)
        words = textwrap.fill(field.description or "", 118, initial_indent="# ", subsequent_indent="# ")
        blocks.append(f"{words}\n{field.validation_alias}={default}\n")
    return "\n".join(blocks)


def _text(value: object) -> str:
    if value is None:
        return ""
    secret = getattr(value, "get_secret_value", None)
    return str(secret() if secret else value)


def main() -> int:
    fresh = env_example()
    if "--check" in sys.argv[1:]:
        same = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == fresh
        print(
            ".env.example is up to date."
            if same
            else ".env.example is not what devskyy_mcp/config says: make env-example"
        )
        return 0 if same else 1
    TARGET.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
