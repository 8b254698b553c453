"""Asking the person at the host: by an input request in the modern era, by elicitation in the handshake era."""

from __future__ import annotations

from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, ClientCapabilities, ElicitResult

from ...changes.asking import Person
from ...invoke import Decision, Question
from .caller import Caller
from .sdk import RequestContext

AGREE = "agree"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        AGREE: {"type": "boolean", "title": "Do this", "description": "Nothing is sent unless you say yes."}
    },
    "required": [AGREE],
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
    form = {"mode": "form", "message": question.message, "requestedSchema": SCHEMA}
    return {
        "resultType": "input_required",
        "inputRequests": {AGREE: {"method": "elicitation/create", "params": form}},
        "requestState": question.change,
    }


def brought(params: CallToolRequestParams, caller: Caller) -> Decision | None:
    """The decision that a modern host brings with its second call, if it does."""
    answer = (params.input_responses or {}).get(AGREE)
    if params.request_state is None or not isinstance(answer, ElicitResult):
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
    return Decision(change, agreed, Person(caller.person, "elicitation"))
