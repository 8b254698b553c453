"""Tools over REST: list, describe, call. Reads also answer GET, with an ETag."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...capability import Capability, authorize
from ...errors import Code, Refused
from ...invoke import Result
from ...jobs.model import UNFINISHED
from ..words import from_words
from .calls import app_of, arguments_of, dumps, invoke, json_response, label, principal_of, tagged
from .problem import of_status

API = "/api/v1"
PROFILES = {"full", "default"}


async def list_tools(request: Request) -> Response:
    profile = request.query_params.get("profile", "full")
    if profile not in PROFILES:
        raise Refused(Code.INVALID_ARGUMENTS, "profile must be one of default, full.")
    visible = app_of(request).registry.visible(principal_of(request), profile)
    return tagged(request, dumps({"tools": [_entry(capability) for capability in visible]}))


async def describe_tool(request: Request) -> Response:
    capability = _capability(request)
    described = _entry(capability) | {
        "description": capability.description,
        "timeout": capability.policy.timeout,
        "input_schema": capability.input_schema,
        "output_schema": capability.output_schema,
    }
    return tagged(request, dumps(described))


async def read_tool(request: Request) -> Response:
    """GET: call a read with the query as arguments."""
    capability = _capability(request)
    if capability.policy.writes:
        return of_status(405, {"Allow": "POST"})
    query = request.query_params
    arguments = from_words(capability.input_schema, {name: query.getlist(name) for name in query})
    result = await invoke(request, capability.name, arguments)
    return tagged(request, dumps(result.data), untrusted=result.untrusted)


async def call_tool(request: Request) -> Response:
    """POST: call any tool with the body as arguments."""
    return answer(await invoke(request, request.path_params["name"], await arguments_of(request)))


def answer(result: Result) -> Response:
    """200; 202 while a person must agree first (``approve`` says where) or a job is at work: Location has it."""
    data, headers = result.data, label(untrusted=result.untrusted)
    state = data.get("state")
    if state == "waits_for_person":
        return json_response(data, 202, {**headers, "Location": f"{API}/changes/{data.get('change')}"})
    if data.get("job") and (state == "applying" or state in UNFINISHED):
        return json_response(data, 202, {**headers, "Location": f"{API}/jobs/{data['job']}"})
    return json_response(data, headers=headers)


def _capability(request: Request) -> Capability:
    capability = app_of(request).registry.tool(request.path_params["name"])
    authorize(principal_of(request), capability)
    return capability


def _entry(capability: Capability) -> dict[str, Any]:
    address = f"{API}/tools/{capability.name}"
    return {
        "name": capability.name,
        "title": capability.title,
        "summary": capability.summary,
        "noun": capability.noun,
        "effect": capability.policy.effect,
        "scopes": sorted(capability.policy.scopes),
        "links": {"call": address, "schema": f"{address}/schema"},
    }
