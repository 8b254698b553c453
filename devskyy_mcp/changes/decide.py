"""Who must agree to a plan. It follows from the plan alone, never from what a model says."""

from __future__ import annotations

from typing import Literal

from .model import Leaving
from .stage import Unit

OBJECTS_WITHOUT_ASKING = 10
CANT_UNDO = "Can't be undone:"
"""How the reason of an operation begins that nothing takes back."""
ConfirmRule = Literal["risky", "always"]
_LEAVES: dict[Leaving, str] = {
    "message": "sends a message to a customer",
    "money": "moves money or gives it away",
    "goods": "changes where goods or messages go",
    "public": "makes text or files public",
    "request": "has an address fetched that such a text could have named",
}


def reasons(unit: Unit, rule: ConfirmRule) -> list[str]:
    """Why a person must agree, one sentence each; empty when the plan may go on by itself.

    Args:
        unit: what is staged.
        rule: ``always`` asks for every write (a newly connected shop), ``risky`` only for the reasons in the plan.
    """
    found: list[str] = list(unit.asks)
    for op in unit.ops:
        if op.undo:
            found.append(f"{CANT_UNDO} {op.undo}")
        found += op.asks
    objects = len(unit.ops)
    if objects > OBJECTS_WITHOUT_ASKING:
        found.append(f"Changes {objects} objects, more than {OBJECTS_WITHOUT_ASKING}.")
    if rule == "always" and unit.ops and not found:
        found.append("This shop asks before every write (CONFIRM_WRITES).")
    return list(dict.fromkeys(found))


def sends_out(unit: Unit) -> bool:
    """Whether the plan sends a message, has an address fetched or sets something going outside."""
    return any({"message", "request"} & set(op.leaves) or (op.kind == "act" and not op.leaves) for op in unit.ops)


def after_customers_texts(unit: Unit, *, privileged: bool) -> str:
    """Why a person must agree when the caller has just read text that customers or the web wrote; empty when the plan
    neither leaves the shop, nor lasts, nor touches accounts.
    """
    leaving = {kind for op in unit.ops for kind in op.leaves}
    found = [words for kind, words in _LEAVES.items() if kind in leaving]
    if any(op.kind == "act" and not op.leaves for op in unit.ops):
        found.append("sets something going outside")
    if any(op.undo for op in unit.ops):
        found.append("can't be undone")
    if privileged and not all(op.kind == "call" for op in unit.ops):
        found.append("touches accounts or settings")
    if not found:
        return ""
    return (
        f"Text from customers or the web was read shortly before, and this {', '.join(found)}: "
        "check that you want it, and not that text."
    )
