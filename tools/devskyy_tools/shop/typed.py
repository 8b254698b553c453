"""Settings that say of themselves what they take: ``{id, label, type, value, default, options?}``.

The shop checks little: of texts it stores what is left after taking out tags, and a number may be any text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, cast

from devskyy_mcp.errors import Code, Refused

from .hidden import MASK
from .refusals import plain_text

Json = dict[str, Any]
_TAG = re.compile(r"<[a-zA-Z/!?]")
_OCTET = re.compile(r"%[0-9a-fA-F]{2}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_COLOR = re.compile(r"#([0-9a-fA-F]{3}){1,2}")
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_SECRET = re.compile(r"(^|_|api|private|live|test)(key|secret|token|password|passphrase|salt|credentials?)(_|$)")
_NO_SECRETS = frozenset({"checkbox", "select", "multiselect", "radio", "number", "color", "image_width"})
SHOWN_OPTIONS = 12


def is_secret(field: Mapping[str, Any]) -> bool:
    """Whether the value lets in or signs: passwords, and texts that are called a key, secret or token."""
    kind = str(field.get("type", ""))
    return kind == "password" or (kind not in _NO_SECRETS and bool(_SECRET.search(str(field.get("id", "")).lower())))


def shown_value(field: Mapping[str, Any]) -> Any:
    """The value for people; a secret's is a mark, or empty where none is set."""
    value = field.get("value")
    return MASK if value and is_secret(field) else value


def options_of(field: Mapping[str, Any]) -> dict[str, str]:
    """What can be chosen, groups resolved: value to label."""
    found: dict[str, str] = {}
    options = field.get("options")
    for key, label in cast("Json", options).items() if isinstance(options, dict) else ():
        if isinstance(label, dict):
            found |= options_of({"options": label})
        else:
            found[str(key)] = plain_text(label)
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at what was meant, from the names that there are."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 3, 0.5)
    near += [one for one in known if name and name in one and one not in near][: 3 - len(near)]
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"There are: {', '.join(known[:30])}." if known else ""


def checked(field: Mapping[str, Any], value: Any, what: str) -> Any:
    """The value as the shop stores it, when the setting takes it.

    Args:
        field: the setting as the shop describes it.
        value: what is asked.
        what: how people call it, for the refusal.

    Raises:
        Refused: INVALID_ARGUMENTS, saying what it takes.
    """
    kind = str(field.get("type", "text"))
    if kind == "checkbox":
        return _checkbox(value, what)
    if kind == "multiselect":
        return _several(field, value, what)
    if kind == "image_width":
        return _size(value, what)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        _refuse(what, "takes a text, or a number.")
    text = str(value).strip()
    if options := options_of(field):
        return _chosen(options, text, what)
    if kind == "number" and text and not _NUMBER.fullmatch(text):
        _refuse(what, "takes a number.", "Write it with a decimal point, such as 60 or 2.5.")
    if kind == "color" and text and not _COLOR.fullmatch(text):
        _refuse(what, "takes a colour such as #1a1a1a.")
    if kind == "email" and text and not _EMAIL.fullmatch(text):
        _refuse(what, "takes one e-mail address.")
    if value and not text:
        _refuse(what, "can't be blank: the shop would store nothing.")
    if "\\" in text:
        _refuse(what, "can't hold a backslash: the shop drops it.")
    return text if kind in ("textarea", "password") else _one_line(text, what)


def _one_line(text: str, what: str) -> str:
    if _TAG.search(text) or _OCTET.search(text):
        _refuse(what, "is plain text: the shop drops tags, and codes such as %20.", "Give it without them.")
    return " ".join(text.split())


def _checkbox(value: Any, what: str) -> str:
    found = {True: "yes", False: "no", "yes": "yes", "no": "no"}.get(value) if isinstance(value, bool | str) else None
    if found is None:
        _refuse(what, 'takes "yes" or "no".')
    return found


def _chosen(options: Mapping[str, str], text: str, what: str) -> str:
    if text not in options:
        by_label = [key for key, label in options.items() if label.lower() == text.lower()]
        hint = f"Did you mean {by_label[0]}?" if by_label else nearest(text, options)
        _refuse(what, f"can't be {text[:60]!r}.", hint)
    return text


def _several(field: Mapping[str, Any], value: Any, what: str) -> list[str]:
    items = cast("list[Any]", value) if isinstance(value, list) else [] if value in ("", None) else None
    if items is None:
        _refuse(what, "takes a list.", f"It can hold: {', '.join(list(options_of(field))[:30])}.")
    return list(dict.fromkeys(_chosen(options_of(field), str(one).strip(), what) for one in items))


def _size(value: Any, what: str) -> Json:
    given = cast("Json", value) if isinstance(value, dict) else {}
    sides = [given.get("width"), given.get("height")]
    sound = all(isinstance(one, int) and not isinstance(one, bool) and 0 < one <= 10_000 for one in sides)
    if not sound or not isinstance(given.get("crop", False), bool) or given.keys() - {"width", "height", "crop"}:
        _refuse(what, 'takes {"width": 300, "height": 300, "crop": true}, in pixels.')
    return given


def _refuse(what: str, problem: str, hint: str = "") -> NoReturn:
    raise Refused(Code.INVALID_ARGUMENTS, f"{what} {problem}", hint, details={"field": what})


def checked_all(fields: Mapping[str, Any], given: Mapping[str, Any], of: str) -> Json:
    """Several values for an object's described fields, ``{key: value}``.

    Args:
        fields: the object's own, ``{key: {type, value, …}}``.
        given: what is asked.
        of: how people call the object.

    Raises:
        Refused: INVALID_ARGUMENTS for an unknown key, with the nearest, or a value that it does not take.
    """
    found: Json = {}
    for key, value in given.items():
        field = fields.get(key)
        if not isinstance(field, dict):
            known = [one for one in fields if isinstance(fields[one], dict)]
            raise Refused(
                Code.INVALID_ARGUMENTS,
                f"{of} has no setting {key[:60]!r}.",
                nearest(key, known),
                details={"field": key[:100]},
            )
        found[key] = checked(cast("Json", field), value, key)
    return found
