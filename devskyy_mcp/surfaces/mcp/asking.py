"""Asking the person at the host: by an input request in the modern era, by elicitation in the handshake era."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, ClientCapabilities, ElicitResult
from pydantic import ValidationError

from ...changes.asking import Person
from ...errors import Code, Refused
from ...invoke import Answers, Decision, Question
from ...jobs.deciding import AGREE, decides
from ...jobs.model import JobView, Resolution
from ...jobs.questions import Form, forms_of
from .caller import Caller
from .sdk import RequestContext

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        AGREE: {"type": "boolean", "title": "Do this", "description": "Nothing is sent unless you say yes."}
    },
    "required": [AGREE],
}

REVIEW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "action": {
            "type": "string",
            "enum": ["attach", "resubmit", "abandon"],
            "description": "attach: it was taken. resubmit: it was not, send it again. abandon: give it up.",
        },
        "task": {"type": "string", "description": "For attach: the provider's task id."},
    },
    "required": ["action"],
}


def modern(ctx: RequestContext) -> bool:
    return ctx.protocol_version >= "2026"


def can_ask(ctx: RequestContext) -> bool:
    """Whether the host can show its person a form now."""
    capabilities: ClientCapabilities | None = ctx.session.client_capabilities
    asking = capabilities.elicitation if capabilities is not None else None
    if asking is None or (asking.form is None and asking.url is not None):
        return False
    return modern(ctx) or ctx.session.can_send_request


def input_required(question: Question) -> dict[str, Any]:
    """The answer that makes a modern host ask and call again; the state is the change's id, sealed on its way out."""
    return _ask_and_return({AGREE: _request(question.message, SCHEMA)}, question.change)


def job_asks(view: JobView, plan: str) -> dict[str, Any]:
    """The same for what a job asks; the state is the job's id."""
    return _ask_and_return(requests_of(view, plan), view.job)


def _ask_and_return(requests: dict[str, Any], state: str) -> dict[str, Any]:
    return {"resultType": "input_required", "inputRequests": requests, "requestState": state}


def _request(message: str, schema: Any) -> dict[str, Any]:
    form = {"mode": "form", "message": message, "requestedSchema": schema}
    return {"method": "elicitation/create", "params": form}


def brought(params: CallToolRequestParams, caller: Caller) -> Decision | None:
    """The decision that a modern host brings with its second call, if it does."""
    answer = (params.input_responses or {}).get(AGREE)
    if params.request_state is None or _is_job(params.request_state) or not isinstance(answer, ElicitResult):
        return None
    return _decision(params.request_state, answer, caller)


async def elicit(ctx: RequestContext, question: Question, caller: Caller) -> Decision | None:
    """Ask a handshake-era host and wait; None when it could not ask after all."""
    try:
        answer = await ctx.session.elicit_form(question.message, SCHEMA, related_request_id=ctx.request_id)
    except MCPError:  # also when the channel back is gone
        return None
    return _decision(question.change, answer, caller)


def _decision(change: str, answer: ElicitResult, caller: Caller) -> Decision:
    agreed = answer.action == "accept" and (answer.content or {}).get(AGREE) is True
    return Decision(change, agreed, _person(caller))


def _person(caller: Caller) -> Person:
    return Person(caller.person, "elicitation")


# ---- jobs ------------------------------------------------------------------------------------------------------------


def requests_of(view: JobView, plan: str = "") -> dict[str, Any]:
    """What a job asks now, as MCP's input requests by key; a key stands for one question for good.

    Args:
        view: of the job.
        plan: of the change that it waits for, in words.
    """
    return {form.key: _request(form.message, form.schema) for form in _forms(view, plan)}


def _forms(view: JobView, plan: str = "") -> list[Form]:
    """What a job that waits for a person asks them."""
    question = view.question or {}
    if decides(view):
        return [Form(question["name"], plan or question["message"], SCHEMA)]
    if view.state == "needs_review":
        return [Form(f"{question['call']}@{question['sent_at']}", question["message"], REVIEW)]
    return forms_of(question)


def answers_in(view: JobView, responses: Mapping[str, Any], caller: Caller) -> Answers:
    """The answers to what the job asks; all other keys are passed over.

    Raises:
        Refused: INVALID_ARGUMENTS for what is no answer to a form.
    """
    return Answers(view.job, _given(view, responses), _person(caller))


def _given(view: JobView, responses: Mapping[str, Any]) -> dict[str, Any]:
    return {form.key: _content(responses[form.key]) for form in _forms(view) if form.key in responses}


def resolution_in(view: JobView, responses: Mapping[str, Any]) -> tuple[Resolution, str | None] | None:
    """What a person found out about a paid call, as ``Jobs.resolve`` takes it; None when they did not say.

    Raises:
        Refused: INVALID_ARGUMENTS for what is no answer to the form.
    """
    content = next(iter(_given(view, responses).values()), None)
    if content is None:
        return None
    action = content.get("action")
    if action not in REVIEW["properties"]["action"]["enum"]:
        raise _no_answer()
    return action, content.get("task") or None


def _content(response: Any) -> dict[str, Any] | None:
    """What a person entered; None when they declined or dismissed the form."""
    try:
        answer = response if isinstance(response, ElicitResult) else ElicitResult.model_validate(response)
    except ValidationError:
        raise _no_answer() from None
    return dict(answer.content or {}) if answer.action == "accept" else None


def _no_answer() -> Refused:
    return Refused(
        Code.INVALID_ARGUMENTS,
        "An input response is no answer to its form.",
        "Send {action: accept, content: {…}}, or {action: decline}.",
    )


def brought_to_job(params: CallToolRequestParams, caller: Caller) -> Answers | None:
    """The answers to a job that a modern host brings with its second call, if it does."""
    state = params.request_state
    if state is None or not _is_job(state) or not params.input_responses:
        return None
    responses = cast("Mapping[str, Any]", params.input_responses)
    return Answers(state, {key: _content(response) for key, response in responses.items()}, _person(caller))


async def elicit_for_job(ctx: RequestContext, view: JobView, plan: str, caller: Caller) -> Answers | None:
    """Put a job's forms to a handshake-era host one after the other; None when it could not ask after all."""
    given: dict[str, Any] = {}
    for form in _forms(view, plan):
        try:
            answer = await ctx.session.elicit_form(form.message, dict(form.schema), related_request_id=ctx.request_id)
        except MCPError:
            return None
        given[form.key] = _content(answer)
    return Answers(view.job, given, _person(caller))


def _is_job(state: str) -> bool:
    return state.startswith("job_")
