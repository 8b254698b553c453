"""Check and coerce arguments as WordPress does, from the field schemas in data/schemas/."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

from devskyy_tools.sandbox import clock
from devskyy_tools.sandbox.envelope import Json, RestError

_MIXED = ["null", "object", "string", "number", "boolean", "integer", "array"]
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_INTEGER = re.compile(r"[+-]?\d+(\.0*)?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_HEX_COLOR = re.compile(r"#([A-Fa-f0-9]{3}){1,2}")


@cache
def of(noun: str) -> Json:
    """Return field names, types and enums of a noun, as the shop's OPTIONS answers give them."""
    return json.loads((Path(__file__).parent / "data" / "schemas" / f"{noun}.json").read_text())


@cache
def list_args(noun: str) -> Json:
    """Return the query arguments of a noun's list."""
    return of(noun)["list"]


@cache
def create_args(noun: str) -> Json:
    """Return the body arguments of a create: the fields that are not read-only, with defaults."""
    schema = of(noun)
    args: Json = {name: dict(field) for name, field in schema["properties"].items() if not field.get("readonly")}
    for name, field in args.items():
        if "raw" in field.get("properties", {}):  # title, content …: text or {raw: …}, WordPress checks neither
            args[name] = {}
    args |= schema["extra"]
    for name in schema["required"]:
        args.setdefault(name, {"type": "string"})["required"] = True
    return args


@cache
def edit_args(noun: str) -> Json:
    """Return the body arguments of an update: no defaults, nothing required."""
    drop = ("default", "required")
    return {name: {k: v for k, v in arg.items() if k not in drop} for name, arg in create_args(noun).items()}


@cache
def properties(noun: str) -> Json:
    return of(noun)["properties"]


