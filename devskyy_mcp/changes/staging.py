"""Staging a call: its tool runs and only says what it wants; and why a person must agree to that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from ..capability import Capability
from ..context import Context, Principal, Services
from ..errors import MISREAD, Code, Refused, unforeseen
from ..guard.logs import heard
from ..guard.taint import Taints
from .decide import ConfirmRule, after_customers_texts, reasons, sends_out
from .stage import Unit


class Staging:
    """``rule`` says which writes ask a person, and is read at each decision."""

    def __init__(self, services: Services, rule: Callable[[], ConfirmRule]) -> None:
        self._services = services
        self._rule = rule

    async def stage(self, ctx: Context, capability: Capability, model: Any, *, soon: bool = False) -> tuple[int, Unit]:
        """When it began, and the plan."""
        from . import store

        staged_at = store.now()
        unit = ctx.unit = Unit(soon=soon)
        fresh = Context(
            ctx.principal, ctx.services, capability.name, ctx.surface, unit, ctx.sink, ctx.can_ask, ctx.key, ctx.extras,
            ctx.agreed, ctx.asks, ctx.keeps_in,
        )  # fmt: skip
        unit.asks += ctx.asks
        if not capability.stages:
            from .calls import stage_call

            stage_call(unit, capability, model.model_dump(mode="json", exclude_unset=True))
            return staged_at, unit
        try:
            with anyio.fail_after(capability.policy.timeout):
                await capability.handler(fresh, **{name: getattr(model, name) for name in capability.parameters})
        except (*MISREAD, ExceptionGroup) as error:
            raise unforeseen(capability.name, error, heard()) from None
        if ctx.keeps_in and sends_out(unit):
            raise Refused(
                Code.FORBIDDEN,
                "This would send something out of the shop, after text from customers or the web was read.",
                "Leave it out, and say so in what you deliver.",
            )
        return staged_at, unit

    async def reasons(self, unit: Unit, capability: Capability, *principals: Principal) -> list[str]:
        """Why a person must agree: by the plan, and by what those who want it have just read."""
        found = reasons(unit, self._rule())
        gated = after_customers_texts(unit, privileged=capability.policy.needs_trust)
        if gated:
            taints = self._services.get(Taints)
            for name in {principal.id for principal in principals}:
                if await taints.marked(name):
                    return [gated, *found]
        return found
