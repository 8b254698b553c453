"""Says what the docs lack or state wrongly: generated pages, settings, tools, make targets, inner links."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from devskyy_mcp.cli import command_names
from devskyy_mcp.config import Settings

from . import env_example
from .docs_tools import ROOT, stale_pages

LINK = re.compile(r"\[[^\]]*\]\((?!\w+:|#)([^)#\s]+)")
PLACE = re.compile(r"`((?:tests|devskyy_mcp|requirements)/[\w./-]*)`")
TARGET = re.compile(r"`make ([a-z-]+)")
SETTING = re.compile(r"\b(?:DEVSKYY|DATABASE|REDIS|KEEP|BUDGET|WORDPRESS|WOOCOMMERCE)_[A-Z_]+\b")
OTHERS = frozenset({"DEVSKYY_LONG", "DEVSKYY_REQUIRE_DEBIAN", "WOOCOMMERCE_PLUGIN", "WORDPRESS_FOLDER"})
"""Of the tests."""
COMMAND = re.compile(r"(?:`|/|=\S+ |^)devskyy ([a-z][a-z-]*)", re.MULTILINE)


def problems() -> Iterator[str]:
    """One sentence per problem."""
    if env_example.TARGET.read_text(encoding="utf-8") != env_example.env_example():
        yield ".env.example is not what devskyy_mcp/config says; run make env-example."
    for page in stale_pages():
        yield f"{page} is not what the code says; run make docs."
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for field in Settings.model_fields.values():
        if str(field.validation_alias) not in readme:
            yield f"README.md does not name the setting {field.validation_alias}."
    yield from _named()


def _named() -> Iterator[str]:
    """Settings, commands, targets, files and links that pages name and nothing has."""
    settings = {str(field.validation_alias) for field in Settings.model_fields.values()}
    commands = set(command_names())
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in pages():
        text = page.read_text(encoding="utf-8")
        where = page.relative_to(ROOT)
        for link in LINK.findall(text):
            if not (page.parent / link).exists():
                yield f"{where} links to {link}, which does not exist."
        for name in sorted(set(SETTING.findall(text)) - settings - OTHERS):
            yield f"{where} names the setting {name}, which does not exist."
        for command in sorted(set(COMMAND.findall(text)) - commands):
            yield f"{where} names devskyy {command}, which is no command."
        for named in sorted(set(PLACE.findall(text))):
            if page.name == "security.md" and not (ROOT / named).exists():
                yield f"{where} names {named}, which does not exist."
        for target in set(TARGET.findall(text)) - targets:
            yield f"{where} names make {target}, which the Makefile does not have."


def pages() -> list[Path]:
    """The project's own Markdown files: what git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [page for name in listed if (page := ROOT / name).is_file()]


def main() -> int:
    found = list(problems())
    print("\n".join(found) or "The docs agree with the code.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
