"""Privileged calls that a person has to agree to: each is a change set of one operation, whose system is this server
itself, so that proposal, page, approval, audit and "once only" are those of any write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anyio

from ..auth.still import still
from ..capability import Registry, validate
from ..context import Context, Services
from ..db.database import Database
from ..errors import Code, Refused, unforeseen
from .model import JournalOp, Op, Outcome
from .one_way import OneWay
from .rows import caller_of

if TYPE_CHECKING:
    from ..capability import Capability
    from .stage import Unit

SYSTEM = "call"
_LASTS = "a call has no way back."
_MAY_HAVE_HAPPENED = frozenset({Code.INTERNAL, Code.OUTCOME_UNKNOWN, Code.TIMEOUT, Code.UPSTREAM_UNREACHABLE})


def stage_call(unit: Unit, capability: Capability, arguments: Mapping[str, Any]) -> None:
    """Stage the call itself, which stages nothing."""
    summary = capability.summary.removesuffix(".")
    unit.title = f"Would call {capability.name}: {summary[:1].lower()}{summary[1:]}"
    unit.add(Op(SYSTEM, "call", capability.noun, None, dict(arguments), label=capability.name, undo=_LASTS))


class Calls(OneWay):
    """The system that such operations go to. The tool itself sees to what two calls at once may do."""

    name = SYSTEM
    no_way_back = _LASTS
    quiet_after = 60.0
    proves_absence = False

    def __init__(self, services: Services) -> None:
        self._services = services

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        return [await self._send(change, op) for op in ops]

    async def _send(self, change: str, op: Op) -> Outcome:
        try:
            return Outcome("done", after=await self._call(change), undo=_LASTS)
        except Refused as refused:
            error = refused.as_dict()
            return Outcome("unknown" if refused.code in _MAY_HAVE_HAPPENED else "failed", error=error)
        except TimeoutError:
            error = {"code": str(Code.TIMEOUT), "message": f"{op.label} took too long and was given up."}
            return Outcome("unknown", error=error)
        except Exception as error:
            return Outcome("unknown", error=unforeseen(op.label, error).as_dict())

    async def _call(self, change: str) -> dict[str, Any]:
        """Call the tool in the name of whoever asked for it, with what they may still do; its result."""
        from . import store

        async with self._services.get(Database).read() as conn:
            row = await store.read_set(conn, change)
        assert row is not None
        caller, capability = await still(self._services, caller_of(row)), self._services.get(Registry).tool(row["tool"])
        model = validate(capability, row["arguments"])
        ctx = Context(caller, self._services, capability.name, row["surface"], agreed=True)
        if capability.policy.job is not None:
            return await self._start(ctx, capability, row["arguments"], change)
        with anyio.fail_after(capability.policy.timeout):
            answer = await capability.handler(ctx, **{name: getattr(model, name) for name in capability.parameters})
        return answer.model_dump(mode="json", exclude_none=True)

    async def _start(
        self, ctx: Context, capability: Capability, arguments: Mapping[str, Any], change: str
    ) -> dict[str, Any]:
        """Start the job that the call is, once: the change's id is its key."""
        from .service import Changes

        ctx.key = change
        view: Any = await self._services.get(Changes).jobs.submit(ctx, capability, arguments)
        return view.model_dump(mode="json", exclude_none=True)

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        """Only a person can find out what became of a call whose end nobody saw."""
        return [Outcome("unknown", error=item.outcome.error) for item in ops]
