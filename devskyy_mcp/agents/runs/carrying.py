"""Carrying out what a turn asks for: each call by the one road, in the person's name, within what the agent may."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import anyio

from ...assets.own import OwnFiles
from ...capability import Capability, Registry, allowed
from ...config import Settings
from ...context import Context, Principal
from ...errors import Code, Refused
from ...guard.trust import UNTRUSTED, fenced, says_untrusted
from ...invoke import Call, Result, Road
from ...jobs.model import ENDED, JobView
from ...jobs.service import Jobs
from ...llm.asking import Answer, Want
from ..catalogue import Agent
from . import reader
from .links import BARE, EMAIL, URL, host_of, hosts, named, texts_of
from .model import DELIVER, READ_REST, SURFACE, TOOL
from .state import State, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_TEXT = 16_000
"""Characters, about 4,000 tokens, of a result that the model is given at once."""
AT_ONCE = 4
"""Reads under way at once."""
REPAIRS = 2
"""Times that a tool may be called again after arguments that it does not take."""
JOB_WAIT = 300.0
"""Seconds that a call waits for the job it has started; then it is told how the job stands."""
TRIES = 3
LONGEST_PAUSE = 20.0


@dataclass
class Waits(Exception):
    """A person must agree to the change before the call goes on."""

    change: str
    summary: str
    approve: Mapping[str, str]


class Carrying:
    """Args: ``ctx`` of the run's job; ``agent`` whose run it is; ``state`` of the run."""

    def __init__(self, ctx: Context, agent: Agent, state: State, want: Want) -> None:
        self.ctx = ctx
        self.agent = agent
        self.state = state
        self.want = want
        self.road = ctx.get(Road)
        self.tools = offered(agent, ctx.principal, ctx.get(Registry))
        self.principal = within(ctx.principal, self.tools.values())
        self._approve = frozenset(agent.written.fields["tools"].get("approve", ()))
        self._reads_untrusted = agent.file.trust.reads_untrusted
        self._egress = agent.file.trust.egress

    # ---- what is refused before it is called -----------------------------------------------------------------------

    def unfit(self, wanted: Wanted) -> dict[str, Any] | None:
        """The result of a call that is none: no such tool, arguments that are no object, tried too often."""
        name = wanted.call.name
        if not wanted.own and name not in self.tools:
            near = difflib.get_close_matches(name, [*self.tools, DELIVER], 3, 0.5) or sorted(self.tools)[:3]
            return refusal(Code.UNKNOWN_TOOL, f"There is no tool called {name[:80]!r}. Nearest: {', '.join(near)}.")
        if self.state.invalid[name] > REPAIRS:
            return refusal(Code.CONFLICT, f"{name} was called {REPAIRS + 1} times with arguments it does not take.")
        if wanted.call.arguments is None:
            return refusal(Code.INVALID_ARGUMENTS, "(the arguments): they are not a JSON object.")
        return None

    def parallel(self, wanted: Wanted) -> bool:
        """Whether the call only reads, so that it may go beside others."""
        tool = self.tools.get(wanted.call.name)
        return wanted.call.name == READ_REST or (
            tool is not None and not tool.policy.writes and tool.name not in self._approve and tool.policy.job is None
        )

    # ---- calling ---------------------------------------------------------------------------------------------------

    async def call(self, wanted: Wanted, *, again: bool) -> dict[str, Any]:
        """What the call gives, as the run keeps it.

        Args:
            wanted: with its intent written.
            again: an earlier process has written the intent, and may have called.

        Raises:
            Waits: when a person must agree first.
        """
        assert wanted.seq is not None
        given = self.state.marks.show(wanted.call.arguments)
        if wanted.call.name == READ_REST:
            return self._rest(given)
        tool = self.tools.get(wanted.call.name)
        if tool is None:  # it left the agent's file, or its person's rights, while the call waited
            what = "changes_show tells what became of its change." if wanted.waits else "Go on without it."
            told = refusal(Code.UNKNOWN_TOOL, f"{wanted.call.name} is no longer among this agent's tools.", what)
            return {**told, **({"change": wanted.waits} if wanted.waits else {})}
        asks = self._asks(tool, given)
        if again and tool.policy.writes and not (tool.stages or tool.policy.job or asks or tool.policy.idempotent):
            return refusal(
                Code.OUTCOME_UNKNOWN,
                "The server stopped while this was under way, and nobody saw its end.",
                "Look whether it was done before you call it again.",
            )
        if asks is None:
            return refusal(
                Code.FORBIDDEN,
                "It names an address outside the shop, and this agent may send nothing out after it has read texts of "
                "customers or the web.",
                "Leave the address out.",
            )
        if self.state.tainted:  # the mark of an earlier process, or of days ago, may have ended
            await self.road.taints.mark(self.principal.id)
        call = Call(
            self.principal,
            tool.name,
            given,
            SURFACE,
            key=f"{self.state.begun['run']}:{wanted.seq}:{wanted.call.id[:60]}",
            wait=JOB_WAIT if tool.policy.writes else 0,
            asks=asks,
            keeps_in=self.state.tainted and self._egress == "none",
        )
        try:
            result = await self._invoked(call, tool)
        except Refused as refused:
            self._person(_change_of(refused)) if refused.code is Code.WAITS_FOR_PERSON else None
            return self._refused(refused)
        if result.data.get("state") in {"waits_for_person", "proposed"} and not given.get("preview"):
            self._person(result.data)
        if again:  # what this very call has done before is no repetition to the agent
            result.data = {name: value for name, value in result.data.items() if name != "repeated"}
        return await self._given(wanted.seq, result)

    async def _tried(self, call: Call, tool: Capability) -> Result:
        """The road's answer; what may pass is tried again where nothing can have been done."""
        attempt = 1
        while True:
            try:
                return await self.road.invoke(call)
            except Refused as refused:
                free = not tool.policy.writes or refused.code is Code.RATE_LIMITED
                if not (refused.retryable and free) or attempt == TRIES:
                    raise
                await anyio.sleep(min(refused.retry_after or 0.5 * 2**attempt, LONGEST_PAUSE))
                attempt += 1

    async def _invoked(self, call: Call, tool: Capability) -> Result:
        result = await self._tried(call, tool)
        if tool.policy.job is None:
            return result
        view = JobView.model_validate(result.data)
        if view.state not in ENDED:
            view = await self.ctx.get(Jobs).wait(self.principal, view.job, JOB_WAIT, self.ctx.sink)
        return await self.road.outcome(self.principal, view) if view.state in ENDED else Result(tool, _plain(view))

    def _person(self, view: Mapping[str, Any]) -> None:
        """Raises Waits."""
        raise Waits(str(view["change"]), str(view.get("summary", "")), view.get("approve") or {})

    def _asks(self, tool: Capability, given: Any) -> tuple[str, ...] | None:
        """Why a person must agree to the call, whatever it does; None when it may not be made at all."""
        found: list[str] = []
        if tool.name in self._approve:
            found.append(f"The agent {self.agent.name} may call {tool.name} only when a person agrees.")
        if not self.state.tainted:
            return tuple(found)
        if tool.policy.writes and not tool.policy.only_makes and not found:
            found.append("Texts of customers or the web were read before, and may be what asks for this.")
        foreign = self._foreign(given)
        if foreign and (not tool.policy.writes or tool.policy.open_world):
            if self._egress == "none" and not tool.stages:
                return None
            found.append(f"It names what texts of customers or the web may have named: {', '.join(foreign[:5])}.")
        return tuple(found)

    def _foreign(self, given: Any) -> list[str]:
        """Hosts and addresses in the arguments that neither the shop nor the operator has named."""
        known = {*self.state.inside.splitlines(), *own_hosts(self.ctx)}
        if not self.state.begun.get("tainted"):  # else such a text may have asked for the run
            known |= set(named([self.state.begun["request"], self.state.begun["arguments"]]).splitlines())
        found = {host_of(link) for text in texts_of(given) for link in URL.findall(text)}
        found |= {address.lower() for text in texts_of(given) for address in EMAIL.findall(text)}
        bare = {host.lower() for text in texts_of(given) for host in BARE.findall(text)}
        found |= bare & set(self.state.outside.splitlines())
        return sorted(found - known - {""})

    # ---- results ---------------------------------------------------------------------------------------------------

    async def _given(self, seq: int, result: Result) -> dict[str, Any]:
        data, untrusted = result.data, result.untrusted or says_untrusted(result.data)
        # What a write shows is what the model itself has asked for: it makes nobody known.
        lines, answer = "" if result.capability.policy.writes else named(data), None
        if untrusted and self._reads_untrusted:
            data, answer = await reader.read(self.ctx, f"read-{seq}", self.want, data, self.state.marks.hide)
        code = str(data.get("state", "ok")) if result.capability.policy.writes else "ok"
        found = self._kept(json.dumps(data, ensure_ascii=False), seq, code, untrusted=untrusted, error=False)
        change = data.get("change") if result.capability.policy.writes else None
        return {**found, "named": lines, **({"change": change} if change else {}), **paid(answer)}

    def _refused(self, refused: Refused) -> dict[str, Any]:
        untrusted = says_untrusted(refused.details) or says_untrusted(_change_of(refused))
        text = f"{refused.code}: {refused.message}" + (f" {refused.hint}" if refused.hint else "")
        details = {name: value for name, value in refused.details.items() if name in {"nearest", "fields"}}
        if details:
            text += f"\n{json.dumps(details, ensure_ascii=False)}"
        found = self._kept(text, None, str(refused.code), untrusted=untrusted, error=True)
        change = _change_of(refused).get("change")
        return {**found, **({"change": change} if change else {})}

    def _kept(self, text: str, seq: int | None, code: str, *, untrusted: bool, error: bool) -> dict[str, Any]:
        before = dict(self.state.marks.values)
        text = self.state.marks.hide(text)
        fresh = {mark: value for mark, value in self.state.marks.values.items() if mark not in before}
        digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
        kept: dict[str, Any] = {"code": code, "error": error, "untrusted": untrusted, "digest": digest, "marks": fresh}
        short = text
        if len(text) > MOST_TEXT and seq is not None:
            kept["full"] = text
            short = text[:MOST_TEXT]
        short = fenced(short) if untrusted else short
        if "full" in kept:
            short += (
                f"\n[cut: {len(text) - MOST_TEXT} of {len(text)} characters are left out; "
                f"{READ_REST}(result={seq}, offset={MOST_TEXT}) gives them]"
            )
        return {**kept, "text": short}

    def _rest(self, given: Any) -> dict[str, Any]:
        number, offset = given.get("result"), given.get("offset", 0)
        if not isinstance(number, int) or number not in self.state.rests:
            return refusal(Code.INVALID_ARGUMENTS, "result: it is not the number of a result that was cut.")
        if not isinstance(offset, int) or offset < 0:
            return refusal(Code.INVALID_ARGUMENTS, "offset: it is not a whole number from 0 on.")
        text = self.state.rests[number]
        part = text[offset : offset + MOST_TEXT]
        left = max(0, len(text) - offset - MOST_TEXT)
        untrusted = self.state.tainted
        found = self._kept(part, None, "ok", untrusted=untrusted, error=False)
        more = f"\n[{left} more characters behind offset {offset + MOST_TEXT}]" if left else ""
        return {**found, "text": found["text"] + more}