class Invalid(Exception):
    """One argument that does not fit its schema."""

    def __init__(self, code: str, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def check(args: Json, given: Json) -> Json:
    """Return the given parameters, checked and coerced, with defaults; unknown ones pass through unseen.

    Raises:
        RestError: rest_missing_callback_param or rest_invalid_param, as WordPress words them.
    """
    missing = [name for name, arg in args.items() if arg.get("required") is True and given.get(name) is None]
    if missing:
        message = f"Missing parameter(s): {', '.join(missing)}"
        raise RestError("rest_missing_callback_param", message, 400, params=missing)
    out = {name: _default(arg) for name, arg in args.items() if "default" in arg}
    wrong: dict[str, Invalid] = {}
    for name, value in given.items():
        arg = args.get(name)
        if arg is None or not arg.get("type"):
            out[name] = value
            continue
        try:
            if value is not None:
                validate(value, arg, name)
            out[name] = sanitize(value, arg)
        except Invalid as invalid:
            wrong[name] = invalid
    if wrong:
        details = {n: {"code": i.code, "message": i.message, "data": i.data} for n, i in wrong.items()}
        params = {name: invalid.message for name, invalid in wrong.items()}
        message = f"Invalid parameter(s): {', '.join(wrong)}"
        raise RestError("rest_invalid_param", message, 400, params=params, details=details)
    return out


def _default(arg: Json) -> Any:
    value = arg["default"]
    return sanitize(value, arg) if value is not None and arg.get("type") == "array" else value


def _types(schema: Json) -> list[str]:
    kind = schema.get("type")
    if kind == "mixed":
        return _MIXED
    if kind == "date-time":
        return ["null", "string"]
    if kind == "bool":
        return ["boolean"]
    return cast("list[str]", kind) if isinstance(kind, list) else [kind] if kind else []


def validate(value: Any, schema: Json, name: str) -> None:
    """Check a value; null never comes here, since WordPress does not check null."""
    kinds = _types(schema)
    if not kinds:
        return
    kind = next((k for k in kinds if _fits(value, k)), None)
    if kind is None:
        raise Invalid("rest_invalid_type", f"{name} is not of type {','.join(kinds)}.", {"param": name})
    if kind == "array":
        _validate_list(_as_list(value), schema, name)
    elif kind == "object":
        _validate_object(_as_dict(value), schema, name)
    if "enum" in schema and kind != "array" and not _in_enum(value, schema["enum"], kind):
        raise Invalid("rest_not_in_enum", f"{name} is not one of {_listed(schema['enum'])}.")
    if kind == "string":
        _validate_text(value, schema, name)
    elif kind in ("integer", "number"):
        _validate_bounds(float(value), schema, name)


def _validate_list(items: list[Any], schema: Json, name: str) -> None:
    if len(items) > schema.get("maxItems", len(items)):
        raise Invalid("rest_too_many_items", f"{name} must contain at most {schema['maxItems']} items.")
    for index, item in enumerate(items):
        if "items" in schema:
            validate(item, schema["items"], f"{name}[{index}]")


def _validate_object(value: Json, schema: Json, name: str) -> None:
    fields = schema.get("properties", {})
    for key, item in value.items():
        if key in fields:
            validate(item, fields[key], f"{name}[{key}]")
        elif schema.get("additionalProperties") is False:
            raise Invalid("rest_additional_properties_forbidden", f"{key} is not a valid property of Object.")


def _validate_text(value: str, schema: Json, name: str) -> None:
    form = schema.get("format")
    if form == "date-time" and clock.parse(value) is None:
        raise Invalid("rest_invalid_date", "Invalid date.")
    if form == "email" and not _EMAIL.fullmatch(value):
        raise Invalid("rest_invalid_email", "Invalid email address.")
    if form == "hex-color" and not _HEX_COLOR.fullmatch(value):
        raise Invalid("rest_invalid_hex_color", "Invalid hex color.")
    if "minLength" in schema and len(value) < schema["minLength"]:
        raise Invalid("rest_too_short", f"{name} must be at least {schema['minLength']} character long.")
    if len(value) > schema.get("maxLength", len(value)):
        raise Invalid("rest_too_long", f"{name} must be at most {schema['maxLength']} characters long.")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise Invalid("rest_invalid_pattern", f"{name} does not match pattern {schema['pattern']}.")


def _validate_bounds(value: float, schema: Json, name: str) -> None:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None and not low <= value <= high:
        message = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
        raise Invalid("rest_out_of_bounds", message)
    if low is not None and value < low:
        raise Invalid("rest_out_of_bounds", f"{name} must be greater than or equal to {low}")
    if high is not None and value > high:
        raise Invalid("rest_out_of_bounds", f"{name} must be less than or equal to {high}")


def _fits(value: Any, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool) or value in (0, 1, "0", "1") or str(value).lower() in ("true", "false")
        case "integer" | "number":
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                return False
            pattern = _INTEGER if kind == "integer" else _NUMBER
            return pattern.fullmatch(str(value).strip()) is not None
        case "array":
            return isinstance(value, list | str | int | float) and not isinstance(value, bool)
        case "object":
            return isinstance(value, dict | list) or value == ""
        case _:
            return True


def _in_enum(value: Any, allowed: list[Any], kind: str) -> bool:
    return value in allowed or (kind != "string" and str(value) in {str(item) for item in allowed})


def _listed(values: list[Any]) -> str:
    names = [str(value) for value in values]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])}{',' if len(names) > 2 else ''} and {names[-1]}"


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return cast("list[Any]", value)
    if isinstance(value, dict):
        return list(cast("Json", value).values())
    return [] if value is None else [part for part in re.split(r"[\s,]+", str(value)) if part]


def _as_dict(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def sanitize(value: Any, schema: Json) -> Any:
    """Coerce a checked value to its type; null becomes the type's empty value unless null is allowed."""
    kinds = _types(schema)
    if value is None and ("null" in kinds or not kinds):
        return None
    kind = kinds[0] if len(kinds) == 1 else next((k for k in kinds if _fits(value, k)), "")
    match kind:
        case "string":
            return "" if value is None else str(value)
        case "integer":
            return 0 if value is None else int(float(value))
        case "number":
            return 0.0 if value is None else float(value)
        case "boolean":
            return False if value is None else str(value).lower() not in ("false", "0", "")
        case "array":
            items = _as_list(value)
            return [sanitize(item, schema["items"]) for item in items] if "items" in schema else items
        case "object":
            fields = schema.get("properties", {})
            if not fields and isinstance(value, list):  # to PHP a list is an object whose keys are numbers
                return cast("list[Any]", value)
            return {k: sanitize(v, fields[k]) if k in fields else v for k, v in _as_dict(value).items()}
        case _:
            return value
