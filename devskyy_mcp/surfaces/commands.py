"""``devskyy call``: any tool at a command line, with flags made from its input schema."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from devskyy_mcp.app import local_principal
from devskyy_mcp.capability import Capability
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.trust import UNTRUSTED, WORDS
from devskyy_mcp.invoke import Call

from .terminal import Output, complain, default_output, progress_sink, show, warn
from .words import from_words, kinds

if TYPE_CHECKING:
    from devskyy_mcp.app import App

CALL_USAGE = """usage: devskyy call NAME [--flag value …] [--json OBJECT|-] [--output json|table]

Call a tool. `devskyy tools` lists them, `devskyy call NAME --help` shows one tool's flags."""
OWN = {"json", "output", "idempotency-key", "wait", "help"}
"""Flags of the command itself; an argument of that name can be given through --json."""


async def call(app: App, name: str, words: Sequence[str]) -> int:
    """Call the tool with the words of a command line.

    Returns:
        0, or the refusal's exit status; the refusal is on standard error.
    """
    output = _output_asked(words)
    capability = app.registry.tools.get(name)
    try:
        arguments, key, wait = _parsed(capability, words) if capability else ({}, None, 0)
        if capability and capability.policy.job and wait and app.settings.worker == "off":
            warn("This process runs no jobs (DEVSKYY_WORKER=off); this one waits for a `devskyy worker`.")
        async with app.running(eager=False):
            asked = Call(local_principal(), name, arguments, "cli", sink=progress_sink(), key=key, wait=wait)
            result = await app.road.invoke(asked)
    except Refused as refused:
        return complain(refused, output)
    if result.untrusted:
        warn(f"trust: {UNTRUSTED} ({WORDS})")
    show(result.data, output)
    return 0


def flags(capability: Capability) -> argparse.ArgumentParser:
    """The command line of one tool. Each flag may be repeated; ``--some_name`` is ``--some-name`` too."""
    parser = argparse.ArgumentParser(
        prog=f"devskyy call {capability.name}", description=capability.description, allow_abbrev=False
    )
    parser.add_argument("--json", metavar="OBJECT", help="arguments as one JSON object; - reads it from standard input")
    parser.add_argument("--output", choices=["json", "table"], help="table at a terminal, else json")
    parser.add_argument("--idempotency-key", metavar="KEY", help="the same call with the same key is done once")
    parser.add_argument(
        "--wait",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="how long to wait for the end of work that becomes a job; until it ends, by default",
    )
    schema = capability.input_schema
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        if name.replace("_", "-") not in OWN:
            _add_flag(parser, name, field, kinds(schema, field), required=name in required)
    return parser


def _add_flag(
    parser: argparse.ArgumentParser, name: str, field: Mapping[str, Any], allowed: set[str], *, required: bool
) -> None:
    spellings = list(dict.fromkeys([f"--{name.replace('_', '-')}", f"--{name}"]))
    options: dict[str, Any] = {"dest": f"argument:{name}", "action": "append", "metavar": _metavar(allowed)}
    if allowed == {"boolean"}:
        options |= {"nargs": "?", "const": "true"}
        no = [f"--no-{spelling[2:]}" for spelling in spellings]
        parser.add_argument(*no, dest=options["dest"], action="append_const", const="false", help=argparse.SUPPRESS)
    parser.add_argument(*spellings, **options, help=_help(field, required=required))


def _metavar(allowed: set[str]) -> str:
    if allowed <= {"boolean"} and allowed:
        return "true|false"
    if "object" in allowed:
        return "JSON"
    if "array" in allowed:
        return "A,B"
    return "NUMBER" if allowed and allowed <= {"integer", "number"} else "TEXT"


def _help(field: Mapping[str, Any], *, required: bool) -> str:
    parts = [str(field.get("description", ""))]
    if "enum" in field:
        parts.append(f"One of {', '.join(str(value) for value in field['enum'])}.")
    if required:
        parts.append("Required.")
    elif "default" in field and field["default"] not in ("", [], {}):
        parts.append(f"Default: {json.dumps(field['default'])}.")
    return " ".join(part for part in parts if part).replace("%", "%%")


def _parsed(capability: Capability, words: Sequence[str]) -> tuple[dict[str, Any], str | None, float]:
    """Arguments, idempotency key, seconds to wait. Unknown flags go to validation, which names the nearest argument."""
    given, unknown = flags(capability).parse_known_args(list(words))
    prefix = "argument:"
    named = {dest[len(prefix) :]: value for dest, value in vars(given).items() if dest.startswith(prefix) and value}
    for name, value in _loose(unknown):
        named.setdefault(name, []).append(value)
    arguments = _json_object(given.json) if given.json is not None else {}
    return {**arguments, **from_words(capability.input_schema, named)}, given.idempotency_key, given.wait


def _loose(words: Sequence[str]) -> list[tuple[str, str]]:
    """``--name value`` and ``--name=value`` of flags that the tool does not have.

    Raises:
        Refused: INVALID_ARGUMENTS for a word that belongs to no flag.
    """
    found: list[tuple[str, str]] = []
    waiting = ""
    for word in words:
        if word.startswith("--") and len(word) > 2:
            name, separator, value = word[2:].partition("=")
            name = name.replace("-", "_")
            found.append((name, value if separator else "true"))
            waiting = "" if separator else name
        elif waiting:
            found[-1] = (waiting, word)
            waiting = ""
        else:
            raise Refused(
                Code.INVALID_ARGUMENTS, f"{word[:60]!r} belongs to no flag.", "Write arguments as --name value."
            )
    return found


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(sys.stdin.read() if text == "-" else text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused(Code.INVALID_ARGUMENTS, "--json is not valid JSON.", "Give one JSON object.") from None
    if not isinstance(value, dict):
        raise Refused(Code.INVALID_ARGUMENTS, "--json is not an object.", 'Write it as {"name": value}.')
    return value  # pyright: ignore[reportUnknownVariableType] # JSON tree


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _output_asked(words: Sequence[str]) -> Output:
    """What --output says, read before anything can go wrong, so that a refusal is written in that form too."""
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    own.add_argument("--output", choices=["json", "table"])
    given, _ = own.parse_known_args(list(words))
    return given.output or default_output()