def offered(agent: Agent, principal: Principal, registry: Registry) -> dict[str, Capability]:
    """The agent's tools that are here and that the person may use, by name; none that calls others by their names."""
    found = {name: registry.tools[name] for name in agent.tools if name in registry.tools}
    return {
        name: tool
        for name, tool in found.items()
        if not tool.policy.proxies and name != TOOL and allowed(principal, tool.policy.scopes)
    }


def within(principal: Principal, tools: Iterable[Capability]) -> Principal:
    """The person with no more scopes than the agent's tools need, and none that they have not."""
    policies = [tool.policy for tool in tools]
    also = frozenset(scope for policy in policies for scope in policy.also if principal.may(scope))
    return replace(principal, scopes=frozenset(scope for policy in policies for scope in policy.scopes) | also)


def own_hosts(ctx: Context) -> set[str]:
    """The shop's own and this server's."""
    settings = ctx.get(Settings)
    found = {host_of(str(address)) for address in (settings.wordpress_url, settings.base_url) if address}
    return (found | ctx.get(OwnFiles).hosts) - {""}


def allowed_hosts(ctx: Context, state: State) -> set[str]:
    """Hosts that links in a deliverable may lead to: the shop's own, and what the operator's own texts have named."""
    return own_hosts(ctx) | hosts(state.inside)


def refusal(code: Code, message: str, hint: str = "") -> dict[str, Any]:
    """The result of a call that was not made."""
    text = f"{code}: {message}" + (f" {hint}" if hint else "")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"text": text, "code": str(code), "error": True, "untrusted": False, "digest": digest}


def paid(answer: Answer | None) -> dict[str, Any]:
    """What an ask took, as events keep it: tokens that were not cached, and millionths of a US dollar."""
    if answer is None:
        return {}
    usage = answer.turn.usage
    micros = None if answer.total_usd is None else round(answer.total_usd * 1_000_000)
    return {"tokens": usage.total_in - usage.cache_read + usage.total_out, "micros": micros}


def _change_of(refused: Refused) -> Mapping[str, Any]:
    view = refused.details.get("change")
    if isinstance(view, Mapping):
        return view  # pyright: ignore[reportUnknownVariableType] # our own view
    return {"change": view} if isinstance(view, str) else {}


def _plain(view: JobView) -> dict[str, Any]:
    return view.model_dump(mode="json", exclude_none=True)


__all__ = ["UNTRUSTED", "Carrying", "Waits", "allowed_hosts", "offered", "paid", "refusal"]
