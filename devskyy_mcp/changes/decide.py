"""Who must agree to a plan. It follows from the plan alone, never from what a model says."""

from __future__ import annotations

from typing import Literal

from .stage import Unit

OBJECTS_WITHOUT_ASKING = 10
CANT_UNDO = "Can't be undone:"
"""How the reason of an operation begins that nothing takes back."""
ConfirmRule = Literal["risky", "always"]


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
