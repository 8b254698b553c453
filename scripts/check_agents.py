"""Checks agents' files without the server, and says what could be better: `python -m scripts.check_agents [FILE …]`.

Exit status 1 where a file is wrong; advice alone is none. `--also 'insights_*'`: tools not there yet.
"""

from __future__ import annotations

import argparse
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from devskyy_mcp.agents.checking import look
from devskyy_mcp.agents.loading import Source, sources
from devskyy_mcp.app import installed_packs

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "agents"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="check_agents", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="all files of agents/ if left out")
    parser.add_argument(
        "--also", action="append", default=[], metavar="NAME", help="a tool not there yet, perhaps with *"
    )
    given = parser.parse_args(arguments)
    packs = installed_packs()
    known = {tool.name: tool for pack in packs for toolset in pack.toolsets for tool in toolset.tools}
    found = [_source(path.resolve()) for path in given.files] or sources(FOLDER, "agents")
    wrong, advice = look(found, dict.fromkeys(_announced(found, given.also)) | known)
    for line in (*wrong, *(f"advice: {said}" for said in advice)):
        print(line)
    print(f"{len(found)} files, {len(wrong)} errors, {len(advice)} pieces of advice")
    return 1 if wrong else 0


def _announced(found: list[Source], likes: list[str]) -> set[str]:
    """The words in the files that have names like those announced."""
    words = {word for source in found for word in re.findall(r"\w+", source.content.decode(errors="replace"))}
    return {word for word in words for like in likes if fnmatchcase(word, like)}


def _source(path: Path) -> Source:
    """A file named on the command line, as the folder that it lies in has it."""
    folder = path.parent if path.parent.name == "agents" else path.parent.parent
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return Source(path.relative_to(folder), str(shown), path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
