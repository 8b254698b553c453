"""What the command line writes: results and refusals, for people or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TextIO, cast

from devskyy_mcp.context import ProgressSink
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.render import text_of, visible, word_of

Output = Literal["json", "table"]
CELL = 60


def default_output() -> Output:
    return "table" if sys.stdout.isatty() else "json"


def say(text: str) -> None:
    # What others wrote into the shop must not steer the terminal; a pipe gets it as it is.
    print(visible(text) if sys.stdout.isatty() else text)  # noqa: T201 # the command line's output


def warn(text: str) -> None:
    print(visible(text) if sys.stderr.isatty() else text, file=sys.stderr)  # noqa: T201 # the command line's complaints


def show(data: Mapping[str, Any], output: Output) -> None:
    """Write a result: JSON, or tables for what is a list of objects and lines for the rest."""
    say(as_json(data) if output == "json" else as_table(data))


def complain(refused: Refused, output: Output = "table") -> int:
    """Write a refusal to standard error; its exit status."""
    if output == "json":
        text = as_json({"error": refused.as_dict()})
    else:
        change: Any = refused.details.get("change")
        whole = [as_table(cast("Mapping[str, Any]", change))] if isinstance(change, Mapping) else []
        text = "\n".join([*whole, refused.message, *([f"  → {refused.hint}"] if refused.hint else [])])
    warn(text)
    return refused.exit_status


def as_json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)


def as_table(data: Mapping[str, Any]) -> str:
    """Lists of objects with aligned columns under their name, everything else as lines before them; changes as lines
    with ``before → after``.
    """
    if "state" in data and "summary" in data:
        from devskyy_mcp.changes.view import text_of_change

        return text_of_change(data)
    lists = {name: cast("list[Mapping[str, Any]]", value) for name, value in data.items() if _is_rows(value)}
    rest = {name: value for name, value in data.items() if name not in lists}
    parts = [text_of(rest)] if rest else []
    parts += [f"{name}:\n{columns(rows)}" for name, rows in lists.items()]
    return "\n".join(parts)


def columns(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows with aligned columns; long cells are cut, the JSON output has them whole."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    lines = (zip(line, widths, strict=True) for line in cells)
    return "\n".join("  ".join(word.ljust(width) for word, width in line).rstrip() for line in lines)


def _cell(value: Any) -> str:
    text = " ".join(word_of(value).split())
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


def _is_rows(value: Any) -> bool:
    rows = cast("list[Any]", value) if isinstance(value, list) else []
    return bool(rows) and all(isinstance(row, dict) for row in rows)


def progress_sink() -> ProgressSink | None:
    """Writes progress over one line of standard error; None where nobody watches."""
    if not sys.stderr.isatty():
        return None

    async def write(done: float, total: float | None, message: str | None) -> None:
        of = f"/{total:g}" if total is not None else ""
        print(f"\r{done:g}{of} {message or ''}\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201 # the command line's output

    return write


def typed(question: str) -> str:
    """A line from the terminal itself, which neither a pipe nor a model can answer for.

    Raises:
        Refused: FORBIDDEN when this process has no terminal.
    """
    with own_terminal() as (screen, keyboard):
        screen.write(question)
        screen.flush()
        return keyboard.readline().strip()


def typed_secret(question: str) -> str:
    """As ``typed``, and what is typed is not shown."""
    from getpass import getpass

    with own_terminal():
        return getpass(question)


@contextmanager
def own_terminal() -> Generator[tuple[TextIO, TextIO]]:
    terminal = Path("/dev/tty")
    try:
        with terminal.open("w", encoding="utf-8") as screen, terminal.open(encoding="utf-8") as keyboard:
            yield screen, keyboard
    except OSError:
        raise Refused(
            Code.FORBIDDEN,
            "This process has no terminal to ask at.",
            "Run it in a terminal of your own, without pipes.",
        ) from None
