"""The MCP server: the SDK's low-level one, fed by the registry through the one road."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from ... import __version__
from ...agents.catalogue import Agents
from ...app import App
from ...capability import Capability
from ...errors import Code, Refused
from ...guard.limits import ALLOWANCE
from ...invoke import Call, Result
from ...jobs.deciding import plan_of
from ...jobs.model import JobView
from ...reading import Reader
from . import apps, asking, listing, raw, results, skills, tasks
from .caller import Caller, CallerOf
from .events import CHANGE, JOB, MOST_SUBSCRIPTIONS, Announcer
from .files import Files
from .listening import Listening
from .sdk import AnnouncingServer, RequestContext, add_ready_answers, add_sealing, make_server
from .secret import state_secret

NAME = "devskyy"
QUESTIONS = 5
"""How often one call may ask its person anew, when the objects keep changing meanwhile."""


class Surface:
    """MCP for one app. ``caller_of`` tells who sends a request; ``announcer`` must be running for events to flow."""

    def __init__(self, app: App, caller_of: CallerOf) -> None:
        self._app = app
        self._caller_of = caller_of
        self.announcer = Announcer(app)
        self.raw = raw.parts(app)
        self._files = Files(app.services)
        self.tasks = tasks.Tasks(app.road, app.settings.keep_jobs_days, self._files)
        self._streams = Listening(self.announcer.bus, lambda: app.road.jobs.events, self.tasks, caller_of)
        self.server = self._build()

    def _build(self) -> AnnouncingServer:
        registry = self._app.registry
        server = make_server(
            NAME,
            version=__version__,
            title="DevSkyy",
            instructions=listing.instructions(registry),
            input_schema=self._input_schema,
        )
        add_ready_answers(server, self._list_key)
        add_sealing(server, state_secret(self._app.settings), lambda ctx: self._caller_of(ctx).principal.id)
        add = server.add_request_handler
        add("tools/list", types.PaginatedRequestParams, self._list_tools)
        add("tools/call", types.CallToolRequestParams, self._call_tool)
        add("prompts/list", types.PaginatedRequestParams, self._list_prompts)
        add("prompts/get", types.GetPromptRequestParams, self._get_prompt)
        add("resources/list", types.PaginatedRequestParams, self._list_resources)
        add("resources/templates/list", types.PaginatedRequestParams, self._list_templates)
        add("resources/read", types.ReadResourceRequestParams, self._read_resource)
        add("resources/subscribe", types.SubscribeRequestParams, self._subscribe)
        add("resources/unsubscribe", types.UnsubscribeRequestParams, self._unsubscribe)
        add("completion/complete", types.CompleteRequestParams, self._complete)
        add("subscriptions/listen", types.SubscriptionsListenRequestParams, self._listen)
        server.extensions[tasks.EXTENSION] = {}
        add("tasks/get", tasks.TaskParams, self._get_task)
        add("tasks/update", tasks.UpdateParams, self._update_task)
        add("tasks/cancel", tasks.TaskParams, self._cancel_task)
        if self._app.services.get(Agents).offered:
            server.extensions[skills.EXTENSION] = {}
            add("skills/list", types.PaginatedRequestParams, self._list_skills)
            add("skills/get", skills.SkillParams, self._get_skill)
        server.add_notification_handler("notifications/initialized", types.NotificationParams, self._joined)
        if self.raw is not None:
            raw.extend(server, self.raw)
        return server

    def _input_schema(self, name: str) -> dict[str, Any] | None:
        capability = self._app.registry.tools.get(name)
        return listing.routed_schema(capability) if capability else None

    def _list_key(self, ctx: RequestContext) -> Hashable:
        caller = self._caller_of(ctx)
        return caller.profile, caller.principal.scopes, self._app.registry.generation, apps.shows_pages(ctx)

    # ---- tools -------------------------------------------------------------------------------------------------

    async def _list_tools(self, ctx: RequestContext, params: types.PaginatedRequestParams) -> dict[str, Any]:
        _one_page(params)
        caller = self._caller_of(ctx)
        found = self._app.registry.visible(caller.principal, caller.profile, pages=apps.shows_pages(ctx))
        return listing.tools(found)

    async def _call_tool(self, ctx: RequestContext, params: types.CallToolRequestParams) -> Any:
        caller, as_tasks = self._caller_of(ctx), tasks.declared(ctx)
        try:
            capability = self._app.registry.tools.get(params.name)
            if capability is not None:
                _check_listed(capability, caller)
            extras, given = self._extras(ctx, params, capability.pack if capability else "")
            call = Call(
                caller.principal,
                params.name,
                params.arguments or {},
                caller.surface,
                sink=ctx.session.report_progress,
                can_ask=asking.can_ask(ctx),
                decision=asking.brought(params, caller),
                answers=asking.brought_to_job(params, caller),
                wait=0 if as_tasks else self._app.settings.host_wait,
                extras=extras,
            )
            result = await self._invoke(ctx, call, caller)
        except Refused as refused:
            if refused.code is Code.UNKNOWN_TOOL and params.name not in self._app.registry.tools:
                raise results.protocol_error(refused, ctx.protocol_version) from None
            return results.of_refusal(refused)
        if given is not None and given.answer is not None:
            return _out(given.answer)
        if result.question is not None:
            return asking.input_required(result.question)
        if as_tasks:
            job = tasks.going_on(result)
            if job is not None:
                return await self.tasks.created(caller.principal, job)
        asks = _asking_job(result)
        if asks is not None and asking.modern(ctx) and asking.can_ask(ctx):
            return asking.job_asks(asks, await plan_of(self._app.services, caller.principal, asks))
        return await results.of_result(result, self._files, caller.principal)

    async def _invoke(self, ctx: RequestContext, call: Call, caller: Caller) -> Result:
        """Take the road; with a handshake-era host also ask its person, as often as the plan turns out to be stale or
        the job has another question.
        """
        try:
            result = await self._app.road.invoke(call)
        finally:
            if ctx.request is not None:  # the door tells, unless the answer has begun as a stream
                ctx.request.scope[ALLOWANCE] = call.allowance
        if asking.modern(ctx):
            return result
        for left in reversed(range(QUESTIONS)):
            asks = _asking_job(result)
            call.decision = call.answers = None
            if not call.can_ask:
                break
            if result.question is not None:
                call.decision = await asking.elicit(ctx, result.question, caller)
            elif asks is not None:
                plan = await plan_of(self._app.services, caller.principal, asks)
                call.answers = await asking.elicit_for_job(ctx, asks, plan, caller)
            else:
                break
            call.can_ask = left > 0 and (call.decision is not None or call.answers is not None)
            result = await self._app.road.invoke(call)
        return result

    def _extras(self, ctx: RequestContext, params: Any, pack: str = raw.PACK) -> tuple[dict[str, Any], raw.Raw | None]:
        if self.raw is None or pack != raw.PACK:
            return {}, None
        given = raw.Raw(ctx, params)
        return {raw.KEY: given}, given

    # ---- tasks -------------------------------------------------------------------------------------------------

    async def _get_task(self, ctx: RequestContext, params: tasks.TaskParams) -> dict[str, Any]:
        principal = self._caller_of(ctx).principal
        can_ask = asking.can_ask(ctx)
        return await self._task_call(ctx, params, lambda: self.tasks.get(principal, params.task_id, can_ask=can_ask))

    async def _update_task(self, ctx: RequestContext, params: tasks.UpdateParams) -> dict[str, Any]:
        caller, responses, can_ask = self._caller_of(ctx), params.input_responses, asking.can_ask(ctx)
        return await self._task_call(
            ctx, params, lambda: self.tasks.update(caller, params.task_id, responses, can_ask=can_ask)
        )

    async def _cancel_task(self, ctx: RequestContext, params: tasks.TaskParams) -> dict[str, Any]:
        principal = self._caller_of(ctx).principal
        return await self._task_call(ctx, params, lambda: self.tasks.cancel(principal, params.task_id))

    async def _task_call(
        self, ctx: RequestContext, params: tasks.TaskParams, work: Callable[[], Awaitable[dict[str, Any] | None]]
    ) -> dict[str, Any]:
        """Do it under limit and audit; without a result the answer is a bare acknowledgement."""
        tasks.require(ctx)
        tasks.check_routed(ctx, params.task_id)
        action = ctx.method.removeprefix("tasks/")
        effect, about = ("read", None) if action == "get" else ("write", tasks.well_formed(params.task_id))
        try:
            answer = await self._reader(ctx).account("task", action, work, effect=effect, about=about)
        except Refused as refused:
            await self._app.road.hand_over_refusal(self._caller_of(ctx).principal, refused)
            raise results.protocol_error(refused, ctx.protocol_version) from None
        return {"resultType": "complete", **(answer or {})}

    # ---- prompts and resources ---------------------------------------------------------------------------------

    def _reader(self, ctx: RequestContext, extras: dict[str, Any] | None = None) -> Reader:
        caller = self._caller_of(ctx)
        return Reader(self._app.road, caller.principal, caller.surface, extras or {})

    async def _list_prompts(self, ctx: RequestContext, params: types.PaginatedRequestParams) -> dict[str, Any]:
        _one_page(params)
        return listing.prompts(self._reader(ctx).prompts())

    async def _list_resources(self, ctx: RequestContext, params: types.PaginatedRequestParams) -> dict[str, Any]:
        _one_page(params)
        return listing.resources(self._reader(ctx).resources(templates=False))

    async def _list_templates(self, ctx: RequestContext, params: types.PaginatedRequestParams) -> dict[str, Any]:
        _one_page(params)
        return listing.templates(self._reader(ctx).resources(templates=True))

    async def _get_prompt(self, ctx: RequestContext, params: types.GetPromptRequestParams) -> Any:
        extras, given = self._extras(ctx, params)
        try:
            prompt, text = await self._reader(ctx, extras).prompt(params.name, params.arguments or {})
        except Refused as refused:
            raise results.protocol_error(refused, ctx.protocol_version) from None
        if given is not None and given.answer is not None:
            return _out(given.answer)
        return results.of_prompt(prompt.description, text)

    async def _read_resource(self, ctx: RequestContext, params: types.ReadResourceRequestParams) -> Any:
        try:
            resource, content, untrusted = await self._reader(ctx).read(params.uri)
        except Refused as refused:
            raise results.protocol_error(refused, ctx.protocol_version, uri=params.uri[:2_000]) from None
        return results.of_resource(resource, params.uri, content, untrusted=untrusted)

    async def _complete(self, ctx: RequestContext, params: types.CompleteRequestParams) -> dict[str, Any]:
        reader, asked = self._reader(ctx), params.argument
        try:
            if isinstance(params.ref, types.PromptReference):
                values = await reader.complete_prompt(params.ref.name, asked.name, asked.value)
            else:
                values = await reader.complete_resource(params.ref.uri, asked.name, asked.value)
        except Refused as refused:
            raise results.protocol_error(refused, ctx.protocol_version) from None
        return results.of_completion(values)

    # ---- skills ------------------------------------------------------------------------------------------------

    async def _list_skills(self, ctx: RequestContext, params: types.PaginatedRequestParams) -> dict[str, Any]:
        _one_page(params)
        return skills.listed(self._app.services.get(Agents), self._caller_of(ctx).principal)

    async def _get_skill(self, ctx: RequestContext, params: skills.SkillParams) -> dict[str, Any]:
        try:
            return skills.got(self._app.services.get(Agents), self._caller_of(ctx).principal, params.uri)
        except Refused as refused:
            raise results.protocol_error(refused, ctx.protocol_version) from None

    # ---- subscriptions -------------------------------------------------------------------------------------------

    async def _listen(self, ctx: RequestContext, params: types.SubscriptionsListenRequestParams) -> Any:
        """Stream what the host asked for; the acknowledgement leaves out what it may not read or is not there."""
        uris = list(dict.fromkeys(params.notifications.resource_subscriptions or ()))
        if len(uris) > MOST_SUBSCRIPTIONS:
            raise MCPError(types.INVALID_PARAMS, f"At most {MOST_SUBSCRIPTIONS} resources can be subscribed to.")
        readable: list[str] = []
        for uri in uris:
            with suppress(Refused):
                await self._check_subscription(ctx, uri)
                readable.append(uri)
        params.notifications.resource_subscriptions = readable or None
        async with self.announcer.wanting(readable):
            return await self._streams(ctx, params)

    async def _check_subscription(self, ctx: RequestContext, uri: str) -> None:
        """Whether the caller may read it: of changes and jobs also whether there is one, and it is theirs.

        Raises:
            Refused: NOT_FOUND, FORBIDDEN.
        """
        reader = self._reader(ctx)
        reader.check(uri)
        if uri.startswith((CHANGE, JOB)):
            await reader.read(uri)

    # ---- handshake-era notifications -----------------------------------------------------------------------------

    async def _joined(self, ctx: RequestContext, _params: types.NotificationParams) -> None:
        self.announcer.joined(ctx)

    async def _subscribe(self, ctx: RequestContext, params: types.SubscribeRequestParams) -> dict[str, Any]:
        try:
            await self._check_subscription(ctx, params.uri)
            await self.announcer.subscribe(ctx, params.uri)
        except Refused as refused:
            raise results.protocol_error(refused, ctx.protocol_version) from None
        return {}

    async def _unsubscribe(self, ctx: RequestContext, params: types.UnsubscribeRequestParams) -> dict[str, Any]:
        self.announcer.unsubscribe(ctx, params.uri)
        return {}


def _asking_job(result: Result) -> JobView | None:
    """The job that the result shows and that waits for a person's answer, if it does."""
    if result.data.get("state") != "input_required" or "tool" not in result.data:
        return None
    return JobView.model_validate(result.data)


def _check_listed(capability: Capability, caller: Caller) -> None:
    """Refuse a tool that this profile does not list; scopes are the road's to check."""
    if caller.profile != "full" and not capability.policy.core and capability.policy.view is None:
        raise Refused(
            Code.UNKNOWN_TOOL,
            f"{capability.name} is not among the tools listed here.",
            f"Call it through {'tools_read' if capability.policy.effect == 'read' else 'tools_call'} "
            f"with name={capability.name!r}, or connect to the full profile.",
        )


def _one_page(params: types.PaginatedRequestParams) -> None:
    if params.cursor is not None:
        raise MCPError(code=types.INVALID_PARAMS, message="There is one page only; leave the cursor out.")


def _out(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer
