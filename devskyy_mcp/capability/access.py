"""Who may use what: the one check on every surface."""

from __future__ import annotations

from collections.abc import Iterable

from ..context import Principal
from ..errors import Code, Refused, unconfirmed
from .tool import Capability


def allowed(principal: Principal, scopes: Iterable[str]) -> bool:
    return all(principal.may(scope) for scope in scopes)


def authorize(principal: Principal, capability: Capability, through: Capability | None = None) -> None:
    """The one check on every surface.

    Args:
        principal: in whose name.
        capability: the tool.
        through: the tool that calls it by its name, where one does.

    Raises:
        Refused: FORBIDDEN, naming the scopes that are missing (``missing_scopes``) and all that the call needs
            (``needed_scopes``); Unconfirmed for a write while it can't be looked up whether the access still stands.
    """
    needed = capability.policy.scopes
    if through is not None:
        needed |= through.policy.scopes
    missing = [scope for scope in needed if not principal.may(scope)]
    if missing:
        missing.sort()
        raise Refused(
            Code.FORBIDDEN,
            f"{capability.name} needs {' and '.join(missing)}, which {principal.name or principal.id} does not have.",
            "Ask the owner for that scope, or use a tool that only reads.",
            details={"missing_scopes": missing, "needed_scopes": sorted(needed)},
        )
    if principal.unconfirmed and (capability.policy.writes or any(scope.endswith(":write") for scope in needed)):
        raise unconfirmed()
