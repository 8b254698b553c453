"""Checks binary glTF 2.0 as the Khronos validator does, with its codes: container, JSON, references, numbers, images.

Left out against it: cameras, lights and what extensions of materials say. Beyond it: what EXT_meshopt_compression holds
is decoded and checked.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from .container import Malformed, unpack
from .issues import Issue, Issues, errors
from .schema import Tree

__all__ = ["Issue", "errors", "validate_glb"]
_CODES = {
    "missing": "UNDEFINED_PROPERTY",
    "greater_than_equal": "VALUE_NOT_IN_RANGE",
    "less_than_equal": "VALUE_NOT_IN_RANGE",
    "multiple_of": "VALUE_MULTIPLE_OF",
    "too_long": "ARRAY_LENGTH_NOT_IN_LIST",
    "string_pattern_mismatch": "PATTERN_MISMATCH",
}


def validate_glb(content: bytes) -> list[Issue]:
    """Everything that was found, at most 100 issues; none of severity ``error`` means that the file is valid.

    What a stranger sends is never followed outside the file, and never takes more memory than some times its size.
    """
    issues = Issues()
    try:
        parsed = unpack(content)
    except Malformed as broken:
        issues.add(broken.code, "", broken.message)
        return issues.found
    tree = _typed(parsed.tree, issues)
    if tree is not None:
        from .data import check_numbers
        from .links import Links

        _unexpected(tree, parsed.tree, "", issues)
        links = Links(tree, len(parsed.binary), issues)
        links.check()
        check_numbers(tree, parsed.binary, links, issues)
    found = issues.found
    if issues.errors and not errors(found):
        found.append(Issue("IO_ERROR", "error", "", f"{issues.more} more issues, errors among them"))
    return found


def _typed(tree: dict[str, Any], issues: Issues) -> Tree | None:
    """The tree with types; a value that is on no list is only warned of, and looked past."""
    try:
        return Tree.model_validate(tree)
    except ValidationError as broken:
        faults = broken.errors(include_url=False)
    unlisted: list[tuple[int | str, ...]] = []
    for fault in faults:
        code = _code(fault["type"], fault["loc"], fault["input"], fault.get("ctx", {}))
        issues.add(code, _pointer(fault["loc"]), fault["msg"])
        if code == "VALUE_NOT_IN_LIST":
            unlisted.append(fault["loc"])
    return None if issues.errors else _typed(_without(tree, unlisted), issues)


def _without(tree: dict[str, Any], places: list[tuple[int | str, ...]]) -> dict[str, Any]:
    """A copy that lacks what is at those places."""
    copied = deepcopy(tree)
    for place in places:
        held: Any = copied
        for step in place[:-1]:
            held = held[step]
        held.pop(place[-1], None)
    return copied


def _code(kind: str, place: tuple[int | str, ...], value: object, about: dict[str, Any]) -> str:
    if kind == "too_short":
        return "EMPTY_ENTITY" if about.get("min_length") == 1 else "ARRAY_LENGTH_NOT_IN_LIST"
    if kind == "literal_error":
        wanted = str if str(about.get("expected", "")).startswith("'") else int
        return "VALUE_NOT_IN_LIST" if type(value) is wanted else "TYPE_MISMATCH"
    if kind in _CODES:
        return _CODES[kind]
    return "ARRAY_TYPE_MISMATCH" if place and isinstance(place[-1], int) else "TYPE_MISMATCH"


def _pointer(place: tuple[int | str, ...]) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1")[:60] for step in place)
    return "".join(f"/{step}" for step in steps)


def _unexpected(item: BaseModel, raw: dict[str, Any], pointer: str, issues: Issues) -> None:
    """Properties that the format doesn't know; the schema's depth bounds the recursion."""
    known = type(item).model_fields
    for name in raw:
        if name not in known:
            issues.add("UNEXPECTED_PROPERTY", pointer + _pointer((name,)))
    for name in item.model_fields_set:
        value: object = getattr(item, name)
        if isinstance(value, BaseModel):
            _unexpected(value, raw[name], f"{pointer}/{name}", issues)
        elif isinstance(value, list):
            for number, one in enumerate(cast("list[object]", value)):
                if not isinstance(one, BaseModel):
                    break
                _unexpected(one, raw[name][number], f"{pointer}/{name}/{number}", issues)
