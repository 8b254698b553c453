"""Scopes and roles: one policy, from which every surface's answer follows.

A scope is ``area:read`` or ``area:write``; write includes read. A role is the most that a person may grant to a
program; a token carries what was granted, and never more than the role of its person still allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

Role = Literal["owner", "manager", "editor", "analyst"]
ROLES: tuple[Role, ...] = get_args(Role)
OFFLINE = "offline_access"
"""Asks for a refresh token (OpenID Connect Core §11); no tool needs it."""

LEAST = frozenset({"tools:read", "catalog:read"})
"""What an authorization request gets that names no scope (RFC 6749 §3.3)."""

_ANALYST = frozenset(
    {
        "tools:read",
        "catalog:read",
        "content:read",
        "media:read",
        "reports:read",
        "changes:read",
        "jobs:read",
        "agents:read",
    }
)
_EDITOR = _ANALYST | {"catalog:write", "content:write", "media:write", "changes:write", "jobs:write"}
_MANAGER = _EDITOR | {"orders:write", "customers:write", "agents:write"}
_OF_ROLE: dict[Role, frozenset[str]] = {
    "analyst": _ANALYST,
    "editor": _EDITOR,
    "manager": _MANAGER,
    "owner": frozenset({"*"}),
}
"""Analysts see no customer's data, editors no orders, managers everything of the shop's daily work but the audit."""


def of_role(role: Role) -> frozenset[str]:
    """The most that a person of this role may do or grant."""
    return _OF_ROLE[role]


def covers(granted: Iterable[str], scope: str) -> bool:
    """Whether the scope is granted, itself or through a wider one."""
    held = granted if isinstance(granted, frozenset | set) else frozenset(granted)
    if scope in held or "*" in held:
        return True
    area, _, action = scope.partition(":")
    return action == "read" and f"{area}:write" in held


def within(wanted: Iterable[str], most: Iterable[str]) -> frozenset[str]:
    """Those of the wanted scopes that ``most`` covers; of ``area:write`` the reading where only that is covered.

    ``*`` among the wanted stands for all of ``most``.
    """
    most = frozenset(most)
    found: set[str] = set()
    for scope in wanted:
        if scope == "*":
            found |= most
        elif covers(most, scope):
            found.add(scope)
        elif covers(most, reading := f"{scope.partition(':')[0]}:read"):
            found.add(reading)
    return frozenset(found)
