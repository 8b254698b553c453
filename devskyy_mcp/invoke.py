"""The one road every call takes, from every surface.

authorise → validate → limit → (reads) run, (writes) stage → decide → commit → serialise, and one audit record per call.
Adapters translate; they decide nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

import anyio
from pydantic_core import PydanticSerializationError

from .assets.kept import KeptResults, shortened, size_of
from .call import Answers, Call, Decision, Question, Result, canonical, checked
from .capability import Capability, Registry, Texts, authorize, validate
from .changes.asking import AskPerson, request_hash
from .changes.service import Changes
from .context import Context, Principal, Services
from .errors import Code, Refused, unforeseen
from .guard.audit import AuditLog, AuditRecord, digest_of
from .guard.gates import Gates
from .guard.limits import CallLimits
from .guard.logs import begin_call, call_of, heard
from .guard.taint import Taints
from .guard.trust import UNTRUSTED, cleaned, refusal_says, says_untrusted
from .jobs.deciding import give
from .jobs.model import JobView
from .jobs.service import Jobs

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["Answers", "Call", "Decision", "Question", "Result", "Road", "failed_job"]

CACHE_ENTRIES = 512
SHORT = 4096
SLOW_AFTER = 0.1
"""Seconds after which a read counts as slow: most have been answered by then."""


class Road:
    """Carries calls. ``audit`` is told of each one; ``limits`` counts per principal and tool; ``outside`` says whose
    texts are not the brand's own, after ``Policy.texts``, and ``taints`` who has read such.
    """

    def __init__(
        self,
        registry: Registry,
        services: Services,
        changes: Changes,
        jobs: Jobs,
        audit: AuditLog,
        limits: CallLimits,
        taints: Taints,
        outside: Container[Texts],
    ) -> None:
        self.taints = taints
        self.outside = outside
        self.registry = registry
        self.services = services
        self.changes = changes
        self.jobs = jobs
        self.audit = audit
        self.limits = limits
        self.first_call = anyio.Event()
        self._cache: dict[tuple[str, str, str], tuple[float, dict[str, Any]]] = {}
        changes.on_written.append(lambda _change: self._cache.clear())

    async def invoke(self, call: Call) -> Result:
        """Carry out one call.

        Raises:
            Refused: the only exception that leaves, cancellation apart.
        """
        started = time.perf_counter_ns()
        capability: Capability | None = None
        code = "ok"
        change: str | None = None
        text = ""
        told = begin_call(call.principal.id)
        try:
            text = checked(call.arguments)
            capability, arguments = self._resolve(call)
            call.allowance = await self.limits.hit(call.principal.id, capability.name, capability.policy.effect)
            call.allowance.enforce()
            end = await self.limits.begin(call.principal.id)
            try:
                result = await self._carry_out(call, capability, arguments)
                result = await self._handed_over(call.principal, result)
            finally:
                end()
            change = result.data.get("change") or result.data.get("job") if capability.policy.writes else None
            return result
        except Refused as refused:
            code = str(refused.code)
            change = _change_in(refused)
            await self.hand_over_refusal(call.principal, refused)
            raise
        except TimeoutError:
            code = str(Code.TIMEOUT)
            seconds = capability.policy.timeout if capability else 0
            raise Refused(
                Code.TIMEOUT, f"This took longer than {seconds:g} s and was given up; nothing was sent."
            ) from None
        except Exception as error:
            refused = unforeseen(call.name, error, heard())
            code = str(refused.code)
            raise refused from None
        except BaseException:
            code = str(Code.CANCELLED)
            raise
        finally:
            self.first_call.set()  # what waits for it loads the database, which this caller need not wait for
            call_of.reset(told)
            self._record(call, capability, code, change, text, time.perf_counter_ns() - started)

    async def _handed_over(self, principal: Principal, result: Result) -> Result:
        policy = result.capability.policy
        texts: Texts = "none" if policy.job else policy.texts  # a job's view says itself whether it holds an outcome
        result.data, result.untrusted = await self.hand_over(principal, result.data, texts)
        return result

    async def hand_over(self, principal: Principal, data: Any, texts: Texts) -> tuple[Any, bool]:
        """What a principal may get, and whether surfaces must label it; whoever gets such texts is remembered."""
        if texts not in self.outside and not says_untrusted(data):
            return data, False
        await self.taints.mark(principal.id)
        return cleaned(data), True

    async def hand_over_refusal(self, principal: Principal, refused: Refused) -> None:
        """The same for what a refusal says and shows."""
        if refusal_says(refused.details):
            await self.taints.mark(principal.id)
            refused.message, refused.details = cleaned(refused.message), cleaned(refused.details)

    def _resolve(self, call: Call) -> tuple[Capability, Mapping[str, Any]]:
        """The tool that is meant and its arguments; a proxy (``tools_call``) stands for the tool that it names."""
        capability = self.registry.tool(call.name)
        authorize(call.principal, capability)
        if not capability.policy.proxies:
            return capability, call.arguments
        inner: Any = validate(capability, call.arguments)
        target = self.registry.tool(inner.name)
        if target.policy.proxies:
            raise Refused(Code.INVALID_ARGUMENTS, f"{target.name} can't be called through {capability.name}.")
        if target.policy.effect not in capability.policy.proxies:
            raise Refused(
                Code.FORBIDDEN,
                f"{capability.name} only calls tools that {'read' if capability.policy.effect == 'read' else 'write'}; "
                f"{target.name} has the effect {target.policy.effect}.",
                "Use tools_call for it.",
            )
        authorize(call.principal, target, capability)
        return target, inner.arguments

    async def _carry_out(self, call: Call, capability: Capability, arguments: Mapping[str, Any]) -> Result:
        ctx = Context(
            call.principal,
            self.services,
            capability.name,
            call.surface,
            None,
            call.sink,
            call.can_ask,
            call.key,
            call.extras,
            asks=call.asks,
            keeps_in=call.keeps_in,
        )
        await self.services.get(Gates).check(capability)
        try:
            if call.decision is not None:
                digest = request_hash(call.principal.id, capability.name, arguments)
                decision = call.decision
                view = await self.changes.decided(
                    ctx, decision.change, decision.person, agreed=decision.agreed, digest=digest
                )
                if capability.policy.privileged:
                    return Result(capability, await self.changes.given(capability, view))
                return Result(capability, await self._followed(call, _plain(view)))
            if await self._asks_first(call, capability):
                view = await self.changes.ask_first(ctx, capability, arguments)
                return Result(capability, await self.changes.given(capability, view))
            if call.answers is not None:
                view = await self._answered(call, call.answers)
                if capability.policy.job is not None:
                    return Result(capability, await self._ended(call, view))
            if capability.policy.job is not None:
                return Result(capability, await self._ended(call, await self.jobs.submit(ctx, capability, arguments)))
            if capability.stages:
                view = await self.changes.run(ctx, capability, arguments)
                return Result(capability, await self._followed(call, _plain(view)))
            data = await self._read(call, ctx, capability, arguments)
            return Result(capability, await self._followed(call, data) if capability.policy.writes else data)
        except AskPerson as ask:
            return Result(capability, _plain(ask.view), Question(str(ask.view.change), ask.message))

    async def _asks_first(self, call: Call, capability: Capability) -> bool:
        """Whether the call itself waits for a person, since it stages nothing that could."""
        if capability.stages:
            return False
        if call.asks:
            return True
        return capability.policy.privileged and await self.taints.marked(call.principal.id)

    async def outcome(self, principal: Principal, view: JobView) -> Result:
        """What the call that started this job answers, now that the job has ended.

        Raises:
            Refused: as that call would have refused.
        """
        try:
            return await self._handed_over(principal, await self._outcome(view))
        except Refused as refused:
            await self.hand_over_refusal(principal, refused)
            raise

    async def _outcome(self, view: JobView) -> Result:
        capability = self.registry.tool(view.tool)
        if view.change is not None:
            change = await self.changes.journal.recorded(view.change, repeated=False)
            if view.state != "failed" or change.state != "applying":
                return Result(capability, _plain(change))
        return Result(capability, _settled(view))

    async def _answered(self, call: Call, answers: Answers) -> JobView:
        """The job once it has the answers, or as it is when it does not wait for them any more."""
        try:
            await give(self.services, call.principal, call.surface, answers)
        except Refused as refused:
            if refused.code is not Code.CONFLICT:
                raise
        return await self.jobs.get(call.principal, answers.job)

    async def _followed(self, call: Call, data: dict[str, Any]) -> dict[str, Any]:
        """The change as it is, or as it has become once the job that carries it out has ended."""
        if not call.wait or data.get("state") != "applying" or not data.get("job"):
            return data
        self.first_call.set()
        await self.jobs.wait(call.principal, data["job"], call.wait, call.sink)
        view = await self.changes.journal.recorded(data["change"], repeated=False)
        return _plain(view)

    async def _ended(self, call: Call, view: JobView) -> dict[str, Any]:
        """The job as it is when it has ended, or when the caller waits no longer.

        Raises:
            Refused: with the job's own code and the whole view in ``details.job`` when it failed.
        """
        if call.wait:
            self.first_call.set()  # a job waits for the worker, which waits for this
            view = await self.jobs.wait(call.principal, view.job, call.wait, call.sink)
        return _settled(view)

    async def _read(
        self, call: Call, ctx: Context, capability: Capability, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        model = validate(capability, arguments)
        ttl = capability.policy.cache_ttl
        if not ttl:
            return await self._answer(call, ctx, capability, model)
        key = (ctx.principal.id, capability.name, canonical(arguments))
        kept = self._cache.get(key)
        if kept and kept[0] > time.monotonic():
            return kept[1]
        data = await self._answer(call, ctx, capability, model)
        if len(self._cache) >= CACHE_ENTRIES:
            self._cache.clear()
        self._cache[key] = (time.monotonic() + ttl, data)
        return data

    async def _answer(self, call: Call, ctx: Context, capability: Capability, model: BaseModel) -> dict[str, Any]:
        given = {name: getattr(model, name) for name in capability.parameters}
        # What commits has deadlines of its own: "gave up, nothing was sent" would not be true of it.
        loop, seconds = asyncio.get_running_loop(), math.inf if capability.policy.writes else capability.policy.timeout
        deadline = loop.time() + seconds
        with anyio.CancelScope() as call.scope:
            # One timer for all that only matters to what takes long: most answers are here before.
            later = loop.call_later(min(SLOW_AFTER, seconds), _takes_long, call, deadline)
            try:
                data = _plain(await capability.handler(ctx, **given))
                if size_of(data) <= capability.policy.most:
                    return data
                return await self._cut(call.principal, capability, data)
            finally:
                later.cancel()
        if loop.time() >= deadline:
            raise TimeoutError
        raise Refused(Code.CANCELLED, "The caller went away.")

    async def _cut(self, principal: Principal, capability: Capability, data: dict[str, Any]) -> dict[str, Any]:
        """As much of the result as a call gives, with ``rest``: where the whole is, and what was left out."""
        short, left_out = shortened(data, capability.policy.most)
        rest: dict[str, Any] = {"left_out": left_out}
        whole = {**data, "trust": UNTRUSTED} if capability.policy.texts in self.outside else data
        try:
            rest["resource"] = await self.services.get(KeptResults).keep(principal.id, capability.name, whole)
        except Refused:
            rest["note"] = "The whole could not be kept; ask for less."
        return {**short, "rest": rest}

    def _record(
        self, call: Call, capability: Capability | None, code: str, change: str | None, text: str, nanoseconds: int
    ) -> None:
        short = len(text) <= SHORT  # many records may wait, so long texts do not wait with them
        self.audit.add(
            AuditRecord(
                principal=call.principal.id,
                surface=call.surface,
                capability=capability.name if capability else call.name[:60],
                effect=capability.policy.effect if capability else "read",
                change_id=change,
                phase="call",
                code=code,
                duration_us=nanoseconds // 1000,
                arguments=text if short else "",
                arguments_sha256="" if short else digest_of(text),
            )
        )


def _takes_long(call: Call, deadline: float) -> None:
    if call.scope is not None:
        call.scope.deadline = deadline
    if call.on_slow is not None:
        call.on_slow()


def _plain(view: BaseModel) -> dict[str, Any]:
    try:
        return view.model_dump(mode="json", exclude_none=True, warnings="error")
    except PydanticSerializationError:  # a field was set to what another system sent: made to fit, or refused
        fitting = type(view).model_validate(view.model_dump(warnings=False))
        return fitting.model_dump(mode="json", exclude_none=True)


def _settled(view: JobView) -> dict[str, Any]:
    """Raises the refusal that a failed job is."""
    if view.state == "failed":
        raise failed_job(view)
    return _plain(view)


def failed_job(view: JobView) -> Refused:
    """The refusal that a failed job is for who waited for it."""
    error = view.error or {}
    code = Code(error["code"]) if error.get("code") in set(Code) else Code.INTERNAL
    details = {"job": _plain(view)}
    return Refused(code, error.get("message", view.summary), error.get("hint", ""), details=details)


def _change_in(refused: Refused) -> str | None:
    view: Any = refused.details.get("change")
    if isinstance(view, Mapping):
        return view.get("change")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # our own view
    return view if isinstance(view, str) else None
