"""What nobody should see of an operation: keys and passwords stay in its sealed body, and are a mark elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from devskyy_mcp.changes.model import Op

SECRETS = "secrets"
"""Note of an op: the fields, ``secret`` or ``settings.api_key``, whose values are secret."""
MASK = "••••"


def hides(op: Op, path: tuple[str | int, ...]) -> bool:
    """Whether the leaf's value is a secret."""
    name = ".".join(map(str, path))
    return any(name == one or name.startswith(f"{one}.") for one in cast("list[str]", op.note.get(SECRETS, ())))


def shown(op: Op) -> dict[str, Any]:
    """The op's fields for people: [before, after] for an update, the value for others, secrets as marks."""
    body = cast("dict[str, Any]", _masked(op, (), op.body))
    if op.kind != "update":
        return body
    before = cast("dict[str, Any]", _masked(op, (), op.before))
    return {name: [before.get(name), value] for name, value in body.items()}


def _masked(op: Op, path: tuple[str, ...], value: Any) -> Any:
    if path and hides(op, path):
        return MASK if value not in (None, "", [], {}) else value
    if isinstance(value, Mapping):
        return {str(key): _masked(op, (*path, str(key)), one) for key, one in cast("Mapping[str, Any]", value).items()}
    return value
