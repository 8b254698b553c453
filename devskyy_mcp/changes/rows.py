"""The row of a change set: made of a plan, and read for the one in whose name it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..context import Context, Principal
from .view import capped, outline

if TYPE_CHECKING:
    from ..capability import Capability
    from ..guard.audit import AuditRecord, Phase
    from .stage import Unit

Record = Callable[[Mapping[str, Any], "Phase", str, dict[str, Any]], "AuditRecord"]
"""Makes the audit's record of a change's row, with its phase, code and detail."""
EXPIRES_AFTER = 24 * 3600
LEFT_KEPT = 200
"""Objects that an undo leaves alone and that are told one by one; of more than these only the number is kept."""


def new_row(
    ctx: Context, capability: Capability, arguments: Mapping[str, Any], digest: str, unit: Unit, asks: list[str]
) -> dict[str, Any]:
    """A proposal's row; ``digest`` is of the request it answers."""
    from . import store

    at = store.now()
    return {
        "id": store.new_id(),
        "principal": ctx.principal.id,
        "surface": ctx.surface,
        "tool": capability.name,
        "arguments": {name: value for name, value in arguments.items() if name != "preview"},
        "plan_hash": unit.hash(),
        "state": "proposed",
        "summary": {
            "plan": outline(unit).model_dump(),
            **({"undoes": unit.undoes} if len(unit.undoes) > 1 else {}),
            **({"asks": list(ctx.asks)} if ctx.asks else {}),
            "left": [[left.label, left.state, left.reason] for left in unit.left[:LEFT_KEPT]],
            "caller": [ctx.principal.id, ctx.principal.kind, sorted(ctx.principal.scopes), _label(ctx.principal)],
        },
        "reasons": capped(asks) or [],
        "created_at": at,
        "expires_at": at + EXPIRES_AFTER * 1_000_000,
        "decided_at": at,
        "finished_at": None,
        "approved_by": None,
        "undoes": unit.undoes[0] if len(unit.undoes) == 1 else None,
        "idempotency_key": ctx.key,
        "request_hash": digest,
        "outcome": None,
    }


def _label(principal: Principal) -> str:
    """What is kept of the caller's name: nothing of a person's, who is looked up by the id when it is shown."""
    return principal.name if principal.kind in {"os", "local", "client"} else ""


def caller_of(row: Mapping[str, Any]) -> Principal:
    """The principal that made the change, in whose name it is applied whoever agrees."""
    name, kind, scopes, label = row["summary"]["caller"]
    return Principal(name, kind, frozenset(scopes), label)


def asks_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Why a person must agree to the change whatever its plan is."""
    return tuple(row["summary"].get("asks", ()))


def number_of(row: Mapping[str, Any]) -> int:
    """Operations in the set's plan, as its row tells."""
    plan: dict[str, dict[str, int]] = row["summary"].get("plan") or {}
    return sum(plan.get("kinds", {}).values())
